//! `cardwright server health`: how a running server stands, as it says itself.

use crate::cli::args::ServerArgs;
use crate::cli::connection::client;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, date};
use crate::cli::settings::Settings;
use crate::cm::health::{Health, HealthCheck, HealthKeyVersion, HealthState};
use crate::doctor::Verdict;
use serde_json::{Value, json};

/// Asks the server how it stands; what is bad ends with [`Exit::Unfit`].
pub fn run(args: &ServerArgs, output: &Output) -> Result<(), Failure> {
    let health = client(&Settings::load()?, args)?.health()?;
    output.result(&document(&health), || text(&health))?;
    match health.state {
        HealthState::Bad => Err(Failure::told("server-unwell", Exit::Unfit)),
        HealthState::Good | HealthState::Soon | HealthState::Other => Ok(()),
    }
}

fn text(health: &Health) -> Text {
    let Health { as_of, version, server, database, checks, .. } = health;
    let mut text = Text::default();
    for check in checks {
        let verdict = match check.state {
            HealthState::Good => Verdict::Good,
            HealthState::Soon => Verdict::Attention,
            HealthState::Bad => Verdict::Bad,
            HealthState::Other => Verdict::Untold,
        };
        text.judged(verdict, format!("{}: {}", check.name.replace('-', " "), check.text));
    }
    text.line(format!("{server}, cardwright {version} on {database}, as of {}", date(*as_of)));
    text
}

fn document(health: &Health) -> Value {
    let Health { as_of, state, version, server, database, checks, master_keys } = health;
    let keys = master_keys.iter().map(|key| {
        let HealthKeyVersion { version, cards, current, held } = *key;
        json!({ "version": version, "cards": cards, "current": current, "held": held })
    });
    json!({
        "as_of": date(*as_of), "state": word(*state), "version": version, "server": server, "database": database,
        "checks": checks.iter().map(check).collect::<Vec<_>>(), "master_keys": keys.collect::<Vec<_>>(),
    })
}

fn check(check: &HealthCheck) -> Value {
    let HealthCheck { name, state, code, what, since, until, count, failed, text } = check;
    json!({
        "name": name, "state": word(*state), "code": code, "what": what, "since": since.map(date),
        "until": until.map(date), "count": count, "failed": failed, "text": text,
    })
}

fn word(state: HealthState) -> &'static str {
    match state {
        HealthState::Good => "good",
        HealthState::Soon => "soon",
        HealthState::Bad => "bad",
        HealthState::Other => "other",
    }
}

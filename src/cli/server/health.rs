//! `cardwright server health`: how a running server stands, as it says itself.

use super::config::settings_failed;
use crate::cli::args::HealthArgs;
use crate::cli::connection::client;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, date};
use crate::cli::settings::Settings;
use crate::cm::health::{Health, HealthCheck, HealthKeyVersion, HealthState};
use crate::doctor::Verdict;
use crate::published::{Limits, Published};
use crate::server;
use serde_json::{Value, json};
use std::path::Path;

/// Bounds the answer of `/healthz`, in bytes.
const MOST: usize = 64 * 1024;

/// Asks the server how it stands; what is bad ends with [`Exit::Unfit`].
pub fn run(args: &HealthArgs, output: &Output) -> Result<(), Failure> {
    if let Some(directory) = &args.at {
        return ready(directory, output);
    }
    let health = client(&Settings::load()?, &args.server)?.health()?;
    output.result(&document(&health), || text(&health))?;
    match health.state {
        HealthState::Bad => Err(Failure::told("server-unwell", Exit::Unfit)),
        HealthState::Good | HealthState::Soon | HealthState::Other => Ok(()),
    }
}

/// Asks the server of a directory, as a watcher does, whether it can answer calls.
fn ready(directory: &Path, output: &Output) -> Result<(), Failure> {
    let Some(address) = server::operations_listener(directory).map_err(settings_failed)? else {
        let told = "this server tells nobody how it is: its settings have no [operations]";
        return Err(Failure::new("no-operations-listener", Exit::Usage, told)
            .remedy("Put [operations] into server.toml and start the server again, or ask with a login: --server."));
    };
    let url = format!("http://{address}/healthz");
    let (code, exit, error, remedy) = match Published::new(Limits::default()).get(&url, MOST) {
        Ok(_) => {
            return output.result(&json!({ "state": word(HealthState::Good) }), || "the server can answer calls");
        }
        Err(error) if error.is_answer() => {
            ("server-unwell", Exit::Unfit, error, "The answer there names what fails, and the server's log says why.")
        }
        Err(error) => ("server-unreachable", Exit::ServerAway, error, "Start it, or wait until it has started."),
    };
    Err(Failure::new(code, exit, format!("{url}, where the server says how it is: {error}")).remedy(remedy))
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

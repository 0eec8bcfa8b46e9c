//! `cardwright kiosk`: serves the pages of this workstation until a signal ends it.

use super::args::KioskArgs;
use super::connection;
use super::failure::{Exit, Failure};
use super::output::{Output, Text};
use super::settings::{self, state_directory};
use super::start_link;
use crate::doctor::Verdict;
use crate::kiosk::{Checked, Office, Opened, Settings, StartError, check, serve};
use crate::platform::signal::EndSignals;
use serde_json::{Value, json};
use std::time::Duration;
use time::OffsetDateTime;

/// Limits how long works that are under way may take once the kiosk is told to end; the journal has them.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Serves the pages; says where, and gives the start link, once a browser can come.
pub fn run(args: &KioskArgs, output: &Output) -> Result<(), Failure> {
    let known = settings::Settings::load()?;
    let (base_url, trust, login) = connection::parts(&known, &args.server)?;
    let office = Office::new(base_url, trust, login)?;
    if args.check {
        return checked(
            &check(&office, args.start_link.as_deref(), args.keep_readers, OffsetDateTime::now_utc()),
            output,
        );
    }
    let log = *output;
    let tell = move |line: &str| log.tell(line);
    let settings = Settings {
        office,
        port: args.port,
        reader: args.reader.clone(),
        idle: Duration::from_secs(args.idle.into()),
        warned: Duration::from_secs(args.idle_warning.into()),
        renew_within: time::Duration::days(args.renew_days.into()),
        help_desk: args.help_desk.clone(),
        state: state_directory()?,
        give_link: args.start_link.clone().filter(|_| args.renew_link).map(|path| start_link::giver(path, tell)),
    };
    let opened = |opened: &Opened| told(opened, args, output);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    let ended = runtime.block_on(async {
        let mut signals = EndSignals::take_over().map_err(|error| failed(&error))?;
        serve(settings, opened, signals.comes()).await.map_err(not_served)?
    });
    runtime.shutdown_timeout(STOP_GRACE);
    start_link::take_away(args.start_link.as_deref(), args.keep_readers);
    ended
}

/// Prints what was looked at; fails with [`Exit::Unfit`] if anything is bad.
fn checked(all: &[Checked], output: &Output) -> Result<(), Failure> {
    let worst = all.iter().map(|checked| checked.verdict).max().unwrap_or(Verdict::Good);
    let document = |checked: &Checked| {
        let Checked { check, verdict, told, remedy } = checked;
        json!({ "check": check, "verdict": verdict.word(), "told": told, "remedy": remedy })
    };
    let documents: Vec<Value> = all.iter().map(document).collect();
    output.result(&json!({ "verdict": worst.word(), "findings": documents }), || {
        let mut text = Text::default();
        for checked in all {
            text.judged(checked.verdict, checked.told.clone());
            if let Some(remedy) = &checked.remedy {
                text.line(format!("             what to do: {remedy}"));
            }
        }
        text
    })?;
    match worst {
        Verdict::Bad => Err(Failure::told("unfit", Exit::Unfit)),
        _ => Ok(()),
    }
}

/// Says where the kiosk listens, and gives the link: on standard output, or in the file.
fn told(opened: &Opened, args: &KioskArgs, output: &Output) -> Result<(), Failure> {
    let address = format!("http://{}/", opened.address);
    let Some(path) = &args.start_link else {
        let document = json!({ "address": address, "start_link": *opened.link });
        return output.result(&document, || {
            Text::from_iter([
                format!("serving {address}"),
                "open this link in the one browser, once:".into(),
                opened.link.to_string(),
            ])
        });
    };
    let shown = start_link::write(path, &opened.link, args.keep_readers)?;
    output.result(&json!({ "address": address, "start_link_file": shown }), || {
        format!("serving {address}; the link for the one browser is in {shown}")
    })
}

/// Translates why the kiosk did not start.
fn not_served(error: StartError) -> Failure {
    let (code, exit, remedy) = match &error {
        StartError::Listen { .. } => (
            "cannot-listen",
            Exit::Other,
            "End what listens there, a kiosk that runs already for one, or choose another --port.",
        ),
        StartError::Journal(_) | StartError::Marks { .. } => {
            ("journal-directory", Exit::LocalState, "Set CARDWRIGHT_STATE to a directory of your own.")
        }
        StartError::Random(_) | StartError::Served { .. } => ("kiosk", Exit::Other, "Start it again."),
    };
    Failure::from_error(code, exit, &error).remedy(remedy)
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::from_error("kiosk", Exit::Other, error).remedy("Start it again.")
}

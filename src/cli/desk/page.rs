//! A run as a page in the browser of this workstation.

use super::lines::tell;
use crate::cli::args::DeskArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::settings::state_directory;
use crate::cli::start_link;
use crate::desk::{self, Desk, Signer, Told, runs_in};
use crate::desk_page::{Board, Door, serve};
use crate::platform::signal::EndSignals;
use serde_json::json;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use uuid::Uuid;

/// Serves the page while the desk works, and until somebody has closed it; nothing is begun where the port cannot be had.
pub fn show(
    begin: impl FnOnce() -> Result<Desk, desk::Error>,
    told: &Receiver<Told>,
    (run, signer): (Uuid, Signer),
    args: &DeskArgs,
    output: &Output,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let door = Door::open(args.port).map_err(failed)?;
    let mut signals = runtime.block_on(async { EndSignals::take_over() }).map_err(failed)?;
    let directory = runs_in(&state_directory()?);
    let board = Arc::new(Board::new(begin()?, signer, directory, run));
    opened(&door, args.start_link.as_deref(), output)?;
    let (shown, idle) = (Arc::clone(&board), Duration::from_secs(60 * u64::from(args.idle)));
    let serving = runtime.spawn(async move {
        let ending = Arc::clone(&shown);
        serve(door, shown, async move {
            tokio::select! {
                () = ending.closed(idle) => return,
                () = signals.comes() => {}
            }
            // Cards that are under way are finished.
            ending.stop();
            ending.over().await;
        })
        .await
    });
    while let Ok(told) = told.recv() {
        board.tell(&told);
        tell(&told.happened, &told.view, args, output)?;
    }
    board.end();
    let served = runtime.block_on(serving);
    start_link::take_away(args.start_link.as_deref(), false);
    served.map_err(io::Error::other).and_then(|served| served).map_err(failed)
}

/// Says where the page is, and gives the link: on standard output, or in the file.
fn opened(door: &Door, file: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let address = format!("http://{}/", door.address);
    let Some(path) = file else {
        let link = door.link();
        output.event(&json!({ "event": "page", "address": address, "start_link": *link }))?;
        output.tell("open this link in the one browser, once:");
        output.tell(&link);
        return Ok(());
    };
    let shown = start_link::write(path, &door.link(), false)?;
    output.event(&json!({ "event": "page", "address": address, "start_link_file": shown }))?;
    output.tell(&format!("the page is at {address}; the link for the one browser is in {shown}"));
    Ok(())
}

fn failed(error: io::Error) -> Failure {
    let failure = Failure::from_error("desk-page", Exit::Other, &error);
    failure.remedy("Choose another --port, or none; the run goes on where it was (desk resume).")
}

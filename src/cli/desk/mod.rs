//! `cardwright desk`: puts a list of people through the readers of this workstation.

mod lines;
#[cfg(feature = "kiosk")]
mod page;
mod prepare;
mod screen;
mod signed;

use super::args::{DeskArgs, DeskCommand, DeskResumeArgs, DeskRunArgs};
use super::failure::{Exit, Failure};
use super::output::{Output, Text, counted};
use super::settings::state_directory;
use crate::desk::results::{self, UNSIGNED};
use crate::desk::{Act, Book, Command, Desk, Happened, Learnt, Setup, Stand, Told, runs_in};
use lines::tell;
use prepare::Prepared;
use serde_json::json;
use std::path::Path;
#[cfg(feature = "kiosk")]
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds what the engine may tell before it is read.
const MOST_TOLD: usize = 256;

/// Carries a command out.
pub fn run(command: DeskCommand, output: &Output) -> Result<(), Failure> {
    match command {
        DeskCommand::Run(args) => begin(&args, output),
        DeskCommand::Resume(args) => resume(&args, output),
        DeskCommand::List => list(output),
        DeskCommand::Results(args) => signed::write(&args, output),
        DeskCommand::Letters { printed } => {
            let wiped = crate::desk::wipe_letters(&printed).map_err(|source| crate::desk::Error::State {
                doing: "wiped",
                path: printed.clone(),
                source,
            })?;
            let count = u64::try_from(wiped).unwrap_or(u64::MAX);
            output.result(&json!({ "wiped": wiped }), || format!("{} wiped", counted(count, "letter")))
        }
    }
}

fn begin(args: &DeskRunArgs, output: &Output) -> Result<(), Failure> {
    let prepared = match &args.list {
        Some(list) => prepare::of_list(args, list, output)?,
        None => prepare::of_queue(args, output)?,
    };
    work(prepared, &args.way, output)
}

fn resume(args: &DeskResumeArgs, output: &Output) -> Result<(), Failure> {
    work(prepare::again(args, output)?, &args.way, output)
}

/// Has the engine work through the run, and shows what happens.
fn work(prepared: Prepared, args: &DeskArgs, output: &Output) -> Result<(), Failure> {
    let Prepared { client, journal, book } = prepared;
    #[cfg(feature = "kiosk")]
    let signer = crate::desk::Signer { client: Arc::clone(&client), clock: OffsetDateTime::now_utc };
    let run = book.run().id;
    #[cfg(feature = "kiosk")]
    let page = args.page;
    #[cfg(not(feature = "kiosk"))]
    let page = false;
    let setup = Setup {
        client,
        journal,
        learnt: Learnt::load(runs_in(&state_directory()?).join("times")),
        pins: prepare::pins(args),
        letters: prepare::letters(args),
        clock: OffsetDateTime::now_utc,
        attended: page || output.has_a_person(),
        idle: Duration::from_secs(60 * u64::from(args.idle)),
    };
    if !book.run().rows.iter().any(|row| matches!(row.stand, Stand::Ready | Stand::Begun)) && setup_owes_nothing(&book)
    {
        return finish(&book, args, output);
    }
    output.tell(&format!("run {run}: put cards in; `cardwright desk resume {run}` goes on after any cut"));
    let (sender, told) = sync_channel(MOST_TOLD);
    // A face that is gone needs no news.
    let begin = move || Desk::begin(setup, book, move |told| drop(sender.send(told)));
    #[cfg(feature = "kiosk")]
    if page {
        page::show(begin, &told, (run, signer), args, output)?;
        return ended(run, args, output);
    }
    if !output.has_a_screen() {
        watch(&begin()?, &told, args, output)?;
    } else if !screen::watch(&begin()?, &told, args.sound, output) {
        let failure = Failure::new("desk-left", Exit::Other, format!("run {run} was left while cards were under way"));
        return Err(failure.remedy(format!("Leave no card without its end: cardwright desk resume {run}.")));
    }
    ended(run, args, output)
}

/// Reads what the run has come to, and tells it.
fn ended(run: Uuid, args: &DeskArgs, output: &Output) -> Result<(), Failure> {
    let book = Book::find(&runs_in(&state_directory()?), run)?.ok_or(crate::desk::Error::RunUnknown { run })?;
    finish(&book, args, output)
}

/// Says whether no holder waits for a request that opens a card.
fn setup_owes_nothing(book: &Book) -> bool {
    !book.run().rows.iter().any(|row| row.pin == crate::desk::PinFate::OpeningOwed)
}

/// Shows what happens line by line, until the run is over.
fn watch(desk: &Desk, told: &Receiver<Told>, args: &DeskArgs, output: &Output) -> Result<(), Failure> {
    while let Ok(Told { happened, view }) = told.recv() {
        tell(&happened, &view, args, output)?;
        if let Happened::AsksPin { reader, chooses, refused, .. } = happened {
            let turn = view.readers.iter().find(|it| it.reader == reader).map(|it| it.turn).unwrap_or_default();
            let act = prepare::typed(chooses, refused.is_some()).map(Act::Pin).unwrap_or_else(|failure| {
                output.failure(&failure);
                Act::Skip
            });
            desk.command(Command::At { reader, turn, act });
        }
    }
    Ok(())
}

/// Writes the results, and says how the run stands.
fn finish(book: &Book, args: &DeskArgs, output: &Output) -> Result<(), Failure> {
    let run = book.run();
    let count = |stands: &[Stand]| run.rows.iter().filter(|row| stands.contains(&row.stand)).count();
    let (done, waiting) = (count(&[Stand::Done]), count(&[Stand::Pending, Stand::Unasked]));
    let mut document = results::document(run);
    document["done"] = json!(done);
    document["waiting"] = json!(waiting);
    output.result(&document, || text(book, done))?;
    if let Some(directory) = &args.results {
        results::write(run, directory, UNSIGNED)?;
    }
    let left = run.rows.len() - done - count(&[Stand::Dropped]);
    match left {
        0 => Ok(()),
        _ if left == waiting => Err(Failure::told("request-pending", Exit::Pending)),
        _ => Err(Failure::told("desk-unfinished", Exit::Refused)),
    }
}

/// Lists what is not done, with what to do.
fn text(book: &Book, done: usize) -> Text {
    let run = book.run();
    let mut text = Text::from(format!("run {}: {done} of {} done", run.id, counted(run.rows.len() as u64, "row")));
    for row in run.rows.iter().filter(|row| row.stand != Stand::Done) {
        text.line(format!("  {}: {}", row.name, results::stand(row.stand)));
        if let Some(trouble) = &row.trouble {
            text.line(format!("    {} ({}). {}", trouble.message, trouble.code, trouble.remedy));
        }
    }
    if run.rows.iter().any(|row| row.stand != Stand::Done) {
        text.line(format!("  go on: cardwright desk resume {}", run.id));
    }
    text
}

fn list(output: &Output) -> Result<(), Failure> {
    let (runs, odd) = Book::all(&runs_in(&state_directory()?))?;
    odd.iter().for_each(|error| output.tell(&error.to_string()));
    let done = |run: &crate::desk::Run| run.rows.iter().filter(|row| row.stand == Stand::Done).count();
    let documents: Vec<_> = runs
        .iter()
        .map(|run| json!({ "run": run.id, "server": run.server, "list": run.list, "rows": run.rows.len(), "done": done(run) }))
        .collect();
    output.result(&documents, || {
        let rows = runs.iter().map(|run| {
            let list = run.list.as_deref().map(Path::display).map(|path| path.to_string()).unwrap_or_default();
            [run.id.to_string(), format!("{} of {}", done(run), run.rows.len()), list]
        });
        Output::table(["RUN", "DONE", "LIST"], rows)
    })
}

//! `cardwright status --watch`: shows each card that is put in, and does with it what the rule says, one after the other.

use super::card::Seen;
use super::known::Known;
use super::look::in_reader;
use crate::cli::args::{PlaceArgs, StatusArgs, TokenArgs, WatchRule};
use crate::cli::connection;
use crate::cli::enrollment;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Text};
use crate::cli::settings::Settings;
use crate::doctor::with_sources;
use crate::reader::{self, Event, Readers};
use crate::workstation::Watch;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

/// Watches until the process is ended. What was begun then is in the journal.
pub fn watch(settings: &Settings, args: &StatusArgs, mut known: Known, output: &Output) -> Result<(), Failure> {
    if args.rule == WatchRule::RenewWhenDue && known.client().is_none() {
        // Says how a server is named.
        connection::client(settings, &args.server)?;
    }
    let (sender, events) = channel();
    let busy = Arc::new(AtomicBool::new(false));
    let (works, printer) = (busy.clone(), *output);
    let _watch = Watch::begin(move |event| {
        if let Ok(Event::Inserted { reader, .. }) = &event
            && works.load(Ordering::SeqCst)
        {
            printer.tell(&format!("{reader}: the card is looked at once the other is done; please wait"));
        }
        // If nobody takes it, the watch is over.
        let _ = sender.send(event);
    })?;
    output.tell(match args.rule {
        WatchRule::Show => "watching; each card that is put in is shown. Ctrl-C ends it",
        WatchRule::RenewWhenDue => "watching; a card whose renewal is due is renewed. Ctrl-C ends it",
    });
    let mut there = HashSet::new();
    for event in events {
        match event? {
            Event::ReaderAdded { reader } if meant(args, &reader) => say(output, "reader-added", &reader, "is here")?,
            Event::ReaderRemoved { reader } if meant(args, &reader) => {
                say(output, "reader-removed", &reader, "is gone")?
            }
            Event::Removed { reader } if there.remove(&reader) => say(output, "removed", &reader, "the card is out")?,
            Event::Inserted { reader, .. } if meant(args, &reader) => {
                there.insert(reader.clone());
                busy.store(true, Ordering::SeqCst);
                let ended = inserted(settings, args, (&reader, &mut known), output);
                busy.store(false, Ordering::SeqCst);
                ended?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Says whether a reader is one that is to be watched.
fn meant(args: &StatusArgs, reader: &str) -> bool {
    args.place.reader.as_ref().is_none_or(|wanted| reader.contains(wanted.as_str()))
}

/// Tells of a reader, in one line or document.
fn say(output: &Output, event: &str, reader: &str, words: &str) -> Result<(), Failure> {
    output.result(&json!({ "event": event, "reader": reader }), || format!("{reader}: {words}"))
}

/// Shows the card that was put into a reader, and does what the rule says. Only what ends the watch is an error.
fn inserted(
    settings: &Settings,
    args: &StatusArgs,
    (reader, known): (&str, &mut Known),
    output: &Output,
) -> Result<(), Failure> {
    known.again()?;
    let seen = match look(reader, known) {
        Ok(Some(seen)) => seen,
        // It is out already.
        Ok(None) => return Ok(()),
        Err(error) => Seen::odd(Some(reader.to_owned()), with_sources(&error)),
    };
    let mut document = seen.document();
    document["event"] = json!("inserted");
    output.result(&document, || {
        let mut text = Text::default();
        seen.tell(&mut text);
        text
    })?;
    let (Some(client), true) = (known.client(), args.rule == WatchRule::RenewWhenDue && seen.is_due()) else {
        return Ok(());
    };
    let serial = seen.identity().map(|identity| identity.serial.clone()).filter(|serial| !serial.is_empty());
    let place = PlaceArgs { reader: Some(reader.to_owned()), any_reader: true };
    let which = TokenArgs { module: None, label: None, serial, place };
    match enrollment::renew_at_hand(settings, client, (&which, &args.pin), output) {
        Ok(()) => Ok(()),
        // Whoever leaves at the prompt leaves the watch.
        Err(failure) if output.has_a_person() && failure.has_code("secret-missing") => Err(failure),
        Err(failure) => {
            output.failure(&failure);
            Ok(())
        }
    }
}

/// Looks at the card in a reader; `None` where it is out again.
fn look(reader: &str, known: &Known) -> Result<Option<Seen>, reader::Error> {
    let readers = Readers::open()?;
    let state = readers.list()?.into_iter().find(|state| state.name == reader);
    let seen = state.map(|state| in_reader(&readers, &state, known));
    Ok(seen.filter(|seen| seen.document()["state"] != "empty"))
}

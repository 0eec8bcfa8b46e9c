//! What happens at the desk, in lines.

use crate::cli::args::DeskArgs;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::desk::{Happened, Trouble, View};
use crate::doctor::logon::Finding;

/// Bounds what is told in a line of whether a card will log on, the worst first.
const MOST_FINDINGS: usize = 3;

/// Tells what has happened in a line.
pub fn tell(happened: &Happened, view: &View, args: &DeskArgs, output: &Output) -> Result<(), Failure> {
    output.event(happened)?;
    if let Some(line) = line(happened, view) {
        output.tell(&line);
    }
    if args.sound && rings(happened) {
        output.ring();
    }
    Ok(())
}

/// Says whether somebody is wanted at a reader.
pub fn rings(happened: &Happened) -> bool {
    matches!(
        happened,
        Happened::Done { .. } | Happened::CardRefused { .. } | Happened::Failed { .. } | Happened::AsksPin { .. }
    )
}

/// Says what has happened in a line for people; `None` where it is not worth one.
pub fn line(happened: &Happened, view: &View) -> Option<String> {
    let with =
        |what: String, Trouble { code, message, remedy }: &Trouble| format!("{what}{message} ({code}). {remedy}");
    Some(match happened {
        Happened::Reader { .. } | Happened::Stage { .. } | Happened::Empty { .. } | Happened::LogonAsked { .. } => {
            return None;
        }
        Happened::Logon { reader, findings, .. } => {
            let told: Vec<_> = findings.iter().take(MOST_FINDINGS).map(Finding::told).collect();
            format!("{reader}: will this card log on? {}", told.join(" "))
        }
        Happened::LogonFailed { reader, trouble } => with(format!("{reader}: "), trouble),
        Happened::Rests { reader, why } => format!("{reader}: the card waits: {why}"),
        Happened::ReaderGone { reader } => {
            format!("{reader}: the reader is gone; a card that was in it goes on in another")
        }
        Happened::ReadersFull { most } => format!(
            "there are {most} readers, and the PC/SC service takes no more: further ones want another workstation, which goes \
             on with the same run (desk resume)"
        ),
        Happened::Blind { trouble } => with(String::new(), trouble),
        Happened::Begun { reader, person, serial, .. } => {
            let left = view.readers.iter().find(|it| it.reader == *reader).and_then(|it| it.seconds_left);
            let left = left.map_or_else(String::new, |left| format!(", about {left} s"));
            format!("{reader}: card {serial} for {person}{left}")
        }
        Happened::CardRefused { reader, trouble } => with(format!("{reader}: "), trouble),
        Happened::Failed { reader, person, trouble } => with(format!("{reader}: {person}: "), trouble),
        Happened::Waits { reader, trouble } => with(format!("{reader}: waits: "), trouble),
        Happened::AsksPin { reader, person, form, refused, .. } => {
            let refused = refused.as_ref().map(|refused| format!("{refused}; ")).unwrap_or_default();
            let form = form.as_ref().map(|form| format!(" of {form}")).unwrap_or_default();
            format!("{reader}: {refused}{person} types a PIN{form}")
        }
        Happened::Done { reader, person, serial, .. } => {
            format!("{reader}: {person}'s card {serial} is done; take it out ({} of {})", view.done, view.rows)
        }
        Happened::SetAside { reader, person } => format!("{reader}: {person} was set aside; take the card out"),
        Happened::Opening { person, request } => {
            format!(
                "{person} opens the card with a one-time password, by request {request} (request prove, then unblock)"
            )
        }
        Happened::OpeningFailed { person, trouble } => with(format!("{person}'s card is not opened: "), trouble),
        Happened::Letter { person } => format!("{person}'s PIN letter is made"),
        Happened::LetterFailed { person, trouble } => with(format!("{person}'s PIN letter: "), trouble),
        Happened::PinLost { person, serial } => {
            format!("nobody knows the PIN of {person}'s card {serial}: set a new one (cardwright unblock)")
        }
        Happened::Paused { paused: true } => "paused: no further card is begun".into(),
        Happened::Paused { paused: false } => "going on".into(),
        Happened::NotWritten { trouble } => with(String::new(), trouble),
        Happened::Written => "what could not be written is written now; nothing was lost".into(),
        Happened::Over { .. } => return None,
    })
}

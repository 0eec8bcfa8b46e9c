//! What has happened at the desk, in a sentence each.

use crate::desk::{Happened, Trouble};
use crate::pages::texts::Texts;
use maud::{Markup, html};

/// Says what has happened; `None` where it is not worth a sentence, as the table of readers says it.
pub fn notice(texts: Texts<'_>, happened: &Happened) -> Option<Markup> {
    use Happened as H;
    let of = |id: &str, values: &[(&str, &str)]| {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        texts.with(id, &values)
    };
    let with = |said: String, trouble: &Trouble| html! { (said) " " (told(trouble)) };
    Some(match happened {
        // The table of readers says these.
        H::Reader { .. }
        | H::Stage { .. }
        | H::Empty { .. }
        | H::Rests { .. }
        | H::LogonAsked { .. }
        | H::Logon { .. }
        | H::Over { .. } => return None,
        H::LogonFailed { reader, trouble } => with(of("logon-failed", &[("reader", reader)]), trouble),
        H::ReaderGone { reader } => html! { (of("reader-gone", &[("reader", reader)])) },
        H::ReadersFull { .. } => html! { (texts.t("readers-full")) },
        H::Blind { trouble } => with(texts.t("blind"), trouble),
        H::Begun { reader, person, serial, .. } => {
            html! { (of("begun", &[("reader", reader), ("person", person), ("serial", serial)])) }
        }
        H::CardRefused { reader, trouble } => with(of("card-refused", &[("reader", reader)]), trouble),
        H::Failed { reader, person, trouble } => with(of("failed", &[("reader", reader), ("person", person)]), trouble),
        H::Waits { reader, trouble } => with(of("waits", &[("reader", reader)]), trouble),
        H::AsksPin { reader, person, .. } => {
            html! { (of("asks-pin", &[("reader", reader), ("person", person)])) }
        }
        H::Done { reader, person, serial, .. } => {
            html! { (of("done", &[("reader", reader), ("person", person), ("serial", serial)])) }
        }
        H::SetAside { reader, person } => html! { (of("set-aside", &[("reader", reader), ("person", person)])) },
        H::Opening { person, request } => {
            html! { (of("opening", &[("person", person), ("request", &request.to_string())])) }
        }
        H::OpeningFailed { person, trouble } => with(of("opening-failed", &[("person", person)]), trouble),
        H::Letter { person } => html! { (of("letter", &[("person", person)])) },
        H::LetterFailed { person, trouble } => with(of("letter-failed", &[("person", person)]), trouble),
        H::PinLost { person, serial } => html! { (of("pin-lost", &[("person", person), ("serial", serial)])) },
        H::Paused { paused } => html! { (texts.t(if *paused { "is-paused" } else { "goes-on" })) },
        H::NotWritten { trouble } => with(texts.t("not-written"), trouble),
        H::Written => html! { (texts.t("written")) },
    })
}

/// Writes what went wrong and what to do, in the program's own language.
pub fn told(Trouble { code, message, remedy }: &Trouble) -> Markup {
    html! { span lang="en" { (crate::pages::texts::visible(message)) " (" (code) "). " (remedy) } }
}

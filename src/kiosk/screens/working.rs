//! Something is done with the card, which must stay in.

use super::view::{Screen, View};
use crate::kiosk::scene::Doing;
use maud::html;

/// Says what is done, and how long that took the last time.
pub fn show(view: &View<'_>, doing: Doing) -> Screen {
    let texts = view.texts;
    let what = texts.t(match doing {
        Doing::SetPin => "doing-set-pin",
        Doing::LetIn => "doing-let-in",
        Doing::Judge => "doing-judge",
        Doing::Prepare => "doing-prepare",
        Doing::MakeKey => "doing-make-key",
        Doing::Certify => "doing-certify",
        Doing::Write => "doing-write",
        Doing::Finish => "doing-finish",
    });
    let time = match view.state.usual(doing) {
        Some(seconds) => texts.with("doing-time", &[("seconds", seconds.into())]),
        None => texts.t(if doing == Doing::MakeKey { "doing-time-key" } else { "doing-time-short" }),
    };
    let content = html! {
        p.lead { strong { (texts.t("working-leave-in")) } }
        div #progress role="status" { p { (what) } p.note { (time) } }
    };
    Screen { title: texts.t("working"), content }
}

//! What was done; the card can be taken.

use super::view::{Screen, View, scene};
use crate::kiosk::scene::Done;
use maud::html;

/// Says what was done.
pub fn show(view: &View<'_>, done: Done) -> Screen {
    let texts = view.texts;
    let what = texts.t(match done {
        Done::PinChanged => "done-pin-changed",
        Done::Unblocked => "done-unblocked",
        Done::Enrolled => "done-enrolled",
        Done::Renewed => "done-renewed",
    });
    let content = html! {
        p.done.lead role="status" { (what) }
        p.lead { strong { (texts.t("done-take")) } }
        form method="post" action="/act" {
            (scene(view))
            div.acts { button.quiet name="act" value="again" { (texts.t("something-else")) } }
        }
    };
    Screen { title: texts.t("done"), content }
}

//! What could not be done: one sentence, a short code, and whom to ask.

use super::view::{Screen, View, scene};
use crate::kiosk::scene::Trouble;
use maud::html;

/// Says what happened, what was kept, and what to do.
pub fn show(view: &View<'_>, trouble: &Trouble) -> Screen {
    let texts = view.texts;
    let sentence = texts.find(&format!("trouble-{}", trouble.code), &[]);
    let content = html! {
        div.trouble role="alert" {
            p.lead { (sentence.unwrap_or_else(|| texts.t("trouble-other"))) }
            @if trouble.kept { p { (texts.t("trouble-kept")) } }
            p.note {
                (texts.with("code", &[("code", (&trouble.code).into())]))
                @if let Some(id) = &trouble.correlation { " " (texts.with("correlation", &[("id", id.into())])) }
            }
        }
        form method="post" action="/act" {
            (scene(view))
            div.acts { button name="act" value="again" { (texts.t("look-again")) } }
        }
    };
    Screen { title: texts.t("trouble"), content }
}

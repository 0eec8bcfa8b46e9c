//! Asks for the old card, which shows who somebody is, and then for the new one.

use super::rest::picture;
use super::view::{Screen, View, scene};
use crate::pages::layout::foreign;
use maud::html;

/// Asks for the old card.
pub fn old(view: &View<'_>, again: bool) -> Screen {
    let texts = view.texts;
    let content = html! {
        @if again { p.trouble role="alert" { (texts.t("old-card-again")) } }
        p.lead role="status" { (texts.t("old-card-text")) }
        (picture())
        @if view.state.card.is_some() {
            form method="post" action="/act" {
                (scene(view))
                div.acts { button.quiet name="act" value="back" { (texts.t("back")) } }
            }
        }
    };
    Screen { title: texts.t("old-card"), content }
}

/// Asks for the new card, and says for whom.
pub fn new(view: &View<'_>, name: &str, again: bool) -> Screen {
    let texts = view.texts;
    let content = html! {
        @if again { p.trouble role="alert" { (texts.t("new-card-again")) } }
        p.lead role="status" { (texts.t("new-card-for")) " " strong { (foreign(name)) } "." }
        p.lead { (texts.t("new-card-text")) }
        (picture())
        p { (texts.t("new-card-leave")) }
    };
    Screen { title: texts.t("new-card"), content }
}

//! Screens on which nothing is asked: put the card in, take it out, wait a moment.

use super::view::{Screen, View};
use maud::{Markup, html};

/// Asks for a card, with a picture of where it goes.
pub fn insert(view: &View<'_>, cut: bool) -> Screen {
    let content = html! {
        @if cut { p.trouble role="alert" { (view.texts.t("insert-cut")) } }
        p.lead { (view.texts.t("insert-text")) }
        (picture())
        p { (view.texts.t("insert-what")) }
    };
    Screen { title: view.texts.t("insert"), content }
}

/// Says that there is no reader, or why it cannot be used.
pub fn no_reader(view: &View<'_>, code: &str) -> Screen {
    let starting = code == "starting";
    let content = html! {
        p.lead { (view.texts.t(if starting { "reading-text" } else { "no-reader-text" })) }
        @if !starting { p.note { (view.texts.with("code", &[("code", code.into())])) } }
    };
    Screen { title: view.texts.t(if starting { "reading" } else { "no-reader" }), content }
}

/// Writes a screen that is a title and a sentence.
pub fn plain(view: &View<'_>, id: &str) -> Screen {
    let content = html! { p.lead role="status" { (view.texts.t(&format!("{id}-text"))) } };
    Screen { title: view.texts.t(id), content }
}

/// Draws a card over the slot of a reader; the sentence above says the same.
pub(super) fn picture() -> Markup {
    html! {
        svg.insert viewBox="0 0 240 190" width="240" height="190" aria-hidden="true" focusable="false" {
            rect.card x="70" y="8" width="100" height="130" rx="8" {}
            rect.chip x="103" y="92" width="34" height="28" rx="4" {}
            path.chip d="M103 106h34M120 92v28" {}
            path.arrow d="M200 40v60m-14-16l14 16 14-16" {}
            path.reader d="M30 150h30v-10h120v10h30v32H30z" {}
        }
    }
}

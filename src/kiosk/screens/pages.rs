//! Asks who somebody is: by signing in at the server's pages, in this browser.

use super::view::{Screen, View, scene};
use maud::html;

/// Leads to the server's pages.
pub fn show(view: &View<'_>, address: &str) -> Screen {
    let texts = view.texts;
    let content = html! {
        p.lead { (texts.t("pages-text")) }
        p { (texts.t("pages-beware")) }
        form method="post" action="/act" {
            (scene(view))
            div.acts {
                a.button href=(address) { (texts.t("pages-go")) }
                button.quiet name="act" value="back" { (texts.t("back")) }
            }
        }
    };
    Screen { title: texts.t("who"), content }
}

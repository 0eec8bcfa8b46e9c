//! Help: the same place on every page, with whom to ask.

use crate::console::visit::{Shown, Visit};
use maud::html;

/// Shows whom to ask, and what to tell them.
pub fn show(visit: &Visit<'_>) -> Shown {
    let content = html! {
        p { (visit.t("help-text")) }
        p { (visit.t("help-id")) }
        p { (visit.t("help-keys")) }
    };
    Shown::page(visit.t("help"), content)
}

//! Asks for the PIN that the card has; its last try is spent only where somebody says so.

use super::view::{Screen, View, faults, form, tries};
use crate::kiosk::card::is_last;
use crate::kiosk::scene::Fault;
use crate::pages::fields::{Field, tick};
use crate::token::Tries;
use maud::html;

/// Asks for the PIN.
pub fn show(view: &View<'_>, left: Tries, fault: Option<Fault>) -> Screen {
    let texts = view.texts;
    let faults = faults(view, "pin", fault);
    let (label, hint) = (texts.t("pin-label"), tries(view, left));
    let field = Field { kind: "password", most: 64, hint: hint.as_deref(), ..Field::text("pin", &label, "") };
    let content = html! {
        (faults.summary(texts))
        p.lead { (texts.t("old-pin-text")) }
        (form(view, "pin", &html! {
            (field.line(texts, &faults))
            @if is_last(left) { (tick("last-try", "last-try", "yes", &html! { (texts.t("last-try-tick")) }, false)) }
        }, "go-on", true))
    };
    Screen { title: texts.t("old-pin"), content }
}

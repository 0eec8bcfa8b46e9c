//! Asks who somebody is: by the one-time password that somebody was given.

use super::view::{Screen, View, faults, form};
use crate::kiosk::scene::Fault;
use crate::pages::fields::Field;
use maud::html;

/// Asks for the one-time password, and for the name where the card does not tell it.
pub fn show(view: &View<'_>, name_known: bool, fault: Option<Fault>) -> Screen {
    let texts = view.texts;
    let faults = faults(view, if name_known { "password" } else { "user" }, fault);
    let (user, password, hint) = (texts.t("user-label"), texts.t("password-label"), texts.t("password-hint"));
    let second = texts.t("second-label");
    let field = Field { kind: "password", most: 128, hint: Some(&hint), ..Field::text("password", &password, "") };
    let content = html! {
        (faults.summary(texts))
        p.lead { (texts.t("who-text")) }
        (form(view, "who", &html! {
            @if !name_known { (Field::text("user", &user, "").line(texts, &faults)) }
            (field.line(texts, &faults))
            (Field { kind: "password", most: 128, required: false, ..Field::text("second", &second, "") }.line(texts, &faults))
        }, "go-on", true))
    };
    Screen { title: texts.t("who"), content }
}

//! Keeps what somebody has typed while the session ends or a fresh proof is wanted: in the page itself, to be sent again.
//!
//! Nothing is stored at the server. Fields whose names say that they hold a secret are not kept, and asked for anew.

use super::place::Place;
use super::ways::{self, Wanted};
use crate::pages::form::Form;
use crate::pages::texts::Texts;
use crate::server::Door;
use maud::{Markup, html};

/// Begins the names of fields that hold a secret.
pub const SECRET: &str = "secret-";

/// Writes how to show what is wanted, and after it the form that was kept, if there is one.
pub fn again(door: &Door, texts: Texts<'_>, here: &str, wanted: Wanted, form: Option<&Form>) -> Markup {
    html! {
        @match form {
            Some(form) => {
                p { (texts.t("kept-text")) }
                ol.steps {
                    li { (texts.t("kept-first")) (ways::written(door, texts, &Place::Home.path(), wanted, true)) }
                    li { (texts.t("kept-then")) (resend(texts, here, form)) }
                }
            }
            None => {
                p { (texts.t("prove-again-text")) }
                (ways::written(door, texts, here, wanted, false))
            }
        }
    }
}

/// Writes a form with what was typed, hidden, to be sent once more.
pub fn resend(texts: Texts<'_>, here: &str, form: &Form) -> Markup {
    html! {
        form.kept method="post" action=(here) {
            @for (name, value) in form.fields().filter(|(name, _)| !name.starts_with(SECRET)) {
                input type="hidden" name=(name) value=(value);
            }
            button type="submit" { (texts.t("send-again")) }
        }
    }
}

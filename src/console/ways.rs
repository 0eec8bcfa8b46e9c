//! The ways in, as a sign-in page and a page that wants a fresh proof name them.

use super::place::Place;
use crate::pages::form::Form;
use crate::pages::texts::Texts;
use crate::server::Door;
use maud::{Markup, html};

/// Writes the ways in; `then` is where to go on, `apart` opens them beside the page that stays.
pub fn written(door: &Door, texts: Texts<'_>, then: &str, apart: bool) -> Markup {
    let taken = door.ways();
    let target = apart.then_some("_blank");
    html! {
        div.ways {
            @if taken.tickets {
                form method="post" action=(Place::SignInTicket) target=[target] {
                    input type="hidden" name="then" value=(then);
                    button type="submit" { (texts.t("sign-in-ticket")) }
                }
            }
            @if taken.certificates {
                p { a.button href=(Form::address(&Place::SignInCertificate.path(), &[("then", then)])) target=[target] { (texts.t("sign-in-certificate")) } }
            }
            form method="post" action=(Place::SignInCode) target=[target] {
                input type="hidden" name="then" value=(then);
                div.field {
                    label for="secret-code" { (texts.t("sign-in-code")) }
                    p.hint #code-hint { (texts.t("sign-in-code-hint")) }
                    input #secret-code name="secret-code" type="password" required maxlength="256" autocomplete="one-time-code" aria-describedby="code-hint";
                }
                button.quiet type="submit" { (texts.t("sign-in-with-code")) }
            }
        }
    }
}

//! The ways in, as a sign-in page and a page that wants a fresh proof name them.

use super::place::Place;
use crate::pages::form::Form;
use crate::pages::texts::Texts;
use crate::server::Door;
use maud::{Markup, html};

/// Says what somebody is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Who it is.
    Name,
    /// Who it is, and that it is the person who sits there now.
    Presence,
}

/// Writes the ways in, those first that most people have; `then` is where to go on, `apart` opens them beside the page that stays.
pub fn written(door: &Door, texts: Texts<'_>, then: &str, wanted: Wanted, apart: bool) -> Markup {
    let taken = door.ways();
    let target = apart.then_some("_blank");
    let presence = wanted == Wanted::Presence;
    let fresh = if presence { "1" } else { "" };
    let issuer = Form::address(&Place::SignInIssuer.path(), &[("fresh", fresh), ("then", then)]);
    html! {
        div.ways {
            @if taken.issuer {
                p { a.button href=(issuer) target=[target] { (texts.t("sign-in-issuer")) } }
            }
            @if taken.tickets && !presence {
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
            @if taken.tickets && presence { p.note { (texts.t("no-ticket-here")) } }
        }
    }
}

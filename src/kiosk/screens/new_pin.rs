//! Asks for a new PIN, twice; says which ones are taken, and with script which of that is so already.

use super::view::{Screen, View, faults, form};
use crate::kiosk::scene::{Fault, NewPinWhy};
use crate::pages::fields::Field;
use crate::token::SecretForm;
use maud::{Markup, html};

/// Asks for the new PIN.
pub fn show(view: &View<'_>, rules: Option<SecretForm>, why: NewPinWhy, fault: Option<Fault>) -> Screen {
    let texts = view.texts;
    let field = if fault == Some(Fault::Unlike) { "again" } else { "new-pin" };
    let faults = faults(view, field, fault);
    let (label, again) = (texts.t("new-pin-label"), texts.t("again-label"));
    let typed = |name, label| Field {
        kind: "password",
        most: 64,
        autocomplete: "new-password",
        ..Field::text(name, label, "")
    };
    let content = html! {
        (faults.summary(texts))
        @if why == NewPinWhy::Temporary { p.trouble { (texts.t("new-pin-temporary")) } }
        (told(view, rules))
        (form(view, "new-pin", &html! {
            // Whoever reads forms aloud, or keeps passwords, is told whose this is.
            input type="text" name="username" autocomplete="username" value=(view.state.serial()) hidden;
            (typed("new-pin", &label).line(texts, &faults))
            (typed("again", &again).line(texts, &faults))
        }, "set-pin", why != NewPinWhy::Temporary))
    };
    Screen { title: texts.t("new-pin"), content }
}

/// Lists the rules; a script ticks off those that what is typed keeps.
fn told(view: &View<'_>, rules: Option<SecretForm>) -> Markup {
    let texts = view.texts;
    html! {
        p #rules-text { (texts.t("rules")) }
        ul.rules #rules aria-labelledby="rules-text" data-kept=(texts.t("rule-kept")) data-shortest=[rules.map(|it| it.shortest)]
            data-longest=[rules.map(|it| it.longest)] {
            @if let Some(rules) = rules {
                li data-rule="length" {
                    (texts.with("rule-length", &[("shortest", rules.shortest.into()), ("longest", rules.longest.into())]))
                }
                @if rules.digits_only { li data-rule="digits" { (texts.t("rule-digits")) } }
            }
            li data-rule="trivial" { (texts.t("rule-trivial")) }
            li data-rule="again" { (texts.t("rule-again")) }
        }
    }
}

//! The help desk is called: a code to read out, in groups, and the answer that is read back.

use super::view::{Screen, View, faults, form};
use crate::cm::offline::CodeKind;
use crate::kiosk::scene::Fault;
use crate::pages::fields::Field;
use maud::html;

/// Shows the code, and asks for the answer.
pub fn show(view: &View<'_>, kind: CodeKind, code: &str, fault: Option<Fault>) -> Screen {
    let texts = view.texts;
    let faults = faults(view, "answer", fault);
    let (label, hint) = (texts.t("answer-label"), texts.t("answer-hint"));
    // The answer to a card that has a PUK is that PUK: it is no more shown than a PIN.
    let shown = if kind == CodeKind::PukRequest { "password" } else { "text" };
    let field = Field { kind: shown, most: 128, hint: Some(&hint), ..Field::text("answer", &label, "") };
    let content = html! {
        (faults.summary(texts))
        ol.steps {
            li {
                @match &view.settings.help_desk {
                    Some(number) => (texts.with("telephone-call", &[("number", number.into())])),
                    None => (texts.t("telephone-call-desk")),
                }
                " " (texts.t("telephone-prove"))
            }
            li { (texts.t("telephone-read")) p.large.groups { @for group in code.split('-') { span { (group) } " " } } }
            li { (texts.t("telephone-type")) }
        }
        (form(view, "answer", &field.line(texts, &faults), "go-on", true))
    };
    Screen { title: texts.t("telephone"), content }
}

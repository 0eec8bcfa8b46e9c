//! Somebody has to approve; it goes on by itself.

use super::view::{Screen, View};
use crate::cm::template_facts::principal_name;
use crate::pages::layout::foreign;
use maud::html;

/// Says who may approve.
pub fn show(view: &View<'_>, approvers: &[String]) -> Screen {
    let texts = view.texts;
    let content = html! {
        p.lead role="status" { (texts.t("waiting-text")) }
        @if !approvers.is_empty() {
            p { (texts.t("waiting-who")) }
            ul { @for approver in approvers { li { (foreign(principal_name(approver))) } } }
        }
        p { (texts.t("waiting-leave")) }
    };
    Screen { title: texts.t("waiting"), content }
}

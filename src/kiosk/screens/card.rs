//! Whose the card is and till when, and what can be done with it now.

use super::view::{Screen, View, scene, tries};
use crate::enrollment::Workflow;
use crate::kiosk::card::CardFacts;
use crate::pages::layout::{day, foreign};
use crate::pages::states::{Tone, state};
use crate::pages::tables::facts;
use maud::{Markup, html};

/// Shows the card.
pub fn show(view: &View<'_>) -> Screen {
    let texts = view.texts;
    let Some(card) = &view.state.card else { return super::rest::plain(view, "reading") };
    let title = match &card.holder {
        Some(holder) => texts.with("card-of", &[("name", (&holder.name).into())]),
        None => texts.t("card-empty"),
    };
    let content = html! {
        (known(view, card))
        @if card.marked { p.trouble { (texts.t("card-marked")) } }
        @else if !card.has_usable_pin() { p.trouble { (texts.t("card-locked")) } }
        @if card.unfinished.is_some() { p.trouble { (texts.t("card-unfinished")) } }
        h2 { (texts.t("what-now")) }
        form method="post" action="/act" {
            (scene(view))
            input type="hidden" name="act" value="choose";
            ul.tasks {
                @for task in tasks(view, card) {
                    li { button name="task" value=(task) aria-describedby={ "task-" (task) } { (texts.t(&format!("task-{task}"))) }
                        p.hint id={ "task-" (task) } { (texts.t(&format!("task-{task}-hint"))) } }
                }
            }
        }
    };
    Screen { title, content }
}

/// Lists what can be done with the card now.
fn tasks(view: &View<'_>, card: &CardFacts) -> Vec<&'static str> {
    let usable = card.has_usable_pin() && card.holder.is_some();
    let due = card.is_due(view.now, view.settings.renew_within) || card.unfinished == Some(Workflow::Renew);
    let all = [
        ("renew", usable && due),
        ("new-pin", usable),
        ("logon", card.holder.is_some()),
        ("new-card", usable),
        ("password", true),
        ("old-card", card.holder.is_none()),
        ("pages", true),
        ("telephone", card.answers_by_telephone && card.holder.is_some()),
    ];
    all.into_iter().filter(|(_, can)| *can).map(|(task, _)| task).collect()
}

/// Says what the card tells of itself.
fn known(view: &View<'_>, card: &CardFacts) -> Markup {
    let texts = view.texts;
    let mut known = Vec::new();
    if let Some(holder) = &card.holder {
        let (tone, id) = match () {
            () if holder.is_early(view.now) => (Tone::Bad, "until-early"),
            () if holder.is_over(view.now) => (Tone::Ended, "until-over"),
            () if card.is_due(view.now, view.settings.renew_within) => (Tone::Waiting, "until-soon"),
            () => (Tone::Good, "until-good"),
        };
        known.push((texts.t("card-until"), html! { (day(texts, holder.until)) " " (state(tone, &texts.t(id))) }));
    }
    if !card.serial.is_empty() {
        known.push((texts.t("card-serial"), foreign(&card.serial)));
    }
    if let Some(left) = tries(view, card.pin) {
        known.push((texts.t("card-pin"), html! { (left) }));
    }
    html! {
        (facts(&known))
        @if card.holder.as_ref().is_some_and(|holder| holder.is_early(view.now)) { p.trouble { (texts.t("clock-wrong")) } }
    }
}

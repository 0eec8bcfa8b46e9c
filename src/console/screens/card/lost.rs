//! A card is missing: what follows from each reason is told before, and afterwards what was done and what comes next.

use super::fates;
use super::held::{Held, Standing};
use super::{asking, history};
use crate::cm::acts::{LOST, LossEffect, LossOutcome, LossReport};
use crate::cm::request::{CreateTerms, Request, RequestType};
use crate::cm::route::Route;
use crate::cm::template_facts::LossFacts;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{MOST_COMMENT, Shown, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field, radios};
use crate::pages::form::Form;
use maud::{Markup, html};
use uuid::Uuid;

/// Says how far the visitor's rights go about a missing card.
struct Rights {
    /// It can be revoked at once: by who may revoke it, or retire it.
    ends: bool,
    /// A revocation can be asked for, and waits for approval.
    asks: bool,
    suspends: bool,
}

impl Rights {
    async fn of(visit: &Visit<'_>, held: &Held) -> Self {
        let own = held.card.assigned_user == visit.me.uuid;
        let suspend = CreateTerms { effect: "suspend".into(), ..CreateTerms::default() };
        let revokes = fates::at_once(visit, held, RequestType::Revoke, CreateTerms::default()).await;
        let retires = fates::at_once(visit, held, RequestType::Retire, CreateTerms::default()).await;
        let enabled = |request_type| held.template.is_none() || held.workflow(request_type).is_some();
        Self {
            ends: (revokes || retires) && enabled(RequestType::Revoke),
            asks: held.offers(RequestType::Revoke) && !revokes,
            suspends: enabled(RequestType::Reinstate)
                && (own || fates::at_once(visit, held, RequestType::Reinstate, suspend).await),
        }
    }

    /// Says in a sentence what a report for this reason will do; `None`: nothing, and the server refuses it.
    fn fate(&self, visit: &Visit<'_>, held: &Held, loss: &LossFacts) -> Option<String> {
        let count = [("count", held.living().into())];
        if loss.revokes && self.ends {
            return Some(fates::revoked(visit, held, &loss.reason, 0) + " " + &visit.t("lost-disabled"));
        }
        let mut said = Vec::new();
        if self.suspends {
            said.push(visit.with("lost-held", &count));
        }
        if loss.revokes && self.asks {
            said.push(visit.t("lost-waits"));
        }
        if said.is_empty() { None } else { Some(said.join(" ")) }
    }

    /// Says whether a report does anything for some reason, as far as can be told.
    fn reports(&self, held: &Held) -> bool {
        let losses = held.template.as_ref().map(|template| template.losses.as_slice()).unwrap_or_default();
        let revokes = losses.is_empty() || losses.iter().any(|loss| loss.revokes);
        self.suspends || (revokes && (self.ends || self.asks))
    }
}

/// Shows what follows from a report, or what was done.
pub async fn show(visit: &Visit<'_>, smartcard: Uuid) -> Result<Shown, Trouble> {
    let held = Held::read(visit, smartcard).await?;
    if !visit.query.one("done").is_empty() || !held.lives() {
        return reported(visit, &held).await;
    }
    written(visit, &held, (LOST, ""), &Faults::default()).await
}

/// Reports the card as missing.
pub async fn act(visit: &Visit<'_>, smartcard: Uuid, form: &Form) -> Result<Shown, Trouble> {
    let held = Held::read(visit, smartcard).await?;
    let (reason, comment) = (form.one("reason"), form.one("comment"));
    let own = held.card.assigned_user == visit.me.uuid;
    let mut faults = Faults::default();
    if !own && !words::is_same_name(form.one("name"), held.owner_name()) {
        faults.add("name", visit.t("name-other"));
    }
    if !faults.is_empty() {
        return written(visit, &held, (reason, comment), &faults).await;
    }
    let report = LossReport { reason: reason.to_owned(), comment: comment.to_owned() };
    let outcome = match visit.send::<LossOutcome>(Route::ReportLost { smartcard }, &report).await {
        Ok(outcome) => outcome,
        Err(refused) if refused.code == "comment-missing" => {
            faults.add("comment", visit.t("ask-comment-missing"));
            return written(visit, &held, (reason, comment), &faults).await;
        }
        Err(refused) => return Err(refused.into()),
    };
    let done = match outcome.effect {
        LossEffect::Revoked => "lost-revoked",
        LossEffect::Suspended => "lost-suspended",
        LossEffect::Asked => "lost-asked",
        LossEffect::Ended => "lost-ended",
        LossEffect::Other => "lost-other",
    };
    let address = Form::address(&Place::CardLost(smartcard).path(), &[("done", done), ("reason", reason)]);
    Ok(Shown::Moved(address))
}

async fn written(visit: &Visit<'_>, held: &Held, typed: (&str, &str), faults: &Faults) -> Result<Shown, Trouble> {
    let (reason, comment) = typed;
    let rights = Rights::of(visit, held).await;
    let open = history::open_requests(visit, &held.history).await?;
    let name = held.name(visit);
    if !rights.reports(held) {
        let title = visit.with("ask-title", &[("what", (&visit.t("lost-link")).into()), ("card", (&name).into())]);
        return Ok(Shown::page(title, not_yours(visit, held, &open)));
    }
    let title = visit.with("lost-title", &[("card", (&name).into())]);
    let losses = held.template.as_ref().map(|template| template.losses.as_slice()).unwrap_or_default();
    let choices: Vec<_> = losses
        .iter()
        .filter_map(|loss| {
            Some((loss.name.clone(), words::loss(visit.texts, &loss.name), rights.fate(visit, held, loss)?))
        })
        .collect();
    let own = held.card.assigned_user == visit.me.uuid;
    let (label, hint) = (visit.t("comment"), visit.t("lost-comment-hint"));
    let field =
        Field { required: false, most: MOST_COMMENT, hint: Some(&hint), ..Field::text("comment", &label, comment) };
    let (name_label, name_hint) =
        (visit.t("name-confirm"), visit.with("name-confirm-hint", &[("name", held.owner_name().into())]));
    let typed_name = Field { hint: Some(&name_hint), ..Field::text("name", &name_label, "") };
    let content = html! {
        (faults.summary(visit.texts))
        (asking::who(visit, held))
        p { (visit.t("lost-text")) }
        form method="post" action=(Place::CardLost(held.card.uuid)) {
            @if choices.is_empty() { p { (visit.t("lost-by-template")) } }
            @else { (radios("reason", &visit.t("lost-why"), reason, faults, &choices)) }
            (closed(visit, &open))
            (held.certificates_table(visit, |_| None))
            (field.lines(visit.texts, faults))
            @if !own { (typed_name.line(visit.texts, faults)) }
            div.acts {
                button.harm type="submit" { (visit.t("lost-report")) }
                a.button.quiet href=(Place::Card(held.card.uuid)) { (visit.t("ask-not")) }
            }
        }
    };
    Ok(if faults.is_empty() { Shown::page(title, content) } else { Shown::faulty(title, content) })
}

/// Says to whoever could report nothing who can.
fn not_yours(visit: &Visit<'_>, held: &Held, open: &[Request]) -> Markup {
    html! {
        (asking::who(visit, held))
        p { (visit.t("lost-not-yours")) }
        @for request in open { p { (visit.t("ask-open")) " " (history::request(visit, request)) } }
        div.acts { a.button.quiet href=(Place::Card(held.card.uuid)) { (visit.t("card-back")) } }
    }
}

/// Writes which open requests may end with the card.
fn closed(visit: &Visit<'_>, open: &[Request]) -> Markup {
    html! {
        @if !open.is_empty() {
            p { (visit.t("lost-closes")) }
            ul { @for request in open { li { (history::request(visit, request)) } } }
        }
    }
}

/// Shows what is so now, after a report or another end, and what comes next.
async fn reported(visit: &Visit<'_>, held: &Held) -> Result<Shown, Trouble> {
    let open = history::open_requests(visit, &held.history).await?;
    let waiting = open.iter().find(|request| request.request_type == RequestType::Revoke);
    let replacing = open.iter().find(|request| request.request_type == RequestType::Recover);
    let replaceable =
        replacing.is_none() && held.offers(RequestType::Recover) && replaces(held, visit.query.one("reason"));
    let own = held.card.assigned_user == visit.me.uuid;
    let place = Place::CardAsk(held.card.uuid).path();
    let reinstates = asking::Ask::Reinstate.is_offered(&held.offered);
    let ended = held.certificates.iter().filter(|it| matches!(it.standing, Standing::Revoked { .. })).count();
    let on_hold = held.certificates.iter().filter(|it| it.standing == Standing::OnHold).count();
    let content = html! {
        (asking::who(visit, held))
        p { (visit.with("lost-now", &[("revoked", ended.into()), ("held", on_hold.into())])) }
        @if let Some(request) = waiting { p { (visit.t("lost-waiting")) " " (history::request(visit, request)) } }
        h2 { (visit.t("lost-next")) }
        @if replaceable { p { (visit.t("lost-next-replace")) } }
        @if reinstates { p { (visit.t("lost-next-found")) } }
        @if let Some(request) = replacing { p { (visit.t("lost-next-asked")) " " (history::request(visit, request)) } }
        @else if !replaceable && !reinstates { p { (visit.t(if own { "lost-next-own" } else { "lost-next-desk" })) } }
        div.acts {
            @if replaceable { a.button href=(Form::address(&place, &[("what", "replace"), ("reason", visit.query.one("reason"))])) { (visit.t("ask-replace")) } }
            @if reinstates { a.button.quiet href=(Form::address(&place, &[("what", "reinstate")])) { (visit.t("ask-reinstate")) } }
            @if held.lives() { a.button.quiet href=(Place::CardLost(held.card.uuid)) { (visit.t("lost-again")) } }
            a.button.quiet href=(Place::Card(held.card.uuid)) { (visit.t("card-back")) }
        }
        (held.certificates_table(visit, |_| None))
    };
    Ok(Shown::page(visit.with("lost-title", &[("card", (&held.name(visit)).into())]), content))
}

/// Says whether a card may be replaced for a reason, as far as the template tells.
fn replaces(held: &Held, reason: &str) -> bool {
    let losses = held.template.iter().flat_map(|template| &template.losses);
    losses.filter(|loss| loss.name.eq_ignore_ascii_case(reason)).all(|loss| loss.replaces)
}

//! A change of an account that one administrator has proposed and another confirms or rejects.

use super::account::handed_over;
use crate::cm::account::{Account, Confirmed, Proposal};
use crate::cm::route::Route;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::pages::form::Form;
use crate::pages::layout::{foreign, moment};
use crate::pages::states::{Tone, state};
use crate::pages::tables::facts;
use maud::{Markup, html};
use serde_json::json;
use uuid::Uuid;

/// Returns what is proposed, in words.
pub fn kind(visit: &Visit<'_>, proposal: &Proposal) -> String {
    visit.texts.find(&format!("proposal-{}", proposal.kind), &[]).unwrap_or_else(|| proposal.kind.clone())
}

async fn found(visit: &Visit<'_>, uuid: Uuid) -> Result<Proposal, Trouble> {
    let all = visit.list::<Proposal>(Route::ListProposals).await?.entries;
    all.into_iter().find(|it| it.uuid == uuid).ok_or(Trouble::NoPage)
}

/// Shows what is proposed, and what can be done about it.
pub async fn show(visit: &Visit<'_>, uuid: Uuid) -> Result<Shown, Trouble> {
    let proposal = found(visit, uuid).await?;
    let accounts = visit.list::<Account>(Route::ListUsers).await?.entries;
    let named = |user: Uuid| {
        let account = accounts.iter().find(|it| it.uuid == user);
        account.map_or_else(|| user.to_string(), |account| account.name.clone())
    };
    let content = html! {
        (facts(&known(visit, &proposal, &named)))
        @if proposal.state == "open" { (acts(visit, &proposal)) }
        p { a href=(Place::People) { (visit.t("proposal-back")) } }
    };
    let title =
        visit.with("proposal-title", &[("what", (&kind(visit, &proposal)).into()), ("name", (&proposal.name).into())]);
    Ok(Shown::page(title, content))
}

/// Writes what is known of a proposal.
fn known(visit: &Visit<'_>, it: &Proposal, named: &impl Fn(Uuid) -> String) -> Vec<(String, Markup)> {
    let mut known =
        vec![(visit.t("proposal-state"), standing(visit, &it.state)), (visit.t("account-name"), foreign(&it.name))];
    if let Some(groups) = &it.groups {
        let groups = html! { @if groups.is_empty() { (visit.t("proposal-nothing")) } @for group in groups { div { (foreign(group)) } } };
        known.push((visit.t("account-groups"), groups));
    }
    let nothing = visit.t("proposal-nothing");
    let texts = [
        ("account-upn", &it.upn),
        ("account-email", &it.email),
        ("account-sid", &it.sid),
        ("token-label", &it.label),
        ("identity-issuer", &it.issuer),
        ("identity-subject", &it.subject),
    ];
    for (id, text) in texts {
        if let Some(text) = text {
            known.push((visit.t(id), foreign(if text.is_empty() { &nothing } else { text })));
        }
    }
    if let Some(disabled) = it.disabled {
        let words = visit.t(if disabled { "account-disabled" } else { "account-enabled" });
        known.push((visit.t("account-state"), html! { (words) }));
    }
    if let Some(days) = it.days {
        known.push((visit.t("proposal-days"), html! { (visit.texts.span(i64::from(days) * 86_400)) }));
    }
    if let Some(minutes) = it.minutes {
        known.push((visit.t("proposal-days"), html! { (visit.texts.span(i64::from(minutes) * 60)) }));
    }
    known.push((visit.t("proposal-by"), foreign(&named(it.proposer))));
    known.push((visit.t("proposal-when"), moment(visit.texts, it.proposed)));
    match (it.decider, it.decided) {
        (Some(decider), Some(at)) => {
            let decided = html! { (foreign(&named(decider))) ", " (moment(visit.texts, at)) };
            known.push((visit.t("proposal-decided"), decided));
        }
        _ => known.push((visit.t("proposal-ends"), moment(visit.texts, it.ends))),
    }
    known
}

fn standing(visit: &Visit<'_>, word: &str) -> Markup {
    match word {
        "open" => state(Tone::Waiting, &visit.t("proposal-open")),
        "confirmed" => state(Tone::Good, &visit.t("proposal-confirmed")),
        "rejected" => state(Tone::Bad, &visit.t("proposal-rejected")),
        "over" => state(Tone::Ended, &visit.t("proposal-over")),
        other => state(Tone::Plain, other),
    }
}

fn acts(visit: &Visit<'_>, proposal: &Proposal) -> Markup {
    let own = proposal.proposer == visit.me.uuid;
    html! {
        @if own { p { (visit.t("proposal-own")) } }
        form method="post" action=(Place::Proposal(proposal.uuid)) {
            div.acts {
                @if own { button.harm type="submit" name="act" value="reject" { (visit.t("proposal-take-back")) } }
                @else {
                    button type="submit" name="act" value="confirm" { (visit.t("proposal-confirm")) }
                    button.harm type="submit" name="act" value="reject" { (visit.t("proposal-reject")) }
                }
            }
        }
    }
}

/// Confirms or rejects.
pub async fn act(visit: &Visit<'_>, proposal: Uuid, form: &Form) -> Result<Shown, Trouble> {
    let place = Place::Proposal(proposal);
    match form.one("act") {
        "confirm" => {
            let came: Confirmed = visit.send(Route::ConfirmProposal { proposal }, &json!({})).await?;
            let code = came.code.as_ref().map(|code| html! { (code.expose()) });
            let code = code.or(came.link_code.as_ref().map(|code| html! { (code.expose()) }));
            match (came.token.or(came.link), came.ends) {
                (Some(_), Some(ends)) => Ok(handed_over(visit, code, place, &moment(visit.texts, ends))),
                _ => Ok(Shown::done(place, "proposal-confirmed")),
            }
        }
        "reject" => {
            visit.act(Route::RejectProposal { proposal }, &json!({})).await?;
            Ok(Shown::done(place, "proposal-rejected"))
        }
        _ => Err(Trouble::NoForm),
    }
}

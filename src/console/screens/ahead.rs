//! What lies ahead of a request: who is still needed, what is still to be given, and by what it goes on.

use crate::cm::beyond_mim::{DataCollection, FilledDocument, OneTimePasswords};
use crate::cm::next::next;
use crate::cm::policy::PolicyDataItem;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::review::Review;
use crate::cm::route::Route;
use crate::cm::template::Policy;
use crate::console::items;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::fields::Faults;
use crate::pages::form::Form;
use crate::pages::layout::{day, foreign};
use maud::{Markup, html};
use uuid::Uuid;

/// Reads the policy of a request; `None`: there is none any more, or the visitor may not know it.
pub async fn policy(visit: &Visit<'_>, review: &Review) -> Result<Option<Policy>, Trouble> {
    Ok(visit.policy(review.request.profile_template, review.request.request_type).await?)
}

/// Says whether the visitor may withdraw it: whoever asks, whom it is for, and who carries such requests out.
pub fn may_withdraw(visit: &Visit<'_>, review: &Review, policy: Option<&Policy>) -> bool {
    let request = &review.request;
    let own = request.originator == visit.me.uuid || request.target == visit.me.uuid;
    !request.status.is_final()
        && (own || policy.is_some_and(|policy| visit.is_among(&policy.authorized_enrollment_agent)))
}

/// Lists the missing items that are the visitor's to give.
fn to_give(visit: &Visit<'_>, review: &Review, policy: &Policy) -> Vec<PolicyDataItem> {
    let request = &review.request;
    let lists = [&policy.authorized_initiator, &policy.authorized_approver, &policy.authorized_enrollment_agent];
    let gives = |from: &str| match from {
        "subscriber" => request.target == visit.me.uuid,
        "manager" => request.target != visit.me.uuid && lists.iter().any(|list| visit.is_among(list)),
        _ => request.originator == visit.me.uuid,
    };
    let missing = policy.policy_data_collection.iter().filter(|item| review.missing.contains(&item.name));
    missing.filter(|item| gives(&item.from)).cloned().collect()
}

/// Writes what lies ahead; nothing for a request that is over.
pub fn written(visit: &Visit<'_>, review: &Review, policy: Option<&Policy>, form: &Form, faults: &Faults) -> Markup {
    if review.request.status.is_final() {
        return html! {};
    }
    let own = policy.map(|policy| to_give(visit, review, policy)).unwrap_or_default();
    let others: Vec<&str> =
        review.missing.iter().map(String::as_str).filter(|name| !own.iter().any(|item| item.name == *name)).collect();
    html! {
        h2 { (visit.t("ahead")) }
        (next_step(visit, review, policy))
        @if !others.is_empty() { p { (visit.t("ahead-missing")) " " (foreign(&others.join(", "))) } }
        @if let Some(ends) = review.ends { p { (visit.t("ahead-ends")) " " (day(visit.texts, ends)) "." } }
        @if !own.is_empty() {
            h3 { (visit.t("ahead-give")) }
            form method="post" action=(Place::Request(review.request.uuid)) novalidate {
                (items::fields(visit, &own, form, faults))
                div.acts { button type="submit" name="act" value="collect" { (visit.t("ahead-send")) } }
            }
        }
        (password(visit, review, policy))
        (documents_link(visit, review))
    }
}

/// Says what comes next, and who does it.
fn next_step(visit: &Visit<'_>, review: &Review, policy: Option<&Policy>) -> Markup {
    let request = &review.request;
    if request.status == RequestStatus::Pending {
        let left = review.approvals_needed.saturating_sub(review.approvals_given);
        return html! {
            p { (visit.with("ahead-decision", &[("count", left.into())])) }
            @if !review.approvers.is_empty() {
                p { (visit.t("may-still")) " " (approvers(visit, review)) }
            }
            // Who decides has been told already.
            @if !review.may_decide { (told(visit, review)) }
        };
    }
    let agents = policy.map(|policy| policy.authorized_enrollment_agent.as_slice()).unwrap_or_default();
    let card = request.new_smartcard.or(request.old_smartcard);
    let by_telephone = request.request_type == RequestType::OfflineUnblock;
    html! {
        p {
            @if by_telephone { (visit.t("ahead-telephone")) }
            @else if request.is_enrollment_agent { (visit.t("ahead-desk")) }
            @else if request.target == visit.me.uuid { (visit.t("ahead-you")) }
            @else { (visit.with("ahead-person", &[("name", (&review.target_name).into())])) }
        }
        @if let Some(card) = card.filter(|_| by_telephone && visit.is_among(agents)) {
            p { a.button href=(Place::HelpDeskCard(card)) { (visit.t("help-desk-to")) } }
        } @else if let Some(command) = next(request) {
            p { (visit.t("ahead-command")) " " code.code { (command) } }
        }
    }
}

/// Says who is mailed that it waits: by name where the visitor may know, else how many.
fn told(visit: &Visit<'_>, review: &Review) -> Markup {
    let count = review.told.unwrap_or(0);
    let rest = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(review.told_names.len());
    html! {
        p {
            @if count == 0 { (visit.t("told-nobody")) }
            @else if review.told_names.is_empty() { (visit.with("told-count", &[("count", count.into())])) }
            @else {
                (visit.t("told-names")) " " (foreign(&review.told_names.join(", "))) @if rest > 0 { " …" }
            }
        }
    }
}

/// Writes who may still approve.
fn approvers(visit: &Visit<'_>, review: &Review) -> Markup {
    let named: Vec<String> = review.approvers.iter().map(|name| words::principal(visit.texts, name)).collect();
    html! { (foreign(&named.join(", "))) @if review.more_approvers { " …" } }
}

/// Writes what is said of the one-time password, and has an approver make another one.
fn password(visit: &Visit<'_>, review: &Review, policy: Option<&Policy>) -> Markup {
    let request = &review.request;
    let concerned = [request.originator, request.target].contains(&visit.me.uuid);
    let approves = policy.is_some_and(|policy| visit.is_among(&policy.authorized_approver)) && !concerned;
    html! {
        @if review.password_needed {
            h3 { (visit.t("ahead-password")) }
            p { (visit.t("ahead-password-text")) }
            @if approves {
                p { (visit.t("ahead-password-old")) }
                form method="post" action=(Place::Request(request.uuid)) {
                    div.acts { button.quiet type="submit" name="act" value="password" { (visit.t("ahead-password-new")) } }
                }
            }
        }
    }
}

fn documents_link(visit: &Visit<'_>, review: &Review) -> Markup {
    html! {
        @if !review.documents.is_empty() {
            p { a href=(Place::Documents(review.request.uuid)) { (visit.with("documents-link", &[("count", review.documents.len().into())])) } ": " (foreign(&review.documents.join(", "))) }
        }
    }
}

/// Takes items that were missing; what is wrong is told at its field.
pub async fn collect(visit: &Visit<'_>, review: &Review, form: &Form) -> Result<Result<Shown, Faults>, Trouble> {
    let request = review.request.uuid;
    let Some(policy) = policy(visit, review).await? else { return Err(Trouble::NoForm) };
    let own = to_give(visit, review, &policy);
    let mut faults = Faults::default();
    items::judge(visit, &own, form, &mut faults);
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let given = DataCollection { items: items::read(&own, form) };
    match visit.act(Route::CollectData { request }, &given).await {
        Ok(()) => Ok(Ok(Shown::done(Place::Request(request), "collected"))),
        Err(refused) if items::refused(visit, &own, &refused, &mut faults) => Ok(Err(faults)),
        Err(refused) => Err(refused.into()),
    }
}

/// Has another one-time password made.
pub async fn distribute(visit: &Visit<'_>, request: Uuid) -> Result<OneTimePasswords, Trouble> {
    Ok(visit.send(Route::DistributeOneTimePassword { request }, &serde_json::json!({})).await?)
}

/// Shows the forms of a request, filled in.
pub async fn documents(visit: &Visit<'_>, request: Uuid) -> Result<Shown, Trouble> {
    let documents = visit.list::<FilledDocument>(Route::ListDocuments { request }).await?;
    let content = html! {
        p.acts { a href=(Place::Request(request)) { (visit.t("documents-back")) } }
        @if documents.entries.is_empty() { p.none { (visit.t("none")) } }
        @for document in &documents.entries {
            h2 { (foreign(&document.name)) }
            div.document { (foreign(&document.text)) }
        }
    };
    Ok(Shown::page(visit.t("documents"), content))
}

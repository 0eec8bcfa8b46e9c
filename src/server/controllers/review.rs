//! `review`: what somebody is told of a request who decides on it, waits for it or carries it out.

use super::found::Names;
use super::queue::{given, may_decide};
use super::view;
use crate::cm::holder_role::Role;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::review::{GivenDecision, HeldCard, Obstacle, Review};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::server::error::ApiError;
use crate::server::notices::draft::Reader;
use crate::server::notices::people::{Audiences, Concerned};
use crate::server::requests::data_items;
use crate::server::requests::seen::SeenRequest;
use crate::server::workflow::{admit, overdue};
use crate::store::{ApprovalRecord, RequestRecord, UserRecord};
use crate::template::{Entry, KeySource, Principal, ProfileTemplate, Workflow};
use std::collections::BTreeSet;

/// Bounds the cards that are listed.
const MOST_CARDS: usize = 20;
/// Bounds the people that are listed who may approve.
const MOST_APPROVERS: usize = 20;

/// Answers `GET requests/{id}/review`, for whoever sees the request.
pub async fn review(call: &Call<'_>, request: uuid::Uuid) -> Result<Reply, ApiError> {
    let seen = call.request(request).await?;
    let mut names = Names::default();
    let record = &seen.record;
    let workflow = seen.workflow();
    let decisions = call.app.store.approvals(record.uuid).await?;
    let pending = record.status == RequestStatus::Pending;
    let may_decide = may_decide(call, record, workflow, &decisions);
    let (cards, more_cards) = cards(call, &seen, may_decide).await?;
    let (approvers, more_approvers) = match workflow.filter(|_| pending) {
        Some(workflow) => approvers(call, record, workflow, &decisions).await?,
        None => (Vec::new(), false),
    };
    let (told, told_names) = if pending { mailed(call, record).await? } else { (None, Vec::new()) };
    let template = seen.template.as_deref();
    let missing = |workflow: &Workflow| data_items::all_missing(workflow, &record.data);
    Reply::json(&Review {
        originator_name: names.of(call, record.originator).await?,
        target_name: names.of(call, record.target).await?,
        template_name: template.map(|template| template.name.clone()).unwrap_or_default(),
        template_description: template.map(|template| template.description.clone()).unwrap_or_default(),
        brings: template.map(|template| brings(template, record.request_type)).unwrap_or_default(),
        documents: workflow.map(names_of_forms).unwrap_or_default(),
        cards,
        more_cards,
        approvals_needed: workflow.map_or(0, |workflow| workflow.approvals_needed),
        approvals_given: given(&decisions),
        approvers,
        more_approvers,
        may_decide,
        obstacle: obstacle(call, &seen).await?,
        missing: workflow.map(missing).unwrap_or_default(),
        password_needed: !pending && seen.password_needed,
        ends: overdue::ends(record, &decisions, template),
        told,
        told_names,
        decisions: decided_by(call, &mut names, decisions).await?,
        request: view::request_of(record.clone(), template),
    })
}

fn names_of_forms(workflow: &Workflow) -> Vec<String> {
    workflow.documents.iter().map(|form| form.name.clone()).collect()
}

/// Tells the decisions with names and comments, as a history does: to whoever sees the request.
async fn decided_by(
    call: &Call<'_>,
    names: &mut Names,
    decisions: Vec<ApprovalRecord>,
) -> Result<Vec<GivenDecision>, ApiError> {
    let mut told = Vec::new();
    for ApprovalRecord { approver, approved, comment, at, .. } in decisions {
        told.push(GivenDecision { by: names.of(call, approver).await?, approved, comment, at });
    }
    Ok(told)
}

/// Says why an open request can be approved or carried out no more, as a decision would be refused.
async fn obstacle(call: &Call<'_>, seen: &SeenRequest) -> Result<Option<Obstacle>, ApiError> {
    let refused = match (seen.record.status, seen.template.clone().filter(|_| seen.workflow().is_some())) {
        (status, None) if !status.is_final() => Err(ApiError::NotOffered(seen.record.request_type)),
        (RequestStatus::Pending, Some(template)) => {
            let record = seen.record.clone();
            let job = call
                .app
                .store
                .write(move |tx| Box::pin(async move { admit::check_still(tx, &record, &template).await }));
            job.await
        }
        _ => Ok(()),
    };
    match refused {
        // What stands in the way is looked for by the writer alone; where it can do nothing, the request is shown all the same.
        Ok(()) | Err(ApiError::DatabaseReadOnly(_)) => Ok(None),
        Err(error) => {
            let (status, code) = error.status_and_code();
            if status.is_server_error() {
                return Err(error);
            }
            Ok(Some(Obstacle { code: code.name().to_owned(), text: error.to_string() }))
        }
    }
}

/// Lists the cards of the person that are not retired. Who decides on the request and sees no cards is told of those of its
/// template that there are such, and no more.
async fn cards(
    call: &Call<'_>,
    seen: &SeenRequest,
    may_decide: bool,
) -> Result<(Option<Vec<HeldCard>>, bool), ApiError> {
    let record = &seen.record;
    if !call.sees(record.target, record.profile_template) && !may_decide {
        return Ok((None, false));
    }
    let mut held = Vec::new();
    for card in call.app.store.smartcards_of(record.target).await? {
        let sees = call.sees(card.assigned_user, card.profile_template);
        let counts = sees || (may_decide && card.profile_template == record.profile_template);
        if card.status == SmartcardStatus::Retired || !counts {
            continue;
        }
        let template = call.app.templates.get(card.profile_template);
        held.push(HeldCard {
            smartcard: Some(card.uuid).filter(|_| sees),
            status: card.status,
            template_name: template.map(|template| template.name.clone()).unwrap_or_default(),
            role: role(card.holder_role.role).to_owned(),
        });
    }
    let more = held.len() > MOST_CARDS;
    held.truncate(MOST_CARDS);
    Ok((Some(held), more))
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Primary => "",
        Role::Duplicate => "duplicate",
        Role::Temporary => "temporary",
        Role::KeyEscrow => "another person's keys",
    }
}

/// Counts who is mailed that the request waits, with their names for whoever may look people up; nobody where no mail goes out.
async fn mailed(call: &Call<'_>, record: &RequestRecord) -> Result<(Option<u32>, Vec<String>), ApiError> {
    let app = call.app;
    if app.outbox.mail.is_none() {
        return Ok((None, Vec::new()));
    }
    let (store, templates) = (&app.store, &*app.templates);
    let audiences = Audiences { store, templates, roles: app.identity.roles(), settings: &app.notices };
    let concerned = Concerned { request: Some(record), holder: None };
    let readers = audiences.readers(NoticeKind::RequestWaits, concerned).await?;
    let mut named = Vec::new();
    if call.looks_for_anybody() {
        for reader in readers.iter().take(MOST_APPROVERS) {
            match reader {
                Reader::Person(user) => named.extend(store.user(*user).await?.map(|user| user.name)),
                Reader::Address(address) => named.push(address.clone()),
            }
        }
    }
    Ok((Some(u32::try_from(readers.len()).unwrap_or(u32::MAX)), named))
}

/// Lists who may still approve, and whether there are more: by name for whoever may look people up or approves himself, else
/// as the policy says.
async fn approvers(
    call: &Call<'_>,
    record: &RequestRecord,
    workflow: &Workflow,
    decisions: &[ApprovalRecord],
) -> Result<(Vec<String>, bool), ApiError> {
    if !call.looks_for_anybody() {
        let names: Vec<String> = workflow.approvers.iter().map(ToString::to_string).collect();
        let more = names.len() > MOST_APPROVERS;
        return Ok((names.into_iter().take(MOST_APPROVERS).collect(), more));
    }
    let mut found = BTreeSet::new();
    for principal in &workflow.approvers {
        let people: Vec<UserRecord> = match principal {
            Principal::User(name) => call.app.store.user_by_name(name).await?.into_iter().collect(),
            Principal::Group(group) => call.app.store.users_in(group).await?,
        };
        let may = |person: &UserRecord| {
            let concerned = [record.originator, record.target].contains(&person.uuid);
            let decided = decisions.iter().any(|decision| decision.approver == person.uuid);
            !person.disabled && !concerned && !decided
        };
        found.extend(people.into_iter().filter(may).map(|person| person.name));
        if found.len() > MOST_APPROVERS {
            break;
        }
    }
    let more = found.len() > MOST_APPROVERS;
    Ok((found.into_iter().take(MOST_APPROVERS).collect(), more))
}

/// Says in sentences what a request of this type brings by this template.
fn brings(template: &ProfileTemplate, request_type: RequestType) -> Vec<String> {
    let head = match request_type {
        RequestType::Enroll => "A first card, with new keys.",
        RequestType::Duplicate => "A second card beside the one that there is.",
        RequestType::TemporaryCards => "A card on loan, which ends by itself.",
        RequestType::Renew => "New keys and certificates in the place of those that there are.",
        RequestType::OnlineUpdate => "New keys and certificates on the same card, as the template says now.",
        RequestType::Recover => "A card in the place of one that is lost or broken, with its archived keys.",
        RequestType::RecoverOnBehalf => {
            "Another person's archived keys: what was encrypted for that person can be read."
        }
        RequestType::Unblock => "A new PIN on the card.",
        RequestType::OfflineUnblock => "A new PIN on the card, by codes that are read out.",
        RequestType::Reinstate => "The card is suspended, or valid again.",
        RequestType::Revoke => "The card is disabled, and its certificates are revoked.",
        RequestType::Retire => "The card is emptied and retired, and its certificates are revoked.",
        RequestType::Other(_) => "",
    };
    let mut sentences = vec![head.to_owned()];
    if request_type.issues_certificates() {
        sentences.extend(template.entries().map(|entry| certificate(&entry)));
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Says in a sentence what a certificate is good for and whose key it has.
fn certificate(entry: &Entry<'_>) -> String {
    let shape = entry.certificate;
    let key = match entry.key.source {
        KeySource::Client => format!("a {} key made on the card", entry.key.generate),
        KeySource::Server { archived: true, .. } => {
            format!("a {} key made and archived by the server", entry.key.generate)
        }
        KeySource::Server { archived: false, .. } => format!("a {} key made by the server", entry.key.generate),
    };
    let roles = if shape.bears_roles { "; whoever shows it has the holder's roles" } else { "" };
    let name = &shape.template_name;
    format!("A certificate \"{name}\" for {} days, of {key}{roles}.", shape.validity.whole_days())
}

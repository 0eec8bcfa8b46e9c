//! Shows what the server tells of a request: who asks for whom, what it brings, who has decided and who may.

use super::document::{document, mark, text_of};
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Text, date};
use crate::client::{self, CmClient};
use crate::cm::next::next;
use crate::cm::request::RequestStatus;
use crate::cm::review::{GivenDecision, HeldCard, Review};
use crate::enrollment::own_words;
use serde_json::{Value, json};
use uuid::Uuid;

/// Prints a request as its review tells of it; as MIM's call does where the server has no reviews.
pub fn show_reviewed(client: &CmClient, request: Uuid, output: &Output) -> Result<(), Failure> {
    match client.review(request) {
        Ok(review) => output.result(&told(&review), || text(&review)),
        Err(client::Error::ExtensionAbsent { .. }) => {
            let document = document(&client.request(request)?);
            output.result(&document, || text_of(&document))
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the command by which it goes on: who may decide does so first.
fn goes_on(review: &Review) -> Option<String> {
    match review.obstacle {
        Some(_) => None,
        None if review.may_decide => Some(format!("cardwright request approve {}", review.request.uuid)),
        None => next(&review.request),
    }
}

/// Returns a review as scripts get it.
pub fn told(review: &Review) -> Value {
    let mut told = document(&review.request);
    let more = json!({
        "originator_name": review.originator_name,
        "target_name": review.target_name,
        "template_name": review.template_name,
        "template_description": review.template_description,
        "brings": review.brings,
        "documents": review.documents,
        "cards": review.cards.as_ref().map(|cards| cards.iter().map(card).collect::<Vec<_>>()),
        "more_cards": review.more_cards,
        "approvals_needed": review.approvals_needed,
        "approvals_given": review.approvals_given,
        "decisions": review.decisions.iter().map(decision).collect::<Vec<_>>(),
        "approvers": review.approvers,
        "more_approvers": review.more_approvers,
        "may_decide": review.may_decide,
        "obstacle": review.obstacle.as_ref().map(|it| json!({ "code": it.code, "text": it.text })),
        "missing": review.missing,
        "password_needed": review.password_needed,
        "ends": review.ends.map(date),
        "next": goes_on(review),
    });
    if let (Value::Object(told), Value::Object(more)) = (&mut told, more) {
        told.extend(more);
    }
    told
}

fn card(card: &HeldCard) -> Value {
    json!({
        "smartcard": card.smartcard,
        "status": card.status.name().to_lowercase(),
        "template_name": card.template_name,
        "role": card.role,
    })
}

fn decision(decision: &GivenDecision) -> Value {
    json!({
        "by": decision.by,
        "approved": decision.approved,
        "comment": own_words(&decision.comment),
        "at": date(decision.at),
    })
}

/// Writes a review for people.
pub fn text(review: &Review) -> Text {
    let request = &review.request;
    let mut lines: Vec<(&str, String)> = vec![
        ("request", request.uuid.to_string()),
        ("what", format!("{} ({})", request.request_type.name(), request.status)),
        ("asked by", format!("{}, {}", review.originator_name, date(request.submitted))),
        ("for", review.target_name.clone()),
        ("template", described(review)),
    ];
    lines.extend(review.brings.iter().map(|sentence| ("", sentence.clone())));
    lines.push(("comment", own_words(&request.comment).to_owned()));
    lines.push(("priority", request.priority.to_string()));
    for item in &request.data_collection {
        let value = item.value.as_deref().unwrap_or("(not kept)");
        lines.push(("data", format!("{} = {value}", item.name)));
    }
    lines.extend(review.missing.iter().map(|name| ("still to give", name.clone())));
    lines.push(("seen", mark(request)));
    lines.extend(review.documents.iter().map(|name| ("form", name.clone())));
    if let Some(cards) = &review.cards {
        lines.push(("cards", if cards.is_empty() { "none".into() } else { held(cards, review.more_cards) }));
    }
    for (label, card) in [("new card", request.new_smartcard), ("old card", request.old_smartcard)] {
        lines.extend(card.map(|card| (label, card.to_string())));
    }
    if review.approvals_needed > 0 {
        lines.push(("approvals", format!("{} of {}", review.approvals_given, review.approvals_needed)));
    }
    lines.extend(review.decisions.iter().map(|decision| ("decision", decided(decision))));
    lines.extend(may_approve(review).map(|names| ("may approve", names)));
    lines.extend(review.password_needed.then(|| ("waits for", "its one-time password".to_owned())));
    lines.extend(review.obstacle.as_ref().map(|obstacle| ("cannot go on", obstacle.text.clone())));
    lines.extend(review.ends.map(|ends| ("ends by itself", date(ends))));
    lines.extend(goes_on(review).map(|next| ("next", next)));
    lines.iter().filter(|(_, text)| !text.is_empty()).map(|(label, text)| format!("{label:18}{text}")).collect()
}

fn described(review: &Review) -> String {
    match (review.template_name.as_str(), review.template_description.trim()) {
        ("", _) => "it is gone".into(),
        (name, "") => name.into(),
        (name, description) => format!("{name}: {description}"),
    }
}

fn held(cards: &[HeldCard], more: bool) -> String {
    let one = |card: &HeldCard| {
        let role = if card.role.is_empty() { String::new() } else { format!(", {}", card.role) };
        format!("{} ({}{role})", card.template_name, card.status.name().to_lowercase())
    };
    let listed = cards.iter().map(one).collect::<Vec<_>>().join("; ");
    if more { format!("{listed}; and more") } else { listed }
}

fn decided(decision: &GivenDecision) -> String {
    let did = if decision.approved { "approved" } else { "denied" };
    let comment = own_words(&decision.comment);
    let why = if comment.is_empty() { String::new() } else { format!(": {comment}") };
    format!("{} {did}, {}{why}", decision.by, date(decision.at))
}

/// Names who may still approve; `None` where nobody is waited for or nobody is told.
pub fn may_approve(review: &Review) -> Option<String> {
    let pending = review.request.status == RequestStatus::Pending && !review.approvers.is_empty();
    let listed = review.approvers.join(", ");
    pending.then(|| if review.more_approvers { format!("{listed} and others") } else { listed })
}

/// Says who has denied the request and why; `None` where nobody has.
pub fn denied(review: &Review) -> Option<String> {
    review.decisions.iter().find(|decision| !decision.approved).map(decided)
}

//! Says in sentences, before anything is done, what becomes of a card's certificates and who has to agree.

use super::held::Held;
use crate::cm::foresight::Foresight;
use crate::cm::request::{CreateRequest, CreateTerms, RequestType};
use crate::cm::route::Route;
use crate::cm::template_facts::{LossFacts, RevocationFacts, principal_name};
use crate::console::visit::Visit;
use crate::console::words;
use crate::server::Refused;
use uuid::Uuid;

/// Stands for a comment where it is only asked what would come of a request.
const ANY_COMMENT: &str = "-";

/// Asks what a request would come to, if it were made.
pub async fn foreseen(
    visit: &Visit<'_>,
    smartcard: Uuid,
    request_type: RequestType,
    terms: CreateTerms,
) -> Result<Foresight, Refused> {
    visit
        .send(
            Route::ForeseeOrder { card_id: None },
            &CreateRequest::of_card(request_type, Some(smartcard), ANY_COMMENT, terms),
        )
        .await
}

/// Says whether the visitor could have this done at once; what is refused could not.
pub async fn at_once(visit: &Visit<'_>, held: &Held, request_type: RequestType, terms: CreateTerms) -> bool {
    let may = held.offers(request_type);
    may && foreseen(visit, held.card.uuid, request_type, terms).await.is_ok_and(|foresight| foresight.at_once)
}

/// Says that so many certificates are revoked for good, and why.
pub fn revoked(visit: &Visit<'_>, held: &Held, reason: &str, delay_hours: u32) -> String {
    let why = words::reason(visit.texts, reason);
    let id = if delay_hours == 0 { "fate-revoked" } else { "fate-revoked-later" };
    visit.with(id, &[("count", held.living().into()), ("why", (&why).into()), ("hours", delay_hours.into())])
}

/// Says what becomes of the certificates when a request for the card is carried out; a loss that is named decides before
/// the policy does.
pub fn of_old(visit: &Visit<'_>, held: &Held, policy: Option<&RevocationFacts>, loss: Option<&LossFacts>) -> String {
    match (loss, policy) {
        (Some(loss), _) if loss.revokes => revoked(visit, held, &loss.reason, 0),
        (None, Some(policy)) if policy.revokes => revoked(visit, held, &policy.reason, policy.delay_hours),
        (Some(_), _) | (None, Some(_)) => visit.with("fate-kept", &[("count", held.living().into())]),
        (None, None) => visit.t("fate-unknown"),
    }
}

/// Says in sentences who has to agree before a request is carried out, and what is needed then.
pub fn agreement(
    visit: &Visit<'_>,
    held: &Held,
    request_type: RequestType,
    at_once: bool,
    needs_card: bool,
) -> Vec<String> {
    let workflow = held.workflow(request_type);
    let mut said = Vec::new();
    match workflow.map_or(0, |workflow| workflow.approvals_needed) {
        0 if at_once && !needs_card => said.push(visit.t("agree-at-once")),
        0 => said.push(visit.t("agree-nobody")),
        needed => {
            let approvers = workflow.map(|workflow| workflow.approvers.as_slice()).unwrap_or_default();
            let named: Vec<&str> = approvers.iter().map(|name| principal_name(name)).collect();
            let by = named.join(", ");
            said.push(visit.with("agree-approvals", &[("count", needed.into()), ("by", (&by).into())]));
        }
    }
    if workflow.is_some_and(|workflow| workflow.one_time_password.is_some()) {
        said.push(visit.t("agree-password"));
    }
    if needs_card {
        said.push(visit.t("agree-card"));
    }
    said
}

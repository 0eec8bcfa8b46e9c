//! Finds the open requests that would come to something alike, so that nobody makes a second one unawares.

use crate::cm::foresight::OpenRequest;
use crate::cm::request::RequestType;
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::store::{RequestFilter, RequestRecord};

/// Bounds the open requests of a person and of a card that are looked at.
const MOST_OPEN: u32 = 50;

/// Lists the open requests that the caller may see and that are for the same person or card as this new one, the newest
/// first. Whatever takes something away waits for no other.
pub async fn open_alike(call: &Call<'_>, request: &RequestRecord) -> Result<Vec<OpenRequest>, ApiError> {
    if takes_away(request.request_type) || is_of_its_own(request.request_type) {
        return Ok(Vec::new());
    }
    let open = RequestFilter { open: true, limit: Some(MOST_OPEN), ..Default::default() };
    let of_person = RequestFilter { target: Some(request.target), ..open.clone() };
    let mut found = call.app.store.requests(&of_person).await?;
    if let Some(card) = request.old_smartcard {
        let of_card = call.app.store.requests(&RequestFilter { smartcard: Some(card), ..open }).await?;
        let is_new = |other: &RequestRecord| found.iter().all(|known| known.uuid != other.uuid);
        let others: Vec<_> = of_card.into_iter().filter(is_new).collect();
        found.extend(others);
    }
    let alike = found.into_iter().filter(|open| is_alike(request, open) && call.sees_request(open));
    Ok(alike
        .map(|open| OpenRequest { request: open.uuid, request_type: open.request_type, status: open.status })
        .collect())
}

/// Says whether both are about one card, or bring one person keys on a card that neither names otherwise.
fn is_alike(request: &RequestRecord, open: &RequestRecord) -> bool {
    // A PIN that locks on the way is replaced while what it stands in the way of stays open, to be gone on with.
    let unblocks = |it: &RequestRecord| it.request_type == RequestType::Unblock;
    if is_of_its_own(open.request_type) || unblocks(request) != unblocks(open) {
        return false;
    }
    if request.old_smartcard.is_some() && open.old_smartcard.is_some() {
        return request.old_smartcard == open.old_smartcard;
    }
    // A renewal is about its own card alone, which may have been retired meanwhile.
    if matches!(open.request_type, RequestType::Renew | RequestType::OnlineUpdate) {
        return false;
    }
    let issue = [request, open].iter().all(|it| it.request_type.issues_certificates());
    let brought = open.new_smartcard.filter(|card| open.old_smartcard != Some(*card));
    issue
        && request.target == open.target
        && request.profile_template == open.profile_template
        && (brought.is_none() || brought == request.old_smartcard)
}

fn takes_away(request_type: RequestType) -> bool {
    matches!(request_type, RequestType::Retire | RequestType::Revoke | RequestType::Reinstate)
}

/// Says whether a person may well have such a request beside others: another person's keys, a card for a day, a PIN by telephone.
fn is_of_its_own(request_type: RequestType) -> bool {
    matches!(request_type, RequestType::RecoverOnBehalf | RequestType::TemporaryCards | RequestType::OfflineUnblock)
}

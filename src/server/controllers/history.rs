//! What happened to a card, or to what a person holds: from the requests, the decisions on them and the certificates
//! that came of them.

use super::found::Names;
use crate::ca::RevocationReason;
use crate::cm::found::{Happening, HistoryEntry};
use crate::cm::request::RequestStatus;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::store::{CertificateRecord, CertificateScope, RequestFilter, RequestRecord};
use uuid::Uuid;

/// Bounds the requests of one page.
const MOST_REQUESTS: u32 = 50;

/// Answers `GET smartcards/{id}/history`, the latest first; of the newest [`MOST_REQUESTS`] requests.
pub async fn of_card(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let card = call.smartcard(smartcard).await?;
    let filter = RequestFilter { smartcard: Some(card.uuid), limit: Some(MOST_REQUESTS), ..Default::default() };
    history(call, filter, CertificateScope::Smartcard(card.uuid)).await
}

/// Answers `GET people/{id}/history`, the latest first; of the newest [`MOST_REQUESTS`] requests that came before one.
pub async fn of_person(call: &Call<'_>, user: Uuid, before: Option<Uuid>) -> Result<Reply, ApiError> {
    if !call.looks_for(user) {
        return Err(ApiError::NotFound("user"));
    }
    let user = call.app.store.user(user).await?.ok_or(ApiError::NotFound("user"))?.uuid;
    let filter = RequestFilter { target: Some(user), before, limit: Some(MOST_REQUESTS), ..Default::default() };
    history(call, filter, CertificateScope::User(user)).await
}

/// Gathers what the caller may see.
async fn history(call: &Call<'_>, filter: RequestFilter, scope: CertificateScope) -> Result<Reply, ApiError> {
    let mut gathered = Gathered { call, names: Names::default(), entries: Vec::new() };
    let requests = call.app.store.requests(&filter).await?;
    let certificates = call.app.store.certificates(scope).await?;
    for request in requests {
        if call.sees_request(&request) {
            gathered.request(&request).await?;
        }
        // Who decides on a request sees nothing of what came of it, and who may ask for others sees what they hold.
        let seen = |it: &&CertificateRecord| call.sees(it.user, request.profile_template);
        for certificate in certificates.iter().filter(|it| it.request == request.uuid).filter(seen) {
            gathered.certificate(certificate);
        }
    }
    let mut entries = gathered.entries;
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    Reply::list(entries)
}

/// Holds the entries that were gathered, and the names of the people in them.
struct Gathered<'a> {
    call: &'a Call<'a>,
    names: Names,
    entries: Vec<HistoryEntry>,
}

impl Gathered<'_> {
    /// Adds what became of a request: made, decided on, ended.
    async fn request(&mut self, request: &RequestRecord) -> Result<(), ApiError> {
        let made = HistoryEntry {
            at: request.submitted,
            what: Happening::Requested,
            request: request.uuid,
            request_type: Some(request.request_type),
            by: self.names.of(self.call, request.originator).await?,
            why: request.comment.clone(),
            smartcard: request.new_smartcard.or(request.old_smartcard),
            serial: String::new(),
        };
        for decision in self.call.app.store.approvals(request.uuid).await? {
            self.entries.push(HistoryEntry {
                at: decision.at,
                what: if decision.approved { Happening::Approved } else { Happening::Denied },
                by: self.names.of(self.call, decision.approver).await?,
                why: decision.comment,
                ..made.clone()
            });
        }
        let ended = match request.status {
            RequestStatus::Completed => Some(Happening::Completed),
            RequestStatus::Canceled => Some(Happening::Canceled),
            RequestStatus::Failed => Some(Happening::Failed),
            RequestStatus::None
            | RequestStatus::Approved
            | RequestStatus::Denied
            | RequestStatus::Pending
            | RequestStatus::Executing
            | RequestStatus::Other(_) => None,
        };
        if let (Some(what), Some(at)) = (ended, request.completed) {
            self.entries.push(HistoryEntry { at, what, by: String::new(), why: String::new(), ..made.clone() });
        }
        self.entries.push(made);
        Ok(())
    }

    /// Adds that a certificate was issued, and that it was revoked.
    fn certificate(&mut self, certificate: &CertificateRecord) {
        let issued = HistoryEntry {
            at: certificate.not_before,
            what: Happening::Issued,
            request: certificate.request,
            request_type: None,
            by: String::new(),
            why: String::new(),
            smartcard: certificate.smartcard,
            serial: hex::encode_upper(&certificate.serial),
        };
        if let Some(revocation) = certificate.revocation {
            let why = RevocationReason::from_number(revocation.reason).map(|reason| reason.name().to_owned());
            let why = why.unwrap_or_default();
            self.entries.push(HistoryEntry { at: revocation.at, what: Happening::Revoked, why, ..issued.clone() });
        }
        self.entries.push(issued);
    }
}

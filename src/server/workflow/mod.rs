//! What each request type does to cards, profiles and certificates.
//!
//! In: a request that is made, carried out, completed or withdrawn, within a write job. Out: the changed records and
//! [`Effects`]. `begin` says what a request is about, `admit` lets it in; `assign` binds a card; `add`, `replace` and
//! `end` are what completion does, by family of types; `withdraw` takes back; `sweep` ends what ends by itself.
//! Every job reads anew what it decides on, so that of two callers one is refused or changes nothing.
//! Absent: who may do it ([`super::permission`]), how certificates are made ([`super::signing`]).

mod add;
pub mod admit;
pub mod assign;
pub mod begin;
mod end;
mod holders;
mod replace;
pub mod revocation;
pub mod sweep;
mod withdraw;

pub use end::retire;
pub use withdraw::withdrawn;

use super::error::ApiError;
use crate::cm::lifecycle::{RequestEvent, request_after};
use crate::cm::request::{RequestStatus, RequestType};
use crate::store::{AuditEntry, RequestRecord, Tx};
use crate::template::ProfileTemplate;
use time::OffsetDateTime;
use uuid::Uuid;

/// What has become of certificates, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    pub revoked: usize,
    pub held: usize,
    pub released: usize,
    pub superseded: usize,
    /// The policy wants a new revocation list at once.
    pub publish: bool,
}

impl Effects {
    /// Whether the revocation list is to be made anew.
    pub fn outdate_list(self) -> bool {
        self.publish && self.revoked + self.held + self.released > 0
    }

    /// Adds the numbers to what the log of acts is told.
    pub fn told(self, entry: AuditEntry) -> AuditEntry {
        [("revoked", self.revoked), ("held", self.held), ("released", self.released), ("superseded", self.superseded)]
            .into_iter()
            .filter(|(name, number)| *name == "revoked" || *number > 0)
            .fold(entry, |entry, (name, number)| entry.with(name, number))
    }
}

/// Completes a request; `None` for one that was completed before.
pub async fn completed(
    tx: &mut Tx,
    uuid: Uuid,
    template: &ProfileTemplate,
    now: OffsetDateTime,
) -> Result<(RequestRecord, Option<Effects>), ApiError> {
    let mut request = holders::request(tx, uuid).await?;
    let before = request.status;
    if before == RequestStatus::Completed {
        return Ok((request, None));
    }
    if is_done_by_completing(request.request_type) {
        request.status = request_after(request.status, RequestEvent::StartExecution)?;
    }
    request.status = request_after(request.status, RequestEvent::Complete)?;
    request.completed = Some(now);
    let effects = match request.request_type {
        RequestType::Enroll | RequestType::Duplicate | RequestType::RecoverOnBehalf | RequestType::TemporaryCards => {
            add::added(tx, &request).await?
        }
        RequestType::Renew | RequestType::OnlineUpdate | RequestType::Recover => {
            replace::replaced(tx, &request, template, now).await?
        }
        RequestType::Retire => end::was_retired(tx, &request).await?,
        RequestType::Revoke => end::disabled(tx, &request, template, now).await?,
        RequestType::Reinstate => end::suspended_or_reinstated(tx, &request, template, now).await?,
        RequestType::Unblock => add::unblocked(tx, &request).await?,
        RequestType::OfflineUnblock | RequestType::Other(_) => Effects::default(),
    };
    forget_keys(tx, &request).await?;
    tx.update_request(&request, before).await?;
    Ok((request, Some(effects)))
}

/// Private keys that are not archived for good go with the request that made them.
async fn forget_keys(tx: &mut Tx, request: &RequestRecord) -> Result<(), ApiError> {
    if let Some(profile) = request.new_profile {
        tx.forget_keys(profile).await?;
    }
    Ok(())
}

/// Nothing but completing it carries these out: no card is touched, nothing is issued.
fn is_done_by_completing(request_type: RequestType) -> bool {
    matches!(request_type, RequestType::Revoke | RequestType::Reinstate)
}

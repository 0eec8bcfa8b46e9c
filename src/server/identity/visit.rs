//! Finds the person on a visit, by the bearer token that a kiosk was given for it, and makes those tokens.
//!
//! A visit bears no roles: whatever its person may do for others, nobody does at a kiosk. It ends by its time, by whoever ends
//! it, when its person or the kiosk is disabled or the kiosk is none any more, when its request is closed, and when the certificate of
//! the card that began it is revoked or that card is in use no more.

use super::way::{Failure, Found, Until};
use crate::cm::request::RequestStatus;
use crate::pkix::Certificate;
use crate::secret::{BearerToken, LinkCode};
use crate::server::data_directory::settings::identity::RoleSettings;
use crate::server::error::{ApiError, Internal};
use crate::server::permission::caller::{Duty, Roles, Shown};
use crate::server::permission::visit::OneRequest;
use crate::server::users::bearer::{bearer_hash, new_bearer};
use crate::store::{Owned, Store, VisitRecord};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Begins the bearer token of every visit; no other one of the server has this character.
const PREFIX: &str = "visit~";
/// Begins the code of a visit that a kiosk has yet to take; it is no bearer token, and none of those begins so.
const CODE_PREFIX: &str = "handover~";
/// Sets for how long a kiosk may take it.
const CODE_LASTS: Duration = Duration::minutes(2);

/// Holds a visit that is about to be written, and its bearer token.
pub struct FreshVisit {
    pub record: VisitRecord,
    pub bearer: BearerToken,
}

impl FreshVisit {
    /// Makes a visit of this length.
    pub fn new(
        (owner, kiosk): (Uuid, Uuid),
        request: Option<Uuid>,
        (now, lasts): (OffsetDateTime, Duration),
    ) -> Result<Self, ApiError> {
        let value = new_bearer().map_err(|_| ApiError::Internal(Internal::Random))?;
        let bearer = BearerToken::new(format!("{PREFIX}{}", value.expose()));
        let hash = bearer_hash(bearer.expose());
        let (uuid, ends) = (Uuid::now_v7(), now + lasts);
        let record = VisitRecord { uuid, owner, kiosk, hash, request, serial: None, created: now, ends };
        Ok(Self { record, bearer })
    }

    /// Has the visit last no longer than this certificate does, and is not revoked, and its card is in use.
    pub fn while_holds(mut self, certificate: &Certificate) -> Self {
        self.record.serial = Some(certificate.serial_bytes());
        self.record.ends = self.record.ends.min(certificate.not_after());
        self
    }
}

/// Holds a visit that a kiosk has yet to take, and the code by which it does.
pub struct FreshCode {
    pub record: VisitRecord,
    pub code: LinkCode,
}

impl FreshCode {
    /// Makes one for a person who wants in at a kiosk.
    pub fn new(owner: Uuid, kiosk: Uuid, now: OffsetDateTime) -> Result<Self, ApiError> {
        let value = new_bearer().map_err(|_| ApiError::Internal(Internal::Random))?;
        let code = LinkCode::new(format!("{CODE_PREFIX}{}", value.expose()));
        let (uuid, hash, ends) = (Uuid::now_v7(), bearer_hash(code.expose()), now + CODE_LASTS);
        let record = VisitRecord { uuid, owner, kiosk, hash, request: None, serial: None, created: now, ends };
        Ok(Self { record, code })
    }
}

/// Finds the visit that this code is of, and its person, where the kiosk may still take it.
pub async fn handed_over(
    store: &Store,
    kiosk: Uuid,
    code: &LinkCode,
    now: OffsetDateTime,
) -> Result<Option<Owned<VisitRecord>>, ApiError> {
    // The hash of a visit's own bearer token is found in the same place, and is no code.
    if !code.expose().starts_with(CODE_PREFIX) {
        return Ok(None);
    }
    let held = store.visit_by_hash(&bearer_hash(code.expose())).await?;
    Ok(held.filter(|Owned { what, holder }| {
        what.kiosk == kiosk && (what.created..what.ends).contains(&now) && !holder.disabled
    }))
}

/// Says whether a bearer token is that of a visit.
pub fn is_meant(bearer: &str) -> bool {
    bearer.starts_with(PREFIX)
}

/// Finds the person on a visit; refuses one that is over.
pub async fn find(store: &Store, roles: &RoleSettings, bearer: &str, now: OffsetDateTime) -> Result<Found, Failure> {
    let held = store.visit_by_hash(&bearer_hash(bearer)).await.map_err(ApiError::from)?;
    let Owned { what: visit, holder: user } = held.ok_or(ApiError::NotAuthenticated)?;
    // One that is to begin yet is of before the clock was set back.
    if !(visit.created..visit.ends).contains(&now) {
        return Err(ApiError::VisitOver.into());
    }
    let kiosk = store.user(visit.kiosk).await.map_err(ApiError::from)?.filter(|kiosk| !kiosk.disabled);
    if !kiosk.is_some_and(|kiosk| Roles::of(roles, &kiosk.name, &kiosk.groups).include(Duty::LetIn)) {
        return Err(ApiError::VisitOver.into());
    }
    let only = match visit.request {
        Some(request) => {
            let request = store.request(request).await.map_err(ApiError::from)?;
            let open = |status| matches!(status, RequestStatus::Approved | RequestStatus::Executing);
            Some(request.filter(|request| open(request.status)).ok_or(ApiError::VisitOver)?)
        }
        None => None,
    };
    let shown = Shown::Visit { visit: visit.uuid, only: only.as_ref().map(OneRequest::of) };
    Ok(Found { user, shown, bears_roles: false, answer: None, until: Until::Moment(visit.ends) })
}

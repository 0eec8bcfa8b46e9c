//! Refuses what may not be certified, whatever a certification request says: asked before anything is signed, and again
//! in the job that remembers it.

use super::judge::Judged;
use super::possession;
use crate::ca::RevocationReason;
use crate::cm::request::RequestType;
use crate::pkix::attestation::Attestation;
use crate::server::call::app::App;
use crate::server::error::ApiError;
use crate::store::{ApprovalRecord, CertificateRecord, RequestRecord, Store, Tx};
use crate::template::ProfileTemplate;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const COMPROMISED: u8 = RevocationReason::KeyCompromise.number();

/// Refuses keys that were revoked as compromised, whoever had them, and keys that somebody else has a certificate for.
/// Keys are named by the SHA-256 of their SubjectPublicKeyInfo.
pub async fn check_keys(tx: &mut Tx, keys: &[[u8; 32]], owner: Uuid) -> Result<(), ApiError> {
    for key in keys {
        judge_key(tx.certificate_against(key, COMPROMISED, owner).await?)?;
    }
    Ok(())
}

/// Refuses them outside any job, before anything is signed.
pub async fn precheck_keys(store: &Store, keys: &[[u8; 32]], owner: Uuid) -> Result<(), ApiError> {
    for key in keys {
        judge_key(store.certificate_against(key, COMPROMISED, owner).await?)?;
    }
    Ok(())
}

/// Refuses a key that a certificate stands against.
fn judge_key(against: Option<CertificateRecord>) -> Result<(), ApiError> {
    let Some(against) = against else { return Ok(()) };
    let is_compromised = against.revocation.is_some_and(|revocation| revocation.reason == COMPROMISED);
    Err(if is_compromised { ApiError::KeyCompromised } else { ApiError::KeyTaken })
}

/// Holds what a request that puts new keys in the place of old ones is judged by.
#[derive(Clone, Debug)]
pub struct Entitlement {
    /// The template wants the old key shown, or what stands in for it.
    pub possession: bool,
    pub grace: Duration,
    /// The proven attestations of all new keys; none where one key has none.
    pub attested: Vec<Attestation>,
    /// By which clients call the server.
    pub names: Vec<String>,
}

impl Entitlement {
    /// Reads what the template wants of a request whose keys were judged so.
    pub fn of(app: &App, template: &ProfileTemplate, request_type: RequestType, judged: &[Judged]) -> Self {
        let passage = template.workflow(request_type).map(|workflow| workflow.passage);
        let proven = |judged: &Judged| {
            let attested = judged.attestation.as_ref().filter(|attested| attested.proven);
            attested.map(|attested| attested.attestation.clone())
        };
        Self {
            // A type that was since taken out of the template is refused elsewhere.
            possession: passage.is_some_and(|passage| passage.possession),
            grace: passage.map(|passage| passage.grace).unwrap_or_default(),
            names: app.public_names.clone(),
            attested: judged.iter().map(proven).collect::<Option<_>>().unwrap_or_default(),
        }
    }

    /// Refuses where neither the old key was shown, whose certificate still counts, nor the new ones are attested by the
    /// card that had attested an old one, nor somebody else than who asked and whom it is for has approved.
    pub async fn check(self, tx: &mut Tx, request: &RequestRecord, now: OffsetDateTime) -> Result<(), ApiError> {
        let Self { possession, grace, attested, names } = self;
        if !possession || is_approved(request, &tx.approvals(request.uuid).await?) {
            return Ok(());
        }
        if !attested.is_empty() && is_same_device(tx, request, &attested).await? {
            return Ok(());
        }
        let Some(shown) = tx.possession(request.uuid).await? else { return Err(ApiError::PossessionNeeded) };
        let is_shown = possession::is_shown(tx, request, &shown, &names, (grace, now)).await?;
        if is_shown { Ok(()) } else { Err(ApiError::PossessionOfOther) }
    }
}

/// Says whether the new keys were made by a card that has attested a key of the old profile: another good card may be
/// anybody's.
async fn is_same_device(tx: &mut Tx, request: &RequestRecord, attested: &[Attestation]) -> Result<bool, ApiError> {
    let Some(old) = request.old_profile else { return Ok(false) };
    for held in tx.holdings(old).await? {
        let kept = tx.attestation(&held.certificate.serial).await?.filter(|kept| kept.proven);
        let earlier = kept.and_then(|kept| Attestation::from_der(&kept.chain).ok());
        if earlier.is_some_and(|earlier| attested.iter().all(|new| new.is_of_device(&earlier))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Says whether a request that keeps its card will need no old key: the template demands attestations, and that card has
/// given one.
pub async fn will_attest(store: &Store, request: &RequestRecord, template: &ProfileTemplate) -> Result<bool, ApiError> {
    let keeps_card = request.new_smartcard.is_some() && request.new_smartcard == request.old_smartcard;
    let Some(old) = request.old_profile.filter(|_| keeps_card && template.attests_keys()) else { return Ok(false) };
    for held in store.holdings(old).await? {
        if store.attestation(&held.certificate.serial).await?.is_some_and(|kept| kept.proven) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Says whether somebody has approved who neither asked nor is the one it is for.
pub fn is_approved(request: &RequestRecord, decisions: &[ApprovalRecord]) -> bool {
    let concerned = [request.originator, request.target];
    decisions.iter().any(|decision| decision.approved && !concerned.contains(&decision.approver))
}

//! Answers OCSP questions by what the store says, signed with a key that the CA trusts for a day and that never leaves
//! memory.
//!
//! An answer about one certificate is given again for a while to whoever sends no nonce, as long as no certificate was revoked or
//! released since; after that the store is asked whether it is still true.

use super::kept_answers::{Answer, KEPT, KeptAnswer, KeptAnswers};
use crate::ca::ocsp::{Answering, Question, Refusal, Status};
use crate::ca::{EmbeddedCa, RevocationReason};
use crate::pkix::{Certificate, KeyAlgorithm, MemoryKey};
use crate::server::audit::witness::Witness;
use crate::server::authority::authorities::Authorities;
use crate::server::error::{ApiError, Internal};
use crate::store::Store;
use axum::body::Bytes;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

/// Sets how long the responder's certificate is valid.
const DELEGATION: Duration = Duration::days(1);
/// Sets how long before its end it is replaced.
const RENEW_WITHIN: Duration = Duration::hours(8);
/// Sets how long an answer is valid.
pub const VALIDITY: Duration = Duration::hours(1);

/// Answers questions by what the store says.
pub struct Responder {
    store: Store,
    authorities: Authorities,
    witness: Arc<Witness>,
    /// By how much answers are dated back.
    backdated: Duration,
    delegate: Mutex<Option<Arc<Delegate>>>,
    kept: KeptAnswers,
}

/// Holds the key that signs answers, and the CA's certificate for it.
struct Delegate {
    key: MemoryKey,
    certificate: Certificate,
}

/// Holds the status of a certificate, and when it changes by a revocation that was put off.
type Found = (Status, Option<OffsetDateTime>);

impl Responder {
    /// Takes the store that is asked and the CA that certifies the signing key; makes no key yet.
    pub fn new(store: Store, authorities: Authorities, witness: Arc<Witness>, backdated: Duration) -> Self {
        let (delegate, kept) = (Mutex::default(), KeptAnswers::default());
        Self { store, authorities, witness, backdated, delegate, kept }
    }

    /// Returns the key that signs answers; makes one where there is none, or its certificate ends soon.
    async fn delegate(&self, now: OffsetDateTime) -> Result<Arc<Delegate>, ApiError> {
        let mut kept = self.delegate.lock().await;
        if let Some(delegate) = kept.as_ref().filter(|it| now + RENEW_WITHIN < it.certificate.not_after()) {
            return Ok(Arc::clone(delegate));
        }
        let unusable = |error| ApiError::Internal(Internal::Ca(crate::ca::Error::Key(error)));
        let key = MemoryKey::generate(KeyAlgorithm::P256).map_err(unusable)?;
        let public = crate::pkix::Signer::public_key(&key);
        let certificate = self.authorities.signing_here(|authority| authority.delegate(public, DELEGATION, now))?;
        tracing::info!(not_after = %certificate.not_after(), "OCSP responder's certificate issued");
        Ok(Arc::clone(kept.insert(Arc::new(Delegate { key, certificate }))))
    }

    /// Answers a question, DER; one that cannot be answered gets the refusal that OCSP has for it (RFC 6960, 4.2.1).
    /// `may_sign` is asked before an answer is signed; where it refuses, so is the question.
    pub async fn answer(
        &self,
        question: &[u8],
        may_sign: impl FnOnce() -> Result<(), ApiError>,
    ) -> Result<Answer, ApiError> {
        let now = OffsetDateTime::now_utc();
        let Ok(question) = Question::read(question) else { return Ok(refused(Refusal::Malformed, now)) };
        let own = self.authorities.own();
        let alone = question.alone();
        match self.kept(&own, alone.as_deref(), now).await {
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => may_sign()?,
            Err(error) => return Ok(not_now(&error, now)),
        }
        let answered = self.answered(&own, &question, alone, now).await;
        Ok(answered.unwrap_or_else(|error| not_now(&error, now)))
    }

    /// Returns the answer that is kept, if it is still true.
    async fn kept(&self, own: &EmbeddedCa, id: Option<&[u8]>, now: OffsetDateTime) -> Result<Option<Answer>, ApiError> {
        let Some(kept) = id.and_then(|id| self.kept.find(own.own().der(), id, now)).filter(|_| !self.witness.doubts())
        else {
            return Ok(None);
        };
        let version = self.store.versions().await?.revocations;
        if kept.version == version {
            return Ok(Some(kept.answer));
        }
        // Something was revoked or released since, but seldom this one.
        let (status, changes) = self.status(own.own(), &kept.serial, now).await?;
        let still = status == kept.status && changes.is_none_or(|at| kept.until <= at);
        if let Some(id) = id.filter(|_| still) {
            let answer = kept.answer.clone();
            self.kept.keep(own.own().der(), id.to_vec(), KeptAnswer { version, ..kept }, now);
            return Ok(Some(answer));
        }
        Ok(None)
    }

    /// Answers a question, or refuses one that is only about another CA's certificates; keeps the answer where it can be given
    /// again.
    async fn answered(
        &self,
        own: &EmbeddedCa,
        question: &Question,
        alone: Option<Vec<u8>>,
        now: OffsetDateTime,
    ) -> Result<Answer, ApiError> {
        let issuer = own.own();
        let serials = question.serials(issuer)?;
        if serials.iter().all(Option::is_none) {
            return Ok(refused(Refusal::Unauthorized, now));
        }
        if self.witness.doubts() {
            return Ok(refused(Refusal::TryLater, now));
        }
        // Known before the status is read: what is revoked meanwhile makes the answer count as outdated, never as true.
        let version = self.store.versions().await?.revocations;
        let mut found = Vec::with_capacity(serials.len());
        for serial in &serials {
            found.push(match serial {
                None => (Status::Unknown, None),
                Some(serial) => self.status(issuer, serial, now).await?,
            });
        }
        let statuses: Vec<Status> = found.iter().map(|(status, _)| *status).collect();
        let der = self.signed(question, &statuses, now).await?;
        let tag = (!question.has_nonce()).then(|| tag(&der));
        let answer = Answer { der, made: now, tag };
        // An unknown one is kept for nobody: there is no end of them.
        if let (Some(id), [Some(serial)], [(status, changes)]) = (alone, serials.as_slice(), found.as_slice())
            && *status != Status::Unknown
        {
            let until = changes.map_or(now + KEPT, |at| at.min(now + KEPT));
            let kept = KeptAnswer { answer: answer.clone(), serial: serial.clone(), status: *status, until, version };
            self.kept.keep(issuer.der(), id, kept, now);
        }
        Ok(answer)
    }

    /// Signs an answer.
    async fn signed(&self, question: &Question, statuses: &[Status], now: OffsetDateTime) -> Result<Bytes, ApiError> {
        let delegate = self.delegate(now).await?;
        let by = Answering {
            signer: &delegate.key,
            certificate: &delegate.certificate,
            produced_at: now,
            this_update: now - self.backdated,
            next_update: now + VALIDITY,
        };
        Ok(question.answer(statuses, &by)?.into())
    }

    /// Returns the status of one certificate of this server's CA.
    async fn status(&self, issuer: &Certificate, serial: &[u8], now: OffsetDateTime) -> Result<Found, ApiError> {
        let Some(record) = self.store.certificate(serial).await? else { return Ok((Status::Unknown, None)) };
        // Another authority may have given the same number.
        let ours = Certificate::from_der(&record.der).is_ok_and(|it| it.issuer_name() == issuer.subject_name());
        Ok(match record.revocation {
            _ if !ours => (Status::Unknown, None),
            None => (Status::Good, None),
            Some(revocation) if now < revocation.at => (Status::Good, Some(revocation.at)),
            Some(revocation) => {
                let reason = RevocationReason::from_number(revocation.reason);
                let reason = reason.unwrap_or(RevocationReason::Unspecified);
                (Status::Revoked { at: revocation.at, reason }, None)
            }
        })
    }
}

/// Returns the entity tag of an answer.
fn tag(der: &[u8]) -> Arc<str> {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der)).into()
}

/// Returns the refusal of a question that could not be answered, and logs why.
fn not_now(error: &ApiError, now: OffsetDateTime) -> Answer {
    let (status, _) = error.status_and_code();
    tracing::error!(%error, status = status.as_u16(), "an OCSP question could not be answered");
    refused(Refusal::TryLater, now)
}

/// Returns a refusal.
fn refused(refusal: Refusal, now: OffsetDateTime) -> Answer {
    Answer { der: refusal.to_der().into(), made: now, tag: None }
}

//! Answers OCSP questions by what the store says, signed with a key that the CA trusts for a day and that never leaves
//! memory.

use crate::ca::RevocationReason;
use crate::ca::ocsp::{Answering, Question, Refusal, Status};
use crate::pkix::{Certificate, KeyAlgorithm, MemoryKey};
use crate::server::audit::witness::Witness;
use crate::server::authority::authorities::Authorities;
use crate::server::error::{ApiError, Internal};
use crate::store::Store;
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
}

/// Holds the key that signs answers, and the CA's certificate for it.
struct Delegate {
    key: MemoryKey,
    certificate: Certificate,
}

/// Holds an answer, DER.
pub struct Answer {
    pub der: Vec<u8>,
    pub made: OffsetDateTime,
    /// False: it was made for one question alone, or refuses.
    pub may_be_kept: bool,
}

impl Responder {
    /// Takes the store that is asked and the CA that certifies the signing key; makes no key yet.
    pub fn new(store: Store, authorities: Authorities, witness: Arc<Witness>, backdated: Duration) -> Self {
        Self { store, authorities, witness, backdated, delegate: Mutex::default() }
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
    pub async fn answer(&self, question: &[u8]) -> Answer {
        let now = OffsetDateTime::now_utc();
        match self.answered(question, now).await {
            Ok(answer) => answer,
            Err(error) => {
                let (status, _) = error.status_and_code();
                tracing::error!(%error, status = status.as_u16(), "an OCSP question could not be answered");
                refused(Refusal::TryLater, now)
            }
        }
    }

    /// Answers a question, or refuses one that is malformed or only about another CA's certificates.
    async fn answered(&self, question: &[u8], now: OffsetDateTime) -> Result<Answer, ApiError> {
        let Ok(question) = Question::read(question) else { return Ok(refused(Refusal::Malformed, now)) };
        let authority = self.authorities.own();
        let issuer = authority.own();
        let serials = question.serials(issuer)?;
        if serials.iter().all(Option::is_none) {
            return Ok(refused(Refusal::Unauthorized, now));
        }
        if self.witness.doubts() {
            return Ok(refused(Refusal::TryLater, now));
        }
        let mut statuses = Vec::with_capacity(serials.len());
        for serial in serials {
            statuses.push(match serial {
                None => Status::Unknown,
                Some(serial) => self.status(issuer, &serial, now).await?,
            });
        }
        let delegate = self.delegate(now).await?;
        let by = Answering {
            signer: &delegate.key,
            certificate: &delegate.certificate,
            produced_at: now,
            this_update: now - self.backdated,
            next_update: now + VALIDITY,
        };
        Ok(Answer { der: question.answer(&statuses, &by)?, made: now, may_be_kept: !question.has_nonce() })
    }

    /// Returns the status of one certificate of this server's CA.
    async fn status(&self, issuer: &Certificate, serial: &[u8], now: OffsetDateTime) -> Result<Status, ApiError> {
        let Some(record) = self.store.certificate(serial).await? else { return Ok(Status::Unknown) };
        // Another authority may have given the same number.
        let ours = Certificate::from_der(&record.der).is_ok_and(|it| it.issuer_name() == issuer.subject_name());
        Ok(match record.revocation.filter(|revocation| revocation.at <= now) {
            _ if !ours => Status::Unknown,
            None => Status::Good,
            Some(revocation) => Status::Revoked {
                at: revocation.at,
                reason: RevocationReason::from_number(revocation.reason).unwrap_or(RevocationReason::Unspecified),
            },
        })
    }
}

/// Returns a refusal.
fn refused(refusal: Refusal, now: OffsetDateTime) -> Answer {
    Answer { der: refusal.to_der(), made: now, may_be_kept: false }
}

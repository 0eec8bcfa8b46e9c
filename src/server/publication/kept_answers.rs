//! Keeps signed OCSP answers about single certificates, for all who ask without a nonce (RFC 5019, 6).
//!
//! Within bounds, whoever asks and whatever for: only answers about certificates that were issued are kept, and the oldest
//! questions are forgotten all at once.

use super::ocsp::Answer;
use crate::ca::EmbeddedCa;
use crate::ca::ocsp::Status;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

/// Sets for how long an answer is given again.
pub const KEPT: Duration = Duration::minutes(5);
/// Bounds the answers that are kept, and the bytes of each and of its question: eight mebibytes in all.
const MOST: usize = 4096;
const LARGEST: usize = 2048;
const LARGEST_QUESTION: usize = 128;

/// Holds an answer, and what it was made from.
#[derive(Clone)]
pub struct KeptAnswer {
    pub answer: Answer,
    pub serial: Vec<u8>,
    pub status: Status,
    /// From then on the answer is not given any more.
    pub until: OffsetDateTime,
    /// Of the revocations that the status was read after.
    pub version: u64,
}

/// Holds answers, each by the question's CertID, DER.
#[derive(Default)]
pub struct KeptAnswers(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    /// The CA that they are about; they go with it.
    by: Option<Arc<EmbeddedCa>>,
    answers: HashMap<Vec<u8>, KeptAnswer>,
}

impl KeptAnswers {
    /// Returns the answer to a question, unless its time is over or the CA is another one by now; the caller checks that the
    /// status is still that.
    pub fn find(&self, own: &Arc<EmbeddedCa>, id: &[u8], now: OffsetDateTime) -> Option<KeptAnswer> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by.as_ref().filter(|by| Arc::ptr_eq(by, own))?;
        kept.answers.get(id).filter(|kept| (kept.answer.made..kept.until).contains(&now)).cloned()
    }

    /// Keeps an answer, unless it or its question is too large.
    pub fn keep(&self, own: &Arc<EmbeddedCa>, id: Vec<u8>, answer: KeptAnswer, now: OffsetDateTime) {
        if id.len() > LARGEST_QUESTION || answer.answer.der.len() > LARGEST {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.by.as_ref().is_some_and(|by| Arc::ptr_eq(by, own)) {
            *kept = Answers { by: Some(Arc::clone(own)), answers: HashMap::new() };
        }
        if kept.answers.len() >= MOST && !kept.answers.contains_key(&id) {
            kept.answers.retain(|_, kept| now < kept.until);
            if kept.answers.len() >= MOST {
                kept.answers.clear();
            }
        }
        kept.answers.insert(id, answer);
    }
}

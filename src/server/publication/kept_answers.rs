//! Keeps signed OCSP answers about single certificates, for all who ask without a nonce (RFC 5019, 6).
//!
//! Within bounds, whoever asks and whatever for: only answers about certificates that were issued are kept, and the oldest
//! questions are forgotten all at once.

use crate::ca::ocsp::Status;
use axum::body::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

/// Sets for how long an answer is given again.
pub const KEPT: Duration = Duration::minutes(5);
/// Bounds the answers that are kept, and the bytes of each and of its question: eight mebibytes in all.
const MOST: usize = 4096;
const LARGEST: usize = 2048;
const LARGEST_QUESTION: usize = 128;

/// Holds an answer, DER.
#[derive(Clone)]
pub struct Answer {
    pub der: Bytes,
    pub made: OffsetDateTime,
    /// Tells it from others, for caches; `None`: it was made for one question alone, or refuses.
    pub tag: Option<Arc<str>>,
}

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
    /// The certificate, DER, of the CA that they are about; they go with it.
    of: Vec<u8>,
    answers: HashMap<Vec<u8>, KeptAnswer>,
}

impl KeptAnswers {
    /// Returns the answer to a question, unless its time is over or the CA is another one by now; the caller checks that the
    /// status is still that.
    pub fn find(&self, ca: &[u8], id: &[u8], now: OffsetDateTime) -> Option<KeptAnswer> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.answers.get(id).filter(|_| kept.of == ca);
        found.filter(|kept| (kept.answer.made..kept.until).contains(&now)).cloned()
    }

    /// Keeps an answer, unless it or its question is too large.
    pub fn keep(&self, ca: &[u8], id: Vec<u8>, answer: KeptAnswer, now: OffsetDateTime) {
        if id.len() > LARGEST_QUESTION || answer.answer.der.len() > LARGEST {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.of != ca {
            *kept = Answers { of: ca.to_vec(), answers: HashMap::new() };
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn kept(bytes: usize, until: OffsetDateTime) -> KeptAnswer {
        let answer = Answer { der: Bytes::from(vec![0; bytes]), made: NOW, tag: None };
        KeptAnswer { answer, serial: vec![1], status: Status::Good, until, version: 1 }
    }

    #[test]
    fn an_answer_is_given_in_its_time_and_for_its_authority_alone() {
        let (answers, end) = (KeptAnswers::default(), NOW + KEPT);
        answers.keep(b"ca", vec![1], kept(900, end), NOW);
        let is_given = |ca: &[u8], at| answers.find(ca, &[1], at).is_some();
        assert!(is_given(b"ca", NOW) && is_given(b"ca", end - Duration::SECOND));
        assert!(!is_given(b"ca", end), "its time is over");
        assert!(!is_given(b"ca", NOW - Duration::SECOND), "the clock was set back");
        assert!(!is_given(b"renewed", NOW) && answers.find(b"ca", &[2], NOW).is_none());
        answers.keep(b"renewed", vec![2], kept(900, end), NOW);
        assert!(!is_given(b"ca", NOW), "they go with their authority");
    }

    #[test]
    fn memory_is_bounded_whatever_is_asked_for() {
        let answers = KeptAnswers::default();
        let number = || answers.0.lock().unwrap().answers.len();
        answers.keep(b"ca", vec![0; LARGEST_QUESTION + 1], kept(900, NOW + KEPT), NOW);
        answers.keep(b"ca", vec![0], kept(LARGEST + 1, NOW + KEPT), NOW);
        assert_eq!(number(), 0, "what is too large is kept for nobody");
        for id in 0..u32::try_from(MOST).unwrap() * 3 {
            answers.keep(b"ca", id.to_be_bytes().to_vec(), kept(900, NOW + KEPT), NOW);
            assert!(number() <= MOST);
        }
        // Those whose time is over go first.
        let answers = KeptAnswers::default();
        for id in 0..u32::try_from(MOST).unwrap() {
            let until = if id == 0 { NOW + KEPT } else { NOW + Duration::SECOND };
            answers.keep(b"ca", id.to_be_bytes().to_vec(), kept(900, until), NOW);
        }
        let later = NOW + Duration::minutes(1);
        answers.keep(b"ca", vec![9], kept(900, later + KEPT), later);
        assert!(answers.find(b"ca", &0_u32.to_be_bytes(), later).is_some());
        assert_eq!(answers.0.lock().unwrap().answers.len(), 2);
    }
}

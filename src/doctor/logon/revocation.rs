//! Asks whether a certificate is revoked, at the places that it names itself: each, so that what is wrong with one is told
//! even where another answers.

use super::code::Code;
use super::finding::Finding;
use crate::pkix::crl::{MAX_LIST, RevocationList};
use crate::pkix::ocsp::{self, Answer, MAX_ANSWER, Status};
use crate::pkix::{Addresses, Certificate};
use crate::published::{Error, Published};
use time::{Duration, OffsetDateTime};

/// Bounds the addresses of one kind that are asked.
const MOST_ADDRESSES: usize = 2;
/// Forgives so much in clocks when a list should have been renewed.
const SKEW: Duration = Duration::minutes(5);

/// Says what came of one place.
enum Said {
    Good,
    Revoked,
    /// Nothing that counts; and whether somebody answered.
    Nothing(Finding, bool),
}

/// Asks about a certificate of `issuer`.
pub(super) fn ask(
    certificate: &Certificate,
    issuer: &Certificate,
    published: &Published,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let asking = Asking { certificate, issuer, published, now };
    let Addresses { lists, responders, .. } = certificate.addresses().unwrap_or_default();
    if lists.is_empty() && responders.is_empty() {
        return vec![asking.found(Code::RevocationNowhere)];
    }
    let (mut troubles, mut good, mut revoked, mut answered) = (Vec::new(), None, None, false);
    let responders = responders.iter().take(MOST_ADDRESSES).map(|address| (address, asking.responder(address)));
    let lists = lists.iter().take(MOST_ADDRESSES).map(|address| (address, asking.list(address)));
    for (address, said) in responders.chain(lists) {
        match said {
            Said::Good => good = good.or(Some(address)),
            Said::Revoked => revoked = revoked.or(Some(address)),
            Said::Nothing(trouble, any) => {
                answered |= any;
                troubles.push(trouble);
            }
        }
    }
    troubles.push(match (revoked, good, answered) {
        (Some(address), ..) => asking.found(Code::Revoked).with("address", address),
        (None, Some(address), _) => asking.found(Code::NotRevoked).with("address", address),
        (None, None, true) => asking.found(Code::RevocationUnknown),
        (None, None, false) => asking.found(Code::RevocationUnreached),
    });
    troubles
}

struct Asking<'a> {
    certificate: &'a Certificate,
    issuer: &'a Certificate,
    published: &'a Published,
    now: OffsetDateTime,
}

impl Asking<'_> {
    fn found(&self, code: Code) -> Finding {
        Finding::new(code).with("certificate", self.certificate.subject())
    }

    fn list(&self, address: &str) -> Said {
        let bytes = match self.published.get(address, MAX_LIST) {
            Ok(bytes) => bytes,
            Err(error) => return nothing(Code::ListUnfetched, address, &error, error.is_answer()),
        };
        match RevocationList::read(&bytes, self.issuer) {
            Ok(list) if list.names(self.certificate) => Said::Revoked,
            Ok(list) => self.if_fresh(list.next_update, Code::ListStale, address, Said::Good),
            Err(error) => nothing(Code::ListUnusable, address, &error, true),
        }
    }

    fn responder(&self, address: &str) -> Said {
        let question = match ocsp::question(self.certificate, self.issuer) {
            Ok(question) => question,
            Err(error) => return nothing(Code::ResponderUnusable, address, &error, false),
        };
        let bytes = match self.published.ask(address, &question, MAX_ANSWER) {
            Ok(bytes) => bytes,
            Err(error @ (Error::Status(_) | Error::TooLarge(_))) => {
                return nothing(Code::ResponderUnusable, address, &error, true);
            }
            Err(error) => return nothing(Code::ResponderUnreached, address, &error, false),
        };
        let answer = match Answer::read(&bytes, self.certificate, self.issuer, self.now) {
            Ok(answer) => answer,
            Err(error) => return nothing(Code::ResponderUnusable, address, &error, true),
        };
        let said = match answer.status {
            Status::Revoked { .. } => return Said::Revoked,
            Status::Good => Said::Good,
            Status::Unknown => Said::Nothing(self.found(Code::ResponderKnowsNot).with("address", address), true),
        };
        self.if_fresh(answer.next_update, Code::ResponderStale, address, said)
    }

    /// Counts what was said only where nothing newer should be there by now.
    fn if_fresh(&self, next: Option<OffsetDateTime>, stale: Code, address: &str, said: Said) -> Said {
        match next {
            Some(next) if next + SKEW < self.now => {
                Said::Nothing(Finding::new(stale).with("address", address).with("date", next.date()), true)
            }
            Some(_) | None => said,
        }
    }
}

fn nothing(code: Code, address: &str, reason: &dyn std::error::Error, answered: bool) -> Said {
    Said::Nothing(Finding::new(code).with("address", address).with("reason", reason), answered)
}

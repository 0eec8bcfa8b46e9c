//! Follows a certificate up to an authority that is trusted, or as far as it goes (RFC 5280, 6.1, without policies).

use super::asked::Asked;
use super::code::Code;
use super::finding::Finding;
use crate::pkix::{Certificate, CertificateBundle};
use time::OffsetDateTime;

/// Bounds the certificates of a chain.
const LONGEST: usize = 8;
/// Bounds the addresses of an issuer that are asked.
const MOST_ADDRESSES: usize = 2;
/// Limits what is fetched as an issuer's certificate, in bytes.
const MAX_ISSUER: usize = 64 * 1024;

/// Holds a chain as far as it was followed.
pub(super) struct Chain {
    /// The certificate, then its issuers; each has signed the one before.
    pub path: Vec<Certificate>,
    pub findings: Vec<Finding>,
    /// Whether it ends where it may: at what is trusted, or at a root where nobody has said what is.
    pub is_whole: bool,
}

/// Says how a step went.
enum Step {
    To(Box<Certificate>),
    End(Code, String),
}

/// Follows the chain of a certificate; `on_card` are authorities that came with it.
pub(super) fn follow(leaf: &Certificate, on_card: &[Certificate], asked: &Asked<'_>) -> Chain {
    let mut chain = Chain { path: vec![leaf.clone()], findings: Vec::new(), is_whole: false };
    let mut current = leaf.clone();
    while chain.path.len() < LONGEST {
        match step(&current, on_card, asked, &mut chain.findings) {
            Step::To(issuer) => {
                chain.findings.extend(judge(&issuer, chain.path.len() - 1, asked.now));
                chain.path.push((*issuer).clone());
                current = *issuer;
            }
            Step::End(code, authority) => return chain.end(code, &authority),
        }
    }
    chain.end(Code::ChainBroken, &current.issuer())
}

impl Chain {
    fn end(mut self, code: Code, authority: &str) -> Self {
        self.is_whole = matches!(code, Code::ChainTrusted | Code::ChainUnanchored);
        self.findings.push(Finding::new(code).with("authority", authority));
        self
    }
}

fn step(current: &Certificate, on_card: &[Certificate], asked: &Asked<'_>, findings: &mut Vec<Finding>) -> Step {
    if asked.anchors.contains(current) {
        return Step::End(Code::ChainTrusted, current.subject());
    }
    let has_signed = |it: &&Certificate| *it != current && current.verify_issued_by(it).is_ok();
    let known = || asked.anchors.iter().chain(asked.authorities).chain(on_card);
    if let Some(issuer) = known().find(has_signed) {
        return Step::To(Box::new(issuer.clone()));
    }
    if current.verify_issued_by(current).is_ok() {
        let code = if asked.anchors.is_empty() { Code::ChainUnanchored } else { Code::ChainUntrusted };
        return Step::End(code, current.subject());
    }
    let fetched = fetch(current, asked, findings);
    match fetched.iter().find(has_signed) {
        Some(issuer) => Step::To(Box::new(issuer.clone())),
        None if known().chain(&fetched).any(|it| is_named(it, current)) => {
            Step::End(Code::ChainForged, current.issuer())
        }
        None => Step::End(Code::ChainBroken, current.issuer()),
    }
}

/// Says whether an authority is the one that a certificate names as its issuer: its name, and its key where that is named.
fn is_named(authority: &Certificate, certificate: &Certificate) -> bool {
    let key = certificate.authority_key_id().ok().flatten();
    let is_key = |key| authority.subject_key_id().ok().flatten().is_none_or(|own| own == key);
    authority.subject_name() == certificate.issuer_name() && key.is_none_or(is_key)
}

/// Fetches the certificates that are at the addresses of the issuer.
fn fetch(current: &Certificate, asked: &Asked<'_>, findings: &mut Vec<Finding>) -> Vec<Certificate> {
    let Some(published) = asked.published else { return Vec::new() };
    let mut found = Vec::new();
    for address in current.addresses().unwrap_or_default().issuers.iter().take(MOST_ADDRESSES) {
        let fetched = published.get(address, MAX_ISSUER).map_err(|error| error.to_string());
        let read = fetched.and_then(|bytes| read(&bytes).ok_or_else(|| "it is no certificate".to_owned()));
        match read {
            Ok(certificates) => found.extend(certificates),
            Err(reason) => {
                findings.push(Finding::new(Code::IssuerUnfetched).with("address", address).with("reason", reason));
            }
        }
    }
    found
}

/// Reads a certificate, or a bundle of some (RFC 5280, 4.2.2.1).
fn read(bytes: &[u8]) -> Option<Vec<Certificate>> {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        return Some(vec![certificate]);
    }
    Some(CertificateBundle::read(bytes).ok()?.certificates()).filter(|certificates| !certificates.is_empty())
}

/// Judges an authority with `below` authorities under it.
fn judge(authority: &Certificate, below: usize, now: OffsetDateTime) -> Option<Finding> {
    let (from, to) = (authority.not_before(), authority.not_after());
    let is_long_enough = authority.path_length().is_ok_and(|most| most.is_none_or(|most| usize::from(most) >= below));
    if !authority.is_ca().unwrap_or(false) || !is_long_enough {
        return Some(Finding::new(Code::AuthorityUnfit).with("authority", authority.subject()));
    }
    if (from..=to).contains(&now) {
        return None;
    }
    let finding = Finding::new(Code::AuthorityNotInTime).with("authority", authority.subject());
    Some(finding.with("from", from.date()).with("date", to.date()))
}

//! Whether somebody will log on with a card: what the doctor says, beside what strangers do with the same card.

mod chain;
mod kdc;
mod published;

use cardwright::doctor::Verdict;
use cardwright::doctor::logon::{Asked, Finding, LogonCard, Server, examine, read_card};
use cardwright::pkcs11::Pkcs11Token;
use cardwright::pkix::{Certificate, KeyAlgorithm, PublicKey};
use cardwright::published::Published;
use cardwright::secret::Pin;
use cardwright::token::{Credentials, KeyId, KeyOrder, LastTry, Token};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, OtherNameValue, SanType};
use time::OffsetDateTime;

use crate::support::softhsm;

const PIN: &str = "271828";
const UPN: [u64; 10] = [1, 3, 6, 1, 4, 1, 311, 20, 2, 3];
const SMART_CARD_LOGON: [u64; 10] = [1, 3, 6, 1, 4, 1, 311, 20, 2, 2];

/// A token with one key pair, whose certificate is changed from case to case.
struct Bench {
    token: Pkcs11Token,
    id: KeyId,
    key: PublicKey,
}

impl Bench {
    fn new(label: &str) -> Self {
        let mut token = softhsm::token(label, "87654321", PIN);
        let id = KeyId(vec![0x51]);
        let (algorithm, label) = (KeyAlgorithm::Rsa2048, "logon".to_owned());
        let order = KeyOrder { id: id.clone(), label, algorithm, decrypts: false, replace: false };
        let pin = Pin::new(PIN.into());
        let key = token.log_in(Credentials::user(&pin, LastTry::Keep)).unwrap().generate(&order).unwrap();
        Self { token, id, key }
    }

    /// The token with this certificate, as it is read.
    fn card(&mut self, certificate: &[u8]) -> LogonCard {
        let pin = Pin::new(PIN.into());
        let mut session = self.token.log_in(Credentials::user(&pin, LastTry::Keep)).unwrap();
        session.write_certificate(&self.id, "logon", certificate).unwrap();
        drop(session);
        read_card(&mut self.token).unwrap()
    }
}

/// A certificate with which Windows, and a KDC that is told to, logs alice on.
fn fit(params: &mut CertificateParams) {
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::Other(SMART_CARD_LOGON.to_vec()), ExtendedKeyUsagePurpose::ClientAuth];
    named(params, "alice@example.test");
}

fn named(params: &mut CertificateParams, upn: &str) {
    params.subject_alt_names = vec![SanType::OtherName((UPN.to_vec(), OtherNameValue::Utf8String(upn.into())))];
}

/// Judges a card that nobody's server is asked about.
fn judged(
    card: &LogonCard,
    anchors: &[Certificate],
    published: Option<&Published>,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let server = Server::NotAsked("this is a test".into());
    examine(
        card,
        &Asked { now, anchors, authorities: &[], published, registry: None, server: &server, server_time: None },
    )
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code.name()).collect()
}

fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(Finding::verdict).max().unwrap()
}

#[test]
fn every_code_is_its_own_and_every_sentence_is_filled() {
    use cardwright::doctor::logon::Code;
    let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL {
        let amiss = matches!(code.verdict(), Verdict::Attention | Verdict::Bad);
        assert!(!amiss || code.remedy().is_some(), "{code:?} says not what to do");
    }
}

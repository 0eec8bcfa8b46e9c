//! Keys and certificates, told by exact commands.

use super::{COUNTER, NO_CONTAINERS, PIN, VERIFY, conversation, opened, pin};
use crate::support::script::{SHORT, Script};
use cardwright::gids::GidsToken;
use cardwright::pkix::{KeyAlgorithm, KeyKind, SignatureAlgorithm};
use cardwright::token::{Credentials, Error, KeyId, KeyOrder, LastTry, Token};
use uuid::Uuid;

/// Name and key id of the container that Windows made.
const WINDOWS: &str = "257f0362-2ee7-44f5-9885-36fa490f30c1";

fn windows_id() -> KeyId {
    KeyId(WINDOWS.parse::<Uuid>().unwrap().as_bytes().to_vec())
}

/// A card with the container that Windows made, about to be asked for what it holds and then `turns`.
fn windows_card(before: &[(&str, &str)], after: &[(&str, &str)]) -> (Script, GidsToken) {
    let text = conversation("windows-container.txt");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let told: Vec<(&str, &str)> = lines.chunks(2).map(|turn| (&turn[0][1..], &turn[1][1..])).collect();
    opened(SHORT, &[before, &told, after].concat())
}

fn order(id: &KeyId, algorithm: KeyAlgorithm) -> KeyOrder {
    KeyOrder { id: id.clone(), label: "a key".into(), algorithm, decrypts: true, replace: false }
}

#[test]
fn what_windows_wrote_is_read() {
    let (script, mut token) = windows_card(&[], &[]);
    let objects = token.public_objects().unwrap();
    script.finish();
    let [stored] = objects.as_slice() else { panic!("{} objects", objects.len()) };
    assert_eq!((&stored.id, stored.label.as_str()), (&windows_id(), WINDOWS));
    assert!(stored.has_private_key && stored.certificate.is_none());
    assert_eq!(stored.public_key.as_ref().unwrap().kind(), KeyKind::Rsa { bits: 2048 });
}

#[test]
fn a_digest_is_signed_as_windows_has_it_signed() {
    let signature = "AB".repeat(256) + "9000";
    // SHA-256 of the empty message.
    let digest = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
    let sign = format!("002A9E9A333031300D060960864801650304020105000420{digest}00");
    let with = ("002241B606800157840181", "9000");
    let (script, mut token) = windows_card(&[COUNTER, VERIFY], &[with, (&sign, &signature)]);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    assert!(session.find(&windows_id()).unwrap().is_some());
    let signed = session.sign(&windows_id(), SignatureAlgorithm::RsaPkcs1Sha256, b"").unwrap();
    assert_eq!(signed, [0xAB; 256]);
    let refused = session.sign(&windows_id(), SignatureAlgorithm::EcdsaSha256, b"");
    assert!(matches!(refused, Err(Error::Signature(SignatureAlgorithm::EcdsaSha256))));
    let absent = KeyId(vec![7; 16]);
    assert!(
        matches!(session.sign(&absent, SignatureAlgorithm::RsaPkcs1Sha256, b""), Err(Error::NoSuchKey(id)) if id == absent)
    );
    drop(session);
    script.finish();
}

#[test]
fn a_login_that_was_lost_and_a_key_that_is_gone_are_told_apart() {
    for (status, wanted) in [("6982", "UserNeeded"), ("6A88", "NoSuchKey"), ("6984", "NoSuchKey"), ("6F00", "Device")] {
        let with = ("002241B606800157840181", status);
        let (script, mut token) = windows_card(&[COUNTER, VERIFY], &[with]);
        let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
        session.find(&windows_id()).unwrap();
        let error = session.sign(&windows_id(), SignatureAlgorithm::RsaPkcs1Sha256, b"").unwrap_err();
        assert!(format!("{error:?}").starts_with(wanted), "{status}: {error:?}");
        drop(session);
        script.finish();
    }
}

#[test]
fn what_cannot_be_made_is_refused_before_the_card_hears_of_it() {
    let (script, mut token) = opened(SHORT, &[COUNTER, VERIFY]);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::P384] {
        let refused = session.generate(&order(&windows_id(), algorithm));
        assert!(matches!(refused, Err(Error::Algorithm(told)) if told == algorithm));
    }
    for id in [vec![], vec![1; 15], vec![1; 18]] {
        let refused = session.generate(&order(&KeyId(id), KeyAlgorithm::Rsa2048));
        assert!(matches!(refused, Err(Error::Device { .. })));
    }
    let refused = session.reserve(&windows_id(), 65_536);
    assert!(matches!(refused, Err(Error::CertificateTooLarge { length: 65_536, largest: 65_535 })));
    let refused = session.write_certificate(&windows_id(), "", b"no certificate");
    assert!(matches!(refused, Err(Error::NotACertificate(_))));
    drop(session);
    script.finish();
}

#[test]
fn a_key_is_made_in_a_file_like_that_of_windows() {
    let master = super::MASTER_FILE;
    let created = "00E000004962478201188302B0818C058F10101000A537B8098001078301819501 40B8098001878301819501 40B8098001478301819501 40B6098001178301819501 40B6098001578301819501 40";
    let created = created.replace(' ', "");
    let name: String = WINDOWS.bytes().map(|byte| format!("{byte:02X}00")).collect();
    // Windows makes it the default at once; here it becomes that with a certificate for logging on.
    let cmap_file = format!("00DBA01059DF2356{name}00000000000000000100000000 08").replace(' ', "");
    let text = conversation("windows-container.txt");
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).skip(4).map(|line| &line[1..]);
    let public_key = (lines.next().unwrap(), lines.next().unwrap());
    let rest = (lines.next().unwrap(), lines.next().unwrap());
    let turns = [
        COUNTER,
        VERIFY,
        master,
        NO_CONTAINERS,
        (&created, "9000"),
        ("00440000", "9000"),
        ("0047000008AC0680010783018100", "9000"),
        public_key,
        rest,
        // Key map and cardcf, as Windows keeps them.
        ("00CBA000045C02DF2000", "6A88"),
        ("00CBA010045C02DF2200", "DF22060000000002009000"),
        ("00DBA01009DF2206000001000300", "9000"),
        ("00DBA00010DF200D0101000000079A81B0FFFF0000", "9000"),
        (&cmap_file, "9000"),
    ];
    let (script, mut token) = opened(SHORT, &turns);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    let made = session.generate(&order(&windows_id(), KeyAlgorithm::Rsa2048)).unwrap();
    assert_eq!(made.kind(), KeyKind::Rsa { bits: 2048 });
    // It is known now, without another look.
    let again = session.generate(&order(&windows_id(), KeyAlgorithm::Rsa2048));
    assert!(matches!(again, Err(Error::KeyIdTaken(id)) if id == windows_id()));
    drop(session);
    script.finish();
}

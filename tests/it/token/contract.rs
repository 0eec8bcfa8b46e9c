//! What every token must do, whatever its tongue: the same functions over every [`Fixture`].

use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm};
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, Authority, Error, KeyOrder, LastTry, Operation, SecretKind};

use super::fixture::{Fixture, order};
use super::{PIN, pin};
use crate::support::certificates::{certificate_for, certificate_with};

#[test]
fn softhsm_keeps_keys_and_certificates() {
    keys_and_certificates(Fixture::softhsm("contract keys"));
}

#[test]
fn kryoptic_keeps_keys_and_certificates() {
    keys_and_certificates(Fixture::kryoptic("contract keys"));
}

#[test]
fn a_yubikey_keeps_keys_and_certificates() {
    keys_and_certificates(Fixture::yubikey());
}

#[test]
fn a_nitrokey_keeps_keys_and_certificates() {
    keys_and_certificates(Fixture::nitrokey());
}

#[test]
fn a_plain_piv_card_keeps_keys_and_certificates() {
    keys_and_certificates(Fixture::plain_piv());
}

#[test]
fn a_gids_card_keeps_keys_and_certificates() {
    keys_and_certificates(Fixture::gids());
}

#[test]
fn softhsm_signs_with_every_algorithm() {
    every_algorithm(Fixture::softhsm("contract algorithms"));
}

#[test]
fn kryoptic_signs_with_every_algorithm() {
    every_algorithm(Fixture::kryoptic("contract algorithms"));
}

#[test]
fn a_yubikey_signs_with_every_algorithm() {
    every_algorithm(Fixture::yubikey());
}

#[test]
fn a_nitrokey_signs_with_every_algorithm() {
    every_algorithm(Fixture::nitrokey());
}

#[test]
fn a_plain_piv_card_signs_with_every_algorithm() {
    every_algorithm(Fixture::plain_piv());
}

#[test]
fn a_gids_card_signs_with_every_algorithm() {
    every_algorithm(Fixture::gids());
}

#[test]
fn softhsm_changes_secrets() {
    secrets(Fixture::softhsm("contract secrets"));
}

#[test]
fn kryoptic_changes_secrets() {
    secrets(Fixture::kryoptic("contract secrets"));
}

#[test]
fn a_yubikey_changes_secrets() {
    secrets(Fixture::yubikey());
}

#[test]
fn a_nitrokey_changes_secrets() {
    secrets(Fixture::nitrokey());
}

#[test]
fn a_plain_piv_card_changes_secrets() {
    secrets(Fixture::plain_piv());
}

#[test]
fn a_gids_card_changes_secrets() {
    secrets(Fixture::gids());
}

#[test]
fn softhsm_changes_its_administrators_secret() {
    admin_key(Fixture::softhsm("contract admin"));
}

#[test]
fn kryoptic_changes_its_administrators_secret() {
    admin_key(Fixture::kryoptic("contract admin"));
}

#[test]
fn a_yubikey_changes_its_administrators_secret() {
    admin_key(Fixture::yubikey());
}

#[test]
fn a_nitrokey_changes_its_administrators_secret() {
    admin_key(Fixture::nitrokey());
}

#[test]
fn a_gids_card_changes_its_administrators_secret() {
    admin_key(Fixture::gids());
}

pub fn keys_and_certificates(mut fixture: Fixture) {
    assert_eq!(fixture.token.identity().kind, fixture.kind);
    assert_eq!(fixture.token.authority(Operation::Sign), Authority::User);
    let (labels, [certified, bare], nowhere) = (fixture.labels, fixture.objects, fixture.nowhere.clone());
    let (id, other) = (fixture.place(0, false), fixture.place(1, false));
    let [first_algorithm, other_algorithm] = fixture.quick;
    let (first_order, other_order) = (order(&id, first_algorithm), order(&other, other_algorithm));
    let signs = SignatureAlgorithm::default_for(first_algorithm);

    let mut session = fixture.session();
    assert!(session.find(&id).unwrap().is_none());
    assert!(matches!(session.sign(&id, signs, b"m"), Err(Error::NoSuchKey(_))));
    let made = session.generate(&first_order).unwrap();
    assert!(matches!(session.generate(&first_order), Err(Error::KeyIdTaken(taken)) if taken == id));
    assert!(session.read_certificate(&id).unwrap().is_none());
    let first = certificate_for(&made, "first");
    session.reserve(&id, first.len()).unwrap();
    assert!(session.read_certificate(&id).unwrap().is_none());
    session.write_certificate(&id, "first", &first).unwrap();
    assert!(session.read_certificate(&id).unwrap() == Some(first.clone()));
    drop(session);

    // Everything is found again by a session that has seen nothing of it.
    let mut session = fixture.session();
    assert!(matches!(session.generate(&first_order), Err(Error::KeyIdTaken(_))));
    let found = session.find(&id).unwrap().unwrap();
    assert!(found.has_private_key && found.public_key.as_ref() == Some(&made));
    assert_eq!(found.label == first_order.label, labels);
    assert!(found.certificate == Some(first.clone()));
    let signature = session.sign(&id, signs, b"message").unwrap();
    made.verify(signs, b"message", &signature).unwrap();

    // Writing again is harmless; another certificate takes the first one's place.
    session.reserve(&id, first.len()).unwrap();
    session.write_certificate(&id, "first", &first).unwrap();
    let second = certificate_with(&made, "second", |params| params.serial_number = Some(2.into()));
    session.write_certificate(&id, "second", &second).unwrap();
    assert!(session.read_certificate(&id).unwrap() == Some(second.clone()));
    assert!(matches!(session.write_certificate(&id, "x", b"no certificate"), Err(Error::NotACertificate(_))));
    assert!(matches!(session.write_certificate(&nowhere, "x", &first), Err(Error::NoSuchKey(_))));

    let another = session.generate(&other_order).unwrap();
    assert!(session.holds(&other, &another).unwrap() && session.holds(&id, &made).unwrap());
    assert!(!session.holds(&other, &made).unwrap() && !session.holds(&nowhere, &made).unwrap());
    let listed = session.list().unwrap();
    assert_eq!(listed.len(), 2);
    let one = listed.iter().find(|stored| stored.id == id).unwrap();
    assert!(one.certificate == Some(second) && one.public_key.as_ref() == Some(&made));
    let two = listed.iter().find(|stored| stored.id == other).unwrap();
    assert!(two.certificate.is_none() && two.has_private_key);

    assert_eq!(session.delete(&id).unwrap(), certified);
    assert!(session.find(&id).unwrap().is_none());
    assert_eq!(session.delete(&id).unwrap(), 0);
    assert_eq!(session.delete(&other).unwrap(), bare);
    assert!(session.list().unwrap().is_empty());
    drop(session);
    assert!(fixture.token.public_objects().unwrap().is_empty());
}

pub fn every_algorithm(mut fixture: Fixture) {
    use KeyAlgorithm as K;
    use SignatureAlgorithm as S;
    let rsa = [S::RsaPkcs1Sha1, S::RsaPkcs1Sha256, S::RsaPkcs1Sha384, S::RsaPkcs1Sha512];
    let ecdsa = [S::EcdsaSha256, S::EcdsaSha384];
    for (index, key) in (0..).zip(fixture.algorithms.clone()) {
        let decrypts = matches!(key, K::Rsa3072 | K::Rsa4096 | K::P384);
        let id = fixture.place(index, decrypts);
        let mut session = fixture.session();
        let made = session.generate(&KeyOrder { decrypts, ..order(&id, key) }).unwrap();
        assert_eq!(made.algorithm(), Some(key));
        let is_rsa = made.kind().is_rsa();
        for algorithm in if is_rsa { rsa.as_slice() } else { &ecdsa } {
            let signature = session.sign(&id, *algorithm, b"message").unwrap();
            made.verify(*algorithm, b"message", &signature).unwrap();
            assert!(made.verify(*algorithm, b"massage", &signature).is_err());
        }
        let foreign = if is_rsa { S::EcdsaSha256 } else { S::RsaPkcs1Sha256 };
        assert!(matches!(session.sign(&id, foreign, b"m"), Err(Error::Signature(refused)) if refused == foreign));
    }
}

fn refused(error: Option<Error>, wanted: SecretKind) {
    match error {
        // A card that tells whether the secret is the one it came with is not asked.
        Some(Error::SecretRefused { secret, .. } | Error::Contradicted { secret, .. }) => assert_eq!(secret, wanted),
        other => panic!("{other:?} is not a refusal of the {wanted}"),
    }
}

pub fn secrets(mut fixture: Fixture) {
    let fresh = fixture.fresh;
    assert_eq!(fixture.token.counters().unwrap().user, fresh);
    refused(fixture.log_in(&pin("000000")).err(), SecretKind::Pin);
    refused(fixture.token.change_pin(&pin("000000"), &pin("654321"), LastTry::Keep).err(), SecretKind::Pin);
    // One try is left where there were three.
    fixture.token.change_pin(&pin(PIN), &pin("654321"), LastTry::Spend).unwrap();
    assert_eq!(fixture.token.counters().unwrap().user, fresh);
    refused(fixture.log_in(&pin(PIN)).err(), SecretKind::Pin);
    drop(fixture.log_in(&pin("654321")).unwrap());
    assert_eq!(fixture.token.counters().unwrap().user, fresh);

    // A forgotten PIN: who may, sets another.
    let unblocks = fixture.unblocks.clone();
    let wanted = match fixture.token.authority(Operation::Unblock) {
        Authority::Puk => SecretKind::Puk,
        Authority::Admin | Authority::User => SecretKind::Admin,
    };
    refused(fixture.set_pin(&"0".repeat(unblocks.len()), &pin(PIN)).err(), wanted);
    fixture.set_pin(&unblocks, &pin(PIN)).unwrap();
    drop(fixture.log_in(&pin(PIN)).unwrap());
}

pub fn admin_key(mut fixture: Fixture) {
    let digits = "00112233445566778899aabbccddeeff0011223344556677";
    let key = AdminKey::from_hex(digits).unwrap();
    let first = pin(&fixture.admin);
    let token = &mut fixture.token;
    refused(token.change_admin_key(Admin::Key(&key), &key, LastTry::Keep).err(), SecretKind::Admin);
    token.change_admin_key(Admin::SoPin(&first), &key, LastTry::Keep).unwrap();
    refused(token.change_admin_key(Admin::SoPin(&first), &key, LastTry::Keep).err(), SecretKind::Admin);
    token.change_admin_key(Admin::Key(&key), &key, LastTry::Keep).unwrap();
    token.change_admin_key(Admin::SoPin(&pin(digits)), &key, LastTry::Keep).unwrap();
    if token.authority(Operation::Unblock) == Authority::Admin {
        token.set_pin(Admin::Key(&key), &pin("222222"), LastTry::Keep).unwrap();
        token.set_pin(Admin::SoPin(&pin(digits)), &pin(PIN), LastTry::Keep).unwrap();
    }
    fixture.admin = digits.into();
    drop(fixture.log_in(&pin(PIN)).unwrap());
}

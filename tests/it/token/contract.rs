//! What every token must do, whatever its module: the same functions over `&mut dyn Token`.

use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm};
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, Authority, Credentials, Error, KeyOrder, LastTry, Operation, SecretKind, Token, Tries};

use super::{PIN, SO_PIN, key_id, order, pin};
use crate::support::certificates::certificate_for;
use crate::support::{kryoptic, softhsm};

#[test]
fn softhsm_keeps_keys_and_certificates() {
    keys_and_certificates(&mut softhsm::token("contract keys", SO_PIN, PIN));
}

#[test]
fn kryoptic_keeps_keys_and_certificates() {
    keys_and_certificates(&mut kryoptic::token("contract keys", SO_PIN, PIN));
}

#[test]
fn softhsm_signs_with_every_algorithm() {
    every_algorithm(&mut softhsm::token("contract algorithms", SO_PIN, PIN));
}

#[test]
fn kryoptic_signs_with_every_algorithm() {
    every_algorithm(&mut kryoptic::token("contract algorithms", SO_PIN, PIN));
}

#[test]
fn softhsm_changes_secrets() {
    secrets(&mut softhsm::token("contract secrets", SO_PIN, PIN));
}

#[test]
fn kryoptic_changes_secrets() {
    secrets(&mut kryoptic::token("contract secrets", SO_PIN, PIN));
}

fn keys_and_certificates(token: &mut dyn Token) {
    assert_eq!(token.identity().kind, "PKCS#11");
    assert_eq!(token.authority(Operation::Generate), Authority::User);
    assert_eq!(token.authority(Operation::Unblock), Authority::Admin);
    let id = key_id(1);

    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    assert!(session.find(&id).unwrap().is_none());
    assert!(matches!(session.sign(&id, SignatureAlgorithm::EcdsaSha256, b"m"), Err(Error::NoSuchKey(_))));
    let made = session.generate(&order(1, KeyAlgorithm::P256)).unwrap();
    assert!(matches!(session.generate(&order(1, KeyAlgorithm::P256)), Err(Error::KeyIdTaken(taken)) if taken == id));
    assert!(session.read_certificate(&id).unwrap().is_none());
    let first = certificate_for(&made, "first");
    session.write_certificate(&id, "first", &first).unwrap();
    assert!(session.read_certificate(&id).unwrap() == Some(first.clone()));
    drop(session);

    // Everything is found again by a session that has seen nothing of it.
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    assert!(matches!(session.generate(&order(1, KeyAlgorithm::P256)), Err(Error::KeyIdTaken(_))));
    let found = session.find(&id).unwrap().unwrap();
    assert!(found.has_private_key && found.public_key.as_ref() == Some(&made));
    assert_eq!(found.label, "key 1");
    assert!(found.certificate == Some(first.clone()));
    let signature = session.sign(&id, SignatureAlgorithm::EcdsaSha256, b"message").unwrap();
    made.verify(SignatureAlgorithm::EcdsaSha256, b"message", &signature).unwrap();

    // Writing again is harmless; another certificate takes the first one's place.
    session.write_certificate(&id, "first", &first).unwrap();
    let second = certificate_for(&made, "second");
    session.write_certificate(&id, "second", &second).unwrap();
    assert!(session.read_certificate(&id).unwrap() == Some(second.clone()));
    assert!(matches!(session.write_certificate(&id, "x", b"no certificate"), Err(Error::NotACertificate(_))));
    assert!(matches!(session.write_certificate(&key_id(9), "x", &first), Err(Error::NoSuchKey(_))));

    session.generate(&order(2, KeyAlgorithm::P384)).unwrap();
    let listed = session.list().unwrap();
    assert_eq!(listed.len(), 2);
    let one = listed.iter().find(|stored| stored.id == id).unwrap();
    assert!(one.certificate == Some(second) && one.public_key.as_ref() == Some(&made));
    let two = listed.iter().find(|stored| stored.id == key_id(2)).unwrap();
    assert!(two.certificate.is_none() && two.has_private_key);

    assert_eq!(session.delete(&id).unwrap(), 3);
    assert!(session.find(&id).unwrap().is_none());
    assert_eq!(session.delete(&id).unwrap(), 0);
    assert_eq!(session.delete(&key_id(2)).unwrap(), 2);
    assert!(session.list().unwrap().is_empty());
}

fn every_algorithm(token: &mut dyn Token) {
    use KeyAlgorithm as K;
    use SignatureAlgorithm as S;
    let rsa = [S::RsaPkcs1Sha1, S::RsaPkcs1Sha256, S::RsaPkcs1Sha384, S::RsaPkcs1Sha512];
    let p256 = [S::EcdsaSha256, S::EcdsaSha384];
    let p384 = [S::EcdsaSha256, S::EcdsaSha384];
    let cases: [(K, &[S]); 5] =
        [(K::Rsa2048, &rsa), (K::Rsa3072, &rsa), (K::Rsa4096, &rsa), (K::P256, &p256), (K::P384, &p384)];
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    for (id, (key, algorithms)) in (0..).zip(cases) {
        let decrypts = key == K::Rsa3072;
        let made = session.generate(&KeyOrder { decrypts, ..order(id, key) }).unwrap();
        assert_eq!(made.algorithm(), Some(key));
        for algorithm in algorithms {
            let signature = session.sign(&key_id(id), *algorithm, b"message").unwrap();
            made.verify(*algorithm, b"message", &signature).unwrap();
            assert!(made.verify(*algorithm, b"massage", &signature).is_err());
        }
        let foreign = if algorithms.len() == rsa.len() { S::EcdsaSha256 } else { S::RsaPkcs1Sha256 };
        assert!(
            matches!(session.sign(&key_id(id), foreign, b"m"), Err(Error::Signature(refused)) if refused == foreign)
        );
    }
}

fn secrets(token: &mut dyn Token) {
    let key = AdminKey::from_hex("00112233445566778899aabbccddeeff0011223344556677").unwrap();
    let refused = |error: Option<Error>, wanted: SecretKind| match error {
        Some(Error::SecretRefused { secret, .. }) => assert_eq!(secret, wanted),
        other => panic!("{other:?} is not a refusal of the {wanted}"),
    };
    assert_eq!((token.counters().unwrap().user, token.counters().unwrap().admin), (Tries::Full, Tries::Full));

    refused(token.log_in(Credentials::user(&pin("000000"), LastTry::Keep)).err(), SecretKind::Pin);
    refused(token.change_pin(&pin("000000"), &pin("654321"), LastTry::Keep).err(), SecretKind::Pin);
    token.change_pin(&pin(PIN), &pin("654321"), LastTry::Keep).unwrap();
    refused(token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).err(), SecretKind::Pin);
    token.log_in(Credentials::user(&pin("654321"), LastTry::Keep)).unwrap();
    assert_eq!(token.counters().unwrap().user, Tries::Full);

    // A forgotten PIN: the administrator sets another.
    refused(token.set_pin(Admin::SoPin(&pin("00000000")), &pin(PIN), LastTry::Keep).err(), SecretKind::Admin);
    token.set_pin(Admin::SoPin(&pin(SO_PIN)), &pin(PIN), LastTry::Keep).unwrap();
    token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();

    // The SO PIN becomes the digits of an admin key.
    refused(token.change_admin_key(Admin::Key(&key), &key, LastTry::Keep).err(), SecretKind::Admin);
    token.change_admin_key(Admin::SoPin(&pin(SO_PIN)), &key, LastTry::Keep).unwrap();
    refused(token.set_pin(Admin::SoPin(&pin(SO_PIN)), &pin(PIN), LastTry::Keep).err(), SecretKind::Admin);
    token.set_pin(Admin::Key(&key), &pin("222222"), LastTry::Keep).unwrap();
    let digits = pin("00112233445566778899aabbccddeeff0011223344556677");
    token.set_pin(Admin::SoPin(&digits), &pin("333333"), LastTry::Keep).unwrap();
    token.log_in(Credentials::user(&pin("333333"), LastTry::Keep)).unwrap();
}

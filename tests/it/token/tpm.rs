//! The contract on tpm2-pkcs11, as far as it goes over a TPM that holds few keys at a time and without a resource manager:
//! one key in a login. What cannot be done is refused in words.

use cardwright::pkcs11::Pkcs11Token;
use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm};
use cardwright::token::{Credentials, Error, KeyOrder, LastTry, Session, Token};

use super::{PIN, key_id, order, pin};
use crate::support::certificates::certificate_for;

fn log_in<'t>(token: &'t mut dyn Token, typed: &str) -> Result<Box<dyn Session + 't>, Error> {
    token.log_in(Credentials::user(&pin(typed), LastTry::Keep))
}

pub fn keeps_a_key_and_its_certificate(mut token: Pkcs11Token) {
    let (id, wanted) = (key_id(1), order(1, KeyAlgorithm::P256));
    let mut session = log_in(&mut token, PIN).unwrap();
    let made = session.generate(&wanted).unwrap();
    assert!(matches!(session.generate(&wanted), Err(Error::KeyIdTaken(taken)) if taken == id));
    let [first, second] = ["first", "second"].map(|name| certificate_for(&made, name));
    session.write_certificate(&id, "first", &first).unwrap();
    drop(session);
    let mut session = log_in(&mut token, PIN).unwrap();
    let found = session.find(&id).unwrap().unwrap();
    assert!(found.has_private_key && found.public_key.as_ref() == Some(&made) && found.certificate == Some(first));
    session.write_certificate(&id, "second", &second).unwrap();
    assert!(session.read_certificate(&id).unwrap() == Some(second));
    assert!(session.holds(&id, &made).unwrap());
    assert_eq!(session.list().unwrap().len(), 1);
    assert_eq!(session.delete(&id).unwrap(), 3);
    assert!(session.list().unwrap().is_empty());
    drop(session);
    assert!(token.public_objects().unwrap().is_empty());
}

pub fn signs_with_every_kind_of_key(mut token: Pkcs11Token) {
    use SignatureAlgorithm as S;
    let rsa = [S::RsaPkcs1Sha256, S::RsaPkcs1Sha384, S::RsaPkcs1Sha512];
    let kinds = [
        (KeyAlgorithm::Rsa2048, false, &rsa[..]),
        (KeyAlgorithm::Rsa2048, true, &rsa),
        (KeyAlgorithm::P256, false, &[S::EcdsaSha256]),
        (KeyAlgorithm::P384, false, &[S::EcdsaSha384]),
    ];
    for (index, (algorithm, decrypts, signatures)) in (1..).zip(kinds) {
        let id = key_id(index);
        let made =
            log_in(&mut token, PIN).unwrap().generate(&KeyOrder { decrypts, ..order(index, algorithm) }).unwrap();
        assert_eq!(made.algorithm(), Some(algorithm));
        let mut session = log_in(&mut token, PIN).unwrap();
        for signature in signatures {
            let signed = session.sign(&id, *signature, b"message").unwrap();
            made.verify(*signature, b"message", &signed).unwrap();
        }
        // What is deleted while it is in use stays in the TPM's memory.
        drop(session);
        log_in(&mut token, PIN).unwrap().delete(&id).unwrap();
    }
}

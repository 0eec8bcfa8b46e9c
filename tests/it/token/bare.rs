//! What a kind of token is taken to offer that says nothing of it, and what the seam's own words say.

use super::key_id;
use crate::support::certificates::certificate_for;
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, PublicKey, SignatureAlgorithm, Signer};
use cardwright::secret::{AdminKey, Pin, Puk};
use cardwright::token::{
    Admin, Authority, CardIdentifier, Condition, Counterpart, Counters, Credentials, Error, Expected, Factory,
    Identity, KeyId, KeyOffer, KeyOrder, KeyWish, LastTry, Oddity, Operation, Placement, Prospect, Room, SecretForm,
    SecretKind, Session, StoredKey, Token, Tries, User, Whence,
};
use uuid::Uuid;

/// A token that has just what every kind must have.
struct Bare;

impl Token for Bare {
    fn identity(&self) -> &Identity {
        unreachable!()
    }

    fn counters(&mut self) -> Result<Counters, Error> {
        Ok(Counters { user: Tries::Left(2), admin: Tries::Full, puk: None })
    }

    fn public_objects(&mut self) -> Result<Vec<StoredKey>, Error> {
        Ok(vec![stored(None)])
    }

    fn authority(&self, _operation: Operation) -> Authority {
        unreachable!()
    }

    fn form(&self, _secret: SecretKind) -> Option<SecretForm> {
        unreachable!()
    }

    fn condition(&mut self) -> Result<Condition, Error> {
        Ok(Condition::default())
    }

    fn offer(&mut self, _algorithm: KeyAlgorithm) -> Result<KeyOffer, Error> {
        unreachable!()
    }

    fn place(&mut self, _wish: &KeyWish) -> Result<Placement, Error> {
        unreachable!()
    }

    fn log_in(&mut self, _credentials: Credentials<'_>) -> Result<Box<dyn Session + '_>, Error> {
        Ok(Box::new(BareSession))
    }

    fn change_pin(&mut self, _current: &Pin, _new: &Pin, _last_try: LastTry) -> Result<(), Error> {
        unreachable!()
    }

    fn set_pin(&mut self, _admin: Admin<'_>, _new: &Pin, _last_try: LastTry) -> Result<(), Error> {
        unreachable!()
    }

    fn change_admin_key(&mut self, _current: Admin<'_>, _new: &AdminKey, _last_try: LastTry) -> Result<(), Error> {
        unreachable!()
    }
}

struct BareSession;

impl Session for BareSession {
    fn find(&mut self, _id: &KeyId) -> Result<Option<StoredKey>, Error> {
        unreachable!()
    }

    fn list(&mut self) -> Result<Vec<StoredKey>, Error> {
        unreachable!()
    }

    fn holds(&mut self, _id: &KeyId, _public_key: &PublicKey) -> Result<bool, Error> {
        unreachable!()
    }

    fn reserve(&mut self, _id: &KeyId, _length: usize) -> Result<(), Error> {
        unreachable!()
    }

    fn generate(&mut self, _order: &KeyOrder) -> Result<PublicKey, Error> {
        unreachable!()
    }

    fn sign(&mut self, _id: &KeyId, _algorithm: SignatureAlgorithm, _message: &[u8]) -> Result<Vec<u8>, Error> {
        unreachable!()
    }

    fn write_certificate(&mut self, _id: &KeyId, _label: &str, _certificate: &[u8]) -> Result<(), Error> {
        unreachable!()
    }

    fn read_certificate(&mut self, _id: &KeyId) -> Result<Option<Vec<u8>>, Error> {
        unreachable!()
    }

    fn delete(&mut self, _id: &KeyId) -> Result<usize, Error> {
        unreachable!()
    }
}

struct Nobody;

impl Counterpart for Nobody {
    fn reveal(&mut self, _witness: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
        unreachable!()
    }

    fn challenge(&mut self) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        unreachable!()
    }

    fn answer(&mut self, _challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        unreachable!()
    }

    fn judge(&mut self, _answer: &[u8]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        unreachable!()
    }
}

fn stored(certificate: Option<Vec<u8>>) -> StoredKey {
    StoredKey { id: key_id(1), label: String::new(), public_key: None, has_private_key: false, certificate, odd: None }
}

fn expected(thumbprint: Option<String>) -> Expected {
    Expected { name: vec![7], thumbprint, algorithm: None, decrypts: true, whence: Whence::Today }
}

/// Asserts that each says what it does not offer: nobody may take it for done.
fn refused<T>(done: Result<T, Error>, what: &str) {
    assert!(matches!(&done, Err(Error::NotOffered(said)) if *said == what), "{what}");
}

#[test]
fn a_token_offers_nothing_that_it_does_not_say() {
    let mut token = Bare;
    let (key, puk) = (Factory::BLANK.admin_key(), Puk::new("12345678".into()));
    let keep = LastTry::Keep;
    refused(token.write_card_id(Uuid::nil(), None), "a place for an id of its own");
    refused(token.prove_admin(Admin::Key(&key), keep), "a proof of the administrator alone");
    refused(token.show_presence(&mut Nobody, keep), "mutual authentication");
    refused(token.try_room(Admin::Key(&key), &[] as &[Room], keep), "a trial of its room");
    refused(token.change_puk(&puk, &puk, keep), "a PUK");
    refused(token.reset_to_factory(), "a reset to the factory's state");
    assert!(token.atr().is_empty(), "no card, no answer to reset");
    assert!(!token.tells_keys() && !token.has_admin_key() && !token.has_pin_pad());
    assert!(!token.keeps_admin_key().unwrap() && !token.admin_key_is_fixed().unwrap());
    let pin = Pin::new("123456".into());
    assert!(token.kept_admin_key(User::Pin(&pin, keep)).unwrap().is_none());
    assert!(!token.loses_replaced(&key_id(1)).unwrap());
    assert_eq!(token.free_memory(), None);
    assert_eq!(token.factory(), Factory::BLANK);
    assert_eq!(token.condition().unwrap().card_identifier, CardIdentifier::None);
    let (counters, objects) = token.overview().unwrap();
    assert_eq!((counters.user, objects.len()), (Tries::Left(2), 1));
    // A key from elsewhere goes where its name says, and each has a place.
    let prospects = token.prospects(&[expected(None), expected(None)], &[]).unwrap();
    assert_eq!(prospects.len(), 2);
    for prospect in prospects {
        assert!(matches!(prospect, Prospect::Free(KeyId(name)) if name == [7]));
    }
}

#[test]
fn nor_does_a_session() {
    let mut token = Bare;
    let mut session = token.log_in(Credentials { user: None, admin: None }).unwrap();
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let order = super::order(1, KeyAlgorithm::P256);
    refused(session.import(&order, &key), "the import of a private key");
    refused(session.attest(&key_id(1)), "attestation");
    refused(session.note("some"), "notes");
    refused(session.write_note("some", b"more"), "notes");
    assert!(!session.keep(&key_id(1)).unwrap(), "whoever asks must know that the key was not moved");
    assert_eq!(session.named(&key_id(1)), key_id(1));
    assert_eq!(session.write_ca_certificates(&[vec![1]]).unwrap(), 0);
    assert_eq!(session.remove_ca_certificates(&[vec![1]]).unwrap(), 0);
}

#[test]
fn a_key_without_a_certificate_is_bare() {
    let certificate = || Some(vec![1]);
    for (has_private_key, certificate, odd, bare) in [
        (true, None, None, true),
        (true, certificate(), None, false),
        (true, None, Some(Oddity::NoValue), false),
        (false, None, None, false),
        (false, certificate(), None, false),
    ] {
        let stored = StoredKey { has_private_key, odd, ..stored(certificate) };
        assert_eq!(stored.is_bare_key(), bare, "{has_private_key}");
    }
}

#[test]
fn an_expected_key_is_there_where_its_certificate_is() {
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let [one, other] = ["one", "other"].map(|name| certificate_for(key.public_key(), name));
    let thumbprint = Certificate::from_der(&one).unwrap().thumbprint_sha1();
    let (known, unissued) = (expected(Some(thumbprint)), expected(None));
    let (one, other) = (stored(Some(one)), stored(Some(other)));
    for (among, is_there) in [
        (vec![], false),
        (vec![other.clone()], false),
        (vec![stored(None), stored(Some(vec![1])), other, one.clone()], true),
        (vec![one], true),
    ] {
        assert_eq!(known.is_among(&among), is_there);
        assert!(!unissued.is_among(&among), "what is not issued yet is nowhere");
    }
}

#[test]
fn a_card_that_contradicts_says_which_secret_it_has() {
    let said = |is_default| Error::Contradicted { secret: SecretKind::Pin, is_default }.to_string();
    assert_eq!(said(true), "the card says that its PIN is still the one it came with; what was given was not tried");
    assert_eq!(
        said(false),
        "the card says that its PIN is no longer the one it came with; what was given was not tried"
    );
}

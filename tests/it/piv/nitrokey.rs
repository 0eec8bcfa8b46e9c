//! A PIV card that we did not write: Nitrokey's, with a few of YubiKey's commands and a few that only look like them.

use cardwright::pkix::KeyAlgorithm;
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, Counterpart, Error, KeyOrder, LastTry, Token, Tries};
use cardwright::virtual_card::SharedCard;

use super::{administrate, id, log_in, order, pin};
use crate::support::certificates::certificate_for;
use crate::support::piv::{self, PIN};
use crate::support::piv_authenticator::PivAuthenticator;

fn card() -> SharedCard {
    SharedCard::new(Box::new(PivAuthenticator::new()))
}

#[test]
fn a_serial_that_every_nitrokey_has_names_none() {
    let token = piv::open(&card());
    let identity = token.identity();
    assert_eq!((identity.serial.len(), identity.model.as_str(), identity.manufacturer.as_str()), (28, "PIV", ""));
}

#[test]
fn the_serial_stays_while_keys_and_certificates_come_and_go() {
    let card = card();
    let mut token = piv::open(&card);
    let serial = token.identity().serial.clone();
    for replace in [false, true] {
        let mut session = log_in(&mut token).unwrap();
        let order = KeyOrder { decrypts: true, replace, ..order(0x9D, KeyAlgorithm::P256) };
        let key = session.generate(&order).unwrap();
        session.write_certificate(&id(0x9D), "", &certificate_for(&key, "x")).unwrap();
    }
    assert_eq!(piv::open(&card).identity().serial, serial);
    // Its version would have DELETE KEY, and it has none.
    let mut session = administrate(&mut token).unwrap();
    assert_eq!(session.delete(&id(0x9D)).unwrap(), 2);
    drop(session);
    assert!(token.public_objects().unwrap().is_empty());
    assert_eq!(piv::open(&card).identity().serial, serial);
}

/// Whoever has the key, in this process.
struct Keeper {
    key: AdminKey,
    answered: Option<Vec<u8>>,
}

const ASKED: [u8; 8] = [0x5A; 8];

impl Counterpart for Keeper {
    fn reveal(&mut self, witness: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
        Ok((self.key.decrypt(witness).unwrap().to_vec(), ASKED.to_vec()))
    }

    fn challenge(&mut self) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        Err("not a GIDS card".into())
    }

    fn answer(&mut self, _: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        Err("not a GIDS card".into())
    }

    fn judge(&mut self, answer: &[u8]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.answered = Some(answer.to_vec());
        Ok(())
    }
}

#[test]
fn it_shows_that_it_is_there() {
    let mut token = piv::open(&card());
    let mut keeper = Keeper { key: piv::admin_key(), answered: None };
    token.show_presence(&mut keeper, LastTry::Keep).unwrap();
    assert_eq!(keeper.answered.unwrap(), piv::admin_key().encrypt(&ASKED).unwrap().to_vec());
    let mut other = Keeper { key: AdminKey::new(vec![1; 24]), answered: None };
    let refused = token.show_presence(&mut other, LastTry::Keep);
    assert!(matches!(refused, Err(Error::SecretRefused { .. })) && other.answered.is_none(), "{refused:?}");
}

#[test]
fn it_is_reset() {
    let card = card();
    let mut token = piv::open(&card);
    token.change_pin(&pin(PIN), &pin("654321"), LastTry::Keep).unwrap();
    token.reset_to_factory().unwrap();
    assert_eq!(token.counters().unwrap().user, Tries::Left(3));
    drop(log_in(&mut token).unwrap());
    assert_eq!(token.identity(), piv::open(&card).identity());
}

#[test]
fn a_wrong_management_key_is_a_wrong_management_key() {
    let wrong = super::admin_key(&"31".repeat(24));
    let refused = piv::open(&card()).initialise(Admin::Key(&wrong));
    assert!(matches!(refused, Err(Error::SecretRefused { .. })), "{refused:?}");
}

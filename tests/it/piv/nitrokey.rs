//! A PIV card that we did not write: Nitrokey's, with a few of YubiKey's commands and a few that only look like them.

use cardwright::pkix::KeyAlgorithm;
use cardwright::token::{Admin, Error, KeyOrder, LastTry, Token, Tries};
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

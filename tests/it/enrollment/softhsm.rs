//! The whole life of a SoftHSM token.

use super::bench::{Bench, Face, PIN};
use super::ways::{enroll, renew, retire, unblock};
use crate::support::softhsm;
use cardwright::enrollment::{Outcome, card_id};
use cardwright::pkcs11::{Existing, Pkcs11Token, Selector, so_pin};
use cardwright::pkix::Certificate;
use cardwright::secret::{AdminKey, Pin};
use cardwright::token::{Admin, Credentials, LastTry, StoredKey, Token};

/// A token with the template's default admin key and no PIN.
pub fn fresh(label: &str) -> Pkcs11Token {
    let default = so_pin(&AdminKey::new(vec![0; 24]));
    softhsm::module().initialise(&Selector::default(), label, &default, Existing::Keep).unwrap()
}

pub fn content(token: &mut Pkcs11Token, pin: &str) -> Vec<StoredKey> {
    token.log_in(Credentials::user(&Pin::new(pin.into()), LastTry::Keep)).unwrap().list().unwrap()
}

#[test]
fn a_softhsm_token_lives_from_enrollment_to_retirement() {
    let bench = Bench::new();
    let mut token = fresh("enrollment life");
    let Outcome::Enrolled { installed, .. } = bench.run(&mut token, enroll()).unwrap().done() else { panic!() };
    let stored = content(&mut token, PIN);
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].certificate.as_deref(), Some(installed[0].certificate.as_slice()));
    assert_eq!(stored[0].label, "Loopback");
    let certificate = Certificate::from_der(&installed[0].certificate).unwrap();
    assert!(stored[0].has_private_key && stored[0].public_key.as_ref() == certificate.public_key().ok().as_ref());

    let mut face = Face { new_pin: "8642097", ..Face::default() };
    bench.run_with(&mut token, unblock(), &mut face).unwrap().done();
    assert_eq!(content(&mut token, "8642097").len(), 1);

    let mut face = Face { pins: ["8642097"].into(), ..Face::default() };
    bench.run_with(&mut token, renew(), &mut face).unwrap().done();
    let renewed = content(&mut token, "8642097");
    assert!(renewed.len() == 1 && renewed[0].id != stored[0].id);

    let mut face = Face { pins: ["8642097"].into(), ..Face::default() };
    bench.run_with(&mut token, retire(), &mut face).unwrap().done();
    assert!(content(&mut token, "8642097").is_empty());
    // The SO PIN is the template's default again: whoever has the token next can begin with it.
    let (default, pin) = (AdminKey::new(vec![0; 24]), Pin::new("1357911".into()));
    token.set_pin(Admin::Key(&default), &pin, LastTry::Keep).unwrap();
    assert_eq!(bench.fake.admin_key_state(), "Default");
    assert_eq!(bench.fake.requests(), [(1, 8), (5, 8), (3, 8), (7, 8)]);
}

#[test]
fn an_rsa_enrollment_is_taken_up_after_the_server_went_away() {
    use super::fake::Mischief;
    let bench = Bench::new();
    bench.fake.state().algorithm = ("RSA", 2048);
    let mut token = fresh("enrollment broken off");
    bench.fake.behave(Some(Mischief::Nonsense("certificatedata")));
    assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "server-nonsense");
    let before = content(&mut token, PIN);
    assert!(before.len() == 1 && before[0].certificate.is_none());
    bench.fake.behave(None);
    bench.run(&mut token, enroll()).unwrap().done();
    let after = content(&mut token, PIN);
    assert!(after.len() == 1 && after[0].certificate.is_some());
    assert!(after[0].public_key == before[0].public_key);
}

#[test]
fn a_card_id_is_the_same_whenever_the_token_is_found() {
    let token = fresh("enrollment card id");
    let again = softhsm::module().find(&Selector::label("enrollment card id")).unwrap();
    assert_eq!(card_id(token.identity()), card_id(again.identity()));
}

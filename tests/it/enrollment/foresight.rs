//! What is decided before anything changes: which PIN is taken, which keys can be made, whether there is room.

use super::bench::{Bench, Face};
use super::memory_rules::{Cipher, FACTORY_PIN, FACTORY_PUK, Rules};
use super::memory_token::{MemoryToken, TRIES};
use super::ways::{enroll, unblock};
use crate::support::{gids, piv, softhsm};
use cardwright::cm::offline::{CODE_BYTES, CodeKind};
use cardwright::enrollment::{Cause, HelpDesk, HelpDeskError, Need, unblock_offline};
use cardwright::secret::Pin;
use cardwright::token::{LastTry, SecretForm, SecretKind, Token};
use cardwright::virtual_card::GidsOptions;
use zeroize::Zeroizing;

/// The card is as it came: its admin key, its PIN and PUK, no key, no try spent.
fn untouched(token: &MemoryToken) {
    assert_eq!(
        (token.so_pin(), token.pin(), token.puk()),
        (&*token.rules.default_key(), Some(FACTORY_PIN), FACTORY_PUK)
    );
    assert_eq!((token.generated, token.left()), (0, (TRIES, TRIES, TRIES)));
}

#[test]
fn each_kind_of_card_says_which_pin_it_takes() {
    let form = |token: &dyn Token, secret| token.form(secret).map(|form: SecretForm| form.to_string());
    let plain = piv::open(&piv::card(piv::plain()));
    assert_eq!(form(&plain, SecretKind::Pin).as_deref(), Some("6 to 8 digits"));
    assert_eq!(form(&plain, SecretKind::Puk).as_deref(), Some("8 characters"));
    let yubikey = piv::open(&piv::card(piv::yubikey()));
    assert_eq!(form(&yubikey, SecretKind::Pin).as_deref(), Some("6 to 8 characters"));
    let card = gids::open(&gids::ready(GidsOptions::default()));
    assert_eq!(
        (form(&card, SecretKind::Pin).as_deref(), form(&card, SecretKind::Puk)),
        (Some("4 to 16 characters"), None)
    );
    let token = softhsm::token("foresight form", "12345678", "246810");
    assert_eq!(form(&token, SecretKind::Pin).as_deref(), Some("4 to 255 characters"));
}

#[test]
fn the_pin_that_is_asked_for_is_one_that_card_and_template_take() {
    // The template of the tests' server wants 4 to 12 characters.
    let bench = Bench::new();
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    for (pin, code) in [("123456789", "pin-length"), ("2468a", "pin-length"), ("24681a", "pin-characters")] {
        let mut face = Face { new_pin: pin, ..Face::default() };
        let error = bench.run_with(&mut token, enroll(), &mut face).unwrap_err();
        assert_eq!((error.code(), error.exit_class() as u8), (code, 4), "{pin}");
        let Need::NewPin { form: Some(form), .. } = face.needs[0] else { panic!("{:?}", face.needs) };
        assert_eq!(form.to_string(), "6 to 8 digits");
        untouched(&token);
    }
    bench.run(&mut token, enroll()).unwrap().done();
    let mut face = Face { new_pin: "2468a2", ..Face::default() };
    let error = bench.run_with(&mut token, unblock(), &mut face).unwrap_err();
    assert_eq!((error.code(), token.left()), ("pin-characters", (TRIES, TRIES, TRIES)));
}

#[test]
fn a_template_whose_pins_no_card_of_the_kind_takes_is_refused_with_both_bounds() {
    let bench = Bench::new();
    let pin = Some(SecretForm { shortest: 13, longest: 20, digits_only: true });
    let mut token = MemoryToken::of(Rules { pin, ..Rules::piv(Cipher::Aes) });
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("pin-bounds", 9));
    assert!(matches!(error.cause, Cause::PinBounds { .. }));
    let told = error.cause.to_string();
    assert!(told.contains("13 to 20 digits") && told.contains("4 to 12 characters"), "{told}");
    untouched(&token);
}

/// A help desk that must not be telephoned.
struct Nobody;

impl HelpDesk for Nobody {
    fn ask(&mut self, _: CodeKind, _: [u8; CODE_BYTES]) -> Result<Zeroizing<[u8; CODE_BYTES]>, HelpDeskError> {
        panic!("nobody is telephoned for a PIN that the card does not take")
    }
}

#[test]
fn nobody_is_telephoned_for_a_pin_that_the_card_does_not_take() {
    let card = piv::card(piv::plain());
    for (pin, code) in [("123456789", "pin-length"), ("24681a", "pin-characters")] {
        let pin = Pin::new(pin.to_owned());
        let error = unblock_offline(&mut piv::open(&card), &mut Nobody, &pin, LastTry::Keep).unwrap_err();
        assert_eq!(error.code(), code);
    }
}

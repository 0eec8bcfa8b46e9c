//! Templates that take keys only of cards that attest them: our own driver, on cards that do and cards that do not.

use super::bench::{Face, PIN};
use super::real::Lab;
use super::ways::{enroll, renew};
use crate::support::piv;
use cardwright::enrollment::{Outcome, Stage};
use cardwright::pkix::{Certificate, KeyAlgorithm};
use cardwright::token::{Admin, Credentials, KeyId, KeyOrder, Token as _};
use cardwright::virtual_card::SharedCard;

/// The certificate of the card's own key, by a key that is made for it and not used.
fn maker(card: &SharedCard) -> Certificate {
    let mut token = piv::open(card);
    let key = piv::admin_key();
    let mut session = token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).unwrap();
    let id = KeyId(vec![0x9D]);
    let order = KeyOrder {
        id: id.clone(),
        label: String::new(),
        algorithm: KeyAlgorithm::P256,
        decrypts: false,
        replace: false,
    };
    session.generate(&order).unwrap();
    let said = session.attest(&id).unwrap();
    let [_, own] = said.as_slice() else { panic!("{}", said.len()) };
    Certificate::from_der(own).unwrap()
}

fn lab(root: &Certificate) -> Lab {
    let demanded = format!("archive = false\nattestation_roots = \"\"\"\n{}\"\"\"\n", root.to_pem());
    Lab::with(true, |template| {
        template
            .replacen("approvals_needed = 1", "approvals_needed = 0", 1)
            .replace("default_admin_key_hex = \"\"", &format!("default_admin_key_hex = \"{}\"", piv::ADMIN_KEY))
            .replace("\"keyEncipherment\"", "\"nonRepudiation\"")
            .replacen("archive = false", &demanded, 1)
    })
}

#[test]
fn a_card_that_attests_its_keys_is_enrolled_and_renewed() {
    let card = piv::card(piv::yubikey());
    let lab = lab(&maker(&card));
    let alice = lab.client("alice", &[], None);
    let run = |order, pin: &'static str| {
        let mut face = Face { pins: [pin].into(), new_pin: PIN, ..Face::default() };
        lab.run(&alice, &mut piv::open(&card), order, &mut face).unwrap().done()
    };
    let Outcome::Enrolled { .. } = run(enroll(), piv::PIN) else { panic!() };
    let Outcome::Renewed { .. } = run(renew(), PIN) else { panic!() };
    assert_eq!(lab.unfinished(), 0);
}

#[test]
fn another_makers_card_is_refused() {
    let (trusted, card) = (piv::card(piv::yubikey()), piv::card(piv::yubikey()));
    let lab = lab(&maker(&trusted));
    let alice = lab.client("alice", &[], None);
    let mut face = Face { pins: [piv::PIN].into(), new_pin: PIN, ..Face::default() };
    let error = lab.run(&alice, &mut piv::open(&card), enroll(), &mut face).unwrap_err();
    assert_eq!((error.code(), error.stage), ("attestation-untrusted", Stage::SubmitRequest));
    assert!(alice.certificates().unwrap().is_empty());
}

#[test]
fn a_card_that_attests_nothing_is_told_so_before_the_server_is_asked() {
    let card = piv::card(piv::plain());
    let lab = lab(&maker(&piv::card(piv::yubikey())));
    let alice = lab.client("alice", &[], None);
    let state = || card.with_card(|card| card.state().to_vec()).unwrap();
    let before = state();
    let mut face = Face { pins: [piv::PIN].into(), new_pin: PIN, ..Face::default() };
    let error = lab.run(&alice, &mut piv::open(&card), enroll(), &mut face).unwrap_err();
    assert_eq!((error.code(), error.stage), ("not-offered", Stage::AttestKey));
    assert!(state() == before && alice.smartcards().unwrap().is_empty(), "the card was changed, or is assigned");
    assert!(error.remedy().contains("attests its keys"), "{}", error.remedy());
    assert!(alice.certificates().unwrap().is_empty());
}

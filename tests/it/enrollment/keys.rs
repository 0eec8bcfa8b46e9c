//! Keys are neither lost nor left behind: retirement, renewal and what the server sends, on our own cards.

use super::bench::Face;
use super::real::Lab;
use super::ways::{enroll, retire};
use crate::malice::cards::Forged;
use crate::support::piv;
use crate::support::site::set;
use cardwright::enrollment::{Event, Outcome};
use cardwright::pkix::Certificate;
use cardwright::token::{KeyId, LastTry, Token};
use cardwright::virtual_card::PivCard;

pub fn lab(edit: impl FnOnce(String) -> String) -> Lab {
    Lab::with(true, |template| {
        let template = template.replacen("approvals_needed = 1", "approvals_needed = 0", 1);
        let template = set(template, "[smartcard]", "allow_smartcard_reuse", "true");
        edit(set(template, "[smartcard]", "default_admin_key_hex", &format!("{:?}", piv::ADMIN_KEY)))
    })
}

/// A card of the standard whose PIN is the user's.
pub fn settled(token: &mut dyn Token) {
    token.change_pin(&piv::pin(piv::PIN), &piv::pin(super::bench::PIN), LastTry::Keep).unwrap();
}

#[test]
fn a_retired_card_that_keeps_its_key_says_so() {
    let lab = lab(|template| template);
    let client = lab.client("alice", &[], None);
    let mut made = 0;
    let card = Forged::slot(Box::new(PivCard::new(piv::plain()).unwrap()), move |command, _| {
        made += usize::from(command[1] == 0x47);
        (command[1] == 0x47 && made > 1).then(|| vec![0x6A, 0x86])
    });
    let mut token = piv::open(&card);
    settled(&mut token);
    lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap().done();
    let mut face = Face::default();
    let outcome = lab.run(&client, &mut token, retire(), &mut face).unwrap().done();
    let Outcome::Retired { removed, left, .. } = outcome else { panic!() };
    assert_eq!((removed, left), (vec![], vec![KeyId(vec![0x9A])]));
    assert!(face.events.contains(&Event::KeyLeft { key: KeyId(vec![0x9A]) }));
    assert!(token.public_objects().unwrap().is_empty());
}

#[test]
fn a_retired_cards_key_signs_no_more() {
    for options in [piv::plain(), cardwright::virtual_card::PivOptions::yubikey(), piv::yubikey()] {
        let lab = lab(|template| template);
        let client = lab.client("alice", &[], None);
        let card = piv::card(options);
        let mut token = piv::open(&card);
        settled(&mut token);
        lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap().done();
        let there = token.public_objects().unwrap();
        let key = Certificate::from_der(there[0].certificate.as_ref().unwrap()).unwrap().public_key().unwrap();
        let outcome = lab.run(&client, &mut token, retire(), &mut Face::default()).unwrap().done();
        assert!(matches!(outcome, Outcome::Retired { removed, left, .. } if removed.len() == 1 && left.is_empty()));
        let pin = piv::pin(super::bench::PIN);
        let credentials = cardwright::token::Credentials::user(&pin, LastTry::Keep);
        let mut session = token.log_in(credentials).unwrap();
        assert!(!session.holds(&KeyId(vec![0x9A]), &key).unwrap());
    }
}

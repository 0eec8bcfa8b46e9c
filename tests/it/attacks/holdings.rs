//! One card in the hands of three holders, one after the other: each has secrets of his own, and what an earlier one was
//! told opens nothing. And cards on which an enrollment that was given up has left its secrets, or has not.

use super::earlier_holding::{abandoned, asked, by_hand, lab_with};
use crate::enrollment::bench::{Face, PIN};
use crate::enrollment::real::Lab;
use crate::enrollment::softhsm::fresh;
use crate::enrollment::ways::retire;
use crate::support::{gids, piv, softhsm};
use cardwright::client::CmClient;
use cardwright::cm::card_secrets::PukState;
use cardwright::cm::request::RequestType;
use cardwright::enrollment::{EnrollOrder, Order, Relay, Tie, card_id};
use cardwright::pkcs11::Selector;
use cardwright::secret::{AdminKey, Puk};
use cardwright::token::{Admin, LastTry, Token};
use cardwright::virtual_card::GidsOptions;
use uuid::Uuid;

/// A kind of card: how it is opened, the admin key it comes with, and which keys the template orders.
struct Kind<'k> {
    open: &'k mut dyn FnMut() -> Box<dyn Token>,
    default_key: &'static str,
    algorithm: &'static str,
    has_puk: bool,
}

impl Kind<'_> {
    fn lab(&self) -> Lab {
        let (key, algorithm) = (self.default_key, self.algorithm);
        lab_with(|template| {
            template
                .replace("default_admin_key_hex = \"\"", &format!("default_admin_key_hex = {key:?}"))
                .replace("generate = \"P-256\"", &format!("generate = {algorithm:?}"))
                .replace("\"keyEncipherment\"", "\"nonRepudiation\"")
        })
    }
}

/// What the holder of a card may be told of its secrets.
struct Told {
    key: AdminKey,
    puk: Option<Puk>,
}

/// Has the server tell the secrets of the holder's own card.
fn told(holder: &CmClient, id: Uuid, has_puk: bool, token: &mut dyn Token) -> Told {
    let card = holder.find_smartcard(id).unwrap().unwrap();
    let request = asked(holder, RequestType::Unblock, Some(card.uuid));
    let mut relay = Relay::new(holder, Tie { request, smartcard: card.uuid }, id);
    match token.show_presence(&mut relay, LastTry::Keep) {
        Ok(()) | Err(cardwright::token::Error::NotOffered(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
    let key = holder.diversified_key(request, card.uuid, id, None).unwrap();
    let puk = has_puk.then(|| holder.puk(request, card.uuid, id, false).unwrap());
    assert!(puk.as_ref().is_none_or(|report| report.state == PukState::Active && report.next.is_none()));
    holder.abandon(request).unwrap();
    Told { key, puk: puk.and_then(|report| report.current) }
}

/// Says whether the card takes this key, and this PUK.
fn opens(token: &mut dyn Token, told: &Told) -> (bool, bool) {
    let by_key = token.change_admin_key(Admin::Key(&told.key), &told.key, LastTry::Keep).is_ok();
    let by_puk = told.puk.as_ref().is_some_and(|puk| token.change_puk(puk, puk, LastTry::Keep).is_ok());
    (by_key, by_puk)
}

fn enroll(lab: &Lab, holder: &CmClient, token: &mut dyn Token) {
    let order = Order::Enroll(EnrollOrder { reset_pin: true, replace: true, ..Default::default() });
    lab.run(holder, token, order, &mut Face::default()).unwrap().done();
}

fn three_holders(kind: Kind<'_>) {
    let lab = kind.lab();
    let id = card_id((kind.open)().identity());
    let mut before: Vec<Told> = Vec::new();
    for (number, name) in ["alice", "bob", "carol"].into_iter().enumerate() {
        let holder = lab.client(name, &[], None);
        enroll(&lab, &holder, &mut *(kind.open)());
        let mut token = (kind.open)();
        let now = told(&holder, id, kind.has_puk, &mut *token);
        for earlier in &before {
            assert_eq!(opens(&mut *token, earlier), (false, false), "{name}");
            // The counters start anew.
            assert_eq!(opens(&mut *token, &now), (true, kind.has_puk), "{name}");
        }
        assert_eq!(opens(&mut *token, &now), (true, kind.has_puk), "{name}");
        before.push(now);
        if number == 1 {
            // Retired at the server alone: the next one gets the card with these secrets in it.
            let card = holder.find_smartcard(id).unwrap().unwrap().uuid;
            let request = asked(&holder, RequestType::Retire, Some(card));
            holder.retire_smartcard(request, card).unwrap();
            holder.complete(request).unwrap();
        } else {
            lab.run(&holder, &mut *token, retire(), &mut Face::default()).unwrap().done();
        }
    }
}

/// A person's enrollments were given up; the card has what `set` of them has set, the first being 1, or nothing of them.
fn after_abandoned(kind: Kind<'_>, count: usize, set: usize) {
    let lab = kind.lab();
    let (mallory, alice) = (lab.client("mallory", &[], None), lab.client("alice", &[], None));
    let id = card_id((kind.open)().identity());
    let mut told = Vec::new();
    for number in 1..=count {
        let (request, smartcard, key) = by_hand(&mallory, id);
        let puk = kind.has_puk.then(|| mallory.puk(request, smartcard, id, false).unwrap().next.unwrap());
        if number == set {
            let mut token = (kind.open)();
            let (default, factory) = (token.factory().admin_key(), token.factory().puk.map(str::to_owned));
            let named = AdminKey::from_hex(kind.default_key).unwrap_or(default);
            token.change_admin_key(Admin::Key(&named), &key, LastTry::Keep).unwrap();
            if let (Some(puk), Some(factory)) = (&puk, factory) {
                token.change_puk(&Puk::new(factory), puk, LastTry::Keep).unwrap();
            }
        }
        abandoned(&mallory, request);
        told.push(Told { key, puk });
    }
    enroll(&lab, &alice, &mut *(kind.open)());
    let mut token = (kind.open)();
    let now = self::told(&alice, id, kind.has_puk, &mut *token);
    for earlier in &told {
        assert_eq!(opens(&mut *token, earlier), (false, false), "{set} of {count}");
        assert_eq!(opens(&mut *token, &now), (true, kind.has_puk), "{set} of {count}");
    }
}

fn piv_kind(open: &mut dyn FnMut() -> Box<dyn Token>) -> Kind<'_> {
    Kind { open, default_key: piv::ADMIN_KEY, algorithm: "P-256", has_puk: true }
}

fn gids_kind(open: &mut dyn FnMut() -> Box<dyn Token>) -> Kind<'_> {
    Kind { open, default_key: gids::ADMIN_KEY, algorithm: "RSA-2048", has_puk: false }
}

const ZEROS: &str = "000000000000000000000000000000000000000000000000";

fn softhsm_kind(open: &mut dyn FnMut() -> Box<dyn Token>) -> Kind<'_> {
    Kind { open, default_key: ZEROS, algorithm: "P-256", has_puk: false }
}

fn gids_card() -> cardwright::virtual_card::SharedCard {
    let card = gids::ready(GidsOptions::default());
    gids::open(&card).change_pin(&gids::pin(gids::PIN), &gids::pin(PIN), LastTry::Keep).unwrap();
    card
}

fn softhsm_token(label: String) -> impl FnMut() -> Box<dyn Token> {
    drop(fresh(&label));
    move || Box::new(softhsm::module().find(&Selector::label(&label)).unwrap())
}

#[test]
fn each_of_three_holders_of_a_piv_card_has_secrets_of_his_own() {
    let card = piv::card(piv::yubikey());
    three_holders(piv_kind(&mut || Box::new(piv::open(&card))));
}

#[test]
fn each_of_three_holders_of_a_gids_card_has_a_key_of_his_own() {
    let card = gids_card();
    three_holders(gids_kind(&mut || Box::new(gids::open(&card))));
}

#[test]
fn each_of_three_holders_of_a_softhsm_token_has_an_so_pin_of_his_own() {
    three_holders(softhsm_kind(&mut softhsm_token("three holders".into())));
}

#[test]
fn a_card_is_enrolled_whether_or_not_it_has_what_was_left_behind() {
    for (count, set) in [(1, 0), (1, 1), (2, 0), (2, 1)] {
        let card = piv::card(piv::yubikey());
        after_abandoned(piv_kind(&mut || Box::new(piv::open(&card))), count, set);
        let card = gids_card();
        after_abandoned(gids_kind(&mut || Box::new(gids::open(&card))), count, set);
        after_abandoned(softhsm_kind(&mut softhsm_token(format!("left behind {set} of {count}"))), count, set);
    }
}

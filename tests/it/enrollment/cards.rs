//! Our own drivers on our own cards, against our own server: whole lives, and PINs set over the telephone.

use super::bench::{Face, PIN};
use super::memory_rules::{Cipher, Rules};
use super::memory_token::MemoryToken;
use super::real::Lab;
use super::ways::{enroll, renew, retire, unblock};
use crate::support::{gids, piv};
use cardwright::client::{self, CmClient};
use cardwright::cm::card_secrets::AdminKeyState;
use cardwright::cm::offline::OfflineChallenge;
use cardwright::cm::offline::{CODE_BYTES, CodeKind, read_code, write_code};
use cardwright::cm::request::{CreateRequest, CreateTerms, RequestType};
use cardwright::enrollment::{Event, HelpDesk, HelpDeskError, Need, OldKey, Outcome, card_id, unblock_offline};
use cardwright::pkix::{Certificate, SignatureAlgorithm};
use cardwright::secret::Pin;
use cardwright::token::{Credentials, KeyId, LastTry, Token, Tries};
use cardwright::virtual_card::{GidsOptions, PivOptions, SharedCard};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The example template with what its people need for cards of this default key.
fn lab(default_key: &str) -> Lab {
    Lab::with(true, |template| {
        template
            .replacen("approvals_needed = 1", "approvals_needed = 0", 1)
            .replace("default_admin_key_hex = \"\"", &format!("default_admin_key_hex = \"{default_key}\""))
            .replace("\"keyEncipherment\"", "\"nonRepudiation\"")
    })
}

/// An officer at the other end of the telephone.
pub struct Officer<'l> {
    client: &'l CmClient,
    request: Uuid,
    asked: Vec<CodeKind>,
}

impl<'l> Officer<'l> {
    /// Begins a call about a card.
    pub fn called(client: &'l CmClient, smartcard: Uuid) -> Result<Self, client::Error> {
        let terms = CreateTerms::default();
        let order = CreateRequest::of_card(RequestType::OfflineUnblock, Some(smartcard), "by phone", terms);
        Ok(Self { client, request: client.create_request(&order)?, asked: Vec::new() })
    }

    pub fn end(self) -> Result<(), client::Error> {
        self.client.complete(self.request)
    }
}

impl HelpDesk for Officer<'_> {
    fn ask(&mut self, kind: CodeKind, code: [u8; CODE_BYTES]) -> Result<Zeroizing<[u8; CODE_BYTES]>, HelpDeskError> {
        self.asked.push(kind);
        let challenge = write_code(kind, code).to_string();
        let answer = self.client.offline_unblock(self.request, &OfflineChallenge { challenge })?;
        Ok(Zeroizing::new(read_code(kind.answer(), &answer.response)?))
    }
}

fn new_pin(text: &str) -> Pin {
    Pin::new(text.into())
}

pub fn signs(token: &mut dyn Token, pin: &str, id: &KeyId) {
    let stored = token.public_objects().unwrap().into_iter().find(|stored| stored.id == *id).unwrap();
    let key = Certificate::from_der(&stored.certificate.unwrap()).unwrap().public_key().unwrap();
    let mut session = token.log_in(Credentials::user(&new_pin(pin), LastTry::Keep)).unwrap();
    let algorithm =
        if key.kind().is_rsa() { SignatureAlgorithm::RsaPkcs1Sha256 } else { SignatureAlgorithm::EcdsaSha256 };
    key.verify(algorithm, b"message", &session.sign(id, algorithm, b"message").unwrap()).unwrap();
}

/// Every workflow on a PIV card, each in a program of its own.
fn lives(card: &SharedCard, changes_key: bool) {
    let lab = lab(piv::ADMIN_KEY);
    let alice = lab.client("alice", &[], None);
    let olga = lab.client("olga", &["operators"], None);
    let first_pin = PIN;
    let run = |order, pin: &'static str, new_pin: &'static str| {
        let mut face = Face { pins: [pin].into(), new_pin, ..Face::default() };
        let outcome = lab.run(&alice, &mut piv::open(card), order, &mut face).unwrap().done();
        (outcome, face)
    };
    let (outcome, face) = run(enroll(), piv::PIN, PIN);
    let Outcome::Enrolled { installed, smartcard, .. } = outcome else { panic!() };
    // The standard knows no command that changes the management key.
    let (event, state) = match changes_key {
        true => (Event::AdminKeyChanged, AdminKeyState::Active),
        false => (Event::AdminKeyKept, AdminKeyState::Default),
    };
    assert!(face.events.contains(&event) && face.events.contains(&Event::PukChanged));
    assert_eq!(alice.admin_key_state(smartcard).unwrap(), state);
    signs(&mut piv::open(card), first_pin, &installed[0].key);

    let (outcome, _) = run(renew(), first_pin, PIN);
    let Outcome::Renewed { installed, .. } = outcome else { panic!() };
    signs(&mut piv::open(card), first_pin, &installed[0].key);

    run(unblock(), first_pin, "864209");
    signs(&mut piv::open(card), "864209", &installed[0].key);

    // Over the telephone: the PUK is told once, and gives way to another at the next work.
    let mut token = piv::open(card);
    let mut officer = Officer::called(&olga, smartcard).unwrap();
    unblock_offline(&mut token, &mut officer, &new_pin("531975"), LastTry::Keep).unwrap();
    assert_eq!(officer.asked, [CodeKind::PukRequest]);
    officer.end().unwrap();
    drop(token);
    let (outcome, face) = run(renew(), "531975", PIN);
    let Outcome::Renewed { installed, .. } = outcome else { panic!() };
    assert!(face.events.contains(&Event::PukChanged));
    signs(&mut piv::open(card), "531975", &installed[0].key);

    run(unblock(), "531975", "246802");
    let (_, face) = run(retire(), "246802", PIN);
    // A card with everybody's admin key proves by a signature that it is the one.
    assert_eq!(face.needs.iter().any(|need| matches!(need, Need::Pin { .. })), !changes_key, "{:?}", face.needs);
    let mut token = piv::open(card);
    assert!(token.public_objects().unwrap().is_empty());
    // It is nobody's again: what it came with opens it.
    token.set_pin(cardwright::token::Admin::Puk(&piv::puk(piv::PUK)), &new_pin(piv::PIN), LastTry::Keep).unwrap();
    let key = piv::admin_key();
    let admin = Some(cardwright::token::Admin::Key(&key));
    token.log_in(Credentials { user: None, admin }).unwrap();
    assert_eq!(token.counters().unwrap().user, Tries::Left(3));
    assert_eq!(lab.unfinished(), 0);
}

#[test]
fn a_plain_piv_card_lives_with_our_own_server() {
    lives(&piv::card(piv::plain()), false);
}

#[test]
fn a_yubikey_with_aes_lives_with_our_own_server() {
    lives(&piv::card(piv::yubikey()), true);
}

#[test]
fn an_older_yubikey_lives_with_our_own_server() {
    lives(&piv::card(PivOptions { version: [5, 2, 7], ..PivOptions::yubikey() }), true);
}

#[test]
fn a_gids_card_lives_with_our_own_server() {
    let lab = Lab::with(true, |template| {
        template
            .replacen("approvals_needed = 1", "approvals_needed = 0", 1)
            .replace("generate = \"P-256\"", "generate = \"RSA-2048\"")
            .replace("\"keyEncipherment\"", "\"nonRepudiation\"")
            .replace("default_admin_key_hex = \"\"", &format!("default_admin_key_hex = \"{}\"", gids::ADMIN_KEY))
    });
    let (alice, olga) = (lab.client("alice", &[], None), lab.client("olga", &["operators"], None));
    let card = gids::ready(GidsOptions::default());
    let run = |order, pin: &'static str| {
        let mut face = Face { pins: [pin].into(), new_pin: "864209", ..Face::default() };
        lab.run(&alice, &mut gids::open(&card), order, &mut face).unwrap().done()
    };
    let Outcome::Enrolled { installed, smartcard, .. } = run(enroll(), gids::PIN) else { panic!() };
    signs(&mut gids::open(&card), gids::PIN, &installed[0].key);
    assert_eq!(alice.smartcard(smartcard).unwrap().serial_number, card_id(gids::open(&card).identity()));
    let Outcome::Renewed { installed, old, .. } = run(renew(), gids::PIN) else { panic!() };
    assert!(matches!(old[..], [OldKey::Removed(_)]), "{old:?}");
    run(unblock(), gids::PIN);
    signs(&mut gids::open(&card), "864209", &installed[0].key);

    let mut officer = Officer::called(&olga, smartcard).unwrap();
    unblock_offline(&mut gids::open(&card), &mut officer, &new_pin("531975"), LastTry::Keep).unwrap();
    assert_eq!(officer.asked, [CodeKind::Challenge]);
    officer.end().unwrap();
    run(retire(), "531975");
    let mut token = gids::open(&card);
    assert!(token.public_objects().unwrap().is_empty());
    let default = gids::admin_key(gids::ADMIN_KEY);
    token.set_pin(cardwright::token::Admin::Key(&default), &new_pin(gids::PIN), LastTry::Keep).unwrap();
}

#[test]
fn a_code_from_another_card_or_for_another_request_is_not_answered() {
    let lab = lab("");
    let alice = lab.client("alice", &[], None);
    let olga = lab.client("olga", &["operators"], None);
    let run = |token: &mut MemoryToken| {
        let outcome = lab.run(&alice, token, enroll(), &mut Face::default()).unwrap().done();
        let Outcome::Enrolled { smartcard, .. } = outcome else { panic!() };
        smartcard
    };
    let (mut first, mut second) = (MemoryToken::of(Rules::piv(Cipher::Aes)), MemoryToken::of(Rules::piv(Cipher::Des)));
    run(&mut first);
    let smartcard = run(&mut second);
    assert_ne!(first.puk(), second.puk());
    assert_ne!(card_id(first.identity()), card_id(second.identity()));

    let mut officer = Officer::called(&olga, smartcard).unwrap();
    let pin = new_pin("975310");
    let error = unblock_offline(&mut first, &mut officer, &pin, LastTry::Keep).unwrap_err();
    assert_eq!((error.code(), first.pin()), ("code-of-other-card", Some(PIN)));
    unblock_offline(&mut second, &mut officer, &pin, LastTry::Keep).unwrap();
    assert_eq!(second.pin(), Some("975310"));
    // Another code of the same card is another request's.
    let error = unblock_offline(&mut second, &mut officer, &pin, LastTry::Keep).unwrap_err();
    assert_eq!(error.code(), "challenge-answered");
    assert_eq!((first.left(), second.left()), ((3, 3, 3), (3, 3, 3)));
    second.puk_left = 0;
    officer.asked.clear();
    let error = unblock_offline(&mut second, &mut officer, &pin, LastTry::Keep).unwrap_err();
    assert_eq!((error.code(), officer.asked.len()), ("puk-locked", 0));
}

#[test]
fn a_gids_cards_challenge_is_answered_over_the_telephone() {
    let lab = lab("");
    let alice = lab.client("alice", &[], None);
    let olga = lab.client("olga", &["operators"], None);
    let mut token = MemoryToken::of(Rules::gids());
    let outcome = lab.run(&alice, &mut token, enroll(), &mut Face::default()).unwrap().done();
    let Outcome::Enrolled { smartcard, .. } = outcome else { panic!() };
    token.forget_pin();
    let mut officer = Officer::called(&olga, smartcard).unwrap();
    unblock_offline(&mut token, &mut officer, &new_pin("975310"), LastTry::Keep).unwrap();
    assert_eq!((token.pin(), officer.asked.as_slice()), (Some("975310"), [CodeKind::Challenge].as_slice()));
    for order in [renew(), unblock(), retire()] {
        let mut face = Face { pins: ["975310"].into(), new_pin: "975310", ..Face::default() };
        lab.run(&alice, &mut token, order, &mut face).unwrap().done();
    }
    assert_eq!((token.so_pin(), token.left()), (hex::encode([0; 24]).as_str(), (3, 3, 3)));
}

#[test]
fn a_canceled_enrollment_of_a_gids_card_with_a_locked_pin_gives_way_to_another() {
    let lab = Lab::with(true, |template| {
        template
            .replacen("approvals_needed = 1", "approvals_needed = 0", 1)
            .replace("generate = \"P-256\"", "generate = \"RSA-2048\"")
            .replace("default_admin_key_hex = \"\"", &format!("default_admin_key_hex = \"{}\"", gids::ADMIN_KEY))
    });
    let (alice, olga) = (lab.client("alice", &[], None), lab.client("olga", &["operators"], None));
    let card = gids::ready(GidsOptions::default());
    let run = |pin: &'static str| {
        let mut face = Face { pins: [pin].into(), new_pin: "864209", ..Face::default() };
        let end = lab.run(&alice, &mut gids::open(&card), enroll(), &mut face);
        (end, face)
    };
    assert_eq!(run("999999").0.unwrap_err().code(), "wrong-pin");
    let request = alice.requests(None).unwrap()[0].uuid;
    olga.cancel(request).unwrap();
    let mut token = gids::open(&card);
    while token.counters().unwrap().user != Tries::Locked {
        let _ = token.log_in(Credentials::user(&new_pin("999999"), LastTry::Spend)).map(drop);
    }
    let (ended, face) = run(PIN);
    assert_eq!((ended.unwrap_err().code(), lab.unfinished()), ("request-canceled", 0), "{:?}", face.events);
    let Outcome::Enrolled { installed, .. } = run(PIN).0.unwrap().done() else { panic!() };
    signs(&mut gids::open(&card), "864209", &installed[0].key);
}

//! Keys that the server will send and the card cannot take are refused in the plan: the card is byte for byte as it was,
//! and no request is left.

use super::bench::{Face, PIN};
use super::keys::{lab, settled};
use super::real::Lab;
use super::ways::{enroll, renew, retire};
use crate::support::certificates::certificate_for;
use crate::support::{gids, piv, site};
use cardwright::client::CmClient;
use cardwright::enrollment::{
    EnrollOrder, Enrollment, Error, Event, Input, Journal, KeyReceiver, Order, RenewOrder, Step,
};
use cardwright::pkix::KeyAlgorithm;
use cardwright::secret::{Passphrase, Pin};
use cardwright::token::{Admin, Credentials, KeyId, KeyOrder, LastTry, Token};
use cardwright::virtual_card::{GidsOptions, PivOptions, SharedCard};

const MAIL: &str = r#"
[[additional_certificates]]
key = { generate = "P-256", SOURCE }
certificate = { template_name = "Encryption", key_usages = ["keyAgreement"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

/// A template with a key for mail, on cards that keep the admin key they came with.
pub fn with_mail(source: &'static str) -> Lab {
    lab(|template| mail(template, source))
}

fn mail(template: String, source: &str) -> String {
    let template = site::set(template, "[smartcard]", "diversify_admin_key", "false");
    template.replacen("\n[revocation]", &MAIL.replace("SOURCE", source), 1)
}

pub const BY_THE_SERVER: &str = r#"generated_by = "server", pfx_rounds = 2000, archive = true"#;

/// A YubiKey that does not move keys.
pub fn old_yubikey() -> PivOptions {
    PivOptions { version: [5, 4, 3], ..PivOptions::yubikey() }
}

pub fn place(byte: u8) -> KeyId {
    KeyId(vec![byte])
}

/// Puts a key of somebody else's into a place, with a certificate or without one.
pub fn planted(token: &mut dyn Token, byte: u8, certified: bool) {
    let key = token.factory().admin_key();
    let mut session = token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).unwrap();
    let (id, label, algorithm) = (place(byte), String::new(), KeyAlgorithm::P256);
    let order = KeyOrder { id: id.clone(), label, algorithm, decrypts: true, replace: true };
    let theirs = session.generate(&order).unwrap();
    if certified {
        session.write_certificate(&id, "", &certificate_for(&theirs, "theirs")).unwrap();
    }
}

/// The object of a certificate that some tools leave behind: it holds none.
const EMPTY: &[u8] = &[0x70, 0x00, 0x71, 0x01, 0x00, 0xFE, 0x00];

#[test]
fn a_key_without_a_certificate_is_taken_for_what_it_is() {
    let lab = lab(|template| template);
    let client = lab.client("alice", &[], None);
    for empty in [false, true] {
        let objects: &[_] = if empty { &[(0x5F_C105, EMPTY)] } else { &[] };
        let card = SharedCard::new(Box::new(piv::holding(piv::yubikey(), objects)));
        let mut token = piv::open(&card);
        planted(&mut token, 0x9A, false);
        let listed = token.public_objects().unwrap();
        assert!(listed.len() == 1 && listed[0].is_bare_key() && listed[0].id == place(0x9A));
        let error = refused(&lab, &client, &card, &mut token, enroll());
        assert_eq!((error.code(), error.exit_class() as u8), ("key-id-taken", 2), "{empty}");
    }
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    planted(&mut token, 0x9A, false);
    let over = Order::Enroll(EnrollOrder { replace: true, ..EnrollOrder::default() });
    lab.run(&client, &mut token, over, &mut Face { pins: [piv::PIN].into(), ..Face::default() }).unwrap().done();
}

#[test]
fn what_a_retirement_leaves_is_free_and_so_is_a_card_from_the_factory() {
    for options in [old_yubikey(), piv::yubikey(), piv::plain()] {
        let lab = lab(|template| template);
        let client = lab.client("alice", &[], None);
        let card = SharedCard::new(Box::new(piv::holding(options, &[(0x5F_C105, EMPTY)])));
        let mut token = piv::open(&card);
        settled(&mut token);
        for order in [enroll(), retire(), enroll()] {
            lab.run(&client, &mut token, order, &mut Face::default()).unwrap().done();
        }
        assert_eq!(token.public_objects().unwrap().len(), 1);
    }
}

/// An order that is refused in the plan: the card is as it was, and there is no request but those there were.
pub fn refused(lab: &Lab, client: &CmClient, card: &SharedCard, token: &mut dyn Token, order: Order) -> Error {
    let state = || card.with_card(|card| card.state().to_vec()).unwrap();
    let (before, requests) = (state(), client.requests(None).unwrap().len());
    let mut face = Face::default();
    let error = lab.run(client, token, order, &mut face).unwrap_err();
    assert!(state() == before, "the card was changed: {error:?}");
    assert_eq!(client.requests(None).unwrap().len(), requests, "a request was made: {error:?}");
    assert!(face.needs.is_empty(), "a secret was asked for: {:?}", face.needs);
    assert_eq!(lab.unfinished(), 0);
    error
}

#[test]
fn a_card_that_imports_no_keys_is_refused_untouched() {
    let lab = with_mail(BY_THE_SERVER);
    let client = lab.client("alice", &[], None);
    let card = piv::card(piv::plain());
    // With the PIN it came with, which would be changed before any key is made.
    let error = refused(&lab, &client, &card, &mut piv::open(&card), enroll());
    assert_eq!((error.code(), error.exit_class() as u8), ("key-not-taken", 8));
    assert!(error.remedy().contains("--pfx-to") && error.kept().contains("Nothing was changed"), "{}", error.kept());
    let mut kept = 0;
    let ended = with_a_file(&lab, &client, (&mut piv::open(&card), piv::PIN), "a password", &mut kept).unwrap();
    assert!(matches!(ended, Step::Done(_)), "{ended:?}");
    assert_eq!(kept, 1);
}

/// Enrolls with a file for the keys, whose password is given.
fn with_a_file(
    lab: &Lab,
    client: &CmClient,
    (token, pin): (&mut dyn Token, &str),
    password: &str,
    kept: &mut usize,
) -> Result<Step, Error> {
    let journal = Journal::open(lab.journal()).unwrap();
    let mut work = Enrollment::begin(client, &journal, token.identity(), enroll()).unwrap();
    work.receive_keys(KeyReceiver {
        password: Passphrase::new(password.into()),
        keep: Box::new(|_| {
            *kept += 1;
            Ok(())
        }),
    });
    work.give(Input::NewPin(Pin::new(PIN.into())));
    let pin = Input::Pin(Pin::new(pin.into()), LastTry::Keep);
    work.advance(Some(token), pin, &mut |_| {})
}

#[test]
fn a_password_that_the_server_would_refuse_is_refused_before_there_is_a_request() {
    let lab = with_mail(BY_THE_SERVER);
    let client = lab.client("alice", &[], None);
    let card = piv::card(old_yubikey());
    settled(&mut piv::open(&card));
    let before = card.with_card(|card| card.state().to_vec()).unwrap();
    let mut kept = 0;
    let error = with_a_file(&lab, &client, (&mut piv::open(&card), PIN), "seven 7", &mut kept).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("pfx-password-length", 4));
    assert!(card.with_card(|card| card.state().to_vec()).unwrap() == before);
    assert!(client.requests(None).unwrap().is_empty());
    let ended = with_a_file(&lab, &client, (&mut piv::open(&card), PIN), "eight 88", &mut kept);
    assert!(matches!(ended.unwrap(), Step::Done(_)));
}

#[test]
fn a_foreign_key_in_their_place_is_refused_at_an_enrollment() {
    let lab = with_mail(BY_THE_SERVER);
    let client = lab.client("alice", &[], None);
    for certified in [true, false] {
        let card = piv::card(old_yubikey());
        let mut token = piv::open(&card);
        planted(&mut token, 0x9D, certified);
        let error = refused(&lab, &client, &card, &mut token, enroll());
        assert_eq!(error.code(), "key-not-taken", "{certified}");
        assert!(error.remedy().contains("--replace"), "{}", error.remedy());
    }
}

#[test]
fn a_foreign_key_in_their_place_is_refused_at_a_renewal() {
    for certified in [true, false] {
        let lab = with_mail(BY_THE_SERVER);
        let client = lab.client("alice", &[], None);
        let card = piv::card(old_yubikey());
        let mut token = piv::open(&card);
        settled(&mut token);
        lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap().done();
        let mut session = {
            let key = token.factory().admin_key();
            token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).unwrap()
        };
        session.delete(&place(0x9D)).unwrap();
        drop(session);
        planted(&mut token, 0x9D, certified);
        let error = refused(&lab, &client, &card, &mut token, renew());
        assert_eq!(error.code(), "key-not-taken", "{certified}");
        let over = Order::Renew(RenewOrder { replace: true, give_up_old_key: true, ..RenewOrder::default() });
        lab.run(&client, &mut token, over, &mut Face::default()).unwrap().done();
    }
}

#[test]
fn a_foreign_key_in_the_place_of_a_renewed_one_is_refused() {
    // The key for logging on cannot be shown any more.
    let lab = lab(|template| mail(template, BY_THE_SERVER).replace("\"demanded\"", "\"none\""));
    let client = lab.client("alice", &[], None);
    let card = piv::card(old_yubikey());
    let mut token = piv::open(&card);
    settled(&mut token);
    lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap().done();
    // The key for mail still proves which card it is.
    planted(&mut token, 0x9A, true);
    let error = refused(&lab, &client, &card, &mut token, renew());
    assert_eq!((error.code(), error.exit_class() as u8), ("key-id-taken", 2));
    let over = Order::Renew(RenewOrder { replace: true, ..RenewOrder::default() });
    lab.run(&client, &mut token, over, &mut Face::default()).unwrap().done();
}

#[test]
fn retired_places_that_are_full_are_refused_and_what_is_there_already_does_not_count() {
    let lab = with_mail(BY_THE_SERVER);
    let client = lab.client("alice", &[], None);
    let card = piv::card(old_yubikey());
    let mut token = piv::open(&card);
    settled(&mut token);
    // Two places are left, and a key without a certificate takes one as well.
    for byte in 0x84..=0x95 {
        planted(&mut token, byte, byte != 0x95);
    }
    for order in [enroll(), renew(), renew()] {
        lab.run(&client, &mut token, order, &mut Face::default()).unwrap().done();
    }
    let error = refused(&lab, &client, &card, &mut token, renew());
    assert_eq!(error.code(), "key-not-taken");
    let cause = format!("{:?}", error.cause);
    assert!(cause.contains("Full"), "{cause}");
}

#[test]
fn a_key_that_would_move_to_a_full_place_is_refused_untouched() {
    let lab = with_mail(r#"generated_by = "client""#);
    let client = lab.client("alice", &[], None);
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    settled(&mut token);
    for byte in 0x83..=0x95 {
        planted(&mut token, byte, true);
    }
    for order in [enroll(), renew()] {
        lab.run(&client, &mut token, order, &mut Face::default()).unwrap().done();
    }
    assert_eq!(refused(&lab, &client, &card, &mut token, renew()).code(), "token-full");
}

#[test]
fn a_gids_card_is_refused_untouched_where_a_curve_would_come() {
    let lab = lab(|template| {
        let mail = MAIL.replace("SOURCE", BY_THE_SERVER);
        let template = site::set(template, "[smartcard]", "default_admin_key_hex", &format!("{:?}", gids::ADMIN_KEY));
        site::keys(template, "RSA-2048").replacen("\n[revocation]", &mail, 1)
    });
    let client = lab.client("alice", &[], None);
    let card = gids::ready(GidsOptions::default());
    let error = refused(&lab, &client, &card, &mut gids::open(&card), enroll());
    assert_eq!(error.code(), "key-not-taken");
    let cause = format!("{:?}", error.cause);
    assert!(cause.contains("P256"), "{cause}");
}

#[test]
fn where_approval_is_waited_for_the_card_is_looked_at_before_it_is_assigned() {
    let lab = lab(|template| {
        let template = template.replacen("approvals_needed = 0", "approvals_needed = 1", 1);
        template.replacen("\n[revocation]", &MAIL.replace("SOURCE", BY_THE_SERVER), 1)
    });
    let (client, officer) = (lab.client("alice", &[], None), lab.client("bob", &["approvers"], None));
    let card = piv::card(old_yubikey());
    let mut token = piv::open(&card);
    assert!(matches!(
        lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap(),
        super::bench::End::Pending { .. }
    ));
    let pending = client.requests(None).unwrap();
    officer.approve(pending[0].uuid, &Default::default()).unwrap();
    planted(&mut token, 0x9D, true);
    let before = card.with_card(|card| card.state().to_vec()).unwrap();
    let mut face = Face::default();
    let error = lab.run(&client, &mut token, enroll(), &mut face).unwrap_err();
    assert_eq!(error.code(), "key-not-taken");
    assert!(card.with_card(|card| card.state().to_vec()).unwrap() == before);
    assert!(!face.events.iter().any(|event| matches!(event, Event::CardAssigned { .. })));
}

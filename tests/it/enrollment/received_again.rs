//! Keys that the server sends and the work was broken off with, that are read back wrong, or that take an old key's place.

use super::bench::{Bench, Face, PIN};
use super::keys::{lab, settled};
use super::memory_rules::Rules;
use super::memory_token::{Cut, MemoryToken};
use super::real::Lab;
use super::received::{MAIL, mail_keys, old_yubikey, with_mail};
use super::ways::{enroll, renew};
use crate::malice::cards::Forged;
use crate::support::{piv, site};
use cardwright::enrollment::{Enrollment, Event, Input, KeyReceiver, Order, Outcome, RenewOrder, Step};
use cardwright::secret::{Passphrase, Pin};
use cardwright::token::{KeyId, LastTry, Token};
use cardwright::virtual_card::PivCard;
use std::sync::{Arc, Mutex};

const AUTHENTICATION: &[u8] = &[0x5C, 0x03, 0x5F, 0xC1, 0x05];
const KEY_MANAGEMENT: &[u8] = &[0x5C, 0x03, 0x5F, 0xC1, 0x0B];

fn writes(command: &[u8], object: &[u8]) -> bool {
    command[1] == 0xDB && command.windows(object.len()).take(8).any(|it| it == object)
}

fn reads(command: &[u8], object: &[u8]) -> bool {
    command[1] == 0xCB && command.windows(object.len()).any(|it| it == object)
}

/// The certificate is written, and the card fails when it is read back.
#[test]
fn what_was_brought_is_not_written_again() {
    let lab = with_mail("P-256");
    let client = lab.client("alice", &[], None);
    let (mut imported, mut failed) = (false, false);
    let again = Arc::new(Mutex::new(0));
    let written = again.clone();
    let card = Forged::slot(Box::new(PivCard::new(old_yubikey()).unwrap()), move |command, _| {
        imported |= command[1] == 0xFE;
        if imported && !failed && reads(command, KEY_MANAGEMENT) {
            failed = true;
            return Some(vec![0x6F, 0x00]);
        }
        *written.lock().unwrap() += usize::from(failed && (command[1] == 0xFE || writes(command, KEY_MANAGEMENT)));
        None
    });
    let mut token = piv::open(&card);
    settled(&mut token);
    lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap_err();
    assert_eq!(lab.unfinished(), 1);
    lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap().done();
    assert_eq!((mail_keys(&mut token).len(), *again.lock().unwrap()), (1, 0));
}

#[test]
fn a_certificate_that_is_read_back_wrong_completes_nothing() {
    for object in [AUTHENTICATION, KEY_MANAGEMENT] {
        let lab = with_mail("P-256");
        let client = lab.client("alice", &[], None);
        let (mut imported, mut wrong) = (false, false);
        let card = Forged::slot(Box::new(PivCard::new(old_yubikey()).unwrap()), move |command, card| {
            imported |= command[1] == 0xFE;
            wrong |= imported && writes(command, object);
            (wrong && reads(command, object)).then(|| {
                let mut answer = card.transmit(command);
                // Within the serial number.
                answer[30] ^= 1;
                answer
            })
        });
        let mut token = piv::open(&card);
        settled(&mut token);
        let error = lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap_err();
        assert_eq!(error.code(), "read-back-differs", "{error:?}");
        assert_eq!(lab.unfinished(), 1);
    }
}

/// A key that the server has not kept cannot come back.
#[test]
fn a_key_that_does_not_come_back_is_moved_away_or_its_loss_agreed_to() {
    for (options, moves) in [(piv::yubikey(), true), (old_yubikey(), false)] {
        let lab =
            lab(|template| template.replacen("\n[revocation]", &MAIL.replace("archive = true", "archive = false"), 1));
        let client = lab.client("alice", &[], None);
        let mut token = piv::open(&piv::card(options));
        settled(&mut token);
        lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap().done();
        let old = mail_keys(&mut token);
        let ended = lab.run(&client, &mut token, renew(), &mut Face::default());
        if moves {
            ended.unwrap().done();
            let keys = mail_keys(&mut token);
            assert!(keys.len() == 2 && keys.contains(&(KeyId(vec![0x82]), old[0].1.clone())), "{keys:?}");
            continue;
        }
        assert_eq!(ended.unwrap_err().code(), "old-key-lost");
        assert_eq!(mail_keys(&mut token), old);
        let given_up = Order::Renew(RenewOrder { give_up_old_key: true, ..RenewOrder::default() });
        lab.run(&client, &mut token, given_up, &mut Face::default()).unwrap().done();
        assert!(mail_keys(&mut token).iter().all(|key| !old.contains(key)));
    }
}

/// A server whose keys a PKCS#11 token of tests takes.
fn of_tokens() -> Lab {
    lab(|template| {
        let template = site::set(template, "[smartcard]", "default_admin_key_hex", "\"\"");
        template.replacen("\n[revocation]", MAIL, 1)
    })
}

#[test]
fn a_key_that_the_token_named_is_known_by_that_name() {
    let lab = of_tokens();
    let client = lab.client("alice", &[], None);
    let mut token = MemoryToken::of(Rules { renames: true, ..Rules::pkcs11() });
    let mut face = Face::default();
    let outcome = lab.run(&client, &mut token, enroll(), &mut face).unwrap().done();
    let brought = |event: &Event| matches!(event, Event::KeyBrought { key, .. } if token.keys().contains(key));
    assert!(face.events.iter().any(brought), "{:?}", face.events);
    let Outcome::Enrolled { installed, .. } = outcome else { panic!("{outcome:?}") };
    assert!(installed.iter().all(|it| token.keys().contains(&it.key)), "{installed:?}");
}

/// The work is cut when the key has come, taken up and cut again; then its request is canceled.
#[test]
fn what_was_brought_for_a_request_that_was_canceled_is_taken_off() {
    const MOST: usize = 40;
    let lab = of_tokens();
    for at in 0..MOST {
        let client = lab.client(&format!("alice{at}"), &[], None);
        let mut token = MemoryToken::fresh();
        let run = |token: &mut MemoryToken, cut, face: &mut Face| {
            token.repair(cut);
            let ended = lab.run(&client, token, enroll(), face);
            token.repair(None);
            ended.map(|end| drop(end.done()))
        };
        run(&mut token, Some(Cut::After(at)), &mut Face::default()).unwrap_err();
        if token.keys().len() < 2 {
            continue;
        }
        let mut taken_up = |again: &usize| {
            let mut face = Face::default();
            run(&mut token, Some(Cut::After(*again)), &mut face).unwrap_err();
            face.events.iter().any(|event| matches!(event, Event::KeyBrought { .. }))
        };
        assert!((0..MOST).any(|it| taken_up(&it)));
        let request = client.requests(None).unwrap()[0].uuid;
        client.cancel(request).unwrap();
        let error = run(&mut token, None, &mut Face::default()).unwrap_err();
        assert_eq!((error.code(), token.keys()), ("request-canceled", vec![]), "{at}");
        return;
    }
    panic!("no key came");
}

/// A private key that is none, with each certificate.
#[test]
fn what_cannot_be_opened_is_left_to_whoever_keeps_it() {
    let bench = Bench::new();
    bench.fake.state().pfx = Some("MAA=");
    let mut token = MemoryToken::fresh();
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!((error.stage, bench.unfinished()), (cardwright::enrollment::Stage::BringKey, 1), "{error:?}");
    let (journal, mut kept) = (bench.journal(), 0);
    let mut work = Enrollment::begin(&bench.client, &journal, token.identity(), enroll()).unwrap();
    work.receive_keys(KeyReceiver {
        password: Passphrase::new("a password of the face's".into()),
        keep: Box::new(|_| {
            kept += 1;
            Ok(())
        }),
    });
    let pin = Input::Pin(Pin::new(PIN.into()), LastTry::Keep);
    let step = work.advance(Some(&mut token), pin, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    drop(work);
    assert_eq!((kept, token.certificates().len()), (1, 1));
}

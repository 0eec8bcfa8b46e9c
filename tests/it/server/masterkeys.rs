//! Versions of the master key: made, given to cards, counted and removed; in files and in a token.

use super::support::{API, EXTENSION, Enrolled, Lab, PASSPHRASE, Person, new_csr};
use crate::support::data_directory::seal_cheaply;
use crate::support::{kryoptic, softhsm};
use cardwright::pkcs11::Selector;
use cardwright::secret::{MasterKey, Passphrase, Pin};
use cardwright::server::diversify::{MasterKeySource, MasterKeys};
use cardwright::server::{self, Config, MasterKeyError, Server, StartError};
use cardwright::store::Derivation;
use cryptoki::context::Pkcs11;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

fn of(master: u32) -> Derivation {
    Derivation { master, generation: None }
}

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.into())
}

fn newer(lab: &mut Lab) -> u32 {
    lab.stop();
    let version = server::add_master_key(&lab.data(), &passphrase(), None).unwrap();
    seal_cheaply(&lab.data(), PASSPHRASE);
    lab.start();
    version
}

fn path(request: &str, card: &Enrolled, what: &str) -> String {
    format!("{EXTENSION}/requests/{request}/smartcards/{}/{what}", card.smartcard)
}

fn key(lab: &Lab, person: &Person, request: &str, card: &Enrolled) -> super::support::Answer {
    let query = format!("diversifiedkey?cardid={}", card.card_id);
    lab.get(person, &format!("{API}/requests/{request}/smartcards/{}/{query}", card.smartcard))
}

fn next(lab: &Lab, person: &Person, request: &str, card: &Enrolled, current: bool) -> super::support::Answer {
    let query = format!("adminkey/next?cardid={}&current={current}", card.card_id);
    lab.get(person, &path(request, card, &query))
}

fn response(lab: &Lab, person: &Person, request: &str, card: &Enrolled) -> Value {
    let query = format!("authenticationresponse?cardid={}&challenge=1hFD%2Bcz/0so=&diversified=True", card.card_id);
    lab.get(person, &format!("{API}/requests/{request}/smartcards/{}/{query}", card.smartcard)).ok()
}

/// A card with an admin key of its own.
fn enrolled(lab: &Lab, person: &Person) -> Enrolled {
    let card_id = Uuid::new_v4();
    let request = lab.enroll_request(person);
    let smartcard = lab.assign(person, &request, card_id);
    let card = Enrolled { request, smartcard, card_id };
    key(lab, person, &card.request, &card).ok();
    lab.put(person, &path(&card.request, &card, "adminkey"), json!({"State": "Active"})).ok();
    lab.certificatedata(person, &card.request, &new_csr()).ok();
    lab.complete(person, &card.request).ok();
    card
}

fn work(lab: &Lab, person: &Person, kind: &str, card: &Enrolled) -> String {
    lab.request(person, json!({"datacollection": [], "type": kind, "smartcard": card.smartcard, "comment": ""}))
}

fn uses(lab: &Lab) -> Vec<(u32, bool, u64)> {
    let versions = server::master_key_versions(&lab.data()).unwrap();
    versions.iter().map(|it| (it.version, it.in_file, it.cards)).collect()
}

#[test]
fn the_next_key_is_proposed_and_holds_once_the_card_confirms() {
    let mut lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let card = enrolled(&lab, &alice);
    let request = work(&lab, &alice, "Renew", &card);
    let nothing = next(&lab, &alice, &request, &card, true).ok();
    assert_eq!(nothing, json!({"Proposed": false}));
    assert_eq!(uses(&lab), [(1, true, 1)]);
    assert_eq!(newer(&mut lab), 2);
    let under_the_first = response(&lab, &alice, &request, &card);
    let first = next(&lab, &alice, &request, &card, false).ok();
    assert_eq!((&first["Proposed"], first.get("Current")), (&json!(false), None));
    let again = next(&lab, &alice, &request, &card, true).ok();
    assert_eq!((&again["Proposed"], &again["Next"]), (&json!(true), &first["Next"]));
    assert_ne!(again["Current"], again["Next"]);
    assert_eq!(response(&lab, &alice, &request, &card), under_the_first, "either may hold; the old one answers");
    assert_eq!(uses(&lab), [(1, true, 1), (2, true, 1)]);
    lab.put(&alice, &path(&request, &card, "adminkey"), json!({"State": "Active"})).ok();
    assert_ne!(response(&lab, &alice, &request, &card), under_the_first);
    assert_eq!(next(&lab, &alice, &request, &card, true).ok(), json!({"Proposed": false}));
    assert_eq!(uses(&lab), [(1, true, 0), (2, true, 1)]);
    // A card enrolled now begins with the newest.
    enrolled(&lab, &alice);
    assert_eq!(uses(&lab), [(1, true, 0), (2, true, 2)]);
}

/// Makes every card one of the releases before there were generations.
fn without_generations(lab: &mut Lab) {
    lab.stop();
    let statement = "UPDATE smartcards SET generation = NULL, admin_generation = NULL, admin_generation_next = NULL, \
                     puk_generation = NULL, puk_before_generation = NULL";
    match &lab.database {
        Some(database) => drop(database.sql(statement)),
        None => {
            let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
            assert!(database.execute(statement, []).unwrap() > 0);
        }
    }
    lab.start();
}

#[test]
fn a_card_of_the_derivation_before_goes_on_and_moves_at_its_next_contact() {
    let mut lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let card = enrolled(&lab, &alice);
    let unblock = work(&lab, &alice, "Unblock", &card);
    let with_generation = key(&lab, &alice, &unblock, &card).ok();
    without_generations(&mut lab);
    let before = key(&lab, &alice, &unblock, &card).ok();
    assert_ne!(before, with_generation);
    // Nothing but this card's own client has it moved.
    assert_eq!(key(&lab, &alice, &unblock, &card).ok(), before);
    let answered = response(&lab, &alice, &unblock, &card);
    lab.complete(&alice, &unblock).ok();
    let renewal = work(&lab, &alice, "Renew", &card);
    let offered = next(&lab, &alice, &renewal, &card, true).ok();
    assert_eq!(offered["Current"], before);
    assert_eq!(response(&lab, &alice, &renewal, &card), answered, "either may hold; the old one answers");
    assert_eq!(next(&lab, &alice, &renewal, &card, false).ok()["Next"], offered["Next"], "asked again, the same");
    lab.put(&alice, &path(&renewal, &card, "adminkey"), json!({"State": "Active"})).ok();
    assert_ne!(response(&lab, &alice, &renewal, &card), answered);
    assert_eq!(next(&lab, &alice, &renewal, &card, true).ok(), json!({"Proposed": false}));
    lab.put(&alice, &format!("{API}/requests/{renewal}"), json!({"status": "Abandoned"})).ok();
    let unblock = work(&lab, &alice, "Unblock", &card);
    assert_eq!(key(&lab, &alice, &unblock, &card).ok(), offered["Next"]);
}

#[test]
fn a_card_that_came_back_needs_the_keys_of_its_last_record_alone() {
    let mut lab =
        Lab::plain(|template| template.replace("allow_smartcard_reuse = false", "allow_smartcard_reuse = true"));
    let alice = lab.user("alice", &[]);
    let card = enrolled(&lab, &alice);
    let retirement = work(&lab, &alice, "Retire", &card);
    let path_of = format!("{API}/requests/{retirement}/smartcards/{}", card.smartcard);
    lab.put(&alice, &path_of, json!({"status": "Retired"})).ok();
    lab.complete(&alice, &retirement).ok();
    newer(&mut lab);
    assert_eq!(uses(&lab), [(1, true, 1), (2, true, 0)], "the card may still have it");
    let request = lab.enroll_request(&alice);
    let smartcard = lab.assign(&alice, &request, card.card_id);
    let again = Enrolled { request: request.clone(), smartcard, card_id: card.card_id };
    next(&lab, &alice, &request, &again, false).ok();
    assert_eq!(uses(&lab), [(1, true, 1), (2, true, 1)]);
    lab.put(&alice, &path(&request, &again, "adminkey"), json!({"State": "Active"})).ok();
    assert_eq!(uses(&lab), [(1, true, 0), (2, true, 1)]);
}

#[test]
fn a_version_goes_only_when_no_card_needs_it() {
    let mut lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let card = enrolled(&lab, &alice);
    newer(&mut lab);
    let remove = |lab: &Lab, version| server::remove_master_key(&lab.data(), version);
    assert!(matches!(remove(&lab, 1), Err(MasterKeyError::File(_))), "a server runs");
    lab.stop();
    assert!(matches!(remove(&lab, 1), Err(MasterKeyError::Needed { version: 1, cards: 1 })));
    assert!(matches!(remove(&lab, 2), Err(MasterKeyError::Newest(2))));
    for unknown in [0, 3] {
        assert!(matches!(remove(&lab, unknown), Err(MasterKeyError::NoSuchVersion(_))));
    }
    lab.start();
    let request = work(&lab, &alice, "Unblock", &card);
    next(&lab, &alice, &request, &card, false).ok();
    lab.stop();
    assert!(matches!(remove(&lab, 1), Err(MasterKeyError::Needed { .. })), "proposed is not active");
    lab.start();
    lab.put(&alice, &path(&request, &card, "adminkey"), json!({"State": "Active"})).ok();
    lab.stop();
    remove(&lab, 1).unwrap();
    lab.start();
    response(&lab, &alice, &request, &card);
    assert_eq!(uses(&lab), [(2, true, 1)]);
    assert_eq!(newer(&mut lab), 3);
    let nowhere = server::add_master_key(Path::new("/nowhere"), &passphrase(), None);
    assert!(matches!(nowhere, Err(MasterKeyError::NoDirectory(_))));
    lab.stop();
    let wrong = server::add_master_key(&lab.data(), &Passphrase::new("wrong".into()), None);
    assert!(matches!(wrong, Err(MasterKeyError::Key(_))));
}

#[test]
fn nobody_else_is_told_a_key() {
    let mut lab = Lab::plain(|template| {
        template.replace("[workflows.retire]", "[workflows.revoke]\nself_service = true\n\n[workflows.retire]")
    });
    let (alice, mallory) = (lab.user("alice", &[]), lab.user("mallory", &[]));
    let officer = lab.user("oscar", &["officers", "operators", "approvers", "administrators"]);
    let card = enrolled(&lab, &alice);
    newer(&mut lab);
    let renewal = work(&lab, &alice, "Renew", &card);
    // Who is not part of it sees no request; who approves or administers sees it and is not told.
    for stranger in [&mallory, &officer] {
        for answer in [key(&lab, stranger, &renewal, &card), next(&lab, stranger, &renewal, &card, true)] {
            assert!([403, 404].contains(&answer.status), "{answer:?}");
        }
    }
    // Of an executing request of another type, or of one that is over.
    assert_eq!(key(&lab, &alice, &renewal, &card).refusal(), (409, "wrong-request-type".into()));
    assert_eq!(key(&lab, &alice, &card.request, &card).refusal(), (409, "request-not-executable".into()));
    assert_eq!(next(&lab, &alice, &card.request, &card, true).refusal(), (409, "request-not-executable".into()));
    // Of another card.
    let other = enrolled(&lab, &alice);
    assert_eq!(next(&lab, &alice, &renewal, &other, true).refusal().0, 404);
    let elsewhere = Enrolled { request: String::new(), smartcard: card.smartcard.clone(), card_id: other.card_id };
    assert_eq!(next(&lab, &alice, &renewal, &elsewhere, true).refusal(), (409, "wrong-card".into()));
}

/// Let out, or kept within the server.
#[track_caller]
fn as_said(told: super::support::Answer, let_out: bool) {
    if let_out {
        told.ok();
    } else {
        assert_eq!(told.refusal(), (403, "admin-key-kept".into()));
    }
}

#[test]
fn the_template_says_for_which_requests_a_key_is_let_out() {
    let types = ["enroll", "renew", "unblock", "retire"];
    for allowed in types {
        let mut lab = Lab::plain(|template| {
            template.replacen("reset_on_retire = false", "reset_on_retire = false\nrelease_admin_key = [\"enroll\"]", 1)
        });
        let alice = lab.user("alice", &[]);
        let card = enrolled(&lab, &alice);
        lab.stop();
        let file = std::fs::read_dir(lab.data().join("templates")).unwrap().next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("[\"enroll\"]", &format!("[{allowed:?}]"))).unwrap();
        lab.start();
        newer(&mut lab);
        let unblock = work(&lab, &alice, "Unblock", &card);
        let told = key(&lab, &alice, &unblock, &card);
        as_said(told, allowed == "unblock");
        response(&lab, &alice, &unblock, &card);
        lab.complete(&alice, &unblock).ok();
        let renewal = work(&lab, &alice, "Renew", &card);
        let told = next(&lab, &alice, &renewal, &card, false);
        as_said(told, allowed == "renew");
        lab.put(&alice, &format!("{API}/requests/{renewal}"), json!({"status": "Canceled"}));
        let fresh = lab.enroll_request(&alice);
        let card_id = Uuid::new_v4();
        let smartcard = lab.assign(&alice, &fresh, card_id);
        let new = Enrolled { request: fresh.clone(), smartcard, card_id };
        let told = key(&lab, &alice, &fresh, &new);
        as_said(told, allowed == "enroll");
        let retirement = work(&lab, &alice, "Retire", &card);
        let query = format!("adminkey?cardid={}", card.card_id);
        let told = lab.get(&alice, &path(&retirement, &card, &query));
        as_said(told, allowed == "retire");
    }
}

/// Brings a known secret key into a token whose module is in use; no tool at hand makes one that signs.
fn import(module: &str, token: &str, pin: &str, label: &str, key: &[u8]) {
    let context = Pkcs11::new(module).unwrap();
    let slots = context.get_slots_with_initialized_token().unwrap();
    let slot = slots.into_iter().find(|slot| context.get_token_info(*slot).unwrap().label() == token).unwrap();
    let session = context.open_rw_session(slot).unwrap();
    session.login(UserType::User, Some(&AuthPin::new(pin.into()))).unwrap();
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Sign(true),
        Attribute::Label(label.into()),
        Attribute::Value(key.to_vec()),
    ];
    session.create_object(&template).unwrap();
}

fn alike(module: &str, token: &str, pin: &str) {
    let _in_use = cardwright::pkcs11::Module::load(Path::new(module)).unwrap();
    let known = [0x5A; 32];
    import(module, token, pin, "master", &known);
    let opened = cardwright::ca::TokenMac::open(module.into(), Selector::label(token), Pin::new(pin.into())).unwrap();
    let source = MasterKeySource::Token(Arc::new(opened), "master".into());
    let inside = MasterKeys::by_version(BTreeMap::from([(1, source)])).unwrap();
    let outside = MasterKeys::new(vec![MasterKey::new(known.to_vec())]).unwrap();
    for card_id in [Uuid::nil(), Uuid::new_v4()] {
        let (ours, theirs) = (outside.admin_key(of(1), card_id).unwrap(), inside.admin_key(of(1), card_id).unwrap());
        assert_eq!(ours.expose(), theirs.expose());
        let (ours, theirs) = (outside.puk(of(1), card_id, 3).unwrap(), inside.puk(of(1), card_id, 3).unwrap());
        assert_eq!(ours.expose(), theirs.expose());
    }
}

#[test]
fn a_key_in_a_token_derives_what_it_derives_outside() {
    drop(softhsm::token("master keys known", "12345678", "123456"));
    alike(softhsm::MODULE, "master keys known", "123456");
    drop(kryoptic::token("master keys known", "12345678", "123456"));
    alike(kryoptic::path().to_str().unwrap(), "master keys known", "123456");
}

#[test]
fn a_server_lives_with_master_keys_in_a_token() {
    let (label, pin) = ("master keys of a server", "123456");
    drop(softhsm::token(label, "12345678", pin));
    let mut lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let card = enrolled(&lab, &alice);
    lab.stop();
    let settings = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let table =
        format!("\n[master_key.pkcs11]\nmodule = {:?}\nlabel = {label:?}\nkey_label = \"cards\"\n", softhsm::MODULE);
    std::fs::write(&settings, text + &table).unwrap();
    assert!(matches!(Server::start(lab.config()), Err(StartError::MasterKey(MasterKeyError::NoPin))));
    let pin = || Some(Pin::new(pin.into()));
    assert_eq!(server::add_master_key(&lab.data(), &passphrase(), pin().as_ref()).unwrap(), 2);
    assert!(!lab.data().join("master.2.key.pem").exists());
    let wrong = server::add_master_key(&lab.data(), &passphrase(), Some(&Pin::new("000000".into())));
    assert!(matches!(wrong, Err(MasterKeyError::Key(_))));
    lab.server = Some(Server::start(Config { ca_pin: pin(), ..lab.config() }).unwrap());
    let request = work(&lab, &alice, "Renew", &card);
    assert!(next(&lab, &alice, &request, &card, false).ok()["Next"].is_string());
    lab.put(&alice, &path(&request, &card, "adminkey"), json!({"State": "Active"})).ok();
    response(&lab, &alice, &request, &card);
    assert_eq!(uses(&lab), [(1, true, 0), (2, false, 1)]);
}

/// A client of MIM's says nothing of the key: it is on the card once the request is completed.
#[test]
fn what_is_completed_has_taken_the_key_that_was_proposed() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let state = |card: &Enrolled| {
        lab.get(&alice, &format!("{EXTENSION}/smartcards/{}/adminkey", card.smartcard)).ok()["State"].clone()
    };
    let card_id = Uuid::new_v4();
    let request = lab.enroll_request(&alice);
    let smartcard = lab.assign(&alice, &request, card_id);
    let card = Enrolled { request, smartcard, card_id };
    key(&lab, &alice, &card.request, &card).ok();
    lab.certificatedata(&alice, &card.request, &new_csr()).ok();
    assert_eq!(state(&card), "Proposed");
    lab.complete(&alice, &card.request).ok();
    assert_eq!(state(&card), "Active");
    let plain = lab.enrolled(&alice);
    assert_eq!(state(&plain), "Default");
    let unblock = work(&lab, &alice, "Unblock", &plain);
    key(&lab, &alice, &unblock, &plain).ok();
    assert_eq!(state(&plain), "Proposed");
    lab.complete(&alice, &unblock).ok();
    assert_eq!(state(&plain), "Active");
}

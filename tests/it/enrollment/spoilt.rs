//! Cards whose certificates were spoilt: a retirement leaves no key that works, or says which one stays.

use super::bench::{Bench, Face, PIN};
use super::keys::{lab, settled};
use super::received::{OWN_MAIL, log_in};
use super::ways::{enroll, retire};
use crate::support::site::{self, set};
use crate::support::{gids, piv};
use cardwright::enrollment::{Event, Outcome};
use cardwright::token::{Credentials, KeyId, LastTry, Oddity, StoredKey, Token};
use cardwright::virtual_card::{GidsOptions, PivCard, PivOptions, SharedCard};
use serde_json::Value;

const GARBAGE: &[u8] = include_bytes!("../../data/piv/obj-garbage.bin");
const AUTHENTICATION: u32 = 0x5FC105;
const KEY_MANAGEMENT: u32 = 0x5FC10B;

/// Puts garbage in place of certificates, as a cut write or another program may.
fn spoil(card: &SharedCard, tags: &[u32]) {
    let state = card.with_card(|card| card.state().to_vec()).unwrap();
    let mut state: Value = serde_json::from_slice(&state).unwrap();
    for tag in tags {
        let object = &mut state["content"]["objects"][tag.to_string()];
        assert!(object.is_string(), "{tag:X}");
        *object = Value::String(hex::encode(GARBAGE));
    }
    card.insert(Box::new(PivCard::from_state(state.to_string().as_bytes()).unwrap()));
}

/// The keys of which the card still makes signatures, of these.
fn working(token: &mut dyn Token, keys: &[StoredKey]) -> Vec<KeyId> {
    let mut session = log_in(token);
    let works = |stored: &&StoredKey| session.holds(&stored.id, stored.public_key.as_ref().unwrap()).unwrap();
    keys.iter().filter(works).map(|stored| stored.id.clone()).collect::<Vec<_>>()
}

#[test]
fn keys_under_spoilt_certificates_go_with_the_card() {
    let old: fn() -> PivOptions = || PivOptions { version: [5, 2, 7], ..PivOptions::yubikey() };
    for (options, own_admin_key) in
        [(piv::yubikey as fn() -> _, true), (piv::yubikey, false), (piv::plain, true), (old, false)]
    {
        for tags in [&[AUTHENTICATION, KEY_MANAGEMENT][..], &[KEY_MANAGEMENT]] {
            let lab = lab(|template| {
                let template = set(template, "[smartcard]", "diversify_admin_key", &own_admin_key.to_string());
                template.replacen("\n[revocation]", OWN_MAIL, 1)
            });
            let client = lab.client("alice", &[], None);
            let card = piv::card(options());
            settled(&mut piv::open(&card));
            lab.run(&client, &mut piv::open(&card), enroll(), &mut Face::default()).unwrap().done();
            let keys = piv::open(&card).public_objects().unwrap();
            assert_eq!(keys.len(), 2);
            spoil(&card, tags);
            let mut token = piv::open(&card);
            let outcome = lab.run(&client, &mut token, retire(), &mut Face::default()).unwrap().done();
            let Outcome::Retired { removed, left, unclear, .. } = outcome else { panic!("{outcome:?}") };
            assert_eq!((removed.len(), left.len(), unclear), (2, 0, vec![]), "{:?} {tags:X?}", options().version);
            assert_eq!(working(&mut token, &keys), [], "{:?} {tags:X?}", options().version);
            assert_eq!(token.counters().unwrap().user, cardwright::token::Tries::Left(3));
        }
    }
}

#[test]
fn a_container_with_a_spoilt_certificate_goes_with_the_card() {
    let lab = lab(|template| site::keys(template, "RSA-2048"));
    let client = lab.client("alice", &[], None);
    let card = gids::ready(GidsOptions::default());
    let mut token = gids::open(&card);
    settled(&mut token);
    lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap().done();
    let keys = token.public_objects().unwrap();
    drop(token);
    gids::put_object_by(&card, PIN, 0xA010, 0xDF24, b"no certificate");
    let mut token = gids::open(&card);
    assert!(token.public_objects().unwrap()[0].is_unreadable());
    let outcome = lab.run(&client, &mut token, retire(), &mut Face::default()).unwrap().done();
    assert!(matches!(outcome, Outcome::Retired { removed, unclear, .. } if removed.len() == 1 && unclear.is_empty()));
    assert_eq!(working(&mut token, &keys), []);
}

/// A MIM CM tells thumbprints alone.
#[test]
fn a_key_of_which_nothing_tells_whose_it_is_stays_and_is_told() {
    let bench = Bench::new();
    let card = piv::card(piv::yubikey());
    settled(&mut piv::open(&card));
    bench.run(&mut piv::open(&card), enroll()).unwrap().done();
    let keys = piv::open(&card).public_objects().unwrap();
    spoil(&card, &[AUTHENTICATION]);
    let mut token = piv::open(&card);
    let mut face = Face::default();
    let outcome = bench.run_with(&mut token, retire(), &mut face).unwrap().done();
    let Outcome::Retired { removed, unclear, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((removed, &unclear), (vec![], &vec![KeyId(vec![0x9A])]));
    let told = Event::UnclearLeft { key: KeyId(vec![0x9A]), odd: Oddity::CutOff };
    assert!(face.events.contains(&told), "{:?}", face.events);
    let mut session = token.log_in(Credentials::user(&piv::pin(PIN), LastTry::Keep)).unwrap();
    assert!(session.holds(&unclear[0], keys[0].public_key.as_ref().unwrap()).unwrap());
}

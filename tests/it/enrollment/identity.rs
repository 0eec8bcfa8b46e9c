//! An act on a record needs the card that it speaks of.

use super::bench::{Bench, End, Face, PIN};
use super::memory_identity::Keeps;
use super::memory_rules::{Cipher, Rules};
use super::memory_token::{MemoryToken, Slot, TRIES};
use super::real::Lab;
use super::ways::{enroll, renew, retire, unblock};
use crate::support::piv;
use cardwright::client::CmClient;
use cardwright::cm::card_secrets::AdminKeyState;
use cardwright::cm::route::Holder;
use cardwright::cm::smartcard::SmartcardStatus;
use cardwright::enrollment::{Enrollment, Error, Input, Journal, Order, Outcome, card_id};
use cardwright::token::{KeyId, Token};
use cardwright::virtual_card::{PivOptions, SharedCard};
use uuid::Uuid;

fn facts(error: &Error) -> (&'static str, u8) {
    assert!(!error.remedy().is_empty() && !error.kept().is_empty());
    (error.code(), error.exit_class() as u8)
}

struct Site {
    lab: Lab,
    alice: CmClient,
}

impl Site {
    /// The example template for cards with the factory's management key, whose keys only sign.
    fn new() -> Self {
        let lab = Lab::with(true, |template| {
            template
                .replacen("approvals_needed = 1", "approvals_needed = 0", 1)
                .replace("\"keyEncipherment\"", "\"nonRepudiation\"")
                .replace("allow_smartcard_reuse = false", "allow_smartcard_reuse = true")
                .replace("default_admin_key_hex = \"\"", &format!("default_admin_key_hex = \"{}\"", piv::ADMIN_KEY))
        });
        let alice = lab.client("alice", &[], None);
        Self { lab, alice }
    }

    fn run(&self, token: &mut dyn Token, order: Order) -> Result<Outcome, Error> {
        let mut face = Face { pins: [piv::PIN].into(), ..Face::default() };
        self.lab.run(&self.alice, token, order, &mut face).map(End::done)
    }

    /// Runs the order on a card that was enrolled: it has the PIN that was set then.
    fn run_enrolled(&self, token: &mut dyn Token, order: Order) -> Outcome {
        self.lab.run(&self.alice, token, order, &mut Face::default()).unwrap().done()
    }

    fn enrolled(&self, token: &mut dyn Token) -> Uuid {
        let Outcome::Enrolled { smartcard, .. } = self.run(token, enroll()).unwrap() else { panic!() };
        smartcard
    }

    /// What the server says of the card: active, with so many certificates; and how many requests were made.
    #[track_caller]
    fn is_untouched(&self, smartcard: Uuid, requests: usize) {
        assert_eq!(self.alice.smartcard(smartcard).unwrap().status, SmartcardStatus::Active);
        assert_eq!(self.alice.certificates_of(Holder::Smartcard(smartcard)).unwrap().len(), 1);
        assert_eq!(self.alice.requests(None).unwrap().len(), requests);
        assert_eq!(self.lab.unfinished(), 0);
    }
}

/// Every order on the blank card ends with the code, and the record of the other card stays as it is.
#[track_caller]
fn all_refused(site: &Site, blank: &SharedCard, smartcard: Uuid, expected: (&str, u8)) {
    for order in [renew(), unblock(), retire()] {
        let error = site.run(&mut piv::open(blank), order).unwrap_err();
        assert_eq!(facts(&error), expected, "{error:?}");
        assert_eq!(error.kept(), "Nothing was changed.");
        site.is_untouched(smartcard, 1);
    }
}

#[test]
fn of_two_cards_numbered_in_a_row_each_has_a_record_of_its_own() {
    let site = Site::new();
    let [first, second] = piv::numbered().map(piv::card);
    let smartcard = site.enrolled(&mut piv::open(&first));
    all_refused(&site, &second, smartcard, ("card-unknown", 6));
    let other = site.enrolled(&mut piv::open(&second));
    assert_ne!(smartcard, other);
    site.run_enrolled(&mut piv::open(&second), retire());
    assert_eq!(site.alice.smartcard(other).unwrap().status, SmartcardStatus::Retired);
    assert_eq!(site.alice.smartcard(smartcard).unwrap().status, SmartcardStatus::Active);
    assert_eq!(site.alice.certificates_of(Holder::Smartcard(smartcard)).unwrap().len(), 1);
}

#[test]
fn a_blank_card_with_the_same_guid_proves_nothing() {
    let site = Site::new();
    let [options, _] = piv::numbered();
    let (first, second) = (piv::card(options), piv::card(piv::numbered().into_iter().next().unwrap()));
    let smartcard = site.enrolled(&mut piv::open(&first));
    assert_eq!(card_id(piv::open(&first).identity()), card_id(piv::open(&second).identity()));
    all_refused(&site, &second, smartcard, ("card-unproven", 6));
    let error = site.run(&mut piv::open(&second), retire()).unwrap_err();
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(text.contains(&smartcard.to_string()) && error.remedy().contains("--lost"), "{text}");
    assert_eq!(site.run(&mut piv::open(&second), enroll()).unwrap_err().code(), "card-in-use");
    site.run_enrolled(&mut piv::open(&first), retire());
}

#[test]
fn a_yubikey_that_was_reset_is_retired_as_lost_alone() {
    let site = Site::new();
    let options = || PivOptions { serial: 31_415_926, ..piv::yubikey() };
    let (card, reset) = (piv::card(options()), piv::card(options()));
    let smartcard = site.enrolled(&mut piv::open(&card));
    // A request must be there before the server answers the challenge; it is given up.
    let error = site.run(&mut piv::open(&reset), retire()).unwrap_err();
    assert_eq!(facts(&error), ("card-unproven", 6));
    site.is_untouched(smartcard, 2);
    let directory = crate::support::directory::temporary();
    let journal = Journal::open(directory.path().join("journal")).unwrap();
    let id = card_id(piv::open(&reset).identity());
    let mut lost = Enrollment::begin_lost(&site.alice, &journal, id, "reset".into(), "damaged".into()).unwrap();
    lost.advance(None, Input::Nothing, &mut |_| {}).unwrap();
    drop(lost);
    assert_eq!(site.alice.smartcard(smartcard).unwrap().status, SmartcardStatus::Retired);
    // What the card tells of its admin key is newer than what the server keeps of it.
    assert_eq!(site.alice.admin_key_state(smartcard).unwrap(), AdminKeyState::Active);
    site.enrolled(&mut piv::open(&reset));
    for order in [renew(), unblock(), retire()] {
        site.run_enrolled(&mut piv::open(&reset), order);
    }
    assert_eq!(site.lab.unfinished(), 0);
}

#[test]
fn a_request_that_was_made_elsewhere_outlives_the_refusal_of_a_card() {
    let site = Site::new();
    let options = || PivOptions { serial: 31_415_926, ..piv::yubikey() };
    let (card, reset) = (piv::card(options()), piv::card(options()));
    site.enrolled(&mut piv::open(&card));
    let mut face = Face { pins: ["999999"].into(), ..Face::default() };
    let error = site.lab.run(&site.alice, &mut piv::open(&card), renew(), &mut face).unwrap_err();
    assert_eq!(error.code(), "wrong-pin");
    let open = |site: &Site| site.alice.requests(None).unwrap().into_iter().find(|request| !request.status.is_final());
    let request = open(&site).unwrap().uuid;
    let directory = crate::support::directory::temporary();
    let journal = Journal::open(directory.path().join("journal")).unwrap();
    let mut token = piv::open(&reset);
    let mut work = Enrollment::begin(&site.alice, &journal, token.identity(), renew()).unwrap();
    work.go_on_with(request);
    let error = Face::default().pump(&mut work, &mut token).unwrap_err();
    assert_eq!(facts(&error), ("card-unproven", 6), "{error:?}");
    drop(work);
    assert_eq!(journal.unfinished().unwrap().len(), 0);
    assert_eq!(open(&site).map(|open| open.uuid), Some(request));
    site.run_enrolled(&mut piv::open(&card), renew());
    assert!(open(&site).is_none());
}

#[test]
fn a_card_without_its_certificate_proves_itself_by_its_admin_key() {
    for rules in [Rules::pkcs11(), Rules::gids(), Rules::piv(Cipher::Aes)] {
        let bench = Bench::new();
        let mut token = MemoryToken::of(rules);
        bench.run(&mut token, enroll()).unwrap().done();
        // Somebody has taken keys and certificates off; another card of that name never had any.
        token.slots.clear();
        let mut other = MemoryToken::of(rules);
        other.identity = token.identity.clone();
        other.set_pin_to(PIN);
        let error = bench.run(&mut other, retire()).unwrap_err();
        assert_eq!(facts(&error), ("card-unproven", 6), "{error:?}");
        assert_eq!((bench.fake.card_status(), bench.unfinished()), (2, 0));
        assert_eq!(bench.fake.requests(), [(1, 8), (7, 17)], "what was asked for is given up");
        assert_eq!(other.so_pin(), MemoryToken::of(rules).so_pin());
        let mut face = Face::default();
        let ended = bench.run_with(&mut token, unblock(), &mut face);
        ended.unwrap().done();
        bench.run(&mut token, retire()).unwrap().done();
        assert_eq!((bench.fake.card_status(), token.left()), (6, (TRIES, TRIES, TRIES)));
    }
}

#[test]
fn a_card_whose_admin_key_every_card_has_proves_nothing_by_it() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let mut token = MemoryToken::prepared(&hex::encode([0; 24]), PIN);
    bench.run(&mut token, enroll()).unwrap().done();
    token.slots.clear();
    assert_eq!(facts(&bench.run(&mut token, retire()).unwrap_err()), ("card-unproven", 6));
    assert_eq!(bench.fake.requests(), [(1, 8)], "nothing was asked for");
    assert_eq!(bench.unfinished(), 0);
}

#[test]
fn a_copy_of_a_certificate_without_its_key_renews_and_retires_nothing() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    let mut copy = MemoryToken::prepared(&hex::encode([0; 24]), PIN);
    copy.identity = token.identity.clone();
    let certificate = token.certificates().remove(0);
    copy.slots.insert(vec![7; 16], Slot { certificate: Some(certificate), ..Default::default() });
    for order in [renew(), retire()] {
        let error = bench.run(&mut copy, order).unwrap_err();
        assert_eq!(facts(&error), ("card-unproven", 6));
        assert_eq!((bench.fake.card_status(), copy.certificates().len(), bench.unfinished()), (2, 1, 0));
    }
    assert_eq!(copy.generated, 0);
    assert_eq!(bench.fake.requests(), [(1, 8), (3, 17), (7, 17)], "what was asked for is given up");
    assert_eq!(copy.left(), (TRIES, TRIES, TRIES));
    bench.run(&mut token, retire()).unwrap().done();
}

/// A card of these options without a key, on which somebody has put a copy of the certificate.
fn copy_of(options: PivOptions, token: &mut dyn Token) -> SharedCard {
    let certificate = token.public_objects().unwrap().remove(0).certificate.unwrap();
    let [high, low] = u16::try_from(certificate.len()).unwrap().to_be_bytes();
    let object = [&[0x70, 0x82, high, low], &certificate[..], &[0x71, 1, 0, 0xFE, 0]].concat();
    SharedCard::new(Box::new(piv::holding(options, &[(0x5F_C105, &object)])))
}

#[test]
fn a_piv_card_with_a_copy_of_the_certificate_must_sign_before_its_record_changes() {
    let site = Site::new();
    let options = || piv::numbered().into_iter().next().unwrap();
    let card = piv::card(options());
    let smartcard = site.enrolled(&mut piv::open(&card));
    let copy = copy_of(options(), &mut piv::open(&card));
    // A wrong PIN ends the first run, and the second takes it up.
    for (at, order) in [(2, renew()), (3, retire())] {
        let mut face = Face { pins: ["999999"].into(), ..Face::default() };
        let error = site.lab.run(&site.alice, &mut piv::open(&copy), order.clone(), &mut face).unwrap_err();
        assert_eq!(error.code(), "wrong-pin");
        let error = site.run(&mut piv::open(&copy), order).unwrap_err();
        assert_eq!(facts(&error), ("card-unproven", 6), "{error:?}");
        site.is_untouched(smartcard, at);
    }
    assert!(copy.headers().iter().all(|header| header[1] != 0x47), "no key was made");
    for order in [unblock(), renew(), retire()] {
        site.run_enrolled(&mut piv::open(&card), order);
    }
    assert_eq!(site.alice.smartcard(smartcard).unwrap().status, SmartcardStatus::Retired);
}

#[test]
fn a_yubikey_that_tells_that_the_key_is_gone_proves_nothing_by_the_certificate() {
    let site = Site::new();
    let options = || PivOptions { serial: 31_415_926, ..piv::yubikey() };
    let card = piv::card(options());
    let smartcard = site.enrolled(&mut piv::open(&card));
    let copy = copy_of(options(), &mut piv::open(&card));
    for (at, order) in [(2, unblock()), (3, renew()), (4, retire())] {
        let error = site.run(&mut piv::open(&copy), order).unwrap_err();
        assert_eq!(facts(&error), ("card-unproven", 6), "{error:?}");
        site.is_untouched(smartcard, at);
    }
}

#[test]
fn two_tokens_with_one_serial_get_ids_of_their_own() {
    for keeps in [Keeps::Always, Keeps::AfterLogin] {
        let bench = Bench::new();
        let mut tokens = [MemoryToken::nameless(keeps), MemoryToken::nameless(keeps)];
        for token in &mut tokens {
            if keeps == Keeps::AfterLogin {
                token.set_pin_to(PIN);
            }
            bench.run(token, enroll()).unwrap().done();
        }
        let [one, other] = &mut tokens;
        assert_ne!(card_id(one.identity()), card_id(other.identity()));
        bench.run(other, renew()).unwrap().done();
        bench.run(other, unblock()).unwrap().done();
        bench.run(other, retire()).unwrap().done();
        assert_eq!((bench.fake.card_status(), one.keys().len(), other.keys().len()), (6, 1, 0));
        bench.run(one, renew()).unwrap().done();
        assert_eq!(bench.unfinished(), 0);
    }
}

#[test]
fn a_token_that_nothing_names_and_that_keeps_no_id_is_refused_before_anything_begins() {
    let bench = Bench::new();
    let unset = || MemoryToken::nameless(Keeps::AfterLogin);
    let mut set = MemoryToken::nameless(Keeps::Nothing);
    set.set_pin_to(PIN);
    for (mut token, remedy) in [(unset(), "token init"), (set, "CKO_DATA")] {
        let error = bench.run(&mut token, enroll()).unwrap_err();
        assert_eq!(facts(&error), ("token-nameless", 8));
        assert!(error.remedy().contains(remedy) && error.kept() == "Nothing was changed.", "{}", error.remedy());
        let text = std::error::Error::source(&error).unwrap().to_string();
        assert!(text.contains("0000000000000000"), "{text}");
        assert_eq!((bench.fake.requests(), bench.unfinished(), token.keys()), (vec![], 0, Vec::<KeyId>::new()));
    }
    let mut blank = MemoryToken::nameless(Keeps::Always);
    (blank.identity.serial, blank.identity.earlier_serial) = (String::new(), None);
    assert_eq!(bench.run(&mut blank, retire()).unwrap_err().code(), "card-without-serial");
    bench.run(&mut blank, enroll()).unwrap().done();
}

#[test]
fn what_was_enrolled_under_a_shared_name_is_found_by_the_card_that_shows_it() {
    for rules in [Rules::pkcs11(), Rules::piv(Cipher::Aes)] {
        let bench = Bench::new();
        let mut token = MemoryToken::of(rules);
        bench.run(&mut token, enroll()).unwrap().done();
        let mut other = MemoryToken::of(rules);
        other.identity = token.identity.clone();
        other.set_pin_to(PIN);
        let look: fn(&mut MemoryToken) =
            if rules.places { MemoryToken::named_in_full } else { MemoryToken::named_by_nothing };
        look(&mut token);
        look(&mut other);
        let (id, so_pin) = (card_id(token.identity()), other.so_pin().to_owned());
        for order in [renew(), unblock(), retire()] {
            let error = bench.run(&mut other, order).unwrap_err();
            assert_eq!(facts(&error), ("card-unproven", 6), "{error:?}");
            // The record's admin key was not tried on it.
            assert_eq!((other.left(), other.so_pin()), ((TRIES, TRIES, TRIES), so_pin.as_str()));
        }
        assert_eq!(bench.fake.requests().len(), 1);
        bench.run(&mut token, renew()).unwrap().done();
        assert_eq!(rules.places, card_id(token.identity()) != id, "a card whose name would be lost keeps the old one");
        bench.run(&mut token, unblock()).unwrap().done();
        assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "card-in-use");
        bench.run(&mut token, retire()).unwrap().done();
        assert_eq!((bench.fake.card_status(), bench.unfinished()), (6, 0));
    }
}

#[test]
fn a_stranger_with_the_name_of_an_enrolled_card_is_enrolled_under_its_own() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    let mut other = MemoryToken::fresh();
    other.identity = token.identity.clone();
    other.named_in_full();
    bench.run(&mut other, enroll()).unwrap().done();
    assert_ne!(card_id(other.identity()), card_id(token.identity()));
}

/// The work in the journal was only asked for, and the token that it was asked for may be another one.
#[test]
fn a_request_about_a_token_does_not_prove_another_of_its_name() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let prepared = || MemoryToken::prepared(&hex::encode([0; 24]), PIN);
    let mut token = prepared();
    bench.run(&mut token, enroll()).unwrap().done();
    bench.fake.state().approval = true;
    assert!(matches!(bench.run(&mut token, renew()).unwrap(), End::Pending { .. }));
    let mut other = prepared();
    other.identity = token.identity.clone();
    assert_eq!(facts(&bench.run(&mut other, retire()).unwrap_err()), ("card-unproven", 6));
    assert_eq!((bench.fake.requests(), bench.fake.card_status()), (vec![(1, 8), (3, 16)], 2));
}

//! What is decided before anything changes: which PIN is taken, which keys can be made, whether there is room.

use super::bench::{Bench, Face, PIN};
use super::fake::Mischief;
use super::memory_rules::{Cipher, FACTORY_PIN, FACTORY_PUK, Rules};
use super::memory_token::{MemoryToken, TRIES};
use super::real::Lab;
use super::ways::{enroll, renew, retire, unblock};
use crate::support::{gids, piv, softhsm};
use cardwright::client::CmClient;
use cardwright::cm::offline::{CODE_BYTES, CodeKind};
use cardwright::enrollment::{
    Cause, EnrollOrder, Enrollment, Error, Event, HelpDesk, HelpDeskError, Input, Journal, Need, Order, Step,
    unblock_offline,
};
use cardwright::pkix::KeyAlgorithm;
use cardwright::secret::Pin;
use cardwright::token::{Admin, LastTry, SecretForm, SecretKind, Token};
use cardwright::virtual_card::{GidsOptions, SharedCard};
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

/// A place to enroll at, by the template that is shipped, edited.
struct Office {
    lab: Lab,
    alice: CmClient,
}

impl Office {
    fn new(default_key: &str, edit: impl FnOnce(String) -> String) -> Self {
        let lab = Lab::with(true, |template| {
            let template = template.replacen("approvals_needed = 1", "approvals_needed = 0", 1);
            let key = format!("default_admin_key_hex = \"{default_key}\"");
            edit(template.replace("default_admin_key_hex = \"\"", &key))
        });
        let alice = lab.client("alice", &[], None);
        Self { lab, alice }
    }

    /// An order that is refused: no card is assigned, nothing is issued, and the card holds what it held.
    fn refused(&self, card: &SharedCard, token: &mut dyn Token, order: Order, new_pin: &'static str) -> Error {
        let before = state(card);
        let mut face = Face { pins: ["123456"].into(), new_pin, ..Face::default() };
        let error = self.lab.run(&self.alice, token, order, &mut face).unwrap_err();
        assert!(state(card) == before, "the card was changed: {error:?}");
        assert!(self.alice.smartcards().unwrap().is_empty(), "a card is assigned: {error:?}");
        assert!(self.alice.requests(None).unwrap().is_empty(), "a request was made: {error:?}");
        error
    }
}

fn state(card: &SharedCard) -> Vec<u8> {
    card.with_card(|card| card.state().to_vec()).unwrap()
}

#[test]
fn a_gids_card_is_refused_untouched_where_the_template_orders_a_curve() {
    let office = Office::new(gids::ADMIN_KEY, |template| template);
    let card = gids::ready(GidsOptions::default());
    let error = office.refused(&card, &mut gids::open(&card), enroll(), PIN);
    assert_eq!((error.code(), error.exit_class() as u8), ("algorithm-unsupported", 8));
    let told = error.cause.to_string();
    assert!(told.contains("P-256") && told.contains("RSA-2048"), "{told}");
    assert!(error.remedy().contains("generate"), "{}", error.remedy());
}

#[test]
fn a_person_whose_names_the_certificate_lacks_is_told_so_before_there_is_a_request() {
    let office = Office::new(piv::ADMIN_KEY, |template| template.replacen("# upn = ", "upn = ", 1));
    let card = piv::card(piv::yubikey());
    let error = office.refused(&card, &mut piv::open(&card), enroll(), PIN);
    assert_eq!((error.code(), error.exit_class() as u8), ("user-attribute-missing", 6));
    assert!(error.remedy().contains("cardwright server user change"), "{}", error.remedy());
    assert!(error.kept().contains("Nothing was changed"), "{}", error.kept());
}

#[test]
fn a_taken_place_is_refused_before_admin_key_and_pin_are_changed() {
    for options in [piv::yubikey(), piv::plain()] {
        let office = Office::new(piv::ADMIN_KEY, |template| template);
        let card = piv::card(options);
        certified(&card);
        let error = office.refused(&card, &mut piv::open(&card), enroll(), PIN);
        assert_eq!((error.code(), error.exit_class() as u8), ("key-id-taken", 2));
        // The same request is carried out where that is said.
        let order = Order::Enroll(EnrollOrder { replace: true, ..EnrollOrder::default() });
        let pin = if piv::open(&card).condition().unwrap().pin_is_default.is_some() { PIN } else { piv::PIN };
        let mut face = Face { pins: [pin].into(), ..Face::default() };
        office.lab.run(&office.alice, &mut piv::open(&card), order, &mut face).unwrap().done();
    }
}

#[test]
fn what_cannot_be_an_admin_key_is_refused_before_there_is_a_request() {
    let office = Office::new(piv::ADMIN_KEY, |template| template);
    for text in ["wrongtext", "A1:A2", "0102"] {
        let card = piv::card(piv::yubikey());
        let before = state(&card);
        let journal = Journal::open(office.lab.journal()).unwrap();
        let mut token = piv::open(&card);
        let mut work = Enrollment::begin(&office.alice, &journal, token.identity(), enroll()).unwrap();
        let given = Input::SoPin(Pin::new(text.to_owned()), LastTry::Keep);
        let error = work.advance(Some(&mut token), given, &mut |_| {}).unwrap_err();
        assert_eq!((error.code(), error.exit_class() as u8), ("admin-key", 4), "{text}: {error:?}");
        assert!(error.may_type_again() && state(&card) == before);
        assert!(office.alice.requests(None).unwrap().is_empty(), "a request was made");
    }
}

/// Puts somebody's key and certificate into the first place.
fn certified(card: &SharedCard) {
    use crate::support::certificates::certificate_for;
    use cardwright::token::{Credentials, KeyId, KeyOrder};
    let (id, algorithm) = (KeyId(vec![0x9A]), KeyAlgorithm::P256);
    let key = piv::admin_key();
    let mut token = piv::open(card);
    let mut session = token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).unwrap();
    let order = KeyOrder { id: id.clone(), label: String::new(), algorithm, decrypts: false, replace: false };
    let public_key = session.generate(&order).unwrap();
    session.write_certificate(&id, "", &certificate_for(&public_key, "somebody")).unwrap();
}

#[test]
fn what_a_card_cannot_do_is_refused_while_the_request_can_go_to_another_card() {
    const CURVE: &[KeyAlgorithm] = &[KeyAlgorithm::P256];
    let piv = || Rules::piv(Cipher::Aes);
    // The card, and how it is refused: another algorithm, no room for the certificate, no attestation.
    let rows = [
        (Rules { makes: Some(&[KeyAlgorithm::Rsa2048]), ..piv() }, "algorithm-unsupported"),
        (Rules { makes: Some(CURVE), room: 600, ..piv() }, "certificate-too-large"),
    ];
    for (rules, code) in rows {
        let bench = Bench::new();
        let mut token = MemoryToken::of(rules);
        let error = bench.run(&mut token, enroll()).unwrap_err();
        assert_eq!(error.code(), code, "{error:?}");
        untouched(&token);
        assert_eq!(
            (bench.fake.requests(), bench.fake.asked("v1.0/smartcards")),
            (vec![(1, 3)], 1),
            "no card was assigned"
        );
        let mut other = MemoryToken::of(Rules { makes: Some(CURVE), ..piv() });
        let request = Some(bench.fake.last_request());
        let order = Order::Enroll(EnrollOrder { request, ..EnrollOrder::default() });
        bench.run(&mut other, order).unwrap().done();
        assert_eq!(bench.fake.requests(), [(1, 8)]);
    }
}

#[test]
fn a_server_that_tells_the_keys_only_for_an_assigned_card_is_asked_again_before_a_change() {
    let bench = Bench::new();
    bench.fake.behave(Some(Mischief::Refuse("certificaterequestgenerationoptions", 403)));
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(error.code(), "server-refused");
    assert_eq!(bench.fake.asked("certificaterequestgenerationoptions"), 2);
    untouched(&token);
    bench.fake.behave(None);
    bench.run(&mut token, enroll()).unwrap().done();
}

#[test]
fn a_card_whose_puk_is_locked_on_purpose_goes_on_without_one() {
    // With a PIN of the user's: nothing needs the PUK. A plain card shows only when it is tried that it is locked.
    for rules in [Rules::piv(Cipher::Aes), Rules::bare_piv(Cipher::Aes)] {
        let bench = Bench::new();
        let mut token = MemoryToken::of(rules);
        token.set_pin_to(PIN);
        token.puk_left = 0;
        let mut face = Face::default();
        bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
        assert!(face.events.contains(&Event::PukLocked) && !face.events.contains(&Event::PukChanged));
        assert_eq!((token.puk(), token.pin(), token.puk_left), (FACTORY_PUK, Some(PIN), 0));
        bench.run_with(&mut token, renew(), &mut face).unwrap().done();
        assert_eq!((token.generated, bench.unfinished()), (2, 0));
    }
}

#[test]
fn a_pin_that_only_a_locked_puk_could_set_is_refused_before_there_is_a_request() {
    let bench = Bench::new();
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    token.puk_left = 0;
    token.forget_pin();
    let order = Order::Enroll(EnrollOrder { reset_pin: true, ..EnrollOrder::default() });
    let error = bench.run(&mut token, order).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("puk-locked", 4));
    assert_eq!((bench.fake.requests(), bench.unfinished()), (Vec::new(), 0));
    assert_eq!((token.so_pin(), token.pin()), (&*token.rules.default_key(), Some(FACTORY_PIN)));
}

#[test]
fn a_yubikey_whose_puk_is_locked_is_enrolled_and_renewed() {
    let office = Office::new(piv::ADMIN_KEY, |template| template);
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    token.change_pin(&piv::pin(piv::PIN), &piv::pin(PIN), LastTry::Keep).unwrap();
    for _ in 0..3 {
        let wrong = piv::puk("99999999");
        token.change_puk(&wrong, &wrong, LastTry::Spend).unwrap_err();
    }
    for order in [enroll(), renew()] {
        let mut face = Face::default();
        office.lab.run(&office.alice, &mut piv::open(&card), order, &mut face).unwrap().done();
        assert!(face.events.contains(&Event::PukLocked));
    }
    assert_eq!(piv::open(&card).public_objects().unwrap().len(), 1);
}

/// Nobody is there to answer: the driver stops at what it needs first.
fn first_need(bench: &Bench, token: &mut MemoryToken, order: Order) -> Step {
    let journal = bench.journal();
    let identity = token.identity().clone();
    let mut work = Enrollment::begin(&bench.client, &journal, &identity, order).unwrap();
    work.advance(Some(token), Input::Nothing, &mut |_| {}).unwrap()
}

#[test]
fn who_stops_at_the_prompt_leaves_no_request_behind() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    assert!(matches!(first_need(&bench, &mut token, enroll()), Step::Need(Need::NewPin { .. })));
    assert_eq!((bench.fake.requests(), bench.unfinished()), (Vec::new(), 0));
    bench.run(&mut token, enroll()).unwrap().done();
    for order in [renew(), unblock(), retire()] {
        let step = first_need(&bench, &mut token, order);
        assert!(matches!(step, Step::Need(Need::Pin { .. } | Need::NewPin { .. })), "{step:?}");
        assert_eq!((bench.fake.requests(), bench.unfinished()), (vec![(1, 8)], 0));
    }
}

#[test]
fn a_request_that_waits_for_approval_is_made_without_a_pin() {
    let bench = Bench::new();
    bench.fake.state().approval = true;
    let mut token = MemoryToken::fresh();
    assert!(matches!(first_need(&bench, &mut token, enroll()), Step::Pending { .. }));
    assert_eq!(bench.fake.requests(), [(1, 16)]);
}

#[test]
fn a_pin_that_was_typed_before_the_request_is_sent_once() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let mut token = MemoryToken::prepared("12345678", PIN);
    let mut face = Face { pins: ["111111"].into(), ..Face::default() };
    let error = bench.run_with(&mut token, enroll(), &mut face).unwrap_err();
    assert_eq!((error.code(), face.needs.len()), ("wrong-pin", 1));
    assert_eq!(token.left(), (TRIES - 1, TRIES, TRIES));
}

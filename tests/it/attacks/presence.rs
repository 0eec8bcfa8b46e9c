//! Whoever executes a request without having the card is told no secret that the card may have: an operator, or a thief
//! of the holder's token. The card shows that it is there, and nothing else shows it.

use super::earlier_holding::{abandoned, asked, by_hand, lab_with};
use crate::enrollment::bench::{Face, PIN};
use crate::enrollment::real::Lab;
use crate::enrollment::ways::{enroll, renew, retire, unblock};
use crate::malice::cards::Forged;
use crate::support::{gids, piv};
use cardwright::client::{CmClient, Error};
use cardwright::cm::card_secrets::AdminKeyState;
use cardwright::cm::presence::{PresenceOpening, PresenceProtocol, PresenceStep};
use cardwright::cm::request::RequestType;
use cardwright::cm::smartcard::AssignSmartcard;
use cardwright::enrollment::{Event, Order, Relay, RenewOrder, Tie, card_id, show_presence};
use cardwright::token::{self, Admin, Counterpart, LastTry, SecretKind, Token};
use cardwright::virtual_card::{GidsOptions, PivCard, PivOptions, SharedCard};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

const NEEDED: &str = "presence-needed";
const WRONG: &str = "presence-wrong";
const OVER: &str = "presence-over";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Piv,
    Gids,
}

impl Kind {
    fn protocol(self) -> PresenceProtocol {
        match self {
            Kind::Piv => PresenceProtocol::Piv,
            Kind::Gids => PresenceProtocol::Gids,
        }
    }

    /// A server whose template fits such cards.
    fn lab(self, edit: impl FnOnce(String) -> String) -> Lab {
        let (key, algorithm) = match self {
            Kind::Piv => (piv::ADMIN_KEY, "P-256"),
            Kind::Gids => (gids::ADMIN_KEY, "RSA-2048"),
        };
        lab_with(|template| {
            edit(
                template
                    .replace("default_admin_key_hex = \"\"", &format!("default_admin_key_hex = {key:?}"))
                    .replace("generate = \"P-256\"", &format!("generate = {algorithm:?}"))
                    .replace("\"keyEncipherment\"", "\"nonRepudiation\""),
            )
        })
    }

    fn card(self) -> SharedCard {
        match self {
            Kind::Piv => piv::card(piv::yubikey()),
            Kind::Gids => {
                let card = gids::ready(GidsOptions::default());
                gids::open(&card).change_pin(&gids::pin(gids::PIN), &gids::pin(PIN), LastTry::Keep).unwrap();
                card
            }
        }
    }

    fn open(self, card: &SharedCard) -> Box<dyn Token> {
        match self {
            Kind::Piv => Box::new(piv::open(card)),
            Kind::Gids => Box::new(gids::open(card)),
        }
    }
}

/// A card that its holder has enrolled, and where it lies.
struct Held {
    kind: Kind,
    lab: Lab,
    alice: CmClient,
    card: SharedCard,
    id: Uuid,
    smartcard: Uuid,
}

impl Held {
    fn new(kind: Kind) -> Self {
        Self::with(kind, |template| template)
    }

    fn with(kind: Kind, edit: impl FnOnce(String) -> String) -> Self {
        let (lab, card) = (kind.lab(edit), kind.card());
        let alice = lab.client("alice", &[], None);
        let mut token = kind.open(&card);
        lab.run(&alice, &mut *token, enroll(), &mut Face::default()).unwrap().done();
        let id = card_id(token.identity());
        let smartcard = alice.find_smartcard(id).unwrap().unwrap().uuid;
        Self { kind, lab, alice, card, id, smartcard }
    }

    fn asked(&self, who: &CmClient, request_type: RequestType) -> Uuid {
        asked(who, request_type, Some(self.smartcard))
    }

    fn relay<'c>(&self, who: &'c CmClient, request: Uuid) -> Relay<'c> {
        Relay::new(who, Tie { request, smartcard: self.smartcard }, self.id)
    }

    /// Opens an authentication by hand, with a witness that anybody can send; returns the server's challenge.
    fn opened(&self, who: &CmClient, request: Uuid, witness: &[u8]) -> Vec<u8> {
        let witness = Some(witness.to_vec()).filter(|_| self.kind == Kind::Piv);
        let opening = PresenceOpening { card_id: self.id, protocol: self.kind.protocol(), witness };
        who.open_presence(request, self.smartcard, &opening).unwrap().challenge
    }

    /// Hands something in as the card's answer; returns the refusal.
    fn answered(&self, who: &CmClient, request: Uuid, answer: &[u8]) -> String {
        let step = PresenceStep { card_id: self.id, challenge: None, answer: Some(answer.to_vec()) };
        refusal(who.show_presence(request, self.smartcard, &step))
    }

    fn challenged(&self, who: &CmClient, request: Uuid, challenge: &[u8]) -> String {
        let step = PresenceStep { card_id: self.id, challenge: Some(challenge.to_vec()), answer: None };
        refusal(who.show_presence(request, self.smartcard, &step))
    }

    /// Counts the acts of this word in the log that hold `part`.
    fn acts(&self, act: &str, part: &str) -> i64 {
        let database = self.lab.journal().parent().unwrap().join("data/cardwright.db");
        let count = "SELECT count(*) FROM audit WHERE record LIKE '%' || ?1 || '%' AND record LIKE '%' || ?2 || '%'";
        let connection = rusqlite::Connection::open(database).unwrap();
        connection.query_row(count, [format!("\"act\":\"{act}\""), part.to_owned()], |row| row.get(0)).unwrap()
    }
}

/// Returns the code of a refusal, and nothing where it was none.
fn refusal<T>(told: Result<T, Error>) -> String {
    told.err().and_then(|error| error.refusal_code().map(str::to_owned)).unwrap_or_default()
}

/// Tries each way to a secret of a card that lies elsewhere.
fn told_nothing(held: &Held, thief: &CmClient) {
    let Held { id, smartcard, .. } = *held;
    let unblock = held.asked(thief, RequestType::Unblock);
    assert_eq!(refusal(thief.diversified_key(unblock, smartcard, id, None)), NEEDED);
    if held.kind == Kind::Piv {
        assert_eq!(refusal(thief.puk(unblock, smartcard, id, false)), NEEDED);
        assert_eq!(refusal(thief.fresh_puk(unblock, smartcard, id, false)), NEEDED);
    }
    abandoned(thief, unblock);
    let retire = held.asked(thief, RequestType::Retire);
    assert_eq!(refusal(thief.surrendered_admin_key(retire, smartcard, id)), NEEDED);
    // A card that counts as one without a key of its own would have nothing to show.
    for state in [AdminKeyState::Proposed, AdminKeyState::Default] {
        let refused = refusal(thief.tell_admin_key(retire, smartcard, state));
        assert!([NEEDED, "admin-key-active"].contains(&refused.as_str()), "{refused}");
    }
    assert_eq!(thief.admin_key_state(smartcard).unwrap(), AdminKeyState::Active);
    abandoned(thief, retire);
}

#[test]
fn an_operator_or_a_thief_without_the_card_is_told_no_secret() {
    for kind in [Kind::Piv, Kind::Gids] {
        let held = Held::new(kind);
        told_nothing(&held, &held.alice);
        told_nothing(&held, &held.lab.client("olga", &["operators"], None));
        assert_eq!(held.acts("admin-key-given", "presence"), 0);
    }
}

/// The card is retired at the server, and comes to the thief by its id: with keys that it does not have.
#[test]
fn nor_by_an_enrollment_that_brings_the_card_by_its_id() {
    for kind in [Kind::Piv, Kind::Gids] {
        let held = Held::new(kind);
        let request = held.asked(&held.alice, RequestType::Retire);
        held.alice.retire_smartcard(request, held.smartcard).unwrap();
        held.alice.complete(request).unwrap();
        let mallory = held.lab.client("mallory", &[], None);
        let request = asked(&mallory, RequestType::Enroll, None);
        // Nobody makes it a token without a protocol by leaving out what kind of card it is.
        let assignment = AssignSmartcard { request, card_id: held.id, atr: None, ..Default::default() };
        let smartcard = mallory.assign_smartcard(&assignment).unwrap();
        for with_current in [true, false] {
            assert_eq!(refusal(mallory.next_admin_key(request, smartcard, held.id, with_current)), NEEDED);
        }
        assert!(!refusal(mallory.tell_admin_key(request, smartcard, AdminKeyState::Default)).is_empty());
        let key = mallory.diversified_key(request, smartcard, held.id, None).unwrap();
        assert_eq!(refusal(mallory.tell_admin_key(request, smartcard, AdminKeyState::Default)), NEEDED);
        assert!(kind.open(&held.card).prove_admin(Admin::Key(&key), LastTry::Keep).is_err());
        if kind == Kind::Piv {
            assert_eq!(refusal(mallory.puk(request, smartcard, held.id, false)), NEEDED);
            let fresh = mallory.fresh_puk(request, smartcard, held.id, false).unwrap();
            assert!(fresh.current.is_none() && fresh.next.is_some());
            // What he was told is no way to act the card either.
            mallory.tell_admin_key(request, smartcard, AdminKeyState::Active).unwrap();
            assert_eq!(refusal(mallory.puk(request, smartcard, held.id, false)), NEEDED);
            let opening = PresenceOpening {
                card_id: held.id,
                protocol: PresenceProtocol::Piv,
                witness: Some(key.encrypt(&[1; 8]).unwrap().to_vec()),
            };
            let opened = mallory.open_presence(request, smartcard, &opening);
            assert_eq!(refusal(opened), "presence-nothing-to-show");
        }
    }
}

/// Keeps what card and server say to each other.
struct Recorder<'c> {
    relay: Relay<'c>,
    witness: Vec<u8>,
    answer: Vec<u8>,
}

impl Counterpart for Recorder<'_> {
    fn reveal(&mut self, witness: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
        self.witness = witness.to_vec();
        self.relay.reveal(witness)
    }

    fn challenge(&mut self) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        self.relay.challenge()
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        self.witness = challenge.to_vec();
        self.relay.answer(challenge)
    }

    fn judge(&mut self, answer: &[u8]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.answer = answer.to_vec();
        self.relay.judge(answer)
    }
}

#[test]
fn an_answer_counts_once_and_for_one_request_alone() {
    for kind in [Kind::Piv, Kind::Gids] {
        let held = Held::new(kind);
        let alice = &held.alice;
        let unblock = held.asked(alice, RequestType::Unblock);
        let mut recorder = Recorder { relay: held.relay(alice, unblock), witness: Vec::new(), answer: Vec::new() };
        kind.open(&held.card).show_presence(&mut recorder, LastTry::Keep).unwrap();
        let Recorder { witness, answer, .. } = recorder;
        assert_eq!(held.answered(alice, unblock, &answer), OVER, "it was taken");
        let key = alice.diversified_key(unblock, held.smartcard, held.id, None).unwrap();
        assert!(kind.open(&held.card).prove_admin(Admin::Key(&key), LastTry::Keep).is_ok());
        assert_eq!(held.acts("presence-shown", ""), 1);
        assert_eq!(held.acts("admin-key-given", "\"presence\":\"shown\""), 1);

        let retire = held.asked(alice, RequestType::Retire);
        assert_eq!(refusal(alice.surrendered_admin_key(retire, held.smartcard, held.id)), NEEDED);
        held.opened(alice, retire, &witness);
        if kind == Kind::Gids {
            let step = PresenceStep { card_id: held.id, challenge: Some(witness.clone()), answer: None };
            alice.show_presence(retire, held.smartcard, &step).unwrap();
        }
        assert_eq!(held.answered(alice, retire, &answer), WRONG);
        assert_eq!(held.answered(alice, retire, &answer), OVER, "and no second try");
        assert_eq!(refusal(alice.surrendered_admin_key(retire, held.smartcard, held.id)), NEEDED);
        assert_eq!(held.acts("presence-refused", ""), 1);
    }
}

#[test]
fn an_answer_of_another_card_does_not_count() {
    for kind in [Kind::Piv, Kind::Gids] {
        let held = Held::new(kind);
        let unblock = held.asked(&held.alice, RequestType::Unblock);
        // Another card has another key; it would be the thief's own.
        let refused = kind.open(&kind.card()).show_presence(&mut held.relay(&held.alice, unblock), LastTry::Keep);
        assert!(matches!(refused, Err(token::Error::SecretRefused { secret: SecretKind::Admin, .. })), "{refused:?}");
        // A card that says what the thief wants.
        held.opened(&held.alice, unblock, &[7; 8]);
        let length = match kind {
            Kind::Piv => 8,
            Kind::Gids => {
                let step = PresenceStep { card_id: held.id, challenge: Some(vec![9; 16]), answer: None };
                held.alice.show_presence(unblock, held.smartcard, &step).unwrap();
                40
            }
        };
        assert_eq!(held.answered(&held.alice, unblock, &vec![5; length]), WRONG);
        assert_eq!(refusal(held.alice.diversified_key(unblock, held.smartcard, held.id, None)), NEEDED);
    }
}

/// The server itself computes under the card's key; none of that is the answer to what it asks the card.
#[test]
fn the_server_answers_its_own_challenge_for_nobody() {
    let held = Held::new(Kind::Piv);
    let alice = &held.alice;
    let unblock = held.asked(alice, RequestType::Unblock);
    let challenge = held.opened(alice, unblock, &[7; 8]);
    let answer = alice.authentication_response(unblock, held.smartcard, held.id, None, &challenge, true).unwrap();
    assert_eq!(held.answered(alice, unblock, &answer), OVER);
    assert_eq!(refusal(alice.diversified_key(unblock, held.smartcard, held.id, None)), NEEDED);

    // What a second authentication answers could be what a card has to say in the first: there is one at a time.
    let held = Held::new(Kind::Gids);
    let alice = &held.alice;
    let (unblock, retire) = (held.asked(alice, RequestType::Unblock), held.asked(alice, RequestType::Retire));
    let first = held.opened(alice, unblock, &[]);
    let second = held.opened(alice, retire, &[]);
    assert_eq!(held.challenged(alice, unblock, &second), OVER);
    // Nor does it answer the challenge that it has made.
    assert_eq!(held.challenged(alice, retire, &second), WRONG);
    assert_ne!(first, second);
    // However often they are asked for.
    let opening = PresenceOpening { card_id: held.id, protocol: PresenceProtocol::Gids, witness: None };
    let refused = (0..40).map(|_| refusal(alice.open_presence(retire, held.smartcard, &opening)));
    assert_eq!(refused.filter(|refused| refused == "presence-exhausted").count(), 40 - 31);
}

/// Another program uses the card while the server is asked.
struct Disturbed<'d> {
    relay: Relay<'d>,
    card: &'d SharedCard,
    kind: Kind,
}

impl Disturbed<'_> {
    fn disturb(&self) {
        // It asks for challenges of its own, and is done.
        let wrong = cardwright::secret::AdminKey::new(vec![3; 24]);
        let _ = self.kind.open(self.card).prove_admin(Admin::Key(&wrong), LastTry::Keep);
    }
}

impl Counterpart for Disturbed<'_> {
    fn reveal(&mut self, witness: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
        self.disturb();
        self.relay.reveal(witness)
    }

    fn challenge(&mut self) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        self.relay.challenge()
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        self.disturb();
        self.relay.answer(challenge)
    }

    fn judge(&mut self, answer: &[u8]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.relay.judge(answer)
    }
}

#[test]
fn what_another_program_has_spoilt_is_begun_anew() {
    for kind in [Kind::Piv, Kind::Gids] {
        let held = Held::new(kind);
        let unblock = held.asked(&held.alice, RequestType::Unblock);
        let mut token = kind.open(&held.card);
        let relay = held.relay(&held.alice, unblock);
        let spoilt = token.show_presence(&mut Disturbed { relay, card: &held.card, kind }, LastTry::Keep);
        assert!(matches!(spoilt, Err(token::Error::Reset)), "{spoilt:?}");
        token.show_presence(&mut held.relay(&held.alice, unblock), LastTry::Keep).unwrap();
        held.alice.diversified_key(unblock, held.smartcard, held.id, None).unwrap();
    }
}

/// Where a change of the key was cut off, either key shows that the card is there.
#[test]
fn a_card_in_doubt_shows_itself_by_either_key() {
    for (kind, set) in [(Kind::Piv, false), (Kind::Piv, true), (Kind::Gids, false), (Kind::Gids, true)] {
        let held = Held::new(kind);
        let request = held.asked(&held.alice, RequestType::Retire);
        held.alice.retire_smartcard(request, held.smartcard).unwrap();
        held.alice.complete(request).unwrap();
        let begun = |name: &str| {
            let who = held.lab.client(name, &[], None);
            let request = asked(&who, RequestType::Enroll, None);
            let smartcard = who
                .assign_smartcard(&AssignSmartcard { request, card_id: held.id, atr: None, ..Default::default() })
                .unwrap();
            (who, Tie { request, smartcard })
        };
        let (bob, tie) = begun("bob");
        let mut token = kind.open(&held.card);
        token.show_presence(&mut Relay::new(&bob, tie, held.id), LastTry::Keep).unwrap();
        let keys = bob.next_admin_key(tie.request, tie.smartcard, held.id, true).unwrap();
        if set {
            let (current, next) = (keys.current.unwrap(), keys.next.unwrap());
            token.change_admin_key(Admin::Key(&current), &next, LastTry::Keep).unwrap();
        }
        abandoned(&bob, tie.request);
        let (carol, tie) = begun("carol");
        let mut relay = Relay::new(&carol, tie, held.id);
        let first = token.show_presence(&mut relay, LastTry::Keep);
        assert_eq!(first.is_ok(), !set, "{first:?}");
        if set {
            token.show_presence(&mut relay, LastTry::Keep).unwrap();
        }
        carol.next_admin_key(tie.request, tie.smartcard, held.id, true).unwrap();
        abandoned(&carol, tie.request);
        let dora = held.lab.client("dora", &[], None);
        let order = cardwright::enrollment::EnrollOrder { reset_pin: true, replace: true, ..Default::default() };
        held.lab.run(&dora, &mut *token, Order::Enroll(order), &mut Face::default()).unwrap().done();
    }
}

/// A card that lost its key to a reset, and one on which an enrollment that was given up has set none.
#[test]
fn a_card_that_has_no_earlier_key_is_enrolled_with_a_fresh_one() {
    let held = Held::new(Kind::Piv);
    let request = held.asked(&held.alice, RequestType::Retire);
    held.alice.retire_smartcard(request, held.smartcard).unwrap();
    held.alice.complete(request).unwrap();
    held.alice.list_profile_templates().unwrap();
    let mut token = held.kind.open(&held.card);
    token.reset_to_factory().unwrap();
    let bob = held.lab.client("bob", &[], None);
    let mut face = Face::default();
    held.lab.run(&bob, &mut *token, enroll(), &mut face).unwrap().done();
    assert!(face.events.contains(&Event::PresenceMissing));
    let card = bob.find_smartcard(held.id).unwrap().unwrap();
    let request = asked(&bob, RequestType::Unblock, Some(card.uuid));
    let tie = Tie { request, smartcard: card.uuid };
    token.show_presence(&mut Relay::new(&bob, tie, held.id), LastTry::Keep).unwrap();
    let puk = bob.puk(request, card.uuid, held.id, false).unwrap().current.unwrap();
    token.change_puk(&puk, &puk, LastTry::Keep).unwrap();
}

/// From the first enrollment to the next holder's, and what showing costs: no more than these APDUs.
#[test]
fn honest_lives_go_on_and_cost_so_much_more() {
    for kind in [Kind::Piv, Kind::Gids] {
        let [with, without] = ["demanded", "none"].map(|word| {
            let set = |template: String| template.replace("presence = \"demanded\"", &format!("presence = {word:?}"));
            let held = Held::with(kind, set);
            assert_eq!(held.acts("presence-shown", ""), 0, "a first enrollment has nothing to show");
            let mut token = kind.open(&held.card);
            let mut cost = Vec::new();
            for order in [unblock(), Order::Renew(RenewOrder::default()), retire()] {
                held.card.forget_headers();
                let mut face = Face::default();
                held.lab.run(&held.alice, &mut *token, order, &mut face).unwrap().done();
                let shown = face.events.iter().filter(|event| matches!(event, Event::PresenceShown)).count();
                cost.push((held.card.headers().len(), shown));
            }
            let bob = held.lab.client("bob", &[], None);
            let order = cardwright::enrollment::EnrollOrder { reset_pin: true, ..Default::default() };
            held.lab.run(&bob, &mut *token, Order::Enroll(order), &mut Face::default()).unwrap().done();
            assert_eq!(
                held.acts("puk-given", "\"presence\":\"not-demanded\"") > 0,
                kind == Kind::Piv && word == "none"
            );
            cost
        });
        let more: Vec<_> = with.iter().zip(&without).map(|(with, without)| (with.0 - without.0, with.1)).collect();
        // By a PUK only where that is told; a renewal tells nothing here.
        let expected = match kind {
            Kind::Piv => [(5, 1), (0, 0), (7, 1)],
            Kind::Gids => [(0, 0), (0, 0), (6, 1)],
        };
        assert_eq!(more, expected);
        assert!(without.iter().all(|(_, shown)| *shown == 0));
    }
}

/// Cards of the plain standard, and with other ciphers of the management key.
#[test]
fn every_kind_of_piv_card_shows_itself() {
    use cardwright::virtual_card::ManagementAlgorithm::{Aes192, TripleDes};
    for options in [
        PivOptions { management_algorithm: Some(Aes192), ..piv::yubikey() },
        PivOptions { management_algorithm: Some(TripleDes), ..PivOptions::yubikey() },
    ] {
        let (lab, card) = (Kind::Piv.lab(|template| template), piv::card(options));
        let alice = lab.client("alice", &[], None);
        let mut token = piv::open(&card);
        lab.run(&alice, &mut token, enroll(), &mut Face::default()).unwrap().done();
        for order in [unblock(), renew(), retire()] {
            lab.run(&alice, &mut token, order, &mut Face::default()).unwrap().done();
        }
    }
}

/// A site says that it lets secrets out to whoever executes a request: for clients that know MIM CM alone.
#[test]
fn a_template_may_demand_none_and_the_log_says_so() {
    let held = Held::with(Kind::Piv, |template| template.replace("presence = \"demanded\"", "presence = \"none\""));
    let unblock = held.asked(&held.alice, RequestType::Unblock);
    held.alice.diversified_key(unblock, held.smartcard, held.id, None).unwrap();
    assert_eq!(held.acts("admin-key-given", "\"presence\":\"not-demanded\""), 1);
    // A key that was told of a card that is not there, and a card that counts as one without: another key follows.
    let id = Uuid::new_v4();
    let (request, smartcard, first) = by_hand(&held.alice, id);
    held.alice.tell_admin_key(request, smartcard, AdminKeyState::Default).unwrap();
    let second = held.alice.diversified_key(request, smartcard, id, None).unwrap();
    assert!(first.expose() != second.expose());
}

/// Somebody begins another authentication of the card while it answers.
#[test]
fn what_another_authentication_of_the_card_has_ended_is_begun_anew() {
    let (lab, answers) = (Kind::Piv.lab(|template| template), Arc::new(AtomicUsize::new(0)));
    let alice = lab.client("alice", &[], None);
    let other = Arc::new(Mutex::new(None::<Box<dyn FnOnce() + Send>>));
    let (between, counted) = (other.clone(), answers.clone());
    let card = Forged::slot(Box::new(PivCard::new(piv::yubikey()).unwrap()), move |command, _| {
        // The card's answer is under way.
        if command[1] == 0x87 && counted.fetch_add(1, Ordering::SeqCst) == 1 {
            between.lock().unwrap().take().into_iter().for_each(|open| open());
        }
        None
    });
    let mut token = piv::open(&card);
    lab.run(&alice, &mut token, enroll(), &mut Face::default()).unwrap().done();
    let id = card_id(token.identity());
    let smartcard = alice.find_smartcard(id).unwrap().unwrap().uuid;
    let olga = lab.client("olga", &["operators"], None);
    let unblock = asked(&alice, RequestType::Unblock, Some(smartcard));
    let retire = asked(&olga, RequestType::Retire, Some(smartcard));
    answers.store(0, Ordering::SeqCst);
    *other.lock().unwrap() = Some(Box::new(move || {
        let opening = PresenceOpening { card_id: id, protocol: PresenceProtocol::Piv, witness: Some(vec![7; 16]) };
        olga.open_presence(retire, smartcard, &opening).unwrap();
    }));
    assert!(show_presence(&alice, Tie { request: unblock, smartcard }, id, &mut token).unwrap());
    assert_eq!(answers.load(Ordering::SeqCst), 4, "a witness and an answer, and both again");
    alice.diversified_key(unblock, smartcard, id, None).unwrap();
}

#[test]
fn a_card_with_another_key_is_asked_once() {
    for kind in [Kind::Piv, Kind::Gids] {
        let held = Held::new(kind);
        let request = held.asked(&held.alice, RequestType::Unblock);
        let tie = Tie { request, smartcard: held.smartcard };
        let other = kind.card();
        let mut token = kind.open(&other);
        other.forget_headers();
        assert!(!show_presence(&held.alice, tie, held.id, &mut *token).unwrap());
        // A witness or a challenge, and an answer.
        assert_eq!(other.headers().iter().filter(|header| header[1] == 0x87).count(), 2, "{:02X?}", other.headers());
    }
}

//! Work that was begun at one workstation and goes on at another, which has no journal of it; and back.

use super::bench::{End, Face, PIN};
use super::keys::{lab, settled};
use super::matrix::{Again, KINDS, OF_APDUS, OF_CALLS, PULLED, UNANSWERED, column};
use super::memory_rules::{Cipher, Rules};
use super::memory_token::MemoryToken;
use super::real::Lab;
use super::ways::{enroll, renew};
use crate::support::{directory, piv};
use cardwright::client::CmClient;
use cardwright::cm::request::{Request, RequestStatus};
use cardwright::cm::route::Holder;
use cardwright::enrollment::{Enrollment, Error, Event, Input, Journal, Need, Order, Outcome, Stage, Step, card_id};
use cardwright::pkix::PublicKey;
use cardwright::token::{LastTry, Token};
use cardwright::virtual_card::{PivOptions, SharedCard};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;

#[test]
fn a_pulled_piv_card_goes_on_elsewhere() {
    column(&KINDS[0], Again::Elsewhere, &PULLED, OF_APDUS);
}

#[test]
fn a_pulled_yubikey_goes_on_elsewhere() {
    column(&KINDS[1], Again::Elsewhere, &PULLED, OF_APDUS);
}

#[test]
fn a_pulled_gids_card_goes_on_elsewhere() {
    column(&KINDS[2], Again::Elsewhere, &PULLED, OF_APDUS);
}

#[test]
fn a_pulled_pkcs11_token_goes_on_elsewhere() {
    column(&KINDS[3], Again::Elsewhere, &PULLED, OF_CALLS);
}

#[test]
fn what_a_server_did_not_answer_goes_on_elsewhere() {
    for kind in &KINDS[..3] {
        column(kind, Again::Elsewhere, &UNANSWERED, OF_CALLS);
    }
}

/// A person with a card and two workstations.
struct Two {
    _lab: Lab,
    client: CmClient,
    homes: [PathBuf; 2],
}

/// Numbers the workstations.
const HERE: usize = 0;
const THERE: usize = 1;

impl Two {
    fn new() -> Self {
        let lab = lab(|template| template);
        let client = lab.client("alice", &[], None);
        Self { _lab: lab, client, homes: [directory::fresh("here"), directory::fresh("there")] }
    }

    /// One process's life at a workstation; elsewhere it goes on with the request that is open.
    fn works(&self, at: usize, token: &mut dyn Token, order: Order) -> (Result<End, Error>, Vec<Event>) {
        let journal = Journal::open(self.homes[at].clone()).unwrap();
        let mut work = Enrollment::begin(&self.client, &journal, token.identity(), order).unwrap();
        if at == THERE {
            work.go_on_with(self.open().uuid);
        }
        let mut face = Face::default();
        (face.pump(&mut work, token), face.events)
    }

    fn ends(&self, at: usize, token: &mut dyn Token, order: Order) -> (Outcome, Vec<Event>) {
        let (ended, events) = self.works(at, token, order);
        (ended.unwrap().done(), events)
    }

    fn open(&self) -> Request {
        let requests = self.client.requests(None).unwrap();
        requests.into_iter().find(|request| request.status != RequestStatus::Completed).unwrap()
    }

    fn unfinished(&self) -> [usize; 2] {
        self.homes.clone().map(|home| Journal::open(home).unwrap().unfinished().unwrap().len())
    }

    /// Counts the certificates that were ever issued for the card.
    fn issued(&self, token: &dyn Token) -> usize {
        let card = self.client.find_smartcard(card_id(token.identity())).unwrap().unwrap();
        self.client.certificates_of(Holder::Smartcard(card.uuid)).unwrap().len()
    }

    /// Ends the process when the driver tells this.
    fn killed_at(&self, at: usize, token: &mut dyn Token, order: Order, last: fn(&Event) -> bool) {
        let journal = Journal::open(self.homes[at].clone()).unwrap();
        let mut work = Enrollment::begin(&self.client, &journal, token.identity(), order).unwrap();
        if at == THERE {
            work.go_on_with(self.open().uuid);
        }
        let mut input = Input::Nothing;
        let killed = catch_unwind(AssertUnwindSafe(|| {
            for _ in 0..4 {
                let step = work.advance(Some(&mut *token), input, &mut |event| {
                    if last(&event) {
                        resume_unwind(Box::new("killed"));
                    }
                });
                input = match step.unwrap() {
                    Step::Need(Need::Pin { .. }) => Input::Pin(piv::pin(PIN), LastTry::Keep),
                    Step::Need(Need::NewPin { .. }) => Input::NewPin(piv::pin(PIN)),
                    step => panic!("{step:?}"),
                };
            }
        }));
        assert_eq!(killed.unwrap_err().downcast_ref(), Some(&"killed"));
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        for home in &self.homes {
            let _ = std::fs::remove_dir_all(home);
        }
    }
}

fn key_is_made(event: &Event) -> bool {
    matches!(event, Event::KeyMade { .. })
}

/// The server has answered, and nothing of it is on the card.
fn certificate_has_come(event: &Event) -> bool {
    *event == Event::Doing(Stage::WriteCertificate)
}

fn yubikey(serial: u32) -> SharedCard {
    let card = piv::card(PivOptions { serial, ..piv::yubikey() });
    settled(&mut piv::open(&card));
    card
}

/// The one key on a card, which tells of it.
fn key_of(card: &SharedCard) -> PublicKey {
    let stored = piv::open(card).public_objects().unwrap();
    assert_eq!(stored.len(), 1);
    stored[0].public_key.clone().unwrap()
}

fn certificate_of(card: &SharedCard) -> Vec<u8> {
    piv::open(card).public_objects().unwrap().remove(0).certificate.unwrap()
}

#[test]
fn only_a_key_that_the_server_has_certified_is_kept_elsewhere() {
    for (cut, kept) in [(key_is_made as fn(&Event) -> bool, false), (certificate_has_come, true)] {
        let two = Two::new();
        let card = yubikey(11);
        two.killed_at(HERE, &mut piv::open(&card), enroll(), cut);
        let before = key_of(&card);
        // What an order tells of its certificate, it tells when there is one.
        let orders = two.client.generation_options(two.open().uuid).unwrap();
        assert_eq!(orders[0].certificate.is_some(), kept);
        let (outcome, events) = two.ends(THERE, &mut piv::open(&card), enroll());
        let Outcome::Enrolled { installed, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(key_of(&card) == before, kept, "a key that anybody may have put there does not count");
        assert_eq!(events.iter().filter(|event| key_is_made(event)).count(), usize::from(!kept));
        assert_eq!((certificate_of(&card), two.issued(&piv::open(&card))), (installed[0].certificate.clone(), 1));

        // Where it was begun, nothing is undone, and it is over.
        let (ended, _) = two.works(HERE, &mut piv::open(&card), enroll());
        let Outcome::Enrolled { installed: again, .. } = ended.unwrap().done() else { panic!() };
        assert_eq!((&again, certificate_of(&card)), (&installed, installed[0].certificate.clone()));
        assert_eq!((two.unfinished(), two.issued(&piv::open(&card))), ([0, 0], 1));
    }
}

#[test]
fn another_card_of_the_same_name_gets_nothing_of_what_was_certified() {
    let two = Two::new();
    two.killed_at(HERE, &mut piv::open(&yubikey(11)), enroll(), certificate_has_come);
    // A copy tells of a key of its own in the same place.
    let copy = yubikey(11);
    let other = lab(|template| template);
    let mallory = other.client("mallory", &[], None);
    other.run(&mallory, &mut piv::open(&copy), enroll(), &mut Face::default()).unwrap().done();
    let before = certificate_of(&copy);
    let (ended, events) = two.works(THERE, &mut piv::open(&copy), enroll());
    let error = ended.unwrap_err();
    assert!(!events.iter().any(|event| matches!(event, Event::CertificateWritten { .. })), "{error:?} {events:?}");
    assert_eq!((certificate_of(&copy), two.issued(&piv::open(&copy))), (before, 1));
    assert_eq!(two.open().status, RequestStatus::Executing);
}

#[test]
fn a_card_whose_key_is_gone_is_told_so_and_no_second_certificate_is_issued() {
    let two = Two::new();
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    two.killed_at(HERE, &mut token, enroll(), certificate_has_come);
    token.slots.clear();
    let (ended, _) = two.works(THERE, &mut token, enroll());
    let error = ended.unwrap_err();
    assert_eq!((error.code(), error.stage), ("key-gone", Stage::FindKey));
    assert_eq!((token.generated, two.issued(&token)), (1, 1));
}

/// Says whether a work is cut at this event.
type Cut = fn(&Event) -> bool;

#[test]
fn work_that_went_on_elsewhere_and_was_cut_there_goes_on_where_it_began() {
    // Where it was cut first, and then elsewhere; how many keys were made.
    let cuts: [(Cut, Cut, usize); 4] = [
        (key_is_made, certificate_has_come, 2),
        (key_is_made, key_is_made, 3),
        (|event| *event == Event::Doing(Stage::SubmitRequest), certificate_has_come, 2),
        (certificate_has_come, certificate_has_come, 1),
    ];
    for (first, second, made) in cuts {
        for (order, renewed) in [(enroll as fn() -> Order, 0), (renew, 1)] {
            let two = Two::new();
            let mut token = MemoryToken::of(Rules::bare_piv(Cipher::Aes));
            if renewed == 1 {
                two.ends(HERE, &mut token, enroll());
                token.generated = 0;
            }
            two.killed_at(HERE, &mut token, order(), first);
            two.killed_at(THERE, &mut token, order(), second);
            two.ends(HERE, &mut token, order());
            assert_eq!((token.generated, two.issued(&token)), (made, 1 + renewed));
            assert_eq!((token.keys().len(), token.certificates().len()), (1, 1));
        }
    }
}

//! Power cuts: of the journal there is afterwards what was flushed and nothing else, a file that was just removed included.

use super::bench::{Face, PIN};
use super::memory_rules::{Cipher, Rules};
use super::memory_token::{MemoryToken, TRIES};
use super::real::Lab;
use super::ways::{enroll, renew, retire, unblock};
use crate::support::site::set;
use crate::support::{journal, torture};
use cardwright::client::CmClient;
use cardwright::cm::request::RequestStatus;
use cardwright::cm::route::Holder;
use cardwright::enrollment::{Enrollment, Event, Installed, Journal, Order, Outcome, card_id};
use cardwright::token::Token;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;

/// More events than any work has.
const MOST: usize = 80;

const KINDS: [fn() -> Rules; 4] =
    [Rules::pkcs11, || Rules::piv(Cipher::Aes), || Rules::bare_piv(Cipher::Aes), Rules::gids];

/// A person with a card of their own, at a server that many share.
struct Person<'l> {
    lab: &'l Lab,
    client: CmClient,
    token: MemoryToken,
}

impl<'l> Person<'l> {
    fn new(lab: &'l Lab, rules: Rules) -> Self {
        let client = lab.client(&uuid::Uuid::new_v4().simple().to_string(), &[], None);
        let mut token = MemoryToken::of(rules);
        if rules.has_puk && !rules.tells_defaults {
            token.set_pin_to(PIN);
        }
        Self { lab, client, token }
    }

    fn run(&mut self, order: Order) -> Outcome {
        let ended = self.lab.run(&self.client, &mut self.token, order, &mut Face::default());
        ended.unwrap_or_else(|error| panic!("{:?}: {error:?}", self.token.rules)).done()
    }

    /// Ends the process as it tells of its event of this number; says whether it did.
    fn is_killed_at(&mut self, order: Order, last: usize) -> bool {
        let mut told = 0;
        self.watched(order, &mut |_| {
            told += 1;
            if told > last {
                resume_unwind(Box::new("killed"));
            }
        })
        .is_none()
    }

    /// Runs the order and has each event looked at; `None` where that ended it.
    fn watched(&mut self, order: Order, look: &mut dyn FnMut(&Event)) -> Option<Outcome> {
        let journal = Journal::open(self.lab.journal()).unwrap();
        let mut work = Enrollment::begin(&self.client, &journal, self.token.identity(), order).unwrap();
        let mut face = Face::default();
        let ended = catch_unwind(AssertUnwindSafe(|| face.pump_watched(&mut work, &mut self.token, look)));
        ended.ok().map(|ended| ended.unwrap().done())
    }

    fn file(&self) -> Option<PathBuf> {
        journal::files(&self.lab.journal()).pop()
    }

    /// The requests that were made, which are all carried out, the certificates that were issued, and those on the card.
    fn counted(&self) -> [usize; 3] {
        let requests = self.client.requests(None).unwrap();
        assert!(requests.iter().all(|request| request.status == RequestStatus::Completed), "{requests:?}");
        let card = self.client.find_smartcard(card_id(self.token.identity())).unwrap().unwrap();
        let issued = self.client.certificates_of(Holder::Smartcard(card.uuid)).unwrap().len();
        assert_eq!((self.lab.unfinished(), self.token.left()), (0, (TRIES, TRIES, TRIES)), "{:?}", self.token.rules);
        [requests.len(), issued, self.token.certificates().len()]
    }
}

/// Cuts the power at each event of the order, and has it taken up; each end is the same.
fn cut_everywhere(before: &[fn() -> Order], order: fn() -> Order, end: [usize; 3]) {
    let lab = Lab::new(true, 0);
    for rules in KINDS {
        let mut cuts = 0;
        for at in torture::points(0..) {
            assert!(at < MOST);
            let mut person = Person::new(&lab, rules());
            before.iter().for_each(|order| drop(person.run(order())));
            let killed = person.is_killed_at(order(), at);
            if !killed {
                break;
            }
            cuts += 1;
            if let Some(file) = person.file() {
                journal::lose_what_was_not_flushed(&file);
            }
            person.run(order());
            assert_eq!(person.counted(), end, "{:?}, cut at event {at}", rules());
        }
        assert!(cuts > 1, "{cuts}");
    }
}

#[test]
fn an_enrollment_survives_a_power_cut_anywhere() {
    cut_everywhere(&[], enroll, [1, 1, 1]);
}

#[test]
fn a_renewal_survives_a_power_cut_anywhere() {
    cut_everywhere(&[enroll], renew, [2, 2, 1]);
}

#[test]
fn an_unblock_survives_a_power_cut_anywhere() {
    cut_everywhere(&[enroll], unblock, [2, 1, 1]);
}

/// Runs the order, and has the file come back that was removed at its end.
fn comes_back(person: &mut Person<'_>, order: Order) -> Outcome {
    let directory = person.lab.journal();
    let mut last = None;
    let outcome = person.watched(order, &mut |_| {
        last = journal::files(&directory).pop().map(|file| (std::fs::read(&file).unwrap(), file)).or(last.take());
    });
    let (content, file) = last.unwrap();
    assert!(!file.exists());
    std::fs::write(&file, content).unwrap();
    journal::lose_what_was_not_flushed(&file);
    outcome.unwrap()
}

/// The request, and what it has brought; that an old key was removed is not known any more.
fn told(outcome: &Outcome) -> (uuid::Uuid, &[Installed]) {
    match outcome {
        Outcome::Enrolled { request, installed, .. } | Outcome::Renewed { request, installed, .. } => {
            (*request, installed)
        }
        Outcome::Unblocked { request, .. } => (*request, &[]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_journal_that_comes_back_says_again_what_was_done() {
    let lab = Lab::new(true, 0);
    for rules in KINDS {
        let mut person = Person::new(&lab, rules());
        for (order, end) in [(enroll as fn() -> Order, [1, 1, 1]), (renew, [2, 2, 1]), (unblock, [3, 2, 1])] {
            let outcome = comes_back(&mut person, order());
            let generated = person.token.generated;
            assert_eq!(told(&person.run(order())), told(&outcome));
            assert_eq!((person.counted(), person.token.generated), (end, generated));
        }
    }
}

#[test]
fn a_journal_that_comes_back_after_its_card_has_gone_on_is_in_nobodys_way() {
    let reused = |template: String| {
        let template = template.replacen("approvals_needed = 1", "approvals_needed = 0", 1);
        set(template, "[smartcard]", "allow_smartcard_reuse", "true")
    };
    let lab = Lab::with(true, reused);
    for rules in KINDS {
        let mut person = Person::new(&lab, rules());
        comes_back(&mut person, enroll());
        let file = person.file().unwrap();
        let enrolled = std::fs::read(&file).unwrap();
        // The card was renewed elsewhere.
        std::fs::remove_file(&file).unwrap();
        person.run(renew());
        std::fs::write(&file, &enrolled).unwrap();
        let there = person.token.certificates();
        let again = person.lab.run(&person.client, &mut person.token, enroll(), &mut Face::default());
        assert_eq!(again.unwrap_err().code(), "card-in-use");
        assert_eq!((person.counted(), person.token.certificates()), ([2, 2, 1], there));
        // It was retired.
        person.run(retire());
        std::fs::write(&file, &enrolled).unwrap();
        person.run(enroll());
        assert_eq!((lab.unfinished(), person.token.certificates().len()), (0, 1));
    }
}

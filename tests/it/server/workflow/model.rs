//! Random sequences of requests of all types by several people, held against a small model of what should follow.
//!
//! After every step: what was answered is what the model expects. After every few, and at the end: every card and
//! profile is in the model's state, the revocation list names exactly what the model has revoked or on hold, no card id
//! has two living cards, every certificate has a request that was approved, and the log of acts tells exactly the
//! changes that were made, in their order. Where keys are archived besides: each answer brings exactly what its plan has,
//! a key that comes back is the one that was archived, and none leaves but by an approved request that is being carried
//! out, with its act in the log.

mod ends;
mod keys;
mod world;

use crate::server::support::Lab;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use world::World;

/// One call, by numbers that the world takes modulo what there is.
#[derive(Clone, Debug)]
pub enum Step {
    Create {
        person: usize,
        kind: usize,
        holder: usize,
    },
    Decide {
        person: usize,
        request: usize,
        approve: bool,
    },
    Assign {
        person: usize,
        request: usize,
        card: usize,
    },
    Issue {
        person: usize,
        request: usize,
    },
    Begin {
        person: usize,
        request: usize,
    },
    Retire {
        person: usize,
        request: usize,
    },
    Complete {
        person: usize,
        request: usize,
    },
    Cancel {
        person: usize,
        request: usize,
    },
    /// Everything that is left to do for a request, by those who may.
    Finish {
        request: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let some = || 0..1000usize;
    prop_oneof![
        6 => (some(), some(), some()).prop_map(|(person, kind, holder)| Step::Create { person, kind, holder }),
        1 => (some(), some(), any::<bool>()).prop_map(|(person, request, approve)| Step::Decide { person, request, approve }),
        1 => (some(), some(), some()).prop_map(|(person, request, card)| Step::Assign { person, request, card }),
        2 => (some(), some()).prop_map(|(person, request)| Step::Issue { person, request }),
        1 => (some(), some()).prop_map(|(person, request)| Step::Begin { person, request }),
        1 => (some(), some()).prop_map(|(person, request)| Step::Retire { person, request }),
        2 => (some(), some()).prop_map(|(person, request)| Step::Complete { person, request }),
        1 => (some(), some()).prop_map(|(person, request)| Step::Cancel { person, request }),
        3 => some().prop_map(|request| Step::Finish { request }),
    ]
}

/// The acts of the log, oldest first.
pub fn acts(lab: &Lab) -> Vec<String> {
    let log = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let mut records = log.prepare("SELECT record FROM audit ORDER BY number").unwrap();
    let records = records.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let act = |record: String| {
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        record["act"].as_str().unwrap().to_owned()
    };
    records.map(|record| act(record.unwrap())).collect()
}

fn sequences(kind: &'static str, archives: bool, seed: u8) {
    let config = Config {
        cases: if archives { 1 } else { 2 },
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let steps = prop::collection::vec(step(), 110..130);
    runner
        .run(&steps, |steps| {
            let mut world = World::new(kind, archives);
            for (number, step) in steps.iter().enumerate() {
                world.take(step);
                if number % 8 == 7 {
                    world.compare();
                }
            }
            world.end();
            Ok(())
        })
        .unwrap();
}

#[test]
fn cards_follow_the_model() {
    sequences("smartcard", false, 1);
}

#[test]
fn virtual_cards_follow_the_model() {
    sequences("virtual-smartcard", false, 2);
}

#[test]
fn software_profiles_follow_the_model() {
    sequences("software", false, 3);
}

#[test]
fn archived_keys_on_cards_follow_the_model() {
    sequences("smartcard", true, 4);
}

#[test]
fn archived_keys_of_software_profiles_follow_the_model() {
    sequences("software", true, 5);
}

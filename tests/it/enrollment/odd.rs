//! Cards with odd objects from their enrollment to their retirement: what is not ours is neither touched nor fatal.

use super::bench::{Bench, Face};
use super::ways::{enroll, renew, retire};
use crate::support::piv;
use cardwright::enrollment::{EnrollOrder, Event, Order, Outcome};
use cardwright::token::{KeyId, Oddity, Token};
use cardwright::virtual_card::{ManagementAlgorithm, PivOptions, SharedCard};

const GARBAGE: &[u8] = include_bytes!("../../data/piv/obj-garbage.bin");
const AUTHENTICATION: u32 = 0x5FC105;
const SIGNATURE: u32 = 0x5FC10A;
const HISTORY: u32 = 0x5FC10C;
const RETIRED: u32 = 0x5FC10D;

fn options() -> PivOptions {
    PivOptions { management_algorithm: Some(ManagementAlgorithm::TripleDes), ..piv::yubikey() }
}

/// What is stored: place, whether a certificate is shown, what is odd.
fn stored(card: &SharedCard) -> Vec<(u8, bool, Option<Oddity>)> {
    let stored = piv::open(card).public_objects().unwrap();
    stored.iter().map(|it| (it.id.0[0], it.certificate.is_some(), it.odd)).collect()
}

#[test]
fn a_card_with_odd_objects_is_enrolled_renewed_and_retired() {
    let objects: [(u32, &[u8]); 3] = [(SIGNATURE, GARBAGE), (RETIRED, GARBAGE), (HISTORY, &[0xC1])];
    let card = SharedCard::new(Box::new(piv::holding(options(), &objects)));
    let odd = (0x9C, false, Some(Oddity::CutOff));
    let (bench, mut token) = (Bench::new(), piv::open(&card));
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!(stored(&card), [(0x9A, true, None), odd]);
    bench.run(&mut token, renew()).unwrap().done();
    assert_eq!(stored(&card), [(0x9A, true, None), odd]);
    let mut face = Face::default();
    let outcome = bench.run_with(&mut token, retire(), &mut face).unwrap().done();
    let Outcome::Retired { removed, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(removed, [KeyId(vec![0x9A])]);
    assert_eq!(stored(&card), [odd]);
    let left = Event::OddLeft { key: KeyId(vec![0x9C]), odd: Oddity::CutOff };
    assert!(face.events.contains(&left), "{:?}", face.events);
}

#[test]
fn an_odd_object_in_the_place_is_replaced_where_that_is_ordered_and_only_there() {
    let card = SharedCard::new(Box::new(piv::holding(options(), &[(AUTHENTICATION, GARBAGE)])));
    let (bench, mut token) = (Bench::new(), piv::open(&card));
    let refused = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(refused.code(), "key-id-taken");
    assert_eq!(stored(&card), [(0x9A, false, Some(Oddity::CutOff))]);
    let order = Order::Enroll(EnrollOrder { replace: true, ..EnrollOrder::default() });
    bench.run(&mut token, order).unwrap().done();
    assert_eq!(stored(&card), [(0x9A, true, None)]);
}

//! A card that was forgotten and found: its holder lifts the suspension with the card itself, and not without it.

use serde_json::json;

use super::kind::{GIDS, Kind, YUBIKEY};
use super::{Desk, PIN, pcscd};

fn lifted_with_the_card(person: &'static str, kind: Kind) {
    let desk = Desk::new(person, kind);
    let card = desk.enrolled()["smartcard"].clone();
    let state = || desk.site.run(person, PIN, &["card", "show", person]).done()["state"].clone();
    let reported = ["card", "lost", person, "--reason", "forgotten", "--yes"];
    let done = desk.site.run(person, PIN, &reported).done();
    assert_eq!((&done["card"], &done["effect"]), (&card, &json!("Suspended")));

    // Her login alone does not do, nor another card.
    let without = ["card", "found", person, "--reader", "a reader that nobody has"];
    let absent = desk.site.run(person, PIN, &without).refused(6, "presence-needed");
    assert!(absent.remedy.contains("into a reader"), "{absent:?}");
    let other = pcscd::insert((kind.make)());
    let absent = desk.site.run(person, PIN, &["card", "found", person, "--reader", other.reader()]);
    assert_eq!(absent.told().exit, 6, "{absent:?}");
    assert_eq!(state(), "Suspended");

    let before = desk.tries();
    let done = desk.run(PIN, &["card", "found", person]).done();
    assert_eq!((&done["lifted"], &done["state"]), (&json!(true), &json!("Active")), "the same request was taken up");
    assert_eq!(state(), "Active");
    assert_eq!(desk.tries(), before, "no try is spent");
}

#[test]
fn a_piv_card_that_is_found_shows_itself() {
    lifted_with_the_card("frida", YUBIKEY);
}

#[test]
fn a_gids_card_that_is_found_shows_itself() {
    lifted_with_the_card("fritz", GIDS);
}

//! From the factory to retirement and on to the next life, on each kind of card.

use serde_json::{Value, json};

use super::super::{members, revoked};
use super::kind::{GIDS, Kind, NITROKEY, PLAIN, YUBIKEY, YUBIKEY_AES};
use super::{Desk, NEW_PIN, THIRD_PIN, only};

/// Enrolls the card with the approval of a second person; until then it is not touched.
fn enroll(desk: &Desk) -> Value {
    let pin = desk.kind.first_pin;
    let before = desk.card.card().with_card(|card| card.state().to_vec());
    let pending = desk.enroll(pin).refused(7, "request-pending");
    assert!(pending.message.contains("one approval"), "{pending:?}");
    assert_eq!(desk.enroll(pin).refused(7, "request-pending").request, pending.request);
    assert!(desk.card.card().with_card(|card| card.state().to_vec()) == before, "the card was touched");
    let request = pending.request.unwrap();
    desk.approve(&request);
    let done = desk.enroll(pin).done();
    assert_eq!(members(&done), ["request", "smartcard", "certificates"]);
    assert_eq!(done["request"], request);
    assert_eq!(only(&done)["subject"], format!("CN={}", desk.person));
    assert!(desk.journal().is_empty());
    // The key itself is let out once, to be written into the card.
    assert_eq!(desk.admin_key_given_out(&done["request"]), 1);
    assert_eq!(desk.admin_key_state(&done), if desk.kind.takes_admin_key { "Active" } else { "Default" });
    done
}

/// What the card shows is what was done.
fn is_shown(desk: &Desk, document: &Value) {
    let info = desk.info();
    let shown = only(&info);
    assert_eq!((&shown["id"], &shown["serial_number"]), (&only(document)["key_id"], &only(document)["serial_number"]));
    assert_eq!(shown["subject"], format!("CN={}", desk.person));
    assert_eq!(info["reader"], Value::Null);
    assert_eq!(desk.tries(), desk.kind.tries);
    let card = desk.at_server();
    assert_eq!((&card["Uuid"], &card["Status"]), (&document["smartcard"], &json!(2)));
}

fn renew(desk: &Desk, first: &Value) -> Value {
    let before = desk.freshness();
    let done = desk.run(desk.kind.first_pin, &["renew"]).done();
    assert_eq!(done["smartcard"], first["smartcard"]);
    let (old, new) = (only(first), only(&done));
    assert_ne!(old["serial_number"], new["serial_number"]);
    assert_eq!(done["old_keys"], json!([{ "key_id": old["key_id"], "removed": true }]));
    assert_eq!(old["key_id"] == new["key_id"], !desk.kind.is_gids(), "a PIV key takes the old one's place");
    assert_ne!(desk.freshness(), before, "others would not see that the card has changed");
    assert_eq!(desk.admin_key_given_out(&done["request"]), 0);
    done
}

/// Ends the card's life: its keys are gone, its certificates revoked, its secrets are the factory's.
fn retire(desk: &Desk, renewed: &Value, pin: &str) {
    let serial = only(renewed)["serial_number"].as_str().unwrap();
    assert!(!revoked(&desk.site, desk.person, serial));
    let done = desk.run(pin, &["retire", "--yes"]).done();
    assert_eq!(done["removed_keys"], json!([only(renewed)["key_id"]]));
    let info = desk.info();
    assert_eq!(info["certificates"], json!([]));
    assert!(revoked(&desk.site, desk.person, serial));
    assert_eq!(desk.admin_key_given_out(&done["request"]), 0);
    assert!(desk.kind.is_gids() || desk.has_factory_puk());
    assert_eq!(desk.admin_key_state(&done), "Default");
    let again = desk.run(pin, &["renew"]).told();
    assert_eq!((again.exit, again.code.as_str()), (6, "card-not-active"), "{again:?}");
    assert_eq!(desk.tries(), desk.kind.tries);
}

/// The same card again, which the template allows: it has the secrets it came with, and the PIN its user chose.
fn live_again(desk: &Desk, first: &Value, pin: &str) {
    let request = desk.enroll(pin).refused(7, "request-pending").request.unwrap();
    desk.approve(&request);
    let done = desk.enroll(pin).done();
    assert_ne!(only(&done)["serial_number"], only(first)["serial_number"]);
    is_shown(desk, &done);
    desk.is_judged_good(&done, pin);
}

fn life(person: &'static str, kind: Kind) {
    let desk = Desk::new(person, kind);
    let first = enroll(&desk);
    is_shown(&desk, &first);
    desk.is_judged_good(&first, kind.first_pin);
    desk.authorities_are(true);
    let renewed = renew(&desk, &first);
    is_shown(&desk, &renewed);
    desk.is_judged_good(&renewed, kind.first_pin);
    desk.authorities_are(true);
    desk.block(kind.first_pin);
    // The try that this costs is given back by the server's PUK.
    assert!(kind.is_gids() || !desk.has_factory_puk());
    desk.unblock(NEW_PIN);
    desk.block(NEW_PIN);
    desk.unblock_offline(THIRD_PIN);
    is_shown(&desk, &renewed);
    desk.is_judged_good(&renewed, THIRD_PIN);
    retire(&desk, &renewed, THIRD_PIN);
    desk.authorities_are(false);
    live_again(&desk, &first, THIRD_PIN);
}

#[test]
fn a_yubikey_lives_and_lives_again() {
    life("yuki", YUBIKEY);
}

#[test]
fn a_yubikey_with_an_aes_management_key_is_enrolled_with_rsa_and_retired() {
    let desk = Desk::new("yara", YUBIKEY_AES);
    let first = enroll(&desk);
    is_shown(&desk, &first);
    desk.is_judged_good(&first, desk.kind.first_pin);
    retire(&desk, &first, desk.kind.first_pin);
}

#[test]
fn a_plain_piv_card_lives_and_lives_again() {
    life("petra", PLAIN);
}

#[test]
fn nitrokeys_firmware_lives_and_lives_again() {
    life("nils", NITROKEY);
}

#[test]
fn a_gids_card_lives_and_lives_again() {
    life("gita", GIDS);
}

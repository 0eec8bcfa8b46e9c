//! What cannot end well is refused before anything begins.

use std::time::{Duration, Instant};

use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::virtual_card::{PivCard, PivOptions, SharedCard};
use serde_json::json;

use super::kind::{GIDS, Kind, YUBIKEY};
use super::{CURVE, Desk, PIN, STRANGER, bounded, count, only, shared};
use crate::support::program::end;

fn too_full(person: &'static str, kind: Kind, room: &str, code: &str) {
    let desk = Desk::new(person, kind);
    let request = desk.enroll(PIN).refused(7, "request-pending").request;
    desk.approve(request.as_ref().unwrap());
    desk.card.card().set_dial(format!("full={room}").parse().unwrap());
    let told = desk.enroll(PIN).refused(8, code);
    assert_eq!(told.request, request);
    assert_eq!(desk.counted(), (1, 0), "the CA was asked");
    assert_eq!(desk.info()["certificates"], json!([]));
    // With room, the same request is carried out.
    desk.card.card().set_dial("".parse().unwrap());
    assert_eq!(desk.enroll(PIN).done()["request"].as_str(), request.as_deref());
    assert_eq!(desk.counted(), (1, 1));
}

#[test]
fn a_piv_card_that_cannot_hold_the_certificate_is_found_before_the_ca_is_asked() {
    too_full("fulvia", YUBIKEY, "1000", "token-full");
}

#[test]
fn a_gids_card_that_cannot_hold_the_certificate_is_found_before_the_ca_is_asked() {
    too_full("paul", GIDS, "1000", "token-full");
}

#[test]
fn a_card_of_somebody_else_is_refused_and_left_alone() {
    let desk = Desk::new("paula", YUBIKEY);
    let done = desk.enrolled();
    let card = desk.card.card();
    let state = || card.with_card(|card| card.state().to_vec());
    let before = state();
    let as_stranger = |arguments: &[&str]| {
        let mut command = desk.command_of(STRANGER, PIN, arguments);
        end(&mut bounded(command.env("CARDWRIGHT_STATE", format!("{}/stranger", desk.state))))
    };
    for command in [&["renew"][..], &["unblock"], &["retire", "--yes"]] {
        let told = as_stranger(command).told();
        assert_eq!((told.exit, told.code.as_str()), (6, "card-unknown"), "{told:?}");
    }
    // To the stranger the card does not exist at the server, and that it is not his shows before there is a request.
    let told = as_stranger(&["enroll", "--template", desk.kind.template]).refused(6, "card-already-assigned");
    assert_eq!(told.request, None);
    assert!(told.remedy.contains("belongs to somebody else"), "{told:?}");
    assert!(state() == before, "the card was touched");
    assert_eq!(only(&desk.info())["serial_number"], only(&done)["serial_number"]);
}

#[test]
fn of_two_cards_none_is_enrolled_unless_it_is_named() {
    let site = shared();
    let pcscd = PrivatePcscd::start(&["Desk"]).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = site.command("tim", PIN, arguments);
        command.env(CLIENTS_VARIABLE, pcscd.socket()).env("CARDWRIGHT_STATE", site.program.path("two"));
        end(&mut bounded(&command))
    };
    for (reader, serial) in pcscd.readers().iter().zip([4711, 4712]) {
        let card = PivCard::new(PivOptions { serial, ..PivOptions::yubikey() }).unwrap();
        reader.seat().insert(SharedCard::new(Box::new(card)));
    }
    let since = Instant::now();
    while run(&["token", "list"]).document().as_array().is_none_or(|cards| cards.len() < 2) {
        assert!(since.elapsed() < Duration::from_secs(120), "the cards were not seen");
    }
    let enroll = ["enroll", "--template", CURVE];
    let told = run(&enroll).refused(3, "ambiguous-token");
    for named in ["4711", "4712", pcscd.readers()[0].name(), pcscd.readers()[1].name()] {
        assert!(told.message.contains(named), "{named}: {told:?}");
    }
    assert!(told.remedy.contains("--serial"), "{told:?}");
    assert_eq!(count(&site, "tim", "requests"), 0);
    run(&[&enroll[..], &["--serial", "4712"]].concat()).refused(7, "request-pending");
}

#[test]
fn what_cannot_be_an_admin_key_is_no_card_that_keeps_its_own() {
    let desk = Desk::new("xenia", YUBIKEY);
    let state = || desk.card.card().with_card(|card| card.state().to_vec());
    let before = state();
    let enroll = ["enroll", "--template", desk.kind.template];
    for text in ["wrongtext", "A1:A2"] {
        let typed = desk.file("typed.key", text);
        for command in [&enroll[..], &["renew"], &["retire", "--yes"]] {
            let told = desk.run(PIN, &[command, &["--so-pin-from", &typed]].concat()).refused(2, "admin-key");
            assert!(told.message.contains("48 hexadecimal digits"), "{told:?}");
        }
    }
    assert!(state() == before, "the card was touched");
    assert_eq!(count(&desk.site, desk.person, "requests"), 0);
}

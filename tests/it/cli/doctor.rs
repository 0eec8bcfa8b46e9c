//! `cardwright doctor`, over cards in PC/SC readers.

use cardwright::virtual_card::PivOptions;
use serde_json::Value;

use super::cards::{Stranger, Workplace, gids, piv};
use crate::support::program::Ended;

fn examined(place: &Workplace, options: &[&str]) -> (Option<i32>, Value) {
    let Ended { code, stdout, .. } = place.program.json([&["doctor"], options].concat());
    (code, serde_json::from_str(&stdout).unwrap())
}

/// The verdict on one thing, and what is to be done about it.
fn finding<'d>(document: &'d Value, check: &str) -> (&'d str, &'d str, Option<&'d str>) {
    let mut all = document["findings"].as_array().unwrap().iter();
    let found = all.find(|finding| finding["check"] == check);
    let found = found.unwrap_or_else(|| panic!("nothing about {check} in {document}"));
    (found["verdict"].as_str().unwrap(), found["told"].as_str().unwrap(), found["remedy"].as_str())
}

#[test]
fn a_card_fresh_from_the_factory_will_do_and_its_defaults_are_told() {
    let place = Workplace::new();
    let card = place.insert(0, piv(PivOptions::yubikey()));
    card.forget_headers();
    let (code, document) = examined(&place, &["--key", "p-256"]);
    assert_eq!((code, document["verdict"].as_str()), (Some(0), Some("attention")), "{document}");
    for check in ["default-pin", "default-puk", "default-admin-key"] {
        let (verdict, told, remedy) = finding(&document, check);
        assert!(verdict == "attention" && told.contains("factory") && remedy.is_some(), "{check}: {told}");
    }
    for check in ["service", "protocol", "serial", "algorithms", "room", "pin", "puk"] {
        assert_eq!(finding(&document, check).0, "good", "{check}: {document}");
    }
    assert_eq!(finding(&document, "card-identifier").0, "attention");
    assert_eq!(finding(&document, "admin-key").0, "untold");
    assert!(card.headers().iter().all(|header| header[1] != 0x20 && header[1] != 0xDB), "a try or a change");
}

#[test]
fn a_locked_card_or_one_that_cannot_make_the_key_will_not_do() {
    let place = Workplace::new();
    place.insert(0, piv(PivOptions { pin_tries_left: Some(0), ..PivOptions::yubikey() }));
    let (code, document) = examined(&place, &["--key", "rsa-4096", "--certificate", "9000"]);
    assert_eq!((code, document["verdict"].as_str()), (Some(11), Some("bad")));
    let (verdict, told, remedy) = finding(&document, "pin");
    assert!(verdict == "bad" && told.contains("no try is left") && remedy.unwrap().contains("unblock"), "{told}");
    assert_eq!(finding(&document, "algorithms").0, "bad");
    let (verdict, told, _) = finding(&document, "room");
    assert!(verdict == "bad" && told.contains("9000 are expected"), "{told}");
    let text = place.program.text(["doctor"]);
    assert_eq!(text.code, Some(11));
    assert!(text.stdout.contains("bad ") && text.stdout.contains("what to do: Run `cardwright unblock`"), "{text:?}");
}

#[test]
fn what_no_card_of_a_known_kind_is_will_not_do_and_the_other_reader_is_left_out_when_one_is_named() {
    let place = Workplace::new();
    place.insert(0, Box::new(Stranger));
    place.insert(1, gids());
    let (code, document) = examined(&place, &[]);
    assert_eq!(code, Some(11));
    assert_eq!(finding(&document, "serial").0, "bad", "a GIDS card that is not initialised: {document}");
    assert!(!document.to_string().contains("CHUID"), "GIDS has none: {document}");
    let (verdict, told, _) = finding(&document, "card");
    assert!(verdict == "bad" && told.contains("kind this program does not know"), "{told}");
    let (_, alone) = examined(&place, &["--reader", "00 01"]);
    assert!(alone["findings"].as_array().unwrap().iter().all(|finding| finding["check"] != "card"), "{alone}");
}

#[test]
fn a_card_that_is_taken_out_while_it_is_looked_at_is_no_bad_card() {
    let place = Workplace::new();
    let card = place.insert(0, piv(PivOptions::yubikey()));
    card.set_dial("remove@3".parse().unwrap());
    let (code, document) = examined(&place, &[]);
    assert_eq!((code, finding(&document, "card").0), (Some(0), "untold"), "{document}");
    assert!(finding(&document, "card").1.contains("taken out"), "{document}");
    let findings = document["findings"].as_array().unwrap();
    assert_eq!(findings.iter().filter(|finding| finding["reader"].is_string()).count(), 1, "{document}");
}

#[test]
fn a_service_that_does_not_run_is_told_with_what_starts_it() {
    let mut place = Workplace::new();
    place.program.set("PCSCLITE_CSOCK_NAME", "/nowhere/pcscd.comm");
    let (code, document) = examined(&place, &[]);
    assert_eq!(code, Some(11));
    let (verdict, told, remedy) = finding(&document, "service");
    assert!(verdict == "bad" && told.contains("/nowhere/pcscd.comm") && remedy.unwrap().contains("systemctl"));
    assert_eq!(document["findings"].as_array().unwrap().len(), 1);
}

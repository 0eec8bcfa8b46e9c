//! A reader with keys of its own: the PIN is typed there, and never reaches the browser.

use std::process::Command;

use super::lab::{Corridor, PIN, judged, yubikey};

#[test]
fn a_pin_pad_is_used_where_the_reader_has_one() {
    let mut corridor = Corridor::new(&["--renew-days", "3650"]);
    let card = corridor.enrolled("ursula", yubikey());
    corridor.stop();
    let (source, library) = (corridor.site.program.path("pad.c"), corridor.site.program.path("pad.so"));
    std::fs::write(&source, include_str!("pin_pad.c")).unwrap();
    let mut build = Command::new("cc");
    build.args(["-shared", "-fPIC", "-I/usr/include/PCSC", "-o"]).args([&library, &source]);
    assert!(build.status().unwrap().success());
    let typed = corridor.site.program.path("typed");
    let said = |text: &str| {
        let beside = typed.with_extension("new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, &typed).unwrap();
    };
    corridor.environment =
        vec![("LD_PRELOAD", library.display().to_string()), ("PIN_PAD", typed.display().to_string())];
    corridor.start(&["--renew-days", "3650"]);
    let browser = corridor.browser();
    corridor.insert(0, &card);
    browser.click("Renew the card");
    browser.sees("Type your PIN at the reader");
    judged(&browser, "at-pad");
    said("cancel");
    browser.sees("Nobody typed a PIN at the reader.");
    browser.click("Look at the card again");
    // A wrong one is told, and typed at the reader again.
    browser.click("Renew the card");
    browser.sees("Type your PIN at the reader");
    said("999999");
    browser.sees("The PIN is wrong.");
    browser.click("Back");
    browser.click("Renew the card");
    browser.sees("Type your PIN at the reader");
    said(PIN);
    browser.until("the work asks at the reader for itself, or is done", || {
        if !typed.exists() && browser.texts("h1").concat().contains("Type your PIN at the reader") {
            said(PIN);
        }
        browser.texts("body").concat().contains("Your card is renewed.").then_some(())
    });
    let seen = browser.source() + &corridor.log() + &corridor.site.log();
    assert!(!seen.contains(PIN));
}

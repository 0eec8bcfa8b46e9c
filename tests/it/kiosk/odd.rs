//! What comes at an odd time: a password that is over, another card in the middle of a work, readers that are unplugged, a clock
//! that is wrong. Each has a sentence of its own, and nothing is lost.

use std::time::Duration;

use super::lab::{Corridor, NEW_PIN, PIN, card, chooses, types, yubikey};
use crate::support::site::API;

/// Is longer than the kiosk's rounds, in each of which it begins to watch the readers where it has to.
const ROUNDS: Duration = Duration::from_secs(3);

#[test]
fn what_comes_at_an_odd_time_is_said_and_loses_nothing() {
    let mut corridor = Corridor::new(&["--renew-days", "3650"]);
    let (hers, his) = (corridor.enrolled("ursula", yubikey()), corridor.enrolled("ulf", yubikey()));
    let (_, password) = corridor.password_for("ursula");
    let browser = corridor.browser();
    // The right password, and its time is over.
    corridor.alter("UPDATE one_time_passwords SET expires = 1");
    corridor.insert(0, &card(yubikey()));
    browser.click("Use a one-time password");
    browser.fill("Your user name or e-mail address", "ursula");
    browser.fill("One-time password", &password);
    browser.click("Go on");
    browser.sees("This is the right one-time password, but its time is over.");
    corridor.remove(0);
    browser.sees("Put in your card");

    // The card is swapped in the middle of a work: the next one is told nothing of it, and the first one goes on.
    corridor.insert(0, &hers);
    browser.click("Renew the card");
    browser.sees("Type the PIN that the card has now.");
    hers.set_dial("remove-after@40".parse().unwrap());
    types(&browser, PIN);
    browser.sees("The card was taken out before the work on it was done.");
    hers.set_dial("".parse().unwrap());
    corridor.remove(0);
    corridor.insert(0, &his);
    browser.sees("Card of ulf");
    let shown = browser.texts("body").concat();
    assert!(!shown.contains("ursula") && !shown.contains("broken off"), "{shown}");
    corridor.remove(0);
    browser.sees("Put in your card");
    corridor.insert(0, &hers);
    browser.sees("Work on this card was broken off.");
    browser.click("Renew the card");
    types(&browser, PIN);
    browser.sees("Your card is renewed.");
    corridor.remove(0);
    browser.sees("Put in your card");
    drop(browser);

    // By this computer's clock the card is of a time that has yet to come.
    corridor.stop();
    let library = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let library = library.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.is_file());
    corridor.environment = vec![
        ("LD_PRELOAD", library.expect("the package faketime").display().to_string()),
        ("FAKETIME", "-400d".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    corridor.start(&[]);
    let browser = corridor.browser();
    corridor.insert(0, &hers);
    browser.sees("By the clock of this computer the card is not valid yet.");
    browser.sees("not valid yet");
    let cards = corridor.site.get("ursula", &format!("{API}/smartcards")).ok();
    assert_eq!(cards.as_array().unwrap().len(), 1, "{cards}");
}

#[test]
fn readers_that_are_unplugged_while_a_pin_is_asked_for_come_back() {
    let mut corridor = Corridor::new(&[]);
    let his = corridor.enrolled("ulf", yubikey());
    let browser = corridor.browser();
    browser.sees("Put in your card");
    his.forget_headers();
    corridor.insert(0, &his);
    browser.sees("Choose another PIN");
    let read_once = his.headers();
    browser.click("Choose another PIN");
    types(&browser, PIN);
    browser.sees("Choose a new PIN");
    corridor.unplug();
    browser.sees("The card reader cannot be used");
    // It has been tried in vain to begin again.
    std::thread::sleep(ROUNDS);
    his.forget_headers();
    corridor.plug_in();
    corridor.insert(0, &his);
    browser.sees("Choose another PIN");
    // No second look at the readers sends back whoever is quick.
    std::thread::sleep(ROUNDS);
    assert_eq!(his.headers(), read_once);
    browser.click("Choose another PIN");
    types(&browser, PIN);
    chooses(&browser, NEW_PIN);
    browser.sees("The card has the new PIN.");
    corridor.stop();
}

//! The old card for a new one, and the server's view of a logon: what a card shows of its owner, and to whom it is told.

use super::lab::{Corridor, NEW_PIN, PIN, PLAIN, card, chooses, judged, takes, types, yubikey};
use crate::support::site::API;

#[test]
fn the_old_card_shows_for_whom_the_new_one_is_made() {
    let corridor = Corridor::new(&[]);
    let (old, his) = (corridor.enrolled("ursula", yubikey()), corridor.enrolled("ulf", yubikey()));
    let browser = corridor.browser();
    // Nothing waits for her: it is said, and the old card stays what it is.
    corridor.insert(0, &old);
    browser.click("Have a new card made ready");
    types(&browser, PIN);
    browser.sees("Nothing waits for you");
    corridor.asked("ursula", PLAIN);
    browser.click("Look at the card again");
    browser.click("Have a new card made ready");
    browser.sees("Type the PIN that the card has now.");
    types(&browser, PIN);
    browser.sees("Your old card has shown that you are ursula.");
    judged(&browser, "new-card");
    // One reader: the old one comes out, and stays out.
    corridor.remove(0);
    browser.sees("take the old card out and put the new one in");
    corridor.insert(0, &old);
    browser.sees("This is your old card. Put in the new one.");
    corridor.remove(0);
    browser
        .until("the old card is out", || (!browser.texts("main").concat().contains("This is your old")).then_some(()));
    // Somebody else's card is no new one, and nothing is changed on it.
    corridor.insert(0, &his);
    browser.sees("This card is in use already.");
    assert!(takes(&his, PIN));
    corridor.remove(0);
    browser.sees("Put in your card");

    // Stopped, the next card is nobody's.
    corridor.insert(0, &old);
    browser.click("Have a new card made ready");
    types(&browser, PIN);
    browser.sees("Put in the new card");
    browser.click("Stop");
    browser.sees("Take your card");
    corridor.remove(0);
    browser.sees("Put in your card");
    let new = card(yubikey());
    corridor.insert(0, &new);
    browser.sees("This card is not in use yet");

    // Two readers, the new card first; what is in the other one must be the old card.
    browser.click("Show who you are with your old card");
    browser.sees("Put in your old card");
    judged(&browser, "old-card");
    corridor.insert(1, &card(yubikey()));
    browser.sees("This card is not in use, so it shows nothing of you.");
    corridor.remove(1);
    corridor.insert(1, &old);
    browser.sees("Type the PIN that the card has now.");
    types(&browser, PIN);
    browser.sees("Choose a new PIN");
    // Pulled before it is begun: nothing was begun, and it is asked for again.
    chooses(&browser, NEW_PIN);
    browser.sees("Your card is ready.");
    assert_eq!(corridor.certificates("ursula"), 2);
    corridor.remove(0);
    corridor.remove(1);
    browser.sees("Put in your card");
    assert!(takes(&new, NEW_PIN) && takes(&old, PIN));

    // Two wait, and nobody has said which this card is to be.
    corridor.asked("ursula", PLAIN);
    corridor.asked("ursula", PLAIN);
    corridor.insert(0, &new);
    browser.click("Have a new card made ready");
    types(&browser, NEW_PIN);
    browser.sees("More than one card waits for you");
    browser.sees("Code: several-wait");
    logon(&corridor, &browser);
    let said = corridor.log() + &corridor.site.log();
    assert!(!said.contains(NEW_PIN) && !said.contains(PIN));
}

/// What the server knows of a card is told to its owner, by the card that is in the reader.
fn logon(corridor: &Corridor, browser: &crate::support::browser::Browser) {
    browser.click("Look at the card again");
    browser.click("Will this card log on?");
    browser.sees("the server and the directory were not asked");
    browser.click("Ask the server too");
    types(browser, NEW_PIN);
    browser.sees("the server has the card as active");
    browser.sees("the server has the certificate as current");
    browser.sees("the directory was not asked");
    browser.click("Deutsch");
    browser.sees("Für den Server ist die Karte in Gebrauch.");
    browser.sees("Die PIN kann eingegeben werden.");
    judged(browser, "logon-asked");
    let english = ["the server has the", "the certificate", "the key is"];
    let shown = browser.texts(".findings").concat();
    assert!(english.iter().all(|words| !shown.contains(words)), "{shown}");
    browser.click("English");
    browser.click("Look at the card again");
    // The visit is over with what it was for; a card that was reported lost meanwhile lets nobody in.
    let cards = corridor.site.get("ursula", &format!("{API}/smartcards")).ok();
    assert_eq!(cards.as_array().unwrap().len(), 2, "{cards}");
    corridor.alter("UPDATE certificates SET revoked_at = 1, revocation_reason = 1");
    browser.click("Will this card log on?");
    browser.click("Ask the server too");
    types(browser, NEW_PIN);
    browser.sees("The certificate of this card is revoked");
    browser.sees("Code: certificate-revoked");
}

//! Cards of every kind: of another standard, full, slow, with one try left; and what waits for somebody else.

use super::lab::{Corridor, NEW_PIN, PIN, by_password, card, judged, takes, tries, yubikey};
use crate::support::site::{API, EXTENSION, last_segment};
use cardwright::cm::request::RequestType;
use cardwright::virtual_card::{GidsCard, GidsOptions, PivOptions, SharedCard};
use serde_json::json;

#[test]
fn what_has_to_be_approved_is_waited_for_and_goes_on_by_itself() {
    let corridor = Corridor::with(&["--renew-days", "3650"], |template| {
        crate::support::site::set(template, "[workflows.renew]", "approvals_needed", "1")
            .replace("[workflows.renew]\n", "[workflows.renew]\napprovers = [\"group:approvers\"]\n")
    });
    let card = corridor.enrolled("ursula", yubikey());
    let browser = corridor.browser();
    corridor.insert(0, &card);
    browser.click("Renew the card");
    browser.fill("PIN", PIN);
    browser.click("Go on");
    browser.sees("Somebody has to approve this");
    assert_eq!(browser.texts("main li"), ["approvers"]);
    judged(&browser, "waiting");
    let waiting = corridor.site.get("vera", &format!("{EXTENSION}/requests?status=Pending")).ok();
    let request = waiting[0]["Uuid"].as_str().unwrap().to_owned();
    // Taken out while it waits, and put in again: the same request is gone on with.
    corridor.remove(0);
    browser.sees("Put in your card");
    corridor.insert(0, &card);
    browser.click("Renew the card");
    browser.fill("PIN", PIN);
    browser.click("Go on");
    browser.sees("Somebody has to approve this");
    corridor.approved(&request);
    // It is slow, and says so.
    card.set_dial("slow=2s".parse().unwrap());
    browser.sees("The card makes a key.");
    browser.sees("Leave the card in.");
    browser.sees("Your card is renewed.");
    let all = corridor.site.get("ursula", &format!("{API}/requests?targetuser=current")).ok();
    let renewals = all.as_array().unwrap().iter().filter(|it| it["RequestType"] == RequestType::Renew.number()).count();
    assert_eq!(renewals, 1, "{all}");
}

#[test]
fn a_locked_pin_is_opened_by_a_one_time_password() {
    let corridor = Corridor::with(&["--renew-days", "3650"], |template| by_password(template, "unblock"));
    let card_of_ursula = corridor.enrolled("ursula", yubikey());
    // One try is left: it is asked for before all else, and never spent by the way.
    for _ in 0..2 {
        assert!(!takes(&card_of_ursula, "999999"));
    }
    let browser = corridor.browser();
    corridor.insert(0, &card_of_ursula);
    browser.sees("One try is left.");
    card_of_ursula.forget_headers();
    browser.click("Renew the card");
    browser.fill("PIN", "999999");
    browser.click("Go on");
    browser.sees("This would be the last try: nothing was tried.");
    assert_eq!(tries(&card_of_ursula), 0);
    browser.fill("PIN", "999999");
    browser.click("I am sure of this PIN. Use the last try.");
    browser.click("Go on");
    browser.sees("The PIN is locked now.");
    browser.click("Look at the card again");
    browser.sees("The PIN of this card is locked");

    let smartcard = corridor.smartcard_of("ursula");
    let order = json!({"datacollection": [], "type": "Unblock", "smartcard": smartcard, "comment": ""});
    let request = last_segment(&corridor.site.send("otto", "POST", &format!("{API}/requests"), &order).ok());
    let password = corridor.approved(&request)["OneTimePassword"].as_str().unwrap().to_owned();
    browser.click("Use a one-time password");
    browser.fill("One-time password", &password);
    browser.click("Go on");
    browser.sees("Choose a new PIN");
    browser.fill("New PIN", NEW_PIN);
    browser.fill("New PIN, once more", NEW_PIN);
    browser.click("Set this PIN");
    browser.sees("The card has the new PIN.");
}

#[test]
fn a_card_of_another_standard_has_its_pin_changed_and_opened_too() {
    // This kind of card makes no keys on curves.
    let corridor = Corridor::with(&[], |template| crate::support::site::keys(template, "RSA-2048"));
    let gids = SharedCard::new(Box::new(GidsCard::new(GidsOptions::default()).unwrap()));
    let file = |name: &str, text: &str| format!("file:{}", corridor.site.program.write(name, text));
    let (key, first) = (file("admin.key", super::lab::ADMIN_KEY), file("first.pin", PIN));
    corridor.run("ulf", &gids, &["token", "init", "--so-pin-from", &key, "--pin-from", &first]);
    corridor.run("ulf", &gids, &["enroll", "--template", super::lab::PLAIN]);
    let browser = corridor.browser();
    corridor.insert(0, &gids);
    browser.sees("Card of ulf");
    browser.click("Choose another PIN");
    browser.fill("PIN", PIN);
    browser.click("Go on");
    browser.fill("New PIN", NEW_PIN);
    browser.fill("New PIN, once more", NEW_PIN);
    browser.click("Set this PIN");
    browser.sees("The card has the new PIN.");
    browser.click("Do something else with this card");
    browser.click("Set a new PIN over the telephone");
    browser.fill("New PIN", PIN);
    browser.fill("New PIN, once more", PIN);
    browser.click("Set this PIN");
    browser.sees("Read this code out");
    // Another card's answer, well formed: the card refuses it, and it is said.
    let wrong = cardwright::cm::offline::write_code(cardwright::cm::offline::CodeKind::Response, [7; 8]);
    browser.fill("Answer of the help desk", &wrong);
    browser.click("Go on");
    browser.sees("That did not work");
    corridor.remove(0);
    browser.sees("Put in your card");

    // A PIN of the maker's on a card that somebody has: nothing else before another is chosen.
    let options = PivOptions { serial: 79_000_001, ..PivOptions::yubikey() };
    let makers = card(options);
    corridor.insert(0, &makers);
    browser.sees("This card is not in use yet");
    assert!(!browser.texts("body").concat().contains("Set a new PIN over the telephone"));
}

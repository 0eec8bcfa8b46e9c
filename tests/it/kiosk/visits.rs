//! What somebody is let in for: a card that is made ready, renewed, or opened with a one-time password.

use std::os::unix::fs::PermissionsExt;

use super::lab::{Corridor, NEW_PIN, PIN, card, judged, takes, yubikey};
use crate::pages::single::{Authlib, ISSUER, set as set_settings};
use crate::support::browser::Browser;
use crate::support::site::{API, set};
use cardwright::cm::request::RequestStatus;
use serde_json::json;

#[test]
fn a_one_time_password_makes_a_card_ready_even_where_it_is_pulled_in_the_middle() {
    let corridor = Corridor::new(&[]);
    let (request, password) = corridor.password_for("ursula");
    let browser = corridor.browser();
    let card = card(yubikey());
    corridor.insert(0, &card);
    browser.sees("This card is not in use yet");
    judged(&browser, "empty");
    assert_eq!(
        browser.texts(".tasks button"),
        ["Use a one-time password", "Show who you are with your old card", "Sign in with your account"]
    );
    browser.click("Use a one-time password");
    browser.sees("Who are you?");
    judged(&browser, "who");
    browser.click("Go on");
    browser.sees("Nothing was typed.");
    // Another's name, a wrong password: the same is said, and the next try waits.
    browser.fill("Your user name or e-mail address", "ulf");
    browser.fill("One-time password", &password);
    browser.click("Go on");
    browser.sees("do not belong to a request that can be carried out now");
    // On a machine that is slower than the pause, it is tried and the pause is doubled.
    let is_slowed = |_: u32| {
        browser.run("document.body.dataset.old = 'yes'", &[]);
        browser.fill("Your user name or e-mail address", "ulf");
        browser.fill("One-time password", "AAAAAAAAAA");
        browser.click("Go on");
        let is_new = || browser.run("return document.body.dataset.old || ''", &[]) == "";
        let told = browser.until("an answer", || is_new().then(|| browser.texts("body").concat()));
        told.contains("Nothing was tried: please wait")
    };
    assert!((0..5).any(is_slowed));
    judged(&browser, "who-wrong");
    // Where it is broken off, what was done is kept, and it goes on from there.
    browser.fill("Your user name or e-mail address", "ursula@example.test");
    browser.fill("One-time password", &password);
    browser.click("Go on");
    // A card without room: it is told before a key is made, and the request waits.
    browser.sees("Choose a new PIN");
    card.set_dial("full=100".parse().unwrap());
    browser.fill("New PIN", PIN);
    browser.fill("New PIN, once more", PIN);
    browser.click("Set this PIN");
    browser.sees("There is no room left on the card.");
    browser.sees("Your request is kept");
    card.set_dial("".parse().unwrap());
    browser.click("Look at the card again");
    browser.click("Use a one-time password");
    browser.fill("Your user name or e-mail address", "ursula");
    browser.fill("One-time password", &password);
    browser.click("Go on");
    // The new PIN was set before; it is pulled in the middle of what follows.
    browser.sees("Your PIN");
    card.set_dial("remove-after@12".parse().unwrap());
    browser.fill("PIN", PIN);
    browser.click("Go on");
    browser.sees("The card was taken out before the work on it was done.");
    judged(&browser, "cut");
    card.set_dial("".parse().unwrap());
    corridor.remove(0);
    corridor.insert(0, &card);
    browser.sees("Work on this card was broken off.");
    browser.click("Use a one-time password");
    browser.fill("Your user name or e-mail address", "ursula");
    browser.fill("One-time password", &password);
    browser.click("Go on");
    let asked = browser.until("the end, or a question", || {
        let shown = browser.texts("h1").concat();
        ["Done", "Your PIN", "Choose a new PIN"].into_iter().find(|title| shown.contains(title))
    });
    if asked == "Your PIN" {
        browser.fill("PIN", PIN);
        browser.click("Go on");
    } else if asked != "Done" {
        browser.fill("New PIN", PIN);
        browser.fill("New PIN, once more", PIN);
        browser.click("Set this PIN");
    }
    browser.sees("Your card is ready.");
    browser.click("Do something else with this card");
    browser.sees("Card of ursula");
    assert_eq!(corridor.certificates("ursula"), 1);
    let shown = corridor.site.get("ursula", &format!("{API}/requests/{request}")).ok();
    assert_eq!(shown["Status"], RequestStatus::Completed.number(), "{shown}");
    // The password is used up.
    browser.click("Use a one-time password");
    browser.fill("One-time password", &password);
    browser.click("Go on");
    browser.sees("do not belong to a request");
    corridor.remove(0);
    browser.sees("Put in your card");
    assert!(takes(&card, PIN));
    let said = corridor.log() + &corridor.site.log();
    assert!(!said.contains(&password) && !said.contains(PIN));
}

#[test]
fn a_card_is_renewed_by_its_own_pin_and_a_strange_one_is_not() {
    let mut corridor = Corridor::new(&["--renew-days", "3650"]);
    let card = corridor.enrolled("ursula", yubikey());
    let serials = |corridor: &Corridor| corridor.site.get("ursula", &format!("{API}/certificates")).ok().to_string();
    let before = serials(&corridor);
    let browser = corridor.browser();
    corridor.insert(0, &card);
    browser.sees("ends soon");
    judged(&browser, "card-due");
    browser.click("Renew the card");
    browser.fill("PIN", PIN);
    browser.click("Go on");
    browser.sees("Your card is renewed.");
    assert_ne!(serials(&corridor), before);
    corridor.remove(0);
    browser.sees("Put in your card");
    // The server is away: nothing is changed, and it is said.
    corridor.site.stop_server();
    corridor.insert(0, &card);
    browser.click("Renew the card");
    browser.fill("PIN", PIN);
    browser.click("Go on");
    browser.sees("The server cannot be reached at the moment.");
    browser.sees("Code: server-unreachable");
    corridor.site.start();
    browser.click("Look at the card again");
    browser.sees("Card of ursula");
    corridor.stop();
}

#[test]
fn a_pin_that_the_server_chose_does_not_stand() {
    let corridor =
        Corridor::with(&[], |template| set(template, "[smartcard]", "user_pin_option", "\"server-proposed\""));
    let (_, password) = corridor.password_for("ursula");
    let browser = corridor.browser();
    let card = card(yubikey());
    corridor.insert(0, &card);
    browser.click("Use a one-time password");
    browser.fill("Your user name or e-mail address", "ursula");
    browser.fill("One-time password", &password);
    browser.click("Go on");
    browser.sees("This card has a PIN that you did not choose.");
    judged(&browser, "temporary");
    // It is taken out before a PIN is chosen: nobody knows the PIN, and that is all that the card is about from then on.
    corridor.remove(0);
    browser.sees("Put in your card");
    corridor.insert(0, &card);
    browser.sees("This card has a PIN that nobody knows.");
    assert!(!browser.texts(".tasks").concat().contains("Choose another PIN"));
    browser.click("Set a new PIN over the telephone");
    browser.fill("New PIN", NEW_PIN);
    browser.fill("New PIN, once more", NEW_PIN);
    browser.click("Set this PIN");
    browser.sees("Read this code out");
    let code: String = browser.texts(".groups span").join("-");
    let smartcard = corridor.smartcard_of("ursula");
    let order = json!({"datacollection": [], "type": "OfflineUnblock", "smartcard": smartcard, "comment": "by phone"});
    let made = corridor.site.send("otto", "POST", &format!("{API}/requests"), &order).ok();
    let request = crate::support::site::last_segment(&made);
    let path = format!("{}/requests/{request}/offlineunblock", crate::support::site::EXTENSION);
    let answer = corridor.site.send("otto", "POST", &path, &json!({ "Challenge": code })).ok();
    browser.fill("Answer of the help desk", answer["Response"].as_str().unwrap());
    browser.click("Go on");
    browser.sees("The card has the new PIN.");
    browser.click("Do something else with this card");
    browser.sees("Choose another PIN");
    corridor.remove(0);
    browser.sees("Put in your card");
    assert!(takes(&card, NEW_PIN));
}

#[test]
fn an_account_lets_its_person_in_from_the_pages_of_the_server() {
    let mut corridor = Corridor::new(&["--start-link", "LINK", "--renew-link"]);
    let file = corridor.site.program.path("LINK");
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(&file, mode.clone()).unwrap();
    let link = || std::fs::read_to_string(&file).unwrap();
    let first = link();
    corridor.link = first.trim().to_owned();
    let browser = corridor.browser();
    let card = card(yubikey());
    corridor.insert(0, &card);
    browser.click("Sign in with your account");
    browser.sees("Sign in at the server's page");
    judged(&browser, "pages");
    let there = browser.attribute("main a.button", "href").unwrap();
    browser.click("To the server's page");
    browser.sees("Sign in");
    crate::pages::lab::sign_in(&browser, &corridor.site, "ursula");
    browser.open(&there);
    browser.click("Yes, go on at the kiosk");
    // She has asked for nothing yet.
    browser.sees("Nothing waits for you that can be done with this card here.");
    assert!(browser.url() == corridor.address, "{}", browser.url());
    browser.click("Look at the card again");

    // At the organisation's own provider, in the same browser; the kiosk sees neither password nor token.
    let provider = Authlib::start(&format!("{}/sign-in/issuer/return", corridor.site.origin));
    let settings = provider.settings(&corridor.site.origin);
    set_settings(&mut corridor.site, &settings);
    corridor.asked("ursula", super::lab::PLAIN);
    browser.click("Sign in with your account");
    browser.click("To the server's page");
    browser.sees(ISSUER);
    let provided = browser.attribute(".ways a.button", "href").unwrap();
    assert!(provided.contains("fresh=1"), "whoever stood here before may be signed in there: {provided}");
    browser.click(ISSUER);
    browser.fill("Name", "ursula");
    browser.click("Log in");
    browser.click("Yes, go on at the kiosk");
    browser.sees("Choose a new PIN");
    browser.fill("New PIN", PIN);
    browser.fill("New PIN, once more", PIN);
    browser.click("Set this PIN");
    browser.sees("Your card is ready.");
    assert_eq!(corridor.certificates("ursula"), 1);
    // Whoever was not sent from here comes with nothing, and the same way back counts once.
    browser.open(&format!("{}returned?state=00&code=00", corridor.address));
    browser.sees("Not from here");
    // Whoever comes next is shown another browser, which is signed in nowhere; whoever might read the link still may.
    assert_eq!(link(), first);
    corridor.remove(0);
    let next = browser.until("another link", || Some(link()).filter(|next| *next != first));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode.mode());
    browser.open(&corridor.address);
    browser.sees("This page is open in another browser");
    let another = Browser::new();
    another.open(next.trim());
    another.sees("Put in your card");
}

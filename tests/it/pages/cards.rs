//! A card, a person, a missing card and a leaver, on a site with a card that was really enrolled.

use super::lab::{asks, browser, cookie, form, page, person, session, site, status};
use crate::support::browser::Browser;
use crate::support::site::{API, EXTENSION, Site};
use cardwright::cm::request::RequestStatus;
use cardwright::cm::smartcard::SmartcardStatus;
use serde_json::json;

const PIN: &str = "271828";

/// Has ursula enroll a token, after vera's approval; gives the card's id.
pub fn enrolled(site: &Site) -> String {
    site.program.factory_token("card");
    let request = asks(site, "ursula", "for the laboratory");
    site.send("vera", "POST", &format!("{EXTENSION}/requests/{request}/approve"), &json!({"Comment": "seen"})).ok();
    site.run("ursula", PIN, &["enroll", "--label", "card", "--request", &request]).done();
    let done = site.get("ursula", &format!("{API}/requests/{request}")).ok();
    done["NewSmartcardUuid"].as_str().unwrap().to_owned()
}

fn card_status(site: &Site, card: &str) -> u64 {
    site.get("ursula", &format!("{API}/smartcards/{card}")).ok()["Status"].as_u64().unwrap()
}

/// Goes on by Tab until something of this name has the focus, which must be seen all the way.
#[track_caller]
fn tab_to(browser: &Browser, name: &str) {
    for _ in 0..60 {
        browser.press("Tab");
        assert!(browser.focus_is_visible(), "{:?}", browser.focused());
        if browser.focused().name == name {
            return;
        }
    }
    panic!("nothing called {name:?} gets the focus");
}

#[test]
fn a_card_tells_what_it_is_and_its_life_as_a_picture() {
    let site = site();
    let card = enrolled(&site);
    let browser = browser(&site, "otto");
    browser.open(&format!("{}/cards/{card}", site.origin));
    browser.sees("in use");
    let facts = browser.text("dl.facts");
    for told in ["ursula", "as the computer said that enrolled it", "SoftHSM", "Smart card logon", "first card"] {
        assert!(facts.contains(told), "{told}: {facts}");
    }
    browser.sees("CN=ursula");
    assert!(browser.source().contains("Its life"));
    assert_eq!(browser.attribute("svg.life", "role").as_deref(), Some("img"));
    let picture = browser.run("return document.querySelector('svg.life').textContent", &[]);
    let picture = picture.as_str().unwrap();
    for told in ["State", "in use", "Certificates", "Requests", "New card", "People", "vera", "Today"] {
        assert!(picture.contains(told), "{told}: {picture}");
    }
    // The table beside it says the same, and so does the file.
    browser.sees("Approved");
    browser.assert_sound();
    let otto = session(&cookie(&site, "otto"));
    let file = page(&site, &[("cookie", &otto)], &format!("/cards/{card}/history.csv"));
    assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert!(file.body.contains("vera") && file.body.lines().count() > 4, "{}", file.body);
    // Only who reads the log of acts is led to what the card attests.
    assert!(!browser.source().contains("/attestation"));
    let audrey = session(&cookie(&site, "audrey"));
    let shown = page(&site, &[("cookie", &audrey)], &format!("/cards/{card}"));
    let address = shown.body.split("href=\"").find(|part| part.contains("/attestation?serial=")).unwrap();
    let shown = page(&site, &[("cookie", &audrey)], address.split('"').next().unwrap());
    assert!(shown.status == 200 && shown.body.contains("has attested nothing"), "{}", shown.body);
}

#[test]
fn a_card_is_suspended_and_reinstated_by_the_keyboard_alone() {
    let site = site();
    let card = enrolled(&site);
    let browser = browser(&site, "otto");
    browser.open(&format!("{}/cards/{card}", site.origin));
    tab_to(&browser, "Suspend");
    browser.press("Enter");
    browser.sees("1 certificate is put on hold until the card is reinstated.");
    browser.sees("It is done at once.");
    browser.assert_sound();
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Active.number()), "nothing was done yet");
    tab_to(&browser, "Comment (optional)");
    browser.write("on leave");
    browser.press("Tab");
    assert_eq!(browser.focused().name, "Suspend");
    browser.press("Enter");
    browser.sees("The card is suspended.");
    browser.sees("on hold");
    browser.assert_sound();
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Suspended.number()));
    browser.click("Reinstate");
    browser.sees("1 certificate counts again.");
    browser.click("Reinstate");
    browser.sees("The card is in use again.");
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Active.number()));
}

#[test]
fn a_replacement_says_what_becomes_of_the_old_one_and_waits_for_its_approval_without_script() {
    let site = site();
    let card = enrolled(&site);
    let browser = browser(&site, "otto");
    browser.script(false);
    browser.open(&format!("{}/cards/{card}/ask?what=replace", site.origin));
    browser.sees("One approval is needed before anything happens, by: approvers");
    browser.sees("1 certificate is revoked for good: somebody else may have the key.");
    browser.click("Lost");
    browser.click("Replace");
    browser.sees("The request is made.");
    browser.sees("waits for a decision");
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Active.number()));
    // What is open already is told before it is asked for again.
    browser.open(&format!("{}/cards/{card}/ask?what=replace", site.origin));
    browser.sees("the same is asked for in request");
}

#[test]
fn what_cannot_be_asked_for_is_said_and_not_done() {
    let site = site();
    let card = enrolled(&site);
    let cookies = ["ulf", "ursula", "otto"].map(|who| session(&cookie(&site, who)));
    let [ulf, ursula, otto] = &cookies;
    for path in ["", "/ask?what=revoke", "/lost", "/history.csv"] {
        let seen = page(&site, &[("cookie", ulf)], &format!("/cards/{card}{path}"));
        assert_eq!(seen.status, 404, "{path}");
        assert!(!seen.body.contains("ursula"), "{path}");
    }
    let revoke = format!("/cards/{card}/ask?what=revoke");
    assert_eq!(form(&site, &[("cookie", ulf)], &revoke, "comment=x").status, 404);
    assert_eq!(form(&site, &[("cookie", ulf)], &format!("/cards/{card}/lost"), "reason=lost").status, 404);
    // Her own card she may not revoke so, and is told; a form by hand does no more.
    let told = page(&site, &[("cookie", ursula)], &revoke);
    assert_eq!(told.status, 422);
    assert!(told.body.contains("You cannot ask for this now.") && !told.body.contains("name=\"comment\""));
    assert_eq!(form(&site, &[("cookie", ursula)], &revoke, "comment=x").status, 403);
    // What is open already is named there, too.
    let asked = form(&site, &[("cookie", otto)], &format!("/cards/{card}/ask?what=replace"), "reason=&comment=x");
    let request = asked.header("location").split('?').next().unwrap().to_owned();
    let told = page(&site, &[("cookie", ursula)], &revoke).body;
    assert!(told.contains("This is open already:") && told.contains(&format!("href=\"{request}\"")), "{told}");
    // Whoever sees all cards and has a part in none is not asked to report what would be refused.
    let audrey = session(&cookie(&site, "audrey"));
    let told = page(&site, &[("cookie", &audrey)], &format!("/cards/{card}/lost"));
    assert!(
        told.status == 200 && told.body.contains("Its holder can") && told.body.contains(&request),
        "{}",
        told.body
    );
    assert!(!told.body.contains("name=\"comment\"") && !told.body.contains("is missing"), "{}", told.body);
    let report = form(&site, &[("cookie", &audrey)], &format!("/cards/{card}/lost"), "reason=lost&name=ursula");
    assert_eq!(report.status, 403);
    assert_eq!(page(&site, &[("cookie", otto)], &format!("/cards/{card}/ask?what=reinstate")).status, 422);
    assert_eq!(page(&site, &[("cookie", otto)], &format!("/cards/{card}/ask?what=eat")).status, 404);
    assert_eq!(page(&site, &[("cookie", otto)], &format!("/cards/{card}/attestation?serial=0A")).status, 403);
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Active.number()));
}

#[test]
fn who_has_lost_the_card_reports_it_and_is_told_what_comes_next() {
    let site = site();
    let card = enrolled(&site);
    let browser = browser(&site, "ursula");
    browser.open(&format!("{}/cards/{card}", site.origin));
    tab_to(&browser, "Report as missing");
    browser.press("Enter");
    // She may retire her card, so that a lost one is revoked by her word; what was forgotten is on hold.
    browser.sees("1 certificate is revoked for good: somebody else may have the key.");
    browser.sees("1 certificate is put on hold at once.");
    browser.assert_sound();
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Active.number()));
    browser.click("Forgotten, for example at home");
    tab_to(&browser, "Comment (optional)");
    browser.write("on the train");
    browser.press("Tab Enter");
    browser.sees("Reported: the card is suspended.");
    browser.sees("No certificate is revoked, 1 is on hold.");
    browser.assert_sound();
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Suspended.number()));
    browser.click("It will not turn up: report again");
    browser.click("Lost");
    browser.click("main button[type=submit]");
    browser.sees("Reported: the card is revoked for good.");
    browser.sees("1 certificate is revoked, none is on hold.");
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Disabled.number()));
}

#[test]
fn another_ones_card_is_reported_by_the_persons_name_and_replaced() {
    let site = site();
    let card = enrolled(&site);
    let browser = browser(&site, "otto");
    browser.script(false);
    browser.open(&format!("{}/cards/{card}/lost", site.origin));
    browser.click("Lost");
    browser.fill("Comment (optional)", "in the bus");
    browser.fill("Type the person's name to confirm", "ulf");
    browser.click("main button[type=submit]");
    browser.sees("That is not the name of the person. Nothing was done.");
    assert_eq!(browser.focused().id, "faults");
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Active.number()));
    assert_eq!(browser.value("Comment (optional)"), "in the bus");
    browser.fill("Type the person's name to confirm", "Ursula");
    browser.click("main button[type=submit]");
    browser.sees("Reported: the card is revoked for good.");
    browser.reload();
    browser.sees("1 certificate is revoked");
    browser.click("Replace");
    browser.sees("Keys that the server keeps come back onto it.");
    assert!(browser.url().contains("reason=lost"), "{}", browser.url());
    browser.click("main button[type=submit]");
    browser.sees("The request is made.");
    // Who comes back to the card is led to it, and asks for no second one.
    browser.open(&format!("{}/cards/{card}/lost", site.origin));
    browser.sees("Another card is asked for already: Replacement card");
    assert!(!browser.source().contains("what=replace"));
}

#[test]
fn a_leaver_is_shown_whole_and_ended_by_the_typed_name() {
    let site = site();
    let card = enrolled(&site);
    let waiting = asks(&site, "ursula", "");
    let ursula = person(&site, "ursula");
    let otto = session(&cookie(&site, "otto"));
    assert_eq!(page(&site, &[("cookie", &otto)], &format!("/people/{ursula}/leave")).status, 403);
    let browser = browser(&site, "ada");
    browser.open(&format!("{}/people/{ursula}", site.origin));
    tab_to(&browser, "The person leaves");
    browser.press("Enter");
    browser.sees("It is ended all together, or not at all.");
    let told = browser.text("main");
    for what in ["Account", "Card", "Certificate", "Request", "Access token", "is disabled", "is revoked", "is closed"]
    {
        assert!(told.contains(what), "{what}: {told}");
    }
    browser.assert_sound();
    browser.fill("Type the person's name to confirm", "ulf");
    browser.press("Enter");
    browser.sees("That is not the name of the person. Nothing was done.");
    assert_eq!(card_status(&site, &card), u64::from(SmartcardStatus::Active.number()));
    // What has changed meanwhile is seen first.
    let suspend = json!({"Reason": "forgotten", "Comment": ""});
    site.send("ursula", "POST", &format!("{EXTENSION}/smartcards/{card}/lost"), &suspend).ok();
    browser.fill("Type the person's name to confirm", "ursula");
    browser.press("Enter");
    browser.sees("The person has other things here by now than those that you have seen.");
    assert_eq!(status(&site, "vera", &waiting), RequestStatus::Pending.number(), "nothing was ended");
}

#[test]
fn a_leaver_is_ended_and_what_was_ended_is_told() {
    let site = site();
    let card = enrolled(&site);
    let waiting = asks(&site, "ursula", "");
    let ursula = person(&site, "ursula");
    let browser = browser(&site, "ada");
    browser.script(false);
    browser.open(&format!("{}/people/{ursula}/leave", site.origin));
    browser.fill("Comment (optional)", "graduated");
    browser.fill("Type the person's name to confirm", "ursula");
    browser.click("End all of it");
    browser.sees("ursula has left. This was ended:");
    browser.assert_sound();
    let shown = site.get("otto", &format!("{API}/smartcards/{card}")).ok();
    assert_eq!(shown["Status"], u64::from(SmartcardStatus::Disabled.number()));
    assert_eq!(status(&site, "vera", &waiting), RequestStatus::Canceled.number());
    browser.open(&format!("{}/people/{ursula}/leave", site.origin));
    browser.sees("The person has left: nothing is left to be ended.");
    // Nobody has himself leave.
    let ada = session(&cookie(&site, "ada"));
    assert_eq!(page(&site, &[("cookie", &ada)], &format!("/people/{}/leave", person(&site, "ada"))).status, 403);
}

#[test]
fn a_person_is_shown_with_what_is_theirs_and_hostile_names_are_text() {
    let site = site();
    let card = enrolled(&site);
    let request = asks(&site, "ursula", "<img src=x onerror=alert(1)>");
    let (ursula, ulf) = (person(&site, "ursula"), person(&site, "ulf"));
    let browser = browser(&site, "otto");
    browser.open(&format!("{}/people/{ursula}", site.origin));
    for told in
        ["ursula@example.test", "users", "enabled", "Cards now", "SoftHSM", "Open requests", "<img src=x onerror"]
    {
        browser.sees(told);
    }
    browser.assert_sound();
    assert!(!browser.source().contains("/leave"), "otto manages nobody");
    let lost = json!({"Reason": "lost", "Comment": "<script>document.title='owned'</script>"});
    site.send("ursula", "POST", &format!("{EXTENSION}/smartcards/{card}/lost"), &lost).ok();
    browser.reload();
    browser.sees("Cards before");
    browser.sees("<script>document.title='owned'</script>");
    browser.open(&format!("{}/cards/{card}", site.origin));
    browser.sees("<script>document.title='owned'</script>");
    browser.assert_sound();
    // Somebody else is not told of her.
    let ulf_sees = page(&site, &[("cookie", &session(&cookie(&site, "ulf")))], &format!("/people/{ursula}"));
    assert_eq!(ulf_sees.status, 404);
    let own = page(&site, &[("cookie", &session(&cookie(&site, "ulf")))], &format!("/people/{ulf}"));
    assert!(own.status == 200 && own.body.contains("ulf@example.test"));
    assert_eq!(status(&site, "ursula", &request), RequestStatus::Pending.number());
}

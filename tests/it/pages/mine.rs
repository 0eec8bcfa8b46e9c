//! What is one's own: cards, requests with who decides, certificates with their ends.

use super::every::judged;
use super::lab::{asks, browser, card, cookie, page, session, site, site_of};

#[test]
fn everybody_sees_the_own_and_what_to_do_about_it() {
    let site = site_of(|template| template);
    let own = card(&site, "ursula");
    card(&site, "ulf");
    let browser = browser(&site, "ursula");
    browser.click("My things");
    browser.sees("My cards");
    browser.assert_sound();
    let source = browser.source();
    assert_eq!(source.matches("/cards/").count(), 2, "the own card, and once more where it is lost");
    assert!(source.contains(&own) && !source.contains("ulf"));
    browser.sees("My certificates");
    browser.click("Lost or stolen?");
    browser.until("the page of what is lost", || browser.url().ends_with(&format!("/cards/{own}/lost")).then_some(()));
}

#[test]
fn what_ends_soon_says_how_it_is_renewed() {
    let site = site_of(|template| template.replacen("validity_days = 365", "validity_days = 20", 1));
    card(&site, "ursula");
    let browser = browser(&site, "ursula");
    browser.open(&format!("{}/mine", site.origin));
    browser.sees("ends soon");
    browser.sees("Renew it: at a kiosk or desk, or with the card in your reader by cardwright renew");
    judged(&browser, "ursula", "mine-soon", "/mine", false);
}

#[test]
fn who_decides_is_told_and_where_to_ask() {
    let site = site();
    let browser = browser(&site, "ursula");
    browser.open(&format!("{}/mine", site.origin));
    browser.sees("My cards: Nothing here.");
    browser.click("Ask for something");
    browser.sees("What is asked for?");
    let request = asks(&site, "ursula", "");
    browser.open(&format!("{}/mine", site.origin));
    browser.sees("group approvers");
    browser.sees("waits for a decision");
    assert_eq!(browser.attribute("td a, th a", "href"), Some(format!("/requests/{request}")));
    // Who may ask for nothing is sent nowhere; the others' requests are not theirs.
    let ulf = session(&cookie(&site, "ulf"));
    assert!(!page(&site, &[("cookie", &ulf)], "/mine").body.contains(&request));
}

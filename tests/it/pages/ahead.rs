//! What lies ahead of a request: items that are missing, forms, one-time passwords, and who withdraws it.

use cardwright::cm::request::RequestStatus;
use serde_json::json;

use super::every::judged;
use super::lab::{asks, browser, cookie, form, page, session, site, site_of, status};
use crate::support::site::{API, EXTENSION, Site, approval};

const MORE: &str = r#"data_items = [
    { name = "Birthday", kind = "date", from = "subscriber", minimum = "1900-01-01" },
    { name = "Badge", kind = "number", from = "manager", minimum = 1, maximum = 99 },
]

[[workflows.enroll.documents]]
name = "Receipt <1>"
text = """{User!name} takes a card by request {Request!id}: {Request!comment}"""
"#;

fn collecting(template: String) -> String {
    approval(template).replacen("data_items = []", MORE, 1)
}

fn at(site: &Site, request: &str) -> String {
    format!("{}/requests/{request}", site.origin)
}

#[test]
fn each_gives_what_is_missing_and_only_the_own() {
    let site = site_of(collecting);
    let request = asks(&site, "ursula", "<i>soon</i>");
    let own = browser(&site, "ursula");
    own.open(&at(&site, &request));
    own.sees("Still to be given by you");
    own.sees("Still to be given by others: Badge");
    own.assert_sound();
    own.click("Send");
    own.sees("Birthday is missing.");
    assert_eq!(own.focused().id, "faults");
    judged(&own, "ursula", "request-missing", "/requests", true);
    own.run("document.getElementById('item-Birthday').value = '1899-12-31'", &[]);
    own.click("Send");
    own.sees("Birthday is outside of what is taken. A day, 1 Jan 1900 or later.");
    own.run("document.getElementById('item-Birthday').value = '1990-02-28'", &[]);
    own.click("Send");
    own.sees("What was missing is there now.");
    own.sees("1990-02-28");
    // Two browsers run at once, of all tests: nobody waits for a second one with the first in hand.
    drop(own);
    let other = browser(&site, "vera");
    other.open(&at(&site, &request));
    other.fill("Badge", "17");
    other.press("Enter");
    other.sees("What was missing is there now.");
    let items = site.get("vera", &format!("{API}/requests/{request}")).ok()["DataCollection"].clone();
    assert_eq!(items, json!([{"Name": "Birthday", "Value": "1990-02-28"}, {"Name": "Badge", "Value": "17"}]));
    // By hand, what is another's to give is not even read.
    let ursula = session(&cookie(&site, "ursula"));
    let answer = form(&site, &[("cookie", &ursula)], &format!("/requests/{request}"), "act=collect&item-Badge=99");
    assert!(answer.status >= 300, "{}", answer.status);
    assert_eq!(site.get("vera", &format!("{API}/requests/{request}")).ok()["DataCollection"], items);
}

#[test]
fn forms_are_shown_filled_in() {
    let site = site_of(collecting);
    let request = asks(&site, "ursula", "<script>alert(1)</script>");
    let browser = browser(&site, "ursula");
    browser.open(&at(&site, &request));
    browser.click("1 form to print and sign");
    browser.sees("Receipt <1>");
    browser.sees(&format!("ursula takes a card by request {request}: <script>alert(1)</script>"));
    browser.assert_sound();
    let ulf = session(&cookie(&site, "ulf"));
    assert_eq!(page(&site, &[("cookie", &ulf)], &format!("/requests/{request}/documents")).status, 404);
}

#[test]
fn an_approver_has_another_one_time_password_made() {
    let site = site_of(|template| {
        let table = "[workflows.enroll.one_time_password]\ndeliver = [\"display\"]\n\n[workflows.renew]";
        approval(template).replacen("[workflows.renew]", table, 1)
    });
    let request = asks(&site, "ursula", "");
    let browser = browser(&site, "vera");
    browser.open(&at(&site, &request));
    browser.click("Approve");
    let first = browser.text(".large");
    browser.click("I have handed it over");
    browser.sees("It is asked for at the card");
    browser.assert_sound();
    browser.click("Make a new one-time password");
    browser.sees("Hand the new one-time password over");
    let second = browser.text(".large");
    assert_ne!(first, second);
    let prove = |password: &str| {
        let path = format!("{EXTENSION}/requests/{request}/onetimepassword");
        site.send("ursula", "POST", &path, &json!({ "OneTimePassword": password })).status
    };
    assert_eq!((prove(&first), prove(&second)), (403, 200));
    // Neither is the page kept, nor has whoever it is for such a button, nor such a form an effect.
    let ursula = session(&cookie(&site, "ursula"));
    let path = format!("/requests/{request}");
    assert!(!page(&site, &[("cookie", &ursula)], &path).body.contains("Make a new one-time password"));
    assert_eq!(form(&site, &[("cookie", &ursula)], &path, "act=password").status, 403);
}

#[test]
fn an_agent_withdraws_what_another_has_asked_for() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let audrey = session(&cookie(&site, "audrey"));
    let path = format!("/requests/{request}");
    // Who only oversees is offered nothing, and can do nothing.
    assert!(!page(&site, &[("cookie", &audrey)], &path).body.contains("Withdraw the request"));
    assert!([403, 404].contains(&form(&site, &[("cookie", &audrey)], &path, "act=cancel").status));
    let browser = browser(&site, "otto");
    browser.open(&at(&site, &request));
    browser.sees("What happens next");
    browser.click("Withdraw the request");
    browser.sees("The request is withdrawn.");
    assert_eq!(status(&site, "ursula", &request), RequestStatus::Canceled.number());
    assert!(!browser.source().contains("What happens next"), "it is over");
}

#[test]
fn what_comes_next_is_told_with_its_command() {
    let site = site();
    let request = asks(&site, "ursula", "");
    site.send("vera", "POST", &format!("{EXTENSION}/requests/{request}/approve"), &json!({})).ok();
    for (who, text) in [("ursula", "You carry it out, with your card"), ("otto", "ursula carries it out with the card")]
    {
        let browser = browser(&site, who);
        browser.open(&at(&site, &request));
        browser.sees(text);
        browser.sees(&format!("cardwright enroll --request {request}"));
        browser.assert_sound();
    }
}

//! A new request, one question a page: by the keyboard, without script, with what is wrong told at its field.

use serde_json::{Value, json};

use super::every::judged;
use super::lab::{asks, browser, card, cookie, form, page, person, session, site, site_of};
use crate::server::directory;
use crate::support::browser::Browser;
use crate::support::site::{API, EXTENSION, Site, approval};
use crate::support::slapd::Slapd;

const ITEMS: &str = r#"data_items = [
    { name = "Department", kind = "choice", choices = ["IT", "HR"], description = "Who pays" },
    { name = "Phone", pattern = "\\+[0-9]{4,15}", min_length = 5, max_length = 16 },
    { name = "Desk <no>", kind = "number", minimum = 1, maximum = 99 },
    { name = "Badge", kind = "number", from = "manager", required = false },
    { name = "Birthday", kind = "date", from = "subscriber", minimum = "1900-01-01", required = false },
]"#;

/// The template asks for more than it does else, a comment and a priority included.
pub fn asking(template: String) -> String {
    let template = approval(template).replacen("data_items = []", ITEMS, 1);
    let template = template.replacen("require_comments = false", "require_comments = true", 1);
    template.replacen("collect_comments = false", "collect_comments = true", 1).replacen(
        "collect_priority = false",
        "collect_priority = true",
        1,
    )
}

/// The requests that somebody sees.
fn seen(site: &Site, who: &str) -> Vec<Value> {
    let answer = site.get(who, &format!("{EXTENSION}/requests"));
    if answer.status == 204 { Vec::new() } else { answer.ok().as_array().unwrap().clone() }
}

/// Goes on to the page that asks for all that the policy wants, as somebody who asks for himself.
fn at_the_details(browser: &Browser, site: &Site) {
    browser.open(&format!("{}/new", site.origin));
    browser.click("New card: Smart card logon");
    browser.click("Go on");
    browser.sees("Further details");
}

#[test]
fn somebody_asks_for_a_card_by_the_keyboard_alone() {
    let site = site();
    let browser = browser(&site, "ursula");
    browser.open(&format!("{}/new", site.origin));
    browser.sees("New request: question 1 of 3");
    let order = browser.tab_order(60);
    let at = order.iter().position(|one| one.name.starts_with("New card")).unwrap();
    for _ in 0..=at {
        browser.press("Tab");
        assert!(browser.focus_is_visible(), "{:?}", browser.focused());
    }
    browser.press("Space Tab");
    assert_eq!(browser.focused().name, "Go on");
    browser.press("Enter");
    browser.sees("Further details");
    browser.assert_sound();
    browser.fill("Comment (optional)", "for the laboratory");
    browser.press("Tab Enter");
    browser.sees("Check, then send");
    browser.assert_sound();
    browser.sees("CN=ursula");
    browser.sees("One approval is needed before it is carried out.");
    browser.sees("May approve: group approvers");
    assert_eq!(seen(&site, "ursula").len(), 0, "nothing is sent yet");
    // Back, and forward again, lose nothing.
    browser.back();
    browser.sees("Further details");
    assert_eq!(browser.value("Comment (optional)"), "for the laboratory");
    browser.click("Check before sending");
    browser.click("Send the request");
    browser.sees("The request is made.");
    browser.sees("One more approval is needed.");
    browser.sees("May still approve: group approvers");
    browser.assert_sound();
    browser.reload();
    let made = seen(&site, "ursula");
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0]["Comment"], "for the laboratory");
}

#[test]
fn limits_are_told_before_and_what_is_wrong_at_its_field_without_script() {
    let site = site_of(asking);
    let browser = browser(&site, "ursula");
    browser.script(false);
    browser.open(&format!("{}/new", site.origin));
    browser.click("Go on");
    browser.sees("Choose what is asked for.");
    assert_eq!(browser.focused().id, "faults");
    // The browser notes each page that has something wrong in it.
    assert!(browser.console().iter().all(|line| line.contains("status of 422")));
    at_the_details(&browser, &site);
    browser.sees("Who pays.");
    browser.sees("In this order: “+”, 4 to 15 digits.");
    browser.sees("A number from 1 to 99.");
    browser.sees("A day, 1 Jan 1900 or later.");
    assert!(!browser.source().contains("Badge"), "that is for others to give");
    browser.assert_sound();
    browser.fill("Phone", "0123");
    browser.fill("Desk <no>", "100");
    browser.fill("Comment", "for the <b>laboratory</b>");
    browser.fill("Priority", "high");
    browser.click("Check before sending");
    browser.sees("4 things are missing or wrong:");
    assert_eq!(browser.focused().id, "faults", "the page begins at what is wrong");
    browser.sees("Department is missing.");
    browser.sees("Phone has 4 characters; from 5 to 16 are taken.");
    browser.sees("Desk <no> is outside of what is taken. A number from 1 to 99.");
    browser.sees("The priority is a whole number from 0 to 255.");
    assert_eq!(browser.value("Phone"), "0123", "what was typed stays");
    judged(&browser, "ursula", "new-faults", "/new", true);
    // A link of the summary leads to its field.
    browser.click("Phone has 4 characters; from 5 to 16 are taken.");
    browser.choose("Department", "HR");
    browser.fill("Phone", "0123456");
    browser.fill("Desk <no>", "17");
    browser.fill("Priority", "7");
    browser.click("Check before sending");
    browser.sees("Phone does not have the form that is wanted.");
    browser.fill("Phone", "+49123456");
    browser.fill("Comment", "");
    browser.click("Check before sending");
    browser.sees("A comment is needed here");
    browser.fill("Comment", "for the <b>laboratory</b>");
    browser.click("Check before sending");
    browser.sees("Check, then send");
    browser.sees("for the <b>laboratory</b>");
    browser.click("Change the answers");
    assert_eq!((browser.value("Phone"), browser.value("Department")), ("+49123456".into(), "HR".into()));
    browser.click("Check before sending");
    browser.click("Send the request");
    browser.sees("The request is made.");
    let made = seen(&site, "ursula");
    let items = json!([
        {"Name": "Department", "Value": "HR"}, {"Name": "Phone", "Value": "+49123456"}, {"Name": "Desk <no>", "Value": "17"},
    ]);
    assert_eq!((&made[0]["DataCollection"], &made[0]["Priority"]), (&items, &json!(7)), "{made:?}");
}

#[test]
fn an_open_request_is_named_before_another_is_made() {
    let site = site();
    let first = asks(&site, "ursula", "");
    let browser = browser(&site, "ursula");
    at_the_details(&browser, &site);
    browser.click("Check before sending");
    browser.sees("A request for the same is open already.");
    judged(&browser, "ursula", "new-open", "/new", false);
    assert_eq!(browser.attribute("#open a", "href"), Some(format!("/requests/{first}")));
    browser.click("Send it all the same");
    browser.sees("The request is made.");
    assert_eq!(seen(&site, "ursula").len(), 2);
}

#[test]
fn a_form_that_is_sent_twice_makes_one_request() {
    let site = site();
    let ursula = session(&cookie(&site, "ursula"));
    let body = format!("for={}&what=Enroll-{}&act=send", person(&site, "ursula"), site.template_uuid);
    let send = || form(&site, &[("cookie", &ursula)], "/new", &body);
    assert_eq!(send().status, 303);
    let again = send();
    assert_eq!(again.status, 422);
    assert!(again.body.contains("A request for the same is open already."), "{}", again.body);
    assert_eq!(seen(&site, "ursula").len(), 1);
}

#[test]
fn an_operator_finds_for_whom_it_is() {
    let site = site();
    let browser = browser(&site, "otto");
    browser.click("New request");
    browser.sees("For whom?");
    browser.assert_sound();
    browser.fill("Name", "ur");
    browser.press("Enter");
    browser.sees("1 person was found.");
    browser.assert_sound();
    browser.click("ursula");
    browser.sees("For ursula");
    browser.click("New card: Smart card logon");
    browser.click("Go on");
    browser.click("Check before sending");
    browser.sees("CN=ursula");
    browser.click("Send the request");
    browser.sees("The request is made.");
    let made = seen(&site, "ursula");
    assert_eq!(made[0]["TargetUserUuid"], person(&site, "ursula"));
    assert_eq!(made[0]["OriginatorUserUuid"], person(&site, "otto"));
    // With a card, what goes on with it is offered, too.
    let approved =
        site.send("vera", "POST", &format!("{EXTENSION}/requests/{}/approve", text(&made[0]["Uuid"])), &json!({}));
    approved.ok();
}

#[test]
fn what_goes_on_with_a_card_is_offered() {
    let site = site_of(|template| template);
    card(&site, "ursula");
    let browser = browser(&site, "otto");
    browser.open(&format!("{}/new?for={}", site.origin, person(&site, "ursula")));
    browser.sees("On the card Smart card logon. A new PIN, at a computer with the card in its reader.");
    browser.assert_sound();
    browser.click("Unblock");
    browser.click("Go on");
    browser.click("Check before sending");
    browser.sees("Nobody has to approve it");
    browser.click("Send the request");
    browser.sees("ursula carries it out with the card in a reader, or the desk does.");
    browser.sees("cardwright unblock --request");
    browser.assert_sound();
}

#[test]
fn nobody_asks_for_more_than_the_api_would_let() {
    let site = site();
    let (ursula, ulf) = (session(&cookie(&site, "ursula")), person(&site, "ulf"));
    let own = person(&site, "ursula");
    let template = &site.template_uuid;
    // For another: who that is, is not even told.
    let shown = page(&site, &[("cookie", &ursula)], &format!("/new?for={ulf}&what=Enroll-{template}"));
    assert_eq!(shown.status, 404);
    assert!(!shown.body.contains("ulf"));
    for act in ["check", "send", "change"] {
        let body = format!("for={ulf}&what=Enroll-{template}&act={act}");
        assert_eq!(form(&site, &[("cookie", &ursula)], "/new", &body).status, 404, "{act}");
    }
    // What the template does not let the visitor ask for, and what is none of this page's.
    for what in [format!("Duplicate-{}", uuid::Uuid::new_v4()), format!("Revoke-{own}"), "x".into()] {
        let body = format!("for={own}&what={what}&act=send");
        let answer = form(&site, &[("cookie", &ursula)], "/new", &body);
        assert!([404, 405].contains(&answer.status), "{what}: {}", answer.status);
    }
    let taken = form(&site, &[("cookie", &ursula)], "/new", &format!("act=take-over&id={ulf}"));
    assert_eq!(taken.status, 403);
    assert_eq!(seen(&site, "ulf").len() + seen(&site, "ursula").len(), 0);
    // A parameter that no caller of the API could send is refused, and breaks nothing.
    let otto = session(&cookie(&site, "otto"));
    for sought in ["%00", &"a".repeat(300)] {
        for path in ["/new", "/search", "/help-desk"] {
            assert_eq!(page(&site, &[("cookie", &otto)], &format!("{path}?q={sought}")).status, 400, "{path} {sought}");
        }
    }
}

#[test]
fn what_would_be_refused_is_told_before_it_is_sent() {
    // The subject wants what ursula does not have.
    let site = site_of(|template| {
        let template = approval(template);
        let subject = template.lines().find(|line| line.starts_with("name = \"CN=")).unwrap().to_owned();
        template.replacen(&subject, &subject.replace("{User!name}", "{User!email}"), 1)
    });
    let browser = browser(&site, "ursula");
    at_the_details(&browser, &site);
    browser.fill("Comment (optional)", "<script>alert(1)</script>");
    browser.click("Check before sending");
    browser.sees("This would be refused");
    judged(&browser, "ursula", "new-refused", "/new", true);
    browser.sees("<script>alert(1)</script>");
    browser.sees("For the help desk:");
    browser.click("Change the answers");
    assert_eq!(browser.value("Comment (optional)"), "<script>alert(1)</script>");
    assert_eq!(seen(&site, "ursula").len(), 0);
}

#[test]
fn somebody_of_the_directory_is_taken_over_on_the_way() {
    let slapd = Slapd::new();
    slapd.person("alice", "departmentNumber: Wing 7\ndisplayName: Älice Müller");
    let mut site = directory::site(&directory::table(&slapd.url(), "plain = true\non_use = true"));
    site.person("olga", &["operators"]);
    site.start();
    let browser = browser(&site, "olga");
    browser.open(&format!("{}/new?q=lic", site.origin));
    browser.sees("Wing 7");
    browser.assert_sound();
    browser.click("Take Älice Müller over and go on");
    browser.sees("For alice");
    assert!(browser.url().contains("/new?for="), "{}", browser.url());
    assert_eq!(directory::account(&site, "alice")["upn"], "alice@cards.test");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn the_api_and_the_page_make_the_same_request() {
    let site = site();
    let by_api = asks(&site, "ulf", "same");
    let ursula = session(&cookie(&site, "ursula"));
    let body = format!("for={}&what=Enroll-{}&comment=same&act=send", person(&site, "ursula"), site.template_uuid);
    let answer = form(&site, &[("cookie", &ursula)], "/new", &body);
    let by_page = answer.header("location").split(['/', '?']).nth(2).unwrap().to_owned();
    let shown = |who: &str, request: &str| {
        let mut shown = site.get(who, &format!("{API}/requests/{request}")).ok();
        for own in ["Uuid", "OriginatorUserUuid", "TargetUserUuid", "Submitted", "SecurityDescriptor"] {
            shown.as_object_mut().unwrap().remove(own);
        }
        shown
    };
    assert_eq!(shown("ursula", &by_page), shown("ulf", &by_api));
}

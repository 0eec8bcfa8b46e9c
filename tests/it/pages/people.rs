//! Accounts changed by administrators, alone and by two; what templates say.

use serde_json::Value;

use super::lab::{browser, cookie, form, page, session, site};
use crate::support::browser::Browser;
use crate::support::site::{EXTENSION, Site, approval};

/// Settings by which a second administrator confirms.
const TWO: &str = "\n[roles]\nadmin = [\"group:administrators\"]\nsecond_administrator = true\n";
const HOSTILE: &str = "=<script>document.title='owned'</script>";

fn account(site: &Site, name: &str) -> Value {
    let all = site.get("ada", &format!("{EXTENSION}/accounts")).json();
    all.as_array().unwrap().iter().find(|account| account["Name"] == name).unwrap().clone()
}

fn id(site: &Site, name: &str) -> String {
    account(site, name)["Uuid"].as_str().unwrap().to_owned()
}

/// Opens an account by way of the list.
fn opened(browser: &Browser, site: &Site, name: &str) {
    browser.open(&format!("{}/people", site.origin));
    browser.click(name);
    browser.sees("Tokens by which programs come in");
}

#[test]
fn an_administrator_changes_an_account_by_the_keyboard_alone() {
    let mut site = site();
    site.person(HOSTILE, &["users"]);
    let browser = browser(&site, "ada");
    browser.open(&format!("{}/people", site.origin));
    browser.sees(HOSTILE);
    browser.sees("7 people");
    browser.assert_sound();
    browser.fill("Whom do you look for? (optional)", "=");
    browser.press("Enter");
    browser.sees("1 person");
    browser.click(HOSTILE);
    browser.sees("Linked identities");
    assert!(browser.title().starts_with(HOSTILE), "{}", browser.title());
    browser.assert_sound();
    browser.fill("#groups", "users\nlaboratory <1>");
    browser.press("Tab Tab Tab Tab");
    assert_eq!(browser.focused().name, "Save");
    browser.press("Enter");
    browser.sees("The account is changed.");
    browser.assert_sound();
    let now = account(&site, HOSTILE);
    assert_eq!(now["Groups"], serde_json::json!(["users", "laboratory <1>"]));
    assert_eq!(now["Upn"], format!("{HOSTILE}@example.test"), "what was not typed stays");
    browser.click("Save");
    browser.sees("nothing was changed");
}

#[test]
fn what_disabling_and_revoking_bring_is_said_before_and_works_without_script() {
    let site = site();
    let browser = browser(&site, "ada");
    browser.script(false);
    opened(&browser, &site, "ulf");
    browser.click("Revoke");
    browser.sees("This token will be revoked");
    browser.assert_sound();
    browser.click("Revoke");
    browser.sees("The token is revoked.");
    assert_eq!(site.get("ulf", &format!("{EXTENSION}/whoami")).status, 401);
    browser.click("The person may sign in, and have cards");
    browser.click("Save");
    browser.sees("Before you disable ulf");
    assert_eq!(account(&site, "ulf")["Disabled"], false, "nothing is done yet");
    browser.click("Disable");
    browser.sees("The account is changed.");
    assert_eq!(account(&site, "ulf")["Disabled"], true);
    // Reload repeats nothing.
    browser.reload();
    browser.sees("disabled");
}

#[test]
fn a_second_administrator_confirms_what_gives_a_part() {
    let mut site = Site::with_settings(TWO, approval);
    for name in ["ada", "adam"] {
        site.person(name, &["administrators"]);
    }
    site.person("ulf", &["users"]);
    let first = browser(&site, "ada");
    opened(&first, &site, "ulf");
    first.fill("#groups", "users\nadministrators");
    first.click("Save");
    first.sees("a second administrator has to confirm it");
    first.sees("You have proposed this");
    first.assert_sound();
    assert_eq!(account(&site, "ulf")["Groups"], serde_json::json!(["users"]));
    let path = first.url().split('?').next().unwrap().strip_prefix(&site.origin).unwrap().to_owned();
    let ada = session(&cookie(&site, "ada"));
    assert_eq!(form(&site, &[("cookie", &ada)], &path, "act=confirm").status / 100, 4, "nobody confirms the own one");
    // Two browsers run at once, of all tests: nobody waits for a second one with the first in hand.
    drop(first);
    let second = browser(&site, "adam");
    second.open(&format!("{}/people", site.origin));
    second.click("Change an account");
    second.sees("administrators");
    second.assert_sound();
    second.click("Confirm");
    second.sees("Confirmed and done.");
    assert_eq!(account(&site, "ulf")["Groups"], serde_json::json!(["users", "administrators"]));
    second.assert_sound();
}

#[test]
fn accounts_are_closed_to_others_and_to_their_own_forms() {
    let site = site();
    let ulf = id(&site, "ulf");
    for who in ["ursula", "vera", "otto", "audrey"] {
        let cookie = session(&cookie(&site, who));
        for path in ["/people", &format!("/people/{ulf}/account"), &format!("/proposals/{ulf}")] {
            let answer = page(&site, &[("cookie", &cookie)], path);
            assert_eq!(answer.status, 403, "{who} at {path}");
            assert!(!answer.body.contains("ulf@"), "{who} at {path}");
        }
        for body in ["act=change&groups=administrators", "act=link", "act=change&enabled=&was-enabled=yes&sure=yes"] {
            let answer = form(&site, &[("cookie", &cookie)], &format!("/people/{ulf}/account"), body);
            assert_eq!(answer.status, 403, "{who}: {body}");
        }
        for act in ["confirm", "reject"] {
            let answer = form(&site, &[("cookie", &cookie)], &format!("/proposals/{ulf}"), &format!("act={act}"));
            assert_eq!(answer.status, 403, "{who}: {act}");
        }
    }
    assert_eq!(
        (account(&site, "ulf")["Disabled"].clone(), account(&site, "ulf")["Groups"].clone()),
        (false.into(), serde_json::json!(["users"]))
    );
    // Nobody changes the own account, whatever a form says.
    let ada = session(&cookie(&site, "ada"));
    let own = form(&site, &[("cookie", &ada)], &format!("/people/{}/account", id(&site, "ada")), "act=change&groups=x");
    assert_eq!(own.status, 403);
    assert_eq!(page(&site, &[("cookie", &ada)], "/people/11111111-2222-4333-8444-555555555555/account").status, 404);
}

#[test]
fn a_sign_in_link_is_shown_once_and_kept_by_no_browser() {
    let site = site();
    let ada = session(&cookie(&site, "ada"));
    let path = format!("/people/{}/account", id(&site, "ursula"));
    let made = form(&site, &[("cookie", &ada)], &path, "act=link");
    assert_eq!((made.status, made.header("cache-control")), (200, "no-store"), "{}", made.body);
    let code = made.body.split("class=\"large\">").nth(1).unwrap().split('<').next().unwrap();
    assert!(code.len() > 16);
    let entered = form(&site, &[], "/sign-in/code", &format!("secret-code={code}"));
    assert_eq!(entered.status, 303, "{}", entered.body);
    assert!(!page(&site, &[("cookie", &ada)], &path).body.contains(code));
}

#[test]
fn a_template_is_told_in_sentences() {
    let site = site();
    let browser = browser(&site, "otto");
    browser.open(&format!("{}/templates", site.origin));
    browser.click("main tbody a");
    browser.sees("Needs 1 approval by the group approvers.");
    browser.sees("Certificates");
    browser.assert_sound();
    let path = browser.url().strip_prefix(&site.origin).unwrap().to_owned();
    browser.language("de");
    browser.open(&format!("{}{path}", site.origin));
    browser.sees("Braucht 1 Genehmigung; genehmigen kann: die Gruppe approvers.");
    assert!(!browser.text("main").contains("template-"), "no text is missing");
    browser.assert_sound();
    let ulf = session(&cookie(&site, "ulf"));
    let seen = page(&site, &[("cookie", &ulf)], &path);
    assert!(!seen.body.contains("Cards of each version"));
}

#[test]
fn a_list_is_shown_row_by_row_before_it_is_taken_over() {
    let site = site();
    let browser = browser(&site, "ada");
    browser.script(false);
    browser.open(&format!("{}/people", site.origin));
    browser.click("Take people over from a list");
    browser.fill("List", "upn\nx");
    browser.click("Show what it comes to");
    browser.sees("The first line has no column");
    assert_eq!(browser.focused().id, "faults");
    browser
        .fill("List", &format!("name;email;groups\nnora;nora@example.test;users;x\n{HOSTILE};;users\nursula;nobody;"));
    browser.click("Show what it comes to");
    browser.sees("Each line needs as many columns as the first.");
    // The two lists that could not be read were answered with 422, which a browser says in its log.
    assert!(browser.console().iter().all(|line| line.contains("status of 422")));
    browser.fill("List", &format!("name;email;groups\nnora;nora@example.test;users\n{HOSTILE};;users\nursula;nobody;"));
    browser.click("Show what it comes to");
    browser.sees("Nothing has been done yet.");
    browser.sees("New: 2");
    browser.sees("Refused: 1");
    browser.sees(HOSTILE);
    browser.assert_sound();
    let names = || site.get("ada", &format!("{EXTENSION}/accounts")).text();
    assert!(!names().contains("nora"));
    browser.click("Take them over");
    browser.sees("The people are taken over.");
    assert!(names().contains("nora@example.test"));
    for who in ["ursula", "vera", "otto", "audrey"] {
        let cookie = session(&cookie(&site, who));
        let answer = form(&site, &[("cookie", &cookie)], "/people/import", "list=name%0Aeve");
        assert_eq!(answer.status, 403, "{who}");
        assert_eq!(page(&site, &[("cookie", &cookie)], "/people/import").status, 404, "{who}");
    }
}

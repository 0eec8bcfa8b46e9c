//! Each page in each role: sound to axe and the console, narrow, dark, in forced colours, and in German.

use super::cards::enrolled;
use super::lab::{asks, browser, person, site};
use crate::support::browser::Browser;
use crate::support::site::Site;

/// Where pictures of the pages are written, when somebody asks for them.
const PICTURES: &str = "CARDWRIGHT_PICTURES";

/// The addresses of the pages, and what each is called in a picture's name.
pub fn addresses(request: &str, person: &str, card: &str, template: &str) -> Vec<(&'static str, String)> {
    vec![
        ("home", "/".into()),
        ("help", "/help".into()),
        ("search", "/search?q=u".into()),
        ("requests", "/requests".into()),
        ("request", format!("/requests/{request}")),
        ("person", format!("/people/{person}")),
        ("reports", "/reports".into()),
        ("decisions", "/reports?report=decisions".into()),
        ("report-faulty", "/reports?report=issued&from=soon&to=2026-01-01".into()),
        ("acts", "/acts".into()),
        ("ends", "/ends?days=730".into()),
        ("health", "/health".into()),
        ("people", "/people".into()),
        ("import", "/people/import".into()),
        ("account", format!("/people/{person}/account")),
        ("templates", "/templates".into()),
        ("template", format!("/templates/{template}")),
        ("template-versions", format!("/templates/{template}/versions")),
        ("template-check", format!("/templates/{template}/check")),
        ("card", format!("/cards/{card}")),
        ("card-lost", format!("/cards/{card}/lost")),
        ("leaving", format!("/people/{person}/leave")),
        ("documents", format!("/requests/{request}/documents")),
        ("new", "/new".into()),
        ("new-person", "/new?q=u".into()),
        ("new-what", format!("/new?for={person}")),
        ("help-desk", "/help-desk?q=u".into()),
        ("help-desk-caller", format!("/help-desk/{card}")),
        ("mine", "/mine".into()),
        ("nowhere", "/nowhere".into()),
    ]
}

/// Looks at a page as one person: in every way as who works with it most, and once as others; what is refused is one page.
fn looked_at(browser: &Browser, site: &Site, who: &str, (name, path): (&str, &str)) {
    browser.open(&format!("{}{path}", site.origin));
    let refused = browser.status() >= 400;
    if !refused || name == "nowhere" {
        return judged(browser, who, name, path, refused);
    }
    let said = browser.console();
    assert!(said.iter().all(|line| line.contains("status of 4")), "{who} at {path}: {said:?}");
    assert!(!browser.text("h1").is_empty(), "{who} at {path}");
}

/// Looks at a page that is open, likewise; `noted`: the browser notes a status of 4xx of it.
pub fn judged(browser: &Browser, who: &str, name: &str, path: &str, noted: bool) {
    let what = format!("{who} at {path}");
    let said = browser.console();
    assert!(said.iter().all(|line| noted && line.contains("status of 4")), "{what}: {said:?}");
    assert!(!browser.text("h1").is_empty(), "{what}");
    // WCAG 3.2.6: help is at the same place of every page.
    assert_eq!(browser.attribute("body > footer p:last-of-type > a", "href").as_deref(), Some("/help"), "{what}");
    sound(browser, &what);
    picture(browser, who, name, "light");
    if works_with(name) != who {
        return;
    }
    browser.dark(true);
    sound(browser, &format!("{what}, dark"));
    picture(browser, who, name, "dark");
    browser.dark(false);
    browser.forced_colours(true);
    sound(browser, &format!("{what}, forced colours"));
    browser.forced_colours(false);
    browser.width(320);
    assert!(!browser.scrolls_sideways(), "{what} at 320 px");
    sound(browser, &format!("{what} at 320 px"));
    picture(browser, who, name, "narrow");
    browser.width(1280);
}

#[track_caller]
fn sound(browser: &Browser, what: &str) {
    let judged = browser.axe();
    assert!(judged.violations.is_empty() && judged.advice.is_empty(), "{what}: {judged:?}");
}

/// Takes a picture: of who works with the page most it is called by the page alone.
fn picture(browser: &Browser, who: &str, name: &str, how: &str) {
    let Some(place) = std::env::var_os(PICTURES) else { return };
    let name = if works_with(name) == who { format!("{name}-{how}.png") } else { format!("of-{who}-{name}-{how}.png") };
    browser.picture(std::path::Path::new(&place).join(name));
}

/// Names who works with a page most.
fn works_with(name: &str) -> &'static str {
    match name {
        "requests" | "request" => "vera",
        "reports" | "acts" => "audrey",
        "people" | "person" | "account" | "health" | "leaving" => "ada",
        "mine" | "mine-soon" | "card-lost" | "new-faults" | "new-open" | "new-refused" | "request-missing" => "ursula",
        _ => "otto",
    }
}

/// Opens every page as one person.
fn sound_for(who: &str) {
    let site = site();
    let request = asks(&site, "ursula", "for the laboratory");
    let (person, card) = (person(&site, "ursula"), enrolled(&site));
    let browser = browser(&site, who);
    for (name, path) in addresses(&request, &person, &card, &site.template_uuid) {
        looked_at(&browser, &site, who, (name, &path));
    }
}

#[test]
fn every_page_is_sound_for_an_administrator() {
    sound_for("ada");
}

#[test]
fn every_page_is_sound_for_an_operator() {
    sound_for("otto");
}

#[test]
fn every_page_is_sound_for_an_approver() {
    sound_for("vera");
}

#[test]
fn every_page_is_sound_for_an_auditor() {
    sound_for("audrey");
}

#[test]
fn every_page_is_sound_for_a_holder() {
    sound_for("ursula");
}

#[test]
fn every_page_is_whole_in_german() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let (person, card) = (person(&site, "ursula"), enrolled(&site));
    let browser = browser(&site, "vera");
    browser.language("de");
    for (_, path) in addresses(&request, &person, &card, &site.template_uuid) {
        browser.open(&format!("{}{path}", site.origin));
        assert_eq!(browser.attribute("html", "lang").as_deref(), Some("de"), "{path}");
        browser.sees("Angemeldet als vera");
    }
    browser.open(&format!("{}/requests", site.origin));
    browser.choose("Sprache", "English");
    browser.click("Wechseln");
    browser.sees("Signed in as vera");
    assert!(browser.url().ends_with("/requests"));
}

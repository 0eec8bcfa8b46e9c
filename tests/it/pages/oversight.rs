//! Pages for those who oversee: reports, the log of acts, what ends, and how the server stands.

use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::json;

use super::lab::{asks, browser, cookie, form, page, session, site};
use crate::support::site::{API, EXTENSION, Site};

/// A name that is a formula to a spreadsheet and a script to a browser.
const HOSTILE: &str = "=<script>document.title='owned'</script>";

/// A site where somebody with that name has a card with one certificate, after a decision with such a comment.
fn issued() -> Site {
    let mut site = site();
    site.person(HOSTILE, &["users"]);
    let request = asks(&site, HOSTILE, "");
    let decision = json!({"Comment": format!("@{HOSTILE}")});
    site.send("vera", "POST", &format!("{EXTENSION}/requests/{request}/approve"), &decision).ok();
    let card = json!({"requestid": request, "cardid": uuid::Uuid::new_v4(), "atr": ""});
    site.send(HOSTILE, "POST", &format!("{API}/smartcards"), &card).ok();
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let csr = build(&RequestContent::default(), &key).unwrap().der().to_vec();
    site.certificatedata(HOSTILE, &request, &csr).ok();
    site
}

#[test]
fn an_auditor_reads_reports_by_the_keyboard_alone_and_takes_them_along() {
    let site = issued();
    let browser = browser(&site, "audrey");
    browser.open(&format!("{}/reports", site.origin));
    browser.sees("1 card in all.");
    let order = browser.tab_order(60);
    let at = order.iter().position(|one| one.id == "report").unwrap();
    for _ in 0..=at {
        browser.press("Tab");
    }
    // Chooses the decisions, leaves the days as they are, and sends.
    browser.press("ArrowDown ArrowDown ArrowDown");
    assert_eq!(browser.value("#report"), "decisions");
    // A field for a day is several steps of the keyboard.
    for _ in 0..12 {
        if browser.focused().name != "Show" {
            browser.press("Tab");
        }
    }
    browser.press("Enter");
    browser.sees("approved");
    browser.sees(&format!("@{HOSTILE}"));
    assert!(!browser.title().contains("owned"));
    browser.assert_sound();
    for (kind, seen) in [
        ("issued", "To the request"),
        ("cards", "assigned"),
        ("revoked", "Nothing here."),
        ("recovered", "Nothing here."),
    ] {
        browser.open(&format!("{}/reports?report={kind}", site.origin));
        browser.sees(seen);
        browser.assert_sound();
    }
    let audrey = session(&cookie(&site, "audrey"));
    let file = page(&site, &[("cookie", &audrey)], "/reports/report.csv?report=decisions");
    assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"decisions-"));
    let lines: Vec<_> = file.body.lines().collect();
    assert!(lines[0].starts_with("at,what,for,by,template,type,request,card,serial,why,count"), "{lines:?}");
    assert!(lines[1].contains(&format!("Approved,'{HOSTILE},vera,")), "{lines:?}");
    assert!(lines[1].contains(&format!(",'@{HOSTILE},")), "a formula is marked as text: {lines:?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_period_that_is_none_is_told_at_its_field_and_works_without_script() {
    let site = site();
    let browser = browser(&site, "audrey");
    browser.script(false);
    browser.open(&format!("{}/reports?report=issued&from=2026-02-01&to=2026-01-01", site.origin));
    browser.sees("The last day is before the first.");
    assert_eq!(browser.focused().id, "faults");
    browser.open(&format!("{}/reports?report=issued&from=yesterday", site.origin));
    browser.sees("Write a day as year, month and day");
    let audrey = session(&cookie(&site, "audrey"));
    let file = page(&site, &[("cookie", &audrey)], "/reports/report.csv?report=issued&from=yesterday");
    assert_eq!((file.status, file.header("content-type")), (422, "text/html; charset=utf-8"));
}

#[test]
fn a_report_goes_on_where_its_page_ended() {
    let site = site();
    for at in 0..101 {
        let request = asks(&site, "ursula", "");
        let decision = json!({"Comment": format!("number {at:03}")});
        site.send("vera", "POST", &format!("{EXTENSION}/requests/{request}/deny"), &decision);
    }
    let browser = browser(&site, "audrey");
    browser.open(&format!("{}/reports?report=decisions", site.origin));
    browser.sees("number 099");
    assert_eq!(browser.texts("tbody tr").len(), 100);
    browser.click("Next page");
    browser.sees("number 100");
    assert_eq!(browser.texts("tbody tr").len(), 1);
    browser.assert_sound();
    browser.click("Back to the beginning");
    browser.sees("number 000");
}

#[test]
fn an_auditor_walks_back_through_the_log_and_takes_it_along() {
    let site = issued();
    let browser = browser(&site, "audrey");
    browser.open(&format!("{}/acts", site.origin));
    browser.sees("Certificate issued");
    browser.sees(HOSTILE);
    browser.sees("signed");
    browser.assert_sound();
    browser.fill("Up to act number (optional)", "3");
    browser.press("Enter");
    browser.until("three acts", || {
        (browser.texts("tbody").last()?.lines().count() > 0 && browser.url().contains("upto=3")).then_some(())
    });
    let numbers = browser.texts("table:last-of-type tbody th");
    assert_eq!(numbers, ["3", "2", "1"]);
    browser.assert_sound();
    browser.click("Back to the newest");
    browser.sees("Certificate issued");
    let audrey = session(&cookie(&site, "audrey"));
    let table = page(&site, &[("cookie", &audrey)], "/acts/acts.csv?chain=1&begin=2");
    assert!(table.body.lines().nth(1).unwrap().starts_with("1,2,"), "{}", table.body);
    assert!(table.body.contains(&format!(",'{HOSTILE},")));
    let whole = page(&site, &[("cookie", &audrey)], "/acts/acts.json?chain=1");
    let whole: serde_json::Value = serde_json::from_str(&whole.body).unwrap();
    let acts = site.get("audrey", &format!("{EXTENSION}/audit?chain=1")).json();
    assert_eq!((&whole["acts"][0], &whole["next"]), (&acts[0], &serde_json::Value::Null));
    assert!(whole["acts"].as_array().unwrap().len() >= acts.as_array().unwrap().len());
}

#[test]
fn what_ends_is_counted_by_month_and_listed() {
    let site = issued();
    let browser = browser(&site, "otto");
    browser.open(&format!("{}/ends", site.origin));
    browser.choose("Within", "730 days");
    browser.click("Show");
    browser.sees("1 certificate on a card ends within 730 days.");
    browser.sees(HOSTILE);
    assert!(browser.attribute("svg.bars", "aria-label").unwrap().starts_with("A bar for each month"));
    assert_eq!(browser.run("return document.querySelectorAll('svg.bars rect').length", &[]), 1);
    browser.assert_sound();
    // This site has no way to tell anybody, which is said; who only has cards reminds nobody, whatever a form says.
    browser.sees("not yet, as far as is known");
    browser.click("Remind");
    browser.sees("no-way-to-tell");
    let list = site.get("otto", &format!("{EXTENSION}/cards/ending?days=730")).json();
    let body = format!("card={}", list[0]["Uuid"].as_str().unwrap());
    for who in ["ursula", "ulf"] {
        let cookie = session(&cookie(&site, who));
        assert_eq!(form(&site, &[("cookie", &cookie)], "/ends", &body).status, 404, "{who}");
    }
    browser.open(&format!("{}/ends?days=730", site.origin));
    browser.click(HOSTILE);
    browser.until("the person", || browser.url().contains("/people/").then_some(()));
}

#[test]
fn who_oversees_sees_how_the_server_stands() {
    let site = site();
    for who in ["ada", "audrey", "otto"] {
        let browser = browser(&site, who);
        browser.open(&format!("{}/health", site.origin));
        browser.sees("How the server stands");
        browser.sees("Certificate of the server's own CA");
        browser.sees("used for new cards");
        browser.assert_sound();
    }
}

#[test]
fn pages_of_oversight_are_closed_to_others_as_the_api_is() {
    let site = issued();
    let ways = [
        ("/reports", &["ursula", "vera", "otto"][..]),
        ("/reports?report=decisions", &["ursula", "vera", "otto"]),
        ("/reports/report.csv?report=issued", &["ursula", "vera", "otto"]),
        ("/acts", &["ursula", "vera", "otto"]),
        ("/acts/acts.csv", &["ursula", "vera", "otto"]),
        ("/acts/acts.json", &["ursula", "vera", "otto"]),
        ("/health", &["ursula", "vera"]),
    ];
    for (path, refused) in ways {
        for who in refused {
            let answer = page(&site, &[("cookie", &session(&cookie(&site, who)))], path);
            assert_eq!(answer.status, 403, "{who} at {path}");
            assert!(!answer.body.contains("&lt;script"), "{who} at {path}");
        }
        let ada = session(&cookie(&site, "ada"));
        assert_eq!(page(&site, &[("cookie", &ada)], path).status, 200, "{path}");
        assert_eq!(form(&site, &[("cookie", &ada)], path, "act=delete").status, 405, "{path}");
    }
    // Whoever has only cards sees what ends of the own ones.
    let ursula = session(&cookie(&site, "ursula"));
    let ends = page(&site, &[("cookie", &ursula)], "/ends?days=730");
    assert!(ends.status == 200 && !ends.body.contains("&lt;script"));
    let home = page(&site, &[("cookie", &ursula)], "/");
    for place in ["/reports", "/acts", "/ends", "/health"] {
        assert!(!home.body.contains(&format!("href=\"{place}\"")), "{place}");
    }
}

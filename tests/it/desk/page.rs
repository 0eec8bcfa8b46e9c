//! The desk as a page: a whole run by two readers in a real browser, and whoever has no business there.

use std::cell::RefCell;

use super::pins::opens;
use super::{Bench, OLGA, PIN, Run, plain};
use crate::support::browser::Browser;
use crate::support::by_hand::by_hand;

/// A run with its page.
pub struct Page {
    pub run: Run,
    /// Without a slash at its end.
    origin: String,
    link: String,
    /// Of who was let in by hand.
    cookie: RefCell<String>,
}

impl Page {
    fn of(bench: &Bench, arguments: &[&str]) -> Self {
        Self::opened(bench.run(&[arguments, &["--page"]].concat()))
    }

    /// The page of a run that has one.
    pub fn opened(run: Run) -> Self {
        let told = run.until("page");
        let origin = told["address"].as_str().unwrap().trim_end_matches('/').to_owned();
        Self { run, origin, link: told["start_link"].as_str().unwrap().to_owned(), cookie: RefCell::default() }
    }

    /// Goes in by hand, as the one browser.
    pub fn let_in(&self) {
        let (status, answer) = self.ask("GET", self.path(), &[], "");
        assert_eq!(status, 303, "{answer}");
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        *self.cookie.borrow_mut() = cookie.split(';').next().unwrap().to_owned();
    }

    /// The page, as who was let in by hand sees it.
    pub fn shows(&self) -> String {
        let (status, shown) = self.ask("GET", "/", &[("cookie", &self.cookie.borrow())], "");
        assert_eq!(status, 200, "{shown}");
        shown
    }

    /// Sends a form by hand.
    pub fn act(&self, form: &str) {
        let cookie = self.cookie.borrow();
        let headers = [
            ("cookie", cookie.as_str()),
            ("origin", self.origin.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        assert_eq!(self.ask("POST", "/act", &headers, form).0, 303);
    }

    /// Sends the form of a button at this reader, for the card that is there now.
    pub fn does(&self, act: &str, reader: &str) {
        let shown = self.shows();
        let fields = format!("name=\"reader\" value=\"{reader}\"><input type=\"hidden\" name=\"turn\" value=\"");
        let turn = shown.split(&fields).nth(1).unwrap_or_else(|| panic!("{shown}")).split('"').next().unwrap();
        let reader = url::form_urlencoded::byte_serialize(reader.as_bytes()).collect::<String>();
        self.act(&format!("act={act}&reader={reader}&turn={turn}"));
    }

    /// Types the PIN that is asked for at this reader.
    pub fn types(&self, reader: &str) {
        self.does(&format!("pin&pin={PIN}&again={PIN}"), reader);
    }

    fn path(&self) -> &str {
        self.link.strip_prefix(&self.origin).unwrap()
    }

    /// What is answered to a call by hand: the status, and all of it.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        by_hand(self.origin.strip_prefix("http://").unwrap(), method, path, headers, body)
    }
}

/// What the page is called in pictures' names, as it stands at one time or another.
pub const SCREENS: &[&str] = &["desk-empty", "desk-pin", "desk-readers", "desk-deutsch", "desk-failed", "desk-over"];

/// Looks at the page in every way.
#[track_caller]
fn judged(browser: &Browser, name: &str) {
    assert!(SCREENS.contains(&&*format!("desk-{name}")), "{name} is not among the screens");
    browser.sound_in_every_way(&format!("desk-{name}"), 1280);
}

/// Types a PIN twice where it is asked for of this person, by the keyboard alone.
fn types(browser: &Browser, person: &str, pin: &str, again: &str) {
    let label = format!("New PIN for {person}");
    browser.fill(&label, pin);
    browser.press("Tab");
    assert!(browser.focus_is_visible());
    browser.write(again);
    browser.press("Enter");
}

#[test]
fn two_readers_are_worked_through_at_the_page_by_keyboard_and_without_script() {
    let bench = Bench::new(&["ursula", "petra", "ulf"], plain);
    let list = bench.list(&["ursula", "petra", "ulf"]);
    let page = Page::of(&bench, &["run", &list, "--pin", "now"]);
    let browser = Browser::new();
    browser.open(&page.link);
    browser.sees("0 of 3 done");
    browser.sees("Put a card in");
    judged(&browser, "empty");

    // The page follows by itself; a PIN that is not the same twice goes nowhere.
    let first = bench.insert(0);
    browser.sees("New PIN for ursula");
    judged(&browser, "pin");
    types(&browser, "ursula", PIN, "271829");
    browser.sees("Nothing was set");
    browser.assert_sound();
    // What is typed stays while another reader has news.
    browser.fill("New PIN for ursula", PIN);
    let second = bench.insert(1);
    browser.sees("New PIN for petra");
    assert_eq!(browser.value("New PIN for ursula"), PIN);
    types(&browser, "ursula", PIN, PIN);
    browser.sees("1 of 3 done");
    opens(&first, PIN);

    // Whether the card will log on is told as the doctor tells it, in another language too.
    let reader = bench.reader(0).name();
    let told = bench.site.run(OLGA, PIN, &["doctor", "--logon", "--reader", reader]).document();
    let answer = match told["verdict"].as_str().unwrap() {
        "attention" => "Yes, but something should not stay so.",
        "bad" => "No.",
        _ => "Yes, as far as it shows here.",
    };
    browser.click(&format!("Will this card log on?: {reader}"));
    browser.sees(answer);
    judged(&browser, "readers");
    browser.click("Deutsch");
    browser.sees("Karten an diesem Platz");
    judged(&browser, "deutsch");
    browser.click("English");
    browser.sees("Cards at this desk");

    // A row is set aside while its holder is away, and comes back when it is tried again.
    let row = |text: &str| browser.texts("#readers tr").into_iter().find(|row| row.contains(text));
    browser.until("petra's form", || row("New PIN for petra"));
    browser.run("document.querySelector('[id^=skip-]').click()", &[]);
    browser.sees("Failed");
    judged(&browser, "failed");

    // Without script the same is done.
    browser.script(false);
    browser.open(&format!("{}/", page.origin));
    assert!(browser.source().contains("http-equiv=\"refresh\""));
    let retry = format!("Try again: {}", bench.reader(1).name());
    browser.click(&retry);
    browser.until("petra's PIN is asked for", || {
        browser.open(&format!("{}/", page.origin));
        row("New PIN for petra")
    });
    assert!(!browser.source().contains("http-equiv=\"refresh\""), "what somebody types is swept away");
    assert!(browser.axe().violations.is_empty());
    types(&browser, "petra", PIN, PIN);
    browser.until("petra's card is done", || {
        browser.open(&format!("{}/", page.origin));
        browser.text("#counts").contains("2 of 3").then_some(())
    });
    opens(&second, PIN);
    browser.script(true);
    browser.open(&format!("{}/", page.origin));

    // Paused, no card is begun; the run ends where it is.
    browser.click("#pause");
    browser.sees("Paused: no further card is begun.");
    bench.insert(2);
    browser.sees("Nothing to do");
    browser.click("End the run");
    browser.sees("The run has ended");

    // The server signs what the run has come to, without script too, and once.
    browser.script(false);
    browser.open(&format!("{}/", page.origin));
    browser.click("Have the server sign the results");
    browser.sees("The server has confirmed and signed the results.");
    assert!(!browser.source().contains("Have the server sign the results"));
    assert!(browser.axe().violations.is_empty());
    browser.script(true);
    browser.open(&format!("{}/", page.origin));
    judged(&browser, "over");
    let read = |path: &str| {
        let read = browser.run(&format!("return fetch('{path}').then(answer => answer.text())"), &[]);
        read.as_str().unwrap().to_owned()
    };
    let signed: serde_json::Value = serde_json::from_str(&read("/signed.json")).unwrap();
    assert_eq!((&signed["By"], signed["Rows"].as_array().unwrap().len()), (&OLGA.into(), 3));
    let digest = browser.text("#signed").split("SHA-256 ").nth(1).unwrap().trim().to_owned();
    assert!(digest.len() == 64 && read("/results.html").contains(&digest), "{digest}");
    let results = read("/results.csv");
    assert!(results.contains("ursula") && results.contains("no card yet"), "{results}");
    assert!(!browser.source().contains(PIN) && !bench.site.log().contains(PIN));
    browser.click("Close the desk");
    let (code, last) = page.run.ended();
    assert_eq!((code, &last.last().unwrap()["done"]), (Some(6), &2.into()), "{last:?}");
}

#[test]
fn whoever_has_no_business_at_the_desk_gets_nothing() {
    let bench = Bench::new(&["ursula"], plain);
    let list = bench.list(&["ursula"]);
    let page = Page::of(&bench, &["run", &list, "--pin", "now"]);
    let card = bench.insert(0);
    page.run.until("asks-pin");
    card.forget_headers();
    let other = page.ask("GET", "/start/00", &[], "");
    assert!(other.0 == 403 && !other.1.contains("set-cookie"), "{}", other.1);
    page.let_in();
    let cookie = page.cookie.borrow().clone();
    let cookie = ("cookie", cookie.as_str());

    // Whoever was let in sees the desk; the link lets nobody else in.
    let shown = page.shows();
    assert!(shown.contains("New PIN for ursula"), "{shown}");
    let (status, answer) = page.ask("GET", page.path(), &[], "");
    assert!(status == 403 && !answer.contains("set-cookie") && !answer.contains("ursula"), "{answer}");
    let turn = shown.split("name=\"turn\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let reader = url::form_urlencoded::byte_serialize(bench.reader(0).name().as_bytes()).collect::<String>();
    let form = |turn: &str| format!("act=pin&reader={reader}&turn={turn}&pin={PIN}&again={PIN}");

    let typed = ("content-type", "application/x-www-form-urlencoded");
    let (origin, same) = (("origin", page.origin.as_str()), ("sec-fetch-site", "same-origin"));
    let rebound = format!("rebound.example:{}", page.origin.rsplit(':').next().unwrap());
    let rebound = ("host", rebound.as_str());
    let (elsewhere, cross) = (("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "cross-site"));
    for (what, method, path, headers) in [
        ("no cookie", "GET", "/", vec![]),
        ("no cookie", "GET", "/events", vec![]),
        ("no cookie", "GET", "/results.csv", vec![]),
        ("no cookie", "GET", "/signed.json", vec![]),
        ("no cookie", "POST", "/act", vec![typed, origin, same]),
        ("a wrong cookie", "GET", "/", vec![("cookie", "__Host-cardwright-desk=00")]),
        ("a rebound name", "GET", "/", vec![cookie, rebound]),
        ("a rebound name", "POST", "/act", vec![cookie, typed, same, rebound]),
        ("no origin", "POST", "/act", vec![cookie, typed, same]),
        ("another origin", "POST", "/act", vec![cookie, typed, elsewhere, ("sec-fetch-site", "same-site")]),
        ("an origin that hides", "POST", "/act", vec![cookie, typed, ("origin", "null"), cross]),
        ("a page of the same site", "GET", "/", vec![cookie, ("sec-fetch-site", "same-site")]),
    ] {
        let body = if method == "POST" { form(turn) } else { String::new() };
        let (status, answer) = page.ask(method, path, &headers, &body);
        assert_eq!(status, 403, "{what}: {answer}");
        assert!(!answer.contains("ursula") && !answer.contains("set-cookie"), "{what}: {answer}");
        let lower = answer.to_lowercase();
        assert!(
            lower.contains("frame-ancestors 'none'") && lower.contains("cache-control: no-store"),
            "{what}: {answer}"
        );
    }
    // What is no form, and what was meant for the card before, does nothing either.
    let own = [cookie, origin, same];
    let json = [&own[..], &[("content-type", "application/json")]].concat();
    assert_eq!(page.ask("POST", "/act", &json, "{}").0, 400);
    assert_eq!(page.ask("DELETE", "/", &own, "").0, 405);
    let own = [&own[..], &[typed]].concat();
    assert_eq!(page.ask("POST", "/act", &own, &form("4711")).0, 303);
    assert_eq!(page.ask("POST", "/act", &own, "act=close").0, 303);
    assert_eq!(page.ask("POST", "/act", &own, "act=sign").0, 303);
    assert_eq!(page.ask("GET", "/signed.p7s", &[cookie], "").0, 303, "nothing is signed while the run goes on");
    page.does("judge", bench.reader(0).name());
    assert!(page.ask("GET", "/", &[cookie], "").1.contains("New PIN for ursula"));
    assert!(card.headers().is_empty(), "something went to the card");
    // The form of the page itself does it.
    assert_eq!(page.ask("POST", "/act", &own, &form(turn)).0, 303);
    page.run.until("done");
    opens(&card, PIN);
    page.run.until("over");
    assert_eq!(page.ask("POST", "/act", &own, "act=close").0, 303);
    assert_eq!(page.run.ended().0, Some(0));
}

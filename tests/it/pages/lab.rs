//! A site with people of every duty, and a browser in which one of them is signed in.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::postgres::Database;
use crate::support::site::{API, EXTENSION, Site, heed_callers, last_segment};
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};

/// The settings of a site with an administrator and an auditor.
const ROLES: &str = "\n[roles]\nadmin = [\"group:administrators\"]\nauditor = [\"group:auditors\"]\noperator = [\"group:operators\"]\n\
                     second_administrator = false\n";

/// A site whose enrollments wait for one approval, with `ada` (administrator), `otto` (operator), `vera` (approver),
/// `audrey` (auditor), and `ursula` and `ulf`, who have cards only.
pub fn site() -> Site {
    site_of(crate::support::site::approval)
}

/// Likewise, with a template that is edited otherwise.
pub fn site_of(edit: impl FnOnce(String) -> String) -> Site {
    peopled(Site::with_settings(ROLES, edit))
}

/// Likewise, with its records in a PostgreSQL database.
pub fn site_on(database: &Database) -> Site {
    let settings = format!("\n[database]\nurl = {:?}\n{ROLES}", database.url());
    peopled(Site::with_settings(&settings, crate::support::site::approval))
}

fn peopled(mut site: Site) -> Site {
    for (name, groups) in [
        ("ada", &["administrators"][..]),
        ("otto", &["operators"]),
        ("vera", &["approvers"]),
        ("audrey", &["auditors"]),
        ("ursula", &["users"]),
        ("ulf", &["users"]),
    ] {
        site.person(name, groups);
    }
    site
}

/// Signs somebody in at the pages, as a browser would that shows a ticket; gives the cookie.
pub fn cookie(site: &Site, who: &str) -> String {
    let answer = form(site, &[("authorization", &format!("Bearer {}", site.bearer(who)))], "/sign-in/ticket", "");
    assert_eq!(answer.status, 303, "{}", answer.body);
    let cookie = answer.header("set-cookie");
    cookie.split(';').next().unwrap().strip_prefix("__Host-cardwright=").unwrap().to_owned()
}

/// A browser in which somebody is signed in, at the home page.
pub fn browser(site: &Site, who: &str) -> Browser {
    let browser = Browser::new();
    browser.open(&format!("{}/sign-in", site.origin));
    sign_in(&browser, site, who);
    browser.open(&format!("{}/", site.origin));
    browser
}

/// Has a browser that is at a page of the site be signed in as somebody.
pub fn sign_in(browser: &Browser, site: &Site, who: &str) {
    browser.set_cookie(&json!({
        "name": "__Host-cardwright", "value": cookie(site, who), "path": "/", "secure": true, "httpOnly": true,
        "sameSite": "Strict",
    }));
}

/// An answer of the pages.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Sends a form by hand, with more headers; it says that it comes from a page of the site unless they say otherwise.
pub fn form(site: &Site, headers: &[(&str, &str)], path: &str, body: &str) -> Answer {
    let mut all = vec![("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    all.retain(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    all.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
    exchange(site, "POST", &all, path, body)
}

/// Fetches a page by hand, with more headers.
pub fn page(site: &Site, headers: &[(&str, &str)], path: &str) -> Answer {
    exchange(site, "GET", headers, path, "")
}

/// The header that shows a session.
pub fn session(cookie: &str) -> String {
    format!("__Host-cardwright={cookie}")
}

fn exchange(site: &Site, verb: &str, headers: &[(&str, &str)], path: &str, body: &str) -> Answer {
    let mut request = ureq::http::Request::builder().method(verb).uri(format!("{}{path}", site.origin));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answered = site.unfollowed().run(request.body(body.to_owned()).unwrap());
    let mut response =
        answered.unwrap_or_else(|error| panic!("{path}: {error}: {}", site.log().lines().last().unwrap()));
    let told = response.headers().iter();
    let headers = told.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned())).collect();
    let status = response.status().as_u16();
    Answer { status, headers, body: response.body_mut().read_to_string().unwrap() }
}

/// Has somebody ask for a card of his own; gives the request's id.
pub fn asks(site: &Site, who: &str, comment: &str) -> String {
    let order = json!({
        "profiletemplateuuid": site.template_uuid, "datacollection": "[]", "type": "Enroll", "comment": comment,
    });
    last_segment(&site.send(who, "POST", &format!("{API}/requests"), &order).json())
}

/// The id of a person, as the person is told it.
pub fn person(site: &Site, who: &str) -> String {
    site.get(who, &format!("{EXTENSION}/whoami")).ok()["Uuid"].as_str().unwrap().to_owned()
}

/// Has somebody get a card that does not exist, by hand, where nobody need approve; gives its id at the server.
pub fn card(site: &Site, who: &str) -> String {
    let request = site.executing_request(who);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    site.certificatedata(who, &request, build(&RequestContent::default(), &key).unwrap().der()).ok();
    let done = site.send(who, "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"})).ok();
    done["NewSmartcardUuid"].as_str().unwrap().to_owned()
}

/// The status of a request, as the API tells it.
pub fn status(site: &Site, who: &str, request: &str) -> Value {
    site.get(who, &format!("{API}/requests/{request}")).json()["Status"].clone()
}

fn database(site: &Site) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(site.program.path("server/cardwright.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
    database
}

/// Changes what the server keeps of sessions, and waits until it has read that again.
fn alter(site: &Site, statement: &str) {
    let run = |statement: &str| assert!(database(site).execute(statement, []).unwrap() > 0, "{statement}");
    run(statement);
    heed_callers(run);
}

/// Has all sessions have begun so many seconds earlier, as if that time had passed.
pub fn age_sessions(site: &Site, seconds: u64) {
    alter(site, &format!("UPDATE sessions SET proven = proven - {seconds}000000"));
}

/// Has all sessions have been used so many seconds earlier.
pub fn idle_sessions(site: &Site, seconds: u64) {
    alter(site, &format!("UPDATE sessions SET last_used = last_used - {seconds}000000"));
}

/// When the only session was used last, as the database has it.
pub fn last_used(site: &Site) -> i64 {
    database(site).query_row("SELECT last_used FROM sessions", [], |row| row.get(0)).unwrap()
}

/// Has the server be started anew with its template edited.
pub fn changed(site: &mut Site, edit: impl FnOnce(String) -> String) {
    site.stop_server();
    let templates = site.program.path("server/templates");
    let file = std::fs::read_dir(&templates).unwrap().flatten().next().unwrap().path();
    std::fs::write(&file, edit(std::fs::read_to_string(&file).unwrap())).unwrap();
    site.start();
}

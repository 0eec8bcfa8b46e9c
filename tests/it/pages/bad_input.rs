//! What goes wrong while somebody works: each a page that says what happened, what was kept and what to do, with what was typed.

use cardwright::cm::request::RequestStatus;

use super::asking::asking;
use super::lab::{
    Answer, age_sessions, asks, browser, changed, cookie, form, idle_sessions, page, person, session, site, site_of,
    site_on, status,
};
use crate::server::directory;
use crate::support::postgres::Database;
use crate::support::site::{ENROLL, Site, set};
use crate::support::slapd::Slapd;

/// The word for the language that a browser asks for.
const GERMAN: (&str, &str) = ("accept-language", "de");

/// The value of a hidden field of a page.
#[track_caller]
fn hidden(answer: &Answer, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let at = answer.body.find(&field).unwrap_or_else(|| panic!("no {name}: {}", answer.body)) + field.len();
    answer.body[at..].split('"').next().unwrap().to_owned()
}

#[test]
fn a_session_that_is_over_says_why_and_keeps_what_was_typed() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let vera = session(&cookie(&site, "vera"));
    let path = format!("/requests/{request}");
    idle_sessions(&site, 24 * 3600);
    let sent = page(&site, &[("cookie", &vera)], &path);
    assert_eq!((sent.status, sent.header("location").contains("over=idle")), (303, true), "{:?}", sent.headers);
    let there = sent.header("location").to_owned();
    assert!(page(&site, &[], &there).body.contains("because nobody had used it for a while"));
    assert!(page(&site, &[GERMAN], &there).body.contains("weil sie eine Weile niemand benutzt hat"));
    let kept = form(&site, &[("cookie", &vera), GERMAN], &path, "act=deny&comment=no+laboratory");
    assert_eq!(kept.status, 403);
    assert!(kept.body.contains("weil sie eine Weile niemand benutzt hat"), "{}", kept.body);
    assert_eq!((hidden(&kept, "act"), hidden(&kept, "comment")), ("deny".into(), "no laboratory".into()));
    assert_eq!(status(&site, "ursula", &request), RequestStatus::Pending.number());
    // One that the server knows nothing of is told as that, and no word of an address is told as it stands.
    let unknown = page(&site, &[("cookie", &session(&"A".repeat(43)))], &path);
    assert!(unknown.header("location").contains("over=gone"), "{:?}", unknown.headers);
    assert!(!page(&site, &[], "/sign-in?over=oops").body.contains("oops"));
}

#[test]
fn what_another_has_decided_meanwhile_is_told_and_the_page_can_be_shown_anew() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let vera = session(&cookie(&site, "vera"));
    let path = format!("/requests/{request}");
    assert_eq!(form(&site, &[("cookie", &vera)], &path, "act=deny&comment=no").status, 303);
    let late = form(&site, &[("cookie", &vera), GERMAN], &path, "act=approve&comment=seen+and+good");
    assert_eq!(late.status, 409);
    assert!(late.body.contains("Das geht nicht") && late.body.contains("Die Seite zeigen, wie sie jetzt ist"));
    assert!(late.body.contains(&format!("href=\"{path}\"")), "{}", late.body);
    assert_eq!(hidden(&late, "comment"), "seen and good");
    assert_eq!(status(&site, "vera", &request), RequestStatus::Denied.number());
}

#[test]
fn a_template_that_has_changed_since_a_form_was_opened_is_told_before_anything_is_sent() {
    let mut site = site_of(asking);
    let ursula = session(&cookie(&site, "ursula"));
    let start = format!("for={}&what=Enroll-{}", person(&site, "ursula"), site.template_uuid);
    let opened = page(&site, &[("cookie", &ursula)], &format!("/new?{start}"));
    let stood = hidden(&opened, "stood");
    let typed = format!(
        "{start}&stood={stood}&item-Phone=%2B49123456&item-Department=HR&item-Desk_20_3cno_3e=17&priority=7&comment=typed+long"
    );
    let checked = form(&site, &[("cookie", &ursula)], "/new", &format!("{typed}&act=check"));
    assert_eq!((checked.status, hidden(&checked, "stood")), (200, stood), "{}", checked.body);
    // Nothing changes by a start alone; then the template asks for a phone no more.
    changed(&mut site, |template| template.replace("name = \"Phone\"", "name = \"Mobile\""));
    for act in ["check", "send"] {
        let told = form(&site, &[("cookie", &ursula), GERMAN], "/new", &format!("{typed}&act={act}"));
        assert_eq!(told.status, 422, "{act}");
        assert!(told.body.contains("wurde geändert, seit Sie dieses Formular geöffnet haben"), "{act}: {}", told.body);
        assert!(told.body.contains("template-changed") && told.body.contains("+49123456"), "what is left out is told");
        assert!(told.body.contains("typed long") && told.body.contains("Mobile"), "{}", told.body);
    }
    // What is not offered any more at all.
    changed(&mut site, |template| set(template, ENROLL, "enabled", "false"));
    let gone = form(&site, &[("cookie", &ursula)], "/new", &format!("{typed}&act=send"));
    assert_eq!(gone.status, 422, "{}", gone.body);
    assert!(gone.body.contains("is offered no more") && gone.body.contains("+49123456"), "{}", gone.body);
}

#[test]
fn a_template_that_has_changed_since_a_request_was_looked_at_is_told_before_it_is_approved() {
    let mut site = site();
    let request = asks(&site, "ursula", "");
    let vera = session(&cookie(&site, "vera"));
    let path = format!("/requests/{request}");
    let field = format!("stood-{request}");
    let stood = hidden(&page(&site, &[("cookie", &vera)], &path), &field);
    let decided = format!("act=approve&comment=seen+and+good&{field}={stood}");
    changed(&mut site, |template| set(template, ENROLL, "approvals_needed", "2"));
    let told = form(&site, &[("cookie", &vera)], &path, &decided);
    assert_eq!(told.status, 422, "{}", told.body);
    assert!(told.body.contains("has changed since you opened the page") && told.body.contains("template-changed"));
    assert!(told.body.contains("seen and good") && told.body.contains("0 of 2"), "{}", told.body);
    let many = form(&site, &[("cookie", &vera)], "/requests", &format!("request={request}&{field}={stood}"));
    assert!(many.body.contains("has changed since you opened the page"), "{}", many.body);
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number());
    let anew = hidden(&told, &field);
    assert_eq!(form(&site, &[("cookie", &vera)], &path, &format!("act=approve&{field}={anew}")).status, 303);
}

#[test]
fn a_directory_that_is_away_stops_no_page_that_needs_no_fresh_answer() {
    let mut slapd = Slapd::new();
    slapd.person("alice", "");
    let mut site = directory::site(&directory::table(&slapd.url(), "plain = true\non_use = true"));
    site.person("olga", &["operators"]);
    site.start();
    let olga = session(&cookie(&site, "olga"));
    let found = page(&site, &[("cookie", &olga)], "/new?q=ali");
    let id = hidden(&found, "id");
    slapd.stop();
    for path in ["/", "/requests", "/search?q=olga", "/help-desk", "/mine", "/templates", "/ends"] {
        assert_eq!(page(&site, &[("cookie", &olga)], path).status, 200, "{path}");
    }
    // Who is here already is found, beside what is said of the directory.
    let sought = page(&site, &[("cookie", &olga), GERMAN], "/new?q=olga");
    assert_eq!(sought.status, 200);
    for told in [">olga<", "Das Verzeichnis der Personen ist nicht erreichbar", "directory-away"] {
        assert!(sought.body.contains(told), "{told}: {}", sought.body);
    }
    let taken = form(&site, &[("cookie", &olga)], "/new", &format!("act=take-over&id={id}"));
    assert_eq!(taken.status, 503, "{}", taken.body);
    assert!(taken.body.contains("directory-away") && taken.body.contains("please try again"), "{}", taken.body);
    assert_eq!((hidden(&taken, "act"), hidden(&taken, "id")), ("take-over".into(), id.clone()));
    slapd.start();
    assert_eq!(form(&site, &[("cookie", &olga)], "/new", &format!("act=take-over&id={id}")).status, 303);
}

#[test]
fn a_database_that_takes_no_changes_is_told_and_what_can_be_seen_is_shown() {
    let database = Database::new();
    let site = site_on(&database);
    let request = asks(&site, "ursula", "");
    let vera = session(&cookie(&site, "vera"));
    let path = format!("/requests/{request}");
    let name = database.sql("SELECT current_database()");
    let read_only = |is: &str| {
        let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {is}");
        database.sql(&format!("BEGIN READ WRITE; {set}; COMMIT"));
        database.cut();
    };
    read_only("on");
    // The connections that were cut are found out one by one.
    for _ in 0..50 {
        if page(&site, &[("cookie", &vera)], &path).status == 200 {
            break;
        }
    }
    for shown in [&*path, "/requests", "/", "/mine"] {
        let answer = page(&site, &[("cookie", &vera)], shown);
        assert_eq!(answer.status, 200, "{shown}: {}", answer.body);
    }
    let refused = form(&site, &[("cookie", &vera)], &path, "act=approve&comment=seen+and+good");
    assert_eq!(refused.status, 503, "{}", refused.body);
    for told in ["the database takes no changes", "Nothing was done", "database-read-only", "please try again"] {
        assert!(refused.body.contains(told), "{told}: {}", refused.body);
    }
    assert_eq!(hidden(&refused, "comment"), "seen and good");
    let german = form(&site, &[("cookie", &vera), GERMAN], &path, "act=approve");
    assert!(german.body.contains("Die Datenbank nimmt gerade keine Änderungen an"), "{}", german.body);
    // Nobody comes in, as that would have to be noted, and is told why.
    let bearer = format!("Bearer {}", site.bearer("ada"));
    let entered = form(&site, &[("authorization", &bearer)], "/sign-in/ticket", "");
    assert!(entered.status == 503 && entered.body.contains("database-read-only"), "{}", entered.body);
    read_only("off");
    for _ in 0..50 {
        if page(&site, &[("cookie", &vera)], &path).status == 200 {
            break;
        }
    }
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number());
    assert_eq!(form(&site, &[("cookie", &vera)], &path, "act=approve&comment=seen").status, 303);
}

/// Has the server's clock be set by a file from its next start on; the steady one goes on.
fn with_clock(site: &mut Site) -> impl Fn(&str) + use<> {
    let library =
        std::fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"));
    let library = library.into_iter().find(|path| path.is_file()).expect("the package faketime");
    let file = site.program.path("clock");
    site.environment = [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    move |offset| std::fs::write(&file, format!("{offset}\n")).unwrap()
}

#[test]
fn a_clock_that_was_set_makes_no_proof_last_longer_and_ends_no_session_without_a_word() {
    let mut site = site();
    let set_clock = with_clock(&mut site);
    set_clock("+0");
    site.stop_server();
    site.start();
    let request = asks(&site, "ursula", "");
    let vera = session(&cookie(&site, "vera"));
    let path = format!("/requests/{request}");
    assert_eq!(page(&site, &[("cookie", &vera)], &path).status, 200);
    // Four minutes later the clock is set back by three: the proof looks like one of a minute.
    age_sessions(&site, 240);
    set_clock("-180");
    assert_eq!(page(&site, &[("cookie", &vera)], &path).status, 200, "the session goes on");
    let asked = form(&site, &[("cookie", &vera)], &path, "act=approve&comment=seen");
    assert!(asked.status == 403 && asked.body.contains("Please show again who you are"), "{}", asked.body);
    assert_eq!(hidden(&asked, "comment"), "seen");
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number());
    // Who proves it by the clock as it is now is believed, though it was later once.
    let anew = session(&cookie(&site, "vera"));
    assert_eq!(form(&site, &[("cookie", &anew)], &path, "act=approve&comment=seen").status, 303);
    // Set ahead, it ends sessions, and says so.
    set_clock("+7200");
    let over = page(&site, &[("cookie", &anew)], &path);
    assert!(over.status == 303 && over.header("location").contains("over=clock"), "{:?}", over.headers);
    let told = page(&site, &[GERMAN], over.header("location"));
    assert!(told.body.contains("weil die Uhr des Servers vorgestellt wurde"), "{}", told.body);
    let kept = form(&site, &[("cookie", &anew)], &path, "act=cancel&comment=kept");
    assert!(kept.status == 403 && kept.body.contains("clock was set ahead"), "{}", kept.body);
    assert_eq!(hidden(&kept, "comment"), "kept");
    // A clock that was set back while no server ran is noticed at the start.
    let later = session(&cookie(&site, "vera"));
    age_sessions(&site, 240);
    site.stop_server();
    set_clock("+7020");
    site.start();
    let asked = form(&site, &[("cookie", &later)], &path, "act=approve");
    assert!(asked.status == 403 && asked.body.contains("Please show again who you are"), "{}", asked.body);
}

#[test]
fn very_long_names_break_no_page() {
    let mut site = site();
    let name = format!("{}-{}", "Wolfeschlegelsteinhausenbergerdorff".repeat(3), "x".repeat(20));
    site.person(&name, &["users", &"g".repeat(128)]);
    let request = asks(&site, &name, &"Donaudampfschifffahrtsgesellschaft".repeat(40));
    let long = person(&site, &name);
    let browser = browser(&site, "ada");
    for path in [
        "/requests?state=all".into(),
        format!("/requests/{request}"),
        format!("/people/{long}"),
        "/people".into(),
        "/search?q=wolfe".into(),
        format!("/people/{long}/account"),
    ] {
        browser.open(&format!("{}{path}", site.origin));
        assert!(browser.texts("main").concat().contains(&name[..100]), "{path}");
        for width in [320, 1280] {
            browser.width(width);
            assert!(!browser.scrolls_sideways(), "{path} at {width} px");
        }
    }
}

//! Each thing that a test can ask of the browser, against a page with the fault in question and one without.

use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::browser::{Browser, driver};
use crate::support::directory;
use crate::support::site::Site;
use pages::{Pages, page};

#[path = "pages.rs"]
mod pages;

const FORM: &str = "<form action=\"/sent\"><p><label for=\"name\">Name</label> <input id=\"name\" name=\"name\"></p>\
                    <p><label for=\"kind\">Kind</label> <select id=\"kind\" name=\"kind\"><option>PIV</option><option>GIDS</option></select></p>\
                    <p><label><input type=\"checkbox\" id=\"agree\" name=\"agree\"> Agree</label></p><p><label for=\"file\">Document</label> <input type=\"file\" id=\"file\"></p><p><button id=\"send\">Send</button></p></form>";

fn fails(act: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(act)).is_err()
}

fn one(body: &str) -> (Browser, Pages) {
    (Browser::new(), Pages::serve([("/", page(body)), ("/sent", page("<p>Sent.</p>"))]))
}

#[test]
fn axe_finds_each_planted_fault_and_none_on_a_good_page() {
    let pages = Pages::serve([
        ("/good", page(FORM)),
        ("/label", page("<p>Name <input></p>")),
        ("/contrast", page("<p class=\"faint\">Hardly to be read</p>")),
        ("/language", page("").replace(" lang=\"en\"", "")),
        ("/targets", page("<p><button class=\"small\">a</button><button class=\"small\">b</button></p>")),
        ("/headings", page("<h4>Too deep</h4>")),
    ]);
    let browser = Browser::new();
    let judged = |path: &str| {
        browser.open(&pages.url(path));
        browser.axe()
    };
    let good = judged("/good");
    assert!(good.violations.is_empty() && good.advice.is_empty(), "{good:?}");
    browser.assert_sound();
    let faults = [
        ("/label", "label"),
        ("/contrast", "color-contrast"),
        ("/language", "html-has-lang"),
        ("/targets", "target-size"),
    ];
    for (path, rule) in faults {
        let found = judged(path);
        assert_eq!(found.rules(), [rule], "{found:?}");
        assert!(!found.violations[0].elements.is_empty() && !found.violations[0].help.is_empty(), "{found:?}");
    }
    // What is only advised stands apart.
    let advised = judged("/headings");
    assert!(advised.violations.is_empty() && advised.advice[0].rule == "heading-order", "{advised:?}");
    browser.script(false);
    assert_eq!(judged("/label").rules(), ["label"]);
    assert_eq!(browser.text("h1"), "Cards");
    assert!(fails(|| browser.assert_sound()));
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn an_inline_script_is_refused_and_stands_in_the_console() {
    let pages = Pages::serve([
        ("/good", page("<p id=\"ran\"></p>")),
        ("/inline", page("<script>document.title = 'inline'</script>")),
        ("/missing", page("<img src=\"/none.png\" alt=\"none\">")),
    ]);
    let browser = Browser::new();
    browser.open(&pages.url("/good"));
    assert_eq!((browser.text("#ran"), browser.console()), ("script ran".to_owned(), vec![]));
    browser.open(&pages.url("/inline"));
    assert_eq!(browser.title(), "Cards");
    let said = browser.console();
    assert!(said.len() == 1 && said[0].contains("Content Security Policy"), "{said:?}");
    assert_eq!(browser.console(), Vec::<String>::new(), "each entry is told once");
    assert!(browser.source().contains("<script>document.title = 'inline'</script>"));
    browser.open(&pages.url("/missing"));
    assert!(fails(|| browser.assert_sound()));
    browser.reload();
    let said = browser.console();
    assert!(said.len() == 1 && said[0].contains("404"), "{said:?}");
    // The tests' own scripts run under any policy.
    assert_eq!(browser.run("return document.title + arguments[0]", &[json!("!")]), "Cards!");
}

#[test]
fn the_keyboard_goes_through_a_page_in_its_order_and_works_what_has_the_focus() {
    let (browser, pages) = one(&format!("<p><a href=\"/sent\">Go</a></p>{FORM}"));
    browser.open(&pages.url("/"));
    let order = browser.tab_order(20);
    let told: Vec<_> = order.iter().map(|one| (&*one.tag, &*one.role, &*one.name)).collect();
    let want = [
        ("a", "link", "Go"),
        ("input", "textbox", "Name"),
        ("select", "combobox", "Kind"),
        ("input", "checkbox", "Agree"),
        ("input", "button", "Document"),
        ("button", "button", "Send"),
    ];
    assert_eq!(told, want);
    browser.press("Tab Tab");
    browser.write("Ada Lovelace");
    browser.press("Tab ArrowDown Tab Space");
    assert_eq!(["Name", "Kind", "#agree"].map(|field| browser.value(field)), ["Ada Lovelace", "GIDS", "true"]);
    browser.press("Shift+Tab Shift+Tab Control+a x");
    assert_eq!((browser.focused().id, browser.value("Name")), ("name".to_owned(), "x".to_owned()));
    browser.press("Enter");
    browser.sees("Sent.");
    assert_eq!(browser.url(), pages.url("/sent?name=x&kind=GIDS&agree=on"));
    assert_eq!(browser.focused().tag, "body");
}

#[test]
fn a_focus_that_nobody_sees_is_noticed() {
    let pages = Pages::serve([
        ("/good", page("<p><a href=\"/\">Go</a></p>")),
        ("/bare", page("<p><a class=\"bare\" href=\"/\">Go</a></p>")),
        ("/covered", page("<p><a href=\"/\">Go</a></p><div class=\"lid\"></div>")),
        ("/order", page("<p><a id=\"a\" href=\"/\">a</a> <a id=\"b\" href=\"/\" tabindex=\"1\">b</a></p>")),
    ]);
    let browser = Browser::new();
    for (path, seen) in [("/good", true), ("/bare", false), ("/covered", false)] {
        browser.open(&pages.url(path));
        assert!(!browser.focus_is_visible(), "nothing has the focus yet");
        browser.press("Tab");
        assert_eq!((browser.focused().name.as_str(), browser.focus_is_visible()), ("Go", seen), "{path}");
    }
    browser.open(&pages.url("/order"));
    let order: Vec<_> = browser.tab_order(20).into_iter().map(|focused| focused.id).collect();
    assert_eq!(order, ["b", "a"]);
}

#[test]
fn a_page_too_wide_for_320_pixels_is_noticed() {
    let (browser, pages) = one("<p class=\"wide\">Wide</p>");
    browser.open(&pages.url("/"));
    assert!(!browser.scrolls_sideways());
    browser.width(320);
    assert!(browser.scrolls_sideways());
    browser.open(&pages.url("/sent"));
    assert!(!browser.scrolls_sideways());
    browser.zoom(100);
    assert_eq!(browser.run("return [innerWidth, devicePixelRatio]", &[]), json!([1280, 1]));
    browser.zoom(400);
    assert_eq!(browser.run("return [innerWidth, devicePixelRatio]", &[]), json!([320, 4]));
}

#[test]
fn dark_forced_colours_and_print_change_the_style_and_change_it_back() {
    let (browser, pages) = one("<p class=\"faint\">Faint</p><p class=\"aside\">Aside</p>");
    browser.open(&pages.url("/"));
    let styles = || {
        [("body", "background-color"), (".faint", "color"), (".aside", "display")]
            .map(|(what, property)| browser.style(what, property))
    };
    let plain = styles();
    assert_eq!(plain, ["rgb(255, 255, 255)", "rgb(204, 204, 204)", "block"]);
    browser.dark(true);
    assert_eq!(styles(), ["rgb(0, 0, 0)", "rgb(204, 204, 204)", "block"]);
    browser.dark(false);
    browser.forced_colours(true);
    assert_eq!(styles()[1], "rgb(0, 0, 0)", "the page's own colour does not count");
    browser.forced_colours(false);
    browser.print(true);
    assert_eq!(styles()[2], "none");
    browser.print(false);
    assert_eq!(styles(), plain);
}

#[test]
fn without_script_a_page_shows_what_it_shows_without_script() {
    let (browser, pages) = one("<p id=\"ran\">nothing ran</p><noscript><p>No script.</p></noscript>");
    browser.script(false);
    browser.open(&pages.url("/"));
    assert_eq!(browser.text("#ran"), "nothing ran");
    browser.sees("No script.");
    browser.script(true);
    browser.reload();
    assert_eq!(browser.text("#ran"), "script ran");
}

#[test]
fn a_page_is_asked_for_in_the_language_of_the_person() {
    let (browser, pages) = one("");
    let asked = |path: &str| {
        browser.open(&pages.url(path));
        let head = pages.head(path).to_lowercase();
        head.lines().find_map(|line| Some(line.strip_prefix("accept-language: ")?.to_owned())).unwrap()
    };
    assert!(asked("/").starts_with("en-us"));
    browser.language("de");
    assert_eq!(asked("/sent"), "de");
    assert_eq!(browser.run("return navigator.language", &[]), "de");
}

#[test]
fn forms_are_filled_in_by_what_their_fields_are_called() {
    let (browser, pages) = one(&format!("{FORM}<p><button>Open</button><button>Open</button></p><p id=\"late\"></p>"));
    browser.open(&pages.url("/"));
    browser.sees("here at last");
    browser.fill("Name", "Ada");
    browser.fill("Name", "Grace");
    browser.choose("Kind", "GIDS");
    browser.click("Agree");
    browser.attach("Document", &Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    assert!(browser.value("Document").ends_with("README.md"));
    // Of two that are called alike none is clicked; a selector means the first.
    assert!(fails(|| browser.click("Open")));
    assert_eq!(browser.text("button"), "Send");
    assert_eq!(browser.attribute("#name", "name").as_deref(), Some("name"));
    browser.click("Send");
    assert_eq!(browser.text("main p"), "Sent.");
    assert_eq!(browser.url(), pages.url("/sent?name=Grace&kind=GIDS&agree=on"));
    browser.back();
    assert_eq!(browser.value("Name"), "Grace");
    let first = browser.tab();
    browser.open_tab(&pages.url("/sent"));
    assert_eq!(browser.texts("main p"), ["Sent."]);
    browser.go_to_tab(&first);
    assert_eq!(browser.value("Name"), "Grace");
}

#[test]
fn a_page_that_goes_elsewhere_by_itself_is_waited_for() {
    let (browser, pages) = one("<p id=\"leaves\">Leaves soon.</p>");
    for _ in 0..5 {
        browser.open(&pages.url("/"));
        browser.sees("Sent.");
        assert_eq!(browser.url(), pages.url("/sent"));
    }
}

#[test]
fn status_timing_cookies_and_pictures_are_the_browsers_own() {
    let (browser, pages) = one("<p class=\"tall\">Tall</p>");
    browser.open(&pages.url("/nowhere"));
    assert_eq!(browser.status(), 404);
    browser.open(&pages.url("/"));
    assert_eq!(browser.status(), 200);
    let took = browser.timing();
    let times = [took.request_start, took.response_end, took.content_loaded, took.load_end];
    assert!(took.response_end > 0.0 && times.is_sorted(), "{took:?}");

    browser.set_cookie(&json!({"name": "session", "value": "secret", "httpOnly": true, "sameSite": "Strict"}));
    let cookies = browser.cookies();
    assert_eq!((cookies.len(), &cookies[0]["value"], &cookies[0]["sameSite"]), (1, &json!("secret"), &json!("Strict")));
    assert_eq!(browser.run("return document.cookie", &[]), "");
    browser.reload();
    assert!(pages.head("/").to_lowercase().contains("cookie: session=secret"));
    browser.delete_cookie("session");
    assert_eq!(browser.cookies(), Vec::<serde_json::Value>::new());

    let directory = directory::temporary();
    let path = directory.path().join("page.png");
    browser.picture(&path);
    let picture = std::fs::read(path).unwrap();
    // PNG, section 11.2.2: width and height stand behind the signature and the head of the first chunk.
    let number = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert!(number(16) >= 1000 && number(20) >= 3000, "{} x {}", number(16), number(20));
}

#[test]
fn the_servers_own_certificate_is_taken_and_nobody_elsewhere_is_called() {
    let site = Site::new();
    let browser = Browser::new();
    browser.open(&site.origin);
    assert!(browser.status() >= 200 && browser.url().starts_with("https://"));
    // An address of this computer that stands for all others: the browser would reach it.
    let elsewhere = TcpListener::bind("127.0.0.2:0").unwrap();
    let elsewhere = format!("http://{}/", elsewhere.local_addr().unwrap());
    let elsewhere = driver::wait(browser.session.client.goto(&elsewhere)).unwrap_err();
    assert!(elsewhere.to_string().contains("ERR_NAME_NOT_RESOLVED"), "{elsewhere}");
}

#[test]
fn no_more_browsers_run_at_once_than_a_machine_bears() {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 * driver::AT_ONCE {
            scope.spawn(|| {
                let _turn = driver::Turn::take();
                assert!(RUNNING.fetch_add(1, Ordering::SeqCst) < driver::AT_ONCE);
                std::thread::sleep(super::browser::LOOK_AGAIN);
                RUNNING.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
}

#[test]
fn axe_core_of_another_hash_is_not_used() {
    let directory = directory::temporary();
    let own = |path: &str| directory.path().join(path);
    for folder in ["scripts", "elsewhere/axe-core/-"] {
        std::fs::create_dir_all(own(folder)).unwrap();
    }
    let script = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fetch-axe")).unwrap();
    let version = script.lines().find_map(|line| line.strip_prefix("version=")).unwrap();
    std::fs::write(own(&format!("elsewhere/axe-core/-/axe-core-{version}.tgz")), "another").unwrap();
    let elsewhere = format!("file://{}", own("elsewhere").display());
    std::fs::write(own("scripts/fetch-axe"), script.replace("https://registry.npmjs.org", &elsewhere)).unwrap();
    let ran = Command::new("sh").arg(own("scripts/fetch-axe")).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(!ran.status.success() && said.contains("not the one whose hash is pinned"), "{said}");
    let left: Vec<_> = std::fs::read_dir(own("target/axe")).unwrap().flatten().map(|file| file.file_name()).collect();
    assert_eq!(left, ["lock"]);
}

//! The browser of the kiosk's screen: the real kiosk, the program that shows it, and a real browser.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::lab::Corridor;
use crate::support::browser::PATIENCE;
use crate::support::browser::driver::Turn;
use crate::support::by_hand::by_hand;
use crate::support::program::{bounded, end};

/// Longer than the program takes that waits for the next browser of one that ended at once.
const BOUND: &str = "240";
/// Is longer than the program waits before it asks for another link.
const SOUND: Duration = Duration::from_secs(13);
const OPTIONS: &[&str] = &["--start-link", "LINK", "--renew-link"];

/// What a corridor keeps under this name.
fn at(corridor: &Corridor, name: &str) -> String {
    corridor.site.program.path(name).display().to_string()
}

/// The program that shows the page, as it is called.
fn shower(corridor: &Corridor, link: &str, more: &[&str]) -> Command {
    let words = [&["--json", "kiosk-browser", "--start-link", link], more].concat();
    let mut command = corridor.site.program.command(words);
    command.env("CARDWRIGHT_STATE", at(corridor, "screen")).env("HOME", at(corridor, "screen"));
    command
}

fn link(corridor: &Corridor) -> String {
    std::fs::read_to_string(at(corridor, "LINK")).unwrap()
}

fn script(corridor: &Corridor, name: &str, text: &str) -> String {
    let path = corridor.site.program.write(name, format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The screen of a workstation; it ends with its browser.
struct Screen {
    program: Child,
    log: String,
    /// In which the browser notes its process, and beside that its arguments.
    note: String,
    profile: PathBuf,
    _turn: Turn,
}

impl Screen {
    /// Begins with a real browser, which needs neither a screen nor a user of its own.
    fn start(corridor: &Corridor) -> Self {
        let [note, log] = ["browser", "screen.log"].map(|name| at(corridor, name));
        let browser = script(
            corridor,
            "chromium",
            &format!(
                "echo \"$@\" >>{note}.arguments; echo $$ >{note}.new; mv {note}.new {note}\n\
                 exec /usr/bin/chromium --headless=new --no-sandbox --remote-debugging-port=0 \"$@\""
            ),
        );
        let turn = Turn::take();
        let mut command = shower(corridor, &at(corridor, "LINK"), &["--browser", &browser]);
        let program = command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
        let profile = corridor.site.program.path("screen").join("kiosk-browser");
        Self { program, log, note, profile, _turn: turn }
    }

    /// The process of the browser that is shown.
    fn browser(&self) -> String {
        std::fs::read_to_string(&self.note).unwrap_or_default().trim().to_owned()
    }

    /// The pages that the browser shows, each as its address and title (Chrome DevTools Protocol).
    fn pages(&self) -> Vec<(String, String)> {
        let port = std::fs::read_to_string(self.profile.join("DevToolsActivePort")).unwrap_or_default();
        // The port of a browser that has just ended is nobody's.
        let asked = ureq::get(format!("http://127.0.0.1:{}/json/list", port.lines().next().unwrap_or("0"))).call();
        let Ok(mut answer) = asked else { return Vec::new() };
        let listed: Vec<Value> = answer.body_mut().read_json().unwrap();
        let text = |page: &Value, key: &str| page[key].as_str().unwrap_or_default().to_owned();
        listed
            .iter()
            .filter(|page| page["type"] == "page")
            .map(|page| (text(page, "url"), text(page, "title")))
            .collect()
    }

    /// Waits until a browser other than `before` shows the kiosk's page and nothing else; gives that one.
    #[track_caller]
    fn shows_after(&self, corridor: &Corridor, before: &str) -> String {
        let since = Instant::now();
        loop {
            let (browser, pages) = (self.browser(), self.pages());
            let is_shown =
                matches!(&*pages, [(url, title)] if *url == corridor.address && title.contains("Put in your card"));
            if browser != before && is_shown {
                return browser;
            }
            let log = || std::fs::read_to_string(&self.log).unwrap();
            assert!(since.elapsed() < PATIENCE, "{} is not shown, but {pages:?}: {}", corridor.address, log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.program.kill().and_then(|()| self.program.wait());
        end(Command::new("kill").args(["-KILL", &self.browser()]));
    }
}

#[test]
fn the_page_is_shown_again_whatever_ends_and_no_argument_names_a_link() {
    let mut corridor = Corridor::new(OPTIONS);
    let mut screen = Screen::start(&corridor);
    let mut links = vec![link(&corridor)];
    let first = screen.shows_after(&corridor, "");
    assert!(end(Command::new("kill").args(["-KILL", &first])).success());
    let second = screen.shows_after(&corridor, &first);
    links.push(link(&corridor));
    assert_ne!(links[0], links[1], "one link has let two browsers in");
    // A second program would throw the first one's browser away.
    let another = shower(&corridor, &at(&corridor, "LINK"), &["--browser", "/bin/false"]);
    end(&mut bounded(&another, BOUND)).refused(10, "kiosk-browser-runs");
    assert_eq!(screen.browser(), second);
    // The kiosk is started anew while its page is shown.
    corridor.stop();
    corridor.start(OPTIONS);
    links.push(link(&corridor));
    let third = screen.shows_after(&corridor, &second);
    // Asked to end, the program leaves neither the browser nor what that knew.
    assert!(screen.profile.join("Default").is_dir());
    assert!(end(Command::new("kill").args(["-TERM", &screen.program.id().to_string()])).success());
    assert_eq!(screen.program.wait().unwrap().code(), Some(0));
    assert!(!screen.profile.exists());
    assert!(!end(Command::new("kill").args(["-0", &third])).success(), "the browser is left");
    let arguments = std::fs::read_to_string(format!("{}.arguments", screen.note)).unwrap();
    assert_eq!(arguments.matches("--kiosk").count(), 3, "{arguments}");
    assert!(links.iter().all(|link| !arguments.contains(link.trim())), "{arguments}");
}

#[test]
fn what_cannot_be_shown_is_said() {
    let corridor = Corridor::new(&["--start-link", "LINK"]);
    let refused = |link: &str, more: &[&str], exit, code| {
        end(&mut bounded(&shower(&corridor, link, more), BOUND)).refused(exit, code)
    };
    let elsewhere = corridor.site.program.write("elsewhere", "http://elsewhere.example.com/start/once\n");
    refused(&elsewhere, &["--browser", "/bin/true"], 2, "start-link");
    refused(&elsewhere, &["--browser", "/nowhere/browser"], 2, "start-link");
    let link = at(&corridor, "LINK");
    refused(&link, &["--browser", "/nowhere/browser"], 2, "no-browser");
    let mut alone = shower(&corridor, &link, &[]);
    let told = end(&mut bounded(alone.env("PATH", "/nowhere"), BOUND)).refused(2, "no-browser");
    assert!(told.message.contains("chromium"), "{told:?}");
    // A browser that has come by its link and has ended, at a kiosk that gives one link only.
    let own = corridor.address.trim_end_matches('/').strip_prefix("http://").unwrap();
    let used = link_path(&corridor);
    assert_eq!(by_hand(own, "GET", &used, &[], "").0, 303);
    let told = refused(&link, &["--browser", "/bin/true"], 1, "start-link");
    assert!(told.remedy.contains("--renew-link"), "{told:?}");
}

#[test]
fn a_kiosk_whose_disk_refuses_a_link_is_asked_until_there_is_one() {
    let mut corridor = Corridor::new(OPTIONS);
    let used = link(&corridor);
    let own = corridor.address.trim_end_matches('/').strip_prefix("http://").unwrap().to_owned();
    assert_eq!(by_hand(&own, "GET", &link_path(&corridor), &[], "").0, 303);
    let obstacle = corridor.site.program.path("LINK.new");
    std::fs::create_dir(&obstacle).unwrap();
    assert_eq!(by_hand(&own, "POST", &link_path(&corridor), &[], "").0, 503);
    let mut shower = shower(&corridor, &at(&corridor, "LINK"), &["--browser", "/bin/true"]).spawn().unwrap();
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let since = Instant::now();
        while !is_so() {
            assert!(since.elapsed() < PATIENCE, "{what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    std::thread::sleep(SOUND);
    assert!(shower.try_wait().unwrap().is_none() && link(&corridor) == used);
    std::fs::remove_dir(&obstacle).unwrap();
    until("another link", &|| link(&corridor) != used);
    assert!(end(Command::new("kill").args(["-TERM", &shower.id().to_string()])).success());
    assert_eq!(shower.wait().unwrap().code(), Some(0));
    corridor.stop();
}

/// The path of the link that stands in the file.
fn link_path(corridor: &Corridor) -> String {
    format!("/{}", link(corridor).trim().strip_prefix(&corridor.address).unwrap())
}

#[test]
fn another_link_is_given_to_nobody_but_who_shows_the_page_and_to_the_same_readers() {
    let mut corridor = Corridor::new(OPTIONS);
    let own = corridor.address.trim_end_matches('/').to_owned();
    let authority = own.strip_prefix("http://").unwrap();
    let first = link_path(&corridor);
    let post = |path: &str, headers: &[(&str, &str)]| by_hand(authority, "POST", path, headers, "").0;
    // Nobody has come by it yet: it goes on to be the link.
    assert_eq!((post(&first, &[]), link_path(&corridor)), (204, first.clone()));
    let (status, answer) = by_hand(authority, "GET", &first, &[], "");
    assert_eq!(status, 303);
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().split(';').next().unwrap();
    // Pages of anybody, also the kiosk's own, and whoever does not have the link.
    let site = |site| ("sec-fetch-site", site);
    for headers in [
        vec![("origin", &*own), site("same-origin")],
        vec![("origin", "null")],
        vec![site("cross-site")],
        vec![site("none"), ("cookie", cookie)],
        vec![("host", "rebound.example")],
    ] {
        assert_eq!(post(&first, &headers), 403, "{headers:?}");
    }
    assert_eq!(post(&format!("/start/{}", "0".repeat(64)), &[]), 403);
    assert_eq!(post("/start/", &[]), 403);
    assert_eq!(link_path(&corridor), first);
    // Whoever has it gets another, once; the browser of before is shown nothing any more.
    assert_eq!(by_hand(authority, "GET", "/", &[("cookie", cookie)], "").0, 200);
    assert_eq!(post(&first, &[]), 204);
    let second = link_path(&corridor);
    assert!(second != first && post(&first, &[]) == 403);
    assert_eq!(by_hand(authority, "GET", "/", &[("cookie", cookie)], "").0, 403);
    assert_eq!(link_path(&corridor), second);
    corridor.stop();

    // For readers of the administrator's choice, from the first link on; the file stays for the next start.
    let path = corridor.site.program.path("LINK");
    let mode = |path: &PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let keeping = [OPTIONS, &["--keep-readers"]].concat();
    let words = ["kiosk", "--port", "0", "--start-link", &at(&corridor, "LINK"), "--keep-readers"];
    let start = |corridor: &Corridor| {
        end(&mut bounded(&corridor.site.command("kiosk-1", super::lab::PIN, &words), BOUND)).refused(2, "start-link")
    };
    assert!(start(&corridor).message.contains("no such file"));
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert!(start(&corridor).message.contains("666"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    corridor.start(&keeping);
    assert!(mode(&path) == 0o640 && link(&corridor).starts_with(&corridor.address));
    corridor.stop();
    assert!(mode(&path) == 0o640 && link(&corridor).is_empty());
}

//! A real browser: Debian's chromium, headless, by WebDriver.
//!
//! A [`Browser`] is a session with a profile of its own; at most two run at once in this process, others wait. Every
//! method blocks. What looks for something waits until it is there, and fails after [`PATIENCE`] with what the page shows
//! instead. A *what* is, in this order: the text of a label, of a button or of a link, whole; or a CSS selector.
//!
//! `keys` has the keyboard and the focus, `media` what a person set (width, colours, language, no script), `axe` the
//! judgement of axe-core; `proof`, beside this module, holds all of them against pages with planted faults.

mod axe;
pub mod driver;
mod keys;
mod media;

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use serde_json::{Value, json};
use ureq::http::Method;
use url::{ParseError, Url};

/// The longest that a page is waited for to show what a test asks for.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// How soon it is looked for again, and after a while: each look costs the browser more than the wait.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(20);
const LOOK_SELDOM: Duration = Duration::from_millis(160);

/// Gives the element that a *what* means; more than one of that name are all given, and none is chosen.
const FIND: &str = r#"
    const what = arguments[0], text = element => element.textContent.replace(/\s+/g, ' ').trim();
    const called = selector => Array.from(document.querySelectorAll(selector)).filter(one => text(one) === what);
    const fields = called('label').map(label => label.control).filter(Boolean);
    if (fields.length) return fields;
    const named = called('button, a[href], summary, [role=button], [role=link]');
    if (named.length) return named;
    try { return Array.from(document.querySelectorAll(what)).slice(0, 1) } catch { return [] }
"#;

pub struct Browser {
    pub(super) session: driver::Session,
    media: RefCell<media::Media>,
}

/// When what had happened in the last navigation, by the browser's own clock: milliseconds from its start.
#[derive(Debug)]
pub struct Timing {
    pub request_start: f64,
    pub response_end: f64,
    /// The page could be read and used (DOMContentLoaded).
    pub content_loaded: f64,
    pub load_end: f64,
}

impl Browser {
    pub fn new() -> Self {
        Self { session: driver::Session::begin(&[], &[]), media: RefCell::default() }
    }

    /// A browser that may show tickets at `localhost`, as a computer's administrator would set it; a realm's variables say
    /// which tickets it has.
    pub fn with_tickets(variables: &[(&str, String)]) -> Self {
        let may = ["--auth-server-allowlist=localhost", "--disable-auth-negotiate-cname-lookup"];
        Self { session: driver::Session::begin(variables, &may), media: RefCell::default() }
    }

    /// Goes to a page and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        driver::wait(self.session.client.goto(url)).unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    #[track_caller]
    pub fn back(&self) {
        driver::wait(self.session.client.back()).unwrap();
    }

    #[track_caller]
    pub fn reload(&self) {
        driver::wait(self.session.client.refresh()).unwrap();
    }

    #[track_caller]
    pub fn url(&self) -> String {
        driver::wait(self.session.client.current_url()).unwrap().into()
    }

    #[track_caller]
    pub fn title(&self) -> String {
        driver::wait(self.session.client.title()).unwrap()
    }

    /// The page as it stands, as HTML.
    #[track_caller]
    pub fn source(&self) -> String {
        driver::wait(self.session.client.source()).unwrap()
    }

    /// Opens another tab with a page; later calls speak to it. What was set for a tab (width, colours, language, script)
    /// is set for that tab alone.
    #[track_caller]
    pub fn open_tab(&self, url: &str) -> WindowHandle {
        let made = driver::wait(self.session.client.new_window(true)).unwrap();
        self.go_to_tab(&made.handle);
        self.media.take();
        self.open(url);
        made.handle
    }

    #[track_caller]
    pub fn tab(&self) -> WindowHandle {
        driver::wait(self.session.client.window()).unwrap()
    }

    #[track_caller]
    pub fn go_to_tab(&self, tab: &WindowHandle) {
        driver::wait(self.session.client.switch_to_window(tab.clone())).unwrap();
    }

    /// The visible text of the first element that a CSS selector finds.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.until(css, || self.texts(css).into_iter().next())
    }

    /// The visible texts of all elements that a CSS selector finds now; a hidden one's is empty.
    #[track_caller]
    pub fn texts(&self, css: &str) -> Vec<String> {
        let script = "return Array.from(document.querySelectorAll(arguments[0]), one => \
                      one.checkVisibility({visibilityProperty: true}) ? one.innerText : '')";
        serde_json::from_value(self.read(script, &[json!(css)])).unwrap()
    }

    /// Waits until the page shows a text, and so on for the page after a click.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.until(text, || self.texts("body").concat().contains(text).then_some(()));
    }

    /// An attribute as it stands in the page.
    #[track_caller]
    pub fn attribute(&self, what: &str, name: &str) -> Option<String> {
        self.with(what, |element| driver::wait(element.attr(name)))
    }

    /// What stands in a field, or `"true"` and `"false"` of one that can be checked.
    #[track_caller]
    pub fn value(&self, field: &str) -> String {
        let script = "const one = arguments[0]; \
                      return /^(checkbox|radio)$/.test(one.type) ? String(one.checked) : one.value";
        self.on(field, script).as_str().unwrap().to_owned()
    }

    /// A property of the computed style.
    #[track_caller]
    pub fn style(&self, what: &str, property: &str) -> String {
        let script = "return getComputedStyle(arguments[0]).getPropertyValue(arguments[1])";
        let found = self.with(what, |element| {
            let arguments = vec![serde_json::to_value(element)?, json!(property)];
            driver::wait(self.session.client.execute(script, arguments))
        });
        found.as_str().unwrap().to_owned()
    }

    /// Clicks as a person does: what is covered or hidden cannot be clicked, and the test fails.
    #[track_caller]
    pub fn click(&self, what: &str) {
        self.with(what, |element| driver::wait(element.click()));
    }

    /// Empties a field and types into it.
    #[track_caller]
    pub fn fill(&self, field: &str, text: &str) {
        self.with(field, |element| {
            driver::wait(element.clear())?;
            driver::wait(element.send_keys(text))
        });
    }

    /// Chooses the option of a list by its text.
    #[track_caller]
    pub fn choose(&self, field: &str, option: &str) {
        self.with(field, |element| driver::wait(element.select_by_label(option)));
    }

    /// Gives a file to a field for files.
    #[track_caller]
    pub fn attach(&self, field: &str, file: &Path) {
        self.with(field, |element| driver::wait(element.send_keys(file.to_str().unwrap())));
    }

    /// All that the browser put into its console since it was asked last; `Vec::<String>::new()` is what a page must give.
    #[track_caller]
    pub fn console(&self) -> Vec<String> {
        let entries = self.command(Method::POST, "se/log", Some(json!({"type": "browser"})));
        let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let line = |entry| ["level", "source", "message"].map(|key| text(entry, key)).join(" ");
        entries.as_array().unwrap().iter().map(line).collect()
    }

    /// The page's whole height as PNG.
    #[track_caller]
    pub fn picture(&self, path: impl AsRef<Path>) {
        let size = &self.cdp("Page.getLayoutMetrics", json!({}))["cssContentSize"];
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let taken = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let taken = self.cdp("Page.captureScreenshot", taken);
        std::fs::write(path, STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()).unwrap();
    }

    /// The cookies that the page would get, in WebDriver's spelling (`name`, `value`, `httpOnly`, `sameSite` …).
    #[track_caller]
    pub fn cookies(&self) -> Vec<Value> {
        self.command(Method::GET, "cookie", None).as_array().unwrap().clone()
    }

    /// Sets a cookie of the page's host, likewise.
    #[track_caller]
    pub fn set_cookie(&self, cookie: &Value) {
        self.command(Method::POST, "cookie", Some(json!({"cookie": cookie})));
    }

    #[track_caller]
    pub fn delete_cookie(&self, name: &str) {
        self.command(Method::DELETE, &format!("cookie/{name}"), None);
    }

    /// The HTTP status of the last navigation.
    #[track_caller]
    pub fn status(&self) -> u64 {
        self.run("return performance.getEntriesByType('navigation')[0].responseStatus", &[]).as_u64().unwrap()
    }

    #[track_caller]
    pub fn timing(&self) -> Timing {
        let script = "const last = performance.getEntriesByType('navigation')[0]; \
                      return [last.requestStart, last.responseEnd, last.domContentLoadedEventEnd, last.loadEventEnd]";
        let [request_start, response_end, content_loaded, load_end] =
            serde_json::from_value(self.run(script, &[])).unwrap();
        Timing { request_start, response_end, content_loaded, load_end }
    }

    /// Runs the body of a function in the page, whatever the page's policy, and gives what it returns.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        driver::wait(self.session.client.execute(script, arguments.to_vec())).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs a script that only looks; if the page was changed meanwhile, once more.
    #[track_caller]
    fn read(&self, script: &str, arguments: &[Value]) -> Value {
        let since = Instant::now();
        loop {
            match driver::wait(self.session.client.execute(script, arguments.to_vec())) {
                Ok(seen) => return seen,
                Err(error) if is_of_another_page(&error) && since.elapsed() < PATIENCE => {}
                Err(error) => panic!("{error}"),
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Waits until something is so; `what` is for the message.
    #[track_caller]
    pub fn until<T>(&self, what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
        let since = Instant::now();
        let mut pause = LOOK_AGAIN;
        loop {
            if let Some(found) = is_so() {
                return found;
            }
            assert!(since.elapsed() < PATIENCE, "not seen within {PATIENCE:?}: {what}{}", self.shown());
            std::thread::sleep(pause);
            pause = LOOK_SELDOM.min(2 * pause);
        }
    }

    /// What the page shows, for a message.
    fn shown(&self) -> String {
        format!("\nat {} there is:\n{}", self.url(), self.texts("body").concat())
    }

    /// Runs a script on the element that is meant.
    #[track_caller]
    fn on(&self, what: &str, script: &str) -> Value {
        self.with(what, |element| {
            let element = serde_json::to_value(element)?;
            driver::wait(self.session.client.execute(script, vec![element]))
        })
    }

    /// Waits for the element that is meant and does something with it; if the page was changed meanwhile, once more.
    #[track_caller]
    fn with<T>(&self, what: &str, act: impl Fn(&Element) -> Result<T, CmdError>) -> T {
        self.until(what, || {
            let Value::Array(mut found) = self.read(FIND, &[json!(what)]) else { return None };
            assert!(found.len() < 2, "{} are called {what:?}{}", found.len(), self.shown());
            let element = element(&self.session.client, found.pop()?);
            match act(&element) {
                Ok(done) => Some(done),
                Err(error) if is_of_another_page(&error) => None,
                Err(error) => panic!("{what}: {error}{}", self.shown()),
            }
        })
    }

    /// Has the browser do what the DevTools protocol names and WebDriver does not.
    #[track_caller]
    fn cdp(&self, method: &str, parameters: Value) -> Value {
        self.command(Method::POST, "goog/cdp/execute", Some(json!({"cmd": method, "params": parameters})))
    }

    #[track_caller]
    fn command(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let command = Command { method, path: path.to_owned(), body };
        driver::wait(self.session.client.issue_cmd(command)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// Says whether a call failed because another page has come into the place of the one that was meant. Where that happens in the
/// middle of a call, chromedriver has only the words of the DevTools protocol for it.
fn is_of_another_page(error: &CmdError) -> bool {
    const WORDS: [&str; 4] = [
        "does not belong to the document",
        "Cannot find context with specified id",
        "document unloaded while waiting for result",
        "aborted by navigation",
    ];
    let told = error.to_string();
    error.is_stale_element_reference() || error.is_no_such_element() || WORDS.iter().any(|words| told.contains(words))
}

/// A command that has no method of the WebDriver client's.
#[derive(Debug)]
struct Command {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (self.method.clone(), self.body.as_ref().map(Value::to_string))
    }
}

/// An element that a script gave (WebDriver, section 12).
fn element(client: &fantoccini::Client, given: Value) -> Element {
    let reference = given.as_object().and_then(|given| given.values().next()?.as_str());
    Element::from_element_id(client.clone(), reference.unwrap().to_owned().into())
}

//! One chromedriver for the whole test binary; it and its browsers end with this process, however that ends.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::super::directory;
use super::super::found::found;

/// A browser holds about 400 MiB and, while it loads, a processor.
pub const AT_ONCE: usize = 2;

/// How long a browser is waited for that other tests have, and any answer of the driver.
const FREE: Duration = Duration::from_secs(1200);
const ANSWERS: Duration = Duration::from_secs(360);
/// How often the driver is started before it is given up.
const STARTS: usize = 5;
const PAGE_LOADS_MS: u64 = 300_000;

const BROWSER: &str = "/usr/lib/chromium/chromium";
const STARTED: &str = "was started successfully on port ";

/// `$1`: the driver. It ends when the pipe from this process does. Its browsers hang on pipes of its own, and end with it.
/// What this process's libraries of C have open is closed first: a TPM would wait for whoever else has its socket.
const SCRIPT: &str = r#"
for open in /proc/self/fd/*; do
    open=${open##*/}
    [ "$open" -le 2 ] || eval "exec $open>&-"
done
trap '' INT
"$1" --port=0 --log-level=SEVERE &
exec >/dev/null
cat
kill "$!"
wait
"#;

struct Driver {
    runtime: Runtime,
    url: String,
    taken: Mutex<usize>,
    freed: Condvar,
    _home: TempDir,
    /// Its standard input is the pipe.
    _shell: Child,
}

fn driver() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| {
        let home = directory::temporary();
        let (shell, port) = (0..STARTS).find_map(|_| start(&home)).expect("chromedriver did not start");
        Driver {
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
            url: format!("http://127.0.0.1:{port}"),
            taken: Mutex::new(0),
            freed: Condvar::new(),
            _home: home,
            _shell: shell,
        }
    })
}

/// Starts it, and says on which port; `None` if it ended: the port that it chose of IPv4 may be taken on IPv6.
fn start(home: &TempDir) -> Option<(Child, String)> {
    let program = found("chromedriver");
    assert!(program.is_file(), "no chromedriver; is the package chromium-driver installed?");
    let mut shell = Command::new(found("setsid"))
        .args(["bash", "-c", SCRIPT, "chromedriver"])
        .arg(program)
        .env("HOME", home.path())
        .env_remove("DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines().map_while(Result::ok);
    let started = |line: String| Some(line.split_once(STARTED)?.1.trim_end_matches('.').to_owned());
    let Some(port) = lines.find_map(started) else {
        drop(shell.stdin.take());
        shell.wait().unwrap();
        return None;
    };
    // What it says later must find a reader.
    std::thread::spawn(move || lines.for_each(drop));
    Some((shell, port))
}

/// Waits for an answer of the driver.
#[track_caller]
pub fn wait<T>(answer: impl Future<Output = T>) -> T {
    let answered = driver().runtime.block_on(async { tokio::time::timeout(ANSWERS, answer).await });
    answered.unwrap_or_else(|_| panic!("chromedriver did not answer within {ANSWERS:?}"))
}

/// One of the browsers that may run at once.
pub struct Turn;

impl Turn {
    pub fn take() -> Self {
        let Driver { taken, freed, .. } = driver();
        let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, waited) = freed.wait_timeout_while(taken, FREE, |taken| *taken >= AT_ONCE).unwrap();
        assert!(!waited.timed_out(), "no browser became free within {FREE:?}");
        *taken += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Driver { taken, freed, .. } = driver();
        *taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        freed.notify_one();
    }
}

/// A session of its own.
pub struct Session {
    pub client: Client,
    _profile: TempDir,
    _turn: Turn,
}

impl Session {
    /// Begins one with more variables in its environment and more arguments.
    pub fn begin(variables: &[(&str, String)], arguments: &[&str]) -> Self {
        let turn = Turn::take();
        let profile = directory::temporary();
        let Value::Object(wishes) = wishes(&profile, variables, arguments) else { unreachable!() };
        let client =
            wait(async { ClientBuilder::new(HttpConnector::new()).capabilities(wishes).connect(&driver().url).await });
        let client = client.unwrap_or_else(|error| panic!("chromium did not start: {error:?}"));
        Self { client, _profile: profile, _turn: turn }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = wait(self.client.clone().close());
    }
}

/// A program that is the browser in an environment of its own: the driver starts all of them in one.
fn within(profile: &TempDir, variables: &[(&str, String)]) -> String {
    if variables.is_empty() {
        return BROWSER.to_owned();
    }
    let path = profile.path().join("browser");
    let set = variables.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect::<String>();
    std::fs::write(&path, format!("#!/bin/sh\n{set}exec {BROWSER} \"$@\"\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path.display().to_string()
}

fn wishes(profile: &TempDir, variables: &[(&str, String)], more: &[&str]) -> Value {
    let mut arguments = vec![
        format!("--user-data-dir={}", profile.path().join("profile").display()),
        // Nobody but this computer is ever called.
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1".to_owned(),
    ];
    arguments.extend(
        [
            "--no-proxy-server",
            "--headless=new",
            "--window-size=1280,1000",
            // The browser ends when the driver does.
            "--remote-debugging-pipe",
            // A container has little of /dev/shm, and no graphics card.
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-sync",
            "--no-first-run",
            "--lang=en-US",
        ]
        .map(str::to_owned),
    );
    arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
    if rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox".to_owned());
    }
    json!({
        "browserName": "chrome",
        "acceptInsecureCerts": true,
        "timeouts": { "script": PAGE_LOADS_MS, "pageLoad": PAGE_LOADS_MS, "implicit": 0 },
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": { "binary": within(profile, variables), "args": arguments },
    })
}

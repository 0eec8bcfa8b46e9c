//! Watching a server: health, metrics, its settings and its log.

use super::support::{API, Lab, PASSPHRASE};
use crate::support::program::{Program, end};
use cardwright::server::{Server, StartError};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

/// A server with an operations listener, and where that is.
fn watched() -> (Lab, String) {
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    let path = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}\n[operations]\nlisten = \"127.0.0.1:0\"\n")).unwrap();
    lab.start();
    let operations = lab.server.as_ref().unwrap().operations.unwrap();
    (lab, format!("http://{operations}"))
}

fn value(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.split(' ').next() == Some(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn what_happens_is_counted() {
    let (mut lab, operations) = watched();
    let alice = lab.user("alice", &[]);
    lab.enrolled(&alice);
    lab.get(&alice, &format!("{API}/nothing")).refusal();
    lab.elsewhere(&operations);
    let metrics = lab.call(None, "GET", "/metrics", None);
    assert!(metrics.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = String::from_utf8(metrics.bytes).unwrap();
    let of = |name: &str| value(&text, name).unwrap_or_else(|| panic!("{name} is not in\n{text}"));
    assert_eq!(of("cardwright_certificates_issued_total"), 1.0);
    assert_eq!(of("cardwright_pending_approvals"), 0.0);
    assert_eq!(value(&text, "cardwright_pending_since_seconds"), None, "nobody waits");
    assert_eq!(of("cardwright_cards{state=\"Active\"}"), 1.0);
    assert_eq!(of("cardwright_certificates_ending{days=\"30\"}"), 0.0);
    assert_eq!(of(&format!("cardwright_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
    assert!(of("cardwright_issuing_ca_end_seconds") > 1.7e9);
    assert!(of("cardwright_audit_head{chain=\"1\"}") >= 4.0);
    assert_eq!(of("cardwright_store_unaudited_jobs_total"), 0.0);
    assert_eq!(of("cardwright_refusals_total{code=\"not-found\"}"), 1.0);
    let created = "cardwright_requests_total{route=\"api/v1.0/requests\",method=\"POST\",status=\"201\"}";
    assert_eq!(of(created), 1.0);
    assert!(of("cardwright_request_seconds_count") >= 5.0 && of("cardwright_store_commits_total") >= 4.0);
    assert!(!text.contains("alice") && !text.contains(&alice.uuid.to_string()), "{text}");
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(lab.call(None, "GET", "/nothing", None).status, 404);
    assert_eq!(lab.call(None, "POST", "/metrics", None).status, 405);
}

#[test]
fn health_is_told_to_anybody_and_names_what_fails() {
    let (mut lab, operations) = watched();
    let here = lab.call(None, "GET", "/healthz", None);
    assert_eq!((here.status, here.json()["status"].as_str()), (200, Some("ok")));
    lab.elsewhere(&operations);
    let there = lab.call(None, "GET", "/healthz", None).ok();
    assert_eq!(
        there["checks"],
        serde_json::json!({"store": "ok", "ca": "ok", "crl": "ok", "log": "ok", "upkeep": "ok"})
    );
    assert_eq!(lab.call(None, "GET", "/healthz/live", None).status, 200);
    assert_eq!(lab.call(None, "HEAD", "/healthz", None).bytes.len(), 0);
    let asked = |lab: &Lab| asked_at(&lab.data(), Some(&operations));
    assert_eq!(asked(&lab), (Some(0), "good".into()));
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    database.execute_batch("ALTER TABLE audit_chains RENAME TO gone").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let failing = lab.call(None, "GET", "/healthz", None);
    assert_eq!((failing.status, failing.json()["checks"]["store"].as_str()), (503, Some("unreachable")));
    assert_eq!(asked(&lab), (Some(11), "server-unwell".into()));
    assert_eq!(lab.call(None, "GET", "/healthz/live", None).status, 200);
    assert_eq!(lab.call(None, "GET", "/metrics", None).status, 500);
    database.execute_batch("ALTER TABLE gone RENAME TO audit_chains").unwrap();
    lab.stop();
    assert_eq!(asked(&lab), (Some(5), "server-unreachable".into()));
    let unwatched = Lab::plain(|template| template);
    assert_eq!(asked_at(&unwatched.data(), None), (Some(2), "no-operations-listener".into()));
}

/// What `server health --at` says of a directory's server, which listens at `operations`: the exit code, and the state or code.
fn asked_at(directory: &std::path::Path, operations: Option<&str>) -> (Option<i32>, String) {
    let mut program = Program::new();
    if let Some(operations) = operations {
        program.set("CARDWRIGHT_SERVER__OPERATIONS__LISTEN", operations.trim_start_matches("http://"));
    }
    let ended = end(program.command(["--json", "server", "health", "--at"]).arg(directory));
    let told: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let word = told["state"].as_str().or(told["error"]["code"].as_str());
    (ended.code, word.unwrap_or_else(|| panic!("{told}")).to_owned())
}

/// Sees that a task beside the calls is told as failing, since one moment, and no longer once `mended` has brought back
/// what it needs; calls are answered all the while.
pub fn fails_until<T>(lab: &Lab, task: &str, mended: impl FnOnce() -> T) {
    let told = || {
        let health = lab.call(None, "GET", "/healthz", None);
        assert_eq!(health.status, 200, "{health:?}");
        let since = health.json()["failing_since"][task].as_str().map(str::to_owned);
        let upkeep = health.json()["checks"]["upkeep"].clone();
        assert_eq!(upkeep, if health.json()["failing_since"].is_null() { "ok" } else { "failing" });
        since
    };
    let eventually = |is_so: &dyn Fn() -> bool| {
        for _ in 0..900 {
            if is_so() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{task}: {:?}", lab.call(None, "GET", "/healthz", None).json());
    };
    eventually(&|| told().is_some());
    let since = told().unwrap();
    let rfc3339 = &time::format_description::well_known::Rfc3339;
    let at = time::OffsetDateTime::parse(&since, rfc3339).unwrap();
    assert!((time::OffsetDateTime::now_utc() - at).whole_minutes() < 5, "{since}");
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(told().as_ref(), Some(&since), "it is the first failure that is told");
    let kept = mended();
    eventually(&|| told().is_none());
    drop(kept);
}

#[test]
fn since_when_a_task_fails_is_a_metric_too() {
    let (mut lab, operations) = watched();
    lab.stop();
    let closed = std::net::SocketAddr::from(([127, 0, 0, 1], crate::support::port::unused_port()));
    let settings = format!("[audit.syslog]\ntarget = \"tcp://{closed}\"\n");
    super::identity::restart(&mut lab, &settings);
    let operations = lab.server.as_ref().map_or(operations, |server| format!("http://{}", server.operations.unwrap()));
    let metrics = |lab: &Lab| {
        let mut answer = ureq::get(format!("{operations}/metrics")).call().unwrap();
        let _ = lab;
        answer.body_mut().read_to_string().unwrap()
    };
    let since = "cardwright_upkeep_failing_since_seconds{task=\"syslog\"}";
    fails_until(&lab, "syslog", || {
        let text = metrics(&lab);
        let at = value(&text, since).unwrap_or_else(|| panic!("{text}"));
        let now = time::OffsetDateTime::now_utc().unix_timestamp() as f64;
        assert!(at > now - 300.0 && at <= now, "{at}");
        assert!(value(&text, "cardwright_upkeep_failures_total{task=\"syslog\"}").unwrap() >= 1.0, "{text}");
        let listener = TcpListener::bind(closed).unwrap();
        std::thread::spawn(move || listener.accept().map(|(mut stream, _)| stream.read_to_end(&mut Vec::new())))
    });
    assert_eq!(value(&metrics(&lab), since), None, "it is over");
    lab.stop();
}

#[test]
fn what_comes_when_the_server_stops_is_told_to_come_again() {
    let (mut lab, _) = watched();
    let alice = lab.user("alice", &[]);
    let addr = lab.server.as_ref().unwrap().addr;
    let connect = || {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    let (mut busy, mut late) = (connect(), connect());
    let whoami = |head: &str| format!("{head}Host: localhost\r\nAuthorization: Bearer {}\r\n", alice.token);
    let slow =
        whoami(&format!("POST {API}/requests HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"));
    busy.write_all((slow + "\r\n{").as_bytes()).unwrap();
    // A head that has begun is read to its end, and answered.
    late.write_all(whoami("GET /CertificateManagement/api/cardwright/v1/whoami HTTP/1.1\r\n").as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let server = lab.server.take().unwrap();
    let stopping = std::thread::spawn(move || server.stop());
    std::thread::sleep(Duration::from_millis(300));
    let mut answer = String::new();
    late.write_all(b"\r\n").and_then(|()| late.read_to_string(&mut answer).map(drop)).unwrap_or_default();
    let told =
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 10") && answer.contains("\"unavailable\"");
    assert!(answer.is_empty() || told, "{answer}");
    busy.write_all(b"}").unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 40"), "what was begun is answered: {answer}");
    stopping.join().unwrap().unwrap();
}

#[test]
fn settings_come_from_the_environment_too_and_are_shown_with_their_origin() {
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    let data = lab.data().display().to_string();
    let mut program = Program::new();
    let shown = |program: &Program| end(&mut program.command(["--json", "server", "config", &data]));
    program.set("CARDWRIGHT_SERVER__CA__CRL_URL", "http://user:hidden@lists.example/ca.crl");
    program.set("CARDWRIGHT_SERVER__PUBLIC_NAMES", "[\"a.example\", \"b.example\"]");
    program.set("CARDWRIGHT_SERVER__OPERATIONS__LISTEN", "127.0.0.1:0");
    let rows: Value = serde_json::from_str(&shown(&program).stdout).unwrap();
    let row = |key: &str| {
        let row = rows.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap();
        (row["value"].as_str().unwrap().to_owned(), row["from"].as_str().unwrap().to_owned())
    };
    assert_eq!(row("ca.crl_url").1, "CARDWRIGHT_SERVER__CA__CRL_URL");
    assert!(!row("ca.crl_url").0.contains("hidden") && row("ca.crl_url").0.contains("lists.example"));
    assert_eq!(row("public_names").0, "[\"a.example\", \"b.example\"]");
    assert_eq!(row("listen"), ("\"127.0.0.1:0\"".into(), "server.toml".into()));
    for (name, value) in [
        ("CARDWRIGHT_SERVER__NO_SUCH_KEY", "1"),
        ("CARDWRIGHT_SERVER__LISTEN__PORT", "1"),
        ("CARDWRIGHT_SERVER__API__ENABLED", "perhaps"),
        ("CARDWRIGHT_SERVER__CA__NAME", "1234"),
        ("CARDWRIGHT_SERVER__AUDIT__SYSLOG__TARGET", "carrier-pigeon"),
        ("CARDWRIGHT_SERVER__", "x"),
    ] {
        program.set(name, value);
        let refused = shown(&program);
        assert_eq!(refused.code, Some(2), "{name}");
        assert!(refused.stdout.contains(name), "{}", refused.stdout);
        program.unset(name);
    }
    assert_eq!(shown(&program).code, Some(0));
}

#[test]
fn a_log_in_json_has_the_correlation_id_in_every_line_of_a_call() {
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    let mut program = Program::new();
    program.set("CARDWRIGHT_SERVER__LOG__FORMAT", "json");
    program.set("CARDWRIGHT_SERVER__LOG__LEVEL", "debug");
    let credentials = program.path("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("cardwright-passphrase"), PASSPHRASE).unwrap();
    program.set("CREDENTIALS_DIRECTORY", credentials.display().to_string());
    let log = program.path("log");
    let data = lab.data().display().to_string();
    let mut serve = program.command(["--json", "serve", &data, "--plain-http"]);
    serve.stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap());
    let mut child = serve.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap_or_default();
    assert!(catches_sigterm(child.id()), "who is ready ends in order");
    let base = ready["url"].as_str().unwrap_or_default().replace("/CertificateManagement", "");
    lab.elsewhere(&base);
    let alice = lab.user("alice", &[]);
    lab.enrolled(&alice);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let answered: Vec<&Value> = lines.iter().filter(|line| line["fields"]["message"] == "answered").collect();
    assert!(answered.len() >= 4 && answered.iter().all(|line| line["fields"]["id"].is_string()), "{text}");
    assert!(lines.iter().any(|line| line["fields"]["message"] == "stopped"), "{text}");
}

/// Whether a process has a handler for SIGTERM (proc_pid_status(5), SigCgt).
fn catches_sigterm(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() >> 14 & 1 == 1
}

#[test]
fn a_server_that_cannot_listen_leaves_nothing_behind() {
    let (mut lab, _) = watched();
    lab.stop();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let operations = text.find("[operations]").unwrap();
    let (head, tail) = text.split_at(operations);
    let at = format!("listen = \"{}\"", taken.local_addr().unwrap());
    std::fs::write(&path, format!("{head}{}", tail.replace("listen = \"127.0.0.1:0\"", &at))).unwrap();
    assert!(matches!(Server::start(lab.config()), Err(StartError::Listen { .. })));
    std::fs::write(&path, text).unwrap();
    lab.start();
    lab.stop();
}

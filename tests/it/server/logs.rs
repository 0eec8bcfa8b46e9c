//! What is seen of the server from outside its calls: its log, and its death. Both need a process of their own, which
//! is this test binary, run again for the one test `child`.

use super::identity::{self, negotiate, oidc};
use super::support::{API, EXTENSION, Lab, PASSPHRASE, Person, csr, new_csr};
use crate::support::kerberos::Realm;
use cardwright::console::Console;
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use cardwright::secret::Passphrase;
use cardwright::server::{self, Config};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const DATA: &str = "CARDWRIGHT_TEST_DATA";
const LOG: &str = "CARDWRIGHT_TEST_LOG";

/// Does nothing unless a test below has started this binary: then it is a server.
#[test]
fn child() {
    let (Ok(data), Ok(log)) = (std::env::var(DATA), std::env::var(LOG)) else { return };
    let log = File::create(log).unwrap();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(Mutex::new(log))
        .init();
    let config = Config {
        data_dir: data.into(),
        listen: None,
        plain_http: true,
        passphrase: Passphrase::new(PASSPHRASE.into()),
        ca_pin: None,
    };
    server::serve(config, Arc::new(Console::new()), |ready| println!("\nlistening {}", ready.addr)).unwrap();
}

pub struct Process {
    child: Child,
    pub base: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server in a process of its own, with more in its environment.
pub fn started(data: &Path, log: &Path, environment: &[(&str, &str)]) -> Process {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["server::logs::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(DATA, data)
        .env(LOG, log)
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let addr = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("listening ").map(str::to_owned));
    Process { child, base: format!("http://{}", addr.expect("the child listens")) }
}

#[test]
fn no_secret_is_in_the_log() {
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    let log = lab.directory.path().join("log");
    let process = started(&lab.data(), &log, &[]);
    lab.elsewhere(&process.base);
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    let card_id = Uuid::new_v4();
    let smartcard = lab.assign(&alice, &request, card_id);
    let card = format!("{API}/requests/{request}/smartcards/{smartcard}");
    let key = lab.get(&alice, &format!("{card}/diversifiedkey?cardid={card_id}")).ok();
    let query = format!("cardid={card_id}&challenge=0102030405060708&diversified=true");
    let response = lab.get(&alice, &format!("{card}/authenticationresponse?{query}")).ok();
    let puk =
        lab.get(&alice, &format!("{EXTENSION}/requests/{request}/smartcards/{smartcard}/puk?cardid={card_id}")).ok();
    let issued = lab.certificatedata(&alice, &request, &new_csr()).ok();
    lab.complete(&alice, &request).ok();
    let refused = lab.get(&alice, &format!("{API}/requests/{}", Uuid::new_v4()));
    drop(process);

    let log = std::fs::read_to_string(&log).unwrap();
    let in_hex = |base64: &Value| {
        use base64::Engine;
        hex::encode(base64::engine::general_purpose::STANDARD.decode(base64.as_str().unwrap()).unwrap())
    };
    let secrets = [
        alice.token.clone(),
        key.as_str().unwrap().to_owned(),
        in_hex(&key),
        response.as_str().unwrap().to_owned(),
        in_hex(&response),
        puk["Next"].as_str().unwrap().to_owned(),
        "0102030405060708".to_owned(),
        PASSPHRASE.to_owned(),
    ];
    for secret in secrets {
        assert!(!log.to_lowercase().contains(&secret.to_lowercase()), "{secret} is in the log");
    }
    let id = refused.json()["CorrelationId"].as_str().unwrap().to_owned();
    assert!(log.lines().any(|line| line.contains(&id) && line.contains("not-found")), "the refusal is in the log");
    assert!(log.contains("admin key given out") && log.contains("PUK given out") && issued[0]["isPkcs7"] == true);
}

#[test]
fn no_credential_is_in_the_log_or_in_a_refusal() {
    let (realm, key) = (Realm::new("LAB.TEST"), oidc::key("one"));
    let issuer = oidc::Issuer::new(&[&key]);
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    let negotiate = negotiate::settings(&realm, "LAB.TEST", "user_by = \"local-part\"");
    identity::append(&lab, &(issuer.settings(&lab, "") + &negotiate + "[identity.session]\n"));
    let log = lab.directory.path().join("log");
    let process = started(&lab.data(), &log, &[]);
    lab.elsewhere(&process.base);
    let alice = lab.user("alice", &[]);
    let past = lab.user_until("past", &[], time::OffsetDateTime::now_utc() - time::Duration::days(1));
    let renewed = lab.post(&alice, &format!("{EXTENSION}/token/renew"), serde_json::json!({})).ok();
    let good = oidc::token(&key, &oidc::claims());
    identity::whoami(&lab, &good).ok();
    realm.log_in("alice", "1h");
    let (status, _, seen) = negotiate::curl(&realm, &[&negotiate::url(&lab, &format!("{EXTENSION}/whoami"))]);
    assert_eq!(status, 200, "{seen}");
    let ticket = crate::support::kerberos::shown(&seen);
    let cookie = seen.split_once("__Host-cardwright=").unwrap().1.split(';').next().unwrap().to_owned();
    assert_eq!(identity::raw(&lab, &format!("Cookie: __Host-cardwright={cookie}\r\n")).0, 200);
    let mut refusals = String::new();
    for lines in [
        format!("Authorization: Negotiate {ticket}\r\n"),
        format!("Authorization: Bearer {}\r\n", past.token),
        format!("Authorization: Bearer {}almost\r\n", alice.token),
        format!("Authorization: Bearer {good}almost\r\n"),
        format!("Authorization: Basic {}\r\n", alice.token),
        format!("Cookie: __Host-cardwright={cookie}almost\r\n"),
        format!("Cookie: __Host-cardwright={cookie}\r\nOrigin: https://evil.test\r\n"),
    ] {
        let (status, answer) = identity::raw(&lab, &lines);
        assert!(status >= 400, "{lines}");
        refusals += &answer;
    }
    drop(process);
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("TRACE") && log.contains("a Kerberos token was refused"));
    let signature = good.rsplit('.').next().unwrap();
    let bearer = renewed["Bearer"].as_str().unwrap();
    for secret in [&alice.token, &past.token, bearer, &good, signature, &ticket, &ticket[600..], &cookie] {
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(!refusals.contains(secret), "{secret} is in a refusal");
    }
}

/// One enrollment after the other, until the server is gone; what was acknowledged is written down.
fn load(lab: &Lab, person: &Person, acknowledged: &Mutex<Vec<(String, Vec<u8>, Value)>>, ended: &AtomicBool) {
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        while !ended.load(Ordering::Relaxed) {
            let request = lab.enroll_request(person);
            lab.assign(person, &request, Uuid::new_v4());
            let der = csr(&key);
            let issued = lab.certificatedata(person, &request, &der);
            if issued.status == 200 {
                acknowledged.lock().unwrap().push((request, der, issued.json()));
            }
        }
    }));
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9_under_load() {
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    let log = lab.directory.path().join("log");
    let mut process = started(&lab.data(), &log, &[]);
    lab.elsewhere(&process.base);
    let alice = lab.user("alice", &[]);
    let (acknowledged, ended) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| load(&lab, &alice, &acknowledged, &ended));
        }
        let begun = Instant::now();
        while acknowledged.lock().unwrap().len() < 100 && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(5));
        }
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        ended.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= 100, "{} were acknowledged", acknowledged.len());
    lab.start();
    for (request, der, issued) in &acknowledged {
        assert_eq!(lab.certificatedata(&alice, request, der).ok(), *issued, "the very same answer");
        lab.complete(&alice, request).ok();
    }
}

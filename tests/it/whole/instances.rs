//! Two servers behind a proxy on one PostgreSQL: one is killed under load, and nobody loses what was acknowledged.

use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::{Value, json};

use super::lists_the_leaf_alone;
use crate::support::postgres::{BROKEN_LOG, Database};
use crate::support::site::{API, Site, certificate_body, last_segment};

const CLIENTS: usize = 8;
const CARDS: usize = 8;
/// Cards that are finished when the server is killed.
const KILLED_AFTER: usize = CLIENTS * 2;
const PATIENCE: Duration = Duration::from_secs(120);

/// One more server beside the site's own; killed when dropped.
struct Second(Child);

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Takes connections and gives them to the servers in turn, to another one where one does not answer.
fn proxy(servers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (turn, client) in listener.incoming().flatten().enumerate() {
            let order = (0..servers.len()).map(|step| &servers[(turn + step) % servers.len()]);
            let Some(server) = order.filter_map(|server| TcpStream::connect(server).ok()).next() else { continue };
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server.try_clone().unwrap(), client.try_clone().unwrap()),
            ] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                    let _ = from.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    origin
}

/// Makes a call until it is answered: a lost connection, a busy server and a lost race are reasons to repeat it.
fn send(site: &Site, verb: &str, path: &str, body: &Value) -> Value {
    let since = Instant::now();
    loop {
        let body = body.to_string();
        let answer = site.call(Some(site.bearer("alice")), verb, &format!("{API}/{path}"), Some(body.as_bytes()));
        match answer {
            Ok(answer) if answer.status / 100 == 2 => return serde_json::from_slice(&answer.body).unwrap_or_default(),
            // What was done although its answer was lost.
            Ok(answer) if verb == "PUT" && answer.text().contains("request-not-executable") => return Value::Null,
            Ok(answer) => assert!(
                answer.status == 503 || answer.json()["Code"] == "conflict",
                "{verb} {path}: {} {}",
                answer.status,
                answer.text()
            ),
            Err(_) => {}
        }
        assert!(since.elapsed() < PATIENCE, "{verb} {path} is never answered");
        std::thread::sleep(Duration::from_millis(20));
    }
}

struct Told {
    request: String,
    csr: Vec<u8>,
    issued: Value,
}

/// Enrolls a card from request to completion.
fn enroll(site: &Site) -> Told {
    let order = json!({
        "profiletemplateuuid": site.template_uuid, "datacollection": "[]", "type": "Enroll", "comment": "load",
    });
    let request = last_segment(&send(site, "POST", "requests", &order));
    let card = json!({"requestid": request, "cardid": uuid::Uuid::new_v4(), "atr": ""});
    send(site, "POST", "smartcards", &card);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let csr = build(&RequestContent::default(), &key).unwrap().der().to_vec();
    let issued = send(site, "POST", &format!("requests/{request}/certificatedata"), &certificate_body(&csr));
    send(site, "PUT", &format!("requests/{request}"), &json!({"status": "Completed"}));
    Told { request, csr, issued }
}

#[test]
fn of_two_servers_one_is_killed_under_load_and_nothing_is_lost_or_issued_twice() {
    let database = Database::new();
    let mut site = Site::on(&database);
    site.person("alice", &[]);
    site.copy_directory("second");
    let (second, second_origin) = site.serve("second", "127.0.0.1:0");
    let _second = Second(second);
    let address = |origin: &str| origin.strip_prefix("https://").unwrap().to_owned();
    let own = std::mem::take(&mut site.origin);
    site.origin = proxy(vec![address(&own), address(&second_origin)]);

    let done = AtomicUsize::new(0);
    let told = Mutex::new(Vec::new());
    let first = rustix::process::Pid::from_raw(i32::try_from(site.server_id()).unwrap()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for _ in 0..CARDS {
                    let enrolled = enroll(&site);
                    told.lock().unwrap().push(enrolled);
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let since = Instant::now();
        while done.load(Ordering::SeqCst) < KILLED_AFTER {
            assert!(since.elapsed() < PATIENCE, "the servers do not get on");
            std::thread::sleep(Duration::from_millis(1));
        }
        rustix::process::kill_process(first, rustix::process::Signal::KILL).unwrap();
    });
    let told = told.into_inner().unwrap();
    assert_eq!(told.len(), CLIENTS * CARDS);
    let connections =
        "SELECT count(DISTINCT client_port) + count(*) FROM pg_stat_activity WHERE application_name = 'cardwright'";
    assert_ne!(database.sql(connections), "0");

    for Told { request, csr, issued } in &told {
        let found = site.get("alice", &format!("{API}/requests/{request}")).ok();
        assert_eq!(found["Status"], 8, "{found}");
        lists_the_leaf_alone(&site, "alice", &found, csr, issued);
    }
    let twice = "SELECT count(*) FROM (SELECT request FROM certificates GROUP BY request HAVING count(*) > 1) AS twice";
    assert_eq!(database.sql(twice), "0");
    let both = "SELECT (SELECT count(*) FROM certificates), \
                (SELECT count(*) FROM audit WHERE record::json ->> 'act' = 'certificate-issued')";
    let counted = database.sql(both);
    let (certificates, acts) = counted.split_once('|').unwrap();
    assert_eq!(certificates, acts, "each certificate has its act in the log, and each act its certificate");
    assert_eq!(database.sql(BROKEN_LOG), "0");
    assert_eq!(database.sql("SELECT count(*) FROM pg_locks WHERE NOT granted"), "0");

    // The one that was killed comes back; a server of another CA is refused.
    site.kill_server();
    site.origin = own;
    site.start();
    site.get("alice", &format!("{API}/requests/{}", told[0].request)).ok();
}

#[test]
fn a_server_with_other_keys_is_refused_by_the_database() {
    let database = Database::new();
    let mut site = Site::on(&database);
    site.kill_server();
    let other = site.program.path("other").display().to_string();
    let mut init = site.program.command(["--json", "server", "init", &other]);
    let made = crate::support::program::end(init.env("CARDWRIGHT_PASSPHRASE", crate::support::site::PASSPHRASE));
    assert!(made.success(), "{made:?}");
    let settings = site.program.path("other/server.toml");
    std::fs::copy(site.program.path("server/server.toml"), settings).unwrap();
    let serve = || {
        let mut serve = site.program.command(["--json", "serve", &other, "--listen", "127.0.0.1:0"]);
        crate::support::program::end(serve.env("CARDWRIGHT_PASSPHRASE", crate::support::site::PASSPHRASE))
    };
    let refused = serve();
    assert!(!refused.success() && format!("{refused:?}").contains("the CA's key is not the one"), "{refused:?}");
    for file in ["ca.key.pem", "ca.cer.pem"] {
        std::fs::copy(site.program.path(&format!("server/{file}")), site.program.path(&format!("other/{file}")))
            .unwrap();
    }
    let refused = serve();
    assert!(!refused.success() && format!("{refused:?}").contains("the master key is not the one"), "{refused:?}");
}

#[test]
fn a_server_that_lacks_a_template_of_the_others_says_so() {
    let database = Database::new();
    let mut site = Site::on(&database);
    site.kill_server();
    let template = std::fs::read_dir(site.program.path("server/templates")).unwrap().flatten().next().unwrap().path();
    let text = std::fs::read_to_string(&template).unwrap();
    std::fs::write(&template, text.replace(&site.template_uuid, &uuid::Uuid::new_v4().to_string())).unwrap();
    site.start();
    assert!(site.log().contains("this one lacks it") && site.log().contains("Smart card logon"), "{}", site.log());
    site.kill_server();
    std::fs::write(&template, text.replace("validity_days = 365", "validity_days = 300")).unwrap();
    let mut serve = site.program.command(["--json", "serve", &site.program.path("server").display().to_string()]);
    let serve = serve.env("CARDWRIGHT_PASSPHRASE", crate::support::site::PASSPHRASE);
    let told = crate::support::program::end(serve).told();
    assert_eq!((told.exit, told.code.as_str()), (2, "template-differs"), "{told:?}");
}

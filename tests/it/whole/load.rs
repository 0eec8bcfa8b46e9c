//! `kill -9` of the server under load, at a random moment: whatever it acknowledged is there when it is started again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::{Value, json};

use super::lists_the_leaf_alone;
use crate::support::site::{API, Answer, Site, certificate_body, last_segment};

const CLIENTS: usize = 16;
const KILLS: u32 = 5;
/// Cards a client has for each life of the server.
const CARDS: usize = 40;
/// Calls that are acknowledged before the server is killed: at least so many that some have certificates, at most so
/// many that no client is through with its cards.
const MOMENTS: std::ops::Range<usize> = CLIENTS * 4..CLIENTS * CARDS;
const PATIENCE: Duration = Duration::from_secs(120);

/// A load on the server that ends when it is killed.
#[derive(Default)]
struct Load {
    acknowledged: AtomicUsize,
    over: AtomicBool,
}

impl Load {
    /// Returns when so many calls were acknowledged.
    fn reaches(&self, moment: usize) {
        let since = Instant::now();
        while self.acknowledged.load(Ordering::SeqCst) < moment {
            assert!(since.elapsed() < PATIENCE, "the server acknowledged {:?} calls of {moment}", self.acknowledged);
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

/// What one client was told before the server died.
#[derive(Default)]
struct Acknowledged {
    requests: Vec<String>,
    /// Request, card and certification request, with the answer that came.
    assigned: Vec<(String, String)>,
    issued: Vec<(String, Vec<u8>, Value)>,
    completed: Vec<String>,
}

/// The body of an answer that says yes; `None` when the server is gone.
fn yes(answer: Result<Answer, ureq::Error>) -> Option<Value> {
    let answer = answer.ok()?;
    // A server that is dying may refuse for a reason of its own, but acknowledges nothing then.
    (answer.status / 100 == 2).then(|| answer.json())
}

/// Enrolls cards by hand until the server is gone; alternates with requests that are only made.
fn work(site: &Site, person: &str, csrs: &[Vec<u8>], load: &Load) -> Acknowledged {
    let bearer = Some(site.bearer(person));
    let send = |verb: &str, path: String, body: &Value| {
        let said = yes(site.call(bearer, verb, &format!("{API}/{path}"), Some(body.to_string().as_bytes())))?;
        load.acknowledged.fetch_add(1, Ordering::SeqCst);
        Some(said)
    };
    let order = json!({
        "profiletemplateuuid": site.template_uuid, "datacollection": "[]", "type": "Enroll", "comment": "load",
    });
    let mut told = Acknowledged::default();
    for csr in csrs {
        if load.over.load(Ordering::SeqCst) {
            break;
        }
        let Some(location) = send("POST", "requests".into(), &order) else { break };
        let request = last_segment(&location);
        told.requests.push(request.clone());
        let card_id = uuid::Uuid::new_v4().to_string();
        let card = json!({"requestid": request, "cardid": card_id, "atr": ""});
        if send("POST", "smartcards".into(), &card).is_none() {
            break;
        }
        told.assigned.push((request.clone(), card_id));
        let Some(issued) = send("POST", format!("requests/{request}/certificatedata"), &certificate_body(csr)) else {
            break;
        };
        told.issued.push((request.clone(), csr.clone(), issued));
        let path = format!("requests/{request}");
        let Some(_) = send("PUT", path, &json!({"status": "Completed"})) else { break };
        told.completed.push(request);
    }
    told
}

fn is_all_there(site: &Site, person: &str, told: &Acknowledged) {
    for request in &told.requests {
        let found = site.get(person, &format!("{API}/requests/{request}")).ok();
        let completed = told.completed.contains(request);
        assert!(!completed || found["Status"] == 8, "{found}");
    }
    for (request, card_id) in &told.assigned {
        let card = site.get(person, &format!("{API}/smartcards?cardid={card_id}")).ok();
        let found = site.get(person, &format!("{API}/requests/{request}")).ok();
        assert_eq!(found["NewSmartcardUuid"], card["Uuid"]);
    }
    for (request, csr, issued) in &told.issued {
        let found = site.get(person, &format!("{API}/requests/{request}")).ok();
        lists_the_leaf_alone(site, person, &found, csr, issued);
        // A request that is not completed yet gives the very same answer again.
        if found["Status"] != 8 {
            assert_eq!(site.certificatedata(person, request, csr).ok(), *issued);
        }
    }
}

#[test]
fn a_server_killed_under_load_has_everything_it_acknowledged() {
    // A person of this test is issued more in a minute than anybody in a day.
    let mut site = Site::with_settings("\n[people]\ncertificates_per_day = 0\n", |template| template);
    let mut certified = 0;
    for life in 0..KILLS {
        // What a killed server leaves open counts against a person's limit.
        let person = format!("alice{life}");
        site.person(&person, &[]);
        let csr = || build(&RequestContent::default(), &MemoryKey::generate(KeyAlgorithm::P256).unwrap()).unwrap();
        let csrs: Vec<Vec<Vec<u8>>> =
            (0..CLIENTS).map(|_| (0..CARDS).map(|_| csr().der().to_vec()).collect()).collect();
        let load = Load::default();
        let moment = MOMENTS.start + usize::from(uuid::Uuid::new_v4().as_fields().1) % MOMENTS.len();
        let server = rustix::process::Pid::from_raw(i32::try_from(site.server_id()).unwrap()).unwrap();
        let told: Vec<Acknowledged> = std::thread::scope(|scope| {
            let clients: Vec<_> = csrs.iter().map(|csrs| scope.spawn(|| work(&site, &person, csrs, &load))).collect();
            load.reaches(moment);
            rustix::process::kill_process(server, rustix::process::Signal::KILL).unwrap();
            load.over.store(true, Ordering::SeqCst);
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        site.kill_server();
        site.start();
        told.iter().for_each(|told| is_all_there(&site, &person, told));
        certified += told.iter().map(|told| told.issued.len()).sum::<usize>();
    }
    assert!(certified >= CLIENTS, "only {certified} certificates were acknowledged");
    site.stop_server();
}

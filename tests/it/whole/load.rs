//! `kill -9` of the server under load: whatever it acknowledged is there when it is started again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{CertificationRequest, KeyAlgorithm, MemoryKey, cmc};
use serde_json::{Value, json};

use crate::support::site::{API, Answer, Site, certificate_body, last_segment, pkcs7};

const CLIENTS: usize = 16;
const KILLS: u32 = 3;
/// Until the server is killed, from the first call.
const LOAD: Duration = Duration::from_millis(900);

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
fn work(site: &Site, csrs: &[Vec<u8>], over: &AtomicBool) -> Acknowledged {
    let bearer = Some(site.bearer("alice"));
    let send = |verb: &str, path: String, body: &Value| {
        yes(site.call(bearer, verb, &format!("{API}/{path}"), Some(body.to_string().as_bytes())))
    };
    let order = json!({
        "profiletemplateuuid": site.template_uuid, "datacollection": "[]", "type": "Enroll", "comment": "load",
    });
    let mut told = Acknowledged::default();
    for csr in csrs {
        if over.load(Ordering::Relaxed) {
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

fn is_all_there(site: &Site, told: &Acknowledged) {
    for request in &told.requests {
        let found = site.get("alice", &format!("{API}/requests/{request}")).ok();
        let completed = told.completed.contains(request);
        assert!(!completed || found["Status"] == 8, "{found}");
    }
    for (request, card_id) in &told.assigned {
        let card = site.get("alice", &format!("{API}/smartcards?cardid={card_id}")).ok();
        let found = site.get("alice", &format!("{API}/requests/{request}")).ok();
        assert_eq!(found["NewSmartcardUuid"], card["Uuid"]);
    }
    for (request, csr, issued) in &told.issued {
        let found = site.get("alice", &format!("{API}/requests/{request}")).ok();
        let card = found["NewSmartcardUuid"].as_str().unwrap();
        let listed = site.get("alice", &format!("{API}/smartcards/{card}/certificates")).ok();
        let key = CertificationRequest::from_der(csr).unwrap();
        let leaf = cmc::read(&pkcs7(issued)).unwrap().leaf_for(key.public_key()).unwrap().serial();
        assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
        assert_eq!(listed[0]["SerialNumber"], leaf);
        // A request that is not completed yet gives the very same answer again.
        if found["Status"] != 8 {
            assert_eq!(site.certificatedata("alice", request, csr).ok(), *issued);
        }
    }
}

#[test]
fn a_server_killed_under_load_has_everything_it_acknowledged() {
    let mut site = Site::new();
    site.person("alice", &[]);
    let mut certified = 0;
    for _ in 0..KILLS {
        let csr = || build(&RequestContent::default(), &MemoryKey::generate(KeyAlgorithm::P256).unwrap()).unwrap();
        let csrs: Vec<Vec<Vec<u8>>> = (0..CLIENTS).map(|_| (0..40).map(|_| csr().der().to_vec()).collect()).collect();
        let over = AtomicBool::new(false);
        let server = rustix::process::Pid::from_raw(i32::try_from(site.server_id()).unwrap()).unwrap();
        let told: Vec<Acknowledged> = std::thread::scope(|scope| {
            let clients: Vec<_> = csrs.iter().map(|csrs| scope.spawn(|| work(&site, csrs, &over))).collect();
            std::thread::sleep(LOAD);
            rustix::process::kill_process(server, rustix::process::Signal::KILL).unwrap();
            over.store(true, Ordering::Relaxed);
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        site.kill_server();
        site.start();
        let acknowledged: usize = told.iter().map(|told| told.requests.len()).sum();
        assert!(acknowledged >= CLIENTS, "only {acknowledged} requests were acknowledged");
        told.iter().for_each(|told| is_all_there(&site, told));
        certified += told.iter().map(|told| told.issued.len()).sum::<usize>();
    }
    assert!(certified >= CLIENTS, "only {certified} certificates were acknowledged");
    site.stop_server();
}

//! Results of a desk run: compared with the server's records, signed so that OpenSSL verifies them, and an act of the log.

use super::support::{EXTENSION, Lab};
use serde_json::{Value, json};
use std::process::Command;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const RESULTS: &str = "/CertificateManagement/api/cardwright/v1/desk/results";

fn moment(at: OffsetDateTime) -> String {
    cardwright::cm::wire::moment_text(at)
}

/// Does OpenSSL take the signature of `document`?
fn verifies(lab: &Lab, signed: &Value, document: &str) -> bool {
    let der: String = signed["Signature"].as_str().unwrap().split_whitespace().collect();
    let file = |name: &str, bytes: &[u8]| {
        let path = lab.directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let signature = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, der).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-out", "/dev/null", "-in"]);
    openssl.arg(file("results.p7s", &signature)).arg("-content").arg(file("results.json", document.as_bytes()));
    openssl.arg("-CAfile").arg(lab.data().join("ca.cer.pem")).output().unwrap().status.success()
}

#[test]
fn what_a_desk_has_made_is_signed_where_the_server_knows_it_so() {
    let lab = Lab::plain(|text| text.replacen("enrollment_agents = []", "enrollment_agents = [\"group:desk\"]", 1));
    let (alice, dora) = (lab.user("alice", &[]), lab.user("dora", &["desk"]));
    let (auditor, eve) = (lab.user("ann", &["auditors"]), lab.user("eve", &[]));
    let made = lab.enrolled(&alice);
    let open = lab.enroll_request(&alice);
    let now = OffsetDateTime::now_utc();
    let row = json!({
        "Person": "alice", "Request": made.request, "CardId": made.card_id, "Serial": "", "Outcome": "Completed",
        "At": moment(now), "Workstation": "desk-3",
    });
    let skipped = json!({"Person": "alice", "Request": open, "Outcome": "Skipped", "At": moment(now)});
    let send = |who, rows: &[&Value]| lab.post(who, RESULTS, json!({"Rows": rows}));
    let signed = send(&dora, &[&row, &skipped]);
    assert_eq!(signed.status, 201);
    let signed = signed.json();
    let document = signed["Document"].as_str().unwrap();
    let read: Value = serde_json::from_str(document).unwrap();
    assert_eq!((&read["By"], &read["Rows"][0]["Workstation"]), (&json!("dora"), &json!("desk-3")));
    assert_eq!((read["Rows"].as_array().unwrap().len(), &read["Uuid"]), (2, &signed["Uuid"]));
    assert!(verifies(&lab, &signed, document));
    assert!(!verifies(&lab, &signed, &document.replace("desk-3", "desk-4")));
    // The act says the same digest, at the place that was told.
    let (chain, number) = (signed["Chain"].as_u64().unwrap(), signed["Number"].as_u64().unwrap());
    let path = format!("{EXTENSION}/audit?chain={chain}&after={}&limit=1", number - 1);
    let act = lab.get(&auditor, &path).ok()[0]["Record"].as_str().unwrap().to_owned();
    let act: Value = serde_json::from_str(&act).unwrap();
    assert_eq!((&act["act"], &act["evidence"]["sha256"]), (&json!("desk-results"), &signed["Sha256"]));
    let path = format!("{RESULTS}/{}", signed["Uuid"].as_str().unwrap());
    assert_eq!((&lab.get(&dora, &path).ok(), &lab.get(&auditor, &path).ok()), (&signed, &signed));
    for who in [&alice, &eve] {
        assert_eq!(lab.get(who, &path).refusal(), (404, "not-found".into()));
    }

    // One row that the server knows otherwise, and nothing is signed; the refusal names it and why.
    let with = |key: &str, value: Value| {
        let mut row = row.clone();
        row[key] = value;
        row
    };
    for (wrong, why) in [
        (with("Person", json!("dora")), "another person"),
        (with("Request", json!(Uuid::new_v4())), "no such request"),
        (with("Request", json!(open)), "not completed"),
        (with("CardId", json!(Uuid::new_v4())), "another card"),
        (with("Outcome", json!("Failed")), "is completed"),
        (with("At", json!(moment(now - Duration::days(1)))), "before the request"),
        (with("At", json!(moment(now + Duration::days(1)))), "to be done yet"),
    ] {
        let answer = send(&dora, &[&row, &wrong]);
        let message = answer.json()["Message"].as_str().unwrap().to_owned();
        assert!(message.contains("row 2") && message.contains(why), "{why}: {message}");
        assert_eq!(answer.refusal(), (409, "desk-row".into()), "{why}");
    }
    assert_eq!(send(&eve, &[&row]).refusal(), (409, "desk-row".into()), "she sees no such request");
    let many: Vec<&Value> = std::iter::repeat_n(&skipped, 1001).collect();
    assert_eq!(send(&dora, &many).refusal(), (400, "bad-field".into()));
    assert_eq!(send(&dora, &[]).refusal(), (400, "bad-field".into()));
}

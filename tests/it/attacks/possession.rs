//! What shows an old key is judged by a stranger, what stands in for it is somebody else's word, and an archived key is
//! nobody's proof.

use super::site::{ask, enrolled, possession, show, site, software_key};
use crate::server::support::{API, EXTENSION, csr};
use crate::server::workflow::keyed::{Brought, PASSWORD};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::Signer;
use serde_json::json;
use std::process::Command;
use uuid::Uuid;

#[test]
fn openssl_verifies_what_the_log_has_kept_of_an_old_key() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let victor = lab.user("victor", &[]);
    let card = enrolled(&lab, &victor, &boris);
    let renewal = ask(&lab, &victor, "Renew", &card.smartcard);
    show(&lab, &victor, &renewal, &card.certificate, &card.key).ok();
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let read = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let act: serde_json::Value =
        serde_json::from_str(&read("SELECT record FROM audit WHERE record LIKE '%\"old-key-shown\"%'")).unwrap();
    let told = |name: &str| {
        let named = act["evidence"].as_object().map(|map| map[name].as_str().unwrap().to_owned());
        named.unwrap_or_else(|| panic!("{act}"))
    };
    let file = |name: &str, content: &[u8]| {
        let path = lab.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let public = Command::new("openssl")
        .args(["x509", "-noout", "-pubkey", "-in"])
        .arg(file("old.pem", card.certificate.to_pem().as_bytes()))
        .output()
        .unwrap();
    let judged = |text: &str| {
        let mut verify = Command::new("openssl");
        verify.args(["dgst", "-sha256", "-verify"]).arg(file("old.pub", &public.stdout));
        verify.arg("-signature").arg(file("signature", &hex::decode(told("signature")).unwrap()));
        verify.arg(file("text", text.as_bytes())).output().unwrap().status.success()
    };
    let text = told("signed");
    assert!(text.starts_with("cardwright, proof of possession of an old key") && text.contains(&renewal), "{text}");
    assert!(judged(&text));
    assert!(!judged(&text.replace("Renew", "Recover")));
}

#[test]
fn an_approval_stands_in_for_a_key_that_is_lost() {
    let lab = site(|template| template);
    let [boris, anna] = ["boris", "anna"].map(|name| lab.user(name, &["approvers"]));
    let victor = lab.user("victor", &[]);
    let card = enrolled(&lab, &victor, &boris);
    let renewal = ask(&lab, &victor, "Renew", &card.smartcard);
    let foresight = || lab.get(&victor, &format!("{EXTENSION}/requests/{renewal}/foresight")).ok();
    assert_eq!(foresight()["PossessionDemanded"], true);
    let hand_in = || lab.certificatedata(&victor, &renewal, &csr(&software_key()));
    assert_eq!(hand_in().refusal().1, "possession-needed");
    let approve = format!("{EXTENSION}/requests/{renewal}/approve");
    assert_eq!(lab.post(&boris, &approve, json!({"Comment": "seen in person"})).ok()["Status"], 3);
    assert_eq!(lab.post(&boris, &approve, json!({})).refusal().1, "already-approved");
    assert_eq!(foresight()["PossessionDemanded"], false);
    hand_in().ok();
    // Once certificates are issued, nothing is left to be approved.
    assert_eq!(lab.post(&anna, &approve, json!({})).refusal().1, "request-not-executable");
    // Nor is it of a request that has no old key.
    let enroll = lab.enroll_request(&victor);
    let approve = format!("{EXTENSION}/requests/{enroll}/approve");
    assert_eq!(lab.post(&boris, &approve, json!({})).ok()["Status"], 3);
    assert_eq!(lab.post(&anna, &approve, json!({})).refusal().1, "request-not-executable");
}

#[test]
fn who_asks_approves_nothing_in_place_of_a_key() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let mallory = lab.user("mallory", &["operators", "approvers"]);
    let victor = lab.user("victor", &[]);
    let card = enrolled(&lab, &victor, &boris);
    let renewal = ask(&lab, &mallory, "Renew", &card.smartcard);
    let approve = format!("{EXTENSION}/requests/{renewal}/approve");
    assert_eq!(lab.post(&mallory, &approve, json!({})).refusal().1, "self-approval");
    assert_eq!(lab.certificatedata(&mallory, &renewal, &csr(&software_key())).refusal().1, "possession-needed");
}

/// Whoever executes a request is given the keys that the server makes, and others may be given archived ones later.
#[test]
fn a_key_that_the_server_made_shows_nothing() {
    let further = "[[additional_certificates]]\nkey = { generate = \"P-256\", generated_by = \"server\", archive = true }\n\
                   certificate = { template_name = \"Second\", key_usages = [\"digitalSignature\"], \
                   extended_key_usages = [\"emailProtection\"], validity_days = 30 }\n\n[revocation]\n";
    let lab = site(|template| {
        let template = template.replacen("\n[revocation]\n", &format!("\n{further}"), 1);
        template.replacen("approvals_needed = 1", "approvals_needed = 0", 1)
    });
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["operators"]);
    let request = lab.enroll_request(&alice);
    let smartcard = lab.assign(&agent, &request, Uuid::new_v4());
    let body = json!({
        "pfxpassword": PASSWORD, "certificaterequests": [STANDARD.encode(csr(&software_key()))], "comments": "",
    });
    let given = lab.post(&agent, &format!("{API}/requests/{request}/certificatedata"), body).ok();
    lab.complete(&agent, &request).ok();
    let (key, certificate) = Brought::opened(&given[1]);
    let renewal = ask(&lab, &agent, "Renew", &smartcard);
    let body = possession(&lab, &agent, &renewal, &certificate.thumbprint_sha1(), &key);
    let shown = lab.post(&agent, &format!("{EXTENSION}/requests/{renewal}/possession"), body);
    assert_eq!(shown.refusal(), (409, "possession-of-other-key".to_owned()));
    assert!(certificate.is_for(key.public_key()));
}

/// A thief of the database writes that the old key was shown; its signature is none.
#[test]
fn a_row_that_says_so_shows_nothing() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let victor = lab.user("victor", &[]);
    let card = enrolled(&lab, &victor, &boris);
    let renewal = ask(&lab, &victor, "Renew", &card.smartcard);
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let request: Uuid = renewal.parse().unwrap();
    let row = (request.as_bytes().as_slice(), card.certificate.serial_bytes(), [7_u8; 64].as_slice(), 1);
    database.execute("INSERT INTO possessions (request, serial, signature, at) VALUES (?1, ?2, ?3, ?4)", row).unwrap();
    let refused = lab.certificatedata(&victor, &renewal, &csr(&software_key())).refusal();
    assert_eq!(refused, (409, "possession-of-other-key".to_owned()));
}

//! What shows an old key is judged by a stranger, what stands in for it is somebody else's word, and an archived key is
//! nobody's proof.

use super::site::{Card, alter, ask, bytes, enrolled, possession, read, show, site, software_key, uuid};
use crate::server::support::{API, Answer, EXTENSION, Lab, Person, csr};
use crate::server::workflow::keyed::{Brought, PASSWORD};
use crate::support::attesting::Maker;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{MemoryKey, Signer};
use serde_json::json;
use std::process::Command;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

#[test]
fn openssl_verifies_what_the_log_has_kept_of_an_old_key() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let victor = lab.user("victor", &[]);
    let card = enrolled(&lab, &victor, &boris);
    let renewal = ask(&lab, &victor, "Renew", &card.smartcard);
    show(&lab, &victor, &renewal, &card.certificate, &card.key).ok();
    let act = read(&lab, "SELECT record FROM audit WHERE record LIKE '%\"old-key-shown\"%'");
    let act: serde_json::Value = serde_json::from_str(&act).unwrap();
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
    let further = "[[additional_certificates]]\nkey = { generate = \"P-256\", generated_by = \"server\", pfx_rounds = 2000, archive = true }\n\
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
    let (request, serial) = (uuid(&lab, &renewal), bytes(&lab, &hex::encode(card.certificate.serial_bytes())));
    let row = format!("{request}, {serial}, {}, 1", bytes(&lab, &"07".repeat(64)));
    alter(&lab, &format!("INSERT INTO possessions (request, serial, signature, at) VALUES ({row})"));
    let refused = lab.certificatedata(&victor, &renewal, &csr(&software_key())).refusal();
    assert_eq!(refused, (409, "possession-of-other-key".to_owned()));
}

fn other_key() -> (u16, String) {
    (409, "possession-of-other-key".to_owned())
}

#[test]
fn an_old_key_counts_as_long_after_its_certificate_as_the_template_says() {
    let lab = site(|template| template.replacen("grace_days = 0", "grace_days = 2", 1));
    let boris = lab.user("boris", &["approvers"]);
    let victor = lab.user("victor", &[]);
    let card = enrolled(&lab, &victor, &boris);
    let (renewal, update) =
        (ask(&lab, &victor, "Renew", &card.smartcard), ask(&lab, &victor, "OnlineUpdate", &card.smartcard));
    let ended = |ago: Duration| {
        let end = (OffsetDateTime::now_utc() - ago).unix_timestamp() * 1_000_000;
        alter(&lab, &format!("UPDATE certificates SET not_after = {end}"));
    };
    let shown = |request: &str| show(&lab, &victor, request, &card.certificate, &card.key);
    let hand_in = || lab.certificatedata(&victor, &renewal, &csr(&software_key()));
    ended(Duration::days(2) + Duration::MINUTE);
    assert_eq!(shown(&renewal).refusal(), other_key());
    ended(Duration::days(2) - Duration::HOUR);
    assert_eq!(shown(&update).refusal(), other_key(), "another type of request has a grace of its own");
    shown(&renewal).ok();
    // Shown in time, and used after it.
    ended(Duration::days(2) + Duration::MINUTE);
    assert_eq!(hand_in().refusal(), other_key());
    ended(Duration::days(2) - Duration::HOUR);
    hand_in().ok();
}

/// The old key is at hand and was shown; then its certificate is revoked, or another request has put another in its
/// place.
#[test]
fn a_key_whose_certificate_is_over_when_the_new_one_is_issued_counts_no_more() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let operator = lab.user("operator", &["operators"]);
    let victor = lab.user("victor", &[]);
    let renewed = |card: &Card| {
        let renewal = ask(&lab, &victor, "Renew", &card.smartcard);
        show(&lab, &victor, &renewal, &card.certificate, &card.key).ok();
        renewal
    };
    let hand_in = |request: &str, key: &MemoryKey| lab.certificatedata(&victor, request, &csr(key));
    let (lost, updated, stolen) =
        (enrolled(&lab, &victor, &boris), enrolled(&lab, &victor, &boris), enrolled(&lab, &victor, &boris));
    let renewal = renewed(&lost);
    let revocation = ask(&lab, &operator, "Revoke", &lost.smartcard);
    lab.complete(&operator, &revocation).ok();
    // With what it was about, a request is closed.
    assert_eq!(hand_in(&renewal, &software_key()).refusal(), (409, "request-not-executable".into()));

    let renewal = renewed(&updated);
    let update = ask(&lab, &victor, "OnlineUpdate", &updated.smartcard);
    show(&lab, &victor, &update, &updated.certificate, &updated.key).ok();
    hand_in(&update, &software_key()).ok();
    lab.complete(&victor, &update).ok();
    assert_eq!(hand_in(&renewal, &software_key()).refusal(), (409, "request-not-executable".into()));

    // Nothing else than the certificate stands against it.
    let renewal = renewed(&stolen);
    let revoked = |state: &str| {
        let serial = hex::encode(stolen.certificate.serial_bytes());
        alter(&lab, &format!("UPDATE certificates SET revoked_at = {state} WHERE serial = {}", bytes(&lab, &serial)));
    };
    revoked("1, revocation_reason = 4");
    assert_eq!(hand_in(&renewal, &software_key()).refusal(), other_key());
    revoked("NULL, revocation_reason = NULL");
    hand_in(&renewal, &software_key()).ok();
}

/// A second key, of whose card nothing is demanded.
const UNATTESTED: &str = "[[additional_certificates]]\nkey = { generate = \"P-256\" }\ncertificate = { template_name = \
                          \"Second\", key_usages = [\"digitalSignature\"], extended_key_usages = [\"emailProtection\"], \
                          validity_days = 30 }\n\n[revocation]\n";

/// Enrolls with attested keys, then asks for a renewal.
fn attested(lab: &Lab, person: &Person, keys: &[(&MemoryKey, Vec<u8>)]) -> String {
    let request = lab.enroll_request(person);
    let smartcard = lab.assign(person, &request, Uuid::new_v4());
    said(lab, person, &request, keys).ok();
    lab.complete(person, &request).ok();
    ask(lab, person, "Renew", &smartcard)
}

/// Hands in keys, each with what a card says of it.
fn said(lab: &Lab, person: &Person, request: &str, keys: &[(&MemoryKey, Vec<u8>)]) -> Answer {
    let requests: Vec<_> = keys.iter().map(|(key, _)| STANDARD.encode(csr(key))).collect();
    let attestations: Vec<_> = keys.iter().map(|(_, said)| STANDARD.encode(said)).collect();
    let body = json!({"certificaterequests": requests, "comments": "", "attestations": attestations});
    lab.post(person, &format!("{API}/requests/{request}/certificatedata"), body)
}

#[test]
fn a_card_that_proves_to_have_made_old_and_new_keys_shows_no_old_one() {
    let maker = Maker::new("Maker");
    let open = |template: String| template.replacen("approvals_needed = 1", "approvals_needed = 0", 1);
    let demanded = |template: String| {
        let roots = format!("archive = false\nattestation_roots = \"\"\"\n{}\"\"\"\n", maker.root);
        open(template).replacen("archive = false", &roots, 1)
    };
    let (first, second, third) = (software_key(), software_key(), software_key());
    let by_maker = |key: &MemoryKey| maker.attests(key.public_key());

    let lab = site(demanded);
    let victor = lab.user("victor", &[]);
    let renewal = attested(&lab, &victor, &[(&first, by_maker(&first))]);
    let foresight = lab.get(&victor, &format!("{EXTENSION}/requests/{renewal}/foresight")).ok();
    assert_eq!(foresight["PossessionDemanded"], false);
    let stranger = Maker::new("Stranger").attests(second.public_key());
    let refused = said(&lab, &victor, &renewal, &[(&second, stranger)]).refusal();
    assert_eq!(refused, (400, "attestation-untrusted".to_owned()));
    // Whoever has found a bearer token has bought a card of the same make.
    let bought = maker.another_attests(second.public_key());
    let refused = said(&lab, &victor, &renewal, &[(&second, bought)]).refusal();
    assert_eq!(refused, (409, "possession-needed".to_owned()));
    said(&lab, &victor, &renewal, &[(&second, by_maker(&second))]).ok();

    // Where the template trusts no maker, anybody could be the one.
    let lab = site(open);
    let victor = lab.user("victor", &[]);
    let renewal = attested(&lab, &victor, &[(&first, by_maker(&first))]);
    let refused = said(&lab, &victor, &renewal, &[(&second, by_maker(&second))]).refusal();
    assert_eq!(refused, (409, "possession-needed".to_owned()));

    // Nor does one key that a card has made speak for another.
    let lab = site(|template| demanded(template).replacen("\n[revocation]\n", &format!("\n{UNATTESTED}"), 1));
    let victor = lab.user("victor", &[]);
    let renewal = attested(&lab, &victor, &[(&first, by_maker(&first)), (&second, Vec::new())]);
    let fresh = software_key();
    let refused = said(&lab, &victor, &renewal, &[(&third, by_maker(&third)), (&fresh, Vec::new())]).refusal();
    assert_eq!(refused, (409, "possession-needed".to_owned()));
}

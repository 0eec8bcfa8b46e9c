//! Keys that a card must have made: what it says of them is demanded, verified, kept and shown to auditors.

use super::support::{API, Answer, EXTENSION, Lab, Person, csr, new_csr};
use crate::support::attesting::Maker;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer};
use rcgen::BasicConstraints;
use serde_json::{Value, json};
use uuid::Uuid;

fn demanding(roots: &str) -> impl FnOnce(String) -> String {
    let line = format!("provider = \"x\"\nattestation_roots = \"\"\"\n{roots}\"\"\"\n");
    move |template| template.replacen("provider = \"Microsoft Smart Card Key Storage Provider\"", &line, 1)
}

fn key() -> MemoryKey {
    MemoryKey::generate(KeyAlgorithm::P256).unwrap()
}

fn begun(lab: &Lab, person: &Person) -> String {
    let request = lab.enroll_request(person);
    lab.assign(person, &request, Uuid::new_v4());
    request
}

fn hand_in(lab: &Lab, person: &Person, request: &str, key: &MemoryKey, said: Value) -> Answer {
    let body = json!({"certificaterequests": [STANDARD.encode(csr(key))], "comments": "", "attestations": said});
    lab.post(person, &format!("{API}/requests/{request}/certificatedata"), body)
}

fn base64(bytes: &[u8]) -> Value {
    json!([STANDARD.encode(bytes)])
}

/// The acts of the first chains that issued a certificate.
fn issued(lab: &Lab, auditor: &Person) -> Vec<Value> {
    let chains = lab.get(auditor, &format!("{EXTENSION}/audit/chains")).ok();
    let chains = chains.as_array().unwrap().iter().map(|chain| chain["Chain"].clone()).collect::<Vec<_>>();
    let acts = chains.iter().flat_map(|chain| {
        let acts = lab.get(auditor, &format!("{EXTENSION}/audit?chain={chain}")).json();
        acts.as_array().cloned().unwrap_or_default()
    });
    let records = acts.map(|act| serde_json::from_str::<Value>(act["Record"].as_str().unwrap()).unwrap());
    records.filter(|record| record["act"] == "certificate-issued").collect()
}

#[test]
fn what_a_card_says_of_its_key_is_demanded_and_kept_as_proof() {
    let maker = Maker::new("Maker");
    let lab = Lab::plain(demanding(&maker.root));
    let (alice, auditor) = (lab.user("alice", &[]), lab.user("audrey", &["auditors"]));
    let request = begun(&lab, &alice);
    let options = lab.get(&alice, &format!("{API}/requests/{request}/certificaterequestgenerationoptions")).ok();
    assert_eq!(options[0]["AttestationNeeded"], true);
    let key = key();
    let said = maker.attests(key.public_key());
    let first = hand_in(&lab, &alice, &request, &key, base64(&said)).ok();
    assert_eq!(hand_in(&lab, &alice, &request, &key, base64(&said)).ok(), first, "repeated: the same answer");

    let acts = issued(&lab, &auditor);
    let [act] = acts.as_slice() else { panic!("{acts:?}") };
    let evidence = &act["evidence"];
    assert_eq!(evidence["attestation"], STANDARD.encode(&said));
    assert_eq!((&evidence["attestation_proven"], &evidence["device_serial"]), (&json!("true"), &json!("4711")));
    assert_eq!(evidence["device_firmware"], "5.7.1");
    let serial = evidence["serial"].as_str().unwrap();
    let path = format!("{EXTENSION}/certificates/{serial}/attestation");
    let kept = lab.get(&auditor, &path).ok();
    assert_eq!((&kept["Proven"], &kept["Firmware"], &kept["Device"]), (&json!(true), &json!("5.7.1"), &json!("4711")));
    let chain: Vec<Certificate> = kept["Certificates"].as_array().unwrap().iter().map(read).collect();
    assert!(chain[0].is_for(key.public_key()) && chain[1].der() == maker.card);
    assert_eq!(lab.get(&alice, &path).refusal(), (403, "forbidden".into()));
    let other = format!("{EXTENSION}/certificates/00/attestation");
    assert_eq!(lab.get(&auditor, &other).refusal(), (404, "not-found".into()));
    for odd in ["xx", "0", &"00".repeat(21)] {
        let path = format!("{EXTENSION}/certificates/{odd}/attestation");
        assert_eq!(lab.get(&auditor, &path).refusal(), (400, "bad-parameter".into()), "{odd}");
    }
}

fn read(pem: &Value) -> Certificate {
    Certificate::from_pem(pem.as_str().unwrap()).unwrap()
}

#[test]
fn each_way_in_which_an_attestation_is_wrong_has_its_code_and_changes_nothing() {
    let (maker, stranger) = (Maker::new("Maker"), Maker::new("Stranger"));
    let impostor = Maker::new("Maker");
    let expired = Maker::until("Expired", -1, BasicConstraints::Constrained(0));
    let no_authority = Maker::new("Leaf");
    let roots = [&maker.root, &expired.root].map(String::as_str).concat();
    let lab = Lab::plain(demanding(&roots));
    let alice = lab.user("alice", &[]);
    let request = begun(&lab, &alice);
    let key = key();
    let public = key.public_key();
    let foreign = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let cut = &maker.attests(public)[..700];
    // A card's key that stands below a certificate which is no authority's.
    let below_a_leaf = [no_authority.statement(public, 30), maker.statement(foreign.public_key(), 30)].concat();
    let cases = [
        ("missing", json!([]), "attestation-missing"),
        ("null", Value::Null, "attestation-missing"),
        ("empty", json!([""]), "attestation-missing"),
        ("garbage", base64(b"garbage"), "attestation-unreadable"),
        ("cut off", base64(cut), "attestation-unreadable"),
        ("nesting alone", base64(&[0x30, 0x80].repeat(4000)), "attestation-unreadable"),
        ("a length that lies", base64(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]), "attestation-unreadable"),
        ("a certification request", base64(&new_csr()), "attestation-unreadable"),
        ("no attestation", base64(&[maker.silent(public), maker.card.clone()].concat()), "attestation-unreadable"),
        ("many certificates", base64(&maker.statement(public, 30).repeat(9)), "attestation-unreadable"),
        ("another key", base64(&maker.attests(foreign.public_key())), "attestation-other-key"),
        ("another root", base64(&stranger.attests(public)), "attestation-untrusted"),
        ("a root of the same name", base64(&impostor.attests(public)), "attestation-untrusted"),
        ("no chain", base64(&maker.statement(public, 30)), "attestation-untrusted"),
        ("a leaf above", base64(&below_a_leaf), "attestation-untrusted"),
        (
            "an expired statement",
            base64(&[maker.statement(public, -1), maker.card.clone()].concat()),
            "attestation-expired",
        ),
        ("an expired card", base64(&expired.attests(public)), "attestation-expired"),
        ("too long", base64(&vec![0x30; 16 * 1024 + 1]), "bad-field"),
        ("too many", json!(["", ""]), "bad-field"),
        ("not base64", json!(["?"]), "malformed-body"),
        ("not a list", json!("AAAA"), "malformed-body"),
    ];
    for (what, said, code) in cases {
        assert_eq!(hand_in(&lab, &alice, &request, &key, said).refusal(), (400, code.into()), "{what}");
    }
    assert_eq!(lab.get(&alice, &format!("{API}/certificates")).status, 204);
    hand_in(&lab, &alice, &request, &key, base64(&maker.attests(public))).ok();
}

#[test]
fn an_authority_in_between_may_be_what_a_template_trusts() {
    let maker = Maker::new("Maker");
    let trusted = Certificate::from_der(&maker.card).unwrap().to_pem();
    let lab = Lab::plain(demanding(&trusted));
    let alice = lab.user("alice", &[]);
    for whole in [true, false] {
        let (request, key) = (begun(&lab, &alice), key());
        let said = if whole { maker.attests(key.public_key()) } else { maker.statement(key.public_key(), 30) };
        hand_in(&lab, &alice, &request, &key, base64(&said)).ok();
    }
}

#[test]
fn what_nobody_demands_is_kept_unproven_if_it_is_about_the_key() {
    let maker = Maker::new("Maker");
    let lab = Lab::plain(|template| template);
    let (alice, auditor) = (lab.user("alice", &[]), lab.user("audrey", &["auditors"]));
    let (request, key, other) = (begun(&lab, &alice), key(), key());
    let refused = hand_in(&lab, &alice, &request, &key, base64(&maker.attests(other.public_key())));
    assert_eq!(refused.refusal(), (400, "attestation-other-key".into()));
    hand_in(&lab, &alice, &request, &key, base64(&maker.attests(key.public_key()))).ok();
    let plain = begun(&lab, &alice);
    lab.certificatedata(&alice, &plain, &new_csr()).ok();
    let acts = issued(&lab, &auditor);
    let proven: Vec<&Value> = acts.iter().map(|act| &act["evidence"]["attestation_proven"]).collect();
    assert_eq!(proven, [&json!("false"), &Value::Null]);
    let serial = |act: &Value| act["evidence"]["serial"].as_str().unwrap().to_owned();
    let path = |act: &Value| format!("{EXTENSION}/certificates/{}/attestation", serial(act));
    assert_eq!(lab.get(&auditor, &path(&acts[0])).ok()["Proven"], false);
    assert_eq!(lab.get(&auditor, &path(&acts[1])).refusal(), (404, "not-found".into()));
}

#[test]
fn a_template_names_authorities_or_is_refused() {
    let maker = Maker::new("Maker");
    let key = key();
    let leaf = Certificate::from_der(&maker.statement(key.public_key(), 30)).unwrap().to_pem();
    let parsed = |text: &str, more: &str| {
        let template = demanding(text)(super::support::TEMPLATE.replace("@UUID@", &Uuid::new_v4().to_string()));
        let template = template.replacen("[certificate]", &format!("{more}\n[certificate]"), 1);
        cardwright::template::ProfileTemplate::parse(std::path::Path::new("t.toml"), &template)
    };
    assert_eq!(parsed(&maker.root, "").unwrap().key.attestation_roots.len(), 1);
    for (text, more, problem) in [
        ("", "", "between 1 and 16 certificates"),
        ("nonsense", "", "not certificates in PEM"),
        (&leaf, "", "not the certificate of an authority"),
        (&maker.root.repeat(17), "", "between 1 and 16 certificates"),
        (&maker.root, "generated_by = \"server\"", "on no card"),
    ] {
        let refusal = parsed(text, more).expect_err(problem).to_string();
        assert!(refusal.contains("key.attestation_roots") && refusal.contains(problem), "{refusal}");
    }
}

//! What is certified and what is not; strangers verify the result.

use super::support::{API, Lab, Person, csr, new_csr, pkcs7};
use crate::support::site;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer, cmc};
use serde_json::{Value, json};
use std::process::Command;
use uuid::Uuid;

/// A request with a card, ready for a certification request.
fn ready(lab: &Lab, person: &Person) -> String {
    let request = lab.enroll_request(person);
    lab.assign(person, &request, Uuid::new_v4());
    request
}

fn microsofts_request() -> Vec<u8> {
    let text = include_str!("../../data/mim-cm/samples/certificatedata-request.json");
    let body: Value = serde_json::from_str(text).unwrap();
    let lines = body["certificaterequests"][0].as_str().unwrap().replace("\r\n", "");
    STANDARD.decode(lines).unwrap()
}

#[test]
fn a_request_that_breaks_the_template_is_refused_and_nothing_changes() {
    let lab = Lab::plain(|template| template.replace("minimum_size = 2048", "minimum_size = 3072"));
    let alice = lab.user("alice", &[]);
    let request = ready(&lab, &alice);
    let refusal = |der: &[u8]| lab.certificatedata(&alice, &request, der).refusal();
    let small = csr(&MemoryKey::generate(KeyAlgorithm::Rsa2048).unwrap());
    assert_eq!(refusal(&small), (400, "key-too-small".into()));
    let mut forged = new_csr();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(refusal(&forged), (400, "csr-signature".into()));
    assert_eq!(refusal(b"not a request"), (400, "csr-unreadable".into()));
    // Why it is refused is told: what is no DER, a key or a signature that nobody here knows.
    for (what, wanted) in [
        (&b"0\x03\x02\x01\x05"[..], "expected SEQUENCE"),
        (b"0\x82\x01\x00", "breaks off"),
        (&ed25519(), "1.3.101.112"),
    ] {
        let answer = lab.certificatedata(&alice, &request, what);
        let message = answer.json()["Message"].as_str().unwrap().to_owned();
        assert!(answer.status == 400 && message.contains(wanted), "{message}");
    }
    let none = json!({"certificaterequests": [], "comments": ""});
    let url = format!("{API}/requests/{request}/certificatedata");
    let armoured = |blocks: &[Vec<u8>]| {
        let block = |der: &Vec<u8>| {
            let lines = STANDARD.encode(der);
            format!("-----BEGIN CERTIFICATE REQUEST-----\n{lines}\n-----END CERTIFICATE REQUEST-----\n")
        };
        let text: String = blocks.iter().map(block).collect();
        lab.post(&alice, &url, json!({"certificaterequests": [text], "comments": ""}))
    };
    let several = armoured(&[new_csr(), new_csr()]).json()["Message"].as_str().unwrap().to_owned();
    assert!(several.contains("more than one PEM block"), "{several}");
    assert_eq!(armoured(&[small]).refusal(), (400, "key-too-small".into()), "a PEM block is read");
    assert_eq!(lab.post(&alice, &url, none).refusal(), (400, "csr-count".into()));
    assert_eq!(lab.get(&alice, &format!("{API}/certificates")).status, 204);
    assert_eq!(lab.get(&alice, &format!("{API}/profiles")).status, 204);
    lab.certificatedata(&alice, &request, &new_csr()).ok();
}

/// A request for a kind of key that no template names.
fn ed25519() -> Vec<u8> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    rcgen::CertificateParams::default().serialize_request(&key).unwrap().der().to_vec()
}

#[test]
fn a_request_without_the_field_of_attributes_is_certified() {
    let lab = Lab::plain(|template| site::keys(template, "P-256"));
    let alice = lab.user("alice", &[]);
    let request = ready(&lab, &alice);
    let der = include_bytes!("../../data/csr/no-attributes-field.der");
    let issued = lab.certificatedata(&alice, &request, der).ok();
    let key = cardwright::pkix::CertificationRequest::from_der(der).unwrap();
    cmc::read(&pkcs7(&issued)).unwrap().leaf_for(key.public_key()).unwrap();
}

#[test]
fn sha1_is_accepted_only_where_the_template_names_it() {
    let strict = Lab::plain(|template| template);
    let alice = strict.user("alice", &[]);
    let request = ready(&strict, &alice);
    let refused = strict.certificatedata(&alice, &request, &microsofts_request());
    assert_eq!(refused.refusal(), (400, "hash-algorithm".into()));

    let old = Lab::plain(|template| template.replace("hash = \"SHA256\"", "hash = \"SHA1\""));
    let alice = old.user("alice", &[]);
    let request = ready(&old, &alice);
    let issued = old.certificatedata(&alice, &request, &microsofts_request()).ok();
    let response = cmc::read(&pkcs7(&issued)).unwrap();
    let key = cardwright::pkix::CertificationRequest::from_der(&microsofts_request()).unwrap();
    assert_eq!(response.leaf_for(key.public_key()).unwrap().subject(), "CN=alice");
}

#[test]
fn a_key_of_somebody_else_is_not_certified() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let mallory = lab.user("mallory", &[]);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let request = ready(&lab, &alice);
    lab.certificatedata(&alice, &request, &csr(&key)).ok();
    let request = ready(&lab, &mallory);
    assert_eq!(lab.certificatedata(&mallory, &request, &csr(&key)).refusal(), (409, "key-already-certified".into()));
}

#[test]
fn a_user_who_lacks_what_the_template_needs_is_told() {
    let lab = Lab::plain(|template| template.replace("# email = \"{User!email}\"", "email = \"{User!email}\""));
    let alice = lab.user("alice", &[]);
    let request = ready(&lab, &alice);
    let refused = lab.certificatedata(&alice, &request, &new_csr());
    assert!(refused.json()["Message"].as_str().unwrap().contains("the user has no email"));
    assert_eq!(refused.refusal(), (409, "user-attribute-missing".into()));
}

#[test]
fn many_who_hand_in_the_same_key_at_once_get_one_certificate() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let request = ready(&lab, &alice);
    let der = new_csr();
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| lab.certificatedata(&alice, &request, &der).ok())).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(lab.get(&alice, &format!("{API}/certificates")).ok().as_array().unwrap().len(), 1);
}

#[test]
fn openssl_accepts_certificate_and_answer_and_refuses_after_retirement() {
    let lab = Lab::plain(|template| template.replace("# upn =", "upn ="));
    let alice = lab.user("alice", &[]);
    let request = ready(&lab, &alice);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let issued = lab.certificatedata(&alice, &request, &csr(&key)).ok();
    lab.complete(&alice, &request).ok();
    let answer = pkcs7(&issued);
    let leaf = cmc::read(&answer).unwrap().leaf_for(key.public_key()).unwrap().clone();
    assert_eq!(leaf.alt_names().unwrap().upns, ["alice@example.test"]);

    let at = |name: &str| lab.directory.path().join(name);
    let ca = Certificate::from_der(&lab.call(None, "GET", "/pki/ca.cer", None).bytes).unwrap();
    std::fs::write(at("ca.pem"), ca.to_pem()).unwrap();
    std::fs::write(at("leaf.pem"), leaf.to_pem()).unwrap();
    std::fs::write(at("answer.der"), &answer).unwrap();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(lab.directory.path()).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout),
        )
    };
    let cms = [
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-in",
        "answer.der",
        "-CAfile",
        "ca.pem",
        "-purpose",
        "any",
        "-out",
        "body.der",
    ];
    let (good, words) = openssl(&cms);
    assert!(good, "{words}");
    let verify =
        ["verify", "-CAfile", "ca.pem", "-CRLfile", "crl.pem", "-crl_check", "-purpose", "sslclient", "leaf.pem"];
    let fetch = || {
        std::fs::write(at("crl.der"), lab.call(None, "GET", "/pki/ca.crl", None).bytes).unwrap();
        assert!(openssl(&["crl", "-inform", "DER", "-in", "crl.der", "-out", "crl.pem", "-CAfile", "ca.pem"]).0);
    };
    fetch();
    let (good, words) = openssl(&verify);
    assert!(good, "{words}");

    let card = lab.get(&alice, &format!("{API}/requests/{request}")).ok()["NewSmartcardUuid"].clone();
    let retire = lab.request(&alice, json!({"datacollection": [], "type": "Retire", "smartcard": card, "comment": ""}));
    lab.put(
        &alice,
        &format!("{API}/requests/{retire}/smartcards/{}", card.as_str().unwrap()),
        json!({"status": "Retired"}),
    )
    .ok();
    fetch();
    let (good, words) = openssl(&verify);
    assert!(!good && words.contains("certificate revoked"), "{words}");
    let (_, listing) = openssl(&["crl", "-in", "crl.pem", "-noout", "-text"]);
    assert!(listing.contains("Cessation Of Operation"), "{listing}");
}

//! What a request would come to is told before it is made; nothing is recorded for it.

use super::support::{API, EXTENSION, Lab, Person, new_csr};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::pfx;
use cardwright::server::{self, NewUser};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

fn named(template: String) -> String {
    template.replacen("[key]", "upn = \"{User!upn}\"\n\n[key]", 1).replacen(
        "approvals_needed = 1",
        "approvals_needed = 0",
        1,
    )
}

fn person(lab: &Lab, name: &str, upn: Option<&str>) -> Person {
    let user = NewUser { name: name.into(), upn: upn.map(str::to_owned), ..NewUser::default() };
    let added = server::user_add(&lab.data(), user, OffsetDateTime::now_utc() + Duration::days(1)).unwrap();
    Person { uuid: added.uuid, token: added.token.expose().to_owned() }
}

fn order(lab: &Lab) -> Value {
    json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": ""})
}

#[test]
fn what_a_certificate_would_say_is_told_before_there_is_a_request() {
    let lab = Lab::plain(named);
    let alice = person(&lab, "alice", Some("alice@EXAMPLE.TEST"));
    let told = lab.post(&alice, &format!("{EXTENSION}/requests/foresight"), order(&lab)).ok();
    assert_eq!(told["AtOnce"], true);
    assert_eq!(told["KeyOrders"][0]["KeyAlgorithmName"], "ECDSA_P256");
    assert_eq!(told["Certificates"][0]["Subject"], "CN=alice");
    assert_eq!(told["Certificates"][0]["SubjectAlternativeNames"], json!(["upn:alice@EXAMPLE.TEST"]));
    let requests = lab.get(&alice, &format!("{API}/requests"));
    assert_eq!(requests.status, 204, "a request was made");
}

#[test]
fn who_lacks_a_name_is_refused_as_the_issuance_would_refuse_it() {
    let lab = Lab::plain(named);
    let bob = person(&lab, "bob", None);
    let foreseen = lab.post(&bob, &format!("{EXTENSION}/requests/foresight"), order(&lab));
    let refusal = (409, "user-attribute-missing".to_owned());
    assert_eq!(foreseen.refusal(), refusal);
    // The same request, made all the same.
    let request = lab.enroll_request(&bob);
    let told = lab.get(&bob, &format!("{EXTENSION}/requests/{request}/foresight"));
    assert_eq!(told.refusal(), refusal);
}

#[test]
fn a_card_of_somebody_elses_is_refused_before_there_is_a_request() {
    let lab = Lab::plain(named);
    let alice = person(&lab, "alice", Some("alice@EXAMPLE.TEST"));
    let carol = person(&lab, "carol", Some("carol@EXAMPLE.TEST"));
    let card_id = Uuid::new_v4();
    let request = lab.enroll_request(&alice);
    lab.assign(&alice, &request, card_id);
    let path = format!("{EXTENSION}/requests/foresight?cardid={card_id}");
    assert_eq!(lab.post(&carol, &path, order(&lab)).refusal(), (409, "card-already-assigned".to_owned()));
    let another = format!("{EXTENSION}/requests/foresight?cardid={}", Uuid::new_v4());
    lab.post(&carol, &another, order(&lab)).ok();
}

const ENCRYPTION: &str = r#"
[[additional_certificates]]
key = { generate = "RSA-2048", generated_by = "server", pfx_rounds = 2000, archive = true }
certificate = { template_name = "Encryption", key_usages = ["keyEncipherment"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

/// The order of a renewal of that card.
fn renewal(lab: &Lab, card: &str) -> Value {
    json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Renew", "comment": "", "smartcard": card})
}

/// Enrolls a card with a key for mail; returns the card and the thumbprint of that key's certificate.
fn with_a_key_for_mail(lab: &Lab, person: &Person) -> (String, String) {
    let request = lab.enroll_request(person);
    let card = lab.assign(person, &request, Uuid::new_v4());
    let body =
        json!({"pfxpassword": "a password", "certificaterequests": [STANDARD.encode(new_csr())], "comments": ""});
    let issued = lab.post(person, &format!("{API}/requests/{request}/certificatedata"), body).ok();
    let file: String = issued[1]["Pfx"].as_str().unwrap().chars().filter(|it| !it.is_whitespace()).collect();
    let (_, chain) = pfx::read(&STANDARD.decode(file).unwrap(), "a password").unwrap();
    lab.complete(person, &request).ok();
    (card, chain[0].thumbprint_sha1())
}

#[test]
fn the_keys_that_will_come_are_told_with_what_is_known_of_them() {
    let lab = Lab::plain(|template| {
        template.replacen("approvals_needed = 1", "approvals_needed = 0", 1).replacen("\n[revocation]", ENCRYPTION, 1)
    });
    let alice = lab.user("alice", &[]);
    let foresee = |order| lab.post(&alice, &format!("{EXTENSION}/requests/foresight"), order).ok();
    let told = foresee(order(&lab));
    assert_eq!(told["ShortestPfxPassword"], 8);
    let made = json!({
        "TemplateCommonName": "Encryption", "IsServerGenerated": true, "KeyAlgorithmName": "RSA", "KeySize": 2048,
        "KeyUsages": 1, "ExtendedKeyUsages": ["1.3.6.1.5.5.7.3.4"],
    });
    assert_eq!(told["KeysToCome"], json!([made]));
    let (card, thumbprint) = with_a_key_for_mail(&lab, &alice);
    let told = foresee(renewal(&lab, &card));
    let history = json!({
        "TemplateCommonName": "Encryption", "IsKeyHistory": true, "KeyAlgorithmName": "RSA", "KeySize": 2048,
        "KeyUsages": 1, "ExtendedKeyUsages": ["1.3.6.1.5.5.7.3.4"], "Thumbprint": thumbprint,
    });
    assert_eq!(told["KeysToCome"], json!([made, history]));
    assert_eq!(told["KeyOrders"].as_array().unwrap().len(), 1);
}

#[test]
fn of_an_archive_only_those_learn_who_own_it_or_may_have_the_keys() {
    let lab = Lab::plain(|template| {
        let template = template.replacen("\n[revocation]", ENCRYPTION, 1);
        let template = template.replacen("approvals_needed = 1", "approvals_needed = 0", 1);
        // Officers may ask for others; only agents carry out, and renewals wait for approval.
        template.replacen("[workflows.renew]", "[workflows.renew]\ninitiators = [\"group:officers\"]", 1)
    });
    let alice = lab.user("alice", &[]);
    let officer = lab.user("olga", &["officers"]);
    let (card, thumbprint) = with_a_key_for_mail(&lab, &alice);
    let mut asked = renewal(&lab, &card);
    asked["target"] = json!(alice.uuid);
    let by = |person| lab.post(person, &format!("{EXTENSION}/requests/foresight"), asked.clone());
    assert_eq!(by(&alice).ok()["KeysToCome"][1]["Thumbprint"], json!(thumbprint));
    let told = by(&officer);
    let text = format!("{:?}", told.json());
    assert!(!text.contains(&thumbprint), "{text}");
    assert_eq!((told.ok().get("KeysToCome"), text.contains("KeyOrders")), (None, true));
}

//! What a request would come to is told before it is made; nothing is recorded for it.

use super::support::{API, EXTENSION, Lab, Person};
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

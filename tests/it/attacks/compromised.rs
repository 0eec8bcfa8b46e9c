//! Who has found a key, or has it from a card that was lost, has it certified again.

use super::site::{Card, ask, bytes, enrolled, read, site};
use crate::server::support::{API, EXTENSION, Lab, Person, csr, last_segment};
use cardwright::pkix::{MemoryKey, Signer};
use serde_json::json;
use uuid::Uuid;

/// Has a card revoked because it was lost; the shipped template takes its key for compromised then.
#[track_caller]
fn lost(lab: &Lab, operator: &Person, card: &Card) {
    let body = json!({
        "datacollection": [], "type": "Revoke", "smartcard": card.smartcard, "comment": "",
        "cardwright": {"lossreason": "lost"},
    });
    let request = last_segment(&lab.post(operator, &format!("{API}/requests"), body).ok());
    lab.complete(operator, &request).ok();
}

/// An enrollment up to its certification request for this card's key.
#[track_caller]
fn again(lab: &Lab, holder: &Person, approver: &Person, card: &Card) -> (u16, String) {
    let request = lab.enroll_request(holder);
    lab.post(approver, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    lab.assign(holder, &request, Uuid::new_v4());
    lab.certificatedata(holder, &request, &csr(&card.key)).refusal()
}

#[test]
fn a_compromised_key_is_certified_for_nobody() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let operator = lab.user("operator", &["operators"]);
    let [alice, finder] = ["alice", "finder"].map(|name| lab.user(name, &[]));
    let card = enrolled(&lab, &alice, &boris);
    lost(&lab, &operator, &card);
    let refused = (409, "key-compromised".to_owned());
    assert_eq!(again(&lab, &alice, &boris, &card), refused, "for whoever had it");
    assert_eq!(again(&lab, &finder, &boris, &card), refused, "for whoever has found it");
    let second = enrolled(&lab, &alice, &boris);
    let renewal = ask(&lab, &alice, "Renew", &second.smartcard);
    lab.post(&boris, &format!("{EXTENSION}/requests/{renewal}/approve"), json!({}));
    assert_eq!(lab.certificatedata(&alice, &renewal, &csr(&card.key)).refusal(), refused, "by whatever request");
}

/// The holder has had one key certified for two cards; whoever finds one of them has both.
#[test]
fn a_key_that_is_lost_with_one_card_is_revoked_with_every_other() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let operator = lab.user("operator", &["operators"]);
    let alice = lab.user("alice", &[]);
    let (card, other) = (enrolled(&lab, &alice, &boris), enrolled(&lab, &alice, &boris));
    let request = lab.enroll_request(&alice);
    lab.post(&boris, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    let twin = lab.assign(&alice, &request, Uuid::new_v4());
    lab.certificatedata(&alice, &request, &csr(&card.key)).ok();
    lab.complete(&alice, &request).ok();
    // On hold or not.
    let suspension = ask(&lab, &operator, "Reinstate", &twin);
    lab.complete(&operator, &suspension).ok();
    lost(&lab, &operator, &card);
    let revoked = |key: &MemoryKey| {
        let key = bytes(&lab, &hex::encode(key.public_key().sha256()));
        let compromised = "SELECT CAST(count(*) AS TEXT) FROM certificates WHERE revocation_reason = 1";
        read(&lab, &format!("{compromised} AND public_key_sha256 = {key}"))
    };
    assert_eq!((revoked(&card.key), revoked(&other.key)), ("2".into(), "0".into()));
}

#[test]
fn a_key_is_certified_for_one_person_alone() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let [alice, finder] = ["alice", "finder"].map(|name| lab.user(name, &[]));
    let card = enrolled(&lab, &alice, &boris);
    assert_eq!(again(&lab, &finder, &boris, &card), (409, "key-already-certified".to_owned()));
}

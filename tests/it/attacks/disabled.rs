//! Who was disabled goes on: with what was begun before, by a session, by a certificate, through somebody else.

use super::site::{alter, ask, by_certificate, bytes, curl, enrolled, read, site, software_key};
use crate::server::identity::restart;
use crate::server::support::{API, EXTENSION, Lab, Person, csr};
use serde_json::{Value, json};
use uuid::Uuid;

fn is(lab: &Lab, administrator: &Person, person: &Person, disabled: bool) {
    let path = format!("{EXTENSION}/accounts/{}", person.uuid);
    lab.put(administrator, &path, json!({ "Disabled": disabled })).ok();
}

fn status(lab: &Lab, person: &Person, request: &str) -> u64 {
    lab.get(person, &format!("{API}/requests/{request}")).ok()["Status"].as_u64().unwrap()
}

fn approve(lab: &Lab, approver: &Person, request: &str) {
    lab.post(approver, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
}

fn enroll_for(lab: &Lab, person: &Person, target: &Person) -> crate::server::support::Answer {
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "", "target": target.uuid,
    });
    lab.post(person, &format!("{API}/requests"), body)
}

const PENDING: u64 = 16;
const CANCELED: u64 = 17;

struct House {
    lab: Lab,
    ada: Person,
    boris: Person,
    olga: Person,
    alice: Person,
}

fn house() -> House {
    let lab = site(|template| template);
    let ada = lab.user("ada", &["administrators"]);
    let boris = lab.user("boris", &["approvers"]);
    let olga = lab.user("olga", &["operators"]);
    let alice = lab.user("alice", &[]);
    House { lab, ada, boris, olga, alice }
}

#[test]
fn what_was_approved_is_not_carried_out_for_somebody_who_was_disabled() {
    let House { lab, ada, boris, olga, alice } = house();
    let [waiting, begun] = [(); 2].map(|()| {
        let request = lab.enroll_request(&alice);
        approve(&lab, &boris, &request);
        request
    });
    lab.assign(&alice, &begun, Uuid::new_v4());
    is(&lab, &ada, &alice, true);
    for request in [&waiting, &begun] {
        assert_eq!(status(&lab, &olga, request), CANCELED);
        let body = json!({"requestid": request, "cardid": Uuid::new_v4(), "atr": ""});
        let assigned = lab.post(&olga, &format!("{API}/smartcards"), body);
        assert_eq!(assigned.refusal(), (409, "person-disabled".into()));
        let issued = lab.certificatedata(&olga, request, &csr(&software_key()));
        assert_eq!(issued.refusal(), (409, "person-disabled".into()));
    }
    assert_eq!(enroll_for(&lab, &olga, &alice).refusal(), (409, "person-disabled".into()));
    // Each request that ended is an act that names it.
    let acts = lab.get(&lab.user("aron", &["auditors"]), &format!("{EXTENSION}/audit?chain=1&after=0&limit=1000")).ok();
    let ended = |act: &&Value| {
        let record = act["Record"].as_str().unwrap();
        record.contains(r#""act":"request-withdrawn""#) && record.contains("alice")
    };
    assert_eq!(acts.as_array().unwrap().iter().filter(ended).count(), 2, "{acts}");
    // Enabled again, she asks anew; what has ended stays so.
    is(&lab, &ada, &alice, false);
    assert_eq!(status(&lab, &alice, &waiting), CANCELED);
    enroll_for(&lab, &olga, &alice).ok();
}

#[test]
fn what_somebody_has_begun_for_another_ends_with_him() {
    let House { lab, ada, boris, olga, alice } = house();
    let request = crate::server::support::last_segment(&enroll_for(&lab, &olga, &alice).ok());
    approve(&lab, &boris, &request);
    let (own, others) = (lab.enroll_request(&olga), lab.enroll_request(&boris));
    is(&lab, &ada, &olga, true);
    assert_eq!(status(&lab, &alice, &request), CANCELED);
    assert_eq!((status(&lab, &boris, &own), status(&lab, &boris, &others)), (CANCELED, PENDING));
    assert_eq!(enroll_for(&lab, &olga, &alice).refusal(), (403, "user-disabled".into()));
}

/// A database of an earlier release has such people.
#[test]
fn a_request_that_was_left_open_is_refused() {
    let House { lab, boris, olga, alice, .. } = house();
    let (pending, approved) = (lab.enroll_request(&alice), lab.enroll_request(&alice));
    approve(&lab, &boris, &approved);
    alter(&lab, "UPDATE users SET disabled = TRUE WHERE name = 'alice'");
    let body = json!({"requestid": approved, "cardid": Uuid::new_v4(), "atr": ""});
    let assigned = lab.post(&olga, &format!("{API}/smartcards"), body);
    assert_eq!(assigned.refusal(), (409, "person-disabled".into()));
    let decided = lab.post(&boris, &format!("{EXTENSION}/requests/{pending}/approve"), json!({}));
    assert_eq!(decided.refusal(), (409, "person-disabled".into()));
    lab.put(&olga, &format!("{API}/requests/{approved}"), json!({"status": "Canceled"})).ok();
}

#[test]
fn certificates_are_held_meanwhile_and_no_other_hold_is_lifted() {
    let House { lab, ada, boris, olga, alice } = house();
    let (good, suspended) = (enrolled(&lab, &alice, &boris), enrolled(&lab, &alice, &boris));
    let suspension = ask(&lab, &olga, "Reinstate", &suspended.smartcard);
    lab.complete(&olga, &suspension).ok();
    let whoami = format!("{EXTENSION}/whoami");
    let shown = |card: &super::site::Card| by_certificate(&lab, (&card.certificate, &card.key), "GET", &whoami, None);
    assert_eq!(shown(&good).name(), (200, "alice"));
    is(&lab, &ada, &alice, true);
    assert_eq!(shown(&good).code(), (403, "certificate-revoked"));
    let listed = |serial: &[u8]| {
        let serial = bytes(&lab, &hex::encode(serial));
        let reason = "SELECT coalesce(CAST(revocation_reason AS TEXT), '') FROM certificates WHERE serial = ";
        read(&lab, &format!("{reason}{serial}")).parse::<i64>().ok()
    };
    assert_eq!(listed(&good.certificate.serial_bytes()), Some(6));
    // Nobody lifts it another way.
    let body = json!({"datacollection": [], "type": "Reinstate", "smartcard": suspended.smartcard, "comment": ""});
    let lifted = lab.post(&olga, &format!("{API}/requests"), body);
    assert_eq!(lifted.refusal(), (409, "person-disabled".into()));
    is(&lab, &ada, &alice, false);
    assert_eq!(shown(&good).name(), (200, "alice"));
    assert_eq!(shown(&suspended).code(), (403, "certificate-revoked"));
    // Of who has none, none are held.
    is(&lab, &ada, &olga, true);
    is(&lab, &ada, &olga, false);
    for (act, number) in [("certificates-held", r#""held":"1""#), ("certificates-released", r#""released":"1""#)] {
        let count = |more: &str| {
            read(&lab, &format!("SELECT CAST(count(*) AS TEXT) FROM audit WHERE record LIKE '%{act}%{more}%'"))
        };
        assert_eq!((count(""), count(number)), ("1".into(), "1".into()), "{act}");
    }
}

#[test]
fn what_was_issued_on_a_request_that_ends_so_is_revoked() {
    let lab = site(|template| template.replace("hold_of_disabled = true", "hold_of_disabled = false"));
    let (ada, boris) = (lab.user("ada", &["administrators"]), lab.user("boris", &["approvers"]));
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    approve(&lab, &boris, &request);
    lab.assign(&alice, &request, Uuid::new_v4());
    lab.certificatedata(&alice, &request, &csr(&software_key())).ok();
    is(&lab, &ada, &alice, true);
    assert_eq!(read(&lab, "SELECT CAST(count(*) AS TEXT) FROM certificates WHERE revoked_at IS NOT NULL"), "1");
}

#[test]
fn a_template_may_leave_them_as_they_are() {
    let lab = site(|template| template.replace("hold_of_disabled = true", "hold_of_disabled = false"));
    let (ada, boris) = (lab.user("ada", &["administrators"]), lab.user("boris", &["approvers"]));
    let alice = lab.user("alice", &[]);
    let card = enrolled(&lab, &alice, &boris);
    is(&lab, &ada, &alice, true);
    let path = format!("{EXTENSION}/whoami");
    let refused = by_certificate(&lab, (&card.certificate, &card.key), "GET", &path, None);
    assert_eq!(refused.code(), (403, "user-disabled"));
}

/// A leaver's card is taken away all the same.
#[test]
fn what_takes_something_from_the_person_goes_on() {
    let House { lab, ada, boris, olga, alice } = house();
    let card = enrolled(&lab, &alice, &boris);
    let [revocation, other] = ["Revoke", "Retire"].map(|kind| ask(&lab, &olga, kind, &card.smartcard));
    let [lost, found] = [(); 2].map(|()| enrolled(&lab, &alice, &boris).smartcard);
    let before = ask(&lab, &olga, "Reinstate", &found);
    lab.complete(&olga, &before).ok();
    let [suspension, lifting] = [&lost, &found].map(|card| ask(&lab, &olga, "Reinstate", card));
    is(&lab, &ada, &alice, true);
    assert_ne!(status(&lab, &olga, &other), CANCELED);
    lab.complete(&olga, &revocation).ok();
    lab.complete(&olga, &suspension).ok();
    assert_eq!(lab.get(&olga, &format!("{API}/smartcards/{lost}")).ok()["Status"], 4, "suspended");
    assert_eq!(status(&lab, &olga, &lifting), CANCELED, "what would give something back ends");
}

#[test]
fn a_session_ends_at_once_and_does_not_come_back() {
    let House { mut lab, ada, boris, alice, .. } = house();
    restart(&mut lab, "[identity.session]\nafter = [\"certificate\"]\n");
    let card = enrolled(&lab, &alice, &boris);
    let path = format!("{EXTENSION}/whoami");
    let headers = by_certificate(&lab, (&card.certificate, &card.key), "GET", &path, None).headers;
    let cookie = headers.lines().find_map(|line| line.split_once("set-cookie: ")).unwrap().1.to_owned();
    let pair = cookie.split(';').next().unwrap().to_owned();
    let call = || curl(&lab, &["--cookie", &pair], "GET", &path, None);
    assert_eq!(call().name(), (200, "alice"));
    is(&lab, &ada, &alice, true);
    assert_ne!(call().status, 200);
    is(&lab, &ada, &alice, false);
    assert_eq!(call().code(), (401, "not-authenticated"));
}

//! Offline unblock: a challenge read out, a response read back.

use super::support::{API, EXTENSION, Enrolled, Lab, Person};
use crate::support::site;
use cardwright::cm::offline::{CodeKind, read_code, write_code};
use serde_json::{Value, json};

const CHALLENGE: [u8; 8] = [0xD6, 0x11, 0x43, 0xF9, 0xCC, 0xFF, 0xD2, 0xCA];

fn asked(lab: &Lab, officer: &Person, card: &Enrolled) -> String {
    let body =
        json!({"datacollection": [], "type": "OfflineUnblock", "smartcard": card.smartcard, "comment": "by phone"});
    lab.request(officer, body)
}

fn answer(lab: &Lab, person: &Person, request: &str, challenge: &str) -> super::support::Answer {
    lab.post(person, &format!("{EXTENSION}/requests/{request}/offlineunblock"), json!({"Challenge": challenge}))
}

#[test]
fn microsofts_challenge_is_answered_once() {
    let lab = Lab::plain(site::kept_admin_key);
    let alice = lab.user("alice", &[]);
    let officer = lab.user("olga", &["officers"]);
    let card = lab.enrolled(&alice);
    let request = asked(&lab, &officer, &card);
    let spoken = write_code(CodeKind::Challenge, CHALLENGE);

    let unread = lab.complete(&officer, &request).refusal();
    assert_eq!(unread, (409, "request-not-executable".into()), "nobody was told a response");
    let own = answer(&lab, &alice, &request, &spoken);
    assert_eq!(own.refusal(), (403, "forbidden".into()), "the template asks for an officer");
    let mut misread = spoken.as_bytes().to_vec();
    misread.swap(2, 3);
    let misread = String::from_utf8(misread).unwrap().replace("D611", "D616");
    assert_eq!(answer(&lab, &officer, &request, &misread).refusal(), (400, "code-mistyped".into()));
    assert_eq!(answer(&lab, &officer, &request, "D611-43F9").refusal(), (400, "challenge-length".into()));

    let given = answer(&lab, &officer, &request, &spoken.to_lowercase()).ok();
    let response = read_code(CodeKind::Response, given["Response"].as_str().unwrap()).unwrap();
    let vectors: Value = serde_json::from_str(include_str!("../../data/mim-cm/vectors.json")).unwrap();
    assert_eq!(hex::encode(response), vectors["challenge_response_default_key"]["response_hex"].as_str().unwrap());

    assert_eq!(answer(&lab, &officer, &request, &spoken).ok(), given, "asked again, answered alike");
    // The same challenge as Windows' own screen shows it, answered as that screen takes it.
    let bare = answer(&lab, &officer, &request, &hex::encode(CHALLENGE)).ok();
    assert_eq!(bare["Response"], "17466E766E303CB6");
    assert!(bare["Warning"].as_str().unwrap().contains("no check digits") && given.get("Warning").is_none());
    let another = write_code(CodeKind::Challenge, [7; 8]);
    assert_eq!(answer(&lab, &officer, &request, &another).refusal(), (409, "challenge-answered".into()));
    let key = format!("{API}/requests/{request}/smartcards/{}/diversifiedkey?cardid={}", card.smartcard, card.card_id);
    assert_eq!(lab.get(&officer, &key).refusal(), (409, "wrong-request-type".into()));
    assert_eq!(lab.complete(&officer, &request).ok()["Status"], 8);
    assert_eq!(answer(&lab, &officer, &request, &spoken).refusal(), (409, "request-not-executable".into()));
}

#[test]
fn a_card_with_its_own_key_is_answered_under_it() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let officer = lab.user("olga", &["officers"]);
    let request = lab.enroll_request(&alice);
    let card_id = uuid::Uuid::new_v4();
    let smartcard = lab.assign(&alice, &request, card_id);
    let key = lab
        .get(&alice, &format!("{API}/requests/{request}/smartcards/{smartcard}/diversifiedkey?cardid={card_id}"))
        .ok();
    lab.certificatedata(&alice, &request, &super::support::new_csr()).ok();
    lab.complete(&alice, &request).ok();

    let card = Enrolled { request, smartcard, card_id };
    let request = asked(&lab, &officer, &card);
    let given = answer(&lab, &officer, &request, &write_code(CodeKind::Challenge, CHALLENGE)).ok();
    let response = read_code(CodeKind::Response, given["Response"].as_str().unwrap()).unwrap();
    let key: cardwright::cm::wire::DiversifiedKey = serde_json::from_value(key).unwrap();
    let ours = cardwright::server::diversify::respond(&key.0, &CHALLENGE).unwrap();
    assert_eq!(response, ours.as_slice());
}

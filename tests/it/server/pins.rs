//! PINs the server proposes.

use super::support::{API, EXTENSION, Lab};
use serde_json::{Value, json};
use uuid::Uuid;

fn proposing(text: String) -> String {
    text.replacen("user_pin_option = \"user-provided\"", "user_pin_option = \"server-proposed\"", 1).replacen(
        "approvals_needed = 0",
        "approvals_needed = 1",
        1,
    )
}

#[test]
fn one_request_and_card_have_one_pin() {
    let lab = Lab::plain(proposing);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let pin_of = |card_id: Uuid| {
        let request = lab.enroll_request(&alice);
        lab.post(&bob, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
        let card = lab.assign(&alice, &request, card_id);
        let path = format!("{API}/requests/{request}/smartcards/{card}/serverproposedpin?cardid={card_id}&atr=3b00");
        let pin = lab.get(&alice, &path).ok();
        assert_eq!(lab.get(&alice, &path).ok(), pin, "asked again it is the same");
        let short = format!("{API}/smartcards/{card}/serverproposedpin");
        assert_eq!(lab.get(&alice, &short).ok(), pin);
        let challenge = format!("{path}&challenge=1hFD%2Bcz%2F0so%3D");
        assert_eq!(lab.get(&alice, &challenge).ok(), pin);
        assert_eq!(lab.get(&alice, &format!("{path}&challenge=1hFD")).refusal(), (400, "challenge-length".into()));
        let other = path.replace(&card_id.to_string(), &Uuid::new_v4().to_string());
        assert_eq!(lab.get(&alice, &other).refusal(), (409, "wrong-card".into()));
        assert_eq!(lab.get(&bob, &path).refusal(), (403, "forbidden".into()));
        assert_eq!(lab.get(&lab.user(&format!("eve of {card_id}"), &[]), &path).refusal(), (404, "not-found".into()));
        pin.as_str().unwrap().to_owned()
    };
    let pins = [pin_of(Uuid::new_v4()), pin_of(Uuid::new_v4())];
    for pin in &pins {
        assert!(pin.len() == 8 && pin.bytes().all(|byte| byte.is_ascii_digit()), "{}", pin.len());
    }
    assert_ne!(pins[0], pins[1]);
    let config = lab.get(&alice, &format!("{API}/profiletemplates/{}/configuration/smartcards", lab.template)).ok();
    assert_eq!(config["UserPinOption"], 2);
}

#[test]
fn bounds_and_characters_are_the_policys() {
    let lab = Lab::plain(|text| {
        proposing(text)
            .replacen(
                "min_length = 6\nmax_length = 16\ncharacter_set = 1",
                "min_length = 12\nmax_length = 12\ncharacter_set = 2",
                1,
            )
            .replacen("approvals_needed = 1", "approvals_needed = 0", 1)
    });
    let alice = lab.user("alice", &[]);
    let card_id = Uuid::new_v4();
    let request = lab.enroll_request(&alice);
    let card = lab.assign(&alice, &request, card_id);
    let path = format!("{API}/requests/{request}/smartcards/{card}/serverproposedpin");
    let pin = lab.get(&alice, &path).ok();
    let pin = pin.as_str().unwrap();
    assert!(pin.len() == 12 && pin.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), "{pin}");
    lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": "Canceled"})).ok();
    assert_eq!(lab.get(&alice, &path).refusal(), (409, "request-not-executable".into()));
}

#[test]
fn where_people_choose_none_is_proposed() {
    let lab = Lab::plain(|text| text);
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    let card = lab.assign(&alice, &request, Uuid::new_v4());
    for path in [
        format!("{API}/requests/{request}/smartcards/{card}/serverproposedpin"),
        format!("{API}/smartcards/{card}/serverproposedpin"),
    ] {
        assert_eq!(lab.get(&alice, &path).refusal(), (409, "pin-not-proposed".into()));
    }
    let config = lab.get(&alice, &format!("{API}/profiletemplates/{}/configuration/smartcards", lab.template)).ok();
    assert_eq!(config["UserPinOption"], Value::from(3));
}

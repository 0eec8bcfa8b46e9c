//! The server's own tokens, and who manages users and tokens.

use super::super::support::{EXTENSION, Lab, Person};
use super::{lab, raw, whoami};
use cardwright::server::{self, AccountError, AccountRefusal, UserChange};
use serde_json::json;
use uuid::Uuid;

const ROLES: &str = "[roles]\nadmin = [\"group:admins\"]\nauditor = [\"user:eve\"]\noperator = [\"group:desk\"]\n";

#[test]
fn a_user_has_several_tokens_each_revoked_for_itself() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &["staff"]);
    let second = server::bearer_add(&lab.data(), "alice", "workstation 7", 30).unwrap();
    assert_eq!(whoami(&lab, second.token.expose()).ok()["Name"], "alice");
    server::bearer_revoke(&lab.data(), second.record.uuid).unwrap();
    server::bearer_revoke(&lab.data(), second.record.uuid).unwrap();
    assert_eq!(whoami(&lab, second.token.expose()).refusal(), (401, "not-authenticated".into()));
    whoami(&lab, &alice.token).ok();
    let tokens = server::bearer_list(&lab.data(), "alice").unwrap();
    assert_eq!(tokens.iter().map(|token| token.label.as_str()).collect::<Vec<_>>(), ["workstation 7", "first"]);
    assert!(tokens[0].revoked.is_some() && tokens[1].revoked.is_none());
    assert!(matches!(server::bearer_add(&lab.data(), "nobody", "", 1), Err(AccountError::NoUser(_))));
    for days in [0, 1097] {
        let refused = server::bearer_add(&lab.data(), "alice", "", days);
        assert!(matches!(refused, Err(AccountError::Refused(AccountRefusal::Lifetime))));
    }
    assert!(matches!(server::bearer_revoke(&lab.data(), Uuid::nil()), Err(AccountError::NoBearer(_))));
}

#[test]
fn the_use_of_a_token_is_noted_outside_the_calls_way() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    whoami(&lab, &alice.token).ok();
    let noted = || server::bearer_list(&lab.data(), "alice").unwrap()[0].last_used;
    let first = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        noted()
    });
    assert!(first.is_some(), "noted in the end");
    whoami(&lab, &alice.token).ok();
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(noted(), first, "once an hour is enough");
    crate::attacks::site::alter(&lab, "UPDATE tokens SET last_used = last_used - 3700000000");
    let earlier = noted();
    whoami(&lab, &alice.token).ok();
    let later = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        Some(noted()).filter(|noted| *noted != earlier)
    });
    assert!(later > Some(first), "and noted again after it");
}

#[test]
fn a_token_renews_itself_and_the_old_one_ends_within_minutes() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let renewed = lab.post(&alice, &format!("{EXTENSION}/token/renew"), json!({}));
    assert_eq!(renewed.status, 201);
    let renewed = renewed.json();
    whoami(&lab, renewed["Bearer"].as_str().unwrap()).ok();
    whoami(&lab, &alice.token).ok();
    let tokens = server::bearer_list(&lab.data(), "alice").unwrap();
    assert_eq!(tokens.len(), 2);
    assert!(tokens[1].expires < tokens[0].expires && tokens[0].label == "first");
    let fresh = Person { uuid: alice.uuid, token: renewed["Bearer"].as_str().unwrap().into() };
    assert_eq!(lab.post(&fresh, &format!("{EXTENSION}/token/revoke"), json!({})).status, 204);
    assert_eq!(whoami(&lab, &fresh.token).refusal(), (401, "not-authenticated".into()));
    let mut more = (0..40).map(|_| lab.post(&alice, &format!("{EXTENSION}/token/renew"), json!({})));
    let refused = more.find(|answer| answer.status != 201).unwrap();
    assert_eq!(refused.refusal(), (409, "too-many-tokens".into()));
}

#[test]
fn a_disabled_user_is_nobody_and_keeps_what_is_his() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let card = lab.enrolled(&alice);
    let disabled = |disabled| UserChange { disabled: Some(disabled), ..UserChange::default() };
    assert!(server::user_change(&lab.data(), "alice", disabled(true)).unwrap().disabled);
    assert_eq!(whoami(&lab, &alice.token).refusal(), (403, "user-disabled".into()));
    server::user_change(&lab.data(), "alice", disabled(false)).unwrap();
    let seen = lab.get(&alice, &format!("{}/smartcards/{}", super::super::support::API, card.smartcard));
    assert_eq!(seen.status, 200);
    let change = UserChange { upn: Some("".into()), groups: Some(vec!["a:b".into()]), ..UserChange::default() };
    let refused = server::user_change(&lab.data(), "alice", change);
    assert!(matches!(refused, Err(AccountError::Refused(AccountRefusal::Name(_)))));
    let users = server::user_list(&lab.data()).unwrap();
    assert_eq!(users[0].upn.as_deref(), Some("alice@example.test"), "a refused change changes nothing");
}

#[test]
fn malformed_credentials_let_nobody_in() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let good = format!("Authorization: Bearer {}\r\n", alice.token);
    assert_eq!(raw(&lab, &good).0, 200);
    assert_eq!(raw(&lab, &format!("authorization: bEaReR   {}  \r\n", alice.token)).0, 200);
    for lines in [
        format!("{good}{good}"),
        format!("Authorization: Bearer {}x\r\n", alice.token),
        format!("Authorization: {}\r\n", alice.token),
        format!("Authorization: Basic {}\r\n", alice.token),
        format!("Authorization: Negotiate {}\r\n", alice.token),
        format!("Authorization: Bearer {}\r\n", "x".repeat(13_000)),
        "Authorization: Bearer \u{e9}\u{e9}\u{e9}\r\n".into(),
        "Authorization: Bearer a.b.c\r\n".into(),
        "Authorization:\r\n".into(),
        "Authorization: Bearer\r\n".into(),
    ] {
        let (status, answer) = raw(&lab, &lines);
        assert_eq!(status, 401, "{lines}");
        assert!(answer.to_lowercase().contains("www-authenticate: bearer"), "{answer}");
        assert!(!answer.contains(&alice.token));
    }
}

#[test]
fn an_administrator_manages_others_and_reads_no_cards_secret() {
    let lab = lab(true, ROLES);
    let (admin, alice) = (lab.user("root", &["admins"]), lab.user("alice", &[]));
    assert_eq!(whoami(&lab, &admin.token).ok()["Duties"], json!(["manage-users", "see-everything", "read-audit"]));
    let accounts = format!("{EXTENSION}/accounts");
    let added = lab.post(&admin, &accounts, json!({"Name": "bob", "Groups": ["staff"], "Upn": "bob@example.test"}));
    assert_eq!(added.status, 201);
    let bob = added.json();
    assert_eq!(lab.post(&admin, &accounts, json!({"Name": "bob"})).refusal(), (409, "user-exists".into()));
    assert_eq!(lab.post(&admin, &accounts, json!({"Name": "a:b"})).refusal(), (400, "bad-field".into()));
    assert_eq!(lab.get(&admin, &accounts).ok().as_array().unwrap().len(), 3);
    let bobs = format!("{accounts}/{}", bob["Uuid"].as_str().unwrap());
    let token = lab.post(&admin, &format!("{bobs}/tokens"), json!({"Label": "first", "Days": 3})).ok();
    assert_eq!(token["Bearer"], json!(null), "nobody but its owner is shown a token");
    let made =
        lab.call(None, "POST", &format!("{EXTENSION}/token/activate"), Some(&json!({"Code": token["Code"]}))).ok();
    let bearer = made["Bearer"].as_str().unwrap();
    assert_eq!(whoami(&lab, bearer).ok()["Groups"], json!(["staff"]));
    let of_bob = Person { uuid: Uuid::nil(), token: bearer.into() };
    assert_eq!(lab.get(&of_bob, &format!("{bobs}/tokens")).ok().as_array().unwrap().len(), 1, "one's own");
    assert_eq!(lab.get(&alice, &format!("{bobs}/tokens")).refusal(), (404, "not-found".into()));
    assert_eq!(lab.post(&admin, &format!("{bobs}/tokens"), json!({"Days": 0})).refusal(), (400, "bad-field".into()));
    let revoke = format!("{EXTENSION}/tokens/{}/revoke", token["Uuid"].as_str().unwrap());
    assert_eq!(lab.post(&alice, &revoke, json!({})).refusal(), (404, "not-found".into()));
    assert_eq!(lab.post(&admin, &revoke, json!({})).status, 204);
    assert_eq!(whoami(&lab, bearer).status, 401);
    assert_eq!(lab.put(&admin, &bobs, json!({"Disabled": true})).ok()["Disabled"], true);
    let myself = format!("{accounts}/{}", admin.uuid);
    assert_eq!(lab.put(&admin, &myself, json!({"Groups": ["approvers"]})).refusal(), (403, "forbidden".into()));
    assert_eq!(lab.post(&admin, &format!("{myself}/tokens"), json!({"Days": 1})).refusal(), (403, "forbidden".into()));
    assert_eq!(lab.put(&alice, &bobs, json!({})).refusal(), (403, "forbidden".into()));
}

#[test]
fn seeing_everything_is_not_doing_anything() {
    let lab = lab(true, ROLES);
    let alice = lab.user("alice", &[]);
    let seeing = [lab.user("root", &["admins"]), lab.user("eve", &[]), lab.user("dora", &["desk"])];
    let other = lab.user("other", &[]);
    let request = lab.enroll_request(&alice);
    let card_id = Uuid::new_v4();
    let smartcard = lab.assign(&alice, &request, card_id);
    let api = super::super::support::API;
    let card = format!("{api}/requests/{request}/smartcards/{smartcard}");
    let extension = format!("{EXTENSION}/requests/{request}/smartcards/{smartcard}");
    for person in &seeing {
        assert_eq!(lab.get(person, &format!("{api}/requests/{request}")).status, 200);
        assert_eq!(lab.get(person, &format!("{EXTENSION}/requests")).ok().as_array().unwrap().len(), 1);
        assert_eq!(lab.get(person, &format!("{api}/smartcards/{smartcard}")).status, 200);
        for path in [
            format!("{card}/diversifiedkey?cardid={card_id}"),
            format!("{card}/authenticationresponse?cardid={card_id}&challenge=0102030405060708&diversified=true"),
            format!("{extension}/puk?cardid={card_id}"),
            format!("{extension}/adminkey?cardid={card_id}"),
        ] {
            assert_eq!(lab.get(person, &path).refusal(), (403, "forbidden".into()), "{path}");
        }
        let approve = format!("{EXTENSION}/requests/{request}/approve");
        assert_eq!(lab.post(person, &approve, json!({})).refusal(), (403, "forbidden".into()));
        assert_eq!(lab.complete(person, &request).refusal(), (403, "forbidden".into()));
    }
    assert_eq!(lab.get(&other, &format!("{api}/requests/{request}")).status, 404);
    assert_eq!(lab.get(&seeing[1], &format!("{EXTENSION}/accounts")).refusal(), (403, "forbidden".into()));
    assert_eq!(whoami(&lab, &seeing[2].token).ok()["Duties"], json!(["see-everything"]));
}

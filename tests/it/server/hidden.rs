//! Characters that nobody sees, or that change what is seen beside them, stand in no name, comment or value that is new.

use super::support::{API, Lab};
use cardwright::server::{self, AccountError, AccountRefusal, NewUser, UserChange};
use serde_json::json;
use time::{Duration, OffsetDateTime};

/// Direction, zero width, a soft hyphen, a byte order mark, a control character, a tag.
const HIDDEN: [char; 7] = ['\u{202e}', '\u{200b}', '\u{200d}', '\u{ad}', '\u{feff}', '\u{1b}', '\u{e0041}'];

#[test]
fn they_name_no_user_and_no_group() {
    let lab = Lab::new();
    let add = |user: NewUser| server::user_add(&lab.data(), user, OffsetDateTime::now_utc() + Duration::days(1));
    for hidden in HIDDEN {
        let text = format!("al{hidden}ice");
        let refused = add(NewUser { name: text.clone(), ..NewUser::default() }).map(|_| ());
        assert!(matches!(refused, Err(AccountError::Refused(AccountRefusal::Name(_)))), "{hidden:?}: {refused:?}");
        let groups = vec![text.clone()];
        let refused = add(NewUser { name: "alice".into(), groups, ..NewUser::default() }).map(|_| ());
        assert!(matches!(refused, Err(AccountError::Refused(AccountRefusal::Name(_)))), "{hidden:?}: {refused:?}");
        let email = Some(text);
        let refused = add(NewUser { name: "alice".into(), email, ..NewUser::default() }).map(|_| ());
        assert!(matches!(refused, Err(AccountError::Refused(AccountRefusal::Text))), "{hidden:?}: {refused:?}");
    }
}

#[test]
fn they_stand_in_no_comment_and_no_items_name_of_a_request() {
    let lab = Lab::new();
    let alice = lab.user("alice", &[]);
    let ask = |comment: &str, item: &str| {
        let body = json!({
            "profiletemplateuuid": lab.template, "type": "Enroll", "comment": comment,
            "datacollection": [{ "name": item, "value": "" }],
        });
        lab.post(&alice, &format!("{API}/requests"), body)
    };
    for hidden in HIDDEN {
        let text = format!("no{hidden}thing");
        for answer in [ask(&text, "reason"), ask("", &text)] {
            let told = answer.json().to_string();
            assert!(answer.status == 400 && told.contains("not seen"), "{hidden:?}: {} {told}", answer.status);
        }
    }
    assert!(!ask("two\nlines", "reason").json().to_string().contains("not seen"));
}

#[test]
fn what_was_stored_before_is_read_and_need_not_be_changed() {
    let mut lab = Lab::new();
    let person = lab.user("bob", &["officers"]);
    lab.stop();
    let store = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let renamed = store.execute("UPDATE users SET name = ?1 WHERE name = 'bob'", ["bo\u{200b}b"]).unwrap();
    assert_eq!(renamed, 1);
    drop(store);
    lab.start();
    assert_eq!(lab.get(&person, &format!("{API}/requests")).status, 204);
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    server::user_change(&lab.data(), "bo\u{200b}b", change).unwrap();
    let change = UserChange { groups: Some(vec!["of\u{200b}ficers".into()]), ..UserChange::default() };
    assert!(server::user_change(&lab.data(), "bo\u{200b}b", change).is_err());
}

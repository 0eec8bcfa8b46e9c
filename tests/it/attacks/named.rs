//! Data items write names into certificates: who gives one writes another person's name, a second name, or a name of
//! another kind.

use crate::server::identity::restart;
use crate::server::publication::{certificate, openssl};
use crate::server::support::{API, Answer, EXTENSION, Lab, Person, last_segment, new_csr};
use cardwright::pkix::{Certificate, name};
use cardwright::server::{self, NewUser};
use serde_json::{Value, json};
use std::process::Command;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const NAMES: &str = r#"name = "CN={Data!Display},O=Example"
upn = "{Data!Login}"
emails = ["{Data!Mail}", "{Data!Alias?}@example.test"]
uris = ["https://people.example.test/{Data!Page?}"]
directory_names = ["CN={Data!Display},OU={Data!Unit?}"]

[key]"#;

const ITEMS: &str = r#"data_items = [
    { name = "Display", max_length = 64 },
    { name = "Login" },
    { name = "Mail" },
    { name = "Alias", required = false, max_length = 64 },
    { name = "Page", required = false },
    { name = "Unit", required = false, max_length = 64 },
]"#;

/// A server whose certificates bear what people typed, after an approval.
fn lab() -> Lab {
    Lab::plain(|template| {
        template
            .replacen("name = \"CN={User!name}\"", "", 1)
            .replacen("[key]", NAMES, 1)
            .replacen("data_items = []", ITEMS, 1)
            .replacen("approvals_needed = 0", "approvals_needed = 1", 1)
            .replacen("[workflows.renew]\nself_service = true\n", "", 1)
    })
}

/// What alice gives, with one item as the attack has it.
fn given(item: &str, value: &str) -> Value {
    let mut items = vec![("Display", "Alice"), ("Login", "alice@example.test"), ("Mail", "alice@example.test")];
    items.retain(|(name, _)| *name != item);
    items.push((item, value));
    items.into_iter().map(|(name, value)| json!({ name: value })).collect()
}

fn ask(lab: &Lab, person: &Person, items: Value) -> Answer {
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": items, "type": "Enroll", "comment": ""});
    lab.post(person, &format!("{API}/requests"), body)
}

/// Asks, has it approved, and hands in a key.
#[track_caller]
fn issued(lab: &Lab, person: &Person, approver: &Person, items: Value) -> Answer {
    let request = last_segment(&ask(lab, person, items).ok());
    lab.post(approver, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    lab.assign(person, &request, Uuid::new_v4());
    lab.certificatedata(person, &request, &new_csr())
}

#[test]
fn what_is_no_name_or_more_than_one_is_not_taken() {
    let lab = lab();
    let alice = lab.user("alice", &[]);
    let long = "x".repeat(65);
    let longer = format!("{}@example.test", "x".repeat(256));
    for (item, value) in [
        ("Display", "Alice\nO=Evil"),
        ("Display", "Alice\0"),
        ("Display", "Al\u{200b}ice"),
        ("Display", "Alice\u{202e}"),
        ("Display", &long),
        ("Login", "bob"),
        ("Login", "bob@example.test@elsewhere.test"),
        ("Login", "alice@example.test,bob@example.test"),
        ("Login", "bob/admin@EXAMPLE.TEST"),
        ("Login", &longer),
        ("Mail", "alice@example.test,bob@example.test"),
        ("Mail", "\"bob@example.test,\"@elsewhere.test"),
        ("Mail", "bob@example.test>"),
        ("Mail", "zoé@example.test"),
        ("Alias", "bob@elsewhere.test, alice"),
        ("Alias", "bob@elsewhere.test"),
    ] {
        let refused = ask(&lab, &alice, given(item, value));
        let (status, code) = refused.refusal();
        assert_eq!(status, 400, "{item} {value:?}");
        assert!(["data-item-invalid", "bad-field"].contains(&code.as_str()), "{item} {value:?}: {code}");
    }
    ask(&lab, &alice, given("Alias", "a.smith")).ok();
}

#[test]
fn nobody_writes_the_name_of_somebody_else() {
    let mut lab = lab();
    let (alice, carol) = (lab.user("alice", &[]), lab.user("carol", &["officers"]));
    let bob = NewUser {
        name: "bob".into(),
        upn: Some("bob@example.test".into()),
        email: Some("bob@example.test".into()),
        ..NewUser::default()
    };
    server::user_add(&lab.data(), bob, OffsetDateTime::now_utc() + Duration::days(1)).unwrap();
    for (item, value) in
        [("Login", "bob@example.test"), ("Login", "BOB@Example.Test"), ("Mail", "Bob@example.test"), ("Alias", "bob")]
    {
        let refused = issued(&lab, &alice, &carol, given(item, value));
        assert_eq!(refused.refusal(), (409, "not-unique".into()), "{item} {value}");
    }
    restart(&mut lab, "[people]\nupn_domains = [\"example.test\"]\nemail_domains = [\"example.test\"]\n");
    for (item, value) in [("Login", "alice@bank.test"), ("Mail", "ceo@bank.test")] {
        let refused = issued(&lab, &alice, &carol, given(item, value));
        assert_eq!(refused.refusal(), (409, "domain-not-allowed".into()), "{item} {value}");
    }
    issued(&lab, &alice, &carol, given("Alias", "a.smith")).ok();
}

/// What was approved is what is certified.
#[test]
fn a_name_is_not_changed_after_the_approval() {
    let lab = lab();
    let (alice, carol) = (lab.user("alice", &[]), lab.user("carol", &["officers"]));
    let request = last_segment(&ask(&lab, &alice, given("Display", "Alice")).ok());
    lab.post(&carol, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    let collect = |items: Value| {
        lab.put(&alice, &format!("{EXTENSION}/requests/{request}/datacollection"), json!({ "DataCollection": items }))
    };
    assert_eq!(collect(json!([{"Display": "Root"}])).refusal(), (409, "data-item-given".into()));
    assert_eq!(collect(json!([{"Alias": "root"}])).refusal(), (409, "data-collection-closed".into()));
    lab.assign(&alice, &request, Uuid::new_v4());
    lab.certificatedata(&alice, &request, &new_csr()).ok();
    assert_eq!(certificate(&lab, &alice).0.subject(), "CN=Alice,O=Example");
}

/// Whatever stands in a value is one value of one name to everybody who reads the certificate.
#[test]
fn a_value_stays_one_value() {
    let lab = lab();
    let (alice, carol) = (lab.user("alice", &[]), lab.user("carol", &["officers"]));
    let evil = "#Alice, O=Evil+OU=x\\, CN=bob \"/O=Evil";
    let tag = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500";
    let mut items = given("Display", evil);
    items.as_array_mut().unwrap().extend([json!({ "Page": tag }), json!({ "Unit": "R+D,CN=bob" })]);
    issued(&lab, &alice, &carol, items).ok();
    let (leaf, path) = certificate(&lab, &alice);
    assert_eq!(name::values(leaf.subject_name(), "CN"), [evil]);
    assert_eq!(name::values(leaf.subject_name(), "O"), ["Example"]);
    assert_eq!(leaf.subject_name().iter_rdn().count(), 2);
    let text = openssl(&["x509", "-noout", "-text", "-nameopt", "multiline", "-in", path.to_str().unwrap()]);
    let encoded = "URI:https://people.example.test/tag%3Amicrosoft.com%2C2022-09-14%3Asid%3AS-1-5-21-1-2-3-500";
    assert!(text.contains(encoded) && text.contains("email:alice@example.test"), "{text}");
    let gnutls = Command::new("certtool").args(["--certificate-info", "--infile"]).arg(&path).output().unwrap();
    let gnutls = String::from_utf8_lossy(&gnutls.stdout).into_owned();
    for expected in [
        ",OU=R\\+D\\,CN=bob\n",
        "URI: https://people.example.test/tag%3Amicrosoft.com%2C",
        "RFC822Name: alice@example.test",
    ] {
        assert!(gnutls.contains(expected), "{expected}: {gnutls}");
    }
}

/// A whole URI of a record is written by an administrator or an issuer; it maps to nobody else all the same.
#[test]
fn a_uri_maps_to_no_account_but_ones_own() {
    let lab = Lab::plain(|template| template.replacen("[key]", "uris = [\"{User!attribute.page}\"]\n\n[key]", 1));
    let person = |number: u32, page: &str| {
        let user = NewUser {
            name: format!("person {number}"),
            sid: Some(format!("S-1-5-21-1-2-3-{number}")),
            attributes: [("page".to_owned(), page.to_owned())].into(),
            ..NewUser::default()
        };
        let added = server::user_add(&lab.data(), user, OffsetDateTime::now_utc() + Duration::days(1)).unwrap();
        Person { uuid: added.uuid, token: added.token.expose().to_owned() }
    };
    let enrolled = |person: &Person| {
        let request = lab.enroll_request(person);
        lab.assign(person, &request, Uuid::new_v4());
        lab.certificatedata(person, &request, &new_csr())
    };
    let tag = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3";
    for (number, page) in [(1, format!("{tag}-500")), (2, format!("{tag}-1")), (3, format!("TAG{}-500", &tag[3..]))] {
        assert_eq!(enrolled(&person(number, &page)).refusal(), (409, "not-unique".into()), "{page}");
    }
    assert_eq!(enrolled(&person(4, "people.example.test/4")).refusal(), (409, "user-attribute-missing".into()));
    let own = person(5, &format!("{tag}-5"));
    enrolled(&own).ok();
    let issued: Certificate = certificate(&lab, &own).0;
    assert!(issued.alt_names().unwrap().others == 1);
}

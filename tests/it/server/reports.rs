//! What cards are, as their clients say and as their makers attest; and what auditors are reported. On both databases.

use super::support::{API, EXTENSION, Enrolled, Lab, Person, csr, last_segment};
use crate::attacks::site::{alter, uuid};
use crate::support::attesting::Maker;
use crate::support::postgres::Database;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

fn found(lab: &Lab, person: &Person, path: &str) -> Vec<Value> {
    let answer = lab.get(person, &format!("{EXTENSION}/{path}"));
    if answer.status == 204 { Vec::new() } else { answer.ok().as_array().unwrap().clone() }
}

fn report(lab: &Lab, person: &Person, path: &str) -> Value {
    lab.get(person, &format!("{EXTENSION}/reports/{path}")).ok()
}

/// A card that says this of itself.
fn said(lab: &Lab, person: &Person, serial: &str) -> Enrolled {
    let (request, card_id) = (lab.enroll_request(person), Uuid::new_v4());
    let body =
        json!({"requestid": request, "cardid": card_id, "model": "Maker One", "firmware": "1.0.0", "serial": serial});
    let smartcard = last_segment(&lab.post(person, &format!("{API}/smartcards"), body).ok());
    Enrolled { request, smartcard, card_id }
}

fn hand_in(lab: &Lab, person: &Person, card: &Enrolled, attestation: impl FnOnce(&MemoryKey) -> Value) {
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let said = attestation(&key);
    let body = json!({"certificaterequests": [STANDARD.encode(csr(&key))], "comments": "", "attestations": said});
    lab.post(person, &format!("{API}/requests/{}/certificatedata", card.request), body).ok();
    lab.complete(person, &card.request).ok();
}

fn shown(lab: &Lab, person: &Person, card: &Enrolled) -> Value {
    let all = found(lab, person, "cards");
    all.iter().find(|it| it["Uuid"] == card.smartcard.as_str()).unwrap().clone()
}

fn what_a_client_says_proves_nothing(database: Option<Database>) {
    let maker = Maker::new("Maker");
    let line = format!("provider = \"x\"\nattestation_roots = \"\"\"\n{}\"\"\"\n", maker.root);
    let demanding =
        |template: String| template.replacen("provider = \"Microsoft Smart Card Key Storage Provider\"", &line, 1);
    let lab = Lab::with_template(demanding, database);
    let [alice, mallory] = ["alice", "mallory"].map(|name| lab.user(name, &[]));
    let audrey = lab.user("audrey", &["auditors"]);
    let first = said(&lab, &alice, "4660");
    let told = shown(&lab, &audrey, &first);
    let keys = ["Model", "Firmware", "PrintedSerial", "PrintedSerialBy", "AssignedAs"];
    assert_eq!(keys.map(|key| told[key].as_str().unwrap()), ["Maker One", "1.0.0", "4660", "client", "alice"]);
    assert!(told["Attested"].is_null(), "{told}");
    let of_serial = |serial: &str| {
        let found = found(&lab, &audrey, &format!("search?text={serial}"));
        found.iter().map(|it| it["Uuid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of_serial("4660"), std::slice::from_ref(&first.smartcard));
    hand_in(&lab, &alice, &first, |key| json!([STANDARD.encode(maker.attests_on(Some(0x1234), key_of(key)))]));
    let told = shown(&lab, &audrey, &first);
    assert_eq!(keys.map(|key| told[key].as_str().unwrap()), ["Maker One", "5.7.1", "4660", "attested", "alice"]);
    assert_eq!(told["Attested"], true);
    // Somebody says that his card is hers.
    let second = said(&lab, &mallory, "4660");
    assert_eq!(shown(&lab, &audrey, &second)["PrintedSerialBy"], "client");
    assert_eq!(
        of_serial("4660"),
        std::slice::from_ref(&first.smartcard),
        "what is attested is found, and nothing else"
    );
    // A client of an earlier release says nothing, and odd texts are refused.
    let request = lab.enroll_request(&mallory);
    for (field, text) in [("model", "x".repeat(129)), ("serial", "a\u{202e}b".into()), ("firmware", "1\n2".into())] {
        let mut body = json!({"requestid": request, "cardid": Uuid::new_v4()});
        body[field] = json!(text);
        assert_eq!(lab.post(&mallory, &format!("{API}/smartcards"), body).refusal().0, 400, "{field}");
    }
    let old = lab.assign(&mallory, &request, Uuid::new_v4());
    let old = Enrolled { request, smartcard: old, card_id: Uuid::nil() };
    let told = shown(&lab, &audrey, &old);
    assert!(["Model", "Firmware", "PrintedSerial"].iter().all(|key| told[*key].is_null()), "{told}");
}

fn key_of(key: &MemoryKey) -> &cardwright::pkix::PublicKey {
    cardwright::pkix::Signer::public_key(key)
}

#[test]
fn what_a_client_says_of_a_card_is_kept_and_proves_nothing() {
    what_a_client_says_proves_nothing(None);
}

#[test]
fn on_postgresql_it_proves_nothing_either() {
    what_a_client_says_proves_nothing(Some(Database::new()));
}

fn auditors_are_reported(database: Option<Database>) {
    let approved = |template: String| template.replacen("approvals_needed = 0", "approvals_needed = 1", 1);
    let lab = Lab::with_template(approved, database);
    let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
    let (olga, audrey) = (lab.user("olga", &["officers"]), lab.user("audrey", &["auditors"]));
    let mut cards = Vec::new();
    for person in [&alice, &bob, &alice] {
        let request = lab.enroll_request(person);
        let decision = json!({"Comment": "seen the passport"});
        lab.post(&olga, &format!("{EXTENSION}/requests/{request}/approve"), decision).ok();
        let smartcard = lab.assign(person, &request, Uuid::new_v4());
        lab.certificatedata(person, &request, &super::support::new_csr()).ok();
        lab.complete(person, &request).ok();
        cards.push((request, smartcard));
    }
    let denied = lab.enroll_request(&bob);
    lab.post(&olga, &format!("{EXTENSION}/requests/{denied}/deny"), json!({"Comment": "=1+1"})).ok();

    let counted = report(&lab, &audrey, "cards");
    assert_eq!((&counted["Rows"][0]["What"], &counted["Rows"][0]["Count"]), (&json!("Active"), &json!(3)), "{counted}");
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = |report: &Value| report["Rows"].as_array().unwrap().clone();
    let decisions = rows(&report(&lab, &audrey, "decisions"));
    let told: Vec<[String; 5]> =
        decisions.iter().map(|row| ["What", "By", "For", "Why", "Type"].map(|key| text(row, key))).collect();
    let yes = |whom: &str| ["Approved", "olga", whom, "seen the passport", "Enroll"].map(String::from);
    assert_eq!(told[..3], [yes("alice"), yes("bob"), yes("alice")], "the earliest first");
    assert_eq!(told[3], ["Denied", "olga", "bob", "=1+1", "Enroll"].map(String::from));
    let issued = report(&lab, &audrey, "issued");
    assert_eq!(rows(&issued).iter().map(|row| text(row, "For")).collect::<Vec<_>>(), ["alice", "bob", "alice"]);
    assert!(!issued["AsOf"].as_str().unwrap().is_empty());

    // Page by page it is the same.
    for (kind, whole) in [("issued", rows(&issued)), ("decisions", decisions)] {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page = report(&lab, &audrey, &format!("{kind}?limit=1&to={}{after}", text(&issued, "AsOf")));
            all.extend(rows(&page));
            assert!(rows(&page).len() <= 1 && all.len() <= whole.len(), "{page}");
            match text(&page, "Next") {
                next if next.is_empty() => break,
                next => after = format!("&after={next}"),
            }
        }
        assert_eq!(all, whole, "{kind}");
    }
    // A period has a first moment, and ends before a last one.
    let second = text(&rows(&issued)[1], "At");
    let of = |query: &str| rows(&report(&lab, &audrey, &format!("issued?{query}"))).len();
    assert_eq!((of(&format!("from={second}")), of(&format!("to={second}"))), (2, 1));
    assert_eq!(of("from=2001-01-01T00:00:00Z&to=2002-01-01T00:00:00Z"), 0);
    assert_eq!(of("to=2999-01-01T00:00:00Z"), 3, "nothing of the future");
    for bad in ["issued?after=nonsense", "decisions?after=nonsense", "recovered?after=1"] {
        assert_eq!(lab.get(&audrey, &format!("{EXTENSION}/reports/{bad}")).status, 400, "{bad}");
    }

    let body = json!({"datacollection": [], "type": "Retire", "smartcard": cards[1].1, "comment": ""});
    let request = lab.request(&olga, body);
    lab.put(&bob, &format!("{API}/requests/{request}/smartcards/{}", cards[1].1), json!({"status": "Retired"})).ok();
    lab.complete(&bob, &request).ok();
    let revoked = rows(&report(&lab, &audrey, "revoked"));
    assert_eq!(
        (text(&revoked[0], "For"), text(&revoked[0], "Why"), revoked.len()),
        ("bob".into(), "cessationOfOperation".into(), 1)
    );
    assert_eq!(rows(&report(&lab, &audrey, "recovered")), Vec::<Value>::new());
    assert_eq!(lab.get(&olga, &format!("{EXTENSION}/reports/issued")).status, 403);
}

#[test]
fn auditors_are_told_what_was_decided_issued_and_revoked() {
    auditors_are_reported(None);
}

#[test]
fn on_postgresql_they_are_told_the_same() {
    auditors_are_reported(Some(Database::new()));
}

/// Counts what a walk lists, by month, template and what happened.
fn by_month(rows: &[Value], keys: [&str; 3]) -> BTreeMap<[String; 3], u64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        let [at, template, what] = keys.map(|key| row[key].as_str().unwrap_or_default().to_owned());
        *counts.entry([at[..7].to_owned(), template, what]).or_default() += row["Count"].as_u64().unwrap_or(1);
    }
    counts
}

const KEYS: [&str; 3] = ["At", "Template", "What"];

fn months_are_counted_as_a_walk_counts_them(database: Option<Database>) {
    let approved = |template: String| template.replacen("approvals_needed = 0", "approvals_needed = 1", 1);
    let lab = Lab::with_template(approved, database);
    let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
    let (olga, audrey) = (lab.user("olga", &["officers"]), lab.user("audrey", &["auditors"]));
    let day: i64 = 86_400_000_000;
    for n in 0..9 {
        let person = [&alice, &bob][n % 2];
        let request = lab.enroll_request(person);
        let verb = if n % 3 == 2 { "deny" } else { "approve" };
        lab.post(&olga, &format!("{EXTENSION}/requests/{request}/{verb}"), json!({"Comment": "seen"})).ok();
        let days = i64::try_from(n).unwrap() * 26 * day;
        alter(&lab, &format!("UPDATE approvals SET at = at - {days} WHERE request = {}", uuid(&lab, &request)));
        if verb == "approve" {
            lab.assign(person, &request, Uuid::new_v4());
            lab.certificatedata(person, &request, &super::support::new_csr()).ok();
            lab.complete(person, &request).ok();
        }
    }
    let now = cardwright::store::micros(time::OffsetDateTime::now_utc());
    // The first moment of a month, the last one before it, and one of before moments were noted.
    let month = time::macros::datetime!(2026-03-01 0:00 UTC);
    let first = cardwright::store::micros(month);
    for (seq, issued, not_after) in [(1, first, now + 20 * day), (2, first - 1, now + 75 * day), (3, 0, now + 76 * day)]
    {
        alter(&lab, &format!("UPDATE certificates SET issued = {issued}, not_after = {not_after} WHERE seq = {seq}"));
    }
    alter(&lab, &format!("UPDATE certificates SET issued = {first} - seq * 33 * {day} WHERE seq > 3"));
    let revoked = format!("revoked_at = {now} - seq * 40 * {day}, revocation_reason = 1");
    alter(&lab, &format!("UPDATE certificates SET {revoked} WHERE seq > 3"));
    let period = "from=2025-08-15T00:00:00Z";
    for (kind, period) in [("issued", ""), ("issued", period), ("revoked", ""), ("revoked", period), ("decisions", "")]
    {
        let (mut walked, mut after) = (Vec::new(), String::new());
        loop {
            let page = report(&lab, &audrey, &format!("{kind}?limit=2&{period}{after}"));
            walked.extend(page["Rows"].as_array().unwrap().clone());
            match page["Next"].as_str().unwrap_or_default() {
                "" => break,
                next => after = format!("&after={next}"),
            }
        }
        let counted = report(&lab, &audrey, &format!("{kind}-by-month?{period}"));
        let counted = counted["Rows"].as_array().unwrap().clone();
        let months = by_month(&walked, KEYS);
        assert!(months.len() > 1, "{kind}: {months:?}");
        assert_eq!((by_month(&counted, KEYS), counted.len()), (months.clone(), months.len()), "{kind} {period}");
    }
    let none = report(&lab, &audrey, "issued-by-month?from=2001-01-01T00:00:00Z&to=2002-01-01T00:00:00Z");
    assert_eq!(none["Rows"], json!([]));
    assert_eq!(lab.get(&olga, &format!("{EXTENSION}/reports/issued-by-month")).status, 403);
    // What ends, for who sees all, for who sees these templates' cards, and for who sees his own.
    for (person, number) in [(&audrey, 3), (&olga, 3), (&alice, 1), (&bob, 2)] {
        for days in [76, 400] {
            let walked = found(&lab, person, &format!("cards/ending?days={days}"));
            let counted = lab.get(person, &format!("{EXTENSION}/cards/ending/months?days={days}")).ok();
            let counted = counted["Rows"].as_array().unwrap().clone();
            let walked = by_month(&walked, ["Expires", "ProfileTemplateName", ""]);
            assert_eq!(walked.values().sum::<u64>(), number, "{walked:?}");
            assert_eq!(by_month(&counted, KEYS), walked);
        }
    }
}

#[test]
fn months_are_counted_by_the_database_as_a_walk_counts_them() {
    months_are_counted_as_a_walk_counts_them(None);
}

#[test]
fn on_postgresql_months_are_counted_alike() {
    months_are_counted_as_a_walk_counts_them(Some(Database::new()));
}

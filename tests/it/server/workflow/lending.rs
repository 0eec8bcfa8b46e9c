//! TemporaryCards: beside a permanent card or alone, and gone by themselves.

use super::course::*;
use super::keyed::{PASSWORD, asked, began, in_workflow, signing, with_password};
use crate::server::support::{API, Lab, Person, last_segment, new_csr};
use crate::support::postgres::Database;
use cardwright::store::{Error, Store};
use serde_json::{Value, json};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};

fn unlinked(lab: &Lab, target: &Person) -> Value {
    json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "type": "TemporaryCards", "comment": "",
        "target": target.uuid,
    })
}

#[test]
fn a_card_is_lent_beside_the_permanent_one_or_alone() {
    for kind in ["smartcard", "virtual-smartcard"] {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let own = enrolled(&lab, &alice);
        assert_eq!(create(&lab, &alice, own.body("TemporaryCards")).refusal(), (403, "forbidden".into()));
        let request = last_segment(&create(&lab, &agent, own.body("TemporaryCards")).ok());
        assert_eq!(shown(&lab, &agent, &request)["RequestType"], 11);
        let lent = issued(&lab, &agent, &request);
        let made = card(&lab, &alice, &lent);
        assert_eq!((&made["Flags"], &made["PermanentSmartcardUuid"]), (&json!(4), &json!(own.card)), "{kind}");
        assert_eq!(made["ParentSmartcardUuid"], json!(Uuid::nil()));
        assert_eq!(profile(&lab, &alice, &lent)["Flags"], 4);
        assert_eq!(statuses(&lab, &alice, &own), (2, 2));
        let request = last_segment(&create(&lab, &agent, unlinked(&lab, &alice)).ok());
        let alone = issued(&lab, &agent, &request);
        assert_eq!(card(&lab, &alice, &alone)["PermanentSmartcardUuid"], json!(Uuid::nil()));
        for workflow in ["Renew", "Duplicate", "Recover", "OnlineUpdate", "TemporaryCards"] {
            let refused = create(&lab, &agent, lent.body(workflow)).refusal();
            assert_eq!(refused, (409, "card-status".into()), "{workflow}");
        }
        retired(&lab, &agent, &lent);
    }
}

/// Sets back the clock of every card that ends by itself.
fn time_passes(lab: &Lab) {
    let path = lab.data().join("cardwright.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&path).await.unwrap();
        let far = OffsetDateTime::now_utc() + time::Duration::days(365);
        for mut card in store.expired_smartcards(far, 1000).await.unwrap() {
            card.holder_role.expires = Some(OffsetDateTime::now_utc() - time::Duration::hours(1));
            let written: Result<(), Error> =
                store.write(move |tx| Box::pin(async move { tx.update_smartcard(&card, card.status).await })).await;
            written.unwrap();
        }
        store.close().await;
    });
}

#[test]
fn what_is_lent_ends_by_itself_and_is_audited() {
    let mut lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let own = enrolled(&lab, &alice);
    let lend = |lab: &Lab| last_segment(&create(lab, &agent, unlinked(lab, &alice)).ok());
    let request = lend(&lab);
    let lent = issued(&lab, &agent, &request);
    let certificate = serial(&lab, &alice, &lent);
    let begun = lend(&lab);
    let assigned = lab.assign(&agent, &begun, Uuid::new_v4());
    let retire = last_segment(&create(&lab, &agent, lent.body("Retire")).ok());
    lab.stop();
    time_passes(&lab);
    lab.start();
    let canceled = |lab: &Lab, request: &str| shown(lab, &agent, request)["Status"] == 17;
    let over = |lab: &Lab| statuses(lab, &alice, &lent) == (6, 6) && canceled(lab, &begun) && canceled(lab, &retire);
    // The first look is at the start; how soon it is done depends on the machine.
    for _ in 0..600 {
        if over(&lab) && listed(&lab).contains_key(&certificate) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(over(&lab));
    assert_eq!(listed(&lab), [(certificate, 5)].into());
    assert_eq!(statuses(&lab, &alice, &own), (2, 2), "permanent cards have no end");
    assert_eq!(lab.get(&agent, &format!("{API}/smartcards/{assigned}")).ok()["Status"], 6);
    assert_eq!(lab.complete(&agent, &begun).refusal().0, 409);
    lab.stop();
    assert_eq!(super::model::acts(&lab).iter().filter(|act| *act == "temporary-card-ended").count(), 2);
}

/// The end of the certificate that only this profile has.
fn ends(lab: &Lab, serial: &str) -> OffsetDateTime {
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let sql = "SELECT der FROM certificates WHERE serial = ?1";
    let der: Vec<u8> = database.query_row(sql, [hex::decode(serial).unwrap()], |row| row.get(0)).unwrap();
    X509Certificate::from_der(&der).unwrap().1.validity().not_after.to_datetime()
}

#[test]
fn a_certificate_on_a_lent_card_ends_with_the_card_or_before() {
    for (hours, longest) in [(3, time::Duration::hours(3)), (24 * 30, time::Duration::days(7))] {
        let lifetime = format!("lifetime_hours = {hours}");
        let lab = lab("smartcard", ARCHIVED, |text| in_workflow(&text, "temporary_cards", &lifetime));
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let own = began(&lab, &alice);
        let body = own.held.body("TemporaryCards");
        let alone = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "TemporaryCards",
            "comment": "", "target": alice.uuid});
        let before = OffsetDateTime::now_utc();
        let beside = asked(&lab, &agent, body);
        let alone = asked(&lab, &agent, alone);
        let after = OffsetDateTime::now_utc();
        let made = [signing(&lab, &alice, &beside.held), signing(&lab, &alice, &alone.held), alone.serial('s')];
        for serial in made {
            let end = ends(&lab, &serial);
            assert!(end <= after + longest && end >= before + longest - time::Duration::minutes(1), "{hours}: {end}");
        }
        assert_eq!(ends(&lab, &beside.serial('r')), ends(&lab, &own.serial('s')), "a copy ends with what it copies");
    }
}

#[test]
fn nothing_is_issued_for_a_card_whose_time_is_over() {
    let lab = lab("smartcard", ARCHIVED, |text| text);
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let own = began(&lab, &alice);
    let request = last_segment(&create(&lab, &agent, own.held.body("TemporaryCards")).ok());
    lab.assign(&agent, &request, Uuid::new_v4());
    time_passes(&lab);
    let refused = with_password(&lab, &agent, &request, &[new_csr()], json!(PASSWORD)).refusal();
    assert_eq!(refused, (409, "card-status".into()));
    assert_eq!(shown(&lab, &agent, &request)["NewProfileUuid"], json!(Uuid::nil()));
}

/// Both cards have the key, and each end spares what the other still uses: of two at one moment, neither may.
#[test]
fn a_lent_card_that_ends_while_another_server_ends_the_other_revokes_the_key_of_both() {
    let mut lab = Lab::with_template(offering("smartcard", ARCHIVED, |text| text), Some(Database::new()));
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let own = began(&lab, &alice);
    let lent = asked(&lab, &agent, own.held.body("TemporaryCards"));
    let copied = own.serial('s');
    assert_eq!(lent.serial('r'), copied);
    lab.stop();
    let database = lab.database.take().unwrap();
    let [own, lent] = [own.held, lent.held].map(|held| held.card.unwrap());
    database.sql(&format!("UPDATE smartcards SET expires = 1 WHERE uuid = '{lent}'"));
    let elsewhere = database.begun(&format!("UPDATE users SET name = name WHERE uuid = '{}'", alice.uuid));
    lab.start();
    database.await_waiting(1);
    elsewhere.committed(&format!(
        "UPDATE smartcards SET status = 'disabled' WHERE uuid = '{own}'; \
         UPDATE profiles SET status = 'disabled' WHERE smartcard = '{own}'"
    ));
    let ended = format!("SELECT count(*) FROM smartcards WHERE uuid = '{lent}' AND status = 'retired'");
    for _ in 0..600 {
        if database.sql(&ended) == "1" {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let revoked = format!("SELECT revoked_at IS NOT NULL FROM certificates WHERE serial = '\\x{copied}'");
    assert_eq!((database.sql(&ended), database.sql(&revoked)), ("1".to_owned(), "t".to_owned()));
    lab.stop();
}

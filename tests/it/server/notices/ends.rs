//! Holders are told once of each step before the end of a certificate, whatever the clock does.

use super::super::support::{EXTENSION, Lab, Person};
use super::{MailServer, QUIET, alice, becomes, header, mailing, person, sql};
use serde_json::json;
use time::OffsetDateTime;

const MORE: &str = "[notices.mail]\nrequest_waits = []\nrequest_decided = []\nrequest_ready = []\n\
                    certificate_ends = [\"holder\", \"ops@example.test\"]\n";

/// A server that mails, and a person with a card.
fn holding() -> (Lab, MailServer) {
    let mut lab = Lab::plain(|text| text);
    let mails = MailServer::start(&lab, "none");
    let alice = alice(&lab);
    lab.enrolled(&alice);
    lab.stop();
    mailing(&lab, mails.port, MORE);
    (lab, mails)
}

/// Has the certificate end in so many hours.
fn ends_in(lab: &Lab, hours: i64) {
    let end = (OffsetDateTime::now_utc().unix_timestamp() + hours * 3600) * 1_000_000;
    sql(lab, &format!("UPDATE certificates SET not_after = {end}, not_before = {end} - 31536000000000 RETURNING 1"));
}

#[test]
fn a_certificate_is_told_of_once_a_step_and_the_operators_by_a_list() {
    let (mut lab, mut mails) = holding();
    ends_in(&lab, 20 * 24);
    lab.start();
    let mut first = [mails.next(), mails.next()];
    first.sort_by_key(|mail| mail["to"].to_string());
    assert_eq!(
        (header(&first[0], "Subject"), &first[0]["to"]),
        ("Your certificate ends in 30 days", &json!(["alice@example.test"]))
    );
    assert_eq!(header(&first[1], "Subject"), "1 certificates end within 30 days");
    assert!(first[1]["body"].as_str().unwrap().contains("alice  SmartcardLogon"), "{}", first[1]);
    lab.stop();
    lab.start();
    assert!(mails.within(QUIET).is_none(), "a step is told once");
    lab.stop();
    // A week later.
    ends_in(&lab, 13 * 24);
    sql(&lab, "UPDATE told SET mark = mark - 7 * 86400000000 WHERE name LIKE 'ends:%' RETURNING 1");
    lab.start();
    let mail = mails.next();
    assert_eq!(
        (header(&mail, "Subject"), &mail["to"]),
        ("Your certificate ends in 14 days", &json!(["alice@example.test"]))
    );
    assert!(mails.within(QUIET).is_none(), "the list comes once a day");
    lab.stop();
    // Revoked, renewed or retired, it is nobody's concern.
    sql(&lab, "UPDATE certificates SET superseded = 1 RETURNING 1");
    ends_in(&lab, 48);
    sql(&lab, "UPDATE told SET mark = mark - 11 * 86400000000 RETURNING 1");
    lab.start();
    assert!(mails.within(QUIET).is_none());
}

#[test]
fn a_clock_that_went_ahead_and_came_back_hides_no_end() {
    let (mut lab, mut mails) = holding();
    ends_in(&lab, 90 * 24);
    lab.start();
    becomes(&lab, "SELECT count(*) FROM told WHERE name LIKE 'ends:%'", &["4"]);
    lab.stop();
    // As a server has left it whose clock went a year ahead.
    sql(
        &lab,
        "UPDATE told SET mark = mark + 31536000000000 WHERE name LIKE 'ends:%' OR name = 'ends-listed' RETURNING 1",
    );
    lab.start();
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let sane = format!("SELECT count(*) FROM told WHERE name LIKE 'ends:%' AND mark < ({now} + 61 * 86400) * 1000000");
    becomes(&lab, &sane, &["4"]);
    lab.stop();
    ends_in(&lab, 59 * 24);
    sql(&lab, "UPDATE told SET mark = mark - 86400000000 * 2 WHERE name LIKE 'ends:%' RETURNING 1");
    lab.start();
    let mail = mails.next();
    assert_eq!(header(&mail, "Subject"), "Your certificate ends in 60 days", "{mail}");
}

#[test]
fn a_certificate_that_never_lasted_long_is_not_told_of_in_the_first_half_of_its_life() {
    let (mut lab, mut mails) = holding();
    let end = (OffsetDateTime::now_utc().unix_timestamp() + 10 * 86400) * 1_000_000;
    sql(&lab, &format!("UPDATE certificates SET not_after = {end}, not_before = {end} - 86400000000 * 11 RETURNING 1"));
    lab.start();
    becomes(&lab, "SELECT count(*) FROM told WHERE name LIKE 'ends:%'", &["4"]);
    assert!(mails.within(QUIET).is_none());
}

/// A token more of somebody who is there already.
fn another(lab: &Lab, name: &str) -> Person {
    let added = cardwright::server::bearer_add(&lab.data(), name, "second", 1).unwrap();
    Person { uuid: added.record.owner, token: added.token.expose().to_owned() }
}

/// Somebody who looks after cards has a holder told again, once a day, and sees when that was.
#[test]
fn a_holder_is_told_again_when_somebody_wants_it() {
    let (mut lab, mut mails) = holding();
    lab.start();
    let olga = person(&lab, "olga", "olga@example.test", &["officers"], None);
    let alice = another(&lab, "alice");
    let card = lab.get(&olga, &format!("{EXTENSION}/cards")).ok()[0]["Uuid"].as_str().unwrap().to_owned();
    let remind = |who: &Person| lab.post(who, &format!("{EXTENSION}/smartcards/{card}/remind"), json!({}));
    let ending = || lab.get(&olga, &format!("{EXTENSION}/cards/ending?days=3660")).ok()[0]["HolderTold"].clone();
    assert_eq!(ending(), "0001-01-01T00:00:00", "nobody was told yet");
    assert_eq!(remind(&alice).refusal(), (403, "forbidden".into()));
    let told = remind(&olga).ok();
    assert_eq!((&told["HolderName"], &told["Ways"]), (&json!("alice"), &json!(["mail"])), "{told}");
    let mail = mails.next();
    assert_eq!(
        (&mail["to"], header(&mail, "X-Cardwright-Notice")),
        (&json!(["alice@example.test"]), "certificate-ends")
    );
    assert_eq!(ending(), told["At"]);
    assert_eq!(remind(&olga).refusal(), (409, "reminded-already".into()));
    sql(&lab, "UPDATE told SET mark = mark - 86400000000 WHERE name LIKE 'reminded:%' RETURNING 1");
    remind(&olga).ok();
    mails.next();
    // Where there is no way, that is said; and so where nothing ends.
    sql(&lab, "UPDATE told SET mark = mark - 86400000000 WHERE name LIKE 'reminded:%' RETURNING 1");
    sql(&lab, "UPDATE users SET email = NULL WHERE name = 'alice' RETURNING 1");
    assert_eq!(remind(&olga).refusal(), (409, "no-way-to-tell".into()));
    sql(&lab, "UPDATE certificates SET superseded = 1 RETURNING 1");
    assert_eq!(remind(&olga).refusal(), (409, "nothing-ends".into()));
    let acts = sql(&lab, "SELECT count(*) FROM audit WHERE record LIKE '%\"holder-reminded\"%'");
    assert_eq!(acts, ["2"]);
}

//! People who leave: what is told, that it is done as it was told or not at all, and who may not.

use super::course::*;
use crate::server::support::{API, Answer, EXTENSION, Lab, Person, last_segment, new_csr};
use crate::support::postgres::Database;
use serde_json::{Value, json};

const AFFILIATION_CHANGED: u8 = 3;
const CANCELED: i64 = 17;

/// A server with two administrators; a graduate with a card in use, one suspended, a lent one, one on its way, a token,
/// and requests.
struct Site {
    lab: Lab,
    administrator: Person,
    agent: Person,
    gina: Person,
    cards: Vec<Held>,
    /// Gina's own enrollment, which has begun; then one that takes a card from her.
    requests: [String; 2],
}

/// A server with an administrator, whose template is of this kind.
fn administered(kind: &str, database: Option<Database>) -> (Lab, Person) {
    let mut lab = Lab::with_template(offering(kind, LOSSES, |text| text), database);
    lab.stop();
    let path = lab.data().join("server.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings + "\n[roles]\nadmin = [\"group:administrators\"]\n").unwrap();
    lab.start();
    let administrator = lab.user("ada", &["administrators"]);
    (lab, administrator)
}

fn site(database: Option<Database>) -> Site {
    let (lab, administrator) = administered("smartcard", database);
    let agent = lab.user("agent", &["agents"]);
    let gina = lab.user("gina", &[]);
    let [first, second, third] = [(); 3].map(|()| enrolled(&lab, &gina));
    done(&lab, &agent, &second, "Reinstate");
    let lent = last_segment(&create(&lab, &agent, first.body("TemporaryCards")).ok());
    let lent = issued(&lab, &agent, &lent);
    let begun = lab.enroll_request(&gina);
    lab.assign(&gina, &begun, uuid::Uuid::new_v4());
    lab.certificatedata(&gina, &begun, &new_csr()).ok();
    let retire = last_segment(&create(&lab, &agent, third.body("Retire")).ok());
    Site { lab, administrator, agent, gina, cards: vec![first, second, third, lent], requests: [begun, retire] }
}

impl Site {
    fn foreseen(&self) -> Value {
        self.lab.get(&self.administrator, &format!("{EXTENSION}/people/{}/leaving", self.gina.uuid)).ok()
    }

    fn leave(&self, who: &Person, seen: &Value) -> Answer {
        let path = format!("{EXTENSION}/people/{}/leave", self.gina.uuid);
        self.lab.post(who, &path, json!({"Seen": seen, "Comment": "has graduated"}))
    }
}

/// How many of a kind have each fate.
fn fates(leaving: &Value, kind: &str) -> Vec<String> {
    let items = leaving["Items"].as_array().unwrap().iter().filter(|item| item["Kind"] == kind);
    items.map(|item| item["Fate"].as_str().unwrap().to_owned()).collect()
}

fn is_told_and_done(database: Option<Database>) {
    let site = site(database);
    let Site { lab, administrator, agent, gina, cards, requests: [begun, retire] } = &site;
    let told = site.foreseen();
    assert_eq!((&told["Name"], &told["Left"]), (&json!("gina"), &json!(false)));
    assert_eq!(fates(&told, "Account"), ["Disabled"]);
    assert_eq!(fates(&told, "Smartcard"), ["Revoked"; 4]);
    assert_eq!(fates(&told, "TemporaryCard"), ["Revoked"]);
    assert_eq!(fates(&told, "Certificate"), ["Revoked"; 5]);
    assert_eq!(fates(&told, "Token"), ["Revoked"]);
    let items = told["Items"].as_array().unwrap();
    let of = |uuid: &str| items.iter().find(|item| item["Uuid"] == uuid).unwrap()["Fate"].clone();
    assert_eq!((of(begun), of(retire)), (json!("Closed"), json!("Kept")), "what takes something from her goes on");
    let list_before = listed(lab);
    assert_eq!(site.foreseen(), told, "to look changes nothing");
    assert_eq!(listed(lab), list_before);

    // A mark of something else, and one that is out of date.
    assert_eq!(site.leave(administrator, &json!("")).refusal(), (409, "leaving-changed".into()));
    let fifth = enrolled(lab, gina);
    assert_eq!(site.leave(administrator, &told["Mark"]).refusal(), (409, "leaving-changed".into()));
    assert_eq!(statuses(lab, agent, &fifth), (2, 2), "nothing was ended");
    assert_eq!(listed(lab), list_before);
    // Another state of one card is another mark as well.
    let told = site.foreseen();
    done(lab, agent, &fifth, "Reinstate");
    assert_eq!(site.leave(administrator, &told["Mark"]).refusal(), (409, "leaving-changed".into()));

    let told = site.foreseen();
    let done = site.leave(administrator, &told["Mark"]).ok();
    assert_eq!((&done["Left"], &done["Items"]), (&json!(true), &told["Items"]));
    for held in cards.iter().chain([&fifth]) {
        assert_eq!(statuses(lab, agent, held), (3, 3));
    }
    let reasons: Vec<u8> = listed(lab).into_values().collect();
    // What was issued to an enrollment that never ended was revoked with that.
    assert_eq!(reasons.iter().filter(|reason| **reason == AFFILIATION_CHANGED).count(), 5, "{reasons:?}");
    assert_eq!(reasons.len(), 6);
    assert_eq!(shown(lab, agent, begun)["Status"], CANCELED);
    assert_eq!(lab.get(gina, &format!("{API}/requests")).status, 401, "her token lets nobody in");
    let after = site.foreseen();
    assert_eq!(after["Left"], true, "{after}");
    let again = site.leave(administrator, &told["Mark"]).ok();
    assert_eq!(again["Left"], true, "repeated, it changes nothing");
    // What was handed in is still retired.
    let card = cards[2].card.as_ref().unwrap();
    lab.put(agent, &format!("{API}/requests/{retire}/smartcards/{card}"), json!({"status": "Retired"})).ok();
    // Enabled again she has her account, and nothing else.
    let accounts = format!("{EXTENSION}/accounts/{}", gina.uuid);
    lab.put(administrator, &accounts, json!({"Disabled": false})).ok();
    assert_eq!(lab.get(gina, &format!("{API}/requests")).status, 401);
    assert_eq!(listed(lab).len(), 6);
}

#[test]
fn what_a_leaver_has_is_told_and_ended_as_it_was_told() {
    is_told_and_done(None);
}

#[test]
fn what_a_leaver_has_is_told_and_ended_as_it_was_told_on_postgresql() {
    is_told_and_done(Some(Database::new()));
}

#[test]
fn what_was_asked_for_what_ends_with_a_leaver_is_told_as_closed_and_closed() {
    for kind in ["smartcard", "software"] {
        let (lab, ada) = administered(kind, None);
        let agent = lab.user("agent", &["agents"]);
        let gina = lab.user("gina", &[]);
        // Of a card that her unfinished enrollment has brought, and of a profile on no card.
        let (held, what) = if kind == "smartcard" {
            let begun = lab.enroll_request(&gina);
            (Held { card: Some(lab.assign(&gina, &begun, uuid::Uuid::new_v4())), profile: String::new() }, "Retire")
        } else {
            (enrolled(&lab, &gina), "Revoke")
        };
        let asked = last_segment(&create(&lab, &agent, held.body(what)).ok());
        let person = format!("{EXTENSION}/people/{}", gina.uuid);
        let told = lab.get(&ada, &format!("{person}/leaving")).ok();
        let item = told["Items"].as_array().unwrap().iter().find(|item| item["Uuid"] == json!(asked)).unwrap();
        assert_eq!(item["Fate"], "Closed", "{kind}");
        lab.post(&ada, &format!("{person}/leave"), json!({"Seen": told["Mark"], "Comment": ""})).ok();
        assert_eq!(shown(&lab, &agent, &asked)["Status"], CANCELED, "{kind}");
    }
}

#[test]
fn a_person_who_is_disabled_ends_what_was_asked_for_the_card_of_an_unfinished_request() {
    let (lab, ada) = administered("smartcard", None);
    let erin = lab.user("erin", &["agents"]);
    let gina = lab.user("gina", &[]);
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "",
        "target": gina.uuid});
    let begun = last_segment(&create(&lab, &erin, body).ok());
    let brought = Held { card: Some(lab.assign(&erin, &begun, uuid::Uuid::new_v4())), profile: String::new() };
    let asked = last_segment(&create(&lab, &gina, brought.body("Retire")).ok());
    lab.put(&ada, &format!("{EXTENSION}/accounts/{}", erin.uuid), json!({"Disabled": true})).ok();
    assert_eq!([&begun, &asked].map(|request| shown(&lab, &gina, request)["Status"].clone()), [17, 17]);
}

#[test]
fn nobody_but_another_administrator_has_a_person_leave() {
    let site = site(None);
    let told = site.foreseen();
    for who in [&site.agent, &site.gina] {
        assert_eq!(site.leave(who, &told["Mark"]).refusal(), (403, "forbidden".into()));
        let leaving = format!("{EXTENSION}/people/{}/leaving", site.gina.uuid);
        assert_eq!(site.lab.get(who, &leaving).refusal(), (403, "forbidden".into()));
    }
    // The last administrator does not go without another.
    let ada = &site.administrator;
    let leave = format!("{EXTENSION}/people/{}/leave", ada.uuid);
    assert_eq!(site.lab.post(ada, &leave, json!({"Seen": ""})).refusal(), (403, "forbidden".into()));
    let nobody = format!("{EXTENSION}/people/{}/leaving", uuid::Uuid::new_v4());
    assert_eq!(site.lab.get(ada, &nobody).refusal(), (404, "not-found".into()));
}

#[test]
fn a_leaver_whom_a_directory_had_disabled_is_not_had_in_again_by_it() {
    let site = site(None);
    let database = rusqlite::Connection::open(site.lab.data().join("cardwright.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let disabled = "UPDATE users SET disabled = TRUE, source = 'directory-disabled' WHERE name = 'gina'";
    database.execute(disabled, []).unwrap();
    let told = site.foreseen();
    assert_eq!(fates(&told, "Account"), ["Disabled"]);
    site.leave(&site.administrator, &told["Mark"]).ok();
    let ask = "SELECT source || disabled FROM users WHERE name = 'gina'";
    let kept: String = database.query_row(ask, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, "directory1");
    assert_eq!(fates(&site.foreseen(), "Account"), ["Kept"]);
}

/// How often an act stands in the log of a server that was stopped.
fn acts(lab: &Lab, act: &str) -> usize {
    super::model::acts(lab).iter().filter(|known| *known == act).count()
}

#[test]
fn all_of_it_stands_in_the_log() {
    let mut site = site(None);
    let told = site.foreseen();
    site.leave(&site.administrator, &told["Mark"]).ok();
    site.leave(&site.administrator, &told["Mark"]).ok();
    site.lab.stop();
    assert_eq!(acts(&site.lab, "person-left"), 1);
    assert_eq!(acts(&site.lab, "token-revoked"), 1);
    assert_eq!(acts(&site.lab, "request-withdrawn"), 1);
    assert_eq!(acts(&site.lab, "user-changed"), 1);
}

fn many_at_once(database: Option<Database>) {
    let site = site(database);
    let told = site.foreseen();
    let renew = last_segment(&create(&site.lab, &site.agent, site.cards[0].body("Renew")).ok());
    let told_later = site.foreseen();
    assert_ne!(told["Mark"], told_later["Mark"]);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let site = &site;
        let mut tasks: Vec<_> =
            (0..6).map(|_| scope.spawn(|| site.leave(&site.administrator, &told_later["Mark"]))).collect();
        // Somebody carries the renewal out meanwhile, and somebody reports a card.
        let renewal = renew.clone();
        tasks.push(scope.spawn(move || {
            site.lab.certificatedata(&site.agent, &renewal, &new_csr());
            site.lab.complete(&site.agent, &renewal)
        }));
        let card = site.cards[1].card.clone().unwrap();
        tasks.push(
            scope.spawn(move || site.lab.post(&site.agent, &format!("{EXTENSION}/smartcards/{card}/lost"), json!({}))),
        );
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    for answer in &answers {
        assert!(answer.status < 500, "{}", String::from_utf8_lossy(&answer.bytes));
    }
    for _ in 0..3 {
        let told = site.foreseen();
        site.leave(&site.administrator, &told["Mark"]).ok();
    }
    assert_eq!(site.foreseen()["Left"], true);
    assert!(listed(&site.lab).values().all(|reason| *reason != 6), "nothing stays on hold");
}

#[test]
fn many_at_once_leave_nothing_half_ended() {
    many_at_once(None);
}

#[test]
fn many_at_once_leave_nothing_half_ended_on_postgresql() {
    many_at_once(Some(Database::new()));
}

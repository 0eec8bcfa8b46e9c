//! Cards, people and what happened to them, found by what somebody knows of them; on both databases.

use super::support::{API, EXTENSION, Enrolled, Lab, Person};
use crate::support::postgres::Database;
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey};
use serde_json::{Value, json};
use std::slice::from_ref;
use uuid::Uuid;

/// What a search, a list or a history answers with; nothing is 204.
#[track_caller]
fn list(lab: &Lab, person: &Person, path: &str) -> Vec<Value> {
    let answer = lab.get(person, &format!("{EXTENSION}/{path}"));
    if answer.status == 204 { Vec::new() } else { answer.ok().as_array().unwrap().clone() }
}

fn texts(list: &[Value], key: &str) -> Vec<String> {
    list.iter().map(|entry| entry[key].as_str().unwrap_or_default().to_owned()).collect()
}

struct Site {
    lab: Lab,
    alice: Person,
    albert: Person,
    olga: Person,
    eve: Person,
    /// Alice's first card, then Albert's, then Alice's second.
    cards: Vec<(Enrolled, Certificate)>,
}

fn site(database: Option<Database>) -> Site {
    let lab = Lab::with_template(|template| template, database);
    let [alice, albert, eve] = ["alice", "Albert", "eve"].map(|name| lab.user(name, &[]));
    let olga = lab.user("olga", &["officers"]);
    let key = || MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let cards = [&alice, &albert, &alice].map(|owner| lab.enrolled_with(owner, &key()));
    Site { cards: cards.into(), lab, alice, albert, olga, eve }
}

fn cards_are_found(site: &Site) {
    let Site { lab, alice, albert, olga, eve, cards } = site;
    let uuids = |list: &[Value]| texts(list, "Uuid");
    let [first, second, third] = [0, 1, 2].map(|at| cards[at].0.smartcard.clone());
    let all = list(lab, olga, "cards");
    assert_eq!(uuids(&all), [third.clone(), second.clone(), first.clone()], "the last assigned comes first");
    assert_eq!(texts(&all, "OwnerName"), ["alice", "Albert", "alice"]);
    assert_eq!(texts(&all, "ProfileTemplateName"), ["Smart card logon"; 3]);
    let ends = |at: usize| cards[at].1.not_after().unix_timestamp();
    let told = time::OffsetDateTime::parse(
        all[0]["Expires"].as_str().unwrap(),
        &time::format_description::well_known::Rfc3339,
    );
    assert_eq!(told.unwrap().unix_timestamp(), ends(2));

    let page = list(lab, olga, "cards?limit=2");
    assert_eq!(uuids(&page), [third.clone(), second.clone()]);
    assert_eq!(uuids(&list(lab, olga, &format!("cards?limit=2&before={second}"))), from_ref(&first));
    assert_eq!(uuids(&list(lab, olga, &format!("cards?owner={}", albert.uuid))), from_ref(&second));
    assert_eq!(list(lab, olga, &format!("cards?owner={}&status=Retired", albert.uuid)), Vec::<Value>::new());
    assert_eq!(list(lab, olga, &format!("cards?template={}", lab.template)).len(), 3);
    assert_eq!(list(lab, olga, &format!("cards?template={}", Uuid::new_v4())), Vec::<Value>::new());
    assert_eq!(list(lab, olga, &format!("cards?template={}&owner={}", lab.template, alice.uuid)).len(), 2);
    assert_eq!(lab.get(olga, &format!("{EXTENSION}/cards?status=nonsense")).status, 400);

    assert_eq!(uuids(&list(lab, alice, "cards")), [third.clone(), first.clone()], "one's own");
    assert_eq!(list(lab, alice, &format!("cards?owner={}", albert.uuid)), Vec::<Value>::new(), "not another's");
    assert_eq!(list(lab, eve, "cards"), Vec::<Value>::new());

    let ending = list(lab, olga, "cards/ending?days=366");
    let serials: Vec<String> = cards.iter().map(|(_, it)| it.serial()).collect();
    let mut told = texts(&ending, "SerialNumber");
    let beyond = format!("cards/ending?days=366&limit=1&beyond={}", told[0]);
    assert_eq!(texts(&list(lab, olga, &beyond), "SerialNumber"), [told[1].clone()]);
    told.sort();
    let mut expected = serials;
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(list(lab, olga, "cards/ending?days=300"), Vec::<Value>::new());
    assert_eq!(uuids(&list(lab, albert, "cards/ending?days=366")), [second], "one's own");
}

fn whatever_a_text_names_is_found(site: &Site) {
    let Site { lab, alice, albert, olga, eve, cards } = site;
    let (card, certificate) = &cards[1];
    let search = |person: &Person, text: &str| {
        let found = list(lab, person, &format!("search?text={}", text.replace(' ', "%20").replace('@', "%40")));
        texts(&found, "Kind").into_iter().zip(texts(&found, "Uuid")).collect::<Vec<_>>()
    };
    let person = |person: &Person| ("Person".to_owned(), person.uuid.to_string());
    let smartcard = ("Smartcard".to_owned(), card.smartcard.clone());
    let of_card = ("Certificate".to_owned(), card.smartcard.clone());
    assert_eq!(search(olga, "AL"), [person(albert), person(alice)], "in whatever letter case, by name");
    assert_eq!(search(olga, "alb"), [person(albert)]);
    assert_eq!(search(olga, "lice"), []);
    assert_eq!(search(olga, &card.smartcard), from_ref(&smartcard));
    assert_eq!(search(olga, &card.card_id.to_string()), [smartcard]);
    assert_eq!(search(olga, &card.request), [("Request".to_owned(), card.request.clone())]);
    let serial = certificate.serial().to_lowercase();
    let colons =
        serial.as_bytes().chunks(2).map(|byte| std::str::from_utf8(byte).unwrap()).collect::<Vec<_>>().join(":");
    let thumbprint = certificate.thumbprint_sha1();
    assert_eq!(search(olga, &colons), from_ref(&of_card));
    assert_eq!(search(olga, &thumbprint), from_ref(&of_card));
    assert_eq!(search(albert, &colons), [of_card], "one's own");
    for text in ["al", &card.smartcard, &card.request, &colons, &albert.uuid.to_string()] {
        assert_eq!(search(eve, text), [], "{text}");
    }
    assert_eq!(lab.get(olga, &format!("{EXTENSION}/search?text={}", "x".repeat(257))).status, 400);

    let people = list(lab, olga, "people?begins=alb");
    assert_eq!((texts(&people, "Name"), people[0]["Disabled"].clone()), (vec!["Albert".to_owned()], json!(false)));
    assert_eq!(texts(&list(lab, eve, "people?begins=ev"), "Name"), ["eve"]);
    assert_eq!(list(lab, eve, "people?begins=al"), Vec::<Value>::new());
}

fn what_happened_is_told(site: &Site) {
    let Site { lab, albert, olga, eve, cards, .. } = site;
    let (card, certificate) = &cards[1];
    let history = |person: &Person| list(lab, person, &format!("smartcards/{}/history", card.smartcard));
    let mut whats = texts(&history(albert), "What");
    whats.sort();
    assert_eq!(whats, ["Completed", "Issued", "Requested"]);
    let body =
        json!({"datacollection": [], "type": "Retire", "smartcard": card.smartcard, "comment": "found in a drain"});
    let request = lab.request(olga, body);
    let retire = format!("{}/requests/{request}/smartcards/{}", super::support::API, card.smartcard);
    lab.put(albert, &retire, json!({"status": "Retired"})).ok();
    lab.complete(albert, &request).ok();
    let told = history(olga);
    let revoked = told.iter().find(|entry| entry["What"] == "Revoked").unwrap();
    assert_eq!(
        (&revoked["SerialNumber"], &revoked["Why"]),
        (&json!(certificate.serial()), &json!("cessationOfOperation"))
    );
    let asked = told.iter().find(|entry| entry["What"] == "Requested" && entry["Type"] == "Retire").unwrap();
    assert_eq!((&asked["By"], &asked["Why"]), (&json!("olga"), &json!("found in a drain")));
    assert_eq!(list(lab, olga, &format!("people/{}/history", albert.uuid)), told, "it is all that he ever had");
    let before = format!("people/{}/history?before={request}", albert.uuid);
    assert!(list(lab, olga, &before).iter().all(|entry| entry["Type"] != "Retire"), "a page before");
    assert_eq!(lab.get(eve, &format!("{EXTENSION}/smartcards/{}/history", card.smartcard)).status, 404);
    assert_eq!(lab.get(eve, &format!("{EXTENSION}/people/{}/history", albert.uuid)).status, 404);
}

fn all(site: &Site) {
    cards_are_found(site);
    whatever_a_text_names_is_found(site);
    what_happened_is_told(site);
}

#[test]
fn cards_people_and_histories_are_found() {
    all(&site(None));
}

#[test]
fn on_postgresql_likewise() {
    all(&site(Some(Database::new())));
}

/// Whoever executes for others under one template has a card of his own under another.
#[test]
fn ones_own_card_is_among_those_that_end_whatever_else_one_sees() {
    let mut lab = Lab::with_template(|template| template, None);
    lab.stop();
    let templates = lab.data().join("templates");
    let one = std::fs::read_dir(&templates).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&one).unwrap();
    let name = text.lines().find(|line| line.starts_with("name = ")).unwrap();
    let second = text.replace(&lab.template.to_string(), &Uuid::new_v4().to_string());
    let second = second.replacen(name, "name = \"Second\"", 1).replace("group:officers", "group:desk");
    std::fs::write(templates.join("second.toml"), second).unwrap();
    lab.start();
    let dora = lab.user("dora", &["desk"]);
    let (_, certificate) = lab.enrolled_with(&dora, &MemoryKey::generate(KeyAlgorithm::P256).unwrap());
    assert_eq!(list(&lab, &dora, &format!("cards?template={}", lab.template)).len(), 1);
    assert_eq!(texts(&list(&lab, &dora, "cards/ending?days=366"), "SerialNumber"), [certificate.serial()]);
    let other = lab.user("otto", &["desk"]);
    assert_eq!(list(&lab, &other, "cards/ending?days=366"), Vec::<Value>::new(), "of the other template");
}

/// Clients that know MIM CM alone may say it by any of these calls, and first after the card was assigned.
fn an_answer_to_reset_said_later_is_kept(database: Option<Database>) {
    let proposes =
        |text: String| text.replacen("user_pin_option = \"user-provided\"", "user_pin_option = \"server-proposed\"", 1);
    let lab = Lab::with_template(proposes, database);
    let alice = lab.user("alice", &[]);
    let calls = [
        "diversifiedkey?",
        "authenticationresponse?challenge=D61143F9CCFFD2CA&diversified=False&",
        "serverproposedpin?",
    ];
    for call in calls {
        let atr = |card: &str| {
            let cards = list(&lab, &alice, "cards");
            cards.iter().find(|found| found["Uuid"] == card).unwrap()["Atr"].as_str().unwrap_or_default().to_owned()
        };
        let request = lab.enroll_request(&alice);
        let card_id = Uuid::new_v4();
        let card = lab.assign(&alice, &request, card_id);
        let path = format!("{API}/requests/{request}/smartcards/{card}/{call}cardid={card_id}");
        lab.get(&alice, &path).ok();
        assert_eq!(atr(&card), "", "{call}");
        assert_eq!(lab.get(&alice, &format!("{path}&atr={}", "3b".repeat(34))).refusal().0, 400, "{call}");
        for said in ["3BFA1300", "3b00"] {
            lab.get(&alice, &format!("{path}&atr={said}")).ok();
            assert_eq!(atr(&card), "3bfa1300", "{call}: the first stays");
        }
        let shown = lab.get(&alice, &format!("{API}/smartcards/{card}")).ok();
        assert_eq!(shown["Atr"], "", "{call}: it says nothing of what was assigned");
        // What was said when the card was assigned is what counts.
        let request = lab.enroll_request(&alice);
        let body = json!({"requestid": request, "cardid": Uuid::new_v4(), "atr": "3b01"});
        let answer = lab.post(&alice, &format!("{API}/smartcards"), body.clone()).ok();
        let card = crate::server::support::last_segment(&answer);
        let card_id = body["cardid"].as_str().unwrap();
        let path = format!("{API}/requests/{request}/smartcards/{card}/{call}cardid={card_id}&atr=3b02");
        lab.get(&alice, &path).ok();
        assert_eq!(atr(&card), "3b01", "{call}");
    }
}

#[test]
fn an_answer_to_reset_that_is_said_after_the_assignment_is_kept() {
    an_answer_to_reset_said_later_is_kept(None);
}

#[test]
fn an_answer_to_reset_that_is_said_after_the_assignment_is_kept_on_postgresql() {
    an_answer_to_reset_said_later_is_kept(Some(Database::new()));
}

//! Visits at a kiosk: who is let in by what, what a visit reaches, what ends it, and what a thief of the kiosk gains.

use super::identity::restart;
use super::passwords::with_passwords;
use super::support::{API, Answer, EXTENSION, Lab, Person, new_csr};
use crate::attacks::site::{alter, ask};
use crate::support::postgres::Database;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer};
use cardwright::server::{self, UserChange};
use serde_json::{Value, json};
use uuid::Uuid;

const SETTINGS: &str = "[roles]\nkiosk = [\"group:kiosks\"]\nauditor = [\"group:auditors\"]\n";
const VISITS: &str = "/CertificateManagement/api/cardwright/v1/visits";

fn lab(database: Option<Database>) -> Lab {
    let table = "deliver = [\"display\"]\ntries = 3";
    let mut lab = match database {
        Some(database) => Lab::with_template(|text| with_passwords(text, table), Some(database)),
        None => Lab::plain(|text| with_passwords(text, table)),
    };
    restart(&mut lab, SETTINGS);
    lab
}

/// A request of somebody's that is approved, and its password.
fn approved(lab: &Lab, whose: &Person, by: &Person) -> (String, String) {
    let request = lab.enroll_request(whose);
    let path = format!("{EXTENSION}/requests/{request}/approve");
    let approved = lab.post(by, &path, json!({"Comment": "seen"})).ok();
    (request, approved["OneTimePassword"].as_str().unwrap().to_owned())
}

fn visit(lab: &Lab, kiosk: &Person, who: &str, password: &str) -> Answer {
    lab.post(kiosk, VISITS, json!({"User": who, "OneTimePassword": password}))
}

/// The person as the bearer of a visit.
#[track_caller]
fn visitor(answer: Answer) -> Person {
    let visit = answer.ok();
    let uuid = visit["User"]["Uuid"].as_str().unwrap().parse().unwrap();
    Person { uuid, token: visit["Bearer"].as_str().unwrap().to_owned() }
}

fn whoami(lab: &Lab, who: &Person) -> Answer {
    lab.get(who, &format!("{EXTENSION}/whoami"))
}

#[track_caller]
fn is_over(lab: &Lab, who: &Person) {
    assert_eq!(whoami(lab, who).refusal(), (401, "visit-over".into()));
}

/// The acts of visits in the log, oldest first: what, by whom, about whom.
fn acts(lab: &Lab, auditor: &Person) -> Vec<(String, String, Value)> {
    let log = lab.get(auditor, &format!("{EXTENSION}/audit?limit=500")).ok();
    let read = |act: &Value| serde_json::from_str::<Value>(act["Record"].as_str().unwrap()).unwrap();
    let acts = log.as_array().unwrap().iter().map(read);
    let text = |act: &Value, key: &str| act[key].as_str().unwrap_or_default().to_owned();
    let of_visits = acts.filter(|act| text(act, "act").starts_with("visit-"));
    of_visits.map(|act| (text(&act, "act"), text(&act, "actor_name"), act["evidence"].clone())).collect()
}

/// What a refusal says to whoever gets it.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body["CorrelationId"] = Value::Null;
    (answer.status, body)
}

#[test]
fn a_password_lets_its_person_in_for_its_request_alone() {
    let lab = lab(None);
    let (alice, bob, eve) = (lab.user("alice", &["officers"]), lab.user("bob", &["officers"]), lab.user("eve", &[]));
    let (kiosk, auditor) = (lab.user("kiosk-1", &["kiosks"]), lab.user("ann", &["auditors"]));
    assert_eq!(whoami(&lab, &kiosk).ok()["Duties"], json!(["let-in"]));
    let (request, password) = approved(&lab, &alice, &bob);
    let (other, _) = approved(&lab, &alice, &bob);
    let (hers, _) = approved(&lab, &eve, &bob);
    assert_eq!(visit(&lab, &bob, "alice", &password).refusal(), (403, "forbidden".into()));

    let answer = visit(&lab, &kiosk, "ALICE", &format!(" {} ", password.to_lowercase())).ok();
    assert_eq!((&answer["User"]["Name"], &answer["Request"]), (&json!("alice"), &json!(request)));
    let here = Person { uuid: alice.uuid, token: answer["Bearer"].as_str().unwrap().to_owned() };
    let myself = whoami(&lab, &here).ok();
    assert_eq!((&myself["Name"], &myself["Duties"], &myself["Parts"]), (&json!("alice"), &Value::Null, &Value::Null));
    // That request, and none of hers or of those that she could decide on.
    let read = |request: &str| lab.get(&here, &format!("{API}/requests/{request}")).status;
    assert_eq!((read(&request), read(&other), read(&hers)), (200, 404, 404));
    for list in [format!("{API}/requests"), format!("{EXTENSION}/requests")] {
        let listed = lab.get(&here, &list).ok();
        let ids: Vec<_> = listed.as_array().unwrap().iter().map(|request| request["Uuid"].clone()).collect();
        assert_eq!(ids, [json!(request)], "{list}");
    }
    for (verb, path, body) in [
        ("POST", format!("{EXTENSION}/requests/{hers}/approve"), Some(json!({"Comment": ""}))),
        ("POST", format!("{API}/requests"), Some(json!({"type": "Enroll", "profiletemplateuuid": lab.template}))),
        ("GET", format!("{API}/smartcards"), None),
        ("GET", format!("{API}/certificates"), None),
        ("GET", format!("{EXTENSION}/search?text=alice"), None),
        ("GET", format!("{EXTENSION}/accounts/{}/tokens", alice.uuid), None),
        ("POST", format!("{EXTENSION}/token/renew"), Some(json!({}))),
        ("POST", VISITS.to_owned(), Some(json!({"User": "alice", "OneTimePassword": password}))),
        ("POST", format!("{VISITS}/challenge"), Some(json!({}))),
    ] {
        let refusal = lab.call(Some(&here.token), verb, &path, body.as_ref()).refusal();
        assert_eq!(refusal, (403, "forbidden".into()), "{verb} {path}");
    }
    // A card of hers from before is none of this visit's.
    let body = json!({"requestid": other, "cardid": Uuid::new_v4()});
    assert_eq!(lab.post(&here, &format!("{API}/smartcards"), body).refusal(), (404, "not-found".into()));
    let card_id = Uuid::new_v4();
    let smartcard = lab.assign(&here, &request, card_id);
    assert_eq!(lab.get(&here, &format!("{API}/smartcards?cardid={card_id}")).ok()["Uuid"], json!(smartcard));
    assert_eq!(lab.get(&here, &format!("{API}/smartcards/{smartcard}")).status, 200);

    // The kiosk was cut off: the same password lets her in again, and the visit before is over.
    let again = visitor(visit(&lab, &kiosk, "alice", &password));
    is_over(&lab, &here);
    lab.certificatedata(&again, &request, &new_csr()).ok();
    lab.complete(&again, &request).ok();
    is_over(&lab, &again);
    assert_eq!(visit(&lab, &kiosk, "alice", &password).refusal(), (403, "visit-refused".into()), "it is closed");

    let acts = acts(&lab, &auditor);
    let seen: Vec<_> = acts.iter().map(|(act, who, what)| (act.as_str(), who.as_str(), &what["name"])).collect();
    let (begun, refused, name) = ("visit-begun", "visit-refused", json!("alice"));
    assert_eq!(seen, [(begun, "kiosk-1", &name), (begun, "kiosk-1", &name), (refused, "kiosk-1", &name)]);
    assert_eq!(acts[0].2["way"], "one-time-password");
}

#[test]
fn who_stands_at_a_kiosk_learns_of_nobody_and_waits_longer_each_time() {
    let lab = lab(None);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let kiosks: Vec<_> = (0..4).map(|number| lab.user(&format!("kiosk-{number}"), &["kiosks"])).collect();
    lab.user("dave", &[]);
    let (upn, email) = (Some("alice@example.com".to_owned()), Some("a.lice@example.com".to_owned()));
    server::user_change(&lab.data(), "alice", UserChange { upn, email, ..UserChange::default() }).unwrap();
    let (request, password) = approved(&lab, &alice, &bob);
    // Nobody of that name; somebody without such a request; another password; a card that nobody has.
    let wrong = told(&visit(&lab, &kiosks[0], "alice", "AAAAAAAAAA"));
    assert_eq!((wrong.0, &wrong.1["Code"]), (403, &json!("visit-refused")));
    assert_eq!(told(&visit(&lab, &kiosks[0], "nobody", "AAAAAAAAAA")), wrong);
    assert_eq!(told(&visit(&lab, &kiosks[0], "dave", &password)), wrong);
    let card = json!({"CardId": Uuid::new_v4(), "OneTimePassword": password});
    assert_eq!(told(&lab.post(&kiosks[0], VISITS, card)), wrong);
    // Twice in vain, and the third one waits, whoever is meant and whatever kiosk is asked; the wait is told twice.
    for who in ["alice", "nobody", "dave"] {
        assert_eq!(told(&visit(&lab, &kiosks[1], who, "AAAAAAAAAA")), wrong, "{who}");
        // A second may be over before a busy machine asks again; the pause of the next time is twice as long.
        let tries = [1, 2, 4, 8].map(|pause| (pause, visit(&lab, &kiosks[2], who, "AAAAAAAAAA")));
        let first = tries.iter().position(|(_, answer)| answer.status == 429).expect(who);
        assert!(tries[..first].iter().all(|(_, answer)| told(answer) == wrong), "{who}");
        let (pause, waits) = &tries[first];
        assert_eq!(waits.code(), "too-many-requests", "{who}");
        let seconds = waits.json()["Message"].as_str().unwrap().split("come back in ").nth(1).unwrap().to_owned();
        let seconds: u64 = seconds.strip_suffix(" s").unwrap().parse().unwrap();
        assert!((1..=*pause).contains(&seconds), "{waits:?}");
    }
    // Her password was tried twice; the third time is its last, by whichever name; then the right one is worth nothing.
    let last = || visit(&lab, &kiosks[2], "alice@example.com", "AAAAAAAAAA");
    assert_eq!(told(&last()), wrong);
    assert_eq!(told(&visit(&lab, &kiosks[2], "A.Lice@example.com", &password)), wrong);
    let path = format!("{EXTENSION}/requests/{request}/onetimepassword/distribution");
    let next = lab.post(&bob, &path, json!({})).ok();
    let next = next["OneTimePassword"].as_str().unwrap();
    assert_eq!(visitor(visit(&lab, &kiosks[3], "a.lice@EXAMPLE.com", next)).uuid, alice.uuid);
    // The right one whose time is over is told so, to whoever has it alone.
    let (_, password) = approved(&lab, &alice, &bob);
    alter(&lab, "UPDATE one_time_passwords SET expires = 1");
    let spent = visit(&lab, &kiosks[3], "a.lice@example.com", &password).refusal();
    assert_eq!(spent, (409, "one-time-password-spent".into()));
    // A kiosk that asks of everybody waits as well.
    let many = (0..20).map(|number| visit(&lab, &kiosks[3], &format!("somebody-{number}"), "AAAAAAAAAA"));
    assert!(many.into_iter().any(|answer| answer.status == 429));
}

#[test]
fn a_visit_ends_with_whoever_it_is_for_and_whoever_has_begun_it() {
    let mut lab = lab(None);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let (kiosk, second) = (lab.user("kiosk-1", &["kiosks"]), lab.user("kiosk-2", &["kiosks"]));
    let (_, password) = approved(&lab, &alice, &bob);
    let end = |who: &Person| lab.post(who, &format!("{VISITS}/end"), json!({})).status;
    let here = visitor(visit(&lab, &kiosk, "alice", &password));
    assert_eq!(end(&second), 204);
    assert_eq!(whoami(&lab, &here).status, 200, "it is another kiosk's");
    assert_eq!(end(&here), 204);
    is_over(&lab, &here);
    assert_eq!(end(&here), 401);
    let here = visitor(visit(&lab, &kiosk, "alice", &password));
    assert_eq!(end(&kiosk), 204);
    is_over(&lab, &here);
    let here = visitor(visit(&lab, &kiosk, "alice", &password));
    alter(&lab, "UPDATE visits SET ends = created + 1 WHERE ends > created + 1000000");
    is_over(&lab, &here);
    // The kiosk's account is disabled, and enabled again: no visit comes back to life.
    let here = visitor(visit(&lab, &kiosk, "alice", &password));
    let disabled = |name: &str, disabled| {
        server::user_change(&lab.data(), name, UserChange { disabled: Some(disabled), ..UserChange::default() })
            .unwrap();
    };
    disabled("kiosk-1", true);
    is_over(&lab, &here);
    disabled("kiosk-1", false);
    is_over(&lab, &here);
    let here = visitor(visit(&lab, &kiosk, "alice", &password));
    disabled("alice", true);
    assert_ne!(whoami(&lab, &here).status, 200);
    disabled("alice", false);
    is_over(&lab, &here);
    // Who is no kiosk any more has nobody in.
    let (_, password) = approved(&lab, &alice, &bob);
    let here = visitor(visit(&lab, &second, "alice", &password));
    let groups = Some(Vec::new());
    server::user_change(&lab.data(), "kiosk-2", UserChange { groups, ..UserChange::default() }).unwrap();
    is_over(&lab, &here);
    // For how long a visit lasts at most is a setting, within bounds.
    restart(&mut lab, "[kiosk]\nvisit_minutes = 2\n");
    let begun = visit(&lab, &kiosk, "alice", &password).ok();
    let expires = cardwright::cm::wire::read_moment(begun["Expires"].as_str().unwrap()).unwrap();
    assert!(expires <= time::OffsetDateTime::now_utc() + time::Duration::minutes(2));
    lab.stop();
    let path = lab.data().join("server.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    for minutes in ["0", "16"] {
        std::fs::write(&path, settings.replace("visit_minutes = 2", &format!("visit_minutes = {minutes}"))).unwrap();
        let refused = cardwright::server::Server::start(lab.config()).err().unwrap();
        assert!(format!("{refused:?}").contains("VisitMinutes"), "{refused:?}");
    }
    std::fs::write(&path, settings).unwrap();
    lab.start();
}

/// What a card signs, as somebody writes it who has only the documentation.
fn signed(lab: &Lab, kiosk: &Person, server: &str, (certificate, key): (&Certificate, &MemoryKey)) -> Value {
    let challenge = lab.post(kiosk, &format!("{VISITS}/challenge"), json!({})).ok();
    let challenge: String = challenge["Challenge"].as_str().unwrap().split_whitespace().collect();
    let text = format!(
        "cardwright, visit at a kiosk, version 1\nserver: {server}\nchallenge: {}\n",
        hex::encode(STANDARD.decode(&challenge).unwrap())
    );
    json!({
        "Server": server, "Challenge": challenge, "Certificate": STANDARD.encode(certificate.der()),
        "Signature": STANDARD.encode(key.sign(text.as_bytes()).unwrap()),
    })
}

#[test]
fn a_card_lets_its_owner_in_once_for_each_signature() {
    let lab = lab(None);
    let (alice, bob) = (lab.user("alice", &["officers"]), lab.user("bob", &["officers"]));
    let (kiosk, second, auditor) =
        (lab.user("kiosk-1", &["kiosks"]), lab.user("kiosk-2", &["kiosks"]), lab.user("ann", &["auditors"]));
    let card = |whose: &Person| {
        let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
        let (request, password) = approved(&lab, whose, &bob);
        let path = format!("{EXTENSION}/requests/{request}/onetimepassword");
        lab.post(whose, &path, json!({"OneTimePassword": password})).ok();
        let smartcard = lab.assign(whose, &request, Uuid::new_v4());
        let issued = lab.certificatedata(whose, &request, &super::support::csr(&key)).ok();
        let certificate = crate::attacks::site::certificate(&issued, &key);
        (request, smartcard, certificate, key)
    };
    let (request, smartcard, certificate, key) = card(&alice);
    let holder = (&certificate, &key);
    let refused = |body: Value| lab.post(&kiosk, VISITS, body).refusal().1;
    assert_eq!(refused(signed(&lab, &kiosk, "localhost", holder)), "certificate-no-login", "it is not completed");
    lab.complete(&alice, &request).ok();
    let body = signed(&lab, &kiosk, "localhost", holder);
    let answer = lab.post(&kiosk, VISITS, body.clone()).ok();
    assert_eq!((&answer["User"]["Name"], &answer["Request"]), (&json!("alice"), &Value::Null));
    let here = Person { uuid: alice.uuid, token: answer["Bearer"].as_str().unwrap().to_owned() };
    // All that she does for herself; nothing that she does for others, nor what wants a proof that she is there.
    assert_eq!(lab.get(&here, &format!("{API}/smartcards")).ok()[0]["Uuid"], json!(smartcard));
    assert_eq!(whoami(&lab, &here).ok()["Parts"], Value::Null);
    let pending = lab.enroll_request(&bob);
    assert_eq!(lab.get(&here, &format!("{API}/requests/{pending}")).status, 404);
    ask(&lab, &here, "Renew", &smartcard);
    let retire = json!({"datacollection": [], "type": "Retire", "smartcard": smartcard, "comment": ""});
    assert_eq!(lab.post(&here, &format!("{API}/requests"), retire).refusal(), (403, "proof-too-old".into()));

    // Once, at its kiosk, for this server, over these very bytes.
    assert_eq!(refused(body), "visit-challenge-over");
    assert_eq!(refused(signed(&lab, &second, "localhost", holder)), "visit-challenge-over");
    let earlier = signed(&lab, &kiosk, "localhost", holder);
    signed(&lab, &kiosk, "localhost", holder);
    assert_eq!(refused(earlier), "visit-challenge-over");
    assert_eq!(refused(signed(&lab, &kiosk, "elsewhere.test", holder)), "possession-elsewhere");
    let mut other = signed(&lab, &kiosk, "localhost", holder);
    other["Signature"] = json!(STANDARD.encode(key.sign(b"something else").unwrap()));
    assert_eq!(refused(other), "visit-refused");
    // The certificate alone, with a key of the thief's own; a certificate that the thief has made.
    let thiefs = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    assert_eq!(refused(signed(&lab, &kiosk, "localhost", (&certificate, &thiefs))), "visit-refused");
    let late = signed(&lab, &second, "localhost", holder);
    alter(&lab, "UPDATE visit_challenges SET ends = 1");
    assert_eq!(lab.post(&second, VISITS, late).refusal(), (409, "visit-challenge-over".into()));
    assert_eq!(whoami(&lab, &here).status, 200, "whoever fails ends nobody's visit");

    // A card that is reported lost, or ends, ends the visit that it has begun: looked at with each call, in no further statement.
    let statements = || lab.server.as_ref().unwrap().counts().statements;
    // Who calls is looked up anew now and then, and the server has its own upkeep: the least counts.
    let costs = |who: &Person| {
        let cost = |_| {
            let before = statements();
            whoami(&lab, who).ok();
            statements() - before
        };
        (0..8).map(cost).min().unwrap()
    };
    let by_card = costs(&here);
    for (changed, back) in [
        ("UPDATE smartcards SET status = 'disabled'", "UPDATE smartcards SET status = 'active'"),
        (
            "UPDATE certificates SET revoked_at = 1, revocation_reason = 6",
            "UPDATE certificates SET revoked_at = NULL, revocation_reason = NULL",
        ),
    ] {
        alter(&lab, changed);
        is_over(&lab, &here);
        alter(&lab, back);
        assert_eq!(whoami(&lab, &here).status, 200, "{back}");
    }
    alter(&lab, "UPDATE smartcards SET status = 'disabled'");
    let unused = lab.user("kiosk-4", &["kiosks"]);
    let body = signed(&lab, &unused, "localhost", holder);
    assert_eq!(lab.post(&unused, VISITS, body).refusal().1, "visit-refused", "the card is in use no more");
    alter(&lab, "UPDATE smartcards SET status = 'active'");
    let (_, password) = approved(&lab, &alice, &bob);
    let third = lab.user("kiosk-3", &["kiosks"]);
    let by_password = visitor(visit(&lab, &third, "alice", &password));
    // The request that a visit by password is for is read besides.
    assert_eq!(costs(&by_password), by_card + 1);

    // A certificate that was revoked lets nobody in, nor does a card whose holder is disabled.
    alter(&lab, "UPDATE certificates SET revoked_at = 1, revocation_reason = 1");
    let body = signed(&lab, &second, "localhost", holder);
    assert_eq!(lab.post(&second, VISITS, body).refusal(), (403, "certificate-revoked".into()));
    let (_, _, certificate, key) = card(&lab.user("carol", &[]));
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    server::user_change(&lab.data(), "carol", change).unwrap();
    let body = signed(&lab, &second, "localhost", (&certificate, &key));
    assert!(lab.post(&second, VISITS, body).status >= 400);
    let acts = acts(&lab, &auditor);
    let begun: Vec<_> = acts.iter().filter(|(act, ..)| act == "visit-begun").collect();
    assert_eq!(begun.len(), 2, "{acts:?}");
    assert_eq!(
        (&begun[0].1, &begun[0].2["name"], &begun[0].2["way"]),
        (&"kiosk-1".to_owned(), &json!("alice"), &json!("card"))
    );
    assert!(acts.iter().filter(|(act, ..)| act == "visit-refused").count() >= 7, "{acts:?}");
}

/// Two servers on one database: one challenge lets in once, one password into one visit.
#[test]
fn what_is_shown_at_two_servers_at_one_moment_lets_in_once() {
    let mut first = lab(Some(Database::new()));
    first.stop();
    let mut second = first.beside();
    first.start();
    second.start();
    let (alice, bob, kiosk) =
        (first.user("alice", &[]), first.user("bob", &["officers"]), first.user("kiosk", &["kiosks"]));
    let (request, password) = approved(&first, &alice, &bob);
    let shown = json!({"User": "alice", "OneTimePassword": password});
    let at_once = |body: &Value| -> Vec<Answer> {
        std::thread::scope(|scope| {
            let servers = [&first, &second];
            let asked = servers.map(|lab| scope.spawn(|| lab.post(&kiosk, VISITS, body.clone())));
            asked.into_iter().map(|asked| asked.join().unwrap()).collect()
        })
    };
    let answers = at_once(&shown);
    let visitors: Vec<_> = answers.into_iter().filter(|answer| answer.status == 200).map(visitor).collect();
    let inside = visitors.iter().filter(|visitor| whoami(&second, visitor).status == 200).count();
    assert_eq!(inside, 1, "of {}", visitors.len());
    let database = first.database.as_ref().unwrap();
    let proven = "SELECT count(*) FROM audit WHERE record::json ->> 'act' = 'one-time-password-proven'";
    assert_eq!(database.sql(proven), "1");
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    first.assign(&alice, &request, Uuid::new_v4());
    let issued = first.certificatedata(&alice, &request, &super::support::csr(&key)).ok();
    first.complete(&alice, &request).ok();
    let certificate = crate::attacks::site::certificate(&issued, &key);
    let body = signed(&second, &kiosk, "localhost", (&certificate, &key));
    let mut statuses: Vec<_> = at_once(&body).into_iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    second.stop();
    first.stop();
    assert_eq!(first.database.as_ref().unwrap().sql(crate::support::postgres::BROKEN_LOG), "0");
}

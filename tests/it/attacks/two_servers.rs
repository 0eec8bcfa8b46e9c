//! Two servers of one database are asked at the same instant for what only one may give: each has read before the other
//! has written, and nobody gets both.

use super::site::ask;
use crate::server::identity::append;
use crate::server::support::{API, Answer, EXTENSION, Lab, Person, csr, new_csr};
use crate::support::postgres::Database;
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often two people have one key certified.
const ROUNDS: usize = 6;
const MOST_TOKENS: usize = 32;
/// How long is waited for what servers do in a moment; this is for a busy machine.
const WITHIN: Duration = Duration::from_secs(120);

/// Two servers of one database; the second must end first.
struct Pair {
    second: Lab,
    first: Lab,
}

impl Pair {
    fn new(settings: &str) -> Self {
        Self::with(|template| template, settings)
    }

    fn with(edit: impl FnOnce(String) -> String, settings: &str) -> Self {
        let mut first = Lab::with_template(edit, Some(Database::new()));
        first.stop();
        append(&first, settings);
        let mut second = first.beside();
        first.start();
        second.start();
        let pair = Self { second, first };
        pair.settle();
        pair
    }

    /// Waits for what servers write of themselves once they run, a revocation list and its act, which would wait for the
    /// same lock as a call.
    fn settle(&self) {
        self.becomes("SELECT count(*) > 0 FROM crls WHERE number > 0 AND claimed_until = 0");
    }

    /// Has a person call, and waits until it is noted that her token was used: that would wait for a call that changes it.
    fn used_by(&self, person: &Person) {
        self.first.get(person, &format!("{API}/requests")).ok();
        self.becomes(&format!("SELECT bool_and(last_used IS NOT NULL) FROM tokens WHERE owner = '{}'", person.uuid));
    }

    /// Waits until a statement says yes.
    fn becomes(&self, statement: &str) {
        let since = Instant::now();
        while self.database().sql(statement) != "t" {
            assert!(since.elapsed() < WITHIN, "{statement}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn database(&self) -> &Database {
        self.first.database.as_ref().unwrap()
    }

    /// Asks one server one thing, and then the other one the other. Both go on until they want to write `table`, or wait
    /// for what the other one holds; only then does one of them write.
    fn at_once(
        &self,
        table: &str,
        one: impl Fn(&Lab) -> Answer + Send + Sync,
        other: impl Fn(&Lab) -> Answer + Send + Sync,
    ) -> [Answer; 2] {
        let held = self.database().held(table);
        std::thread::scope(|scope| {
            let one = scope.spawn(|| one(&self.first));
            self.database().await_waiting(1);
            let other = scope.spawn(|| other(&self.second));
            self.database().await_waiting(2);
            drop(held);
            [one, other].map(|task| task.join().unwrap())
        })
    }
}

/// One of both was answered and the other one refused, with this code.
#[track_caller]
fn one_is_refused(answers: [Answer; 2], refusal: (u16, &str)) {
    let [one, other] = answers;
    let (won, lost) = if one.status < 400 { (one, other) } else { (other, one) };
    won.ok();
    assert_eq!(lost.refusal(), (refusal.0, refusal.1.to_owned()));
}

fn begun(lab: &Lab, person: &Person) -> String {
    let request = lab.enroll_request(person);
    lab.assign(person, &request, Uuid::new_v4());
    request
}

#[test]
fn one_key_is_certified_for_one_of_two_people() {
    let pair = Pair::new("");
    let [alice, finder] = ["alice", "finder"].map(|name| pair.first.user(name, &[]));
    for _ in 0..ROUNDS {
        let request = csr(&MemoryKey::generate(KeyAlgorithm::P256).unwrap());
        let [of_alice, of_finder] = [&alice, &finder].map(|person| begun(&pair.first, person));
        let answers = pair.at_once(
            "profiles",
            |lab| lab.certificatedata(&alice, &of_alice, &request),
            |lab| lab.certificatedata(&finder, &of_finder, &request),
        );
        one_is_refused(answers, (409, "key-already-certified"));
    }
    let shared =
        "SELECT count(*) FROM (SELECT 1 FROM certificates GROUP BY public_key_sha256 HAVING count(*) > 1) AS k";
    assert_eq!(pair.database().sql(shared), "0");
}

/// A card is reported lost at the instant at which its key is certified once more.
#[test]
fn a_key_is_not_certified_while_it_is_revoked_as_compromised() {
    let pair = Pair::with(
        |template| {
            template
                + "\n[workflows.revoke]\nself_service = true\n\n[[loss_reasons]]\nname = \"lost\"\nrevoke = true\nreason = \"keyCompromise\"\n"
        },
        "",
    );
    let alice = pair.first.user("alice", &[]);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let card = pair.first.enrolled_with(&alice, &key).0.smartcard;
    let body = json!({
        "datacollection": [], "type": "Revoke", "smartcard": card, "comment": "", "cardwright": {"lossreason": "lost"},
    });
    let loss = pair.first.request(&alice, body);
    let again = begun(&pair.first, &alice);
    let [lost, certified] = pair.at_once(
        "certificates",
        |lab| lab.complete(&alice, &loss),
        |lab| lab.certificatedata(&alice, &again, &csr(&key)),
    );
    lost.ok();
    assert_eq!(certified.refusal(), (409, "key-compromised".to_owned()));
}

#[test]
fn a_person_gets_as_many_certificates_a_day_as_at_one() {
    let pair = Pair::new("[people]\ncertificates_per_day = 1\n");
    let alice = pair.first.user("alice", &[]);
    let [one, other] = [(); 2].map(|()| begun(&pair.first, &alice));
    let hand_in = |request: String| {
        let alice = &alice;
        move |lab: &Lab| lab.certificatedata(alice, &request, &new_csr())
    };
    let answers = pair.at_once("profiles", hand_in(one), hand_in(other));
    one_is_refused(answers, (429, "daily-limit"));
}

#[test]
fn one_name_is_one_persons() {
    let pair = Pair::new("[roles]\nadmin = [\"group:administrators\"]\n");
    let ada = pair.first.user("ada", &["administrators"]);
    let add = |name: &'static str, upn: &'static str| {
        let ada = &ada;
        move |lab: &Lab| lab.post(ada, &format!("{EXTENSION}/accounts"), json!({"Name": name, "Upn": upn}))
    };
    let answers = pair.at_once("users", add("zoe", "zoé@example.test"), add("eve", "ZOÉ@example.test"));
    one_is_refused(answers, (409, "not-unique"));
    let answers = pair.at_once("users", add("bob", "bob@example.test"), add("BOB", "b@example.test"));
    one_is_refused(answers, (409, "user-exists"));
}

/// Two approvals are needed: neither counts for both, and none is forgotten.
#[test]
fn two_approvals_are_two() {
    let pair = Pair::with(|template| template.replacen("approvals_needed = 0", "approvals_needed = 2", 1), "");
    let [anna, boris] = ["anna", "boris"].map(|name| pair.first.user(name, &["officers"]));
    let alice = pair.first.user("alice", &[]);
    let request = pair.first.enroll_request(&alice);
    let path = format!("{EXTENSION}/requests/{request}/approve");
    let twice =
        pair.at_once("approvals", |lab| lab.post(&anna, &path, json!({})), |lab| lab.post(&anna, &path, json!({})));
    one_is_refused(twice, (409, "already-approved"));
    let read = |request: &str| pair.first.get(&alice, &format!("{API}/requests/{request}")).ok()["Status"].clone();
    assert_eq!(read(&request), 16, "one person's word is one");
    let request = pair.first.enroll_request(&alice);
    let path = format!("{EXTENSION}/requests/{request}/approve");
    let both =
        pair.at_once("approvals", |lab| lab.post(&anna, &path, json!({})), |lab| lab.post(&boris, &path, json!({})));
    let statuses = both.map(|answer| answer.ok()["Status"].as_i64().unwrap());
    assert!(statuses == [16, 3] || statuses == [3, 16], "{statuses:?}");
}

#[test]
fn a_proposal_is_confirmed_once_and_a_code_gives_one_token() {
    let pair = Pair::new("[roles]\nadmin = [\"group:administrators\"]\n");
    let [ada, bea] = ["ada", "bea"].map(|name| pair.first.user(name, &["administrators"]));
    let body = json!({"Name": "puppet", "Groups": ["administrators"]});
    let proposed = pair.first.post(&ada, &format!("{EXTENSION}/accounts"), body).ok();
    let path = format!("{EXTENSION}/proposals/{}/confirm", proposed["Uuid"].as_str().unwrap());
    let confirm = |lab: &Lab| lab.post(&bea, &path, json!({}));
    one_is_refused(pair.at_once("proposals", confirm, confirm), (409, "proposal-closed"));

    let alice = pair.first.user("alice", &[]);
    let tokens = format!("{EXTENSION}/accounts/{}/tokens", alice.uuid);
    let code = pair.first.post(&ada, &tokens, json!({"Label": "", "Days": 3})).ok()["Code"].clone();
    let activate =
        |lab: &Lab| lab.call(None, "POST", &format!("{EXTENSION}/token/activate"), Some(&json!({"Code": code})));
    // Whoever comes second learns that somebody was faster.
    one_is_refused(pair.at_once("tokens", activate, activate), (409, "activation-used"));
}

/// Whoever has found a token renews it at the instant at which its owner has it revoked.
#[test]
fn a_token_that_is_revoked_is_not_renewed() {
    let pair = Pair::new("");
    let alice = pair.first.user("alice", &[]);
    pair.used_by(&alice);
    let revoke = |lab: &Lab| lab.post(&alice, &format!("{EXTENSION}/token/revoke"), json!({}));
    let renew = |lab: &Lab| lab.post(&alice, &format!("{EXTENSION}/token/renew"), json!({}));
    let [revoked, renewed] = pair.at_once("audit", revoke, renew);
    assert!(revoked.status < 300, "{revoked:?}");
    assert_eq!(renewed.refusal(), (409, "conflict".to_owned()));
    assert_eq!(pair.database().sql("SELECT count(*) FROM tokens WHERE revoked IS NULL"), "0");
}

/// The last token that a person may have.
#[test]
fn a_person_has_as_many_tokens_as_at_one() {
    let pair = Pair::new("[roles]\nadmin = [\"group:administrators\"]\n");
    let ada = pair.first.user("ada", &["administrators"]);
    let alice = pair.first.user("alice", &[]);
    let tokens = format!("{EXTENSION}/accounts/{}/tokens", alice.uuid);
    let add = |lab: &Lab| lab.post(&ada, &tokens, json!({"Label": "", "Days": 3}));
    let holds = |answer: Value| answer.as_array().unwrap().len();
    for _ in holds(pair.first.get(&ada, &tokens).ok())..MOST_TOKENS - 1 {
        add(&pair.first).ok();
    }
    one_is_refused(pair.at_once("tokens", add, add), (409, "too-many-tokens"));
    assert_eq!(holds(pair.first.get(&ada, &tokens).ok()), MOST_TOKENS);
}

#[test]
fn one_request_of_a_type_is_open_and_one_card_is_one_requests() {
    let bare =
        |template: String| template.replacen("[workflows.renew]\n", "[workflows.renew]\npossession = \"none\"\n", 1);
    let pair = Pair::with(bare, "");
    let alice = pair.first.user("alice", &[]);
    let card = pair.first.enrolled(&alice).smartcard;
    let body = json!({"datacollection": [], "type": "Renew", "smartcard": card, "comment": ""});
    let renew = |lab: &Lab| lab.post(&alice, &format!("{API}/requests"), body.clone());
    one_is_refused(pair.at_once("requests", renew, renew), (409, "request-open"));
    let [one, other] = [(); 2].map(|()| pair.first.enroll_request(&alice));
    let card_id = Uuid::new_v4();
    let assign = |request: &str| {
        let body = json!({"requestid": request, "cardid": card_id, "atr": ""});
        let alice = &alice;
        move |lab: &Lab| lab.post(alice, &format!("{API}/smartcards"), body.clone())
    };
    one_is_refused(pair.at_once("smartcards", assign(&one), assign(&other)), (409, "card-already-assigned"));
    // Two keys of two servers for one request: the second one gets what the first one got.
    let card = pair.first.enrolled(&alice).smartcard;
    let renewal = ask(&pair.first, &alice, "Renew", &card);
    let answers = pair.at_once(
        "profiles",
        |lab| lab.certificatedata(&alice, &renewal, &new_csr()),
        |lab| lab.certificatedata(&alice, &renewal, &new_csr()),
    );
    assert_eq!(answers.iter().filter(|answer| answer.status < 400).count(), 1, "{answers:?}");
    let many = "SELECT count(*) FROM (SELECT 1 FROM certificates GROUP BY request HAVING count(*) > 1) AS r";
    assert_eq!(pair.database().sql(many), "0");
}

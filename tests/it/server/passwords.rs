//! One-time passwords: shown once, proven once, guessed a few times at most.

use super::support::{API, Answer, EXTENSION, Lab, Person};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// The template with a table for one-time passwords, approvals, and agents.
/// The template in its next version: servers that share a database would refuse another content of the same.
pub fn with_passwords(text: String, table: &str) -> String {
    let table = format!("[workflows.enroll.one_time_password]\n{table}\n\n[workflows.renew]");
    text.replacen("approvals_needed = 0", "approvals_needed = 1", 1)
        .replacen("enrollment_agents = []", "enrollment_agents = [\"group:helpdesk\"]", 1)
        .replacen("[workflows.renew]", &table, 1)
        .replacen("\nversion = 1\n", "\nversion = 2\n", 1)
}

fn lab(table: &str) -> Lab {
    Lab::plain(|text| with_passwords(text, table))
}

fn approve(lab: &Lab, who: &Person, request: &str) -> Answer {
    lab.post(who, &format!("{EXTENSION}/requests/{request}/approve"), json!({"Comment": "seen"}))
}

fn distribute(lab: &Lab, who: &Person, request: &str) -> Answer {
    lab.post(who, &format!("{EXTENSION}/requests/{request}/onetimepassword/distribution"), json!({}))
}

fn prove(lab: &Lab, who: &Person, request: &str, password: &str) -> Answer {
    let body = json!({"OneTimePassword": password});
    lab.post(who, &format!("{EXTENSION}/requests/{request}/onetimepassword"), body)
}

fn assign(lab: &Lab, who: &Person, request: &str) -> Answer {
    lab.post(who, &format!("{API}/smartcards"), json!({"requestid": request, "cardid": Uuid::new_v4()}))
}

fn text(answer: &Value, key: &str) -> String {
    answer[key].as_str().unwrap().to_owned()
}

#[test]
fn the_approver_hands_it_over_and_it_opens_the_request() {
    let lab = lab("deliver = [\"display\"]\ntries = 3");
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let request = lab.enroll_request(&alice);
    assert_eq!(prove(&lab, &alice, &request, "X").refusal(), (409, "request-pending".into()));
    let approved = approve(&lab, &bob, &request).ok();
    let password = text(&approved, "OneTimePassword");
    assert_eq!((password.len(), &approved["Status"]), (10, &json!(3)));
    let shown = lab.get(&bob, &format!("{API}/requests/{request}"));
    assert!(!String::from_utf8_lossy(&shown.bytes).contains(&password));

    assert_eq!(assign(&lab, &alice, &request).refusal(), (403, "one-time-password-needed".into()));
    let options = format!("{API}/requests/{request}/certificaterequestgenerationoptions");
    assert_eq!(lab.get(&alice, &options).refusal(), (403, "one-time-password-needed".into()));
    assert_eq!(lab.complete(&alice, &request).refusal(), (403, "one-time-password-needed".into()));
    let wrong = prove(&lab, &alice, &request, "AAAAAAAAAA");
    assert!(wrong.json()["Message"].as_str().unwrap().ends_with("tries left: 2"), "{wrong:?}");
    assert_eq!(wrong.refusal(), (403, "one-time-password-wrong".into()));
    assert_eq!(prove(&lab, &bob, &request, &password).refusal(), (403, "forbidden".into()));
    assert_eq!(prove(&lab, &lab.user("eve", &[]), &request, &password).refusal(), (404, "not-found".into()));

    let typed = format!(" {}-{} ", &password[..5].to_lowercase(), &password[5..]);
    assert_eq!(prove(&lab, &alice, &request, &typed).ok()["Status"], 3);
    assert_eq!(prove(&lab, &alice, &request, "whatever").ok()["Status"], 3, "proven once is proven");
    assign(&lab, &alice, &request).ok();
    let again = distribute(&lab, &bob, &request);
    assert_eq!(again.refusal(), (409, "one-time-password-not-used".into()));
    // Neither the database nor its log has it.
    for file in std::fs::read_dir(lab.data()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(password.len()).any(|part| part == password.as_bytes()), "{}", file.display());
    }
}

#[test]
fn guesses_of_one_moment_are_counted_one_by_one() {
    let lab = lab("deliver = [\"display\"]\ntries = 3\nalphabet = \"digits\"\nlength = 12");
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let request = lab.enroll_request(&alice);
    let password = text(&approve(&lab, &bob, &request).ok(), "OneTimePassword");
    assert!(password.len() == 12 && password.bytes().all(|byte| byte.is_ascii_digit()));
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let guess = || prove(&lab, &alice, &request, "not this one").refusal();
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(guess)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut count: HashMap<String, usize> = HashMap::new();
    answers.into_iter().for_each(|(_, code)| *count.entry(code).or_default() += 1);
    assert_eq!(count["one-time-password-wrong"], 3, "{count:?}");
    assert_eq!(count["one-time-password-spent"], 9, "{count:?}");
    assert_eq!(prove(&lab, &alice, &request, &password).refusal(), (409, "one-time-password-spent".into()));

    assert_eq!(distribute(&lab, &alice, &request).refusal(), (403, "self-approval".into()));
    let agent = lab.user("dora", &["helpdesk"]);
    assert_eq!(distribute(&lab, &agent, &request).refusal(), (403, "forbidden".into()));
    let next = text(&distribute(&lab, &bob, &request).ok(), "OneTimePassword");
    assert_ne!(next, password);
    assert_eq!(prove(&lab, &alice, &request, &password).refusal(), (403, "one-time-password-wrong".into()));
    prove(&lab, &alice, &request, &next).ok();
}

#[test]
fn what_has_expired_proves_nothing() {
    let lab = lab("deliver = [\"display\"]\nlifetime_hours = 1");
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let request = lab.enroll_request(&alice);
    let password = text(&approve(&lab, &bob, &request).ok(), "OneTimePassword");
    let hour_later = "UPDATE one_time_passwords SET expires = expires - 3600000000";
    match &lab.database {
        Some(database) => drop(database.sql(hour_later)),
        None => {
            let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
            assert_eq!(database.execute(hour_later, []).unwrap(), 1);
        }
    }
    assert_eq!(prove(&lab, &alice, &request, &password).refusal(), (409, "one-time-password-spent".into()));
}

#[test]
fn an_agent_needs_it_where_the_policy_says_so() {
    for (needs, status) in [(true, 403), (false, 201)] {
        let lab = lab(&format!("deliver = [\"display\"]\nagent_needs_it = {needs}"));
        let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
        let dora = lab.user("dora", &["helpdesk"]);
        let request = lab.enroll_request(&alice);
        approve(&lab, &bob, &request).ok();
        assert_eq!(assign(&lab, &alice, &request).status, 403);
        assert_eq!(assign(&lab, &dora, &request).status, status);
    }
}

#[test]
fn two_passwords_are_proven_together() {
    let lab = lab("deliver = [\"display\", \"none\"]\ntries = 2");
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let request = lab.enroll_request(&alice);
    let first = approve(&lab, &bob, &request).ok();
    assert!(first["SecondOneTimePassword"].is_null(), "it goes out when it is asked for");
    let both = |first: &str, second: &str| {
        let body = json!({"OneTimePassword": first, "SecondOneTimePassword": second});
        lab.post(&alice, &format!("{EXTENSION}/requests/{request}/onetimepassword"), body)
    };
    let early = both(&text(&first, "OneTimePassword"), "x");
    assert_eq!(early.refusal(), (409, "one-time-password-spent".into()));
    let shown = distribute(&lab, &bob, &request).ok();
    let (one, two) = (text(&shown, "OneTimePassword"), text(&shown, "SecondOneTimePassword"));
    assert_eq!(prove(&lab, &alice, &request, &one).refusal(), (400, "bad-field".into()));
    assert_eq!(both(&two, &one).refusal(), (403, "one-time-password-wrong".into()));
    both(&one, &two).ok();
}

#[test]
fn requests_without_one_say_so() {
    let lab = Lab::plain(|text| text);
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    assert_eq!(prove(&lab, &alice, &request, "X").refusal(), (409, "one-time-password-not-used".into()));
}

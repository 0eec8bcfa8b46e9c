//! Who may ask for certificates asks for as many as the server can make.

use super::site::alter;
use crate::server::identity::restart;
use crate::server::support::{API, EXTENSION, Lab, Person, new_csr};
use serde_json::json;
use uuid::Uuid;

fn next(lab: &Lab, person: &Person) -> crate::server::support::Answer {
    let request = lab.enroll_request(person);
    lab.assign(person, &request, Uuid::new_v4());
    lab.certificatedata(person, &request, &new_csr())
}

#[test]
fn a_person_is_issued_so_many_certificates_a_day() {
    let mut lab = Lab::plain(|template| template);
    restart(&mut lab, "[people]\ncertificates_per_day = 2\n");
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &[]));
    next(&lab, &alice).ok();
    next(&lab, &alice).ok();
    let refused = next(&lab, &alice);
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(refused.refusal(), (429, "daily-limit".into()));
    assert!((80_000..=86_400).contains(&wait), "{wait}");
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": ""});
    let foreseen = lab.post(&alice, &format!("{EXTENSION}/requests/foresight"), body);
    assert_eq!(foreseen.refusal(), (429, "daily-limit".into()));
    next(&lab, &bob).ok();
    // They are counted from when they were issued, whatever stands in them.
    alter(&lab, "UPDATE certificates SET issued = issued - 86400000000");
    next(&lab, &alice).ok();
}

#[test]
fn calls_at_one_moment_are_counted_one_by_one() {
    let mut lab = Lab::plain(|template| template);
    restart(&mut lab, "[people]\ncertificates_per_day = 3\n");
    let alice = lab.user("alice", &[]);
    let requests: Vec<_> = (0..8)
        .map(|_| {
            let request = lab.enroll_request(&alice);
            lab.assign(&alice, &request, Uuid::new_v4());
            request
        })
        .collect();
    let issued = std::thread::scope(|scope| {
        let calls: Vec<_> = requests
            .iter()
            .map(|request| scope.spawn(|| lab.certificatedata(&alice, request, &new_csr()).status))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).filter(|status| *status == 200).count()
    });
    assert_eq!(issued, 3);
    assert!(lab.get(&alice, &format!("{API}/certificates")).ok().as_array().unwrap().len() == 3);
}

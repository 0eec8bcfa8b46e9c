//! Who has asked and for whom it is are told once of a request that has ended by itself, or along with its card.

use super::{MailServer, QUIET, header, mailing, person, sql};
use crate::server::support::last_segment;
use crate::server::workflow::course::{create, done, enrolled, plain};
use serde_json::json;

/// No other notices of requests.
const MORE: &str = "[notices.mail]\nrequest_waits = []\nrequest_decided = []\nrequest_ready = []\n";

#[test]
fn whoever_has_asked_and_the_holder_are_told_once_of_a_request_that_has_ended() {
    let mut lab = plain("smartcard");
    let mut mails = MailServer::start(&lab, "none");
    let alice = person(&lab, "alice", "alice@example.test", &[], Some("de"));
    let agent = person(&lab, "agent", "agent@example.test", &["agents"], None);
    let held = enrolled(&lab, &alice);
    lab.stop();
    mailing(&lab, mails.port, MORE);
    lab.start();
    let renew = last_segment(&create(&lab, &agent, held.body("Renew")).ok());
    let own = last_segment(&create(&lab, &alice, held.body("OnlineUpdate")).ok());
    done(&lab, &agent, &held, "Revoke");
    let mut told: Vec<_> = (0..3).map(|_| mails.next()).collect();
    told.sort_by_key(|mail| mail["to"].to_string());
    assert!(told.iter().all(|mail| header(mail, "X-Cardwright-Notice") == "request-closed"), "{told:?}");
    let [to_agent, to_alice, to_alice_too] = told.try_into().unwrap();
    assert_eq!(to_agent["to"], json!(["agent@example.test"]));
    let body = to_agent["body"].as_str().unwrap();
    assert!(body.contains("\"Renew\"") && body.contains("By: agent") && body.contains(&renew), "{body}");
    for mail in [&to_alice, &to_alice_too] {
        assert_eq!(mail["to"], json!(["alice@example.test"]));
        assert!(mail["body"].as_str().unwrap().contains("Durch: agent"), "{mail}");
    }
    let both = to_alice["body"].to_string() + &to_alice_too["body"].to_string();
    assert!(both.contains(&renew) && both.contains(&own), "{both}");

    let body = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "",
        "target": alice.uuid});
    let request = last_segment(&create(&lab, &agent, body).ok());
    lab.stop();
    sql(&lab, "UPDATE requests SET submitted = submitted - 91 * 86400000000 RETURNING 1");
    lab.start();
    let mut told = [mails.next(), mails.next()];
    told.sort_by_key(|mail| mail["to"].to_string());
    assert_eq!(header(&told[0], "Subject"), "A request has ended by itself: Enroll for alice");
    assert_eq!(header(&told[1], "Subject"), "Ein Antrag ist von selbst erloschen: Enroll für alice");
    assert!(told.iter().all(|mail| mail["body"].as_str().unwrap().contains(&request)), "{told:?}");
    // What a person takes back is told to nobody, and what was told not again.
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": ""});
    let taken = last_segment(&create(&lab, &alice, body).ok());
    let path = format!("{}/requests/{taken}", crate::server::support::API);
    lab.put(&alice, &path, json!({"status": "Canceled"})).ok();
    lab.stop();
    lab.start();
    assert!(mails.within(QUIET).is_none());
}

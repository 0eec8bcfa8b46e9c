//! Whoever has one duty takes another: an administrator who makes a puppet approver, an approver who is an agent too.

use super::site::{Shown, by_certificate, enrolled, site, software_key};
use crate::server::support::{API, EXTENSION, Lab, Person, csr};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

/// An operator who is an approver too approves what another operator has asked for.
fn approved_by_agent(lab: &Lab) -> (Person, String) {
    let [olga, boris] = [("olga", &["operators"][..]), ("boris", &["operators", "approvers"])]
        .map(|(name, groups)| lab.user(name, groups));
    let alice = lab.user("alice", &[]);
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "", "target": alice.uuid,
    });
    let request = lab.request(&olga, body);
    lab.post(&boris, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    (boris, request)
}

#[test]
fn who_approves_a_request_does_not_execute_it() {
    let lab = site(|template| template);
    let (boris, request) = approved_by_agent(&lab);
    let own_approval = (403, "own-approval".to_owned());
    let assign = json!({"requestid": request, "cardid": Uuid::new_v4(), "atr": ""});
    assert_eq!(lab.post(&boris, &format!("{API}/smartcards"), assign.clone()).refusal(), own_approval);
    assert_eq!(lab.get(&boris, &format!("{EXTENSION}/requests/{request}/foresight")).refusal(), own_approval);
    // Another agent begins, and the approver takes it from there.
    let rita = lab.user("rita", &["operators"]);
    let card_id = Uuid::new_v4();
    let card = lab.assign(&rita, &request, card_id);
    let on_card = format!("{API}/requests/{request}/smartcards/{card}");
    assert_eq!(lab.get(&boris, &format!("{on_card}/diversifiedkey?cardid={card_id}")).refusal(), own_approval);
    assert_eq!(lab.certificatedata(&boris, &request, &csr(&software_key())).refusal(), own_approval);
    assert_eq!(lab.complete(&boris, &request).refusal(), own_approval);
    // By another token of his he is the same person.
    let fresh = lab.post(&boris, &format!("{EXTENSION}/token/renew"), json!({})).ok();
    let again = Person { uuid: boris.uuid, token: fresh["Bearer"].as_str().unwrap().to_owned() };
    assert_eq!(lab.certificatedata(&again, &request, &csr(&software_key())).refusal(), own_approval);
    lab.certificatedata(&rita, &request, &csr(&software_key())).ok();
    lab.complete(&rita, &request).ok();
}

#[test]
fn nor_by_another_way_in() {
    let lab = site(|template| template.replace("bears_roles = false", "bears_roles = true"));
    let boris = lab.user("boris", &["operators", "approvers"]);
    let anna = lab.user("anna", &["approvers"]);
    let card = enrolled(&lab, &boris, &anna);
    let request = lab.enroll_request(&lab.user("alice", &[]));
    lab.post(&boris, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    let body = json!({"pfxpassword": "", "certificaterequests": [STANDARD.encode(csr(&software_key()))], "comments": ""});
    let path = format!("{API}/requests/{request}/certificatedata");
    let shown: Shown = by_certificate(&lab, (&card.certificate, &card.key), "POST", &path, Some(body));
    assert_eq!(shown.code(), (403, "own-approval"));
}

#[test]
fn a_template_may_let_who_approves_execute_and_is_warned_of() {
    let lab = site(|template| template.replacen("approver_may_execute = false", "approver_may_execute = true", 1));
    let (boris, request) = approved_by_agent(&lab);
    lab.assign(&boris, &request, Uuid::new_v4());
    lab.certificatedata(&boris, &request, &csr(&software_key())).ok();
    lab.complete(&boris, &request).ok();
    let file = lab.data().join("templates/smart-card-logon.toml");
    let template = cardwright::template::ProfileTemplate::load(&file).unwrap();
    let told = template.weaknesses();
    assert!(told.iter().any(|(key, _)| key == "workflows.enroll.approver_may_execute"), "{told:?}");
}

/// Who asked and whom it is for never approve, whatever groups they are in.
#[test]
fn neither_who_asks_nor_whom_it_is_for_approves() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["operators", "approvers"]);
    let anna = lab.user("anna", &["approvers"]);
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "", "target": anna.uuid,
    });
    let request = lab.request(&boris, body);
    for who in [&boris, &anna] {
        let answer = lab.post(who, &format!("{EXTENSION}/requests/{request}/approve"), json!({}));
        assert_eq!(answer.refusal(), (403, "self-approval".into()));
    }
}

//! An address that cannot be used is told, and stops no other.

use super::super::support::EXTENSION;
use super::{alice, becomes, header, lab, officer, person, set, sql};
use crate::support::program::Program;
use serde_json::json;

#[test]
fn an_address_that_is_refused_or_is_none_is_told_and_stops_no_other() {
    let (lab, mut mails) =
        lab("refuses", "[notices.mail]\nrequest_waits = [\"approvers\", \"gone.too@example.test\"]\n");
    officer(&lab, "bob");
    person(&lab, "carol", "gone@example.test", &["officers"], None);
    let dave = person(&lab, "dave", "dave@example.test", &["officers"], None);
    // As an earlier release let it in.
    sql(&lab, &format!("UPDATE users SET email = 'no address' WHERE uuid = X'{}' RETURNING 1", dave.uuid.simple()));
    lab.enroll_request(&super::alice(&lab));
    assert_eq!(header(&mails.next(), "X-Cardwright-Notice"), "request-waits");
    becomes(&lab, "SELECT count(*) FROM outbox WHERE state = 'sent'", &["1"]);
    becomes(
        &lab,
        "SELECT count(*) FROM outbox WHERE state = 'failed' AND reason LIKE '%permanent error (550)%'",
        &["2"],
    );
    becomes(
        &lab,
        "SELECT reason FROM outbox WHERE reason LIKE 'the address%'",
        &["the address \"no address\" cannot be used: Missing domain or user"],
    );
}

#[test]
fn administrators_see_what_failed_and_have_it_sent_again_or_not_at_all() {
    let (mut lab, mails) = lab("refuses", "[roles]\nadmin = [\"user:root\"]\n");
    let root = lab.user("root", &[]);
    let carol = person(&lab, "carol", "gone@example.test", &["officers"], None);
    lab.enroll_request(&alice(&lab));
    becomes(&lab, "SELECT state FROM outbox", &["failed"]);
    let outbox = format!("{EXTENSION}/outbox");
    assert_eq!(lab.get(&carol, &outbox).refusal().0, 403);
    let listed = lab.get(&root, &format!("{outbox}?state=failed")).ok();
    let notice = listed[0]["Uuid"].as_str().unwrap().to_owned();
    assert_eq!((&listed[0]["RecipientName"], &listed[0]["Kind"]), (&json!("carol"), &json!("request-waits")));
    assert!(listed[0]["Reason"].as_str().unwrap().contains("550"), "{listed}");
    assert_eq!(lab.get(&root, &format!("{outbox}?state=sent")).status, 204);
    assert_eq!(lab.get(&root, &format!("{outbox}?state=lost")).refusal().0, 400);
    assert_eq!(lab.get(&root, &format!("{outbox}?before={notice}")).status, 204, "it is the last page");
    // The address is mended, and the mail server knows it.
    sql(&lab, "UPDATE users SET email = 'carol@example.test' WHERE name = 'carol' RETURNING 1");
    lab.post(&root, &format!("{outbox}/{notice}/retry"), json!({})).ok();
    becomes(&lab, "SELECT state FROM outbox", &["sent"]);
    let again = lab.post(&root, &format!("{outbox}/{notice}/retry"), json!({}));
    assert_eq!(again.refusal(), (409, "conflict".into()));
    drop(mails);
    lab.enroll_request(&dora(&lab));
    becomes(&lab, "SELECT count(*) FROM outbox WHERE state = 'waiting'", &["1"]);
    let waiting = lab.get(&root, &format!("{outbox}?state=waiting")).ok();
    let notice = waiting[0]["Uuid"].as_str().unwrap().to_owned();
    lab.post(&root, &format!("{outbox}/{notice}/discard"), json!({})).ok();
    becomes(&lab, "SELECT reason FROM outbox WHERE state = 'discarded'", &["discarded by root"]);
    for act in ["notice-retried", "notice-discarded"] {
        assert_eq!(sql(&lab, &format!("SELECT count(*) FROM audit WHERE record LIKE '%\"{act}\"%'")), ["1"]);
    }
    lab.stop();
}

fn dora(lab: &super::Lab) -> super::Person {
    person(lab, "dora", "dora@example.test", &[], None)
}

#[test]
fn commands_at_the_data_directory_list_redress_check_and_try() {
    let (mut lab, mut mails) = lab("refuses", "");
    let program = Program::new();
    let data = lab.data().display().to_string();
    person(&lab, "carol", "gone@example.test", &["officers"], None);
    lab.enroll_request(&alice(&lab));
    becomes(&lab, "SELECT state FROM outbox", &["failed"]);
    let listed = program.json(["server", "outbox", "list", &data, "--state", "failed"]).done();
    let notice = listed["notices"][0]["uuid"].as_str().unwrap().to_owned();
    assert_eq!((&listed["notices"][0]["to"], &listed["notices"][0]["attempts"]), (&json!("carol"), &json!(1)));
    program.json(["server", "outbox", "retry", &data, &notice]).done();
    becomes(&lab, "SELECT state || attempts FROM outbox", &["failed2"]);
    program.json(["server", "outbox", "retry", &data, &notice]).done();
    becomes(&lab, "SELECT state || attempts FROM outbox", &["failed3"]);
    let refused = program.json(["server", "outbox", "discard", &data, &notice]);
    assert!(!refused.success() && refused.stdout.contains("outbox-notice"), "{refused:?}");
    // Texts.
    program.json(["server", "mail", "check", &data]).done();
    std::fs::create_dir_all(lab.data().join("notices/en")).unwrap();
    let file = lab.data().join("notices/en/request-waits.txt");
    let text = |text: &str| std::fs::write(&file, text).unwrap();
    text("Subject: Ours {holder}\n\nHello {person}, {secret}\n");
    let wrong = program.json(["server", "mail", "check", &data]);
    assert!(!wrong.success() && wrong.stdout.contains("line 3: {secret} is no fact of this notice"), "{wrong:?}");
    // What is wrong is not used, what is right is.
    sql(&lab, "UPDATE users SET email = 'carol@example.test' WHERE name = 'carol' RETURNING 1");
    let dora = dora(&lab);
    for (ours, subject) in [
        ("Subject: Ours {holder}\n\nHello {person}, {secret}\n", "A request waits for your decision: Enroll for dora"),
        ("Subject: Ours {holder}\n\nHello {person}\n", "Ours dora"),
    ] {
        text(ours);
        lab.stop();
        lab.start();
        lab.enroll_request(&dora);
        assert_eq!(header(&mails.next(), "Subject"), subject);
    }
    program.json(["server", "mail", "test", &data, "ops@example.test"]).done();
    let mail = mails.next();
    assert_eq!((header(&mail, "X-Cardwright-Notice"), &mail["to"]), ("test", &json!(["ops@example.test"])));
    let refused = program.json(["server", "mail", "test", &data, "gone@example.test"]);
    assert!(!refused.success() && refused.stdout.contains("mail-not-taken"), "{refused:?}");
    let refused = program.json(["server", "mail", "test", &data, "nobody\r\nBcc: eve@example.test"]);
    assert!(!refused.success() && refused.stdout.contains("mail-address"), "{refused:?}");
    set(&lab, "");
    let refused = program.json(["server", "mail", "test", &data, "ops@example.test"]);
    assert!(!refused.success() && refused.stdout.contains("server-mail"), "{refused:?}");
}

//! Servers that are away, answer nonsense or lie; each time the same command goes on once they behave.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use super::{Desk, ENROLL, PIN};
use crate::enrollment::fake::Mischief;
use crate::support::program::{Program, end};
use crate::support::softhsm;

/// Some key on P-256.
const AUDIT_KEY: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvcWLfmrxusl5nZVRn+l/zNIKjZrx
WGlO6JapX9UajaYYSZQi9Hb2d918JLLp3pHYE8c1rBfq4BDexnyw0V5ofA==
-----END PUBLIC KEY-----
";

/// A server that answers every call with these bytes.
fn answering(reply: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut call = [0; 4096];
            let _ = stream.read(&mut call);
            let _ = stream.write_all(reply);
        }
    });
    address
}

#[test]
fn a_server_that_is_away_is_told_as_such_and_met_again_later() {
    let desk = Desk::new();
    let nobody = std::net::SocketAddr::from(([127, 0, 0, 1], crate::support::port::unused_port()));
    let before = desk.program.token_files();
    let away = desk.program.json([&ENROLL[..], &["--server", &format!("http://{nobody}")]].concat());
    let away = away.refused(5, "server-unreachable");
    assert!(away.causes.contains(&nobody.to_string()) && away.remedy.contains("repeat"), "{away:?}");
    assert!(desk.program.token_files() == before && desk.program.journal().is_empty());

    // Away in the middle, at every call in turn: one request and one key pair all the same.
    let mut calls = 0;
    loop {
        desk.fake.behave(Some(Mischief::AwayAfter(calls)));
        let ended = desk.program.json(ENROLL);
        if ended.success() {
            break;
        }
        ended.refused(5, "server-unreachable");
        calls += 1;
        assert!(calls < 40, "{ended:?}");
    }
    assert!(calls > 3, "only {calls} cuts");
    assert_eq!((desk.program.objects("card", PIN), desk.fake.requests()), ([1, 1, 1], vec![(1, 8)]));
}

#[test]
fn nonsense_is_not_taken_for_an_answer() {
    let desk = Desk::new();
    let before = desk.program.token_files();
    let page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 26\r\nConnection: close\r\n\r\n<html>\x1b[2JPlease log in</html>";
    let garbage = b"220 mail.example.test ESMTP\r\n";
    for (server, code) in [(answering(page), "server-nonsense"), (answering(garbage), "server-nonsense")] {
        let ended = desk.program.json([&ENROLL[..], &["--server", &server]].concat());
        let told = ended.refused(5, code);
        assert!(told.remedy.contains("login page") && !ended.stdout.contains('\u{1b}'), "{told:?}");
    }
    let elsewhere = b"HTTP/1.1 302 Found\r\nLocation: https://login.example.test/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let told = desk.program.json([&ENROLL[..], &["--server", &answering(elsewhere)]].concat());
    told.refused(5, "server-redirects");
    assert!(desk.program.token_files() == before && desk.program.journal().is_empty());

    desk.fake.behave(Some(Mischief::Nonsense("certificatedata")));
    let told = desk.program.json(ENROLL).refused(5, "server-nonsense");
    assert_eq!(told.request, Some(desk.fake.last_request().to_string()));
    assert_eq!(desk.program.objects("card", PIN), [1, 1, 0]);
    desk.enrolls_in_the_end();
}

#[test]
fn a_certificate_for_another_key_never_reaches_the_token() {
    let desk = Desk::new();
    desk.fake.behave(Some(Mischief::OtherKey));
    let told = desk.program.json(ENROLL).refused(9, "certificate-for-another-key");
    assert!(told.remedy.contains("Nothing was written") && told.request.is_some(), "{told:?}");
    assert_eq!(desk.program.objects("card", PIN), [1, 1, 0]);
    desk.enrolls_in_the_end();
}

#[test]
fn a_server_that_refuses_is_quoted() {
    let desk = Desk::new();
    desk.fake.behave(Some(Mischief::Refuse("certificatedata", 500)));
    let told = desk.program.json(ENROLL).refused(6, "server-refused");
    assert!(told.causes.contains("500") && told.causes.contains("test-refusal"), "{told:?}");
    assert!(told.remedy.contains("is kept"), "{told:?}");
    desk.enrolls_in_the_end();
}

#[test]
fn a_request_that_waits_or_is_denied_leaves_the_token_alone() {
    let desk = Desk::new();
    desk.fake.state().approval = true;
    let before = desk.program.token_files();
    let pending = desk.program.json(ENROLL).refused(7, "request-pending");
    assert_eq!(pending.request, Some(desk.fake.last_request().to_string()));
    desk.fake.decide(false);
    let denied = desk.program.json(ENROLL).refused(6, "request-denied");
    assert!(denied.remedy.contains("new request"), "{denied:?}");
    assert!(desk.program.token_files() == before && desk.program.journal().is_empty());
    desk.program.json(ENROLL).refused(7, "request-pending");
    desk.fake.decide(true);
    desk.program.json(ENROLL).done();
    assert_eq!(desk.fake.requests(), [(1, 4), (1, 8)]);
    assert_eq!(desk.program.objects("card", PIN), [1, 1, 1]);
}

#[test]
fn what_was_typed_wrong_is_told_before_anything_is_done() {
    let desk = Desk::new();
    let before = desk.program.token_files();
    let refused = |arguments: &[&str], code: &str| {
        let told = desk.program.json([&ENROLL[..], arguments].concat()).told();
        assert_eq!((told.exit, told.code.as_str()), (2, code), "{told:?}");
        told
    };
    let unknown = refused(&["--template", "Nonesuch"], "template-unknown");
    assert!(unknown.causes.contains("Nonesuch"), "{unknown:?}");
    refused(&["--server", "http://192.0.2.1"], "server-address");
    refused(&["--server", "ftp://127.0.0.1"], "server-address");
    refused(&["--server", "nowhere"], "server-address");
    refused(&["--ca-file", "/nowhere.pem"], "ca-file");
    refused(&["--ca-file", "/etc/hostname"], "trusted-certificates-unreadable");
    refused(&["--data", "no-equals-sign"], "data-item");
    assert!(desk.program.token_files() == before && desk.fake.requests().is_empty());
    desk.enrolls_in_the_end();
}

#[test]
fn a_journal_that_is_not_ours_alone_is_not_used() {
    let desk = Desk::new();
    let journal = desk.program.path("state/journal");
    std::fs::create_dir_all(&journal).unwrap();
    std::fs::set_permissions(&journal, std::fs::Permissions::from_mode(0o777)).unwrap();
    let told = desk.program.json(ENROLL).refused(10, "journal");
    assert!(told.remedy.contains("the right to write"), "{told:?}");
    std::fs::set_permissions(&journal, std::fs::Permissions::from_mode(0o700)).unwrap();
    // A damaged file is kept aside; a card another process works on is left to it.
    std::fs::write(journal.join("3fae2c9e-51f0-4d3b-8d2e-b1c1c2d9a001.json"), "{\"version\": 1, \"mark").unwrap();
    let told = desk.program.json(ENROLL).refused(10, "journal-damaged");
    assert!(told.causes.contains("was kept as"), "{told:?}");
    let card_id =
        desk.program.json(["token", "info", "--label", "card"]).done()["card_id"].as_str().unwrap().to_owned();
    let lock = std::fs::File::create(journal.join(format!("{card_id}.lock"))).unwrap();
    lock.lock().unwrap();
    desk.program.json(ENROLL).refused(10, "card-busy");
    drop(lock);
    assert!(desk.fake.requests().is_empty());
    desk.enrolls_in_the_end();
}

#[test]
fn every_exit_code_that_help_lists_is_met() {
    let help = Program::new().text(["--help"]);
    let (_, listed) = help.stdout.split_once("Exit codes:").unwrap();
    let listed: Vec<i32> = listed.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    assert_eq!(listed, (0..=13).collect::<Vec<_>>());

    let desk = Desk::new();
    let program = &desk.program;
    let behaving = |mischief| desk.fake.behave(Some(mischief));
    let met = |arguments: &[&str]| program.json(arguments).code.unwrap();
    let mut codes = vec![met(&["token", "list"])];
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = program.path("server").display().to_string();
    let mut init = program.command(["--json", "server", "init", &server]);
    assert!(end(init.env("CARDWRIGHT_PASSPHRASE", "a passphrase")).success());
    let taken = taken.local_addr().unwrap().to_string();
    let mut serve = program.command(["--json", "serve", &server, "--listen", &taken]);
    codes.push(end(serve.env("CARDWRIGHT_PASSPHRASE", "a passphrase")).code.unwrap());
    codes.push(met(&["token", "frobnicate"]));
    codes.push(met(&["token", "info", "--label", "absent"]));
    program.token_with_pin("pin", PIN);
    let wrong = program.write("wrong.pin", super::WRONG_PIN);
    codes.push(met(&["token", "change-pin", "--label", "pin", "--pin-from", &format!("file:{wrong}")]));
    behaving(Mischief::AwayBefore(0));
    codes.push(met(&ENROLL));
    behaving(Mischief::Refuse("profiletemplates", 403));
    codes.push(met(&ENROLL));
    desk.fake.behave(None);
    desk.fake.state().approval = true;
    codes.push(met(&ENROLL));
    desk.fake.decide(true);
    let mut unconfigured = program.command(["--json", "token", "list"]);
    codes.push(end(unconfigured.env(softhsm::VARIABLE, "/nowhere.conf")).code.unwrap());
    behaving(Mischief::OtherKey);
    codes.push(met(&ENROLL));
    std::fs::set_permissions(program.path("state/journal"), std::fs::Permissions::from_mode(0o777)).unwrap();
    codes.push(met(&ENROLL));
    codes.push(met(&["doctor"]));
    let log = concat!(
        r#"{"format":"cardwright-audit-1","complete":true}"#,
        "\n",
        r#"{"chain":1,"length":1,"head":"00"}"#,
        "\n"
    );
    let (log, key) = (program.write("log", log), program.write("key.pem", AUDIT_KEY));
    codes.push(met(&["audit", "verify", &log, "--key", &key]));
    std::fs::write(program.path("server/witness.json"), "{}").unwrap();
    let mut serve = program.command(["--json", "serve", &server, "--listen", "127.0.0.1:0"]);
    let refused = end(serve.env("CARDWRIGHT_PASSPHRASE", "a passphrase"));
    assert!(refused.refused(13, "records-contradicted").remedy.contains("audit accept"));
    codes.push(refused.code.unwrap());
    let mut accept = program.command(["--json", "audit", "accept", &server, "--reason", "it was a trial"]);
    let accepted = end(accept.env("CARDWRIGHT_PASSPHRASE", "a passphrase")).done();
    assert_eq!(accepted["remembered"], "nothing");
    let mut nothing = program.command(["--json", "audit", "accept", &server, "--reason", ""]);
    end(nothing.env("CARDWRIGHT_PASSPHRASE", "a passphrase")).refused(2, "audit-reason");
    assert_eq!(codes, listed);
}

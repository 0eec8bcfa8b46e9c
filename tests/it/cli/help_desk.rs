//! `request answer`: the code a user reads out, and what is read back.

use super::PIN;
use crate::support::program::PATH;
use crate::support::site::{API, Site};
use cardwright::cm::offline::{CodeKind, read_code, write_code};
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use rexpect::session::spawn_command;
use serde_json::json;

const PATIENCE: Option<u64> = Some(120_000);

/// Alice's card, and olga of the help desk with a request for it.
fn called() -> (Site, String) {
    let mut site = Site::new();
    site.person("alice", &[]);
    site.person("olga", &["operators"]);
    let request = site.executing_request("alice");
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    site.certificatedata("alice", &request, build(&RequestContent::default(), &key).unwrap().der()).ok();
    let done = site.send("alice", "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"})).ok();
    let card = done["NewSmartcardUuid"].as_str().unwrap();
    let made = site.run("olga", PIN, &["request", "create", "--type", "offline-unblock", "--smartcard", card]).done();
    let request = made["request"].as_str().unwrap().to_owned();
    (site, request)
}

#[test]
fn a_code_is_answered_in_groups_to_be_read_back() {
    let (site, request) = called();
    let code = write_code(CodeKind::Challenge, [7; 8]).to_string();
    let answer = |code: &str| site.run("olga", PIN, &["request", "answer", &request, "--code", code]);
    let first = answer(&code).done();
    assert_eq!(first["request"], request.as_str());
    let told = first["answer"].as_str().unwrap();
    read_code(CodeKind::Response, told).unwrap();
    let groups: Vec<usize> = told.split('-').map(str::len).collect();
    assert_eq!(groups, [4, 4, 4, 4, 2]);
    let blanks = code.to_lowercase().replace('-', " ");
    assert_eq!(answer(&blanks).done(), first, "however it is typed");
    // For people the answer alone is on standard output.
    let mut command = site.program.command(["request", "answer", &request, "--code", &code]);
    command.env("CARDWRIGHT_SERVER", &site.origin).env("CARDWRIGHT_CA_FILE", site.ca_file());
    let text = crate::support::program::end(command.env("CARDWRIGHT_BEARER", site.bearer("olga")));
    assert_eq!(text.stdout, format!("read back: {told}\n"), "{text:?}");
    assert!(text.stderr.contains("request complete") && !text.stderr.contains(told), "{text:?}");
    assert!(!site.log().contains(told), "the answer is in the log");
    assert_eq!(site.run("olga", PIN, &["request", "complete", &request]).done()["status"], "Completed");
}

#[test]
fn a_code_from_windows_own_screen_is_answered_in_its_form_with_a_warning() {
    let (site, request) = called();
    let mut command = site.program.command(["--json", "request", "answer", &request, "--code", "0707 0707 0707 0707"]);
    command.env("CARDWRIGHT_SERVER", &site.origin).env("CARDWRIGHT_CA_FILE", site.ca_file());
    let ended = crate::support::program::end(command.env("CARDWRIGHT_BEARER", site.bearer("olga")));
    let told = ended.done();
    let answer = told["answer"].as_str().unwrap();
    assert!(answer.len() == 16 && hex::decode(answer).is_ok(), "{told}");
    assert!(told["warning"].as_str().unwrap().contains("no check digits"), "{told}");
    let checked = write_code(CodeKind::Challenge, [7; 8]).to_string();
    let answer_to = |code: &str| site.run("olga", PIN, &["request", "answer", &request, "--code", code]);
    let other = answer_to(&checked).done();
    assert!(other.get("warning").is_none() && other["answer"].as_str().unwrap().replace('-', "").starts_with(answer));
    let mut command = site.program.command(["request", "answer", &request, "--code", "0707070707070707"]);
    command.env("CARDWRIGHT_SERVER", &site.origin).env("CARDWRIGHT_CA_FILE", site.ca_file());
    let text = crate::support::program::end(command.env("CARDWRIGHT_BEARER", site.bearer("olga")));
    assert!(text.stderr.contains("no check digits") && text.stdout == format!("read back: {answer}\n"), "{text:?}");
}

#[test]
fn slips_and_strangers_are_refused_and_the_request_is_kept() {
    let (site, request) = called();
    let answer =
        |who: &str, request: &str, code: &str| site.run(who, PIN, &["request", "answer", request, "--code", code]);
    let good = write_code(CodeKind::Challenge, [7; 8]).to_string();
    let slip = good.replacen("07", "08", 1);
    let told = answer("olga", &request, &slip).refused(2, "code-mistyped");
    assert!(told.message.contains("check digits") && told.remedy.contains("nothing was sent"), "{told:?}");
    let response = write_code(CodeKind::Response, [7; 8]).to_string();
    answer("olga", &request, &response).refused(2, "code-mistyped");
    for short in ["", "0707", &good[..10], &format!("{good}11")] {
        answer("olga", &request, short).refused(2, "challenge-length");
    }
    // Refused by the server: another's request, one who is no agent, a request that is none, a second challenge.
    answer("alice", &request, &good).refused(6, "forbidden");
    answer("olga", "6f6f6f6f-0000-4000-8000-000000000000", &good).refused(6, "not-found");
    let shown = site.run("olga", PIN, &["request", "show", &request]).done();
    assert_eq!(shown["status"], "Approved", "{shown}");
    answer("olga", &request, &good).done();
    let other = write_code(CodeKind::Challenge, [8; 8]).to_string();
    answer("olga", &request, &other).refused(6, "challenge-answered");
    let without = site.run("olga", PIN, &["request", "answer", &request]).refused(2, "code-missing");
    assert!(without.remedy.contains("--code"), "{without:?}");
}

#[test]
fn at_a_terminal_a_slip_is_told_before_anything_is_sent() {
    let (site, request) = called();
    let mut command = site.program.interactive(PATH);
    command.args(["request", "answer", &request]).env("CARDWRIGHT_SERVER", &site.origin);
    command.env("CARDWRIGHT_CA_FILE", site.ca_file()).env("CARDWRIGHT_BEARER", site.bearer("olga"));
    let mut session = spawn_command(command, PATIENCE).unwrap();
    session.exp_string("Code that is read out:").unwrap();
    session.send_line("0707-0707").unwrap();
    session.exp_string("has 8 digits").unwrap();
    let rubbed_out = "\u{7f}".repeat(9);
    session.send_line(&format!("{rubbed_out}{}", *write_code(CodeKind::Challenge, [7; 8]))).unwrap();
    session.exp_string("read back: ").unwrap();
    session.exp_eof().unwrap();
}

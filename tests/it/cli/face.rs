//! What is printed: one document for scripts, plain text for people, completions and man pages for the system.

use serde_json::Value;

use super::{Desk, ENROLL, PIN};
use crate::support::program::{Program, end};

const COMMANDS: [&str; 13] = [
    "token",
    "enroll",
    "renew",
    "unblock",
    "retire",
    "request",
    "template",
    "vcard",
    "serve",
    "server",
    "demo",
    "completions",
    "man",
];

#[test]
fn every_command_prints_one_document_for_scripts() {
    let desk = Desk::new();
    let program = &desk.program;
    let man = program.path("man").display().to_string();
    program.json(ENROLL).done();
    let request = desk.fake.last_request().to_string();
    for arguments in [
        &["token", "list"][..],
        &["token", "info", "--label", "card"],
        &["token", "init", "--label", "second", "--default-admin-key"],
        &["token", "change-pin", "--label", "card"],
        &["request", "list"],
        &["request", "list", "--status", "Completed"],
        &["request", "show", &request],
        &["template", "list"],
        &["renew", "--label", "card"],
        &["unblock", "--label", "card"],
        &["retire", "--label", "card", "--yes"],
        &["man", &man],
    ] {
        let ended = program.json(arguments);
        assert!(ended.success(), "{arguments:?}: {ended:?}");
        assert!(matches!(ended.document(), Value::Object(_) | Value::Array(_)), "{ended:?}");
        assert_eq!(ended.stderr, "", "{arguments:?}");
    }
    for arguments in [
        &["token", "info", "--label", "absent"][..],
        &["request", "show", "6f6f6f6f-0000-4000-8000-000000000000", "--server", "ftp://x"],
        &["template", "show", "Nonesuch"],
        &["renew", "--label", "second"],
        &["unblock", "--label", "card", "--offline"],
        &["retire", "--label", "card", "--yes"],
        &["serve", "/nowhere"],
        &["server", "user", "add", "/nowhere", "alice"],
        &["demo", "--module", "/nowhere.so"],
        &["token", "frobnicate"],
        &["enroll", "--label"],
    ] {
        let mut command = program.command(["--json"]);
        let ended = end(command.args(arguments).env("CARDWRIGHT_PASSPHRASE", "x"));
        let told = ended.told();
        assert!(!told.code.is_empty() && !told.message.is_empty(), "{arguments:?}: {ended:?}");
        assert!(told.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{told:?}");
    }
}

#[test]
fn people_are_told_in_plain_text_without_colour_where_there_is_no_terminal() {
    let desk = Desk::new();
    let enrolled = desk.program.text(ENROLL);
    assert!(enrolled.success() && enrolled.stdout.starts_with("enrolled\n"), "{enrolled:?}");
    assert!(enrolled.stderr.contains("the key is made"), "{enrolled:?}");
    let info = desk.program.text(["token", "info", "--label", "card"]);
    assert!(info.stdout.contains("subject   CN=operator"), "{info:?}");
    let failed = desk.program.text(["token", "info", "--label", "absent"]);
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(3), ""));
    assert!(failed.stderr.starts_with("error: no token has label \"absent\""), "{failed:?}");
    assert!(failed.stderr.contains("what to do: ") && failed.stderr.contains("code: no-token"), "{failed:?}");
    let wrong = desk.program.text(["token", "frobnicate"]);
    assert_eq!(wrong.code, Some(2));
    for ended in [enrolled, info, failed, wrong, desk.program.text(["--help"])] {
        assert!(!ended.all().contains('\u{1b}'), "{ended:?}");
    }
}

#[test]
fn completions_are_taken_by_their_shells() {
    let program = Program::new();
    for (shell, check) in [("bash", Some(["bash", "-n"])), ("zsh", None), ("fish", None)] {
        let printed = program.text(["completions", shell]);
        assert!(printed.success() && printed.stdout.len() > 1000, "{shell}");
        assert!(COMMANDS.iter().all(|command| printed.stdout.contains(command)), "{shell}");
        assert!(printed.stdout.contains("pin-from"), "{shell}");
        if let Some([interpreter, option]) = check {
            let file = program.write("completions", &printed.stdout);
            let checked = end(program.other(interpreter).args([option, &file]));
            assert!(checked.success() && checked.stderr.is_empty(), "{checked:?}");
        }
    }
}

#[test]
fn man_pages_tell_of_every_command() {
    let program = Program::new();
    let directory = program.path("man");
    let written = program.text([&"man".into(), &directory]);
    assert!(written.success(), "{written:?}");
    let main = std::fs::read_to_string(directory.join("cardwright.1")).unwrap();
    assert!(main.contains(".TH cardwright 1"), "{main}");
    for command in COMMANDS {
        assert!(main.contains(&format!("cardwright\\-{command}(1)")), "{command}");
        let page = std::fs::read_to_string(directory.join(format!("cardwright-{command}.1"))).unwrap();
        assert!(page.contains(".TH ") && page.contains(".SH SYNOPSIS"), "{command}");
    }
    for part in ["Exit codes:", "Secrets are never given as arguments"] {
        assert!(main.contains(part), "{part}");
    }
    assert!(directory.join("cardwright-token-change-pin.1").exists());
}

#[test]
fn settings_come_from_a_file_under_options_and_environment() {
    let desk = Desk::new();
    let program = Program::new();
    program.factory_token("card");
    std::fs::create_dir_all(program.path("config/cardwright")).unwrap();
    let bearer = program.write("bearer", "a-bearer-token\n");
    let settings = |server: &str| {
        program.write("config/cardwright/config.toml", format!("server = {server:?}\nbearer_file = {bearer:?}\n"));
    };
    settings(desk.fake.url.as_str());
    let pin = format!("file:{}", program.write("pin", PIN));
    program.json([&ENROLL[..], &["--pin-from", &pin]].concat()).done();
    settings("http://127.0.0.1:1");
    let away = program.json(["renew", "--label", "card", "--pin-from", &pin]);
    away.refused(5, "server-unreachable");
    let option = ["renew", "--label", "card", "--pin-from", &pin, "--server", desk.fake.url.as_str()];
    program.json(option).done();
    program.write("config/cardwright/config.toml", "server = \"https://a\"\nmodul = \"x\"\n");
    let wrong = program.json(["token", "list"]).told();
    assert_eq!((wrong.exit, wrong.code.as_str()), (2, "config"));
    assert!(wrong.message.contains("modul") && wrong.message.contains("line 2"), "{wrong:?}");
}

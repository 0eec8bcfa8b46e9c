//! What is printed: one document for scripts, plain text for people, completions and man pages for the system.

use serde_json::{Value, json};

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

/// An administrator hands one file out; each person's own goes before it, and `config show` says what holds and why.
#[test]
fn one_file_is_for_everybody_and_what_holds_is_told_with_its_reason() {
    use std::os::unix::fs::PermissionsExt;

    let desk = Desk::new();
    let mut program = Program::new();
    program.factory_token("card");
    for name in ["config/cardwright", "everybody", "home/keys"] {
        std::fs::create_dir_all(program.path(name)).unwrap();
    }
    program.write("home/keys/bearer", "a-bearer-token\n");
    let text = format!("server = {:?}\nca_file = \"ca.pem\"\nnegotiate = true\n", "https://gone.example.com");
    let everybodys = program.write("everybody/config.toml", text);
    let own = format!("server = {:?}\nbearer_file = \"~/keys/bearer\"\n", desk.fake.url.as_str());
    let own = program.write("config/cardwright/config.toml", own);
    let pin = format!("file:{}", program.write("pin", PIN));

    let shown = program.json(["config", "show"]).done();
    let setting = |key: &str| shown["settings"].as_array().unwrap().iter().find(|it| it["key"] == key).unwrap().clone();
    let server = setting("server");
    assert_eq!(server["holds"], json!({ "value": desk.fake.url.as_str(), "from": own }));
    assert_eq!(server["hidden"], json!([{ "value": "https://gone.example.com", "from": everybodys }]));
    let ca_file = program.path("everybody/ca.pem").display().to_string();
    assert_eq!(setting("ca_file")["holds"], json!({ "value": ca_file, "from": everybodys }));
    let bearer = format!("bearer token from file:{}", program.path("home/keys/bearer").display());
    assert_eq!(setting("login")["holds"], json!({ "value": bearer, "from": own }));
    assert_eq!(setting("login")["hidden"], json!([{ "value": "Kerberos ticket", "from": everybodys }]));
    assert_eq!(setting("module")["holds"]["from"], "CARDWRIGHT_MODULE");
    let told = program.text(["config", "show"]).stdout;
    assert!(told.contains(&format!("hidden: {everybodys}")) && told.contains("journal"), "{told}");

    // What is shown is what holds: the ca_file that is not there stops it, the server and token of one's own serve it.
    let enroll = [&ENROLL[..], &["--pin-from", &pin]].concat();
    program.json(&enroll).refused(2, "ca-file");
    program.write("everybody/config.toml", "server = \"https://gone.example.com\"\nnegotiate = true\n");
    program.json(&enroll).done();

    program.set("CARDWRIGHT_BEARER", "secret-in-the-environment");
    let shown = program.json(["config", "show"]).done();
    assert_eq!(shown["settings"][2]["holds"]["from"], "CARDWRIGHT_BEARER");
    assert!(!shown.to_string().contains("secret-in-the-environment"));

    // Who may write the file says which server gets the PIN's card and which module is loaded.
    std::fs::set_permissions(&everybodys, std::fs::Permissions::from_mode(0o666)).unwrap();
    let wrong = program.json(["config", "show"]).told();
    assert_eq!((wrong.exit, wrong.code.as_str()), (2, "config"));
    assert!(wrong.message.contains("others") && wrong.remedy.contains("chmod"), "{wrong:?}");
}

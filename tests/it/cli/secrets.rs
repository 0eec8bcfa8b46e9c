//! Where secrets come from, and that they go nowhere else.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rexpect::session::{PtySession, spawn_command};
use serde_json::json;

use super::{Desk, ENROLL, PIN, WRONG_PIN};
use crate::support::program::{Ended, PATH, Program, end};
use crate::support::site::{API, PASSPHRASE, Site, last_segment};

const NEW_PIN: &str = "314159";
const CHANGE: [&str; 4] = ["token", "change-pin", "--label", "card"];
const PATIENCE: Option<u64> = Some(120_000);

fn with_pin() -> Program {
    let program = Program::new();
    program.token_with_pin("card", PIN);
    program
}

/// Is this the token's PIN, by other people's tool?
fn holds(program: &Program, pin: &str) -> bool {
    program.pkcs11_tool("card", &["--login", "--pin", pin, "--list-objects"]).success()
}

/// Runs a shell line with the program as $0 and the change of a PIN as arguments.
fn shell(program: &Program, line: &str) -> Ended {
    let mut command = program.other("bash");
    command.args(["-c", line, PATH, "--json"]).args(CHANGE);
    end(command.env("PIN_VARIABLE", PIN).env("NEW_VARIABLE", NEW_PIN))
}

#[test]
fn every_source_gives_a_secret() {
    for line in [
        "exec \"$0\" \"$@\" --pin-from env:PIN_VARIABLE --new-pin-from env:NEW_VARIABLE",
        "printf '%s\\n%s\\n' $PIN_VARIABLE $NEW_VARIABLE | \"$0\" \"$@\" --pin-from stdin --new-pin-from stdin",
        "exec \"$0\" \"$@\" --pin-from fd:3 --new-pin-from fd:4 3< <(echo $PIN_VARIABLE) 4<<<$NEW_VARIABLE",
        "printf '%s\\r\\n' $PIN_VARIABLE > $HOME.pin; printf %s $NEW_VARIABLE > $HOME.new; \
         exec \"$0\" \"$@\" --pin-from file:$HOME.pin --new-pin-from file:$HOME.new",
        "CARDWRIGHT_PIN=$PIN_VARIABLE CARDWRIGHT_NEW_PIN=$NEW_VARIABLE exec \"$0\" \"$@\"",
        "CARDWRIGHT_PIN=\"$PIN_VARIABLE\"$'\\n' CARDWRIGHT_NEW_PIN=\"$NEW_VARIABLE\"$'\\r\\n' exec \"$0\" \"$@\"",
    ] {
        let program = with_pin();
        shell(&program, line).done();
        assert!(holds(&program, NEW_PIN) && !holds(&program, PIN), "{line}");
    }
}

#[test]
fn a_source_that_gives_nothing_is_told_and_no_try_is_spent() {
    let program = with_pin();
    let empty = program.write("empty", "\n");
    let long = program.write("long", "1".repeat(5000));
    for (source, code) in [
        ("file:/nowhere".to_owned(), "secret-source"),
        (format!("file:{empty}"), "secret-empty"),
        (format!("file:{long}"), "secret-source"),
        ("fd:99".to_owned(), "secret-source"),
        ("env:NOT_SET_ANYWHERE".to_owned(), "secret-source"),
        ("stdin".to_owned(), "secret-empty"),
        ("prompt".to_owned(), "secret-missing"),
    ] {
        let told = program.json([&CHANGE[..], &["--pin-from", &source]].concat()).told();
        assert_eq!((told.exit, told.code.as_str()), (2, code), "{told:?}");
        assert!(told.remedy.contains("--pin-from"), "{source}: {told:?}");
    }
    let missing = program.json(CHANGE).refused(2, "secret-missing");
    assert!(missing.remedy.contains("--pin-from") && missing.remedy.contains("CARDWRIGHT_PIN"), "{missing:?}");
    assert_eq!(program.json(["token", "info", "--label", "card"]).done()["pin"], "ok");
}

#[test]
fn what_nobody_types_in_a_secret_is_refused_and_no_try_is_spent() {
    let program = with_pin();
    let file = |name: &str, text: String| format!("file:{}", program.write(name, text));
    for (source, why) in [
        (file("mark", format!("\u{FEFF}{PIN}\n")), "byte-order mark"),
        (file("joint", format!("{PIN}\u{200B}")), "nobody sees"),
        (file("tab", format!("{PIN}\t\n")), "control character"),
        (file("nul", format!("{PIN}\0")), "control character"),
        (file("returns", format!("{PIN}\r\r\n")), "control character"),
    ] {
        let told = program.json([&CHANGE[..], &["--pin-from", &source]].concat()).told();
        assert_eq!((told.exit, told.code.as_str()), (2, "secret-unfit"), "{told:?}");
        assert!(told.message.contains(why) && !told.message.contains(PIN), "{told:?}");
    }
    let lines = shell(&program, "CARDWRIGHT_PIN=$PIN_VARIABLE$'\\n\\n' exec \"$0\" \"$@\"").told();
    assert_eq!((lines.exit, lines.code.as_str()), (2, "secret-unfit"), "{lines:?}");
    assert_eq!(program.json(["token", "info", "--label", "card"]).done()["pin"], "ok");
    // Every other secret likewise: it is the reading that refuses.
    let bearer = file("bearer", "\u{FEFF}token\n".to_owned());
    let list = ["request", "list", "--server", "https://localhost", "--bearer-from", &bearer];
    assert_eq!(program.json(list).told().code, "secret-unfit");
}

#[test]
fn a_secret_typed_as_an_argument_is_refused_and_not_repeated() {
    let program = with_pin();
    for option in ["--pin-from", "--new-pin-from"] {
        for arguments in [vec![option, PIN], vec!["--json", option, PIN]] {
            let ended = program.text([&CHANGE[..], &arguments[..]].concat());
            assert_eq!(ended.code, Some(2));
            assert!(!ended.all().contains(PIN) && ended.all().contains("never the secret itself"), "{ended:?}");
        }
    }
    let bearer = program.text(["request", "list", "--server", "https://localhost", "--bearer-from", "s3cr3t-bearer"]);
    assert!(bearer.code == Some(2) && !bearer.all().contains("s3cr3t"), "{bearer:?}");
    // There is no option that takes a secret itself.
    let ended = program.text([&CHANGE[..], &["--pin", PIN]].concat());
    assert_eq!(ended.code, Some(2));
    assert!(holds(&program, PIN));
}

fn at_a_terminal(program: &Program, arguments: &[&str]) -> PtySession {
    let mut command = program.interactive(PATH);
    command.args(arguments);
    spawn_command(command, PATIENCE).unwrap()
}

fn exit_code(session: &mut PtySession) -> i32 {
    let status = format!("{:?}", session.process().wait().unwrap());
    let code = status.split(", ").nth(1).and_then(|text| text.trim_end_matches(')').parse().ok());
    code.unwrap_or_else(|| panic!("{status}"))
}

#[test]
fn a_prompt_hides_what_is_typed_and_asks_twice_for_a_new_pin() {
    let program = with_pin();
    let mut session = at_a_terminal(&program, &CHANGE);
    let mut shown = session.exp_string("PIN:").unwrap();
    session.send_line(PIN).unwrap();
    shown += &session.exp_string("New PIN:").unwrap();
    session.send_line(NEW_PIN).unwrap();
    shown += &session.exp_string("The same again:").unwrap();
    session.send_line(NEW_PIN).unwrap();
    shown += &session.exp_eof().unwrap();
    assert_eq!(exit_code(&mut session), 0, "{shown}");
    assert!(!shown.contains(PIN) && !shown.contains(NEW_PIN), "{shown}");
    assert!(holds(&program, NEW_PIN));

    // Two different new PINs are not taken.
    let mut session = at_a_terminal(&program, &CHANGE);
    session.exp_string("PIN:").unwrap();
    session.send_line(NEW_PIN).unwrap();
    session.exp_string("New PIN:").unwrap();
    session.send_line("111111").unwrap();
    session.exp_string("The same again:").unwrap();
    session.send_line("222222").unwrap();
    let shown = session.exp_string("New PIN:").unwrap();
    assert!(!shown.contains("222222"), "{shown}");
    session.send_control('c').unwrap();
    session.exp_eof().unwrap();
    assert_eq!(exit_code(&mut session), 2);
    assert!(holds(&program, NEW_PIN));
}

#[test]
fn a_prompt_is_left_by_control_c_and_control_d() {
    let program = with_pin();
    for key in ['c', 'd'] {
        let mut session = at_a_terminal(&program, &CHANGE);
        session.exp_string("PIN:").unwrap();
        session.send_control(key).unwrap();
        let shown = session.exp_eof().unwrap();
        assert!(shown.contains("stopped at the prompt") && shown.contains("secret-missing"), "{shown}");
        assert_eq!(exit_code(&mut session), 2, "{shown}");
    }
    assert_eq!(program.json(["token", "info", "--label", "card"]).done()["pin"], "ok");
    // Left at the PIN of an enrollment, nothing was begun: PINs are asked for before the request is made.
    let desk = Desk::new();
    let mut enrolling = desk.program.interactive(PATH);
    enrolling.args(ENROLL).env_remove("CARDWRIGHT_PIN").env_remove("CARDWRIGHT_NEW_PIN");
    let mut session = spawn_command(enrolling, PATIENCE).unwrap();
    session.exp_string("PIN:").unwrap();
    session.send_control('c').unwrap();
    session.exp_eof().unwrap();
    assert_eq!(exit_code(&mut session), 2);
    assert_eq!(desk.program.journal().len(), 0);
    desk.enrolls_in_the_end();
}

#[test]
fn a_process_that_holds_secrets_leaves_no_core() {
    let program = with_pin();
    let mut waiting = program.command(CHANGE);
    waiting.args(["--pin-from", "stdin"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut waiting = waiting.spawn().unwrap();
    let proc = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", waiting.id())).unwrap();
    let begun = std::time::Instant::now();
    // It reads standard input once it has found the token.
    while !proc("maps").contains("softhsm") && begun.elapsed().as_secs() < 120 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let core = proc("limits").lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned();
    let core: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"]);
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(i32::try_from(waiting.id()).unwrap()).unwrap(),
        rustix::process::Signal::ABORT,
    )
    .unwrap();
    assert!(!waiting.wait().unwrap().core_dumped());
}

#[test]
fn no_secret_is_printed_logged_or_written_down() {
    let mut site = Site::with_approval();
    site.person("alice", &[]);
    site.person("oscar", &["approvers"]);
    site.program.factory_token("card");
    let mut said = String::new();
    let mut run = |who: &str, pin: &str, arguments: &[&str]| {
        for json in [true, false] {
            let mut command = site.command(who, pin, arguments);
            if !json {
                command = site.program.command(arguments);
                command.envs([("CARDWRIGHT_SERVER", site.origin.as_str()), ("CARDWRIGHT_BEARER", site.bearer(who))]);
                command
                    .env("CARDWRIGHT_CA_FILE", site.ca_file())
                    .env("CARDWRIGHT_PIN", pin)
                    .env("CARDWRIGHT_NEW_PIN", pin);
            }
            let ended = end(command.env("RUST_LOG", "trace"));
            said += &ended.all();
            said += &site.program.journal().concat();
        }
    };
    run("alice", PIN, &ENROLL);
    let requests = site.run("oscar", PIN, &["request", "list"]).done();
    let request = requests[0]["request"].as_str().unwrap().to_owned();
    run("oscar", PIN, &["request", "approve", &request]);
    run("alice", PIN, &ENROLL);
    run("alice", WRONG_PIN, &["renew", "--label", "card"]);
    run("alice", PIN, &["renew", "--label", "card"]);
    run("alice", NEW_PIN, &["unblock", "--label", "card"]);
    run("alice", NEW_PIN, &["token", "info", "--label", "card"]);

    // The card's admin key, as the server gives it out while an unblock is carried out.
    let info = site.program.json(["token", "info", "--label", "card"]).done();
    let card_id = info["card_id"].as_str().unwrap();
    let card = site.get("alice", &format!("{API}/smartcards?cardid={card_id}")).ok();
    let card = card["Uuid"].as_str().unwrap();
    let order = json!({"datacollection": "[]", "type": "Unblock", "smartcard": card, "comment": ""});
    let request = last_segment(&site.send("alice", "POST", &format!("{API}/requests"), &order).ok());
    let path = format!("{API}/requests/{request}/smartcards/{card}/diversifiedkey?cardid={card_id}");
    let key = site.get("alice", &path).ok().as_str().unwrap().to_owned();
    let bytes = STANDARD.decode(&key).unwrap();
    let pin_holds = site.program.pkcs11_tool("card", &["--login", "--pin", NEW_PIN, "--list-objects"]);
    assert!(pin_holds.success(), "{pin_holds:?}");
    run("alice", NEW_PIN, &["retire", "--label", "card", "--yes"]);

    let log = site.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log is not at its loudest");
    let database = std::fs::read(site.program.path("server/cardwright.db")).unwrap();
    let wal = std::fs::read(site.program.path("server/cardwright.db-wal")).unwrap_or_default();
    let kept = String::from_utf8_lossy(&[database, wal].concat()).into_owned();
    let hex = hex::encode(&bytes);
    for (secret, name) in [
        (site.bearer("alice"), "a bearer token"),
        (site.bearer("oscar"), "a bearer token"),
        (PASSPHRASE, "the passphrase"),
        (&key, "an admin key in base64"),
        (&hex, "an admin key in hexadecimal"),
        (&hex.to_uppercase(), "an admin key in hexadecimal"),
    ] {
        for (text, place) in [(&said, "what the program said"), (&log, "the log"), (&kept, "the database")] {
            assert!(!text.contains(secret), "{name} is in {place}");
        }
    }
    // A PIN is too short to be looked for among serial numbers: it must not stand by itself.
    for pin in [PIN, NEW_PIN, WRONG_PIN] {
        let digits = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == pin);
        assert!(!digits(&said) && !digits(&log), "{pin}");
    }
}

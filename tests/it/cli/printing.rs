//! What is printed: nothing that others wrote reaches the terminal as it is, and no write that failed ends with 0.

use std::fs::File;
use std::process::{Command, Stdio};

use rexpect::session::spawn_command;

use super::Desk;
use crate::support::program::{Ended, PATH, Program, end};

/// Hides what follows on a terminal, turns its direction, and begins a line of its own.
const HOSTILE: &str = "a\u{1b}[8m\u{202e}b\u{200b}\nkind x";
const ESCAPED: &str = r"a\u001b[8m\u202eb\u200b\nkind x";

/// The characters that must not come out.
fn obeyed(text: &str) -> String {
    let hidden = |c: &char| c.is_control() && *c != '\n' || ['\u{202e}', '\u{200b}'].contains(c);
    text.chars().filter(hidden).collect()
}

/// A desk whose token has the hostile label, given by other people's tool.
fn hostile() -> Desk {
    let desk = Desk::new();
    let mut tool = desk.program.other("pkcs11-tool");
    tool.args(["--module", crate::support::softhsm::MODULE, "--init-token", "--slot-index", "1"]);
    tool.args(["--label", HOSTILE, "--so-pin", crate::support::program::DEFAULT_SO_PIN]);
    let made = end(&mut tool);
    assert!(made.success(), "{made:?}");
    desk
}

/// Ends the command with a standard output that is full.
fn into_full(command: &mut Command) -> Ended {
    end(command.stdout(File::create("/dev/full").unwrap()))
}

/// Ends the command with a standard output that is the null device, as a process has that was started without one.
fn into_null(command: &mut Command) -> Ended {
    end(command.stdout(Stdio::null()))
}

/// Ends the command with a standard output that is closed.
fn into_closed(command: &mut Command) -> Ended {
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" >&-"]).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    end(&mut shell)
}

/// Ends the command with a standard output that nobody reads.
fn into_nowhere(command: &mut Command) -> Ended {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    end(command.stdout(writer))
}

#[test]
fn what_others_wrote_is_escaped_in_lists_texts_errors_and_documents() {
    let desk = hostile();
    let program = &desk.program;
    program.json(["enroll", "--label", HOSTILE, "--comment", HOSTILE]).done();
    for arguments in [
        &["token", "list"][..],
        &["token", "info", "--label", HOSTILE],
        &["token", "change-pin", "--label", HOSTILE],
        &["request", "list"],
        &["token", "info", "--label", "\u{202e}absent\u{1b}"],
        &["template", "show", "\u{202e}absent\u{1b}\n\u{9b}"],
        &["man", "/proc/\u{202e}\u{1b}c"],
        &["template", "check", "/proc/\u{202e}\u{1b}c"],
        &["token", "\u{202e}\u{1b}c"],
    ] {
        let text = program.text(arguments);
        assert_eq!(obeyed(&text.all()), "", "{arguments:?}: {text:?}");
        let json = program.json(arguments);
        assert_eq!(obeyed(&json.all()), "", "{arguments:?}: {json:?}");
        json.document();
    }
    let listed = program.text(["token", "list"]).stdout;
    assert!(listed.contains(ESCAPED) && listed.lines().count() == 4, "{listed}");
    let tokens = program.json(["token", "list"]).done();
    assert!(tokens.as_array().unwrap().iter().any(|token| token["label"] == HOSTILE), "{tokens}");
    let told = program.text(["request", "list"]).stdout;
    assert!(told.contains(ESCAPED), "{told}");
}

#[test]
fn what_others_wrote_is_escaped_at_a_prompt() {
    let desk = hostile();
    let mut command = desk.program.interactive(PATH);
    command.args(["retire", "--label", HOSTILE]);
    let mut session = spawn_command(command, Some(20_000)).unwrap();
    let shown = session.exp_string("revoke its certificates?").unwrap();
    assert!(!shown.contains('\u{202e}') && !shown.contains('\u{200b}') && !shown.contains("[8m\u{202e}"), "{shown:?}");
    session.send_line("n").unwrap();
    session.exp_eof().unwrap();
}

#[test]
fn a_full_disk_is_an_error() {
    let desk = Desk::new();
    for arguments in [
        &["token", "list"][..],
        &["token", "info", "--label", "card"],
        &["request", "list"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
        &["doctor"],
        &["--json", "token", "list"],
        &["--json", "token", "info", "--label", "absent"],
    ] {
        let ended = into_full(&mut desk.program.command(arguments));
        assert!(!ended.success(), "{arguments:?}: {ended:?}");
        let code = if arguments.contains(&"absent") { "no-token" } else { "output-failed" };
        assert!(ended.stderr.contains(&format!("code: {code}")), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn where_nobody_reads_any_more_the_program_ends_quietly() {
    let program = Program::new();
    for arguments in [&["completions", "bash"][..], &["token", "list"], &["--help"], &["--json", "token", "list"]] {
        let ended = into_nowhere(&mut program.command(arguments));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(141), ""), "{arguments:?}");
    }
    // Nor does an error stream that is full keep it from its work.
    let mut command = program.command(["token", "info", "--label", "absent"]);
    let ended = end(command.stderr(File::create("/dev/full").unwrap()));
    assert_eq!(ended.code, Some(3));
}

#[test]
fn a_bearer_token_that_could_not_be_shown_is_revoked() {
    let mut program = Program::new();
    program.set("CARDWRIGHT_PASSPHRASE", "a passphrase");
    let server = program.path("server").display().to_string();
    assert!(program.text(["server", "init", &server]).success());
    for (at, broken) in [into_full, into_nowhere, into_null, into_closed].into_iter().enumerate() {
        let name = format!("user{at}");
        for command in ["user", "token"] {
            for json in [&[][..], &["--json"]] {
                let mut command = program.command([&["server", command, "add", &server, &name][..], json].concat());
                let ended = broken(&mut command);
                if ended.stderr.contains("user-exists") {
                    continue;
                }
                assert_eq!(ended.code, Some(1), "{ended:?}");
                assert!(ended.stderr.contains("code: secret-not-shown"), "{ended:?}");
                assert!(ended.stderr.contains(&format!("cardwright server token add {server} {name}")), "{ended:?}");
            }
        }
        let tokens = program.json(["server", "token", "list", &server, &name]).done();
        let tokens = tokens["tokens"].as_array().unwrap();
        assert_eq!(tokens.len(), 3, "{tokens:?}");
        assert!(tokens.iter().all(|token| token["revoked"].is_string()), "{tokens:?}");
    }
}

#[test]
fn an_archive_and_an_export_into_a_full_disk_fail() {
    let mut program = Program::new();
    program.set("CARDWRIGHT_PASSPHRASE", "a passphrase");
    let server = program.path("server").display().to_string();
    assert!(program.text(["server", "init", &server]).success());
    program.json(["server", "user", "add", &server, "alice", "--show-token"]).done();
    for arguments in [["server", "backup", &server, "-"], ["audit", "export", &server, "--from=1970-01-01T00:00:00Z"]] {
        let full = into_full(&mut program.command(arguments));
        assert!(full.code == Some(1) && full.stderr.contains("code: output-failed"), "{full:?}");
        let nowhere = into_nowhere(&mut program.command(arguments));
        assert_eq!((nowhere.code, nowhere.stderr.as_str()), (Some(141), ""), "{arguments:?}");
    }
}

#[test]
fn a_path_that_is_no_utf_8_is_told_to_scripts() {
    use std::os::unix::ffi::OsStrExt;
    let program = Program::new();
    let directory = program.path("").join(std::ffi::OsStr::from_bytes(b"m\xffn"));
    let mut command = program.command(["--json", "man"]);
    let ended = end(command.arg(&directory).stdin(Stdio::null()));
    assert!(ended.done()["directory"].as_str().unwrap().contains("m\u{fffd}n"), "{ended:?}");
}

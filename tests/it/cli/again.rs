//! A person who mistypes a secret is asked again in place, and never spends the last try unasked.

use cardwright::virtual_card::{PivCard, PivOptions};
use rexpect::session::{PtySession, spawn_command};

use super::cards::Workplace;
use super::{Desk, ENROLL, PIN, WRONG_PIN};
use crate::support::program::{PATH, Program};

const NEW_PIN: &str = "314159";
/// How a prompt begins, its mark's colour included.
const ASKED: &str = "\u{1b}[39m PIN:";
const ASKED_NEW: &str = "\u{1b}[39m New PIN:";
const THE_SAME: &str = "The same again:";
const CHANGE: [&str; 2] = ["token", "change-pin"];

/// A workplace with a YubiKey, whose PIN has three tries.
fn workplace() -> Workplace {
    let place = Workplace::new();
    place.insert(0, Box::new(PivCard::new(PivOptions { serial: 12_345_678, ..PivOptions::yubikey() }).unwrap()));
    // The factory's PIN is known to be right or wrong without a try.
    let source = |name: &str, pin: &str| format!("file:{}", place.program.write(name, pin));
    let (old, new) = (source("factory", "123456"), source("own", PIN));
    place.program.json([&CHANGE[..], &["--pin-from", &old, "--new-pin-from", &new]].concat()).done();
    place
}

fn at_a_terminal(program: &Program, arguments: &[&str]) -> PtySession {
    let mut command = program.interactive(PATH);
    command.args(arguments).env_remove("CARDWRIGHT_PIN").env_remove("CARDWRIGHT_NEW_PIN");
    spawn_command(command, Some(30_000)).unwrap()
}

/// Waits for each prompt and types the answer.
fn asked(session: &mut PtySession, answers: &[(&str, &str)]) {
    for (prompt, answer) in answers {
        session.exp_string(prompt).unwrap();
        session.send_line(answer).unwrap();
    }
}

/// Likewise; what was shown after the last answer, to the program's end.
fn types(session: &mut PtySession, answers: &[(&str, &str)]) -> String {
    asked(session, answers);
    session.exp_eof().unwrap()
}

fn tries(program: &Program) -> u64 {
    program.json(["token", "info"]).done()["tries_left"]["pin"].as_u64().unwrap()
}

#[test]
fn a_pin_that_was_mistyped_is_asked_again_in_place() {
    let place = workplace();
    let mut session = at_a_terminal(&place.program, &CHANGE);
    asked(&mut session, &[(ASKED, WRONG_PIN), (ASKED_NEW, NEW_PIN), (THE_SAME, NEW_PIN)]);
    session.exp_string("the PIN is wrong; 2 tries are left").unwrap();
    // The new PIN is known already.
    let rest = types(&mut session, &[(ASKED, PIN)]);
    assert!(rest.contains("was changed") && !rest.contains("New PIN:"), "{rest}");
    assert_eq!(tries(&place.program), 3);
}

#[test]
fn a_pin_of_the_wrong_length_is_asked_again_and_costs_no_try() {
    let place = workplace();
    let mut session = at_a_terminal(&place.program, &CHANGE);
    asked(&mut session, &[(ASKED, PIN), (ASKED_NEW, "12"), (THE_SAME, "12")]);
    session.exp_string("does not fit").unwrap();
    let again = [(ASKED, PIN), (ASKED_NEW, NEW_PIN), (THE_SAME, NEW_PIN)];
    let rest = types(&mut session, &again);
    assert!(rest.contains("was changed"), "{rest}");
    assert_eq!(tries(&place.program), 3);
}

#[test]
fn the_last_try_is_not_asked_for_and_the_way_to_spend_it_is_named() {
    let place = workplace();
    let mut session = at_a_terminal(&place.program, &CHANGE);
    asked(&mut session, &[(ASKED, WRONG_PIN), (ASKED_NEW, NEW_PIN), (THE_SAME, NEW_PIN)]);
    session.exp_string("2 tries are left").unwrap();
    let rest = types(&mut session, &[(ASKED, WRONG_PIN)]);
    assert!(rest.contains("code: wrong-pin") && rest.contains("one try is left"), "{rest}");
    assert_eq!(tries(&place.program), 1);

    let kept = at_a_terminal(&place.program, &CHANGE).exp_eof().unwrap();
    assert!(kept.contains("--spend-last-try") && kept.contains("code: last-try-kept"), "{kept}");
    assert!(!kept.contains(ASKED), "{kept}");
    assert_eq!(tries(&place.program), 1);

    let mut session = at_a_terminal(&place.program, &[&CHANGE[..], &["--spend-last-try"]].concat());
    let rest = types(&mut session, &[(ASKED, PIN), (ASKED_NEW, NEW_PIN), (THE_SAME, NEW_PIN)]);
    assert!(rest.contains("was changed"), "{rest}");
}

#[test]
fn a_pin_from_a_file_is_tried_once() {
    let place = workplace();
    let wrong = format!("file:{}", place.program.write("wrong", WRONG_PIN));
    let new = format!("file:{}", place.program.write("new", NEW_PIN));
    let arguments = [&CHANGE[..], &["--pin-from", &wrong, "--new-pin-from", &new]].concat();
    let shown = at_a_terminal(&place.program, &arguments).exp_eof().unwrap();
    assert!(shown.contains("code: wrong-pin"), "{shown}");
    assert_eq!(tries(&place.program), 2);
}

#[test]
fn an_enrollment_asks_again_for_what_was_mistyped_and_has_one_request() {
    let desk = Desk::new();
    desk.program.token_with_pin("known", PIN);
    let mut session = at_a_terminal(&desk.program, &["enroll", "--label", "known"]);
    asked(&mut session, &[(ASKED, WRONG_PIN)]);
    session.exp_string("the PIN is wrong").unwrap();
    let rest = types(&mut session, &[(ASKED, PIN)]);
    assert!(rest.contains("enrolled"), "{rest}");
    assert_eq!(desk.fake.requests().len(), 1);

    let mut session = at_a_terminal(&desk.program, &ENROLL);
    asked(&mut session, &[(ASKED_NEW, "12"), (THE_SAME, "12")]);
    let rest = types(&mut session, &[(ASKED_NEW, PIN), (THE_SAME, PIN)]);
    assert!(rest.contains("enrolled"), "{rest}");
    assert_eq!(desk.fake.requests().len(), 2);
}

#[test]
fn nothing_typed_is_no_secret() {
    let place = workplace();
    let mut session = at_a_terminal(&place.program, &CHANGE);
    asked(&mut session, &[(ASKED, "")]);
    session.exp_string("nothing was typed").unwrap();
    session.send_control('c').unwrap();
    session.exp_eof().unwrap();
    assert_eq!(tries(&place.program), 3);
}

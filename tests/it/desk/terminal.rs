//! The desk at a terminal: a line a reader, keys, PINs typed one after the other.

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use super::pins::{opens, printer};
use super::{Bench, OLGA, PIN, plain};

const PATIENCE_MS: u64 = 60_000;

/// The desk for people, at a terminal.
fn at_terminal(bench: &Bench, arguments: &[&str]) -> PtySession {
    let mut command: Command = bench.site.program.interactive(crate::support::program::PATH);
    command.arg("desk").args(arguments).env("CARDWRIGHT_SERVER", &bench.site.origin);
    command.env("CARDWRIGHT_CA_FILE", bench.site.ca_file()).env("CARDWRIGHT_BEARER", bench.site.bearer(OLGA));
    spawn_command(command, Some(PATIENCE_MS)).unwrap()
}

#[test]
fn holders_type_their_pins_in_turn_and_keys_pause_skip_retry_and_stop() {
    let bench = Bench::new(&["ursula", "petra"], plain);
    let list = bench.list(&["ursula", "petra"]);
    let mut desk = at_terminal(&bench, &["run", &list, "--pin", "now", "--sound"]);
    desk.exp_string("put cards in").unwrap();
    desk.exp_string("put a card in").unwrap();
    // Nothing is begun while the desk is paused.
    desk.send("P").unwrap();
    desk.flush().unwrap();
    desk.exp_string("paused: no further card is begun").unwrap();
    let card = bench.insert(0);
    desk.exp_string("the card waits: paused").unwrap();
    desk.send("P").unwrap();
    desk.flush().unwrap();
    desk.exp_string("going on").unwrap();

    // Who types nothing is passed over, and has another try.
    desk.exp_string("ursula types a PIN of 6 to 8 characters").unwrap();
    desk.exp_string("New PIN:").unwrap();
    desk.send_control('c').unwrap();
    desk.exp_string("the row was set aside").unwrap();
    desk.send("r").unwrap();
    desk.flush().unwrap();
    desk.exp_string("New PIN:").unwrap();
    desk.send_line("12").unwrap();
    desk.exp_string("The same again:").unwrap();
    desk.send_line("12").unwrap();
    desk.exp_string("must have 6 to 8").unwrap();
    for prompt in ["New PIN:", "The same again:"] {
        desk.exp_string(prompt).unwrap();
        desk.send_line(PIN).unwrap();
    }
    desk.exp_string("ursula's card").unwrap();
    desk.exp_string("(1 of 2)").unwrap();
    opens(&card, PIN);
    desk.send("w").unwrap();
    desk.flush().unwrap();
    desk.exp_string("will this card log on?").unwrap();
    desk.send("q").unwrap();
    desk.flush().unwrap();
    desk.exp_string("go on: cardwright desk resume").unwrap();
    desk.exp_eof().unwrap();
    assert_eq!(bench.requests().len(), 2);
}

#[test]
fn one_key_gives_up_no_letter_that_is_not_printed() {
    let mut bench = Bench::new(&["ursula", "petra"], plain);
    let (gone, _) = printer(&mut bench);
    let list = bench.list(&["ursula", "petra"]);
    let mut desk = at_terminal(&bench, &["run", &list, "--pin", "letter", "--printer", "office"]);
    desk.exp_string("put a card in").unwrap();
    std::fs::write(&gone, "").unwrap();
    bench.insert(0);
    desk.exp_string("(letter-failed)").unwrap();
    let mut press = |key: &str, told: &str| {
        desk.send(key).unwrap();
        desk.flush().unwrap();
        desk.exp_string(told).unwrap();
    };
    press("q", "1 letter not printed yet");
    std::fs::remove_file(&gone).unwrap();
    press("l", "ursula's PIN letter is made");
    press("q", "go on: cardwright desk resume");
    desk.exp_eof().unwrap();
}

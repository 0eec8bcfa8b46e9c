//! Cards that are pulled while somebody sits at the terminal: the work waits for the very card, and goes on.

use super::kind::{YUBIKEY, yubikey};
use super::{Desk, PIN};
use cardwright::virtual_card::PivCard;
use rexpect::session::{PtySession, spawn_command};

const PATIENCE: Option<u64> = Some(120_000);

/// The enrollment at a terminal, whose card is pulled at this command.
fn pulled(desk: &Desk, fault: &str) -> PtySession {
    let request = desk.enroll(desk.kind.first_pin).refused(7, "request-pending").request.unwrap();
    desk.approve(&request);
    desk.card.card().set_dial(fault.parse().unwrap());
    let scripted = desk.command_of(desk.person, PIN, &["enroll", "--template", desk.kind.template]);
    // Without --json, which stands first, and with a terminal.
    let mut command = std::process::Command::new(scripted.get_program());
    command.args(scripted.get_args().filter(|argument| *argument != "--json"));
    command.env_clear().envs(scripted.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "xterm");
    let mut session = spawn_command(command, PATIENCE).unwrap();
    session.exp_string("the card was pulled; what was done is kept").unwrap();
    session
}

#[test]
fn the_card_is_put_back_and_the_same_run_goes_on() {
    let desk = Desk::new("carla", YUBIKEY);
    let mut session = pulled(&desk, "remove-after@20");
    desk.card.card().set_dial("".parse().unwrap());
    desk.card.insert_again();
    session.exp_string("the card is back; going on").unwrap();
    session.exp_string("enrolled").unwrap();
    session.exp_eof().unwrap();
    assert_eq!((desk.counted(), desk.journal().len()), ((1, 1), 0));
    assert_eq!(desk.tries(), desk.kind.tries);
}

#[test]
fn another_card_in_its_place_is_refused_and_not_touched() {
    let desk = Desk::new("sven", YUBIKEY);
    let mut session = pulled(&desk, "remove-after@20");
    desk.card.card().insert(Box::new(PivCard::new(yubikey()).unwrap()));
    session.exp_string("code: other-card").unwrap();
    session.exp_eof().unwrap();
    assert_eq!((desk.counted(), desk.journal().len()), ((1, 0), 1));
    assert!(desk.info()["certificates"].as_array().unwrap().is_empty());
}

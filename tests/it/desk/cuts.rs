//! Runs that are cut: the process killed, a card pulled, the disk full, the clock wrong; gone on with here and elsewhere.

use serde_json::json;

use super::{Bench, GENERATE, Held, PATIENCE, Run, plain};
use crate::support::program::end;
use crate::whole::cards::kind::yubikey;

/// PUT DATA (SP 800-73-4, part 2, 3.3.2).
const PUT_DATA: u8 = 0xDB;

/// Cuts a run with letters at this command once the key is made, and goes on in this state directory.
fn killed(at: u8, state: &str) {
    let bench = Bench::new(&["ursula"], plain);
    let list = bench.list(&["ursula"]);
    let (card, is_reached, release) = Held::card_at(at, yubikey());
    bench.reader(0).seat().insert(card.clone());
    let letters = bench.site.program.path("letters").display().to_string();
    let way = ["--pin", "letter", "--letters", &letters];
    let mut first = bench.run(&[&["run", &list], &way[..]].concat());
    let begun = first.until("begun");
    is_reached.recv_timeout(PATIENCE).unwrap();
    first.kill();
    release.send(()).unwrap();
    drop(is_reached);

    let run = bench.site.client(super::OLGA).queue(None, None, None).unwrap()[0].request.comment.clone();
    let run = run.split("desk ").nth(1).unwrap().trim_end_matches(']').to_owned();
    let mut command = bench.command(&[&["resume", &run], &way[..]].concat());
    command.env("CARDWRIGHT_STATE", bench.site.program.path(state));
    let again = Run::of(command);
    let done = again.until("done");
    assert_eq!((&done["person"], &done["card_id"]), (&json!("ursula"), &begun["card_id"]));
    assert_eq!(again.until("letter")["person"], "ursula");
    assert_eq!(again.ended().0, Some(0));
    assert_eq!(bench.requests(), [("ursula".to_owned(), "Completed".to_owned())]);
    // The PIN of the letter opens the card, whose first one was lost with the process.
    let pin = super::pins::pin_of(&letters);
    let info = bench.site.run("ursula", &pin, &["token", "info", "--reader", bench.reader(0).name()]).done();
    assert_eq!(info["tries_left"]["pin"], 3, "{info}");
    super::pins::opens(&card, &pin);
    let certificates = bench.site.client("ursula").certificates().unwrap();
    assert_eq!(info["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(certificates.len(), 1);
}

#[test]
fn a_run_that_was_killed_goes_on_at_the_same_workstation() {
    killed(GENERATE, "state");
}

#[test]
fn a_run_that_was_killed_goes_on_at_another_workstation() {
    killed(GENERATE, "another");
}

#[test]
fn a_run_that_was_killed_once_certificates_were_issued_goes_on_at_another_workstation() {
    killed(PUT_DATA, "another");
}

#[test]
fn a_pin_that_a_script_gives_is_tried_once() {
    let bench = Bench::new(&["ursula"], plain);
    let list = bench.list(&["ursula"]);
    let (card, is_reached, release) = Held::card_at(GENERATE, yubikey());
    bench.reader(0).seat().insert(card);
    let arguments = ["run", &list, "--pin", "now"];
    let mut first = bench.run(&arguments);
    is_reached.recv_timeout(PATIENCE).unwrap();
    first.kill();
    release.send(()).unwrap();
    drop(is_reached);
    let mut command = bench.command(&arguments);
    command.env("CARDWRIGHT_PIN", "999999");
    let again = Run::of(command);
    assert_eq!(again.until("failed")["trouble"]["code"], "set-aside");
    drop(again);
    let info = bench.site.run("ursula", super::PIN, &["token", "info", "--reader", bench.reader(0).name()]).done();
    assert_eq!(info["tries_left"]["pin"], 2, "{info}");
}

#[test]
fn a_disk_that_is_full_lets_no_card_begin_and_loses_nothing() {
    let bench = Bench::new(&["ursula"], plain);
    let list = bench.list(&["ursula"]);
    let run = bench.run(&["run", &list, "--pin", "now"]);
    assert_eq!(run.until("reader")["event"], "reader");
    let runs = bench.site.program.path("state/desk");
    let file = std::fs::read_dir(&runs)
        .unwrap()
        .flatten()
        .map(|it| it.path())
        .find(|it| it.extension().is_some_and(|it| it == "json"));
    // Nothing can be written where a directory is in the way.
    let beside = file.unwrap().with_extension("new");
    std::fs::create_dir(&beside).unwrap();
    let card = bench.insert(0);
    let told = run.until("not-written");
    assert_eq!(told["trouble"]["code"], "desk-state", "{told}");
    assert!(card.headers().iter().all(|header| header[1] != GENERATE));
    assert_eq!(run.ended().0, Some(6));
    std::fs::remove_dir(&beside).unwrap();
    let again = bench.run(&["run", &list, "--pin", "now"]);
    assert_eq!(again.until("done")["person"], "ursula");
    assert_eq!(again.ended().0, Some(0));
    assert_eq!(bench.requests().len(), 1);
}

#[test]
fn cards_pulled_and_swapped_stay_whose_they_are_and_readers_that_are_gone_end_the_run() {
    let bench = Bench::new(&["ursula", "petra", "ulf"], plain);
    let list = bench.list(&["ursula", "petra", "ulf"]);
    let run = bench.run(&["run", &list, "--pin", "now"]);
    let cards = [0, 1].map(|number| {
        let card = bench.insert(number);
        card.set_dial("remove@40".parse().unwrap());
        let begun = run.until("begun");
        assert_eq!(run.until("failed")["trouble"]["code"], "token-removed");
        (card, begun)
    });
    // Each comes back in the other's reader.
    for number in 0..2 {
        bench.reader(number).seat().remove();
    }
    for (number, (card, _)) in cards.iter().enumerate() {
        card.set_dial("".parse().unwrap());
        card.insert_again();
        bench.reader(1 - number).seat().insert(card.clone());
    }
    for _ in &cards {
        let done = run.until("done");
        let begun = cards.iter().find(|(_, begun)| begun["person"] == done["person"]).map(|(_, begun)| begun).unwrap();
        assert_eq!(begun["card_id"], done["card_id"]);
        assert_ne!(begun["reader"], done["reader"]);
    }
    let Bench { site, pcscd } = bench;
    drop(pcscd);
    // A pcscd that ends while it is spoken to looks like one that refuses.
    let blind = run.until("blind")["trouble"]["code"].clone();
    assert!(
        ["pcsc-not-running", "pcsc-not-permitted", "reader-failed"].map(|code| json!(code)).contains(&blind),
        "{blind}"
    );
    let (code, last) = run.ended();
    assert_eq!((code, &last.last().unwrap()["rows"][2]["state"]), (Some(6), &json!("no card yet")), "{last:?}");
    assert_eq!(site.client(super::OLGA).queue(None, None, None).unwrap().len(), 3);
}

#[test]
fn a_clock_that_is_wrong_is_told_before_anything_begins() {
    let bench = Bench::new(&["ursula"], plain);
    let list = bench.list(&["ursula"]);
    let command = bench.command(&["run", &list, "--pin", "now"]);
    let mut late = bench.site.program.other("faketime");
    late.arg("+30 years").arg(command.get_program()).args(command.get_args());
    late.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let told = end(&mut late).refused(5, "server-not-trusted");
    assert!(told.all().contains("clock") || told.causes.contains("expired"), "{told:?}");
    assert_eq!(bench.requests(), []);
}

//! Cards in the readers of a private pcscd, and that pcscd itself.

use super::Echo;
use crate::support::pcscd;
use crate::support::program::Program;
use cardwright::farm::pcscd::{MOST_ENTRIES, PcscdError, PrivatePcscd};
use cardwright::virtual_card::{PivCard, PivOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_card_is_seen_spoken_to_removed_and_seen_again() {
    let context = pcscd::context();
    let inserted = pcscd::insert(Box::new(Echo));
    let card = context.connect(inserted.reader_c(), pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).unwrap();
    let mut buffer = [0; 16];
    assert_eq!(card.transmit(&[0, 0xA4, 4, 0], &mut buffer).unwrap(), [0, 0xA4, 4, 0, 0x90, 0x00]);
    inserted.remove();
    assert_eq!(card.transmit(&[0, 0xA4, 4, 0], &mut buffer), Err(pcsc::Error::RemovedCard));
    drop(card);
    inserted.insert_again();
    let card = context.connect(inserted.reader_c(), pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).unwrap();
    assert_eq!(card.transmit(&[0, 0xCB, 0x3F, 0xFF], &mut buffer).unwrap(), [0, 0xCB, 0x3F, 0xFF, 0x90, 0x00]);
}

#[test]
fn other_programs_see_the_card() {
    let inserted = pcscd::insert(Box::new(Echo));
    let seen = pcscd::program("opensc-tool", 20).args(["--reader", inserted.reader(), "--atr"]).output().unwrap();
    assert!(String::from_utf8_lossy(&seen.stdout).contains("3b:80:01:81"), "{seen:?}");
}

#[test]
fn yubicos_tool_takes_a_reader_of_the_right_name_for_a_yubikey() {
    let card = PivCard::new(PivOptions { serial: 87_654_321, ..PivOptions::yubikey() }).unwrap();
    let _inserted = pcscd::insert_yubikey(Box::new(card));
    let status = pcscd::program("yubico-piv-tool", 30).args(["-a", "status"]).output().unwrap();
    assert!(String::from_utf8_lossy(&status.stdout).contains("87654321"), "{status:?}");
}

/// No answer came. vpcd passes a link that was closed on as an answer of no bytes.
fn is_lost(answer: Result<&[u8], pcsc::Error>) -> bool {
    answer.map_or(true, <[u8]>::is_empty)
}

#[test]
fn a_card_that_a_fault_pulls_is_missed_and_one_that_a_fault_resets_is_back() {
    let context = pcscd::context();
    let inserted = pcscd::insert(Box::new(Echo));
    let connect = || context.connect(inserted.reader_c(), pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).unwrap();
    let mut buffer = [0; 16];
    for fault in ["remove@2", "remove-after@2"] {
        let card = connect();
        inserted.card().set_dial(fault.parse().unwrap());
        card.transmit(&[0, 0xA4, 4, 0], &mut buffer).unwrap();
        assert!(is_lost(card.transmit(&[0, 0xA4, 4, 0], &mut buffer)));
        inserted.wait_until_missed();
        drop(card);
        inserted.insert_again();
    }
    let card = connect();
    inserted.card().set_dial("reset@2".parse().unwrap());
    card.transmit(&[0, 0xA4, 4, 0], &mut buffer).unwrap();
    assert!(is_lost(card.transmit(&[0, 0xA4, 4, 0], &mut buffer)));
    inserted.wait_until_missed();
    inserted.wait_until_seen();
    drop(card);
    connect().transmit(&[0, 0xA4, 4, 0], &mut buffer).unwrap();
    assert_eq!(inserted.card().headers().len(), 7);
}

#[test]
fn no_command_waits_for_an_acknowledgement() {
    let inserted = pcscd::insert(Box::new(Echo));
    let context = pcscd::context();
    let card = context.connect(inserted.reader_c(), pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).unwrap();
    let mut buffer = [0; 300];
    // A delayed acknowledgement would cost every one of them 40 ms; a machine that is busy lets some go by sooner.
    let sooner = (0..500).any(|_| {
        let since = Instant::now();
        card.transmit(&[0; 260], &mut buffer).unwrap();
        since.elapsed() < Duration::from_millis(30)
    });
    assert!(sooner);
}

#[test]
fn names_that_pcscd_could_not_tell_apart_or_read_are_refused() {
    assert!(matches!(PrivatePcscd::start(&["A", "B", "A"]), Err(PcscdError::NameTwice { name }) if name == "A"));
    for name in ["", "a \"b\"", "Kärtchen", &"x".repeat(81)] {
        assert!(matches!(PrivatePcscd::start(&[name]), Err(PcscdError::Name { .. })), "{name:?}");
    }
    assert!(matches!(PrivatePcscd::start(&[]), Err(PcscdError::Entries { entries: 0 })));
    let many = ["x"; MOST_ENTRIES + 1];
    assert!(matches!(PrivatePcscd::start(&many), Err(PcscdError::Entries { .. })));
}

#[test]
fn a_private_pcscd_is_its_owners_and_ends_with_its_handle() {
    let pcscd = PrivatePcscd::start(&["Own"]).unwrap();
    let socket = pcscd.socket();
    let directory = socket.parent().unwrap().parent().unwrap();
    assert_eq!(std::fs::metadata(directory).unwrap().permissions().mode() & 0o777, 0o700);
    let names: Vec<_> = pcscd.readers().iter().map(cardwright::farm::pcscd::Reader::name).collect();
    assert_eq!(names, ["Own 00 00", "Own 00 01"]);
    UnixStream::connect(&socket).unwrap();
    drop(pcscd);
    assert!(!directory.exists());
}

#[test]
fn a_private_pcscd_is_gone_after_its_process_was_killed() {
    let mut program = Program::new();
    program.set("CARDWRIGHT_VCARD_PASSPHRASE", "correct horse");
    program.json(["vcard", "create", "card", "--kind", "gids"]).done();
    let mut command = program.command(["--json", "vcard", "run", "card", "--private-pcscd"]);
    let mut running = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let document: serde_json::Value = serde_json::from_str(&line).unwrap();
    let socket = Path::new(document["PCSCLITE_CSOCK_NAME"].as_str().unwrap());
    UnixStream::connect(socket).unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    let since = Instant::now();
    while UnixStream::connect(socket).is_ok() || socket.parent().unwrap().parent().unwrap().exists() {
        assert!(since.elapsed() < Duration::from_secs(120), "{} is still there", socket.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

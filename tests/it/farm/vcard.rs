//! `cardwright vcard`, as testers type it.

use std::process::Stdio;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use cardwright::farm::Shelf;
use cardwright::farm::pcscd::YUBIKEY_READER;
use cardwright::secret::Passphrase;
use cardwright::virtual_card::VirtualCard;
use serde_json::json;

use crate::support::program::{Ended, PATH, Program, end};

const PASSPHRASE: &str = "correct horse";

fn program() -> Program {
    let mut program = Program::new();
    program.set("CARDWRIGHT_VCARD_PASSPHRASE", PASSPHRASE);
    program
}

/// Runs a shell command while the card is in the reader of a private pcscd.
fn with_card(program: &Program, options: &[&str], command: &str) -> Ended {
    let arguments = ["vcard", "run", "card", "--private-pcscd"];
    end(program.other("timeout").args(["60", PATH]).args(arguments).args(options).args(["--", "sh", "-c", command]))
}

#[test]
fn a_card_is_made_listed_lent_and_removed() {
    let mut program = program();
    program.set("CARDWRIGHT_VCARD_PASSPHRASE", "11111111");
    program.json(["vcard", "create", "card", "--kind", "piv"]).refused(2, "passphrase-weak");
    program.set("CARDWRIGHT_VCARD_PASSPHRASE", PASSPHRASE);
    let made = program.json(["vcard", "create", "card", "--kind", "piv"]).done();
    assert_eq!((&made["name"], &made["created"]), (&json!("card"), &json!(true)));
    assert!(made["warning"].as_str().unwrap().contains("software"), "{made}");
    let text = program.text(["vcard", "create", "other", "--kind", "gids"]);
    assert!(text.stdout.contains("protect nothing"), "{text:?}");
    let listed = program.json(["vcard", "list"]).done();
    let entry = |name, kind| json!({ "name": name, "kind": kind, "in_use": false });
    assert_eq!(listed, json!([entry("card", "PIV"), entry("other", "GIDS")]));

    let seen = with_card(&program, &[], "opensc-tool --list-readers && opensc-tool --atr");
    assert!(seen.success(), "{seen:?}");
    assert!(seen.stdout.contains("Cardwright Virtual Reader 00 00") && seen.stdout.contains("3b:"), "{seen:?}");
    assert!(seen.stderr.contains("protect nothing") && seen.stderr.contains("is in reader"), "{seen:?}");

    program.json(["vcard", "remove", "card"]).refused(2, "not-confirmed");
    program.json(["vcard", "remove", "card", "--yes"]).done();
    assert_eq!(program.json(["vcard", "list"]).done(), json!([entry("other", "GIDS")]));
    program.json(["vcard", "remove", "card", "--yes"]).refused(3, "card-missing");
}

#[test]
fn a_key_that_the_host_was_told_of_survives_the_death_of_the_program() {
    let program = program();
    program.json(["vcard", "create", "card", "--kind", "piv", "--yubikey", "--serial", "12345678"]).done();
    // PC/SC may show the card a moment late. The shell kills the program that lends it as soon as it has the answer.
    let key = program.path("key.pem");
    let seen = "for try in $(seq 100); do yubico-piv-tool -a status >/dev/null 2>&1 && break; sleep 0.1; done";
    let generate =
        format!("{seen}; yubico-piv-tool -a generate -s 9a -A ECCP256 -o {} && kill -9 $PPID", key.display());
    let killed = with_card(&program, &["--reader", YUBIKEY_READER], &generate);
    assert!(!killed.success(), "{killed:?}");
    let pem = std::fs::read_to_string(&key).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let told = BASE64_STANDARD.decode(body).unwrap();

    let shelf = Shelf::open(program.path("home/.local/share/cardwright/vcards")).unwrap();
    let mut card = shelf.take("card", &Passphrase::new(PASSPHRASE.into())).unwrap();
    card.transmit(&[0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08]);
    let metadata = card.transmit(&[0x00, 0xF7, 0x00, 0x9A, 0x00]);
    let point = told.last_chunk::<65>().unwrap();
    assert!(metadata.windows(point.len()).any(|window| window == point), "{}", hex::encode(metadata));
}

#[test]
fn faults_are_played_and_unknown_ones_refused() {
    let program = program();
    program.json(["vcard", "create", "card", "--kind", "piv"]).done();
    let run = ["vcard", "run", "card", "--private-pcscd", "--fault"];
    let told = program.json([&run[..], &["explode@3"]].concat()).refused(2, "fault-unknown");
    assert!(told.remedy.contains("remove@5"), "{told:?}");
    let status = "opensc-tool --send-apdu 00:A4:04:00:05:A0:00:00:03:08:00 --send-apdu 00:20:00:80";
    let seen = with_card(&program, &["--fault", "tries=1"], status);
    assert!(seen.stdout.contains("SW1=0x63, SW2=0xC1"), "{seen:?}");
}

#[test]
fn refusals_say_what_is_wrong() {
    let mut program = program();
    program.json(["vcard", "run", "card"]).refused(3, "card-missing");
    program.json(["vcard", "create", "card", "--kind", "gids", "--yubikey"]).refused(2, "usage");
    program.json(["vcard", "create", "../card", "--kind", "gids"]).refused(2, "card-name");
    program.json(["vcard", "create", "card", "--kind", "piv", "--yubikey", "--firmware", "5.7"]).refused(2, "usage");
    program.json(["vcard", "create", "card", "--kind", "piv"]).done();
    program.json(["vcard", "create", "card", "--kind", "piv"]).refused(2, "card-exists");
    let closed = ["vcard", "run", "card", "--port", "1"];
    let told = program.json(closed).refused(3, "no-virtual-reader");
    assert!(told.remedy.contains("--private-pcscd"), "{told:?}");
    program.set("CARDWRIGHT_VCARD_PASSPHRASE", "wrong horse");
    program.json(closed).refused(4, "passphrase-wrong");
    program.set("PATH", "/nowhere");
    program.set("CARDWRIGHT_VCARD_PASSPHRASE", PASSPHRASE);
    let told = program.json(["vcard", "run", "card", "--private-pcscd"]).refused(1, "pcscd-missing");
    assert!(told.message.contains("unshare") && told.remedy.contains("apt install"), "{told:?}");
}

#[test]
fn the_commands_end_is_passed_on_as_shells_do() {
    let program = program();
    program.json(["vcard", "create", "card", "--kind", "piv"]).done();
    for (command, code) in [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -2 $$", 130)] {
        let ended = with_card(&program, &[], command);
        assert_eq!(ended.code, Some(code), "{command}: {ended:?}");
        assert!(!ended.stderr.contains("error:") && ended.stdout.is_empty(), "{ended:?}");
    }
}

#[test]
fn a_private_pcscd_takes_sixteen_cards_and_refuses_the_seventeenth() {
    let program = program();
    let names: Vec<String> = (1..=17).map(|number| format!("card{number}")).collect();
    for name in &names {
        program.json(["vcard", "create", name, "--kind", "piv", "--yubikey"]).done();
    }
    let run = |names: &[String], options: &[&str], command: &[&str]| {
        let mut timed = program.other("timeout");
        timed.args(["120", PATH, "--json", "vcard", "run"]).args(names).args(options).args(["--"]).args(command);
        end(&mut timed)
    };
    let listed = run(&names[..16], &["--private-pcscd"], &[PATH, "--json", "token", "list", "--pcsc"]).done();
    let readers: std::collections::HashSet<&str> =
        listed.as_array().unwrap().iter().map(|token| token["reader"].as_str().unwrap()).collect();
    assert_eq!(readers.len(), 16, "{listed}");
    let refused = run(&names, &["--private-pcscd"], &["true"]).refused(2, "too-many-cards");
    assert!(refused.message.contains("16 cards, and 17 were named"), "{refused:?}");
    run(&names[..3], &[], &["true"]).refused(2, "too-many-cards");
}

#[test]
fn a_part_of_two_readers_names_is_no_name() {
    let program = program();
    for name in ["left", "right"] {
        program.json(["vcard", "create", name, "--kind", "piv", "--yubikey"]).done();
    }
    let info = |reader: &str| {
        let mut command = program.other("timeout");
        command.args(["60", PATH, "vcard", "run", "left", "right", "--private-pcscd", "--", PATH, "--json"]);
        end(command.args(["token", "info", "--reader", reader]))
    };
    let refused = info("Virtual Reader").refused(3, "ambiguous-reader");
    for reader in ["Cardwright Virtual Reader 00 00", "Cardwright Virtual Reader 00 01"] {
        assert!(refused.message.contains(reader), "{refused:?}");
    }
    assert!(refused.remedy.contains("in whole"), "{refused:?}");
    info("00 01").done();
    info("Somewhere").refused(3, "no-reader");
}

#[test]
fn a_signal_takes_the_cards_out_and_ends_the_command() {
    let program = program();
    program.json(["vcard", "create", "card", "--kind", "gids"]).done();
    let mut command = program.command(["vcard", "run", "card", "--private-pcscd", "--"]);
    command.args(["sh", "-c", "echo $$; exec sleep 600"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = command.spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(running.stdout.take().unwrap()), &mut line).unwrap();
    let sleeper: u32 = line.trim().parse().unwrap();
    let in_use = program.json(["vcard", "list"]).done();
    assert_eq!(in_use[0]["in_use"], true);
    program.json(["vcard", "run", "card", "--private-pcscd"]).refused(10, "card-in-use");
    let interrupted = end(program.other("kill").args(["-INT", &running.id().to_string()]));
    assert!(interrupted.success(), "{interrupted:?}");
    // The sleeper's end: SIGTERM.
    assert_eq!(running.wait().unwrap().code(), Some(143));
    assert!(!std::path::Path::new(&format!("/proc/{sleeper}")).exists());
    assert_eq!(program.json(["vcard", "list"]).done()[0]["in_use"], false);
}

#[test]
fn a_card_that_a_module_shows_is_better_taken_without_it() {
    let program = program();
    program.json(["vcard", "create", "card", "--kind", "piv", "--yubikey"]).done();
    let list = |reader: &str, module: &str| {
        let command = format!("exec {PATH} token list --module /usr/lib/x86_64-linux-gnu/{module}");
        with_card(&program, &["--reader", reader], &command)
    };
    for (reader, module) in [("Some Reader", "opensc-pkcs11.so"), (YUBIKEY_READER, "libykcs11.so")] {
        let listed = list(reader, module);
        assert!(listed.success() && listed.stderr.contains("with --pcsc"), "{module}: {listed:?}");
        assert!(listed.stdout.contains("PKCS#11") && listed.stdout.contains("PIV"), "{module}: {listed:?}");
    }
    let listed = program.text(["token", "list"]);
    assert!(listed.success() && !listed.stderr.contains("--pcsc"), "{listed:?}");
}

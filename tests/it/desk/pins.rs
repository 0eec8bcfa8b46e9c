//! How cards get their PINs: letters, printers that are away, one-time passwords at the hand-over.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use cardwright::virtual_card::SharedCard;
use serde_json::Value;

use super::{ADAM, Bench, PIN, plain};
use crate::support::program::{end, found};

/// What other people's tool reads in a letter.
pub fn text_of(path: &std::path::Path) -> String {
    let read = end(Command::new(found("pdftotext")).args(["-layout"]).arg(path).arg("-"));
    assert!(read.success(), "{read:?}");
    read.stdout
}

/// A font of this computer that has Latin letters, and not this one.
fn font_without(letter: char) -> String {
    let listed = |letters: &str| {
        let mut list = Command::new(found("fc-list"));
        end(list.args(["-f", "%{file}\n", &format!(":charset={letters}:outline=true")])).stdout
    };
    let with = listed(&format!("{:x}", u32::from(letter)));
    let latin = listed("41 7e");
    let fits = |font: &&str| font.ends_with(".ttf") && !with.lines().any(|other| other == *font);
    latin.lines().find(fits).unwrap().to_owned()
}

/// The letters in a directory.
pub fn letters_in(directory: &str) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(directory).unwrap().flatten().map(|entry| entry.path()).collect()
}

/// The PIN of the one letter in a directory.
pub fn pin_of(directory: &str) -> String {
    let letters = letters_in(directory);
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    pin_in(&text_of(letter))
}

pub fn pin_in(text: &str) -> String {
    let pins: Vec<_> =
        text.lines().map(str::trim).filter(|it| it.len() == 8 && it.bytes().all(|b| b.is_ascii_digit())).collect();
    let [pin] = pins.as_slice() else { panic!("{text}") };
    (*pin).to_owned()
}

/// Has the card itself take the PIN.
#[track_caller]
pub fn opens(card: &SharedCard, pin: &str) {
    let mut verify = vec![0x00, 0x20, 0x00, 0x80, 0x08];
    verify.extend(pin.bytes().chain(std::iter::repeat(0xFF)).take(8));
    let answer = card.with_card(|card| {
        card.reset();
        card.transmit(b"\x00\xA4\x04\x00\x05\xA0\x00\x00\x03\x08\x00");
        let answer = card.transmit(&verify);
        card.reset();
        answer
    });
    assert_eq!(answer.unwrap(), [0x90, 0x00]);
}

/// A printer that takes each job unless this file is there; the second is the last job.
pub fn printer(bench: &mut Bench) -> (PathBuf, PathBuf) {
    let bin = bench.site.program.path("printers");
    std::fs::create_dir(&bin).unwrap();
    let (gone, job) = (bin.join("gone"), bin.join("job.pdf"));
    let script = format!("#!/bin/sh\ntest ! -e {} || {{ echo away >&2; exit 1; }}\n", gone.display());
    for (name, rest) in [("lpstat", String::new()), ("lp", format!("cat > {}\n", job.display()))] {
        std::fs::write(bin.join(name), format!("{script}{rest}")).unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    bench.site.program.set("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
    (gone, job)
}

#[test]
fn a_letter_has_the_pin_that_opens_the_card_and_is_wiped_when_printed() {
    let bench = Bench::new(&["Łukasz", "Ülkü Öz"], plain);
    let list = bench.list(&["Łukasz", "Ülkü Öz"]);
    let letters = bench.site.program.path("letters").display().to_string();
    let cards = [bench.insert(0), bench.insert(1)];
    let run = bench.run(&["run", &list, "--pin", "letter", "--letters", &letters]);
    let done = [run.until("done"), run.until("done")];
    let (code, last) = run.ended();
    assert_eq!(code, Some(0), "{last:?}");
    let files = letters_in(&letters);
    assert_eq!(files.len(), 2);
    for file in &files {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let checked = end(Command::new(found("qpdf")).arg("--check").arg(file));
        assert!(checked.success(), "{checked:?}");
        let text = text_of(file);
        let of = done.iter().find(|told| text.contains(told["person"].as_str().unwrap())).unwrap();
        let serial = of["serial"].as_str().unwrap();
        assert!(text.contains(&format!("Card {serial}")), "{text}");
        let card = if of["reader"] == bench.reader(0).name() { &cards[0] } else { &cards[1] };
        let pin = pin_in(&text);
        opens(card, &pin);
        // It stands nowhere else.
        let said = last.iter().map(ToString::to_string).collect::<String>();
        assert!(!said.contains(&pin) && !bench.site.log().contains(&pin));
        assert!(!bench.site.program.journal().concat().contains(&pin));
    }
    assert_eq!(bench.end(&["letters", "--printed", &letters]).done()["wiped"], 2);
    assert_eq!(letters_in(&letters).len(), 0);

    // Had the process been killed before it wrote down that the cards are done, their PINs were lost: that is told.
    let file = bench.site.program.path(&format!("state/desk/{}.json", last.last().unwrap()["run"].as_str().unwrap()));
    let written = std::fs::read_to_string(&file).unwrap();
    let cut = written.replace("\"stand\": \"done\"", "\"stand\": \"begun\"").replace("letter-printed", "none");
    assert_ne!(written, cut);
    std::fs::write(&file, cut).unwrap();
    let told = bench.end(&["run", &list, "--pin", "letter", "--letters", &letters]).done();
    let lost = |row: &Value| row["state"] == "done" && row["pin"] == "lost: the card needs a new PIN";
    assert!(told["rows"].as_array().unwrap().iter().all(lost), "{told}");
}

#[test]
fn a_printer_that_is_away_loses_no_letter_silently() {
    let mut bench = Bench::new(&["ursula", "petra", "山田太郎"], plain);
    // Whose name no font has is told of before anything is asked for: a letter shows no boxes.
    let list = bench.list(&["ursula", "山田太郎"]);
    let fonts = bench.site.program.path("fonts");
    std::fs::create_dir(&fonts).unwrap();
    std::os::unix::fs::symlink(font_without('山'), fonts.join("latin.ttf")).unwrap();
    let configuration = format!("<fontconfig><dir>{}</dir></fontconfig>", fonts.display());
    let configuration = bench.site.program.write("fonts.conf", configuration);
    let letters = bench.site.program.path("letters").display().to_string();
    let mut command = bench.command(&["run", &list, "--pin", "letter", "--letters", &letters]);
    let told = end(command.env("FONTCONFIG_FILE", configuration)).refused(2, "desk-letters");
    assert!(told.message.contains("山田太郎") && !told.message.contains("ursula"), "{told:?}");
    assert_eq!(bench.requests(), []);
    let (gone, job) = printer(&mut bench);
    let list = bench.list(&["ursula", "petra"]);
    let arguments = ["run", &list, "--pin", "letter", "--printer", "office"];
    std::fs::write(&gone, "").unwrap();
    let told = bench.end(&arguments).refused(2, "desk-letters");
    assert_eq!(bench.requests(), []);
    assert!(told.message.contains("office") && told.message.contains("away"), "{told:?}");

    std::fs::remove_file(&gone).unwrap();
    let card = bench.insert(0);
    let run = bench.run(&arguments);
    assert_eq!(run.until("letter")["person"], "ursula");
    opens(&card, &pin_in(&text_of(&job)));
    std::fs::write(&gone, "").unwrap();
    let card = bench.insert(1);
    assert_eq!(run.until("letter-failed")["trouble"]["code"], "letter-failed");
    // Without anybody who could mend the printer, it is said that nobody knows the PIN, now and later.
    let (code, last) = run.ended();
    assert!(last.iter().any(|told| told["event"] == "pin-lost" && told["person"] == "petra"), "{last:?}");
    assert_eq!(code, Some(0));
    let rows = last.last().unwrap()["rows"].clone();
    let petra = rows.as_array().unwrap().iter().find(|row| row["person"] == "petra").unwrap();
    assert_eq!(petra["pin"], "lost: the card needs a new PIN", "{rows}");
    drop(card);
}

/// The template, whose workflow Unblock wants an approval and a one-time password.
fn with_opening(template: String) -> Vec<String> {
    let unblock = "[workflows.unblock]\n";
    let approval = format!("{unblock}approvals_needed = 1\napprovers = [\"group:approvers\"]\n");
    let password = "[workflows.unblock.one_time_password]\ndeliver = [\"display\"]\n\n[workflows.offline_unblock]";
    assert!(template.contains(unblock));
    vec![template.replace(unblock, &approval).replace("[workflows.offline_unblock]", password)]
}

#[test]
fn at_the_hand_over_the_holder_opens_the_card_with_a_one_time_password() {
    let mut bench = Bench::new(&["ursula"], with_opening);
    bench.site.person(ADAM, &["approvers"]);
    let list = bench.list(&["ursula"]);
    let card = bench.insert(0);
    let run = bench.run(&["run", &list, "--pin", "hand-over"]);
    assert_eq!(run.until("done")["person"], "ursula");
    let request = run.until("opening")["request"].as_str().unwrap().to_owned();
    assert_eq!(run.ended().0, Some(0));

    let approved = bench.site.run(ADAM, PIN, &["request", "approve", &request, "--yes"]).done();
    let password = approved["OneTimePassword"].as_str().unwrap().to_owned();
    let unblock = ["unblock", "--request", &request, "--reader", bench.reader(0).name()];
    bench.site.run("ursula", PIN, &unblock).refused(6, "one-time-password-needed");
    let mut prove = bench.site.command("ursula", PIN, &["request", "prove", &request]);
    end(prove.env("CARDWRIGHT_ONE_TIME_PASSWORD", &password)).done();
    bench.site.run("ursula", PIN, &unblock).done();
    opens(&card, PIN);
    // The same list opens nothing twice, here or where nothing is known of it.
    for state in ["state", "another"] {
        let mut again = bench.command(&["run", &list, "--pin", "hand-over"]);
        assert_eq!(end(again.env("CARDWRIGHT_STATE", bench.site.program.path(state))).done()["done"], 1, "{state}");
    }
    assert_eq!(bench.requests().len(), 2);
}

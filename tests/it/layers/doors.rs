//! Which crate, word or path may stand in which room.

use super::house::{File, House};
use std::collections::BTreeSet;

/// A word, or the path that it is (`os::unix`), and the rooms that are its door.
pub type Door = (&'static str, &'static [&'static str]);

/// Lists the words and paths that stand outside their doors.
pub fn faults(house: &House, doors: &[Door]) -> Vec<String> {
    faults_at(house, doors, File::room)
}

/// Likewise inside of one room, whose doors are sub-rooms or files.
pub fn faults_inside(house: &House, room: &str, doors: &[Door]) -> Vec<String> {
    faults_at(house, doors, |file| {
        file.room().filter(|of| *of == room).and_then(|_| file.module.get(1)).map(String::as_str)
    })
}

fn faults_at<'h>(house: &'h House, doors: &[Door], place: impl Fn(&'h File) -> Option<&'h str>) -> Vec<String> {
    let mut faults = Vec::new();
    for file in house.files.values() {
        let Some(room) = place(file) else { continue };
        for (door, _) in doors.iter().filter(|(_, rooms)| !rooms.contains(&room)) {
            let parts: Vec<&str> = door.split("::").collect();
            let lines = if parts.len() > 1 { lines_of_path(file, &parts) } else { lines_of_word(file, door) };
            faults.extend(lines.iter().map(|line| format!("{}:{line}: {door} does not belong in {room}", file.shown)));
        }
    }
    faults
}

/// Lists the words that stand in rooms which may never say them.
pub fn banned(house: &House, rooms: &[&str], words: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in house.files.values() {
        let Some(room) = file.room().filter(|room| rooms.contains(room)) else { continue };
        for word in file.words.iter().filter(|word| words.contains(&word.text.as_str())) {
            faults.push(format!("{}:{}: {} does not belong in {room}", file.shown, word.line, word.text));
        }
    }
    faults
}

fn lines_of_path(file: &File, parts: &[&str]) -> BTreeSet<usize> {
    let holds = |path: &[String]| path.windows(parts.len()).any(|window| window == parts);
    file.paths.iter().filter(|path| holds(&path.segments)).map(|path| path.line).collect()
}

fn lines_of_word(file: &File, door: &str) -> BTreeSet<usize> {
    let words = &file.words;
    let counts = |at: usize| {
        let is_next = |mark: &str| words.get(at + 1).is_some_and(|next| next.text == mark);
        match door {
            // Names of fields and flags too.
            door if door.contains("print") => is_next("!"),
            // Other crates have modules of this name.
            "rsa" => at > 0 && words[at - 1].text == "use",
            // So is a flag of the command line called.
            "pcsc" => is_next("::"),
            _ => true,
        }
    };
    let found = words.iter().enumerate().filter(|(at, word)| word.text == *door && counts(*at));
    found.map(|(_, word)| word.line).collect()
}

#[test]
fn a_word_outside_its_door_is_refused() {
    let refused = |door: Door, path: &str, text: &str| faults(&House::of([(path, text)]), &[door]);
    let unix: Door = ("os::unix", &["platform"]);
    assert_eq!(
        refused(unix, "ca/keyfile.rs", "\nuse std::os::unix::fs::OpenOptionsExt;"),
        ["src/ca/keyfile.rs:2: os::unix does not belong in ca"]
    );
    assert_eq!(refused(unix, "ca.rs", "use std::{fs, os::{unix::fs::FileExt, raw::c_int}};").len(), 1);
    assert_eq!(refused(unix, "ca.rs", "fn f() { std::os::unix::process::parent_id(); }").len(), 1);
    assert_eq!(refused(unix, "ca.rs", "// std::os::unix\n#[cfg(unix)] fn unix(os: &str) {}"), [""; 0]);
    assert_eq!(refused(unix, "platform/file.rs", "use std::os::unix::fs::OpenOptionsExt;"), [""; 0]);
    let rustix: Door = ("rustix", &["platform", "farm"]);
    assert_eq!(refused(rustix, "cli/mod.rs", "fn f() { rustix::process::geteuid(); }").len(), 1);
    assert_eq!(refused(rustix, "farm/peer.rs", "use rustix::process::geteuid;"), [""; 0]);
    let listens: Door = ("TcpListener::bind", &["web"]);
    assert_eq!(refused(listens, "server/start.rs", "fn f() { std::net::TcpListener::bind(ADDRESS); }").len(), 1);
    assert_eq!(refused(listens, "server/start.rs", "fn f(given: TcpListener) {}"), [""; 0]);
    let prints: Door = ("println", &["cli"]);
    assert_eq!(refused(prints, "enrollment.rs", "fn f() { println!(\"{}\", 1); }").len(), 1);
    assert_eq!(refused(prints, "enrollment.rs", "fn f(println: bool) {}"), [""; 0]);
    assert_eq!(refused(prints, "enrollment.rs", "#[cfg(test)] mod tests { fn f() { println!(); } }"), [""; 0]);
}

#[test]
fn what_prints_outside_of_its_file_is_refused() {
    let refused = |path: &str, text: &str| faults_inside(&House::of([(path, text)]), "cli", super::tables::PRINTING);
    assert_eq!(
        refused("cli/vcard/run.rs", "fn f() { println!(\"{}\", 1); }"),
        ["src/cli/vcard/run.rs:1: println does not belong in vcard"]
    );
    assert_eq!(refused("cli/complete.rs", "use std::io::{Write, stdout};").len(), 1);
    assert_eq!(refused("cli/complete.rs", "fn f() { let _ = writeln!(std::io::stderr(), \"\"); }").len(), 1);
    assert_eq!(refused("cli/seat.rs", "fn f() { inquire::Confirm::new(label); }").len(), 1);
    assert_eq!(refused("cli/output.rs", "fn f() { let _ = std::io::stdout(); }"), [""; 0]);
    assert_eq!(refused("cli/demo/stage.rs", "fn f(child: Child) { child.stdout.take(); }"), [""; 0]);
}

#[test]
fn a_banned_word_is_refused() {
    let refused = |path, text| banned(&House::of([(path, text)]), &["token"], &["File"]);
    assert_eq!(refused("token.rs", "use std::fs::File;"), ["src/token.rs:1: File does not belong in token"]);
    assert_eq!(refused("token.rs", "/// A File.\nstruct Files;"), [""; 0]);
    assert_eq!(refused("store.rs", "use std::fs::File;"), [""; 0]);
}

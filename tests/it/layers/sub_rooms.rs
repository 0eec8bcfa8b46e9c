//! The second table: the sub-rooms of a room stand on floors, and import only from floors below their own.

use super::house::{House, Module};
use std::collections::BTreeSet;

/// A room's sub-rooms, from the top floor down. The room's own `mod.rs` is its face and stands above them all.
pub struct Floors {
    pub room: &'static str,
    pub floors: &'static [&'static [&'static str]],
}

impl Floors {
    /// Gives the floor of a sub-room, counted from the top.
    fn of(&self, sub_room: &str) -> Option<usize> {
        self.floors.iter().position(|floor| floor.contains(&sub_room))
    }
}

fn sub_room(module: &Module) -> Option<&str> {
    module.get(1).map(String::as_str)
}

/// Lists, once a file and name, the imports that stay on a floor, run back up or go by the face, and sub-rooms that are not in the table.
pub fn faults(house: &House, table: &Floors) -> Vec<String> {
    let mut faults = Vec::new();
    let mut met = BTreeSet::new();
    let room = table.room;
    for file in house.files.values().filter(|file| file.room() == Some(room)) {
        let Some(from) = sub_room(&file.module) else { continue };
        met.insert(from);
        let Some(floor) = table.of(from) else {
            faults.push(format!("{}: {room}/{from} is not in the table", file.shown));
            continue;
        };
        let mut told = BTreeSet::new();
        for import in house.imports(file) {
            if !told.insert((import.to.clone(), import.name.clone())) {
                continue;
            }
            let complaint = format!("{}:{}: {room}/{from} may not import {}", file.shown, import.line, import.name);
            if import.through.iter().any(|face| face.as_slice() == [room]) || import.to == [room] {
                faults.push(format!("{complaint} from the face, {}", house.shown(&vec![room.to_owned()])));
            } else if import.to.first().is_some_and(|other| other == room) {
                let to = sub_room(&import.to).unwrap_or_default();
                if to != from && table.of(to).is_none_or(|below| below <= floor) {
                    faults.push(format!("{complaint} from {room}/{to}, {}", house.shown(&import.to)));
                }
            }
        }
    }
    let rows = table.floors.iter().copied().flatten();
    faults.extend(rows.filter(|row| !met.contains(*row)).map(|row| format!("there is no {room}/{row}")));
    faults
}

#[cfg(test)]
const PLANTED: Floors = Floors { room: "server", floors: &[&["http"], &["mail", "users"], &["keys"]] };

/// Checks a small house: a file for each sub-room, one of them with this text.
#[cfg(test)]
fn refused(path: &str, text: &str) -> Vec<String> {
    let sound = [
        ("server/mod.rs", "mod http; mod keys; mod mail; mod users; pub use mail::Mailer; pub struct Face;"),
        ("server/http/mod.rs", "mod router; pub use router::Router; fn f(mailer: crate::server::mail::Mailer) {}"),
        ("server/http/router.rs", "use super::super::users; pub struct Router; fn f() { users::rules::check(); }"),
        ("server/mail.rs", "use super::keys::{self, Key}; pub struct Mailer(Key); fn f() { keys::open(); }"),
        ("server/users/mod.rs", "pub mod rules;"),
        ("server/users/rules.rs", "pub fn check() {}"),
        ("server/keys.rs", "use crate::store::Store; pub struct Key; pub fn open() {}"),
        ("store.rs", "pub struct Store;"),
    ];
    let others = sound.into_iter().filter(|(other, _)| *other != path);
    faults(&House::of(others.chain((!path.is_empty()).then_some((path, text)))), &PLANTED)
}

#[test]
fn a_sub_room_imports_only_from_floors_below() {
    assert_eq!(refused("", ""), [""; 0]);
    let up = ["src/server/keys.rs:1: server/keys may not import Mailer from server/mail, src/server/mail.rs"];
    assert_eq!(refused("server/keys.rs", "use super::mail::Mailer; pub struct Key;"), up);
    assert_eq!(refused("server/keys.rs", "pub struct Key; fn f() { crate::server::mail::Mailer::new(); }"), up);
    assert_eq!(refused("server/keys.rs", "use crate::server::mail; fn f(mailer: mail::Mailer) {}"), up);
    assert_eq!(refused("server/keys.rs", "pub use super::mail::Mailer;"), up);
    let router = "src/server/mail.rs:1: server/mail may not import Router from server/http, src/server/http/router.rs";
    assert_eq!(refused("server/mail.rs", "use super::http::Router; pub struct Mailer;"), [router]);
    let across =
        ["src/server/mail.rs:1: server/mail may not import check from server/users, src/server/users/rules.rs"];
    assert_eq!(refused("server/mail.rs", "use super::users::rules::check; pub struct Mailer;"), across);
}

#[test]
fn nothing_below_the_face_imports_from_it() {
    let by_face = ["src/server/http/router.rs:1: server/http may not import Mailer from the face, src/server/mod.rs"];
    assert_eq!(refused("server/http/router.rs", "use super::super::Mailer; pub struct Router;"), by_face);
    assert_eq!(refused("server/http/router.rs", "pub struct Router(crate::server::Mailer);"), by_face);
    let defined = ["src/server/http/router.rs:1: server/http may not import Face from the face, src/server/mod.rs"];
    assert_eq!(refused("server/http/router.rs", "use crate::server::Face; pub struct Router;"), defined);
}

#[test]
fn every_sub_room_has_its_row_and_every_row_its_sub_room() {
    let unknown = ["src/server/audit.rs: server/audit is not in the table"];
    assert_eq!(refused("server/audit.rs", "pub struct Deed;"), unknown);
    let house = House::of([("server/http.rs", ""), ("server/mail.rs", ""), ("server/users.rs", "")]);
    assert_eq!(faults(&house, &PLANTED), ["there is no server/keys"]);
}

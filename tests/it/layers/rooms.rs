//! The first table: who may import whom.

use super::house::House;
use std::collections::BTreeSet;

/// A room, and the rooms it may import.
pub type Row = (&'static str, &'static [&'static str]);

/// Lists the imports that no row allows, rooms without a row and rows without a room.
pub fn faults(house: &House, table: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut met = BTreeSet::new();
    for file in house.files.values() {
        let Some(room) = file.room() else { continue };
        met.insert(room);
        let Some((_, allowed)) = table.iter().find(|(name, _)| *name == room) else {
            faults.push(format!("{}: room {room} is not in the table", file.shown));
            continue;
        };
        for path in &file.paths {
            let Some(named) = file.absolute(path).and_then(|path| path.into_iter().next()) else { continue };
            if named != room && !allowed.contains(&named.as_str()) {
                faults.push(format!("{}:{}: {room} may not import {named}", file.shown, path.line));
            }
        }
    }
    faults.extend(table.iter().filter(|(row, _)| !met.contains(row)).map(|(row, _)| format!("there is no {row}")));
    faults
}

#[test]
fn the_reader_of_imports_sees_every_spelling() {
    let see = |text: &str| {
        let house = House::of([("cm/wire.rs", text)]);
        let refused = faults(&house, &[("cm", &[])]);
        let named = refused.iter().filter_map(|fault| fault.split_once("may not import ")).map(|(_, room)| room);
        named.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(see("use crate::server::x;"), ["server"]);
    assert_eq!(see("use crate::{ca, store::{a, b}, server};"), ["ca", "server", "store"]);
    assert_eq!(see("fn f() { let x = crate::token::Error::Full; }"), ["token"]);
    assert_eq!(see("use super::super::client::CmClient;"), ["client"]);
    assert_eq!(see("use super::request::Request;"), [""; 0]);
    assert_eq!(see("format!(\"{}\", crate::ca::x());"), ["ca"]);
    assert_eq!(see("// crate::server\n#[cfg(test)] mod tests { use crate::server::x; }"), [""; 0]);
}

#[test]
fn a_room_is_held_to_its_row() {
    let house = House::of([
        ("lib.rs", "pub mod ca; pub mod server; pub mod main;"),
        ("ca/mod.rs", "use crate::server::App;"),
        ("server.rs", "use crate::ca::Issuer;"),
        ("main.rs", "use cardwright::server;"),
    ]);
    let sound: &[Row] = &[("ca", &["server"]), ("server", &["ca"]), ("main", &["server"])];
    assert_eq!(faults(&house, sound), [""; 0]);
    let strict: &[Row] = &[("ca", &[]), ("server", &["ca"]), ("main", &["server"])];
    assert_eq!(faults(&house, strict), ["src/ca/mod.rs:1: ca may not import server"]);
    let without: &[Row] = &[("ca", &["server"]), ("server", &["ca"]), ("web", &[])];
    assert_eq!(faults(&house, without), ["src/main.rs: room main is not in the table", "there is no web"]);
}

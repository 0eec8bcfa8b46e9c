//! Holds the tables of the house: who may import whom, which sub-room stands above which, which word may stand where;
//! and that no files import each other in a circle.
//!
//! The tokens of every file are read (comments and strings never count). What stands behind `#[cfg(test)]` is exempt.
//! Each check is proven beside it, by small houses with a planted fault.

mod circles;
mod doors;
mod house;
mod paths;
mod rooms;
mod spoken;
mod sub_rooms;
mod tables;
mod texts;
mod threats;
mod words;

use house::House;
use std::path::Path;
use std::sync::LazyLock;

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let house = House::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(house.files.len() > 20, "the walk found {} files only", house.files.len());
    house
});

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn rooms_import_only_from_their_row_of_the_table() {
    none(&rooms::faults(&HOUSE, tables::MAY_IMPORT));
}

#[test]
fn sub_rooms_import_only_from_floors_below() {
    none(&[sub_rooms::faults(&HOUSE, &tables::SERVER), sub_rooms::faults(&HOUSE, &tables::CLI)].concat());
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    none(&circles::faults(&HOUSE));
}

#[test]
fn each_outside_crate_has_its_one_door() {
    none(&doors::faults(&HOUSE, tables::CRATES));
}

#[test]
fn all_that_is_printed_goes_through_one_door() {
    none(&doors::faults_inside(&HOUSE, "cli", tables::PRINTING));
}

#[test]
fn what_only_one_system_has_stands_behind_its_door() {
    none(&doors::faults(&HOUSE, tables::SYSTEMS));
}

#[test]
fn private_and_durable_writing_stands_once() {
    none(&doors::faults(&HOUSE, tables::WRITING));
}

#[test]
fn only_web_listens_and_bounds_what_comes() {
    none(&doors::faults(&HOUSE, tables::WEB));
}

#[test]
fn the_lower_floors_hold_no_socket_file_clock_or_thread() {
    none(&doors::banned(&HOUSE, tables::FLOORS_0_TO_2, tables::ABOVE_FLOOR_2));
}

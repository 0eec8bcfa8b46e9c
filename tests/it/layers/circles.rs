//! Whether files import each other in a circle.
//!
//! A path counts as an import of the file that defines what it names, whatever module re-exports it. `mod` and `pub use`
//! are no imports. A type and its `impl` blocks may stand in several files: a file that holds one, and has no type of that
//! name itself, may name the type.

use super::house::{House, Import, Module};
use super::paths::Kind;
use super::words::Word;
use std::collections::{BTreeMap, BTreeSet};

/// What each file takes from each other file: names, each with the line of its first use.
type Arrows = BTreeMap<Module, BTreeMap<Module, BTreeMap<String, usize>>>;

fn arrows(house: &House) -> Arrows {
    let mut arrows = Arrows::new();
    for file in house.files.values() {
        let taken = arrows.entry(file.module.clone()).or_default();
        let ties = |import: &Import| import.kind != Kind::ReExport && !file.holds_blocks_for(&import.name);
        for import in house.imports(file).into_iter().filter(ties) {
            taken.entry(import.to).or_default().entry(import.name).or_insert(import.line);
        }
    }
    arrows
}

fn reached(arrows: &Arrows, from: &Module) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for next in arrows.get(at).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    reached
}

/// Lists modules within files that take names from elsewhere: their paths would be misread.
fn inner_modules(house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    for file in house.files.values() {
        let begins = |words: &[Word]| words[0].text == "mod" && words[1].is_name() && words[2].text == "{";
        for (at, words) in file.words.windows(3).enumerate().filter(|(_, words)| begins(words)) {
            let mut depth = 0;
            let inside = file.words[at + 2..].iter().take_while(|word| {
                depth += i32::from(word.text == "{") - i32::from(word.text == "}");
                depth > 0
            });
            if inside.into_iter().any(|word| matches!(word.text.as_str(), "super" | "self" | "use")) {
                faults.push(format!("{}:{}: {} has no file of its own", file.shown, words[1].line, words[1].text));
            }
        }
    }
    faults
}

/// Lists the circles: each with its files, and the names that tie them.
pub fn faults(house: &House) -> Vec<String> {
    let mut faults = inner_modules(house);
    let arrows = arrows(house);
    let reached: BTreeMap<&Module, BTreeSet<Module>> =
        arrows.keys().map(|from| (from, self::reached(&arrows, from))).collect();
    let mut told = BTreeSet::new();
    for (from, onward) in &reached {
        let circle: Vec<&Module> =
            onward.iter().filter(|to| reached.get(to).is_some_and(|back| back.contains(*from))).collect();
        if circle.len() < 2 || !told.insert(circle.clone()) {
            continue;
        }
        let mut fault = format!("{} files import each other in a circle:", circle.len());
        for from in &circle {
            for (to, names) in arrows[*from].iter().filter(|(to, _)| circle.contains(to)) {
                let line = names.values().min().unwrap();
                let names = names.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                fault += &format!("\n  {}:{line} -> {}: {names}", house.shown(from), house.shown(to));
            }
        }
        faults.push(fault);
    }
    faults
}

/// Checks a small house of one room with these two files and a face that re-exports what the second defines.
#[cfg(test)]
fn refused(first: &str, second: &str) -> Vec<String> {
    let face = "mod first; mod second; pub use second::{Error, fail};";
    faults(&House::of([("ca/mod.rs", face), ("ca/first.rs", first), ("ca/second.rs", second)]))
}

#[test]
fn two_files_that_import_each_other_are_refused() {
    let circle = ["2 files import each other in a circle:\n  \
         src/ca/first.rs:1 -> src/ca/second.rs: Error\n  src/ca/second.rs:1 -> src/ca/first.rs: Name"];
    let second = "use super::first::Name; pub enum Error { Bad(Name) } pub fn fail() {}";
    assert_eq!(refused("use super::second::Error; pub struct Name;", second), circle);
    assert_eq!(refused("use super::Error; pub struct Name;", second), circle);
    assert_eq!(refused("use crate::ca::{self}; pub struct Name; fn f() -> ca::Error {}", second), circle);
    assert_eq!(refused("pub struct Name; fn f() -> Result<(), crate::ca::second::Error> {}", second), circle);
    assert_eq!(refused("use super::second; pub struct Name; fn f(error: second::Error) {}", second), circle);
    assert_eq!(refused("use super::second as other; pub struct Name; fn f(error: other::Error) {}", second), circle);
    assert_eq!(refused("pub use super::second::Error; pub struct Name; fn f(error: Error) {}", second), circle);
    assert_eq!(refused("pub struct Name; fn f() { super::fail(); }", second).len(), 1);
    assert_eq!(refused("pub struct Name; fn f() { use super::second::*; }", second).len(), 1);
    assert_eq!(refused("pub struct Name; macro_rules! m { () => { $crate::ca::fail() } }", second).len(), 1);
}

#[test]
fn what_is_no_circle_passes() {
    let second = "use super::first::Name; pub enum Error { Bad(Name) } pub fn fail() {}";
    assert_eq!(refused("pub struct Name;", second), [""; 0]);
    assert_eq!(refused("pub use super::second::Error; pub struct Name;", second), [""; 0]);
    assert_eq!(refused("use super::second; pub struct Name; fn f(second: u8) {}", second), [""; 0]);
    assert_eq!(refused("/// [`super::Error`]\npub struct Name; // super::fail()", second), [""; 0]);
    assert_eq!(refused("pub struct Name; #[cfg(test)] mod tests { use super::super::Error; }", second), [""; 0]);
    // Another crate's, or a name of this file's own.
    assert_eq!(refused("use second_crate::Error; pub struct Name; fn f() -> Error {}", second), [""; 0]);
}

#[test]
fn a_type_and_its_blocks_may_stand_in_several_files() {
    let ours = "use super::second::{Error, Part}; pub struct Name(Part); impl Name { fn f() -> Error {} }";
    let block = "use super::first::Name; pub enum Error {} pub struct Part; impl<'a, F: Fn() -> u8> Name { fn g() {} }";
    assert_eq!(refused(ours, block), [""; 0]);
    let of_a_trait = "use super::first::Name; pub enum Error {} pub struct Part; impl From<Part> for Name {}";
    assert_eq!(refused(ours, of_a_trait).len(), 1);
    let own = "pub enum Error {} impl Error {} pub struct Part; fn f() -> super::first::Error {}";
    assert_eq!(refused("use super::second::Part; pub enum Error {} pub struct Name(Part);", own).len(), 1);
    let argument = "use super::first::Name; pub enum Error {} pub struct Part; fn f(names: impl Name) {}";
    assert_eq!(refused(ours, argument).len(), 1);
}

#[test]
fn a_circle_by_the_face_or_of_many_files_is_refused() {
    let face = "mod child; pub struct Enrollment; pub use child::run; fn f() { child::run(); }";
    let house =
        House::of([("enrollment/mod.rs", face), ("enrollment/child.rs", "use super::Enrollment; pub fn run() {}")]);
    assert_eq!(faults(&house).len(), 1);
    let re_exporting = "mod child; pub struct Enrollment; pub use child::run; fn f() { run(); }";
    let child = "pub fn run(enrollment: super::Enrollment) {}";
    assert_eq!(faults(&House::of([("enrollment/mod.rs", re_exporting), ("enrollment/child.rs", child)])).len(), 1);
    let only_re_exporting = "mod child; pub struct Enrollment; pub use child::run;";
    assert_eq!(faults(&House::of([("enrollment/mod.rs", only_re_exporting), ("enrollment/child.rs", child)])), [""; 0]);
    let house = House::of([
        ("piv.rs", "use crate::token::Token; pub struct Card;"),
        ("token.rs", "use crate::reader::Reader; pub struct Token;"),
        ("reader.rs", "use crate::{piv::Card, secret::Pin}; pub struct Reader;"),
        ("secret.rs", "pub struct Pin;"),
    ]);
    let circle = "3 files import each other in a circle:\n  src/piv.rs:1 -> src/token.rs: Token\n  \
        src/reader.rs:1 -> src/piv.rs: Card\n  src/token.rs:1 -> src/reader.rs: Reader";
    assert_eq!(faults(&house), [circle]);
}

#[test]
fn a_module_within_a_file_takes_nothing_from_elsewhere() {
    assert_eq!(refused("\nmod inner { pub struct Name; }", ""), [""; 0]);
    let told = ["src/ca/first.rs:2: inner has no file of its own"];
    assert_eq!(refused("\nmod inner { struct Name(super::Error); }", "pub enum Error {}"), told);
}

//! Puts mutants behind a switch: `cardwright-mutants LIST SKIPPED ROOT` rewrites the files under ROOT so that each mutant
//! of LIST (the JSON of `cargo mutants --list --json`) is on where `crate::mutant::on(ID)` says so. IDs count from 1 in the
//! order of the list; those in the file SKIPPED are left out. Prints the IDs that have no switch: those in constants, and
//! those for which there is no expression.
//!
//! One build then has all mutants, and a test tries one by an environment variable, where cargo-mutants itself builds
//! anew for each.

mod edits;

use edits::{Edits, Mutant, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().collect();
    let [_, list, skipped, root] = &arguments[..] else {
        return Err("give the list of mutants, the file of IDs to leave out, and the folder of the sources".into());
    };
    let listed: Vec<serde_json::Value> = serde_json::from_str(&fs::read_to_string(list)?)?;
    let skipped = fs::read_to_string(skipped).unwrap_or_default();
    let skipped: BTreeSet<usize> = skipped.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let mut files: BTreeMap<String, Vec<Mutant>> = BTreeMap::new();
    for (index, entry) in listed.iter().enumerate() {
        let position = |end: &str| -> Option<Position> {
            let number = |name: &str| usize::try_from(entry["span"][end][name].as_u64()?).ok();
            Some((number("line")?, number("column")?))
        };
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let (Some(start), Some(end)) = (position("start"), position("end")) else { continue };
        let mutant = Mutant { id: index + 1, genre: text("genre"), replacement: text("replacement"), start, end };
        if !skipped.contains(&mutant.id) {
            files.entry(text("file")).or_default().push(mutant);
        }
    }
    let mut without = Vec::new();
    for (file, mutants) in files {
        let path = Path::new(root).join(file);
        let source = fs::read_to_string(&path)?;
        let (switched, left) = Edits::of(&source, &mutants)?.written();
        fs::write(&path, switched)?;
        without.extend(left);
    }
    println!("{}", without.iter().map(usize::to_string).collect::<Vec<_>>().join(" "));
    Ok(())
}

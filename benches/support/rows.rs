//! Rows of the one table that `make bench` prints: what was measured, its spread, the aim, and whether it is reached.

use super::numbers::Spread;
use anyhow::Result;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What is to be reached, by the median of the rounds.
#[derive(Clone, Copy)]
enum Aim {
    AtLeast(f64),
    AtMost(f64),
    /// None is set: the figure is told beside the others.
    None,
}

/// A row of the table.
pub struct Row {
    what: String,
    found: Result<Spread, String>,
    digits: usize,
    unit: &'static str,
    aim: Aim,
    remark: String,
}

impl Row {
    /// Holds what was found in each round; a ratio, with two digits, unless it is said to be something else.
    pub fn new(what: impl Into<String>, rounds: impl IntoIterator<Item = f64>) -> Self {
        Self::of(what.into(), Ok(Spread::of(rounds)))
    }

    /// Holds one count, which has no spread.
    pub fn count(what: impl Into<String>, count: usize) -> Self {
        Self { digits: 0, ..Self::new(what, [count as f64]) }
    }

    /// Says why something was not measured.
    pub fn skipped(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::of(what.into(), Err(why.into()))
    }

    fn of(what: String, found: Result<Spread, String>) -> Self {
        Self { what, found, digits: 2, unit: "", aim: Aim::None, remark: String::new() }
    }

    /// Tells the figure in this unit and with so many digits.
    pub fn in_unit(self, unit: &'static str, digits: usize) -> Self {
        Self { unit, digits, ..self }
    }

    /// Sets what the figure is to have at least.
    pub fn at_least(self, aim: f64) -> Self {
        Self { aim: Aim::AtLeast(aim), ..self }
    }

    /// Sets what the figure is to have at most.
    pub fn at_most(self, aim: f64) -> Self {
        Self { aim: Aim::AtMost(aim), ..self }
    }

    /// Adds what has to be known beside the figure.
    pub fn remark(self, remark: impl Into<String>) -> Self {
        Self { remark: remark.into(), ..self }
    }

    /// Spells the row in Markdown.
    fn told(&self) -> String {
        let today = match &self.found {
            Err(why) => format!("skipped: {why}"),
            Ok(spread) if spread.least == spread.greatest => format!("{:.*}", self.digits, spread.median),
            Ok(spread) => spread.told(self.digits),
        };
        let unit = if self.found.is_ok() { self.unit } else { "" };
        let remark = if self.remark.is_empty() { String::new() } else { format!("; {}", self.remark) };
        let (aim, reached) = match (self.aim, self.found.as_ref().map(|spread| spread.median)) {
            (Aim::None, _) => (String::new(), ""),
            (Aim::AtLeast(aim), found) => (format!(">= {aim}"), word(found.map(|median| median >= aim))),
            (Aim::AtMost(aim), found) => (format!("<= {aim}"), word(found.map(|median| median <= aim))),
        };
        format!("| {} | {today}{unit}{remark} | {aim} | {reached} |", self.what)
    }
}

fn word<E>(reached: Result<bool, E>) -> &'static str {
    match reached {
        Ok(true) => "yes",
        Ok(false) => "no",
        Err(_) => "not measured",
    }
}

/// Gathers the rows of one benchmark in `target/tmp/bench/rows/<name>.md`, where `make bench` finds them.
pub struct Rows(PathBuf);

impl Rows {
    /// Begins anew.
    pub fn begin(name: &str) -> Result<Self> {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench/rows");
        std::fs::create_dir_all(&directory)?;
        let file = directory.join(format!("{name}.md"));
        std::fs::write(&file, "")?;
        Ok(Self(file))
    }

    /// Adds rows as soon as they are measured, and prints them.
    pub fn add(&self, rows: &[Row]) -> Result<()> {
        let mut text = std::fs::read_to_string(&self.0)?;
        for row in rows {
            println!("{}", row.told());
            writeln!(text, "{}", row.told())?;
        }
        Ok(std::fs::write(&self.0, text)?)
    }
}

/// Says that programs are missing, by the first that is; `None`: all are installed.
pub fn missing(programs: &[&str]) -> Option<String> {
    let places = std::env::var_os("PATH").unwrap_or_default();
    let installed = |program: &str| std::env::split_paths(&places).any(|place| place.join(program).is_file());
    let first = programs.iter().find(|program| !installed(program))?;
    Some(format!("{first} is not installed"))
}

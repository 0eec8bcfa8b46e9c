//! The one door through which the program prints: text for people, or one JSON document for scripts.
//!
//! Results go to standard output, progress and failures of a text run to standard error. What others wrote is escaped
//! on its way through ([`shown`]); whether standard output took what was written is always checked.

mod live;

use super::failure::Failure;
use super::shown;
use crate::doctor::Verdict;
use crate::platform::file;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

pub use live::{Live, Shade};

/// Knows whether people or scripts (`--json`) read.
#[derive(Clone, Copy)]
pub struct Output {
    json: bool,
    /// Results are those of a larger command, which prints its own.
    within: bool,
}

/// Holds lines for people. A line end inside of a line is not ours, and is escaped as such.
#[derive(Default)]
pub struct Text(Vec<Line>);

struct Line {
    /// Stands at the head of the line, in its colour.
    verdict: Option<Verdict>,
    text: String,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json, within: false }
    }

    /// Returns what a step of a larger command prints through: its progress, and no result of its own.
    pub fn within(&self) -> Self {
        Self { within: true, ..*self }
    }

    /// Says whether results are printed as documents.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Says whether a person is at the terminal, who can read a message and act on it.
    pub fn has_a_person(&self) -> bool {
        !self.json && io::stdin().is_terminal()
    }

    /// Says whether a person is at a terminal that shows changing lines and gives keys.
    pub fn has_a_screen(&self) -> bool {
        self.has_a_person() && io::stderr().is_terminal()
    }

    /// Prints a command's result on standard output: `document` for scripts, or `text` for people. Fails where it could
    /// not be written.
    pub fn result<T: Into<Text>>(&self, document: &impl Serialize, text: impl FnOnce() -> T) -> Result<(), Failure> {
        if self.within {
            return Ok(());
        }
        self.print(document, text).map_err(|error| Failure::unwritten(&error))
    }

    /// Prints a result with a secret that is kept nowhere. Where it could not be written or nobody can read it, the
    /// failure says what `lost` gives to do, even if only the reader went away.
    pub fn once<T: Into<Text>>(
        &self,
        document: &impl Serialize,
        text: impl FnOnce() -> T,
        lost: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let lost = |error| Failure::lost(&error, lost());
        if file::is_null(io::stdout()) {
            return Err(lost(io::Error::other("standard output is closed, or /dev/null")));
        }
        self.print(document, text).map_err(lost)
    }

    fn print<T: Into<Text>>(&self, document: &impl Serialize, text: impl FnOnce() -> T) -> io::Result<()> {
        let printed = if self.json {
            shown::line(&serde_json::to_string(document)?)
        } else {
            text().into().painted(painted(io::stdout().is_terminal()))
        };
        write_out(format!("{}\n", printed.trim_end_matches('\n')).as_bytes())
    }

    /// Prints what has happened as a document of one line for scripts; nothing for people.
    pub fn event(&self, document: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        self.print(document, Text::default).map_err(|error| Failure::unwritten(&error))
    }

    /// Rings the terminal's bell, if people read.
    pub fn ring(&self) {
        if !self.json {
            let _ = io::stderr().lock().write_all(b"\x07");
        }
    }

    /// Prints a line of progress on standard error; nothing with `--json`.
    pub fn tell(&self, line: &str) {
        let _ = self.told(line);
    }

    /// Likewise, and says whether it was printed where somebody can read it.
    pub fn told(&self, line: &str) -> bool {
        !self.json && complain(&shown::line(line)).is_ok() && !file::is_null(io::stderr())
    }

    /// Prints why a command failed: on standard error, or with `--json` as a document on standard output, if that takes
    /// it. Prints nothing where the command's result has said it already.
    pub fn failure(&self, failure: &Failure) {
        let takes_documents = self.json && !file::is_null(io::stdout());
        if failure.is_told() || takes_documents && self.result(&failure.document(), Text::default).is_ok() {
            return;
        }
        let head = if painted(io::stderr().is_terminal()) { "\x1b[1;31merror:\x1b[0m" } else { "error:" };
        let told: Vec<String> = failure.lines().iter().map(|line| indented(line)).collect();
        let _ = complain(&format!("{head} {}", told.join("\n")));
    }

    /// Shows a spinner until the guard is dropped; without a terminal prints `what` as one line.
    pub fn spinner(&self, what: &str) -> Spinner {
        if self.json || !io::stderr().is_terminal() {
            self.tell(what);
            return Spinner(None);
        }
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        let bar = ProgressBar::new_spinner().with_message(shown::line(what));
        let bar = match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        bar.enable_steady_tick(Duration::from_millis(120));
        Spinner(Some(bar))
    }

    /// Lays rows out as a table with a head, for people.
    pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Text {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_header(head);
        for row in rows {
            table.add_row(row.map(|cell| shown::line(&cell)));
        }
        Text::block(&table.trim_fmt())
    }
}

impl Text {
    /// Takes a text of several lines as they are.
    pub fn block(text: &str) -> Self {
        text.lines().collect()
    }

    /// Writes a document as people read it.
    pub fn document(document: &serde_json::Value) -> Self {
        Self::block(&format!("{document:#}"))
    }

    /// Adds a line.
    pub fn line(&mut self, text: impl Into<String>) {
        self.0.push(Line { verdict: None, text: text.into() });
    }

    /// Adds a line with a verdict at its head.
    pub fn judged(&mut self, verdict: Verdict, text: String) {
        self.0.push(Line { verdict: Some(verdict), text });
    }

    /// Returns the lines without their verdicts.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|line| line.text.as_str())
    }

    /// Adds the lines of another text.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Writes the lines, their verdicts in colour where `painted`.
    fn painted(&self, painted: bool) -> String {
        let lines = self.0.iter().map(|Line { verdict, text }| match verdict {
            Some(verdict) => format!("{} {}\n", head(*verdict, painted), shown::line(text)),
            None => format!("{}\n", shown::line(text)),
        });
        lines.collect()
    }
}

impl<S: Into<String>> From<S> for Text {
    fn from(line: S) -> Self {
        [line].into_iter().collect()
    }
}

impl<S: Into<String>> FromIterator<S> for Text {
    fn from_iter<I: IntoIterator<Item = S>>(lines: I) -> Self {
        Self(lines.into_iter().map(|text| Line { verdict: None, text: text.into() }).collect())
    }
}

/// Returns a verdict as the padded head of a line: green, plain, yellow or red.
fn head(verdict: Verdict, painted: bool) -> String {
    let (colour, word) = match verdict {
        Verdict::Good => ("32", "good"),
        Verdict::Untold => ("0", "untold"),
        Verdict::Attention => ("33", "attention"),
        Verdict::Bad => ("31", "bad"),
    };
    if painted { format!("\x1b[{colour}m{word:<10}\x1b[0m") } else { format!("{word:<10}") }
}

/// Escapes a line of a failure. If it has further lines, as an error of a parser does, they are indented: none can pass
/// for a line of ours.
fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(shown::line).collect();
    lines.join("\n      ")
}

/// Says whether colour may be used on a stream.
fn painted(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none()
}

/// Writes bytes on standard output as they are: an archive, a script for a shell.
pub fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    write_out(bytes).map_err(|error| Failure::unwritten(&error))
}

/// Returns standard output for what is written piece by piece. The writer checks each write, and flushes at the end.
pub fn stream() -> impl Write {
    io::stdout().lock()
}

/// Prints help or a version on standard output, what is wrong with a command line on standard error.
pub fn usage(told: &clap::Error) -> Result<(), Failure> {
    let text = told.render();
    if told.use_stderr() {
        // It repeats what was typed, which a script may have taken from elsewhere.
        let _ = complain(shown::lines(&text.to_string()).trim_end());
        return Ok(());
    }
    let painted = painted(io::stdout().is_terminal());
    bytes(if painted { text.ansi().to_string() } else { text.to_string() }.as_bytes())
}

/// Takes the log: one event a call, which is written on standard error as one line.
#[cfg(feature = "server")]
pub struct Log;

#[cfg(feature = "server")]
impl Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        writeln!(io::stderr().lock(), "{}", shown::line(text.trim_end_matches('\n')))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes on standard error. Where that cannot be done there is nobody left to be told, unless of a secret.
fn complain(text: &str) -> io::Result<()> {
    writeln!(io::stderr().lock(), "{text}")
}

/// Removes the spinner when dropped.
pub struct Spinner(Option<ProgressBar>);

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Writes a number of things: "no key", "1 key", "2 keys".
pub fn counted(count: u64, thing: &str) -> String {
    match count {
        0 => format!("no {thing}"),
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

/// Writes a number of things as a sentence has it: "one key".
pub fn in_words(count: u64, thing: &str) -> String {
    if count == 1 { format!("one {thing}") } else { counted(count, thing) }
}

/// Writes a moment as RFC 3339; all that are printed here are in UTC.
pub fn date(time: time::OffsetDateTime) -> String {
    time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_things_are_written_as_people_say_them() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "key")), ["no key", "1 key", "2 keys"]);
        assert_eq!([0, 1, 2].map(|count| in_words(count, "key")), ["no key", "one key", "2 keys"]);
    }

    #[test]
    fn further_lines_of_an_error_cannot_pass_for_lines_of_ours() {
        assert_eq!(indented("a\n  what to do: \u{1b}c"), "a\n        what to do: \\u001bc");
    }
}

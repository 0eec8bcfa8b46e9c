//! Prints everything that the program prints: text for people, or one JSON document for scripts.
//!
//! Results go to standard output, progress and failures of a text run to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use super::failure::Failure;
use crate::doctor::Verdict;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Knows whether people or scripts (`--json`) read, and whether colour may be used.
#[derive(Clone, Copy)]
pub struct Output {
    json: bool,
    colour: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, colour }
    }

    /// Says whether a person is at the terminal, who can read a message and act on it.
    pub fn has_a_person(&self) -> bool {
        !self.json && std::io::stdin().is_terminal()
    }

    /// Prints a command's result on standard output: `document` for scripts, or `text` for people.
    pub fn result(&self, document: &impl Serialize, text: impl FnOnce() -> String) {
        let line = if self.json { serde_json::to_string(document).unwrap_or_default() } else { text() };
        self.raw(&line);
    }

    /// Prints a line on standard output; a closed pipe is ignored.
    pub fn raw(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{}", line.trim_end_matches('\n')).and_then(|()| out.flush());
    }

    /// Prints a line of progress on standard error; nothing with `--json`.
    pub fn tell(&self, line: &str) {
        if !self.json {
            eprintln!("{line}");
        }
    }

    /// Prints why a command failed: on standard error, or with `--json` as a document on standard output. Prints
    /// nothing where the command's result has said it already.
    pub fn failure(&self, failure: &Failure) {
        if failure.is_told() {
            return;
        }
        if self.json {
            self.result(&serde_json::json!({ "error": failure }), String::new);
            return;
        }
        let mut lines = failure.lines().into_iter();
        let head = lines.next().unwrap_or_default();
        if self.colour {
            eprintln!("\x1b[1;31merror:\x1b[0m {head}");
        } else {
            eprintln!("error: {head}");
        }
        for line in lines {
            eprintln!("{line}");
        }
    }

    /// Returns a verdict as the padded head of a line: green, plain, yellow or red where standard output is a terminal.
    pub fn verdict(&self, verdict: Verdict) -> String {
        let (colour, word) = match verdict {
            Verdict::Good => ("32", "good"),
            Verdict::Untold => ("0", "untold"),
            Verdict::Attention => ("33", "attention"),
            Verdict::Bad => ("31", "bad"),
        };
        let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        if coloured { format!("\x1b[{colour}m{word:<10}\x1b[0m") } else { format!("{word:<10}") }
    }

    /// Shows a spinner until the guard is dropped; without a terminal prints `what` as one line.
    pub fn spinner(&self, what: &str) -> Spinner {
        if self.json || !std::io::stderr().is_terminal() {
            self.tell(what);
            return Spinner(None);
        }
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        let bar = ProgressBar::new_spinner().with_message(what.to_string());
        let bar = match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        bar.enable_steady_tick(Duration::from_millis(120));
        Spinner(Some(bar))
    }

    /// Lays rows out as a table with a head, for people.
    pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_header(head);
        for row in rows {
            table.add_row(row);
        }
        table.trim_fmt()
    }
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

/// Writes a moment as RFC 3339; all that are printed here are in UTC.
pub fn date(time: time::OffsetDateTime) -> String {
    time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

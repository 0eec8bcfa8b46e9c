//! Everything that is printed goes through here: text for people or one JSON document for scripts.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use super::failure::Failure;
use crate::doctor::Verdict;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Knows whether scripts or people read, and whether colour may be used.
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

    /// Is there somebody at a terminal who reads what is told and can do something about it?
    pub fn has_a_person(&self) -> bool {
        !self.json && std::io::stdin().is_terminal()
    }

    /// Prints a command's result: `document` for scripts, or the text for people.
    pub fn result(&self, document: &impl Serialize, text: impl FnOnce() -> String) {
        let line = if self.json { serde_json::to_string(document).unwrap_or_default() } else { text() };
        self.raw(&line);
    }

    /// Prints a line on standard output; a reader that has gone away is no failure.
    pub fn raw(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{}", line.trim_end_matches('\n')).and_then(|()| out.flush());
    }

    /// Tells people how it goes, on standard error; scripts are spared.
    pub fn tell(&self, line: &str) {
        if !self.json {
            eprintln!("{line}");
        }
    }

    /// Tells why a command failed.
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

    /// A verdict as the head of a line: green, plain, yellow or red where standard output is a terminal.
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

    /// Shows that something long is going on, until the guard is dropped. Without a terminal it is one line.
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

    /// A table with a head, for people.
    pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_header(head);
        for row in rows {
            table.add_row(row);
        }
        table.trim_fmt()
    }
}

/// Takes the spinner away when dropped.
pub struct Spinner(Option<ProgressBar>);

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// The day and time in UTC, as people and scripts read it (RFC 3339).
pub fn date(time: time::OffsetDateTime) -> String {
    time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

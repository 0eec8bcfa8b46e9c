//! Lines on standard error that change in place.

use super::painted;
use crate::cli::shown;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};

/// Says how a line of a live screen looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    Plain,
    Faint,
    Good,
    Attention,
    Bad,
}

/// Shows lines on standard error that change, until it is dropped; what is told meanwhile stands above them.
#[derive(Default)]
pub struct Live {
    screen: MultiProgress,
    lines: Vec<ProgressBar>,
}

impl Live {
    /// Shows these lines in place of those before.
    pub fn show(&mut self, lines: &[(Shade, String)]) {
        while self.lines.len() > lines.len() {
            if let Some(line) = self.lines.pop() {
                line.finish_and_clear();
            }
        }
        while self.lines.len() < lines.len() {
            let line = self.screen.add(ProgressBar::new_spinner());
            self.lines.push(match ProgressStyle::with_template("{msg}") {
                Ok(style) => line.with_style(style),
                Err(_) => line,
            });
        }
        let painted = painted(io::stderr().is_terminal());
        for (line, (shade, text)) in self.lines.iter().zip(lines) {
            let text = shown::line(text);
            let colour = match shade {
                Shade::Plain => None,
                Shade::Faint => Some("2"),
                Shade::Good => Some("32"),
                Shade::Attention => Some("33"),
                Shade::Bad => Some("31"),
            };
            line.set_message(match colour.filter(|_| painted) {
                Some(colour) => format!("\x1b[{colour}m{text}\x1b[0m"),
                None => text,
            });
        }
    }

    /// Prints a line above.
    pub fn tell(&self, line: &str) {
        // Where it cannot be printed nobody looks.
        let _ = self.screen.println(shown::line(line));
    }

    /// Takes the lines off the screen, so that somebody can be asked; [`Live::show`] brings them back.
    pub fn hide(&mut self) {
        self.lines.drain(..).for_each(|line| line.finish_and_clear());
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.hide();
    }
}

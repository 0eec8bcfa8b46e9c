//! The desk as a page: shows in one browser of the workstation how a run stands, and takes what the person at the desk commands.
//!
//! In: what the desk tells, forms of one browser. Out: a page, and commands to the desk.
//! `board` holds what was told last and turns forms into commands; `serve` lets one browser in; `screen` writes the page.
//! A PIN that a holder types goes to the desk for the one card that asked for it, and stands on no page. Absent: what is done with
//! cards, rows and letters (the desk).

mod board;
mod notices;
mod screen;
mod serve;

pub use board::Board;
pub use serve::{Door, serve};

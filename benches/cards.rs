//! Virtual cards in the readers of a private pcscd, worked on by ours and by the tools that Debian has: rows of the table that
//! `make bench` prints.

#![allow(clippy::print_stdout)]

#[path = "../tests/it/support/certificates.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod certificates;
#[path = "cards/gids.rs"]
mod gids;
#[path = "cards/piv.rs"]
mod piv;
mod support;
#[path = "cards/tool.rs"]
mod tool;

use anyhow::Result;
use support::process::fresh_directory;
use support::rows::Rows;

fn main() -> Result<()> {
    let directory = fresh_directory("cards")?;
    let rows = Rows::begin("3-cards")?;
    rows.add(&piv::rows(&directory)?)?;
    rows.add(&gids::rows(&directory)?)
}

//! `cardwright serve` and `cardwright server`.

use super::args::{ServeArgs, ServerCommand};
use super::failure::Failure;
use super::output::Output;

pub fn serve(_: &ServeArgs, _: &Output) -> Result<(), Failure> {
    Ok(())
}

pub fn run(_: ServerCommand, _: &Output) -> Result<(), Failure> {
    Ok(())
}

//! Generates shell completions and man pages from [`super::args`].

use super::args::Cli;
use super::failure::{Exit, Failure};
use super::output::{self, Output};
use clap::CommandFactory;
use std::path::Path;

/// Prints the completions for a shell on standard output.
pub fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cardwright", &mut script);
    output::bytes(&script)
}

/// Writes a man page for the program and for each of its commands into a directory, which is made if need be.
pub fn man_pages(directory: &Path, output: &Output) -> Result<(), Failure> {
    let write = std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(Cli::command(), directory));
    write.map_err(|error| {
        Failure::new("man-pages", Exit::Usage, format!("cannot write into {}: {error}", directory.display()))
            .remedy("Name a directory that you may write into.")
    })?;
    let directory = directory.display().to_string();
    output.result(&serde_json::json!({ "directory": directory }), || format!("man pages are in {directory}"))
}

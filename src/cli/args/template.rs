//! What can be typed after `template`.

use super::which::ServerArgs;
use clap::{Subcommand, ValueHint};
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum TemplateCommand {
    /// List the profile templates you may use.
    List {
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Check template files: every problem and what looks unintended, with file, line and column.
    Check {
        /// A template file, or a directory of them.
        #[arg(value_hint = ValueHint::AnyPath)]
        path: PathBuf,
    },
    /// Write a template out of a MIM CM template's JSON: its view, configuration, key orders and policies.
    Import {
        /// Files with the bodies of MIM's REST calls, or with an object of them; "NAME=FILE" says which workflow a policy is of.
        #[arg(required = true, value_hint = ValueHint::FilePath)]
        files: Vec<String>,
        /// Write the template here instead of on standard output; a file that exists is not overwritten.
        #[arg(long, value_hint = ValueHint::FilePath)]
        out: Option<PathBuf>,
    },
    /// Show a template's smart card configuration and policies.
    Show {
        /// By name or UUID.
        template: String,
        #[command(flatten)]
        server: ServerArgs,
    },
}

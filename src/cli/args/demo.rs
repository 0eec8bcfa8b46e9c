//! What can be typed after `demo`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

#[derive(Args)]
pub struct DemoArgs {
    /// The SoftHSM module.
    #[arg(long, default_value = "/usr/lib/softhsm/libsofthsm2.so", value_hint = ValueHint::FilePath)]
    pub module: PathBuf,
    /// Keep the demo's directory for a look afterwards.
    #[arg(long)]
    pub keep: bool,
}

//! What can be typed behind `activate`.

use super::Source;
use clap::{Args, ValueHint};
use std::path::PathBuf;

#[derive(Args)]
pub struct ActivateArgs {
    /// The CM server, `https://cm.example.com/CertificateManagement` for one.
    #[arg(long, env = "CARDWRIGHT_SERVER", value_hint = ValueHint::Url)]
    pub server: Option<String>,
    /// Trust this CA (PEM) instead of the system's.
    #[arg(long, env = "CARDWRIGHT_CA_FILE", value_hint = ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
    /// Where the activation code comes from [default: env:CARDWRIGHT_ACTIVATION_CODE, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    pub code_from: Option<Source>,
    /// Write the bearer token into this new file, which only you can read, instead of showing it; `bearer_file` in
    /// config.toml may name it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
}

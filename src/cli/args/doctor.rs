//! What can be typed after `doctor`.

use super::which::ServerArgs;
use crate::pkix::KeyAlgorithm;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// What `doctor` looks at; nothing is changed and no try is spent.
#[derive(Args)]
pub struct DoctorArgs {
    /// Only the card in this reader (its name), or in those whose names have this part.
    #[arg(long, value_name = "NAME", env = "CARDWRIGHT_READER")]
    pub reader: Option<String>,
    /// The key an enrollment will order: rsa-2048, rsa-3072, rsa-4096, p-256 or p-384.
    #[arg(long, value_name = "ALGORITHM")]
    pub key: Option<KeyAlgorithm>,
    /// The size of the certificate that is expected, in bytes.
    #[arg(long, default_value_t = 1600, value_name = "BYTES")]
    pub certificate: usize,
    #[command(flatten)]
    pub logon: LogonArgs,
}

/// Whether the card's holder will log on with it. A server is asked only where a login is at hand; nothing prompts.
#[derive(Args)]
pub struct LogonArgs {
    /// Instead: will the card log its holder on? Asks the authorities and, with a login, the server and its directory.
    #[arg(long, conflicts_with_all = ["key", "certificate"])]
    pub logon: bool,
    /// With --logon: the token behind this PKCS#11 module instead of the cards in readers.
    #[arg(long, env = "CARDWRIGHT_MODULE", value_hint = ValueHint::FilePath)]
    pub module: Option<PathBuf>,
    /// With --logon and --module: the token with this label.
    #[arg(long, env = "CARDWRIGHT_TOKEN_LABEL")]
    pub label: Option<String>,
    /// With --logon: trust these authorities (PEM) instead of the server's own.
    #[arg(long, value_name = "FILE", requires = "logon", value_hint = ValueHint::FilePath)]
    pub root: Option<PathBuf>,
    #[command(flatten)]
    pub server: ServerArgs,
}

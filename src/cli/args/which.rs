//! Options that several commands share: which token, its PIN, and which server.

use super::source::Source;
use clap::builder::FalseyValueParser;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Which token: by serial or label, never by slot. Without a PKCS#11 module it is a card in a PC/SC reader.
#[derive(Args, Clone)]
pub struct TokenArgs {
    /// The PKCS#11 module (a shared library) that speaks to the token, if it is no card in a reader.
    #[arg(long, env = "CARDWRIGHT_MODULE", value_hint = ValueHint::FilePath)]
    pub module: Option<PathBuf>,
    /// The token with this label.
    #[arg(long, env = "CARDWRIGHT_TOKEN_LABEL")]
    pub label: Option<String>,
    /// The token with this serial number.
    #[arg(long, env = "CARDWRIGHT_TOKEN_SERIAL")]
    pub serial: Option<String>,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Cards in PC/SC readers, where a PKCS#11 module could be meant as well.
#[derive(Args, Clone)]
pub struct PlaceArgs {
    /// Only the card in this reader (its name, or a part that no other has).
    #[arg(long, value_name = "NAME", env = "CARDWRIGHT_READER")]
    pub reader: Option<String>,
    /// A card in a reader, though a PKCS#11 module is configured.
    #[arg(long = "pcsc")]
    pub any_reader: bool,
}

/// Where the user's PIN comes from, and whether its last try may be spent.
#[derive(Args, Clone)]
pub struct PinArgs {
    /// Where the PIN comes from [default: env:CARDWRIGHT_PIN, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    pub pin_from: Option<Source>,
    /// Spend the last try of a secret, if it comes to that.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Which server, and as whom.
#[derive(Args, Clone)]
pub struct ServerArgs {
    /// The CM server, `https://cm.example.com/CertificateManagement` for one.
    #[arg(long, env = "CARDWRIGHT_SERVER", value_hint = ValueHint::Url)]
    pub server: Option<String>,
    /// Trust this CA (PEM) instead of the system's.
    #[arg(long, env = "CARDWRIGHT_CA_FILE", value_hint = ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
    /// Where the bearer token comes from [default: env:CARDWRIGHT_BEARER, else a prompt].
    #[arg(long, value_name = "SOURCE", env = "CARDWRIGHT_BEARER_FROM")]
    pub bearer_from: Option<Source>,
    /// Show your Kerberos ticket (from `kinit`; on Windows that of who is logged on) instead of a bearer token.
    #[arg(long, env = "CARDWRIGHT_NEGOTIATE", value_parser = FalseyValueParser::new(), conflicts_with = "bearer_from")]
    pub negotiate: bool,
}

/// Whether to wait for an approval.
#[derive(Args, Clone, Copy, Default)]
pub struct WaitArgs {
    /// Wait until the request is approved, then go on; for so many minutes [default: 60].
    #[arg(long, value_name = "MINUTES", num_args = 0..=1, require_equals = true, default_missing_value = "60",
          value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub wait: Option<u32>,
}

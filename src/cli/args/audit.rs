//! What can be typed after `audit`.

use super::source::Source;
use crate::store::RowName;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// Explains an export's format, so that an outsider can check one without this program.
const FORMAT: &str = "\
Each line is a JSON object. The first names the format, and whether the export is complete. Then come, chain by chain:
  {chain, number, record, hash}             an act: hash is the SHA-256 of the text in `record`, byte for byte
  {chain, number, signed, key, signature}   signature: ECDSA on P-256 with SHA-256 (DER, base64) over the text in
                                            `signed`; key: SHA-256 of the public key's SubjectPublicKeyInfo
  {chain, length, head}                     where the chain ends
The text of an act is JSON too: `number` counts from 1 within `chain`, and `before` is the hash of the act before it
(64 zeros in the first). The signed text holds `chain`, `number`, the `hash` of that act, when it was signed, and in
`before` the SHA-256 of the text that was signed before it in this chain (64 zeros in the first).";

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Check every hash, number, time and signature of a server's log, without the server, and that nothing is missing
    /// that the server remembers.
    Verify(AuditVerifyArgs),
    /// Write a server's log as JSON lines, or to a syslog receiver.
    #[command(after_help = FORMAT)]
    Export(AuditExportArgs),
    /// Have a server go on with a database that was put back on purpose, or with acts in its log that it did not write:
    /// an act in the log, which names what the server remembered and what there is now. With --row: with rows that were
    /// mended by hand. The server must not be running.
    Accept(AuditAcceptArgs),
}

#[derive(Args)]
pub struct AuditAcceptArgs {
    /// The server's directory.
    #[arg(value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
    /// A row that `audit verify` names (TABLE/KEY) and that is to stay as it is (repeatable): the log then says what it
    /// is now. Nothing else is accepted.
    #[arg(long = "row", value_name = "TABLE/KEY")]
    pub rows: Vec<RowName>,
    /// Why the database, or the row, is not what the server remembers; it stands in the log.
    #[arg(long)]
    pub reason: String,
    /// Where the passphrase of the key files comes from [default: env:CARDWRIGHT_PASSPHRASE, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    pub passphrase_from: Option<Source>,
}

#[derive(Args)]
pub struct AuditVerifyArgs {
    /// A server's directory, its database file, or an exported file.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub log: PathBuf,
    /// A public key (PEM) the log is signed with (repeatable); that of the server's directory is taken by itself.
    #[arg(long = "key", value_hint = ValueHint::FilePath)]
    pub keys: Vec<PathBuf>,
    /// How far the clocks of several servers may be apart, in seconds.
    #[arg(long, default_value_t = 300)]
    pub tolerance: u32,
}

#[derive(Args)]
pub struct AuditExportArgs {
    /// The server's directory.
    #[arg(value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
    /// Only acts from this moment on, `2026-11-22T00:00:00Z` for one.
    #[arg(long, value_parser = moment)]
    pub from: Option<OffsetDateTime>,
    /// Only acts before this moment.
    #[arg(long, value_parser = moment)]
    pub to: Option<OffsetDateTime>,
    /// Only acts on this request.
    #[arg(long)]
    pub request: Option<Uuid>,
    /// Only acts on this smart card.
    #[arg(long, value_name = "SMARTCARD-UUID")]
    pub card: Option<Uuid>,
    /// Only acts by or for this user.
    #[arg(long, value_name = "USER-UUID")]
    pub user: Option<Uuid>,
    /// Only acts of this kind, `certificate-issued` for one.
    #[arg(long)]
    pub act: Option<String>,
    /// Send to a syslog receiver instead: udp://HOST:PORT, tcp://HOST:PORT or unix:/PATH.
    #[arg(long)]
    pub syslog: Option<String>,
}

/// Parses a moment in RFC 3339.
fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "not a moment such as 2026-11-22T00:00:00Z".into())
}

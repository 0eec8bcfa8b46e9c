//! What can be typed after `vcard`.

use super::source::Source;
use clap::{Args, Subcommand, ValueEnum};
use std::ffi::OsString;

/// Warns of what a virtual card is worth; shown in the help and wherever one is made or lent.
pub const WARNING: &str = "A virtual card's keys live in software on this computer: they protect nothing that matters.";

#[derive(Subcommand)]
#[command(after_help = WARNING)]
pub enum VcardCommand {
    /// Make a virtual card; its file is encrypted under a passphrase.
    #[command(after_help = WARNING)]
    Create(VcardCreateArgs),
    /// Put virtual cards into readers until Ctrl-C, or while a command runs. A card backed by a TPM is run instead, and
    /// the command gets the variables that lead to it.
    #[command(after_help = WARNING)]
    Run(VcardRunArgs),
    /// List the virtual cards.
    List,
    /// Destroy a virtual card with its keys.
    Remove {
        name: String,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum VcardKind {
    /// SP 800-73: plain, or as a YubiKey.
    Piv,
    /// Microsoft's Generic Identity Device Specification, as virtual smart cards of Windows.
    Gids,
    /// A TPM in software (swtpm) behind the PKCS#11 module tpm2-pkcs11; it is in no reader.
    Tpm,
}

#[derive(Args)]
pub struct VcardCreateArgs {
    /// The name of the card, for `vcard run`.
    pub name: String,
    /// Which standard the card follows.
    #[arg(long, value_enum)]
    pub kind: VcardKind,
    /// A PIV card with the commands, name and serial number of a YubiKey.
    #[arg(long)]
    pub yubikey: bool,
    /// The firmware the YubiKey tells; from 5.7.0 on its management key is AES-192.
    #[arg(long, value_name = "X.Y.Z", requires = "yubikey", value_parser = firmware, default_value = "5.4.3")]
    pub firmware: [u8; 3],
    /// The serial number the YubiKey tells [default: a random one].
    #[arg(long, requires = "yubikey")]
    pub serial: Option<u32>,
    /// Where the passphrase of the card's file comes from [default: env:CARDWRIGHT_VCARD_PASSPHRASE, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    pub passphrase_from: Option<Source>,
}

#[derive(Args)]
pub struct VcardRunArgs {
    /// The cards to put in.
    #[arg(required = true)]
    pub names: Vec<String>,
    /// What goes wrong with them: faults with commas between, `remove@5`, `t0`, `tries=1`, `slow=3s` for some.
    #[arg(long, value_name = "FAULTS")]
    pub fault: Option<String>,
    /// Where the system's vpcd listens; a second card goes one port above.
    #[arg(long, default_value_t = crate::farm::PORT, conflicts_with = "private_pcscd")]
    pub port: u16,
    /// Start a pcscd of one's own, beside the system's or without one. Its clients need the variable that is printed;
    /// the command gets it.
    #[arg(long)]
    pub private_pcscd: bool,
    /// What the private pcscd calls the reader; "Yubico YubiKey CCID" makes Yubico's tools accept it.
    #[arg(long, value_name = "NAME", requires = "private_pcscd", default_value = "Cardwright Virtual Reader")]
    pub reader: String,
    /// Where the passphrase of each card's file comes from [default: env:CARDWRIGHT_VCARD_PASSPHRASE, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    pub passphrase_from: Option<Source>,
    /// A command to run with the cards in their readers; when it ends they are taken out. Its exit code is passed on;
    /// where a signal ended it, that is 128 and the signal's number.
    #[arg(last = true)]
    pub command: Vec<OsString>,
}

/// Parses a firmware version, `5.7.1` for one.
fn firmware(text: &str) -> Result<[u8; 3], String> {
    let numbers: Option<Vec<u8>> = text.split('.').map(|number| number.parse().ok()).collect();
    numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| "three numbers, as in 5.7.1".into())
}

//! The secret that the commands for virtual cards ask for.

use crate::cli::prompt::Ask;

pub const CARD_PASSPHRASE: Ask =
    Ask { what: "Passphrase of the virtual card", option: "--passphrase-from", env: "CARDWRIGHT_VCARD_PASSPHRASE" };

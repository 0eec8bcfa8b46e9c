//! The secrets that the server's commands ask for.

use crate::cli::prompt::Ask;

pub const CA_PIN: Ask = Ask { what: "PIN of the CA's token", option: "--ca-pin-from", env: "CARDWRIGHT_CA_PIN" };
pub const PASSPHRASE: Ask =
    Ask { what: "Passphrase of the key files", option: "--passphrase-from", env: "CARDWRIGHT_PASSPHRASE" };
pub const UPSTREAM: Ask =
    Ask { what: "Password or key for the CA elsewhere", option: "--secret-from", env: "CARDWRIGHT_UPSTREAM_SECRET" };

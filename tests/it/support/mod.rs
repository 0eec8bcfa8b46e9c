//! Fixtures that several subjects share.
//!
//! A PKCS#11 module reads its configuration from the environment when it is initialised, so one process has one
//! configuration a module. [`softhsm::token`] and [`kryoptic::token`] therefore set it once for the whole process, in a
//! directory of this process's own, and every test initialises a token of its own there, chosen by its label: tests run
//! side by side as threads (cargo test) or as processes (nextest). What needs a configuration to itself (another
//! program, the spy) is a child process with a [`softhsm::Private`] directory.

pub mod attesting;
pub mod browser;
#[path = "browser/proof.rs"]
mod browser_proof;
pub mod by_hand;
pub mod certificates;
pub mod data_directory;
pub mod directory;
pub mod domain;
pub mod errors;
pub mod flushes;
pub mod found;
pub mod gate;
pub mod gids;
pub mod journal;
pub mod kerberos;
pub mod kryoptic;
pub mod machine;
pub mod msroots;
pub mod odd_module;
pub mod openid;
pub mod p11_kit;
pub mod pcscd;
pub mod piv;
pub mod piv_authenticator;
pub mod port;
pub mod postgres;
pub mod program;
pub mod script;
pub mod site;
pub mod slapd;
pub mod softhsm;
pub mod spy;
pub mod template;
pub mod torture;
pub mod tpm;

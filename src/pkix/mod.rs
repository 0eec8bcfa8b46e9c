//! Certificates, certification requests and the messages that carry them: bytes <-> meaning.
//!
//! Floor 0: imports nothing of the project; holds no socket, file, clock or thread.

mod key;
mod signer;

pub use key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
pub use signer::{SignError, Signer};

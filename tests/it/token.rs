//! Tokens behind the seam: the contract on every kind, and PKCS#11 tokens on SoftHSM and on kryoptic.

mod bare;
mod calls;
mod choice;
mod contract;
mod fixture;
mod full;
mod lockout;
mod modules;
mod points;
mod tpm;

use cardwright::pkix::KeyAlgorithm;
use cardwright::secret::Pin;
use cardwright::token::{KeyId, KeyOrder};

const SO_PIN: &str = "87654321";
const PIN: &str = "123456";

fn pin(text: &str) -> Pin {
    Pin::new(text.into())
}

fn order(id: u8, algorithm: KeyAlgorithm) -> KeyOrder {
    KeyOrder { id: key_id(id), label: format!("key {id}"), algorithm, decrypts: false, replace: false }
}

fn key_id(id: u8) -> KeyId {
    KeyId(vec![0xca, id])
}

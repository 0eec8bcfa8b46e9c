//! Authenticates an archive: a MAC over its manifest, which holds the digest of every file, under a key that only the
//! passphrase opens. Without the passphrase nobody makes one, and nobody changes what is in one.

use crate::ca::{self, keyfile};
use crate::secret::Passphrase;
use aws_lc_rs::{hmac, rand};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Heads the sealed key.
const LABEL: &str = "CARDWRIGHT BACKUP KEY";

/// Holds what proves an archive's manifest; it is the archive's second member.
#[derive(Serialize, Deserialize)]
pub(super) struct ArchiveSeal {
    /// The key, sealed under the passphrase.
    key: String,
    /// HMAC with SHA-256 over the manifest's text; hexadecimal.
    mac: String,
}

impl ArchiveSeal {
    /// Makes the seal of a manifest, with a key of its own.
    pub fn make(manifest: &[u8], passphrase: &Passphrase) -> Result<Self, ca::Error> {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(key.as_mut_slice()).map_err(|_| ca::Error::Random)?;
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), manifest);
        Ok(Self { key: keyfile::seal(LABEL, key.as_slice(), passphrase)?, mac: hex::encode(mac) })
    }

    /// Says whether this is the seal of a manifest, made under the same passphrase; an error says why the key cannot be
    /// opened.
    pub fn is_of(&self, manifest: &[u8], passphrase: &Passphrase) -> Result<bool, ca::Error> {
        let key = keyfile::open(LABEL, &self.key, passphrase)?;
        let Ok(mac) = hex::decode(&self.mac) else { return Ok(false) };
        Ok(hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), manifest, &mac).is_ok())
    }
}

//! Vouches for acts: a MAC over an act's text, which names its chain, its number and the hash of the act before it.
//!
//! In: keys that live outside the database, texts. Out: MACs (HMAC-SHA-256, RFC 2104), and whether one was made here.
//! Absent: where the keys come from.

use super::audit_log::AuditRecord;
use aws_lc_rs::hmac;
use serde::Deserialize;

/// Names the evidence of an act that was done at the data directory, not by a server.
pub(super) const AT: &str = "at";
/// Is the value of that evidence.
pub(super) const DATA_DIRECTORY: &str = "data-directory";

/// Says who writes acts under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActWriter {
    /// A running server, which alone can open its key.
    Server,
    /// Commands at the data directory, which need no passphrase. Their acts say where they were done.
    Directory,
}

/// Makes and checks MACs of acts. It cannot be printed or cloned.
pub struct ActKey {
    writer: ActWriter,
    key: hmac::Key,
}

impl ActKey {
    /// Takes the key under which `writer` writes.
    pub fn new(writer: ActWriter, key: &[u8; 32]) -> Self {
        Self { writer, key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// Says whether acts under this key say that they were done at the data directory.
    pub(super) fn is_directory(&self) -> bool {
        self.writer == ActWriter::Directory
    }

    /// Returns the MAC of an act's text.
    pub(super) fn mac(&self, text: &str) -> hmac::Tag {
        hmac::sign(&self.key, text.as_bytes())
    }

    /// Says whether this key has vouched for a record.
    fn has_vouched(&self, record: &AuditRecord) -> bool {
        let Some(mac) = &record.mac else { return false };
        hmac::verify(&self.key, record.record.as_bytes(), mac).is_ok()
            && (!self.is_directory() || says_data_directory(&record.record))
    }
}

/// Says whether an act's text says that it was done at the data directory.
fn says_data_directory(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Act {
        evidence: Evidence,
    }
    #[derive(Deserialize)]
    struct Evidence {
        at: Option<String>,
    }
    serde_json::from_str::<Act>(text).is_ok_and(|act| act.evidence.at.as_deref() == Some(DATA_DIRECTORY))
}

/// Says whether a record was written by who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouching {
    Vouched,
    /// It bears no MAC, or one of nobody.
    Foreign,
    /// It bears a MAC, and the server's key is not at hand.
    Unknown,
}

/// Holds the keys whose acts are taken for true.
#[derive(Default)]
pub struct ActKeys {
    /// `None`: it cannot be opened here.
    pub server: Option<ActKey>,
    /// `None`: the data directory has none yet.
    pub directory: Option<ActKey>,
}

impl ActKeys {
    /// Says who has written a record.
    pub fn judge(&self, record: &AuditRecord) -> Vouching {
        let vouched = [&self.server, &self.directory].into_iter().flatten().any(|key| key.has_vouched(record));
        match (vouched, &self.server, &record.mac) {
            (true, _, _) => Vouching::Vouched,
            (false, None, Some(_)) => Vouching::Unknown,
            (false, _, _) => Vouching::Foreign,
        }
    }
}

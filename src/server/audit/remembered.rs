//! Spells what a server remembers of its log and lists: a text, and the signature of the log's key over it.

use super::contradiction::WitnessError;
use crate::pkix::{MemoryKey, PublicKey, SignatureAlgorithm, Signer};
use crate::store::ListKind;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names the format; no signed head of the log can be taken for it.
const FORMAT: &str = "cardwright-witness-1";

/// Holds the end of a chain as it was signed last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedHead {
    /// The number of the record.
    pub number: i64,
    /// Of the record; hexadecimal.
    pub hash: String,
    /// SHA-256 of the text that was signed; hexadecimal.
    pub signed: String,
}

/// Holds what is remembered: the end of each chain, and the number of the last list of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub(super) heads: BTreeMap<i64, RememberedHead>,
    pub(super) base_list: u64,
    pub(super) delta_list: u64,
    /// How often it was remembered anew; an older file has a lower number.
    #[serde(default)]
    pub generation: u64,
    /// The acts of the log say what all rows became.
    #[serde(default)]
    pub rows_logged: bool,
    /// Acts bear MACs: whatever is not signed yet and bears none was not written by a server.
    #[serde(default)]
    pub acts_vouched: bool,
}

/// Holds what is signed.
#[derive(Serialize, Deserialize)]
struct Said {
    witness: String,
    remembered: Remembered,
}

/// Holds the file's content.
#[derive(Serialize, Deserialize)]
struct File {
    said: String,
    signature: String,
}

impl Remembered {
    /// Reads a file's text; `None` where it is none of ours, or not signed with this key.
    pub fn read(text: &str, key: &PublicKey) -> Option<Self> {
        let file: File = serde_json::from_str(text).ok()?;
        let signature = STANDARD.decode(file.signature).ok()?;
        key.verify(SignatureAlgorithm::EcdsaSha256, file.said.as_bytes(), &signature).ok()?;
        let said: Said = serde_json::from_str(&file.said).ok()?;
        (said.witness == FORMAT).then_some(said.remembered)
    }

    /// Says whether a file's text, whoever has signed it, says that acts bear MACs.
    pub fn says_vouched(text: &str) -> bool {
        let file = serde_json::from_str::<File>(text);
        let said = file.and_then(|file| serde_json::from_str::<Said>(&file.said));
        said.is_ok_and(|said| said.remembered.acts_vouched)
    }

    /// Returns the file's text.
    pub fn signed_by(&self, key: &MemoryKey) -> Result<String, WitnessError> {
        let said = serde_json::to_string(&Said { witness: FORMAT.into(), remembered: self.clone() })?;
        let signature = STANDARD.encode(key.sign(said.as_bytes())?);
        Ok(serde_json::to_string_pretty(&File { said, signature })?)
    }

    /// Lists the chains and their ends.
    pub fn heads(&self) -> impl Iterator<Item = (i64, &RememberedHead)> {
        self.heads.iter().map(|(chain, head)| (*chain, head))
    }

    pub fn head(&self, chain: i64) -> Option<&RememberedHead> {
        self.heads.get(&chain)
    }

    pub fn set_head(&mut self, chain: i64, head: RememberedHead) {
        self.heads.insert(chain, head);
    }

    /// Returns the number of the last list; 0: none was made.
    pub fn list(&self, kind: ListKind) -> u64 {
        match kind {
            ListKind::Base => self.base_list,
            ListKind::Delta => self.delta_list,
        }
    }

    /// Returns the highest number of a list of either kind; they share their numbers.
    pub fn last_list(&self) -> u64 {
        self.base_list.max(self.delta_list)
    }

    pub fn set_list(&mut self, kind: ListKind, number: u64) {
        match kind {
            ListKind::Base => self.base_list = number,
            ListKind::Delta => self.delta_list = number,
        }
    }
}

//! What auditors read: the log of acts, its chains and their signed heads, what cards said of their keys. MIM CM has none.

use super::wire::body::body;
use super::wire::{Plain, Text, TextList};

/// An act of the log, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedAct {
    pub chain: u32,
    /// Counts from 1 within the chain.
    pub number: u64,
    /// The text the hash is made over, byte for byte.
    pub record: String,
    /// SHA-256, hexadecimal.
    pub hash: String,
}

body!(LoggedAct {
    chain: "Chain" => Plain<u32>,
    number: "Number" => Plain<u64>,
    record: "Record" => Plain<String>,
    hash: "Hash" => Plain<String>,
});

/// A chain of the log, and the last of its heads that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChain {
    pub chain: u32,
    /// The number of its last act.
    pub length: u64,
    /// The hash of its last act, hexadecimal.
    pub head: String,
    /// The text that was signed; empty: none yet.
    pub signed: String,
    /// ECDSA on P-256 with SHA-256, DER in base64; empty: none yet.
    pub signature: String,
    /// SHA-256 of the key's SubjectPublicKeyInfo, hexadecimal; empty: none yet.
    pub key: String,
}

body!(LogChain {
    chain: "Chain" => Plain<u32>,
    length: "Length" => Plain<u64>,
    head: "Head" => Plain<String>,
    signed: "Signed" => Text,
    signature: "Signature" => Text,
    key: "Key" => Text,
});

/// What a card has said of the key of a certificate, for auditors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationReport {
    /// It came from an authority that the template named; else nobody has verified it.
    pub proven: bool,
    /// Of the device's software: major, minor and patch, with dots.
    pub firmware: String,
    /// The device's own number, decimal; empty where it does not tell.
    pub device: String,
    /// In PEM: the key's attestation, then those it comes from as far as they were given.
    pub certificates: Vec<String>,
}

body!(AttestationReport {
    proven: "Proven" => Plain<bool>,
    firmware: "Firmware" => Text,
    device: "Device" => Text,
    certificates: "Certificates" => TextList,
});

//! What auditors read: the log of acts, its chains and their signed heads, attestations of keys. MIM CM has no calls
//! for this.

use super::wire::body::body;
use super::wire::{Plain, Text, TextList};

/// Holds one act of the log, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedAct {
    pub chain: u32,
    /// Counts from 1 within the chain.
    pub number: u64,
    /// The text that is hashed, byte for byte.
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

/// Describes a chain of the log and the last of its heads that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChain {
    pub chain: u32,
    /// The number of its last act.
    pub length: u64,
    /// The hash of its last act, hexadecimal.
    pub head: String,
    /// The text that was signed; empty where no head was signed yet.
    pub signed: String,
    /// ECDSA on P-256 with SHA-256, DER in base64; empty where no head was signed yet.
    pub signature: String,
    /// SHA-256 of the signing key's SubjectPublicKeyInfo, hexadecimal; empty where no head was signed yet.
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

/// Shows auditors what a card attested about the key of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationReport {
    /// True if the attestation came from an authority that the template names; otherwise nobody has verified it.
    pub proven: bool,
    /// Version of the device's firmware: major, minor and patch, with dots.
    pub firmware: String,
    /// Serial number of the device, decimal; empty where the device does not tell it.
    pub device: String,
    /// In PEM: the key's attestation, then its issuers' certificates as far as they were given.
    pub certificates: Vec<String>,
}

body!(AttestationReport {
    proven: "Proven" => Plain<bool>,
    firmware: "Firmware" => Text,
    device: "Device" => Text,
    certificates: "Certificates" => TextList,
});

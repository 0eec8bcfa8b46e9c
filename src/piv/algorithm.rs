//! Algorithm identifiers (SP 800-78-4, table 6-2) and those that YubiKeys add.

use crate::pkix::{KeyAlgorithm, KeyKind};
use crate::secret::AdminKey;
use zeroize::Zeroizing;

/// Returns the identifier by which a key pair of `algorithm` is ordered.
pub(super) fn identifier(algorithm: KeyAlgorithm) -> u8 {
    match algorithm {
        KeyAlgorithm::Rsa2048 => 0x07,
        // SP 800-78-4 has no identifier for these sizes, but cards have such keys: 05 is of SP 800-78-5, 16 is
        // YubiKey's.
        KeyAlgorithm::Rsa3072 => 0x05,
        KeyAlgorithm::Rsa4096 => 0x16,
        KeyAlgorithm::P256 => 0x11,
        KeyAlgorithm::P384 => 0x14,
    }
}

/// Returns the key pair that an identifier stands for; `None` if this program never orders such a key.
pub(super) fn key_algorithm(identifier: u8) -> Option<KeyAlgorithm> {
    KeyAlgorithm::ALL.into_iter().find(|algorithm| self::identifier(*algorithm) == identifier)
}

/// Returns the identifier with which a key of `kind` is used; `None` for sizes without an identifier.
pub(super) fn identifier_of_kind(kind: KeyKind) -> Option<u8> {
    match kind {
        KeyKind::Rsa { bits: 1024 } => Some(0x06),
        kind => KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.kind() == kind).map(identifier),
    }
}

/// Names the algorithm of the card management key 9B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ManagementAlgorithm {
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
}

impl ManagementAlgorithm {
    /// Lists the algorithms in the order in which a card that does not say is tried: the one sold most comes first.
    pub const ALL: [Self; 4] = [Self::TripleDes, Self::Aes192, Self::Aes256, Self::Aes128];

    /// Returns the algorithm's identifier.
    pub fn identifier(self) -> u8 {
        match self {
            Self::TripleDes => 0x03,
            Self::Aes128 => 0x08,
            Self::Aes192 => 0x0A,
            Self::Aes256 => 0x0C,
        }
    }

    /// Returns the algorithm that an identifier stands for; `None` if it is unknown.
    pub fn from_identifier(identifier: u8) -> Option<Self> {
        match identifier {
            // 00 is the older name of 3-key 3DES in ECB (SP 800-78-4, table 6-2).
            0x00 => Some(Self::TripleDes),
            other => Self::ALL.into_iter().find(|algorithm| algorithm.identifier() == other),
        }
    }

    /// Returns the length of the key in bytes.
    pub fn key_length(self) -> usize {
        match self {
            Self::TripleDes | Self::Aes192 => 24,
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }

    /// Returns the length of challenge and response in bytes: one block.
    pub fn block_length(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }

    /// Encrypts one block under `key` (ECB); `None` if key or block has the wrong length.
    pub fn encrypt(self, key: &AdminKey, block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let fits = key.expose().len() == self.key_length() && block.len() == self.block_length();
        if fits { key.encrypt(block) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(algorithm: ManagementAlgorithm, key: &str, block: &str) -> Option<String> {
        algorithm
            .encrypt(&AdminKey::from_hex(key).unwrap(), &hex::decode(block).unwrap())
            .map(|response| hex::encode(response.as_slice()))
    }

    /// Checks FIPS 197, appendix C, and the sample of MIM CM (3DES under 24 zero bytes).
    #[test]
    fn responses_are_those_of_the_standards() {
        let plain = "00112233445566778899aabbccddeeff";
        let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        for (algorithm, wanted) in [
            (ManagementAlgorithm::Aes128, "69c4e0d86a7b0430d8cdb78070b4c55a"),
            (ManagementAlgorithm::Aes192, "dda97ca4864cdfe06eaf70a0ec0d7191"),
            (ManagementAlgorithm::Aes256, "8ea2b7ca516745bfeafc49904b496089"),
        ] {
            assert_eq!(response(algorithm, &key[..2 * algorithm.key_length()], plain).as_deref(), Some(wanted));
        }
        let zeros = "00".repeat(24);
        let answer = response(ManagementAlgorithm::TripleDes, &zeros, "d61143f9ccffd2ca");
        assert_eq!(answer.as_deref(), Some("17466e766e303cb6"));
        assert_eq!(response(ManagementAlgorithm::TripleDes, &zeros, plain), None);
        assert_eq!(response(ManagementAlgorithm::Aes128, &zeros, plain), None);
    }
}

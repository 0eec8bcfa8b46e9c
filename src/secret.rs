//! Secrets: types that cannot be printed, cloned or serialised and are wiped when dropped.
//!
//! None of them implements `Debug`, `Display`, `Clone` or `Serialize`; a struct that holds one must say itself how it
//! is shown. `expose()` is the only door, and it is opened only where the bytes leave the process: a command encoder,
//! [`crate::pkcs11`], [`crate::cm::wire`], a key derivation.
//!
//! ```compile_fail
//! let pin = cardwright::secret::Pin::new("123456".into());
//! println!("{pin:?}");
//! ```
//! ```compile_fail
//! let pin = cardwright::secret::Pin::new("123456".into());
//! let copy = pin.clone();
//! ```
//! ```compile_fail
//! let pin = cardwright::secret::Pin::new("123456".into());
//! serde_json::to_string(&pin);
//! ```

use cipher::{Block, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

macro_rules! text_secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Takes over the text; its buffer is wiped when the secret is dropped.
            pub fn new(text: String) -> Self {
                Self(Zeroizing::new(text))
            }

            /// Lends the text to the one place that must send or compare it.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }
    };
}

macro_rules! byte_secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(Zeroizing<Vec<u8>>);

        impl $name {
            /// Takes over the bytes; their buffer is wiped when the secret is dropped.
            pub fn new(bytes: Vec<u8>) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// Reads hexadecimal digits; `None` when they are not hexadecimal.
            pub fn from_hex(text: &str) -> Option<Self> {
                hex::decode(text).ok().map(Self::new)
            }

            /// Lends the bytes to the one place that must send, compare or compute with them.
            pub fn expose(&self) -> &[u8] {
                &self.0
            }
        }
    };
}

text_secret! {
    /// A user PIN, or the SO PIN of a PKCS#11 token, as typed (UTF-8).
    Pin
}
text_secret! {
    /// The unblocking key of a PIV card: 6 to 8 characters.
    Puk
}
text_secret! {
    /// The bearer token a caller shows to a CM server (RFC 6750).
    BearerToken
}
text_secret! {
    /// The passphrase that opens a sealed file: the server's keys, a virtual card.
    Passphrase
}
text_secret! {
    /// What a person proves with, once, that a request may be executed.
    OneTimePassword
}
text_secret! {
    /// The password that a database server asks for.
    DatabasePassword
}
byte_secret! {
    /// A card's administrator key: 24 bytes of 3DES key on most cards; the SO PIN's source on PKCS#11 tokens.
    AdminKey
}
byte_secret! {
    /// The key from which each card's [`AdminKey`] is derived.
    MasterKey
}
byte_secret! {
    /// A key shared with an authority elsewhere.
    SharedKey
}

impl AdminKey {
    /// Encrypts one block (ECB), the answer to a card's challenge: 8 bytes by 3DES with three keys, 16 by the AES of the
    /// key's length; `None` when key and block do not go together.
    ///
    /// Weak keys are not refused: the all-zero key is the one a card fresh from the factory has.
    pub fn encrypt(&self, block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match (block.len(), self.0.len()) {
            (8, 24) => one_block::<des::TdesEde3>(&self.0, block),
            (16, 16) => one_block::<aes::Aes128>(&self.0, block),
            (16, 24) => one_block::<aes::Aes192>(&self.0, block),
            (16, 32) => one_block::<aes::Aes256>(&self.0, block),
            _ => None,
        }
    }
}

fn one_block<C: BlockCipherEncrypt + KeyInit>(key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = Block::<C>::try_from(block).ok()?;
    cipher.encrypt_block(&mut block);
    Some(Zeroizing::new(block.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encrypted(key: &str, block: &str) -> Option<String> {
        AdminKey::from_hex(key).unwrap().encrypt(&hex::decode(block).unwrap()).map(|it| hex::encode(it.as_slice()))
    }

    /// FIPS 197, appendix C, and the sample of MIM CM (3DES under 24 zero bytes).
    #[test]
    fn blocks_are_those_of_the_standards() {
        let plain = "00112233445566778899aabbccddeeff";
        let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        for (bytes, wanted) in [
            (16, "69c4e0d86a7b0430d8cdb78070b4c55a"),
            (24, "dda97ca4864cdfe06eaf70a0ec0d7191"),
            (32, "8ea2b7ca516745bfeafc49904b496089"),
        ] {
            assert_eq!(encrypted(&key[..2 * bytes], plain).as_deref(), Some(wanted));
        }
        let zeros = "00".repeat(24);
        assert_eq!(encrypted(&zeros, "d61143f9ccffd2ca").as_deref(), Some("17466e766e303cb6"));
    }

    #[test]
    fn key_and_block_must_go_together() {
        for (key, block) in [(16, 8), (32, 8), (23, 16), (24, 7), (24, 17), (0, 16), (24, 0)] {
            assert_eq!(encrypted(&"00".repeat(key), &"00".repeat(block)), None, "{key} {block}");
        }
    }
}

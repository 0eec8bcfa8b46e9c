//! Holds secrets in types that cannot be printed, cloned or serialised and are wiped when dropped.
//!
//! None of them implements `Debug`, `Display`, `Clone` or `Serialize`; a struct that holds one must implement `Debug`
//! itself. `expose()` is the only way to the content. Call it only where the bytes leave the process or are computed
//! with: a command encoder, [`crate::pkcs11`], [`crate::cm::wire`], a key derivation.
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

use cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

macro_rules! text_secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Takes ownership of the text; its buffer is wiped when the secret is dropped.
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
            /// Takes ownership of the bytes; their buffer is wiped when the secret is dropped.
            pub fn new(bytes: Vec<u8>) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// Reads hexadecimal digits; `None` for anything else.
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
    /// Holds a user PIN, or the SO PIN of a PKCS#11 token, as typed (UTF-8).
    Pin
}
text_secret! {
    /// Holds the PIN unblocking key of a PIV card: 6 to 8 characters.
    Puk
}
text_secret! {
    /// Holds the bearer token that a caller presents to a CM server (RFC 6750).
    BearerToken
}
text_secret! {
    /// Holds the passphrase of a sealed file: the server's keys, a virtual card.
    Passphrase
}
text_secret! {
    /// Holds the password with which a person proves, once, that a request may be executed.
    OneTimePassword
}
text_secret! {
    /// Holds the code with which the owner of a bearer token makes it, once.
    ActivationCode
}
text_secret! {
    /// Holds the code of a link with which a person signs in, once.
    LinkCode
}
text_secret! {
    /// Holds the password that a database server asks for.
    DatabasePassword
}
text_secret! {
    /// Holds the password with which a directory of people is asked.
    DirectoryPassword
}
text_secret! {
    /// Holds the secret by which an issuer of tokens knows this server (RFC 6749, 2.3.1).
    ClientSecret
}
text_secret! {
    /// Holds a token of an issuer, as it has given it to this server.
    IssuerToken
}
byte_secret! {
    /// Holds a card's administrator key: a 3DES key of 24 bytes on most cards. On a PKCS#11 token its hexadecimal
    /// digits are the SO PIN.
    AdminKey
}
byte_secret! {
    /// Holds the key from which each card's [`AdminKey`] is derived.
    MasterKey
}
byte_secret! {
    /// Holds a key shared with a certificate authority elsewhere.
    SharedKey
}

/// Sets how long a passphrase is at least that somebody chooses, in characters (NIST SP 800-63B, 5.1.1.2).
pub const SHORTEST_PASSPHRASE: usize = 8;

/// Bounds the block that a secret may not be a repetition of: 111111, 121212, 123123.
const LONGEST_BLOCK: usize = 3;

/// Says why a passphrase should not be chosen: what it protects can be taken away, and guessed at for as long as one
/// likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassphrase {
    #[error("it must have at least {SHORTEST_PASSPHRASE} characters")]
    Short,
    #[error(
        "the passphrase is among those that are guessed first: a repetition, or characters that follow one another"
    )]
    GuessedFirst,
}

impl Passphrase {
    /// Judges a passphrase that somebody chooses; one that opens what is there already is taken as it is.
    pub fn judge(&self) -> Result<(), WeakPassphrase> {
        match self.expose() {
            text if text.chars().count() < SHORTEST_PASSPHRASE => Err(WeakPassphrase::Short),
            text if is_guessed_first(text) => Err(WeakPassphrase::GuessedFirst),
            _ => Ok(()),
        }
    }
}

/// Says whether a secret is among those that are guessed first: one character or a short block over and over, or
/// characters that follow one another up or down (123456, 987654, 567890).
pub fn is_guessed_first(text: &str) -> bool {
    let bytes = text.as_bytes();
    let repeats =
        |block: usize| bytes.len() >= 2 * block && bytes.iter().skip(block).eq(bytes.iter().take(bytes.len() - block));
    let follow = |step: fn(u8, u8) -> bool| {
        bytes.len() > 2 && bytes.iter().zip(bytes.iter().skip(1)).all(|(one, next)| step(*one, *next))
    };
    (1..=LONGEST_BLOCK).any(repeats) || follow(is_next) || follow(|one, next| is_next(next, one))
}

/// Says whether `next` stands behind `one` on a keyboard's row of digits or in the alphabet.
fn is_next(one: u8, next: u8) -> bool {
    (one == b'9' && next == b'0') || one.checked_add(1) == Some(next)
}

/// Says why a text is no secret that somebody meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("it holds a byte-order mark or another character that nobody sees; write it without")]
    Unseen,
    #[error("it holds a control character, such as a line end or a tab; write it without")]
    Control,
}

/// Returns what a file, a variable or a pipe means by a secret's text: less one line end. Refuses what nobody types as
/// part of a secret, so that no try of one is spent on it.
pub fn meant(text: &str) -> Result<&str, Unfit> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    // Marks of byte order, of direction, and joints of no width.
    let unseen =
        |c: char| matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}');
    if line.contains(unseen) {
        return Err(Unfit::Unseen);
    }
    if line.contains(char::is_control) { Err(Unfit::Control) } else { Ok(line) }
}

impl AdminKey {
    /// Reads a key as people give it: the hexadecimal digits of 24 bytes, or of the 16 or 32 of AES-128 or AES-256.
    pub fn from_digits(digits: &str) -> Option<Self> {
        Self::from_hex(digits).filter(|key| matches!(key.0.len(), 16 | 24 | 32))
    }

    /// Encrypts one block (ECB), which answers a card's challenge: 8 bytes with three-key 3DES, 16 bytes with AES of
    /// the key's length. Returns `None` when key and block do not go together.
    ///
    /// Weak keys are not refused, because a card fresh from the factory has the all-zero key.
    pub fn encrypt(&self, block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match (block.len(), self.0.len()) {
            (8, 24) => one_block::<des::TdesEde3>(&self.0, block),
            (16, 16) => one_block::<aes::Aes128>(&self.0, block),
            (16, 24) => one_block::<aes::Aes192>(&self.0, block),
            (16, 32) => one_block::<aes::Aes256>(&self.0, block),
            _ => None,
        }
    }

    /// Decrypts what [`Self::encrypt`] has encrypted.
    pub fn decrypt(&self, block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match (block.len(), self.0.len()) {
            (8, 24) => one_block_back::<des::TdesEde3>(&self.0, block),
            (16, 16) => one_block_back::<aes::Aes128>(&self.0, block),
            (16, 24) => one_block_back::<aes::Aes192>(&self.0, block),
            (16, 32) => one_block_back::<aes::Aes256>(&self.0, block),
            _ => None,
        }
    }
}

/// Encrypts one block; `None` when key or block has the wrong length.
fn one_block<C: BlockCipherEncrypt + KeyInit>(key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = Block::<C>::try_from(block).ok()?;
    cipher.encrypt_block(&mut block);
    Some(Zeroizing::new(block.to_vec()))
}

/// Decrypts one block; `None` when key or block has the wrong length.
fn one_block_back<C: BlockCipherDecrypt + KeyInit>(key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = Block::<C>::try_from(block).ok()?;
    cipher.decrypt_block(&mut block);
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
            let back = AdminKey::from_hex(&key[..2 * bytes]).unwrap().decrypt(&hex::decode(wanted).unwrap()).unwrap();
            assert_eq!(hex::encode(back.as_slice()), plain);
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

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

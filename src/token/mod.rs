//! The seam: what every card or device can be asked, whatever tongue it speaks.
//!
//! In: secrets, key orders, bytes to sign. Out: public keys, signatures, facts about the token. Implemented by the
//! tongues ([`crate::pkcs11`], [`crate::piv`], [`crate::gids`]); called by [`crate::enrollment`]. It has never heard of HTTP, and names no APDU and no
//! `C_*` call. Retry counters are read before a try is spent, and a last try is spent only on [`LastTry::Spend`].

mod condition;
mod credentials;
mod error;
mod identity;
mod keys;
mod seam;
mod tries;

pub use condition::{CardIdentifier, Condition};
pub use credentials::{Admin, Authority, ChallengeResponder, Credentials, Operation, User};
pub use error::Error;
pub use identity::Identity;
pub use keys::{KeyId, KeyOrder, KeyWish, Placement, StoredKey};
pub use seam::{Session, Token};
pub use tries::{Counters, LastTry, SecretKind, Tries};

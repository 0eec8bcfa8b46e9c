//! Defines what every card or device can be asked, whatever protocol it speaks: the traits [`Token`] and [`Session`].
//!
//! In: secrets, key orders, bytes to sign. Out: public keys, signatures, facts about the token. Implemented by
//! [`crate::pkcs11`], [`crate::piv`] and [`crate::gids`]; called by [`crate::enrollment`]. Retry counters are read
//! before a try is spent, and a last try is spent only on [`LastTry::Spend`]. Absent: HTTP, APDUs, `C_*` calls.

mod condition;
mod credentials;
mod error;
mod factory;
mod form;
mod identity;
mod keys;
mod oddity;
mod prospect;
mod seam;
mod tries;

pub use condition::{CardIdentifier, Condition, LogonKey};
pub use credentials::{Admin, Authority, ChallengeResponder, Counterpart, Credentials, Operation, User};
pub use error::Error;
pub use factory::Factory;
pub use form::SecretForm;
pub use identity::{Identity, Origin, names_nothing};
pub use keys::{Arrival, KeyId, KeyOffer, KeyOrder, KeyWish, Placement, Room, StoredKey};
pub use oddity::{Oddity, StoredCertificate};
pub use prospect::{Expected, Prospect, Whence};
pub use seam::{Session, Token};
pub use tries::{Counters, LastTry, SecretKind, Tries};

//! Lists why a token refused, and when a try may be spent.

use super::keys::KeyId;
use super::tries::{LastTry, SecretKind, Tries};
use crate::pkix::{KeyAlgorithm, SignatureAlgorithm};

/// Says why a token refused, in words that fit every kind of token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the {secret} is wrong; {left}")]
    SecretRefused { secret: SecretKind, left: Tries },
    #[error("one try of the {secret} is left; it was not spent")]
    LastTryKept { secret: SecretKind },
    #[error("the {secret} is locked")]
    Locked { secret: SecretKind },
    /// It was not sent, because the card tells whether the secret is the one it came with, and what was given is not.
    #[error("the card says that its {secret} {}; what was given was not tried", still(*.is_default))]
    Contradicted { secret: SecretKind, is_default: bool },
    /// None of the token's secrets was looked at, so any of them may be right.
    #[error("the TPM refuses every secret for a while, after too many wrong ones (dictionary lockout)")]
    LockedOut,
    #[error("the {secret} has not been set")]
    NotSet { secret: SecretKind },
    #[error("the {secret} does not fit the token's rules ({})", bytes(*minimum, *maximum))]
    SecretLength { secret: SecretKind, minimum: usize, maximum: usize },
    #[error("the {secret} has characters that the token does not take")]
    SecretCharacters { secret: SecretKind },
    /// What was typed as the admin key of a card is none; nothing was sent to the card.
    #[error("the admin key must be 48 hexadecimal digits (32 or 64 where it is one of AES-128 or AES-256)")]
    AdminKeyForm,
    #[error("the token was removed")]
    Removed,
    #[error("the card was reset by another program or lost its power, and the login with it")]
    Reset,
    #[error("another program holds the reader")]
    Busy,
    #[error("the card did not answer in time")]
    Timeout,
    #[error("the service of the readers was stopped, and the login with it")]
    ServiceStopped,
    #[error("nobody typed a PIN at the reader")]
    PinPadCancelled,
    #[error("the token is full")]
    Full,
    #[error("the certificate has {length} bytes, and the token takes at most {largest}")]
    CertificateTooLarge { length: usize, largest: usize },
    #[error("this token does not offer {0}")]
    NotOffered(&'static str),
    #[error("the session lacks the administrator's authority")]
    AdminNeeded,
    #[error("the session lacks the user's PIN")]
    UserNeeded,
    #[error("the card has no serial of its own yet; initialise it first")]
    NoSerial,
    #[error("the token cannot make {0:?} keys")]
    Algorithm(KeyAlgorithm),
    #[error("the token cannot sign with {0:?}")]
    Signature(SignatureAlgorithm),
    #[error("key id {} is taken; delete what it names first, or choose another", hex::encode(&.0.0))]
    KeyIdTaken(KeyId),
    #[error("what should be written is not a certificate")]
    NotACertificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("nothing is stored under key id {}", hex::encode(&.0.0))]
    NoSuchKey(KeyId),
    #[error("the certificate under key id {} is gone, but the token neither deletes nor overwrites the key", hex::encode(&.0.0))]
    KeyStays(KeyId),
    #[error("this kind of token has no challenge to answer; it needs the administrator's secret itself")]
    NoChallenge,
    #[error("the administrator's responder failed")]
    Responder(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else; what the card or module answered is the source.
    #[error("the token failed at {operation}")]
    Device {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Writes the bounds of a length.
fn bytes(minimum: usize, maximum: usize) -> String {
    if minimum == maximum { format!("{minimum} bytes") } else { format!("{minimum} to {maximum} bytes") }
}

impl Error {
    /// Says whether the login is gone with the card, with its state, or with the service of the readers.
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::Removed | Self::Reset | Self::ServiceStopped)
    }

    /// Says whether a person may type the secret again at once: what was typed could not be a secret of this token, or
    /// it was refused and the token tells that more than the last try is left.
    pub fn may_type_again(&self) -> bool {
        if let Self::SecretRefused { secret, left } = self {
            return *left != Tries::Untold && left.may_try(*secret, LastTry::Keep).is_ok();
        }
        matches!(
            self,
            Self::SecretLength { .. } | Self::SecretCharacters { .. } | Self::AdminKeyForm | Self::Contradicted { .. }
        )
    }
}

impl Tries {
    /// Refuses to spend a try of a secret that is locked or not set, and the last try unless [`LastTry::Spend`] is
    /// given. Where the token does not tell its counter the try is allowed: the caller must not send a second secret
    /// after a wrong one.
    pub fn may_try(self, secret: SecretKind, last_try: LastTry) -> Result<(), Error> {
        match self {
            Tries::NotSet => Err(Error::NotSet { secret }),
            Tries::Locked | Tries::Left(0) => Err(Error::Locked { secret }),
            Tries::Last | Tries::Left(1) if last_try == LastTry::Keep => Err(Error::LastTryKept { secret }),
            Tries::Full | Tries::Low | Tries::Last | Tries::Left(_) | Tries::Untold => Ok(()),
        }
    }
}

fn still(is_default: bool) -> &'static str {
    if is_default { "is still the one it came with" } else { "is no longer the one it came with" }
}

//! What can go wrong between this program and a PIV card, and how it becomes a [`token::Error`].

use crate::iso7816::tlv::TlvError;
use crate::iso7816::{ChannelError, ExchangeError, StatusWord};
use crate::{pkix, token};
use std::error::Error as StdError;

/// Says what a card answered instead of doing what was asked; the source of [`token::Error::Device`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{command} was answered by {word}")]
    Status { command: &'static str, word: StatusWord },
    #[error("{command} got no whole answer")]
    Exchange {
        command: &'static str,
        #[source]
        source: ExchangeError,
    },
    #[error("the answer to {command} is not what the standard says")]
    Tlv {
        command: &'static str,
        #[source]
        source: TlvError,
    },
    #[error("the answer to {command} has {length} bytes")]
    Length { command: &'static str, length: usize },
    #[error("the card returned a public key that this program cannot use")]
    PublicKey(#[source] pkix::Error),
    #[error("the card returned a {returned} key where {wanted} was asked for")]
    OtherKey { wanted: pkix::KeyKind, returned: pkix::KeyKind },
    #[error("the card's signature does not verify with the key's public half")]
    Signature(#[source] pkix::Error),
    #[error("the management key's algorithm {identifier:02X} is not known here")]
    ManagementAlgorithm { identifier: u8 },
    #[error("the card takes none of 3DES, AES-128, AES-192 and AES-256 for its management key")]
    NoManagementAlgorithm,
    #[error("the response has {length} bytes, and the card's challenge {challenge}")]
    Response { length: usize, challenge: usize },
    #[error("key id {} is no PIV key reference", hex::encode(.id))]
    NoReference { id: Vec<u8> },
    #[error("the {secret} was not blocked after {tries} wrong tries")]
    NotBlocked { secret: token::SecretKind, tries: u8 },
    #[error("the private key cannot be taken apart for the card")]
    PrivateKey(#[source] pkix::Error),
    #[error("no random bytes were to be had")]
    Random,
}

impl Error {
    /// Wraps the fact into a [`token::Error`], with the operation that failed.
    pub(super) fn at(self, operation: &'static str) -> token::Error {
        token::Error::Device { operation, source: Box::new(self) }
    }
}

/// Turns a failure of the channel into a [`token::Error`].
pub(super) fn channel(operation: &'static str) -> impl Fn(ChannelError) -> token::Error {
    move |error| match error {
        ChannelError::Removed => token::Error::Removed,
        ChannelError::Reset => token::Error::Reset,
        ChannelError::Busy { .. } => token::Error::Busy,
        ChannelError::Timeout { .. } => token::Error::Timeout,
        ChannelError::ServiceStopped => token::Error::ServiceStopped,
        other @ ChannelError::Reader(_) => {
            token::Error::Device { operation, source: Box::new(other) as Box<dyn StdError + Send + Sync> }
        }
    }
}

/// Turns a failed exchange into a [`token::Error`].
pub(super) fn exchange(command: &'static str) -> impl Fn(ExchangeError) -> token::Error {
    move |error| match error {
        ExchangeError::Channel(error) => channel(command)(error),
        source @ (ExchangeError::Answer { .. }
        | ExchangeError::Oversize { .. }
        | ExchangeError::TooLong { .. }
        | ExchangeError::NoChaining { .. }
        | ExchangeError::MiddleOfChain { .. }
        | ExchangeError::WrongLengthForChange { .. }
        | ExchangeError::NothingCame { .. }
        | ExchangeError::Endless { .. }
        | ExchangeError::TooMuch { .. }) => Error::Exchange { command, source }.at(command),
    }
}

/// Says at which command an answer broke the rules of BER-TLV.
pub(super) fn malformed(command: &'static str) -> impl Fn(TlvError) -> token::Error {
    move |source| Error::Tlv { command, source }.at(command)
}

/// Returns the status word of a refusal, if `error` is one.
pub(super) fn refused_with(error: &token::Error) -> Option<StatusWord> {
    let token::Error::Device { source, .. } = error else { return None };
    let Error::Status { word, .. } = source.downcast_ref()? else { return None };
    Some(*word)
}

/// Says whether the error is an answer that broke the rules of BER-TLV.
pub(super) fn is_malformed(error: &token::Error) -> bool {
    let token::Error::Device { source, .. } = error else { return false };
    matches!(source.downcast_ref(), Some(Error::Tlv { .. }))
}

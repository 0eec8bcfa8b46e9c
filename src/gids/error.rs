//! What a GIDS card can answer instead of doing what was asked, and how it becomes a [`token::Error`].

use crate::iso7816::tlv::TlvError;
use crate::iso7816::{ChannelError, ExchangeError, StatusWord};
use crate::{pkix, token};

/// Says why a GIDS card or one of its files could not be used; the source of [`token::Error::Device`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the card answers {command} with {status}")]
    Refused { command: &'static str, status: StatusWord },
    #[error("the card's answer to {command} cannot be read")]
    Answer { command: &'static str, source: TlvError },
    #[error(transparent)]
    Exchange(ExchangeError),
    #[error("the reader failed")]
    Reader(#[source] ChannelError),
    #[error("the file {file} of {length} bytes is not laid out as it should be")]
    Layout { file: &'static str, length: usize },
    #[error("the master file does not name {file}")]
    NoFile { file: &'static str },
    #[error("the certificate's file cannot be packed")]
    Zlib(#[source] std::io::Error),
    #[error("what the file {file} holds is broken, and stays as it is")]
    BrokenCompression { file: &'static str },
    #[error("what the file {file} holds cannot be read, and stays as it is")]
    Bundle {
        file: &'static str,
        #[source]
        source: pkix::Error,
    },
    #[error("the card's public key is one this program cannot use")]
    PublicKey(#[source] pkix::Error),
    #[error("the private key cannot be written as RFC 8017 has it")]
    PrivateKey,
    #[error("the card does not show the public key of what it was given")]
    OtherPublicKey,
    #[error("a challenge of {challenge} bytes was answered with {response}; nothing was sent to the card")]
    ResponseLength { challenge: usize, response: usize },
    #[error("a key id of {length} bytes names no container; it is 16 bytes of a UUID, or these and an index")]
    ContainerName { length: usize },
    #[error("the card is in use already; initialising it again would erase what it holds")]
    AlreadyInitialised,
}

/// Wraps `source` into a [`token::Error`], with the operation that failed.
pub(super) fn device(operation: &'static str, source: Error) -> token::Error {
    token::Error::Device { operation, source: Box::new(source) }
}

/// Turns a refusal into what it usually means: the card is full, or the user's PIN is not proven. Any other word
/// becomes [`Error::Refused`].
pub(super) fn refused(command: &'static str, status: StatusWord) -> token::Error {
    match status {
        StatusWord::NOT_ENOUGH_MEMORY => token::Error::Full,
        StatusWord::SECURITY_STATUS_NOT_SATISFIED => token::Error::UserNeeded,
        _ => device(command, Error::Refused { command, status }),
    }
}

/// Turns a failure of the channel into a [`token::Error`].
pub(super) fn channel(operation: &'static str, error: ChannelError) -> token::Error {
    match error {
        ChannelError::Removed => token::Error::Removed,
        ChannelError::Reset => token::Error::Reset,
        ChannelError::Busy { .. } => token::Error::Busy,
        ChannelError::Timeout { .. } => token::Error::Timeout,
        ChannelError::ServiceStopped => token::Error::ServiceStopped,
        error @ ChannelError::Reader(_) => device(operation, Error::Reader(error)),
    }
}

/// Says that the answer to a command is not made of the data objects that it should be made of.
pub(super) fn unreadable(command: &'static str) -> impl Fn(TlvError) -> token::Error {
    move |source| device(command, Error::Answer { command, source })
}

/// Takes what the card answered about one object: `None` where it shows none, or one that is none. A failure of card or
/// reader stays an error.
pub(super) fn shown<T>(answer: Result<T, token::Error>) -> Result<Option<T>, token::Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(token::Error::UserNeeded) => Ok(None),
        Err(token::Error::Device { operation, source }) => match source.downcast_ref() {
            Some(Error::Refused { .. } | Error::Answer { .. } | Error::PublicKey(_)) => Ok(None),
            _ => Err(token::Error::Device { operation, source }),
        },
        Err(error) => Err(error),
    }
}

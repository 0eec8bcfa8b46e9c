//! What went wrong inside the server: for the log, never for the caller.

use crate::cm::wire::BodyError;
use crate::server::audit::contradiction::WitnessError;
use crate::server::keys::diversify::KeyError;
use crate::server::keys::request_keys::RequestKeyError;
use crate::{ca, pkix, store};

/// Says what went wrong inside the server, for the log only.
#[derive(Debug, thiserror::Error)]
pub enum Internal {
    #[error("the store failed")]
    Store(#[source] store::Error),
    #[error("the CA failed")]
    Ca(#[source] ca::Error),
    #[error("an admin key cannot be derived")]
    Key(#[source] KeyError),
    #[error("an answer cannot be written")]
    Write(#[source] serde_json::Error),
    #[error("an answer of the server's own cannot be read")]
    OwnAnswer(#[source] BodyError),
    #[error("the system gave no random bytes")]
    Random,
    #[error("the handler panicked")]
    Panicked,
    #[error("a private key cannot be archived or brought back")]
    Archive(#[source] pkix::Error),
    #[error("a kept attestation cannot be read")]
    Attestation(#[source] pkix::Error),
    #[error("a key cannot be made or written as PKCS#12")]
    MakeKey(#[source] pkix::Error),
    #[error("a key that ends with a request cannot be made or read")]
    RequestKey(#[source] RequestKeyError),
    #[error("there is no recovery key, though keys are to be archived or brought back")]
    NoRecoveryKey,
    #[error("the log or the lists of the database are not to be relied on")]
    Witness(#[source] WitnessError),
    #[error("what [directory] names cannot be used")]
    Directory(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("a record names a {0} that does not exist")]
    Dangling(&'static str),
}

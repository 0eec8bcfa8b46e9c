//! Has the ends of the log's chains signed as they grow, so that a holder of the public key sees whether the log was
//! rewritten; makes and opens the key.

use super::act_keys;
use super::witness::Witness;
use crate::ca::{self, keyfile};
use crate::pkix::{self, KeyAlgorithm, MemoryKey, Signer};
use crate::secret::Passphrase;
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::monitoring::metrics::Metrics;
use crate::store::Store;
use der::pem::{self, LineEnding};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Sets how often new heads are looked for; this is the shortest time between two signatures of a chain.
const INTERVAL: Duration = Duration::from_secs(1);

/// Says why the key of the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the key cannot be sealed, opened or kept")]
    Ca(#[from] ca::Error),
    #[error("the key cannot be made")]
    Pkix(#[from] pkix::Error),
    #[error("the key for acts at the data directory cannot be derived")]
    Acts(#[source] pkix::Error),
    #[error("the public half cannot be written")]
    Public(#[source] der::Error),
}

/// Opens the key that signs the log; makes it where there is none, and puts its public half beside it, and the key under
/// which commands at the data directory write acts.
pub fn key(directory: &DataDirectory, passphrase: &Passphrase) -> Result<MemoryKey, LogKeyError> {
    let key = match files::read_if_there(&directory.audit_key())? {
        Some(sealed) => keyfile::open_private_key(&sealed, passphrase)?,
        None => {
            let key = MemoryKey::generate(KeyAlgorithm::P256)?;
            keyfile::write_new(&directory.audit_key(), &keyfile::seal_private_key(key.expose_pkcs8(), passphrase)?)?;
            key
        }
    };
    let public = pem::encode_string("PUBLIC KEY", LineEnding::LF, key.public_key().spki());
    let public = public.map_err(|error| LogKeyError::Public(error.into()))?;
    // Whoever checks the log trusts this file, so it is always that of the key.
    if files::read_if_there(&directory.audit_public_key())?.is_none_or(|found| found != public) {
        files::replace(&directory.audit_public_key(), public.as_bytes())?;
    }
    let acts = act_keys::file_text(&key).map_err(LogKeyError::Acts)?;
    if files::read_if_there(&directory.act_key())?.map(Zeroizing::new).is_none_or(|found| found != acts) {
        files::replace(&directory.act_key(), acts.as_bytes())?;
    }
    Ok(key)
}

/// Signs new heads until told to end, and then once more.
pub async fn follow(store: Store, witness: Arc<Witness>, metrics: Arc<Metrics>, ending: CancellationToken) {
    loop {
        let last = ending.is_cancelled();
        let signed = witness.sign_heads(&store).await;
        metrics.upkeep_ended("log", signed.is_ok());
        if let Err(error) = signed {
            tracing::error!(error = &error as &dyn std::error::Error, "the log of acts was not signed");
        }
        if last {
            witness.end().await;
            return;
        }
        ending.run_until_cancelled(tokio::time::sleep(INTERVAL)).await;
    }
}

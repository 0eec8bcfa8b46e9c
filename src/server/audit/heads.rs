//! Signs where each chain of the log of acts ends, so that a holder of the public key sees whether the log was
//! rewritten.

use crate::ca::{self, keyfile};
use crate::pkix::{self, KeyAlgorithm, MemoryKey, SignError, Signer};
use crate::secret::Passphrase;
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::store::{self, AuditSignature, ChainHead, Store, signed_text};
use der::pem::{self, LineEnding};
use std::collections::BTreeMap;
use std::time::Duration;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// Sets how often new heads are looked for; this is the shortest time between two signatures of a chain.
const INTERVAL: Duration = Duration::from_secs(1);

/// Says why a head was not signed.
#[derive(Debug, thiserror::Error)]
enum SigningError {
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error(transparent)]
    Key(#[from] SignError),
    #[error("the time cannot be written")]
    Time,
}

/// Says why the key of the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the key cannot be sealed, opened or kept")]
    Ca(#[from] ca::Error),
    #[error("the key cannot be made")]
    Pkix(#[from] pkix::Error),
    #[error("the public half cannot be written")]
    Public(#[source] der::Error),
}

/// Opens the key that signs the log; makes it at the first start and puts its public half beside it.
pub fn key(directory: &DataDirectory, passphrase: &Passphrase) -> Result<MemoryKey, LogKeyError> {
    let key = match files::read_if_there(&directory.audit_key())? {
        Some(sealed) => keyfile::open_private_key(&sealed, passphrase)?,
        None => {
            let key = MemoryKey::generate(KeyAlgorithm::P256)?;
            keyfile::write_new(&directory.audit_key(), &keyfile::seal_private_key(key.expose_pkcs8(), passphrase)?)?;
            key
        }
    };
    if files::read_if_there(&directory.audit_public_key())?.is_none() {
        let public = pem::encode_string("PUBLIC KEY", LineEnding::LF, key.public_key().spki());
        let public = public.map_err(|error| LogKeyError::Public(error.into()))?;
        files::create(&directory.audit_public_key(), public.as_bytes())?;
    }
    Ok(key)
}

/// Signs new heads until told to end, and then once more.
pub async fn follow(store: Store, key: MemoryKey, ending: CancellationToken) {
    let mut signed = BTreeMap::new();
    loop {
        let last = ending.is_cancelled();
        if let Err(error) = sign_heads(&store, &key, &mut signed).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the log of acts could not be signed");
        }
        if last {
            return;
        }
        ending.run_until_cancelled(tokio::time::sleep(INTERVAL)).await;
    }
}

/// Signs each chain that has grown; `signed` has the length of each chain when it was last signed.
async fn sign_heads(store: &Store, key: &MemoryKey, signed: &mut BTreeMap<i64, i64>) -> Result<(), SigningError> {
    for head in store.audit_chains().await? {
        let known = match signed.get(&head.chain) {
            Some(number) => *number,
            None => store.last_audit_signature(head.chain).await?.map_or(0, |last| last.number),
        };
        if head.length > known {
            let signature = sign(key, &head)?;
            let kept = store.write(move |tx| Box::pin(async move { tx.keep_audit_signature(&signature).await }));
            kept.await?;
        }
        signed.insert(head.chain, head.length.max(known));
    }
    Ok(())
}

/// Signs a head with the present time.
fn sign(key: &MemoryKey, head: &ChainHead) -> Result<AuditSignature, SigningError> {
    let text = signed_text(head, OffsetDateTime::now_utc()).ok_or(SigningError::Time)?;
    let signature = key.sign(text.as_bytes())?;
    let key = key.public_key().sha256().to_vec();
    Ok(AuditSignature { chain: head.chain, number: head.length, signed: text, key, signature })
}

//! The archive of private keys: sealed to the recovery agents and to the server's own recovery key, opened by that one.
//!
//! Nothing else reads the archive, and nothing else holds the recovery key.

use super::config::{DataDirectory, RecoverySettings};
use super::error::{ApiError, Internal};
use super::files::{self, FileError};
use crate::ca::{self, keyfile};
use crate::pkix::enveloped::{self, MAX_RECIPIENTS, Recipient};
use crate::pkix::{self, Certificate, KeyAlgorithm, MemoryKey, Signer};
use crate::secret::Passphrase;
use crate::store::Store;
use std::path::PathBuf;

/// RSA keys of agents are at least this long, in bits.
const FEWEST_RSA_BITS: usize = 2048;
/// The server is a recipient itself.
const MOST_AGENTS: usize = MAX_RECIPIENTS - 1;

/// Who can open what is archived.
pub struct RecoveryKeys {
    own: MemoryKey,
    agents: Vec<Certificate>,
}

/// Why the archive cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the recovery key cannot be opened or made")]
    Key(#[from] ca::Error),
    #[error("the recovery key cannot be made")]
    Make(#[source] pkix::Error),
    #[error("{} is no certificate of a recovery agent", path.display())]
    Agent { path: PathBuf, source: pkix::Error },
    #[error("the key in {} is too short for a recovery agent: at least RSA {FEWEST_RSA_BITS} or P-256", path.display())]
    WeakAgent { path: PathBuf },
    #[error("{count} recovery agents are named; at most {MOST_AGENTS} are taken")]
    TooManyAgents { count: usize },
}

impl RecoveryKeys {
    /// Opens the server's recovery key and reads the agents' certificates. `needed`: a key that is not there yet is made;
    /// otherwise `None` is the answer.
    pub fn open(
        directory: &DataDirectory,
        settings: &RecoverySettings,
        passphrase: &Passphrase,
        needed: bool,
    ) -> Result<Option<Self>, RecoveryError> {
        let path = directory.recovery_key();
        let own = match files::read_if_there(&path)? {
            Some(text) => keyfile::open_private_key(&text, passphrase)?,
            None if needed => {
                let key = MemoryKey::generate(KeyAlgorithm::P384).map_err(RecoveryError::Make)?;
                keyfile::write_new(&path, &keyfile::seal_private_key(key.expose_pkcs8(), passphrase)?)?;
                key
            }
            None => return Ok(None),
        };
        if settings.agents.len() > MOST_AGENTS {
            return Err(RecoveryError::TooManyAgents { count: settings.agents.len() });
        }
        let agent = |name: &PathBuf| agent(directory.file(name));
        Ok(Some(Self { own, agents: settings.agents.iter().map(agent).collect::<Result<_, _>>()? }))
    }

    /// Seals a private key: to all who may bring it back, or to the server alone where it does not last.
    pub fn seal(&self, key: &MemoryKey, lasts: bool) -> Result<Vec<u8>, ApiError> {
        let failed = |error| ApiError::Internal(Internal::Archive(error));
        let mut recipients = vec![Recipient::key(self.own.public_key().clone())];
        if lasts {
            for agent in &self.agents {
                recipients.push(Recipient::holder(agent).map_err(failed)?);
            }
        }
        enveloped::seal(key.expose_pkcs8(), &recipients).map_err(failed)
    }

    /// Opens the archived key of a certificate, and makes sure that it is that one's.
    pub async fn key(&self, store: &Store, serial: &[u8], certificate: &Certificate) -> Result<MemoryKey, ApiError> {
        let failed = |error| ApiError::Internal(Internal::Archive(error));
        let sealed = store.archived_key(serial).await?;
        let sealed = sealed.ok_or(ApiError::Internal(Internal::Dangling("archived key")))?;
        let key = MemoryKey::from_pkcs8(&enveloped::open(&sealed, &self.own, None).map_err(failed)?).map_err(failed)?;
        if !certificate.is_for(key.public_key()) {
            return Err(failed(pkix::Error::NotForThisKey));
        }
        Ok(key)
    }
}

fn agent(path: PathBuf) -> Result<Certificate, RecoveryError> {
    let text = files::read(&path)?;
    let read = Certificate::from_pem(&text).and_then(|certificate| Ok((certificate.public_key()?, certificate)));
    let (key, certificate) = read.map_err(|source| RecoveryError::Agent { path: path.clone(), source })?;
    match key.kind() {
        pkix::KeyKind::Rsa { bits } if bits < FEWEST_RSA_BITS => Err(RecoveryError::WeakAgent { path }),
        _ => Ok(certificate),
    }
}

//! Seals private keys for the archive and opens them again. A key is sealed to the recovery agents and to the server's
//! own recovery key, which opens it; where a template says so, to its agents alone, and to the server only until the
//! request ends, under a key that ends with it.
//!
//! Nothing else reads the archive, and nothing else holds the recovery key.

use super::request_keys::{RequestKeyError, RequestKeys};
use crate::ca::{self, TokenOpener, keyfile};
use crate::pkix::enveloped::{self, MAX_RECIPIENTS, Recipient};
use crate::pkix::{self, Certificate, KeyAlgorithm, MemoryKey, Opener, Signer};
use crate::secret::{Passphrase, Pin};
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::ca::RecoverySettings;
use crate::store::Store;
use crate::template::{KeySource, ProfileTemplate, RecoveryPolicy, Templates};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Sets how long RSA keys of agents must be at least, in bits.
const FEWEST_RSA_BITS: usize = 2048;
/// Bounds the agents of one key; the server is a recipient itself.
const MOST_AGENTS: usize = MAX_RECIPIENTS - 1;

/// Holds who can open what is archived.
pub struct RecoveryKeys {
    /// Keys are sealed to the first; the others open what was sealed to them earlier.
    own: Vec<Box<dyn Opener>>,
    /// By template.
    circles: HashMap<Uuid, Circle>,
    /// What does not last is sealed under these as well.
    requests: RequestKeys,
}

/// Holds who can open what one template has archived.
struct Circle {
    agents: Vec<Certificate>,
    agents_only: bool,
}

/// Holds a private key as it goes into the archive.
pub struct SealedKey {
    /// Sealed so that the server can open it.
    pub sealed: Vec<u8>,
    /// True: `sealed` is kept for good; false: until the request ends.
    pub lasts: bool,
    /// Sealed so that only the agents can open it; kept for good.
    pub for_agents: Option<Vec<u8>>,
}

/// Says why the archive cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the recovery key cannot be opened or made")]
    Key(#[from] ca::Error),
    #[error("the recovery key is in a token: its PIN is needed")]
    NoPin,
    #[error("the recovery key cannot be made")]
    Make(#[source] pkix::Error),
    #[error("{} is no certificate of a recovery agent", path.display())]
    Agent { path: PathBuf, source: pkix::Error },
    #[error("the key in {} is too short for a recovery agent: at least RSA {FEWEST_RSA_BITS} or P-256", path.display())]
    WeakAgent { path: PathBuf },
    #[error("{count} recovery agents are named; at most {MOST_AGENTS} are taken")]
    TooManyAgents { count: usize },
    #[error(
        "only agents are to open what the template \"{template}\" archives, but neither it nor server.toml names one"
    )]
    NoAgents { template: String },
}

/// Says why a key cannot be archived or brought back.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("there is no recovery key")]
    NoRecoveryKey,
    #[error("the key cannot be sealed or opened")]
    Key(#[source] pkix::Error),
    #[error("the key was kept until its request ends")]
    Request(#[from] RequestKeyError),
    #[error("the certificate has no archived key")]
    Missing,
    #[error("the store failed")]
    Store(#[from] crate::store::Error),
}

impl RecoveryKeys {
    /// Opens the server's recovery key and reads the agents' certificates. A missing key is made where a template has
    /// the server make keys; otherwise the result is `None`.
    pub fn open(
        directory: &DataDirectory,
        settings: &RecoverySettings,
        passphrase: &Passphrase,
        pin: Option<&Pin>,
        templates: &Templates,
    ) -> Result<Option<Self>, RecoveryError> {
        let made_here =
            |template: &&Arc<ProfileTemplate>| template.entries().any(|entry| entry.key.source != KeySource::Client);
        let needed = templates.iter().any(|template| made_here(&template));
        let mut own: Vec<Box<dyn Opener>> = Vec::new();
        if let Some(token) = &settings.pkcs11 {
            let pin = Pin::new(pin.ok_or(RecoveryError::NoPin)?.expose().to_owned());
            let opened = TokenOpener::open(token.module.clone(), token.selector(), pin, &token.key_label, needed)?;
            own.extend(opened.map(|key| Box::new(key) as Box<dyn Opener>));
        }
        let made = needed && own.is_empty();
        own.extend(from_file(directory, passphrase, made)?.map(|key| Box::new(key) as Box<dyn Opener>));
        if own.is_empty() {
            return Ok(None);
        }
        let general = agents(directory, &settings.agents)?;
        let mut circles = HashMap::new();
        for template in templates.iter().filter(made_here) {
            let RecoveryPolicy { agents: named, agents_only } = &template.recovery;
            let agents = if named.is_empty() { general.clone() } else { agents(directory, named)? };
            if *agents_only && agents.is_empty() {
                return Err(RecoveryError::NoAgents { template: template.name.clone() });
            }
            circles.insert(template.uuid, Circle { agents, agents_only: *agents_only });
        }
        Ok(Some(Self { own, circles, requests: RequestKeys::in_directory(directory.request_keys()) }))
    }

    /// Seals a private key of a template. One that is archived is sealed to the agents, and to the server for good
    /// unless only agents may open it; any other is sealed to the server alone, until the request ends.
    pub fn seal(
        &self,
        template: Uuid,
        request: Uuid,
        key: &MemoryKey,
        archived: bool,
    ) -> Result<SealedKey, ArchiveError> {
        let failed = |error| ArchiveError::Key(error);
        let circle = self.circles.get(&template).ok_or(ArchiveError::NoRecoveryKey)?;
        let own = self.own.first().ok_or(ArchiveError::NoRecoveryKey)?;
        let own = || Recipient::key(own.sealed_to().clone());
        let agents = || circle.agents.iter().map(Recipient::holder).collect::<Result<Vec<_>, _>>().map_err(failed);
        let seal = |to: Vec<Recipient>| enveloped::seal(key.expose_pkcs8(), &to).map_err(failed);
        if archived && !circle.agents_only {
            let all = std::iter::once(own()).chain(agents()?).collect();
            return Ok(SealedKey { sealed: seal(all)?, lasts: true, for_agents: None });
        }
        let for_agents = if archived { Some(seal(agents()?)?) } else { None };
        let sealed = self.requests.seal(request, &seal(vec![own()])?)?;
        Ok(SealedKey { sealed, lasts: false, for_agents })
    }

    /// Has what was kept for a request be opened no more; says whether there was anything.
    pub fn forget(&self, request: Uuid) -> Result<bool, FileError> {
        self.requests.destroy(request)
    }

    /// Lists the requests for which something is kept here.
    pub fn kept_for(&self) -> Result<Vec<Uuid>, FileError> {
        self.requests.requests()
    }

    /// Opens a sealed key with the recovery key that it was sealed to.
    fn opened(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, pkix::Error> {
        let mut last = Err(pkix::Error::NotForThisKey);
        for own in &self.own {
            last = enveloped::open(sealed, own.as_ref(), None);
            if !matches!(last, Err(pkix::Error::NotForThisKey)) {
                break;
            }
        }
        last
    }

    /// Opens the archived key of a certificate, which was made for `request`; fails where it is another certificate's.
    pub async fn key(
        &self,
        store: &Store,
        request: Uuid,
        serial: &[u8],
        certificate: &Certificate,
    ) -> Result<MemoryKey, ArchiveError> {
        let failed = |error| ArchiveError::Key(error);
        let sealed = store.archived_key(serial).await?;
        let mut sealed = Zeroizing::new(sealed.ok_or(ArchiveError::Missing)?);
        if RequestKeys::has_sealed(&sealed) {
            sealed = self.requests.open(request, &sealed)?;
        }
        // A token may take its time.
        let opened = tokio::task::block_in_place(|| self.opened(&sealed)).map_err(failed)?;
        let key = MemoryKey::from_pkcs8(&opened).map_err(failed)?;
        if !certificate.is_for(key.public_key()) {
            return Err(failed(pkix::Error::NotForThisKey));
        }
        Ok(key)
    }
}

/// Opens the recovery key in its file; makes it where there is none and `make` says so.
fn from_file(
    directory: &DataDirectory,
    passphrase: &Passphrase,
    make: bool,
) -> Result<Option<MemoryKey>, RecoveryError> {
    let path = directory.recovery_key();
    match files::read_if_there(&path)? {
        Some(text) => Ok(Some(keyfile::open_private_key(&text, passphrase)?)),
        None if make => {
            let key = MemoryKey::generate(KeyAlgorithm::P384).map_err(RecoveryError::Make)?;
            keyfile::write_new(&path, &keyfile::seal_private_key(key.expose_pkcs8(), passphrase)?)?;
            Ok(Some(key))
        }
        None => Ok(None),
    }
}

/// Reads the agents' certificates.
fn agents(directory: &DataDirectory, named: &[PathBuf]) -> Result<Vec<Certificate>, RecoveryError> {
    if named.len() > MOST_AGENTS {
        return Err(RecoveryError::TooManyAgents { count: named.len() });
    }
    named.iter().map(|name| agent(directory.beside(name))).collect()
}

/// Reads an agent's certificate; refuses a weak key.
fn agent(path: PathBuf) -> Result<Certificate, RecoveryError> {
    let text = files::read(&path)?;
    let read = Certificate::from_pem(&text).and_then(|certificate| Ok((certificate.public_key()?, certificate)));
    let (key, certificate) = read.map_err(|source| RecoveryError::Agent { path: path.clone(), source })?;
    match key.kind() {
        pkix::KeyKind::Rsa { bits } if bits < FEWEST_RSA_BITS => Err(RecoveryError::WeakAgent { path }),
        _ => Ok(certificate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_agents_are_looked_for_and_no_more() {
        let directory = DataDirectory::new("/nowhere");
        let refused = |count| agents(&directory, &vec![PathBuf::from("agent.pem"); count]).err().unwrap();
        for count in [1, MOST_AGENTS] {
            assert!(matches!(refused(count), RecoveryError::File(_)), "{count}");
        }
        for count in [MOST_AGENTS + 1, MOST_AGENTS + 2] {
            assert!(matches!(refused(count), RecoveryError::TooManyAgents { count: told } if told == count));
        }
    }
}

//! `server ca`: installs what the CA above this server's own has issued, and keeps the secret for a CA elsewhere.

use super::init::InitError;
use crate::ca::{self, keyfile};
use crate::pkix::{Certificate, CertificationRequest};
use crate::secret::Passphrase;
use crate::server::authority::upstream::SECRET;
use crate::server::data_directory::files;
use crate::server::data_directory::layout::DataDirectory;
use std::path::Path;
use time::OffsetDateTime;

/// Installs the chain (PEM, in any order, up to the root) that answers the request made by `init`; returns it, the CA's
/// own certificate first. Nothing is installed unless every link verifies.
pub fn ca_install(data_dir: &Path, chain: &Path) -> Result<Vec<Certificate>, InitError> {
    let directory = DataDirectory::existing(data_dir)?;
    if directory.ca_certificate().exists() {
        return Err(InitError::Installed);
    }
    let request = files::read_if_there(&directory.ca_request())?.ok_or(InitError::NoRequest)?;
    let request = CertificationRequest::from_pem(&request).map_err(ca::Error::Key)?;
    let given = files::read(chain)?;
    let chain = ca::verified_chain(&given, request.public_key(), OffsetDateTime::now_utc())?;
    let text: String = chain.iter().map(Certificate::to_pem).collect();
    files::create(&directory.ca_certificate(), text.as_bytes())?;
    Ok(chain)
}

/// Seals and keeps the password or key by which a CA elsewhere knows this server; replaces one that is there.
///
/// Fails where `passphrase` does not open the CA's key file.
pub fn ca_secret(data_dir: &Path, secret: &Passphrase, passphrase: &Passphrase) -> Result<(), InitError> {
    let directory = DataDirectory::existing(data_dir)?;
    // Opened first: a secret under another passphrase than the server's would be of no use.
    if directory.ca_key().is_file() {
        keyfile::open_private_key(&keyfile::read(&directory.ca_key())?, passphrase)?;
    }
    let sealed = keyfile::seal(SECRET, secret.expose().as_bytes(), passphrase)?;
    Ok(files::replace(&directory.upstream_secret(), sealed.as_bytes())?)
}

//! An authority of somebody else's, whose certificates let their people in: by which rule, and by which revocation list.
//!
//! A list is read again when its file has changed. One that is too old lets nobody in: whoever keeps a new list from
//! coming here gains nothing.

use super::error::IdentityError;
use super::way::Failure;
use crate::pkix::Certificate;
use crate::pkix::crl::{MAX_LIST, RevocationList};
use crate::server::data_directory::files;
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::identity::{AnchorSettings, UserBy};
use crate::server::error::ApiError;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use time::OffsetDateTime;

/// Says in `crl` that there is no list.
const NO_LIST: &str = "none";

/// Holds an authority and its rules.
pub struct Anchor {
    pub certificate: Certificate,
    pub settings: AnchorSettings,
    /// `None`: the settings say that there is none.
    list: Option<ListFile>,
}

/// Holds a list as it was read last.
struct ListFile {
    path: PathBuf,
    kept: Mutex<Option<(SystemTime, Arc<RevocationList>)>>,
}

impl Anchor {
    /// Reads the authority's certificate and its list; refuses settings without a rule or without a word on the list.
    pub fn open(settings: AnchorSettings, directory: &DataDirectory) -> Result<Self, IdentityError> {
        let wrong = |problem| IdentityError::Setting { table: "identity.certificate.anchors", problem };
        let pem = files::read(&directory.beside(&settings.file))?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| wrong("a file is no certificate in PEM"))?;
        if matches!(settings.user_by, UserBy::Name | UserBy::LocalPart) {
            return Err(wrong("user_by is \"upn\" or \"email\""));
        }
        if settings.domains.is_empty() && settings.subjects.is_empty() {
            return Err(wrong("domains or subjects must say who is let in"));
        }
        let list = match settings.crl.as_deref() {
            None => return Err(wrong("crl must name the file of the authority's revocation list, or be \"none\"")),
            Some(NO_LIST) => None,
            Some(file) => {
                let path = directory.beside(Path::new(file));
                read(&path, &certificate)?;
                Some(ListFile { path, kept: Mutex::default() })
            }
        };
        Ok(Self { certificate, settings, list })
    }

    /// Refuses a certificate of this authority that its list names, or where the list cannot say.
    pub fn check_revocation(&self, certificate: &Certificate, now: OffsetDateTime) -> Result<(), Failure> {
        let Some(file) = &self.list else { return Ok(()) };
        let list = file.current(&self.certificate).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(%error, cause, "nobody is let in by this authority's certificates");
            ApiError::NotAuthenticated
        })?;
        if list.next_update.is_some_and(|next| next < now) {
            let file = file.path.display();
            tracing::error!(%file, "the revocation list is too old: nobody is let in by this authority's certificates");
            return Err(ApiError::NotAuthenticated.into());
        }
        if list.names(certificate) {
            return Err(Failure::of(ApiError::CertificateRevoked, &certificate.subject()));
        }
        Ok(())
    }
}

impl ListFile {
    /// Returns the list that the file holds now.
    fn current(&self, issuer: &Certificate) -> Result<Arc<RevocationList>, IdentityError> {
        let modified = files::modified(&self.path)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, list)) = kept.as_ref().filter(|(at, _)| *at == modified) {
            return Ok(Arc::clone(list));
        }
        let list = Arc::new(read(&self.path, issuer)?);
        *kept = Some((modified, Arc::clone(&list)));
        Ok(list)
    }
}

/// Reads the list in a file.
fn read(path: &Path, issuer: &Certificate) -> Result<RevocationList, IdentityError> {
    let bytes = files::read_bytes(path, MAX_LIST)?;
    RevocationList::read(&bytes, issuer).map_err(|source| IdentityError::List { path: path.to_owned(), source })
}

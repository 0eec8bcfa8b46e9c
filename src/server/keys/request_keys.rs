//! Keys under which private keys are sealed that are kept until a request ends: one a request, in a file that is in no
//! database and no backup, and that is overwritten and removed when the request ends.
//!
//! What is left of such a private key in a file, a log of the database, a dead row or an old backup can be opened by
//! nobody then, not even by whoever has all other keys of the server.

use crate::platform::file;
use crate::server::data_directory::files::{self, FileError};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Begins what is sealed; what an earlier release has kept begins otherwise (CMS: a SEQUENCE).
const MARK: &[u8; 4] = b"CWR1";
/// Sets the length of a key, in bytes.
const KEY_LEN: usize = 32;
/// Ends the name of a key's file; the request's UUID is before it.
const EXTENSION: &str = "key";

/// Says why a request's key cannot be made, read or removed, or something not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum RequestKeyError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the system gave no random bytes")]
    Random,
    #[error("what is kept cannot be sealed")]
    Seal,
    /// The request has ended, or another server has the key.
    #[error("there is no key of request {0} here")]
    Gone(Uuid),
    #[error("what is kept is not what was sealed for request {0}")]
    Other(Uuid),
}

/// Holds where the keys are.
pub struct RequestKeys(PathBuf);

impl RequestKeys {
    /// Names the directory, which is made with the first key.
    pub fn in_directory(path: PathBuf) -> Self {
        Self(path)
    }

    /// Says whether this was sealed under a request's key.
    pub fn has_sealed(sealed: &[u8]) -> bool {
        sealed.starts_with(MARK)
    }

    /// Seals under the key of a request, which is made where there is none, and durable before this returns.
    pub fn seal(&self, request: Uuid, plain: &[u8]) -> Result<Vec<u8>, RequestKeyError> {
        let key = match self.read(request)? {
            Some(key) => key,
            None => self.make(request)?,
        };
        let key = RandomizedNonceKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| RequestKeyError::Seal)?;
        let mut content = plain.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(request.as_bytes()), &mut content);
        let nonce = nonce.map_err(|_| RequestKeyError::Seal)?;
        Ok([MARK.as_slice(), nonce.as_ref(), &content].concat())
    }

    /// Opens what [`Self::seal`] has sealed for this request.
    pub fn open(&self, request: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, RequestKeyError> {
        let other = || RequestKeyError::Other(request);
        let key = self.read(request)?.ok_or(RequestKeyError::Gone(request))?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| other())?;
        let rest = sealed.strip_prefix(MARK).ok_or_else(other)?;
        let (nonce, content) = rest.split_at_checked(NONCE_LEN).ok_or_else(other)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| other())?;
        let mut content = Zeroizing::new(content.to_vec());
        let length = key.open_in_place(nonce, Aad::from(request.as_bytes()), &mut content).map_err(|_| other())?.len();
        content.truncate(length);
        Ok(content)
    }

    /// Overwrites and removes the key of a request, durably; says whether there was one.
    pub fn destroy(&self, request: Uuid) -> Result<bool, FileError> {
        let path = self.path(request);
        match file::wipe(&path, KEY_LEN) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(source) => Err(FileError { path, what: "wiped", source }),
        }
    }

    /// Lists the requests that have a key.
    pub fn requests(&self) -> Result<Vec<Uuid>, FileError> {
        let failed = |source| FileError { path: self.0.clone(), what: "read", source };
        let entries = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut requests = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let is_key = path.extension().is_some_and(|extension| extension == EXTENSION);
            let name = path.file_stem().and_then(|name| name.to_str()).filter(|_| is_key);
            requests.extend(name.and_then(|name| name.parse::<Uuid>().ok()));
        }
        Ok(requests)
    }

    fn path(&self, request: Uuid) -> PathBuf {
        self.0.join(request.to_string()).with_extension(EXTENSION)
    }

    fn read(&self, request: Uuid) -> Result<Option<Zeroizing<[u8; KEY_LEN]>>, FileError> {
        let path = self.path(request);
        let mut key = Zeroizing::new([0; KEY_LEN]);
        let read = std::fs::File::open(&path).and_then(|mut file| file.read_exact(key.as_mut_slice()));
        match read {
            Ok(()) => Ok(Some(key)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FileError { path, what: "read", source }),
        }
    }

    /// Makes the key of a request; takes the one that another call has made meanwhile.
    fn make(&self, request: Uuid) -> Result<Zeroizing<[u8; KEY_LEN]>, RequestKeyError> {
        if let Err(error) = files::make_directory(&self.0)
            && error.source.kind() != ErrorKind::AlreadyExists
        {
            return Err(error.into());
        }
        let path = self.path(request);
        let mut key = Zeroizing::new([0; KEY_LEN]);
        rand::fill(key.as_mut_slice()).map_err(|_| RequestKeyError::Random)?;
        match file::place_new(&path, &draft(&path), key.as_slice(), file::Readers::Owner) {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.read(request)?.ok_or(RequestKeyError::Gone(request))
            }
            Err(source) => Err(FileError { path, what: "written", source }.into()),
        }
    }
}

/// Names a file beside that nobody else uses.
fn draft(path: &Path) -> PathBuf {
    path.with_extension(Uuid::new_v4().simple().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Uuid = Uuid::from_u128(7);

    fn keys() -> (tempfile::TempDir, RequestKeys) {
        let directory = tempfile::tempdir().unwrap();
        let keys = RequestKeys::in_directory(directory.path().join("keys"));
        (directory, keys)
    }

    #[test]
    fn what_is_not_there_yet_is_nothing_and_what_is_ended_is_gone() {
        let (_directory, keys) = keys();
        assert!(keys.requests().unwrap().is_empty() && !keys.destroy(REQUEST).unwrap());
        let sealed = keys.seal(REQUEST, b"a private key").unwrap();
        assert_eq!(
            (keys.requests().unwrap(), keys.open(REQUEST, &sealed).unwrap().as_slice()),
            (vec![REQUEST], &b"a private key"[..])
        );
        assert!(keys.destroy(REQUEST).unwrap() && !keys.destroy(REQUEST).unwrap());
        assert!(matches!(keys.open(REQUEST, &sealed), Err(RequestKeyError::Gone(REQUEST))));
    }

    /// What fails is not taken for what is not there: a key would be called destroyed, or made a second time.
    #[test]
    fn what_cannot_be_looked_at_is_told() {
        let (_directory, keys) = keys();
        std::fs::write(&keys.0, b"no directory").unwrap();
        assert_eq!(keys.requests().unwrap_err().what, "read");
        assert_eq!(keys.destroy(REQUEST).unwrap_err().what, "wiped");
        assert!(matches!(keys.seal(REQUEST, b""), Err(RequestKeyError::File(_))));
        assert!(matches!(keys.make(REQUEST), Err(RequestKeyError::File(FileError { what: "written", .. }))));
        std::fs::remove_file(&keys.0).unwrap();
        keys.seal(REQUEST, b"").unwrap();
        std::fs::write(keys.path(REQUEST), [1; KEY_LEN - 1]).unwrap();
        assert!(matches!(keys.seal(REQUEST, b""), Err(RequestKeyError::File(FileError { what: "read", .. }))));
    }

    #[test]
    fn two_calls_that_make_one_key_have_the_same() {
        let (_directory, keys) = keys();
        let first = keys.make(REQUEST).unwrap();
        assert_eq!(*keys.make(REQUEST).unwrap(), *first);
        assert_eq!(std::fs::read(keys.path(REQUEST)).unwrap(), first.as_slice());
    }
}

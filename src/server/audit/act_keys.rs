//! Derives the keys that vouch for acts from the key that signs the log, and keeps the one for commands at the data
//! directory beside it.
//!
//! In: the log's key, or that file. Out: keys, each with a label of its own (HKDF with SHA-256, RFC 5869). The log's key
//! cannot be told from them. Absent: the MACs themselves (`store`).

use super::remembered::Remembered;
use crate::pkix::{self, MemoryKey, PrivateNumbers};
use crate::server::data_directory::database::DatabaseError;
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::store::{ActKey, ActKeys, ActWriter};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

/// Separates the key of running servers from all else that is derived.
const SERVER: &[u8] = b"cardwright acts of a server, 1";
/// Likewise, of commands at the data directory.
const DIRECTORY: &[u8] = b"cardwright acts at the data directory, 1";

/// Holds the bytes of a derived key.
type Derived = Zeroizing<[u8; 32]>;

/// Sets the length of a derived key.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

/// Derives a key from the log's private number.
fn derived(key: &MemoryKey, label: &[u8]) -> Result<Derived, pkix::Error> {
    let PrivateNumbers::Ec { scalar } = key.expose_numbers()? else { return Err(pkix::Error::PrivateKey) };
    let mut bytes = Derived::default();
    let filled = Salt::new(HKDF_SHA256, &[])
        .extract(&scalar)
        .expand(&[label], Length)
        .and_then(|derived| derived.fill(bytes.as_mut_slice()));
    filled.map_err(|_| pkix::Error::PrivateKey)?;
    Ok(bytes)
}

/// Derives the key under which a running server writes acts.
pub fn of_server(key: &MemoryKey) -> Result<ActKey, pkix::Error> {
    Ok(ActKey::new(ActWriter::Server, &*derived(key, SERVER)?))
}

/// Derives all keys whose acts are taken for true.
pub fn all(key: &MemoryKey) -> Result<ActKeys, pkix::Error> {
    let directory = ActKey::new(ActWriter::Directory, &*derived(key, DIRECTORY)?);
    Ok(ActKeys { server: Some(of_server(key)?), directory: Some(directory) })
}

/// Returns what stands in the file for commands at the data directory.
pub(super) fn file_text(key: &MemoryKey) -> Result<Zeroizing<String>, pkix::Error> {
    Ok(Zeroizing::new(hex::encode(derived(key, DIRECTORY)?.as_slice()) + "\n"))
}

/// Reads the key for commands at the data directory; `None` where there is none.
pub fn of_directory(directory: &DataDirectory) -> Result<Option<ActKey>, FileError> {
    let path = directory.act_key();
    let Some(text) = files::read_if_there(&path)?.map(Zeroizing::new) else { return Ok(None) };
    let mut bytes = Derived::default();
    hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).map_err(|_| FileError {
        path,
        what: "used, for it holds no key; start the server, which writes it anew",
        source: std::io::ErrorKind::InvalidData.into(),
    })?;
    Ok(Some(ActKey::new(ActWriter::Directory, &bytes)))
}

/// Reads the key for commands at the data directory; `None` where no server of this release has run yet, so that acts
/// need none.
pub fn needed_at_directory(directory: &DataDirectory) -> Result<Option<ActKey>, DatabaseError> {
    if let Some(key) = of_directory(directory)? {
        return Ok(Some(key));
    }
    let remembered = files::read_if_there(&directory.witness())?;
    match remembered.is_some_and(|text| Remembered::says_vouched(&text)) {
        true => Err(DatabaseError::NoActKey(directory.act_key())),
        false => Ok(None),
    }
}

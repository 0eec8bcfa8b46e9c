//! Seals secrets under a passphrase, in PEM, and keeps them in files that only their owner may read.
//!
//! A private key is a PKCS#8 EncryptedPrivateKeyInfo (RFC 5958, 3) that `openssl pkey` opens: PBES2 with scrypt and
//! AES-256-CBC. Any other secret is sealed with AES-256-GCM instead, so that a wrong passphrase or an altered file is
//! always noticed; its label is encrypted with it, so that one secret cannot be put in another's place.

use super::error::Error;
use crate::pkix::MemoryKey;
use crate::platform::file::{Readers, place_new};
use crate::secret::Passphrase;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use der::pem::{self, LineEnding};
use der::{Decode, Encode};
use pkcs8::EncryptedPrivateKeyInfoOwned;
use pkcs8::pkcs5::{self, pbes2, scrypt};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Is the PEM label of a private key (RFC 7468, 11).
const PRIVATE_KEY: &str = "ENCRYPTED PRIVATE KEY";
/// Sets scrypt's N = 2^14 and r = 8, which take 16 MiB, the most that OpenSSL opens by default; p = 4 raises the cost
/// further.
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 4;
/// Limits the memory that opening a file may take, in MiB.
const MOST_MEBIBYTES: u64 = 512;
/// Limits scrypt's N times r times p: 32 times what is written here, some seconds.
const MOST_BLOCKS: u64 = 1 << 24;
/// Limits the rounds of PBKDF2: what RFC 8018, 4.2 has for especially critical keys, some seconds.
const MOST_ROUNDS: u64 = 10_000_000;
const MOST_BYTES: u64 = 64 * 1024;

/// Seals a private key (PKCS#8, DER) under a passphrase. Sealing and opening take tenths of a second.
pub fn seal_private_key(pkcs8: &[u8], passphrase: &Passphrase) -> Result<String, Error> {
    let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(cost()?, &random::<16>()?, random()?);
    seal_with(PRIVATE_KEY, &parameters.map_err(|_| Error::Encryption)?, pkcs8, passphrase)
}

/// Opens a private key that [`seal_private_key`] or OpenSSL (PKCS#8, PBES2) has sealed.
pub fn open_private_key(text: &str, passphrase: &Passphrase) -> Result<MemoryKey, Error> {
    let pkcs8 = open_with(PRIVATE_KEY, text, passphrase)?;
    // With CBC one wrong passphrase in 256 goes unnoticed; the result is no key then.
    if der::AnyRef::from_der(&pkcs8).is_err() {
        return Err(Error::Passphrase);
    }
    MemoryKey::from_pkcs8(&pkcs8).map_err(Error::Key)
}

/// Seals bytes under a passphrase. `label` names them, in capitals; it is the PEM label and is encrypted with them.
pub fn seal(label: &str, bytes: &[u8], passphrase: &Passphrase) -> Result<String, Error> {
    let parameters = pbes2::Parameters::scrypt_aes256gcm(cost()?, &random::<16>()?, random()?);
    let plain = Zeroizing::new([label.as_bytes(), &[0], bytes].concat());
    seal_with(label, &parameters.map_err(|_| Error::Encryption)?, &plain, passphrase)
}

/// Opens what [`seal`] has sealed under the same label. Errors: [`Error::Passphrase`], [`Error::KeyFileLabel`],
/// [`Error::KeyFileDamaged`], [`Error::KeyFileCost`].
pub fn open(label: &str, text: &str, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Error> {
    let plain = open_with(label, text, passphrase)?;
    let bytes = plain.strip_prefix(label.as_bytes()).and_then(|rest| rest.strip_prefix(&[0]));
    bytes.map(|bytes| Zeroizing::new(bytes.to_vec())).ok_or(Error::Passphrase)
}

/// Writes a file that only its owner may read, completely and durably or not at all. A file that exists is left as it
/// is ([`Error::Exists`]).
pub fn write_new(path: &Path, text: &str) -> Result<(), Error> {
    write(path, text, Readers::Owner)
}

/// Reads a key file of at most 64 KiB.
pub fn read(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::File { path: path.into(), action: "read", source };
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text)).map_err(failed)?;
    match u64::try_from(read) {
        Ok(0..=MOST_BYTES) => Ok(text),
        _ => Err(Error::FileSize { path: path.into(), limit: MOST_BYTES }),
    }
}

/// Writes a file whole and on disk or not at all; a file that is there stays as it is.
pub(super) fn write(path: &Path, text: &str, readers: Readers) -> Result<(), Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", hex::encode(random::<8>()?)));
    place_new(path, &PathBuf::from(beside), text.as_bytes(), readers).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Exists { path: path.into() },
        _ => Error::File { path: path.into(), action: "written", source },
    })
}

/// Encrypts and writes PEM.
fn seal_with(
    label: &str,
    parameters: &pbes2::Parameters,
    plain: &[u8],
    passphrase: &Passphrase,
) -> Result<String, Error> {
    if passphrase.expose().is_empty() {
        return Err(Error::NoPassphrase);
    }
    let encrypted = parameters.encrypt(passphrase.expose(), plain).map_err(|_| Error::Encryption)?;
    let sealed = EncryptedPrivateKeyInfoOwned {
        encryption_algorithm: parameters.clone().into(),
        encrypted_data: der::asn1::OctetString::new(encrypted).map_err(Error::Encoding)?,
    };
    let der = sealed.to_der().map_err(Error::Encoding)?;
    pem::encode_string(label, LineEnding::LF, &der).map_err(|source| Error::Encoding(source.into()))
}

/// Reads PEM, refuses a cost above the limits, and decrypts.
fn open_with(expected: &str, text: &str, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Error> {
    let damaged = |reason: &dyn std::fmt::Display| Error::KeyFileDamaged { reason: reason.to_string() };
    let (found, der) = pem::decode_vec(text.trim_ascii().as_bytes()).map_err(|error| damaged(&error))?;
    if found != expected {
        return Err(Error::KeyFileLabel { expected: expected.into(), found: found.into() });
    }
    let sealed = EncryptedPrivateKeyInfoOwned::from_der(&der).map_err(|error| damaged(&error))?;
    let scheme = sealed.encryption_algorithm.pbes2().ok_or_else(|| damaged(&"it is not PBES2 (RFC 8018, 6.2)"))?;
    check_cost(&scheme.kdf)?;
    let mut buffer = Zeroizing::new(sealed.encrypted_data.into_bytes().to_vec());
    match scheme.decrypt_in_place(passphrase.expose(), &mut buffer) {
        Ok(plain) => Ok(Zeroizing::new(plain.to_vec())),
        Err(pkcs5::Error::DecryptFailed) => Err(Error::Passphrase),
        Err(error) => Err(damaged(&error)),
    }
}

/// Refuses what takes more time or memory than anybody seals with; whoever wrote the file chose it.
fn check_cost(kdf: &pbes2::Kdf) -> Result<(), Error> {
    let within = |what, asked, limit| match asked <= limit {
        true => Ok(()),
        false => Err(Error::KeyFileCost { what, asked, limit }),
    };
    if let Some(scrypt) = kdf.scrypt() {
        let blocks = scrypt.cost_parameter.saturating_mul(scrypt.block_size.into());
        within("MiB of memory", blocks.saturating_mul(128).div_ceil(1 << 20), MOST_MEBIBYTES)?;
        within("blocks of scrypt", blocks.saturating_mul(scrypt.parallelization.into()), MOST_BLOCKS)?;
    }
    match kdf.pbkdf2() {
        Some(pbkdf2) => within("rounds of PBKDF2", pbkdf2.iteration_count.into(), MOST_ROUNDS),
        None => Ok(()),
    }
}

/// Returns the scrypt parameters.
fn cost() -> Result<scrypt::Params, Error> {
    scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P).map_err(|_| Error::Encryption)
}

/// Returns random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

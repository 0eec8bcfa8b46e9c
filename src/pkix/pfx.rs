//! Writes and reads PKCS#12 files (RFC 7292): a private key with its certificates under a password.

use super::certificate::Certificate;
use super::error::Error;
use super::memory::MemoryKey;
use super::signer::Signer;
use p12_keystore::{
    Certificate as P12Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12ImportPolicy,
    PrivateKey, PrivateKeyChain,
};

/// Sets how often the password is hashed, once for the key and once for the MAC.
const ITERATIONS: u32 = 10_000;
/// Limits a file that is read, in bytes.
const MAX_SIZE: usize = 256 * 1024;

const WHAT: &str = "PKCS#12 file";

/// Names the protection of a PKCS#12 file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PfxCipher {
    /// PBES2 with PBKDF2 and AES-256-CBC, a MAC by HMAC-SHA-256.
    Aes256,
    /// 3DES with three keys and a MAC by HMAC-SHA-1, for old readers.
    TripleDes,
}

/// Writes a PKCS#12 file: the key, its certificate, and the chain that issued it. `password` must not be empty, and all
/// its characters must be in Unicode's first plane (RFC 7292, B.1).
pub fn write(
    key: &MemoryKey,
    certificate: &Certificate,
    chain: &[Certificate],
    name: &str,
    password: &str,
    cipher: PfxCipher,
) -> Result<Vec<u8>, Error> {
    check_password(password)?;
    let failed = Error::pkcs12("written");
    let certificates = std::iter::once(certificate)
        .chain(chain)
        .map(|certificate| P12Certificate::from_der(certificate.der()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(&failed)?;
    let private_key = PrivateKey::from_der(key.expose_pkcs8()).map_err(&failed)?;
    let id = key.public_key().key_identifier();
    let mut store = KeyStore::new();
    let entry = PrivateKeyChain::new(id.as_slice(), private_key, certificates);
    store.add_entry(name, KeyStoreEntry::PrivateKeyChain(entry));
    let (encryption, mac) = match cipher {
        PfxCipher::Aes256 => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
        PfxCipher::TripleDes => (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
    };
    let writer = store.writer(password).encryption_algorithm(encryption).mac_algorithm(mac);
    writer.encryption_iterations(ITERATIONS).mac_iterations(ITERATIONS).write().map_err(failed)
}

/// Refuses a password that [`write()`] cannot use ([`Error::PfxPassword`]).
pub fn check_password(password: &str) -> Result<(), Error> {
    let usable = !password.is_empty() && password.chars().all(|character| u32::from(character) <= 0xFFFF);
    if usable { Ok(()) } else { Err(Error::PfxPassword) }
}

/// Reads the first key of a PKCS#12 file of at most 256 KiB, and its certificates, the key's own first.
pub fn read(bytes: &[u8], password: &str) -> Result<(MemoryKey, Vec<Certificate>), Error> {
    if bytes.len() > MAX_SIZE {
        return Err(Error::TooLarge { what: WHAT, size: bytes.len(), limit: MAX_SIZE });
    }
    let failed = Error::pkcs12("read");
    let store = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed).map_err(failed)?;
    let (_, chain) = store.private_key_chain().ok_or(Error::PrivateKey)?;
    let key = MemoryKey::from_pkcs8(chain.key().as_der())?;
    let certificates = chain.certs().iter().map(|it| Certificate::from_der(it.as_der())).collect::<Result<_, _>>()?;
    Ok((key, certificates))
}

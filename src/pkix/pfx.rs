//! Writes and reads PKCS#12 files (RFC 7292): a private key with its certificates under a password.

use super::certificate::Certificate;
use super::error::Error;
use super::memory::MemoryKey;
use super::signer::Signer;
use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use p12_keystore::{
    Certificate as P12Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12ImportPolicy,
    PrivateKey, PrivateKeyChain,
};

/// Limits a file that is read, in bytes.
const MAX_SIZE: usize = 256 * 1024;
/// Limits how often a file may have the password hashed, all its parts together: three times what p12-keystore lets one
/// part ask for, some seconds.
const MAX_ITERATIONS: u64 = 3_000_000;
/// Limits how deep a file is searched for parts; the numbers of a shrouded key stand seventeen levels deep.
const MAX_DEPTH: usize = 24;

const WHAT: &str = "PKCS#12 file";

/// Names the protection of a PKCS#12 file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PfxCipher {
    /// PBES2 with PBKDF2 and AES-256-CBC, a MAC by HMAC-SHA-256.
    Aes256,
    /// 3DES with three keys and a MAC by HMAC-SHA-1, for old readers.
    TripleDes,
}

/// Says how a file is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PfxProtection {
    pub cipher: PfxCipher,
    /// How often the password is hashed, once each for the key, the certificates and the MAC.
    pub rounds: u32,
}

impl Default for PfxProtection {
    /// Returns AES, and as many rounds as the strictest reader of today takes by default, .NET's since its version 9, which
    /// Windows' own programs use (300,000 for each, a million for all). OpenSSL, GnuTLS, NSS and Java take more.
    fn default() -> Self {
        Self { cipher: PfxCipher::Aes256, rounds: 300_000 }
    }
}

/// Writes a PKCS#12 file: the key, its certificate, and the chain that issued it. `password` must not be empty, and all
/// its characters must be in Unicode's first plane (RFC 7292, B.1).
pub fn write(
    key: &MemoryKey,
    certificate: &Certificate,
    chain: &[Certificate],
    name: &str,
    password: &str,
    protection: PfxProtection,
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
    let (encryption, mac) = match protection.cipher {
        PfxCipher::Aes256 => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
        PfxCipher::TripleDes => (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
    };
    let writer = store.writer(password).encryption_algorithm(encryption).mac_algorithm(mac);
    writer.encryption_iterations(protection.rounds).mac_iterations(protection.rounds).write().map_err(failed)
}

/// Refuses a password that [`write()`] cannot use ([`Error::PfxPassword`]).
pub fn check_password(password: &str) -> Result<(), Error> {
    let usable = !password.is_empty() && password.chars().all(|character| u32::from(character) <= 0xFFFF);
    if usable { Ok(()) } else { Err(Error::PfxPassword) }
}

/// Adds up how often the password would be hashed. Whatever the algorithm (RFC 7292, 4 and appendix C; RFC 8018, A.2),
/// the number stands behind the salt.
fn iterations(bytes: &[u8], depth: usize) -> u64 {
    let (Ok(mut reader), Some(depth)) = (SliceReader::new(bytes), depth.checked_sub(1)) else { return 0 };
    let (mut total, mut behind_salt) = (0u64, false);
    while !reader.is_finished() {
        let Ok(part) = AnyRef::decode(&mut reader) else { break };
        if behind_salt && part.tag() == Tag::Integer {
            total = total.saturating_add(part.decode_as().unwrap_or(u64::MAX));
        }
        behind_salt = part.tag() == Tag::OctetString;
        if behind_salt || part.tag().is_constructed() {
            total = total.saturating_add(iterations(part.value(), depth));
        }
    }
    total
}

/// Reads the first key of a PKCS#12 file of at most 256 KiB, and its certificates, the key's own first.
pub fn read(bytes: &[u8], password: &str) -> Result<(MemoryKey, Vec<Certificate>), Error> {
    if bytes.len() > MAX_SIZE {
        return Err(Error::TooLarge { what: WHAT, size: bytes.len(), limit: MAX_SIZE });
    }
    if iterations(bytes, MAX_DEPTH) > MAX_ITERATIONS {
        return Err(Error::PfxIterations { limit: MAX_ITERATIONS });
    }
    let failed = Error::pkcs12("read");
    let store = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed).map_err(failed)?;
    let (_, chain) = store.private_key_chain().ok_or(Error::PrivateKey)?;
    let key = MemoryKey::from_pkcs8(chain.key().as_der())?;
    let certificates = chain.certs().iter().map(|it| Certificate::from_der(it.as_der())).collect::<Result<_, _>>()?;
    Ok((key, certificates))
}

//! A key with its certificates for its owner to carry away (PKCS#12, RFC 7292), under the owner's password.

use p12_keystore::{
    Certificate as P12Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12ImportPolicy,
    PrivateKey, PrivateKeyChain,
};

use super::certificate::Certificate;
use super::error::Error;
use super::memory::MemoryKey;
use super::signer::Signer;

/// How often the password is hashed, for the key and for the MAC each.
const ITERATIONS: u32 = 10_000;
/// The largest file that is read, in bytes.
const MAX_SIZE: usize = 256 * 1024;

const WHAT: &str = "PKCS#12 file";

/// What a PKCS#12 file is protected with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PfxCipher {
    /// PBES2 with PBKDF2 and AES-256-CBC, a MAC by HMAC-SHA-256.
    Aes256,
    /// 3-key 3DES and a MAC by HMAC-SHA-1, for readers that know nothing later.
    TripleDes,
}

/// Writes a PKCS#12 file: the key, its certificate, and the chain that issued it, under a password that is not empty
/// and whose characters are all in Unicode's first plane (RFC 7292, B.1).
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

/// Refuses a password that [`write()`] cannot use.
pub fn check_password(password: &str) -> Result<(), Error> {
    let usable = !password.is_empty() && password.chars().all(|character| u32::from(character) <= 0xFFFF);
    if usable { Ok(()) } else { Err(Error::PfxPassword) }
}

/// Reads the first key of a PKCS#12 file of at most 256 KiB, and its certificates, its own first.
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

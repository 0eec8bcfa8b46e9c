//! Defines private keys that decrypt or agree, in memory or elsewhere.

use super::error::Error;
use super::key::PublicKey;
use super::key_algorithm::KeyKind;
use super::memory::MemoryKey;
use super::signer::Signer;
use aws_lc_rs::agreement::{self, Algorithm, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use zeroize::Zeroizing;

/// Decrypts or agrees with a private key, which may be in memory or in a token.
pub trait Opener: Send + Sync {
    /// Returns the public key that others encrypt to.
    fn sealed_to(&self) -> &PublicKey;

    /// Returns the secret that a key on P-256 or P-384 shares with an uncompressed point (SP 800-56A, 5.7.1.2).
    fn agree(&self, point: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;

    /// Decrypts RSAES-OAEP with SHA-256.
    fn decrypt(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;
}

/// Returns the curve of a key; `None` for RSA.
pub(super) fn curve(kind: KeyKind) -> Option<&'static Algorithm> {
    match kind {
        KeyKind::Rsa { .. } => None,
        KeyKind::P256 => Some(&ECDH_P256),
        KeyKind::P384 => Some(&ECDH_P384),
    }
}

/// Returns the secret that two keys share; `failed` is the error when there is none.
pub(super) fn shared(
    private: &PrivateKey,
    curve: &'static Algorithm,
    point: &[u8],
    failed: Error,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let point = UnparsedPublicKey::new(curve, point);
    agreement::agree(private, point, failed, |secret| Ok(Zeroizing::new(secret.to_vec())))
}

impl Opener for MemoryKey {
    fn sealed_to(&self) -> &PublicKey {
        self.public_key()
    }

    fn agree(&self, point: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let curve = curve(self.public_key().kind()).ok_or(Error::Opening)?;
        let private = PrivateKey::from_private_key_der(curve, self.expose_pkcs8()).map_err(|_| Error::Opening)?;
        shared(&private, curve, point, Error::Opening)
    }

    fn decrypt(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let private = PrivateDecryptingKey::from_pkcs8(self.expose_pkcs8()).map_err(|_| Error::Opening)?;
        let private = OaepPrivateDecryptingKey::new(private).map_err(|_| Error::Opening)?;
        let mut plain = Zeroizing::new(vec![0; private.min_output_size()]);
        let opened = private.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut plain, None);
        Ok(Zeroizing::new(opened.map_err(|_| Error::Opening)?.to_vec()))
    }
}

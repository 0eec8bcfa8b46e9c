//! Defines the signing key that stays elsewhere: in a token, a file, or memory.

use super::error::SignError;
use super::key::PublicKey;
use super::signature_algorithm::SignatureAlgorithm;

/// Signs with a private key that this room never sees.
pub trait Signer {
    /// Returns the public key.
    fn public_key(&self) -> &PublicKey;

    /// Returns the algorithm that [`Signer::sign`] uses.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Signs `message`, not its digest. The signature is PKCS#1 v1.5 with RSA, a DER `Ecdsa-Sig-Value` (RFC 3279,
    /// 2.2.3) with ECDSA.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

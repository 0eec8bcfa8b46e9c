//! A private key that stays elsewhere: in a token, a file, or memory.

use super::error::SignError;
use super::key::PublicKey;
use super::signature_algorithm::SignatureAlgorithm;

/// Signs with a private key that this room never sees.
pub trait Signer {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// How [`Signer::sign`] signs.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Signs `message` (not its digest). RSA: PKCS#1 v1.5; ECDSA: DER `Ecdsa-Sig-Value` (RFC 3279, 2.2.3).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

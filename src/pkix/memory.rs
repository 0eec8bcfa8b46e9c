//! Keeps private keys in memory: a server's own, and those that are generated off a card.

use super::error::{Error, SignError};
use super::key::PublicKey;
use super::key_algorithm::KeyAlgorithm;
use super::signature_algorithm::SignatureAlgorithm;
use super::signer::Signer;
use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use zeroize::Zeroizing;

/// Holds a private key in memory. It cannot be printed or cloned; its PKCS#8 bytes are wiped when it is dropped.
///
/// ```compile_fail
/// use cardwright::pkix::{KeyAlgorithm, MemoryKey};
/// println!("{:?}", MemoryKey::generate(KeyAlgorithm::P256));
/// ```
pub struct MemoryKey {
    pair: Pair,
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
    algorithm: SignatureAlgorithm,
}

/// Holds the key pair in the form that signs.
enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl MemoryKey {
    /// Generates a key pair. RSA 4096 may take seconds.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        let rsa = |size| -> Result<_, aws_lc_rs::error::Unspecified> {
            Ok(Zeroizing::new(RsaKeyPair::generate(size)?.as_der()?.as_ref().to_vec()))
        };
        let ec = |curve| -> Result<_, aws_lc_rs::error::Unspecified> {
            Ok(Zeroizing::new(EcdsaKeyPair::generate(curve)?.to_pkcs8v1()?.as_ref().to_vec()))
        };
        let pkcs8 = match algorithm {
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096),
            KeyAlgorithm::P256 => ec(&ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyAlgorithm::P384 => ec(&ECDSA_P384_SHA384_ASN1_SIGNING),
        };
        Self::from_pkcs8(&pkcs8.map_err(|_| Error::KeyGeneration)?)
    }

    /// Reads an RSA, P-256 or P-384 key from PKCS#8 (RFC 5958), DER and not encrypted.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, Error> {
        let (pair, public) = if let Ok(pair) = RsaKeyPair::from_pkcs8(pkcs8) {
            let public = pair.public_key();
            let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
            let exponent = public.exponent().big_endian_without_leading_zero().to_vec();
            (Pair::Rsa(pair), PublicKey::from_rsa(&modulus, &exponent)?)
        } else if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8) {
            let public = PublicKey::from_ec_point(KeyAlgorithm::P256, pair.public_key().as_ref())?;
            (Pair::Ecdsa(pair), public)
        } else if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pkcs8) {
            let public = PublicKey::from_ec_point(KeyAlgorithm::P384, pair.public_key().as_ref())?;
            (Pair::Ecdsa(pair), public)
        } else {
            return Err(Error::PrivateKey);
        };
        let algorithm = SignatureAlgorithm::default_for(public.algorithm().ok_or(Error::PrivateKey)?);
        Ok(Self { pair, pkcs8: Zeroizing::new(pkcs8.to_vec()), public, algorithm })
    }

    /// Sets the algorithm that [`Signer::sign`] uses: with RSA the hash may be SHA-256, SHA-384 or SHA-512, with ECDSA
    /// only the curve's own.
    pub fn with_algorithm(mut self, algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        let possible = match &self.pair {
            Pair::Rsa(_) => rsa_encoding(algorithm).is_some(),
            Pair::Ecdsa(_) => algorithm == self.algorithm,
        };
        if !possible {
            return Err(Error::AlgorithmMismatch { kind: self.public.kind(), algorithm });
        }
        self.algorithm = algorithm;
        Ok(self)
    }

    /// Lends the private key in PKCS#8, DER, to the one place that must store it or hand it to TLS.
    pub fn expose_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

/// Returns the padding and hash for RSA; `None` for algorithms that this type does not sign with.
fn rsa_encoding(algorithm: SignatureAlgorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha256 => Some(&RSA_PKCS1_SHA256),
        SignatureAlgorithm::RsaPkcs1Sha384 => Some(&RSA_PKCS1_SHA384),
        SignatureAlgorithm::RsaPkcs1Sha512 => Some(&RSA_PKCS1_SHA512),
        _ => None,
    }
}

impl Signer for MemoryKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let refused = |error: aws_lc_rs::error::Unspecified| SignError(error.into());
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding = rsa_encoding(self.algorithm).ok_or_else(|| refused(aws_lc_rs::error::Unspecified))?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).map_err(refused)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => Ok(pair.sign(&SystemRandom::new(), message).map_err(refused)?.as_ref().to_vec()),
        }
    }
}

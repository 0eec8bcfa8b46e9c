//! Signatures: what is hashed and padded here, and when the PIN is sent again (SP 800-73-4 part 2, 3.2.4).

use super::algorithm::identifier_of_kind;
use super::command::{self, GENERAL_AUTHENTICATE};
use super::error::{Error, malformed, refused_with};
use super::objects::random;
use super::reference::{KeyReference, PinPolicy};
use super::session::{Known, Login, PivSession};
use crate::iso7816::StatusWord;
use crate::iso7816::lenient;
use crate::iso7816::tlv::TlvError;
use crate::pkix::{KeyAlgorithm, KeyKind, PublicKey, SignatureAlgorithm};
use crate::token;

impl PivSession<'_> {
    /// Signs `message` with the key under `reference`. RSA signatures are PKCS#1 v1.5, ECDSA signatures are DER as the
    /// card gives them.
    pub(super) fn sign_with(
        &mut self,
        reference: KeyReference,
        known: &Known,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, token::Error> {
        let kind = known.public_key.kind();
        let identifier = identifier_of_kind(kind).filter(|_| algorithm.goes_with(kind));
        let identifier = identifier.ok_or(token::Error::Signature(algorithm))?;
        let input = block(kind, algorithm, message)?;
        self.satisfy(known.pin_policy)?;
        let answer = self.application.done(command::sign(identifier, reference, &input))?;
        let signature = signature_in(&answer)?;
        let verified = known.public_key.verify(algorithm, message, signature);
        verified.map_err(|error| Error::Signature(error).at(GENERAL_AUTHENTICATE))?;
        Ok(signature.to_vec())
    }

    /// Makes sure that the PIN is verified as the key's policy demands.
    fn satisfy(&mut self, policy: PinPolicy) -> Result<(), token::Error> {
        if policy == PinPolicy::Never {
            return Ok(());
        }
        if self.login.is_none() {
            return Err(token::Error::UserNeeded);
        }
        if policy == PinPolicy::Once || self.application.just_verified() {
            return Ok(());
        }
        let verified = match &self.login {
            Some(Login::Pin(pin)) => self.application.verify(pin),
            _ => self.application.verify_by_pin_pad(),
        };
        // If the PIN is wrong now, somebody else changed it; it is not sent a second time.
        if matches!(verified, Err(token::Error::SecretRefused { .. } | token::Error::Locked { .. })) {
            self.login = None;
        }
        verified
    }

    /// Says whether the private key under `reference` belongs to `public_key`, by a signature over random bytes.
    pub(super) fn proves(&mut self, reference: KeyReference, public_key: &PublicKey) -> Result<bool, token::Error> {
        let algorithm = default_algorithm(public_key.kind());
        let candidate = Known { public_key: public_key.clone(), certain: true, pin_policy: reference.pin_policy() };
        match self.sign_with(reference, &candidate, algorithm, &random::<32>()?) {
            Ok(_) => {
                self.known.insert(reference, candidate);
                Ok(true)
            }
            Err(error) if says_other_key(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn default_algorithm(kind: KeyKind) -> SignatureAlgorithm {
    let of_kind = KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.kind() == kind);
    of_kind.map_or(SignatureAlgorithm::RsaPkcs1Sha256, SignatureAlgorithm::default_for)
}

/// Says whether the error means that the card has no such key, or that another key made the signature.
fn says_other_key(error: &token::Error) -> bool {
    let token::Error::Device { source, .. } = error else { return false };
    let word = match source.downcast_ref::<Error>() {
        Some(Error::Signature(_)) => return true,
        _ => refused_with(error),
    };
    matches!(
        word,
        Some(
            StatusWord::INCORRECT_DATA
                | StatusWord::INCORRECT_P1_P2
                | StatusWord::REFERENCE_DATA_NOT_FOUND
                | StatusWord::FILE_NOT_FOUND
                | StatusWord::REFERENCE_DATA_NOT_USABLE
                | StatusWord::CONDITIONS_NOT_SATISFIED
                | StatusWord::FUNCTION_NOT_SUPPORTED
        )
    )
}

/// Returns the block that the card's key is applied to. RSA: EMSA-PKCS1-v1_5 as long as the modulus (RFC 8017, 9.2).
/// ECDSA: the leftmost bytes of the digest, as many as the curve's order has (FIPS 186-4, 6.4).
fn block(kind: KeyKind, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, token::Error> {
    let order = match kind {
        KeyKind::Rsa { bits } => {
            let info = algorithm.digest_info(message).map_err(|_| token::Error::Signature(algorithm))?;
            // 00 01, at least eight FF, 00.
            let padding = bits.div_ceil(8).checked_sub(info.len() + 3).filter(|padding| *padding >= 8);
            let padding = padding.ok_or(token::Error::Signature(algorithm))?;
            return Ok([[0x00, 0x01].as_slice(), &vec![0xFF; padding], &[0x00], &info].concat());
        }
        KeyKind::P256 => 32,
        KeyKind::P384 => 48,
    };
    let mut digest = algorithm.digest(message);
    digest.truncate(order);
    // Leading zeros do not change the number, and some cards (Nitrokey) need it as long as the order.
    Ok([vec![0; order - digest.len()], digest].concat())
}

fn signature_in(answer: &[u8]) -> Result<&[u8], token::Error> {
    let read = || -> Result<_, TlvError> {
        let template = lenient::read(answer).one(0x7C)?.ok_or(TlvError::Missing { wanted: 0x7C })?;
        lenient::read(template).one(0x82)?.ok_or(TlvError::Missing { wanted: 0x82 })
    };
    read().map_err(malformed(GENERAL_AUTHENTICATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_as_long_as_the_key() {
        let rsa = block(KeyKind::Rsa { bits: 2048 }, SignatureAlgorithm::RsaPkcs1Sha256, b"abc").unwrap();
        assert_eq!(rsa.len(), 256);
        assert_eq!((&rsa[..3], rsa[256 - 52]), ([0x00, 0x01, 0xFF].as_slice(), 0x00));
        assert!(rsa[2..256 - 52].iter().all(|byte| *byte == 0xFF));
        let refused = block(KeyKind::Rsa { bits: 512 }, SignatureAlgorithm::RsaPkcs1Sha512, b"abc");
        assert!(matches!(refused, Err(token::Error::Signature(_))));
        assert_eq!(block(KeyKind::P256, SignatureAlgorithm::EcdsaSha384, b"abc").unwrap().len(), 32);
        assert_eq!(block(KeyKind::P384, SignatureAlgorithm::EcdsaSha384, b"abc").unwrap().len(), 48);
        let short = block(KeyKind::P384, SignatureAlgorithm::EcdsaSha256, b"abc").unwrap();
        assert_eq!((short.len(), &short[..17]), (48, [[0; 16].as_slice(), &[0xBA]].concat().as_slice()));
    }
}

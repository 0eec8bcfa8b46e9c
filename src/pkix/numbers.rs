//! Takes a private key apart into its numbers (RFC 8017, A.1.2; RFC 5915, 3), for tokens that import a key number
//! by number.

use super::error::Error;
use super::key_algorithm::KeyKind;
use super::memory::MemoryKey;
use super::signer::Signer;
use der::asn1::{AnyRef, OctetStringRef, UintRef};
use der::{Decode, Sequence};
use pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

/// Holds the numbers of a private key, unsigned and big-endian; they are wiped on drop.
pub enum PrivateNumbers {
    /// The private exponent is as long as the modulus, the last five numbers half as long.
    Rsa {
        modulus: Zeroizing<Vec<u8>>,
        public_exponent: Zeroizing<Vec<u8>>,
        private_exponent: Zeroizing<Vec<u8>>,
        prime1: Zeroizing<Vec<u8>>,
        prime2: Zeroizing<Vec<u8>>,
        exponent1: Zeroizing<Vec<u8>>,
        exponent2: Zeroizing<Vec<u8>>,
        coefficient: Zeroizing<Vec<u8>>,
    },
    /// The number is as long as the order of the curve.
    Ec { scalar: Zeroizing<Vec<u8>> },
}

/// Encodes an RSAPrivateKey of two primes (RFC 8017, A.1.2).
#[derive(Sequence)]
struct RsaPrivateKey<'a> {
    version: u8,
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
    private_exponent: UintRef<'a>,
    prime1: UintRef<'a>,
    prime2: UintRef<'a>,
    exponent1: UintRef<'a>,
    exponent2: UintRef<'a>,
    coefficient: UintRef<'a>,
}

/// Encodes an ECPrivateKey (RFC 5915, 3).
#[derive(Sequence)]
struct EcPrivateKey<'a> {
    version: u8,
    private_key: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    parameters: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    public_key: Option<AnyRef<'a>>,
}

impl MemoryKey {
    /// Returns the private key's numbers, for the one place that must write them to a card.
    pub fn expose_numbers(&self) -> Result<PrivateNumbers, Error> {
        let info = PrivateKeyInfoRef::from_der(self.expose_pkcs8()).map_err(|_| Error::PrivateKey)?;
        let key = info.private_key.as_bytes();
        match self.public_key().kind() {
            KeyKind::Rsa { bits } => rsa(key, bits.div_ceil(16)),
            KeyKind::P256 => ec(key, 32),
            KeyKind::P384 => ec(key, 48),
        }
    }
}

fn rsa(key: &[u8], half: usize) -> Result<PrivateNumbers, Error> {
    let key = RsaPrivateKey::from_der(key).map_err(|_| Error::PrivateKey)?;
    let number = |number: UintRef<'_>| padded(number.as_bytes(), half);
    Ok(PrivateNumbers::Rsa {
        modulus: padded(key.modulus.as_bytes(), 2 * half)?,
        public_exponent: Zeroizing::new(key.public_exponent.as_bytes().to_vec()),
        private_exponent: padded(key.private_exponent.as_bytes(), 2 * half)?,
        prime1: number(key.prime1)?,
        prime2: number(key.prime2)?,
        exponent1: number(key.exponent1)?,
        exponent2: number(key.exponent2)?,
        coefficient: number(key.coefficient)?,
    })
}

fn ec(key: &[u8], length: usize) -> Result<PrivateNumbers, Error> {
    let key = EcPrivateKey::from_der(key).map_err(|_| Error::PrivateKey)?;
    Ok(PrivateNumbers::Ec { scalar: padded(key.private_key.as_bytes(), length)? })
}

/// Puts zeros before a number up to `length` bytes; a longer number is an error.
fn padded(number: &[u8], length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let zeros = length.checked_sub(number.len()).ok_or(Error::PrivateKey)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(length));
    padded.resize(zeros, 0);
    padded.extend_from_slice(number);
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkix::KeyAlgorithm;

    #[test]
    fn numbers_have_the_length_that_cards_want() {
        for (algorithm, length) in [
            (KeyAlgorithm::Rsa2048, 128),
            (KeyAlgorithm::Rsa3072, 192),
            (KeyAlgorithm::P256, 32),
            (KeyAlgorithm::P384, 48),
        ] {
            match MemoryKey::generate(algorithm).unwrap().expose_numbers().unwrap() {
                PrivateNumbers::Rsa { prime1, prime2, exponent1, exponent2, coefficient, .. } => {
                    for number in [prime1, prime2, exponent1, exponent2, coefficient] {
                        assert_eq!(number.len(), length);
                    }
                }
                PrivateNumbers::Ec { scalar } => assert_eq!(scalar.len(), length),
            }
        }
        assert_eq!(padded(&[1, 2], 4).unwrap().as_slice(), [0, 0, 1, 2]);
        assert!(padded(&[1, 2], 1).is_err());
    }
}

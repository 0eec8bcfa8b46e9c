//! A card's RSA key and its one private operation; padding is up to the caller.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey};
use zeroize::Zeroizing;

const SIZES: [usize; 3] = [2048, 3072, 4096];
const PUBLIC_EXPONENT: u32 = 65_537;

/// Holds a key of 2048, 3072 or 4096 bits with its CRT components.
pub(super) struct RsaKey(RsaPrivateKey);

/// Holds the numbers of a key, big-endian.
pub(super) struct Numbers<'a> {
    pub modulus: &'a [u8],
    pub public_exponent: &'a [u8],
    pub private_exponent: &'a [u8],
    pub primes: [&'a [u8]; 2],
}

impl RsaKey {
    /// Generates a key; `None` for a size other than 2048, 3072 and 4096 bits.
    pub fn generate(bits: usize) -> Option<Self> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            _ => return None,
        };
        let der = KeyPair::generate(size).ok()?.as_der().ok()?;
        RsaPrivateKey::from_pkcs8_der(der.as_ref()).ok().map(Self)
    }

    /// Makes a key of its numbers; `None` if they are no key, or one of another size.
    pub fn from_numbers(numbers: &Numbers) -> Option<Self> {
        let number = BigUint::from_bytes_be;
        let primes = numbers.primes.map(number);
        let bits = number(numbers.modulus).bits();
        if !SIZES.contains(&bits) || !primes.iter().all(|prime| is_prime_of(bits, prime)) {
            return None;
        }
        let [modulus, public, private] =
            [numbers.modulus, numbers.public_exponent, numbers.private_exponent].map(number);
        let key = RsaPrivateKey::from_components(modulus, public, private, primes.into()).ok().map(Self)?;
        key.0.qinv().is_some().then_some(key)
    }

    /// Makes a key of its CRT parts p, q, dp, dq, qinv; `None` if they do not fit each other or do not make a key of
    /// that many bits.
    pub fn from_crt(bits: usize, parts: [&[u8]; 5]) -> Option<Self> {
        let [p, q, dp, dq, qinv] = parts.map(BigUint::from_bytes_be);
        if !SIZES.contains(&bits) || ![&p, &q].into_iter().all(|prime| is_prime_of(bits, prime)) {
            return None;
        }
        let key = RsaPrivateKey::from_p_q(p, q, BigUint::from(PUBLIC_EXPONENT)).ok()?;
        let agrees = key.dp() == Some(&dp) && key.dq() == Some(&dq) && key.crt_coefficient() == Some(qinv);
        (agrees && key.n().bits() == bits).then_some(Self(key))
    }

    /// Reads a key that [`Self::to_pkcs8`] wrote; `None` if it is none.
    pub fn from_pkcs8(der: &[u8]) -> Option<Self> {
        RsaPrivateKey::from_pkcs8_der(der).ok().map(Self)
    }

    pub fn bits(&self) -> usize {
        self.0.n().bits()
    }

    /// Returns the length of the modulus in bytes.
    pub fn length(&self) -> usize {
        self.0.size()
    }

    /// Returns the bytes that it takes on a card: modulus, and five numbers of half its length.
    pub fn size(&self) -> usize {
        self.length() * 7 / 2
    }

    pub fn modulus(&self) -> Vec<u8> {
        self.0.n().to_bytes_be()
    }

    pub fn public_exponent(&self) -> Vec<u8> {
        self.0.e().to_bytes_be()
    }

    pub fn private_exponent(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.d().to_bytes_be())
    }

    pub fn primes(&self) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
        self.0.primes().iter().map(|prime| Zeroizing::new(prime.to_bytes_be()))
    }

    /// Encodes the key as PKCS#8, in which it is kept.
    pub fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        Some(Zeroizing::new(self.0.to_pkcs8_der().ok()?.as_bytes().to_vec()))
    }

    /// Computes RSASP1 and RSADP (RFC 8017, 5), blinded and checked; the result is as long as the modulus. `None` if
    /// `input` is not below the modulus.
    pub fn private(&self, input: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let number = BigUint::from_bytes_be(input);
        if &number >= self.0.n() {
            return None;
        }
        let power = rsa::hazmat::rsa_decrypt_and_check(&self.0, Some(&mut SystemRandom), &number).ok()?;
        let power = Zeroizing::new(power.to_bytes_be());
        let mut padded = Zeroizing::new(vec![0; self.length().checked_sub(power.len())?]);
        padded.reserve_exact(power.len());
        padded.extend_from_slice(&power);
        Some(padded)
    }
}

/// Says whether this can be one of two primes of a key of this many bits: odd, and of full length. It must be checked
/// first, because an even or short modulus makes the arithmetic panic.
fn is_prime_of(bits: usize, prime: &BigUint) -> bool {
    prime.bits() == bits / 2 && prime.to_bytes_le().first().is_some_and(|low| low & 1 == 1)
}

/// Draws random numbers from AWS-LC, for the blinding.
struct SystemRandom;

impl rsa::rand_core::RngCore for SystemRandom {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        // AWS-LC aborts rather than fail here; a result without blinding would still be right.
        let _ = rand::fill(into);
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        rand::fill(into).map_err(rsa::rand_core::Error::new)
    }
}

impl rsa::rand_core::CryptoRng for SystemRandom {}

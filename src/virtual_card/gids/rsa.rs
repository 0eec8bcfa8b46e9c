//! An RSA key and its one private operation; padding is the caller's.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey};
use zeroize::Zeroizing;

/// A key of 2048, 3072 or 4096 bits with its CRT components.
pub(super) struct RsaKey(RsaPrivateKey);

/// Numbers, big-endian.
pub(super) struct Numbers<'a> {
    pub modulus: &'a [u8],
    pub public_exponent: &'a [u8],
    pub private_exponent: &'a [u8],
    pub primes: [&'a [u8]; 2],
}

impl RsaKey {
    /// `None` for a size that is not made here.
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

    /// `None` when the numbers are no key, or of another size.
    pub fn from_numbers(numbers: &Numbers) -> Option<Self> {
        let number = BigUint::from_bytes_be;
        let primes = numbers.primes.map(number);
        let half = number(numbers.modulus).bits() / 2;
        // The arithmetic below is for odd numbers of full length.
        let is_sound =
            |prime: &BigUint| prime.bits() == half && prime.to_bytes_le().first().is_some_and(|low| low & 1 == 1);
        if ![1024, 1536, 2048].contains(&half) || !primes.iter().all(is_sound) {
            return None;
        }
        let [modulus, public, private] =
            [numbers.modulus, numbers.public_exponent, numbers.private_exponent].map(number);
        let key = RsaPrivateKey::from_components(modulus, public, private, primes.into()).ok().map(Self)?;
        key.0.qinv().is_some().then_some(key)
    }

    pub fn bits(&self) -> usize {
        self.0.n().bits()
    }

    /// Bytes of the modulus.
    pub fn length(&self) -> usize {
        self.0.size()
    }

    /// Bytes it takes on a card: modulus, and five numbers of half its length.
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

    /// RSASP1 and RSADP (RFC 8017, 5) by the CRT: as many bytes as the modulus has. `None` when `input` is not below
    /// the modulus.
    pub fn private(&self, input: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let number = BigUint::from_bytes_be(input);
        let (Some(dp), Some(dq), Some(qinv)) = (self.0.dp(), self.0.dq(), self.0.qinv()?.to_biguint()) else {
            return None;
        };
        let [p, q] = self.0.primes() else { return None };
        if &number >= self.0.n() {
            return None;
        }
        let of_p = number.modpow(dp, p);
        let of_q = number.modpow(dq, q);
        let difference = (of_p + p - &of_q % p) * qinv % p;
        let result = Zeroizing::new((of_q + difference * q).to_bytes_be());
        let mut padded = Zeroizing::new(vec![0; self.length() - result.len()]);
        padded.reserve_exact(result.len());
        padded.extend_from_slice(&result);
        Some(padded)
    }
}

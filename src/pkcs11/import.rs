//! Templates of a key pair that was made elsewhere, for C_CreateObject (PKCS#11 v2.40 mechanisms, 2.1.2 and 2.3.3). A
//! private key that was written can never be read out.

use super::attributes::curve;
use super::error::{CallError, device};
use crate::pkix::{MemoryKey, PrivateNumbers, Signer};
use crate::token::{Error, KeyOrder};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use der::Encode;
use der::asn1::OctetStringRef;
use zeroize::Zeroize;

/// Holds the templates of a key pair; the private key's numbers are wiped on drop.
pub(super) struct Import {
    pub public: Vec<Attribute>,
    pub private: Vec<Attribute>,
}

impl Import {
    /// Makes the templates of `key` under the order's id and label.
    pub fn of(order: &KeyOrder, key: &MemoryKey) -> Result<Self, Error> {
        let unusable = |error: Box<dyn std::error::Error + Send + Sync>| device(CREATING, CallError::PublicKey(error));
        let numbers = key.expose_numbers().map_err(|error| unusable(error.into()))?;
        let common = |class, kind| {
            vec![
                Attribute::Class(class),
                Attribute::KeyType(kind),
                Attribute::Token(true),
                Attribute::Id(order.id.0.clone()),
                Attribute::Label(order.label.clone().into_bytes()),
            ]
        };
        let kind = if matches!(numbers, PrivateNumbers::Rsa { .. }) { KeyType::RSA } else { KeyType::EC };
        let mut public = common(ObjectClass::PUBLIC_KEY, kind);
        public.extend([Attribute::Private(false), Attribute::Verify(true)]);
        let mut private = common(ObjectClass::PRIVATE_KEY, kind);
        private.extend([
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ]);
        let mut import = Self { public, private };
        match &numbers {
            PrivateNumbers::Rsa { modulus, public_exponent, .. } => {
                let shared =
                    || [Attribute::Modulus(modulus.to_vec()), Attribute::PublicExponent(public_exponent.to_vec())];
                import.public.extend(shared());
                import.public.push(Attribute::Encrypt(order.decrypts));
                import.private.extend(shared());
                import.private.push(Attribute::Decrypt(order.decrypts));
                import.private.push(Attribute::Unwrap(order.decrypts));
            }
            PrivateNumbers::Ec { .. } => {
                let curve = || Attribute::EcParams(curve(order.algorithm).unwrap_or_default().to_vec());
                let point = OctetStringRef::new(key.public_key().subject_public_key());
                let point = point.and_then(|point| point.to_der()).map_err(|error| unusable(error.into()))?;
                import.public.extend([curve(), Attribute::EcPoint(point)]);
                import.private.extend([curve(), Attribute::Derive(order.decrypts)]);
            }
        }
        import.private.extend(secrets(&numbers));
        Ok(import)
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        for attribute in &mut self.private {
            match attribute {
                Attribute::PrivateExponent(number)
                | Attribute::Prime1(number)
                | Attribute::Prime2(number)
                | Attribute::Exponent1(number)
                | Attribute::Exponent2(number)
                | Attribute::Coefficient(number)
                | Attribute::Value(number) => number.zeroize(),
                _ => {}
            }
        }
    }
}

/// Names the call in errors.
pub(super) const CREATING: &str = "C_CreateObject";

/// Lists the secret numbers as attributes.
fn secrets(numbers: &PrivateNumbers) -> Vec<Attribute> {
    match numbers {
        PrivateNumbers::Rsa { private_exponent, prime1, prime2, exponent1, exponent2, coefficient, .. } => vec![
            Attribute::PrivateExponent(private_exponent.to_vec()),
            Attribute::Prime1(prime1.to_vec()),
            Attribute::Prime2(prime2.to_vec()),
            Attribute::Exponent1(exponent1.to_vec()),
            Attribute::Exponent2(exponent2.to_vec()),
            Attribute::Coefficient(coefficient.to_vec()),
        ],
        PrivateNumbers::Ec { scalar } => vec![Attribute::Value(scalar.to_vec())],
    }
}

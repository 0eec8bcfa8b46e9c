//! Reads a server's order for a key: id, label, purpose, algorithms.

use super::error::{Cause, Error};
use super::stage::Stage;
use crate::cm::template::GenerationOptions;
use crate::pkix::{KeyAlgorithm, SignatureAlgorithm};
use crate::token::KeyId;
use uuid::Uuid;

/// Holds the bits of EnrollKeyUsages that let a key decrypt or agree.
const DECRYPTION_OR_AGREEMENT: u32 = 1 | 4;
/// Holds the bit of EnrollKeyUsages that lets a key sign.
const SIGNING: u32 = 2;

/// Says whether the key is to decrypt or agree, possibly besides signing.
pub(super) fn decrypts(options: &GenerationOptions) -> bool {
    decrypts_by(options.key_usages)
}

/// Says whether these EnrollKeyUsages let a key decrypt or agree.
pub(super) fn decrypts_by(usages: u32) -> bool {
    usages & DECRYPTION_OR_AGREEMENT != 0
}

/// Says whether the key is to decrypt or agree and never to sign.
pub(super) fn decrypts_only(options: &GenerationOptions) -> bool {
    decrypts(options) && options.key_usages & SIGNING == 0
}

/// Returns the key's id: the request's UUID, followed by the key's index where there are several. It is known before
/// the key is made and is the same after a restart.
pub(super) fn key_id(request: Uuid, index: Option<u8>) -> KeyId {
    let mut id = request.as_bytes().to_vec();
    id.extend(index);
    KeyId(id)
}

/// Says whether an id is as long as [`key_id`] makes one.
pub(super) fn is_as_ours(id: &KeyId) -> bool {
    [None, Some(0)].iter().any(|index| key_id(Uuid::nil(), *index).0.len() == id.0.len())
}

/// Returns what people see beside the key: the name it was ordered under, or else the card's, with a number where there
/// are several.
pub(super) fn key_label(card_label: &str, options: &GenerationOptions, index: Option<u8>) -> String {
    let friendly = Some(options.friendly_name.trim()).filter(|name| !name.is_empty());
    let name = friendly.unwrap_or(card_label);
    index.map_or_else(|| name.to_owned(), |index| format!("{name} {}", u32::from(index) + 1))
}

/// Returns the ordered algorithm and size; [`Cause::KeyKind`] for one that is not known here.
pub(super) fn key_algorithm(options: &GenerationOptions) -> Result<KeyAlgorithm, Error> {
    named_algorithm(&options.key_algorithm_name, options.key_size).ok_or_else(|| {
        let cause = Cause::KeyKind { name: options.key_algorithm_name.clone(), bits: options.key_size };
        Error::new(Stage::ReadKeyOrders, cause)
    })
}

/// Returns the algorithm that CNG calls so, with a key of so many bits; `None` for one that is not known here.
pub(super) fn named_algorithm(name: &str, bits: u32) -> Option<KeyAlgorithm> {
    match (name.trim().to_ascii_uppercase().as_str(), bits) {
        ("RSA", 2048) => Some(KeyAlgorithm::Rsa2048),
        ("RSA", 3072) => Some(KeyAlgorithm::Rsa3072),
        ("RSA", 4096) => Some(KeyAlgorithm::Rsa4096),
        ("ECDSA_P256" | "ECDH_P256", _) | ("ECDSA" | "ECDH", 256) => Some(KeyAlgorithm::P256),
        ("ECDSA_P384" | "ECDH_P384", _) | ("ECDSA" | "ECDH", 384) => Some(KeyAlgorithm::P384),
        _ => None,
    }
}

/// Returns the algorithm that signs the certification request, by the ordered hash, or the key's usual one where none
/// is ordered.
pub(super) fn signature_algorithm(key: KeyAlgorithm, options: &GenerationOptions) -> Result<SignatureAlgorithm, Error> {
    match options.hash_algorithm_name.trim() {
        "" => Ok(SignatureAlgorithm::default_for(key)),
        hash => SignatureAlgorithm::for_hash(key, hash).map_err(|source| Error::new(Stage::SignRequest, source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_signs_is_not_for_decryption_alone() {
        let ordered = |usages: u32| -> GenerationOptions {
            let body =
                r#"{"KeyAlgorithmName": "RSA", "KeySize": 2048, "HashAlgorithmName": "SHA256", "KeyUsages": USAGES}"#;
            serde_json::from_str(&body.replace("USAGES", &usages.to_string())).unwrap()
        };
        // Usages; decrypts; does nothing else.
        let rows = [(2, false, false), (1, true, true), (4, true, true), (3, true, false), (7, true, false)];
        for (usages, decrypts_too, alone) in rows {
            let options = ordered(usages);
            assert_eq!((decrypts(&options), decrypts_only(&options)), (decrypts_too, alone), "{usages}");
        }
    }

    #[test]
    fn an_algorithm_is_known_by_the_names_of_cng() {
        use KeyAlgorithm::{P256, P384, Rsa2048, Rsa3072, Rsa4096};
        let rows = [
            ("RSA", 2048, Some(Rsa2048)),
            ("rsa", 3072, Some(Rsa3072)),
            (" RSA ", 4096, Some(Rsa4096)),
            ("RSA", 1024, None),
            ("ECDSA_P256", 0, Some(P256)),
            ("ECDH_P256", 256, Some(P256)),
            ("ECDH", 256, Some(P256)),
            ("ECDSA_P384", 0, Some(P384)),
            ("ECDH_P384", 384, Some(P384)),
            ("ECDSA", 384, Some(P384)),
            ("ECDSA", 521, None),
            ("DSA", 2048, None),
        ];
        for (name, bits, algorithm) in rows {
            assert_eq!(named_algorithm(name, bits), algorithm, "{name} {bits}");
        }
    }
}

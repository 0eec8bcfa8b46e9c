//! Describes the certificates that a template orders: the first, and those after it, each with a key of its own.

use super::certificate_shape::CertificateShape;
use super::key_policy::{KeyPolicy, KeySource};
use super::naming::Naming;
use crate::cm::template::GenerationOptions;
use crate::pkix::KeyAlgorithm;

/// Holds a further certificate, with its own key.
#[derive(Clone, Debug)]
pub struct Ordered {
    pub naming: Naming,
    pub key: KeyPolicy,
    pub certificate: CertificateShape,
}

/// Refers to a certificate that the template orders, and its key.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'t> {
    pub naming: &'t Naming,
    pub key: &'t KeyPolicy,
    pub certificate: &'t CertificateShape,
}

impl Entry<'_> {
    /// Says whether the key is archived, so that it can be recovered.
    pub fn is_archived(&self) -> bool {
        matches!(self.key.source, KeySource::Server { archived: true, .. })
    }

    /// Returns the CertificateRequestGenerationOptions of a key that the client makes; `name` is shown beside the key.
    pub fn generation_options(&self, name: &str) -> GenerationOptions {
        let (key_algorithm_name, key_size) = ordered_as(self.key.generate);
        GenerationOptions {
            subject: String::new(),
            key_algorithm_name: key_algorithm_name.to_owned(),
            key_size,
            friendly_name: name.to_owned(),
            hash_algorithm_name: self.key.hash.name().to_owned(),
            key_storage_provider_names: vec![self.key.provider.clone()],
            exportable: 0,
            key_protection_level: 0,
            key_usages: self.certificate.enroll_key_usages(),
            attestation_needed: !self.key.attestation_roots.is_empty(),
            certificate: None,
        }
    }
}

/// Returns an algorithm's name in an order for a key (CNG's), and the key's size in bits.
pub fn ordered_as(algorithm: KeyAlgorithm) -> (&'static str, u32) {
    match algorithm {
        KeyAlgorithm::Rsa2048 => ("RSA", 2048),
        KeyAlgorithm::Rsa3072 => ("RSA", 3072),
        KeyAlgorithm::Rsa4096 => ("RSA", 4096),
        KeyAlgorithm::P256 => ("ECDSA_P256", 256),
        KeyAlgorithm::P384 => ("ECDSA_P384", 384),
    }
}

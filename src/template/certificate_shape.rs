//! Describes what a certificate of a template says besides its names.

use super::naming::ExtensionShape;
use crate::pkix::KeyUsage;

/// Describes what the certificate says besides the subject.
#[derive(Clone, Debug)]
pub struct CertificateShape {
    pub template_name: String,
    pub key_usages: Vec<KeyUsage>,
    /// Object identifiers, dotted.
    pub extended_key_usages: Vec<String>,
    pub validity: time::Duration,
    pub extensions: ExtensionShape,
    /// The longest validity of a certificate on a temporary card.
    pub temporary_validity: time::Duration,
    /// Whoever comes in by it has the roles of its owner.
    pub bears_roles: bool,
}

impl CertificateShape {
    /// Returns the bits of EnrollKeyUsages.
    pub fn enroll_key_usages(&self) -> u32 {
        enroll_key_usages(&self.key_usages)
    }
}

/// Returns key usages as bits of EnrollKeyUsages: 1 decryption, 2 signing, 4 key agreement.
pub fn enroll_key_usages(usages: &[KeyUsage]) -> u32 {
    usages.iter().fold(0, |bits, usage| {
        bits | match usage {
            KeyUsage::KeyEncipherment | KeyUsage::DataEncipherment => 1,
            KeyUsage::KeyAgreement => 4,
            _ => 2,
        }
    })
}

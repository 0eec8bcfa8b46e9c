//! The fake server's CA.

use cardwright::pkix::{self, Certificate, KeyAlgorithm, MemoryKey, PublicKey};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

pub struct Authority {
    key: MemoryKey,
    certificate: Certificate,
}

struct Certified<'a>(&'a PublicKey);

impl rcgen::PublicKeyData for Certified<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.subject_public_key()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        if self.0.kind().is_rsa() { &rcgen::PKCS_RSA_SHA256 } else { &rcgen::PKCS_ECDSA_P256_SHA256 }
    }
}

impl Authority {
    pub fn new() -> Self {
        let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
        let pair = KeyPair::try_from(key.expose_pkcs8()).unwrap();
        let certificate = Self::params().self_signed(&pair).unwrap();
        Self { key, certificate: Certificate::from_der(certificate.der()).unwrap() }
    }

    fn params() -> CertificateParams {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "Fake CA");
        params
    }

    /// A certificate (DER) for a key; `usages` are EnrollKeyUsages.
    pub fn issue(&self, key: &PublicKey, usages: u32) -> Vec<u8> {
        let pair = KeyPair::try_from(self.key.expose_pkcs8()).unwrap();
        let issuer = Issuer::new(Self::params(), pair);
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "operator");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if usages & 1 != 0 {
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.signed_by(&Certified(key), &issuer).unwrap().der().to_vec()
    }

    /// A Full PKI Response that carries the certificate.
    pub fn answer(&self, leaf: &Certificate) -> Vec<u8> {
        let chain = std::slice::from_ref(&self.certificate);
        pkix::cmc::write_full_response(leaf, chain, &self.key, &self.certificate).unwrap()
    }
}

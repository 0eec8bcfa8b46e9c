//! Assembles a certificate and has it signed by a key that may be elsewhere.

use super::error::Error;
use super::keyfile;
use super::x509_time::time;
use crate::pkix::{Certificate, Extension, PublicKey, Signer};
use ::time::OffsetDateTime;
use der::asn1::BitString;
use der::{Decode, Encode};
use x509_cert::TbsCertificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder, CertificateBuilder};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    self, AlgorithmIdentifierOwned, Document, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::Validity;

/// Holds a certificate's content before it is signed.
pub(super) struct Draft<'a> {
    pub issuer: Name,
    pub subject: Name,
    pub public_key: &'a PublicKey,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub extensions: Vec<Extension>,
}

impl Draft<'_> {
    /// Chooses a serial number, has the certificate signed, and reads the result back.
    pub fn sign(self, signer: &(dyn Signer + Send + Sync), now: OffsetDateTime) -> Result<Certificate, Error> {
        let serial = SerialNumber::new(&serial(now)?).map_err(Error::Encoding)?;
        let validity = Validity::new(time(self.not_before)?, time(self.not_after)?);
        let key = SubjectPublicKeyInfoOwned::from_der(self.public_key.spki()).map_err(Error::Encoding)?;
        let outside = Outside(signer);
        let mut builder = CertificateBuilder::new(self, serial, validity, key).map_err(Error::Build)?;
        let signature = signer.sign(&builder.finalize(&outside).map_err(Error::Build)?)?;
        let signature = BitString::from_bytes(&signature).map_err(Error::Encoding)?;
        let built = builder.assemble(signature, &outside).map_err(Error::Build)?;
        Certificate::from_der(&built.to_der().map_err(Error::Encoding)?).map_err(Error::ReadBack)
    }
}

impl BuilderProfile for Draft<'_> {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

/// Shows x509-cert's builder the public key and algorithm of a [`Signer`]; it never signs through this type.
struct Outside<'a>(&'a dyn Signer);

/// Holds a SubjectPublicKeyInfo in the form that the builder takes.
#[derive(Clone)]
struct OutsideKey(Vec<u8>);

impl signature::Keypair for Outside<'_> {
    type VerifyingKey = OutsideKey;

    fn verifying_key(&self) -> OutsideKey {
        OutsideKey(self.0.public_key().spki().to_vec())
    }
}

impl EncodePublicKey for OutsideKey {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        Ok(Document::from_der(&self.0)?)
    }
}

impl DynSignatureAlgorithmIdentifier for Outside<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(self.0.algorithm().identifier())
    }
}

/// Makes a serial number of 16 bytes: 48 bits of milliseconds, which keep a store's index in order and the number
/// positive for millennia, then 80 random bits. RFC 5280, 4.1.2.2 allows at most 20 bytes; the CA/Browser Forum
/// requires at least 64 random bits.
fn serial(now: OffsetDateTime) -> Result<[u8; 16], Error> {
    let milliseconds = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).map_err(|_| Error::Time { at: now })?;
    let mut serial = keyfile::random::<16>()?;
    for (slot, byte) in serial.iter_mut().zip(milliseconds.to_be_bytes().into_iter().skip(2)) {
        *slot = byte;
    }
    Ok(serial)
}

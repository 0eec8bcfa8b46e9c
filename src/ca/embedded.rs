//! The authority that comes with the server: a root, or one under another's root, that issues by itself.

use super::token_key::{Place, TokenKey};
use super::{CertificateAuthority, Entries, Error, IssueOrder, ListOrder, crl, extensions, keyfile, subordinate};
use crate::pkcs11::Selector;
use crate::pkix::{self, Certificate, Extension, KeyAlgorithm, KeyKind, KeyUsage, MemoryKey, PublicKey, Signer, name};
use crate::platform::file::Readers;
use crate::secret::{Passphrase, Pin};
use ::time::{Duration, OffsetDateTime};
use der::asn1::{BitString, GeneralizedTime, UtcTime};
use der::{Decode, Encode};
use std::path::{Path, PathBuf};
use x509_cert::TbsCertificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder, CertificateBuilder};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    self, AlgorithmIdentifierOwned, Document, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};

/// How early a certificate starts, for clocks that are late.
const BACKDATE: Duration = Duration::minutes(5);
const FEWEST_RSA_BITS: usize = 2048;

/// Where an authority's key is kept.
pub enum KeyPlace {
    /// A file sealed under a passphrase, see [`keyfile`].
    File { path: PathBuf, passphrase: Passphrase },
    /// A PKCS#11 token; `label` names the key (CKA_LABEL, and as UTF-8 CKA_ID).
    Token { module: PathBuf, selector: Selector, pin: Pin, label: String },
}

/// A root to be made.
#[derive(Clone, Debug)]
pub struct RootOrder {
    /// RFC 4514 text.
    pub subject: String,
    pub algorithm: KeyAlgorithm,
    pub validity: Duration,
}

/// An authority in this process.
pub struct EmbeddedCa {
    signer: Box<dyn Signer + Send + Sync>,
    own: Certificate,
    /// `own` and those above it.
    chain: Vec<Certificate>,
    key_identifier: Vec<u8>,
}

impl EmbeddedCa {
    /// Makes a root: its key in `place`, its certificate (PEM) in the new file `certificate`.
    ///
    /// A key that is already in its place is taken if it is of the kind asked for: a hardware key made beforehand, or
    /// one left by an attempt that did not get as far as the certificate.
    pub fn create(order: &RootOrder, place: KeyPlace, certificate: &Path, now: OffsetDateTime) -> Result<Self, Error> {
        if certificate.exists() {
            return Err(Error::Exists { path: certificate.into() });
        }
        let subject = name::parse(&order.subject).map_err(Error::Subject)?;
        if subject.is_empty() {
            return Err(Error::NoName);
        }
        let not_after = end(now, order.validity)?;
        let signer = place.make(order.algorithm)?;
        let root = Draft {
            issuer: subject.clone(),
            subject,
            public_key: signer.public_key(),
            not_before: now.saturating_sub(BACKDATE),
            not_after,
            extensions: extensions::of_root(signer.public_key())?,
        }
        .sign(&*signer, now)?;
        keyfile::write(certificate, &root.to_pem(), Readers::Everyone)?;
        Self::assemble(signer, root, Vec::new())
    }

    /// Opens an authority: its key, and its certificate (PEM; those above it may follow in the same file).
    pub fn open(certificate: &Path, place: KeyPlace) -> Result<Self, Error> {
        let text = keyfile::read(certificate)?;
        let unreadable = |source| Error::Certificate { path: certificate.into(), source };
        let chain = subordinate::blocks(&text).map_err(unreadable)?;
        for (issued, issuer) in chain.iter().zip(chain.iter().skip(1)) {
            issued.verify_issued_by(issuer).map_err(unreadable)?;
        }
        let mut chain = chain.into_iter();
        let own = chain.next().ok_or(Error::NoCertificate { path: certificate.into() })?;
        Self::assemble(place.open(None)?, own, chain.collect())
    }

    fn assemble(
        signer: Box<dyn Signer + Send + Sync>,
        own: Certificate,
        above: Vec<Certificate>,
    ) -> Result<Self, Error> {
        if !own.is_ca().map_err(Error::ReadBack)? {
            return Err(Error::NotAnAuthority { subject: own.subject() });
        }
        let key = own.public_key().map_err(Error::ReadBack)?;
        if key != *signer.public_key() {
            return Err(Error::KeyMismatch { subject: own.subject() });
        }
        let identifier = own.subject_key_id().map_err(Error::ReadBack)?;
        let key_identifier = identifier.unwrap_or_else(|| key.key_identifier().to_vec());
        let chain = [own.clone()].into_iter().chain(above).collect();
        Ok(Self { signer, own, chain, key_identifier })
    }

    /// The authority's own certificate.
    pub fn own(&self) -> &Certificate {
        &self.own
    }

    /// The CMC Full PKI Response (RFC 5272, 3.2) that brings `leaf` and the chain above it, DER, signed by this
    /// authority, whichever has issued the leaf.
    pub fn respond(&self, leaf: &Certificate, chain: &[Certificate]) -> Result<Vec<u8>, Error> {
        pkix::cmc::write_full_response(leaf, chain, &*self.signer, &self.own).map_err(|error| match error {
            pkix::Error::Sign(error) => Error::Sign(error),
            other => Error::ReadBack(other),
        })
    }

    /// Signs a revocation list, DER.
    pub fn sign_list(&self, order: &ListOrder<'_>, entries: &Entries) -> Result<Vec<u8>, Error> {
        crl::sign(&self.own, &self.key_identifier, &*self.signer, order, entries)
    }

    /// Lets `key` answer OCSP questions for this authority until `now + validity` (RFC 6960, 4.2.2.2).
    pub fn delegate(&self, key: &PublicKey, validity: Duration, now: OffsetDateTime) -> Result<Certificate, Error> {
        Draft {
            issuer: self.own.subject_name().clone(),
            subject: name::parse("CN=OCSP responder").map_err(Error::Subject)?,
            public_key: key,
            not_before: now.saturating_sub(BACKDATE).max(self.own.not_before()),
            not_after: end(now, validity)?.min(self.own.not_after()),
            extensions: extensions::of_responder(key, &self.key_identifier)?,
        }
        .sign(&*self.signer, now)
    }
}

impl CertificateAuthority for EmbeddedCa {
    fn issue(&self, order: &IssueOrder, now: OffsetDateTime) -> Result<Certificate, Error> {
        let own = &self.own;
        if now > own.not_after() {
            return Err(Error::Expired { not_after: own.not_after() });
        }
        if now < own.not_before() {
            return Err(Error::NotYetValid { not_before: own.not_before() });
        }
        if let kind @ KeyKind::Rsa { bits: ..FEWEST_RSA_BITS } = order.public_key.kind() {
            return Err(Error::WeakKey { kind });
        }
        let authority = |usage: &&KeyUsage| matches!(usage, KeyUsage::KeyCertSign | KeyUsage::CrlSign);
        if let Some(usage) = order.key_usage.iter().find(authority) {
            return Err(Error::AuthorityUsage { usage: *usage });
        }
        let subject = name::parse(&order.subject).map_err(Error::Subject)?;
        if subject.is_empty() && order.subject_alt_names.is_empty() {
            return Err(Error::NoName);
        }
        Draft {
            issuer: own.subject_name().clone(),
            subject,
            public_key: &order.public_key,
            not_before: now.saturating_sub(BACKDATE).max(own.not_before()),
            not_after: end(now, order.validity)?.min(own.not_after()),
            extensions: extensions::of_order(order, &self.key_identifier)?,
        }
        .sign(&*self.signer, now)
    }

    fn chain(&self) -> &[Certificate] {
        &self.chain
    }
}

impl KeyPlace {
    /// Makes the key, or takes the one that is there if it is of this kind.
    pub(super) fn make(self, algorithm: KeyAlgorithm) -> Result<Box<dyn Signer + Send + Sync>, Error> {
        let signer = self.open(Some(algorithm))?;
        match (signer.public_key().kind(), algorithm.kind()) {
            (found, wanted) if found != wanted => Err(Error::KeyKind { found, wanted }),
            _ => Ok(signer),
        }
    }

    /// Opens the key; one that is not there is made when `make` says of which kind.
    fn open(self, make: Option<KeyAlgorithm>) -> Result<Box<dyn Signer + Send + Sync>, Error> {
        match (self, make) {
            (Self::File { path, passphrase }, Some(algorithm)) if !path.exists() => {
                let key = MemoryKey::generate(algorithm).map_err(Error::Key)?;
                keyfile::write_new(&path, &keyfile::seal_private_key(key.expose_pkcs8(), &passphrase)?)?;
                Ok(Box::new(key))
            }
            (Self::File { path, passphrase }, _) => {
                Ok(Box::new(keyfile::open_private_key(&keyfile::read(&path)?, &passphrase)?))
            }
            (Self::Token { module, selector, pin, label }, make) => {
                Ok(Box::new(TokenKey::open(Place { module, selector, pin, label }, make)?))
            }
        }
    }
}

/// A certificate before it is signed.
struct Draft<'a> {
    issuer: Name,
    subject: Name,
    public_key: &'a PublicKey,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    extensions: Vec<Extension>,
}

impl Draft<'_> {
    fn sign(self, signer: &(dyn Signer + Send + Sync), now: OffsetDateTime) -> Result<Certificate, Error> {
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

/// Tells the builder about a key that signs elsewhere.
struct Outside<'a>(&'a dyn Signer);

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

/// 16 bytes: 48 bits of milliseconds, which keep a store's index in order and the number positive for millennia, then
/// 80 random bits (RFC 5280, 4.1.2.2, wants at most 20 bytes; the CA/Browser Forum at least 64 random bits).
fn serial(now: OffsetDateTime) -> Result<[u8; 16], Error> {
    let milliseconds = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).map_err(|_| Error::Time { at: now })?;
    let mut serial = keyfile::random::<16>()?;
    for (slot, byte) in serial.iter_mut().zip(milliseconds.to_be_bytes().into_iter().skip(2)) {
        *slot = byte;
    }
    Ok(serial)
}

fn end(now: OffsetDateTime, validity: Duration) -> Result<OffsetDateTime, Error> {
    if !validity.is_positive() {
        return Err(Error::Validity { seconds: validity.whole_seconds() });
    }
    now.checked_add(validity).ok_or(Error::Validity { seconds: validity.whole_seconds() })
}

/// UTCTime through 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5).
pub(super) fn time(at: OffsetDateTime) -> Result<Time, Error> {
    let wrong = || Error::Time { at };
    let since = std::time::Duration::from_secs(u64::try_from(at.unix_timestamp()).map_err(|_| wrong())?);
    if at.to_offset(::time::UtcOffset::UTC).year() < 2050 {
        UtcTime::from_unix_duration(since).map(Time::UtcTime).map_err(|_| wrong())
    } else {
        GeneralizedTime::from_unix_duration(since).map(Time::GeneralTime).map_err(|_| wrong())
    }
}

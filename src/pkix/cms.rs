//! Reads, verifies and writes signed data (RFC 5652, 5), the envelope of every answer of a certificate authority.
//!
//! Certificates are kept byte for byte as they came, so that their signatures and hashes stay valid.

use super::certificate::Certificate;
use super::error::Error;
use super::key_algorithm::KeyKind;
use super::signature_algorithm::SignatureAlgorithm;
use super::signer::Signer;
use super::{ber, oid};
use cms::{
    cert::IssuerAndSerialNumber,
    content_info::{CmsVersion, ContentInfo},
    signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo},
};
use der::{
    Decode, Encode, Sequence, Tag, Tagged,
    asn1::{Any, Null, ObjectIdentifier as Oid, OctetString, SetOfVec},
};
use x509_cert::{attr::Attribute, spki::AlgorithmIdentifierOwned};

/// Limits a message, in bytes: a leaf, a long chain and room to spare.
const MAX_SIZE: usize = 1024 * 1024;

/// Limits the signatures, for each of which the content is hashed; an authority writes one.
const MAX_SIGNERS: usize = 16;

const WHAT: &str = "signed message";

/// Encodes a SignedData; its certificates stay encoded.
#[derive(Clone, Debug, Sequence)]
pub(super) struct SignedData {
    version: CmsVersion,
    digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    content: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    certificates: Option<SetOfVec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    crls: Option<SetOfVec<Any>>,
    signer_infos: SetOfVec<SignerInfo>,
}

impl SignedData {
    /// Reads a ContentInfo that holds signed data, in BER or DER.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_SIZE {
            return Err(Error::TooLarge { what: WHAT, size: bytes.len(), limit: MAX_SIZE });
        }
        let malformed = Error::malformed(WHAT);
        let info = ContentInfo::from_der(&ber::to_definite(bytes, WHAT)?).map_err(&malformed)?;
        if info.content_type != oid::SIGNED_DATA {
            return Err(Error::NotSignedData { found: info.content_type.to_string() });
        }
        let read: Self = info.content.decode_as().map_err(&malformed)?;
        match read.signer_infos.len() {
            ..=MAX_SIGNERS => Ok(read),
            count => Err(Error::TooManySigners { count, limit: MAX_SIGNERS }),
        }
    }

    /// Returns the type of the signed content.
    pub(super) fn content_type(&self) -> Oid {
        self.content.econtent_type
    }

    /// Returns the signed bytes; `None` when the message carries only certificates.
    pub(super) fn content(&self) -> Option<&[u8]> {
        self.content.econtent.as_ref().map(Any::value)
    }

    /// Returns the X.509 certificates that can be read, and how many others claim to be some; attribute certificates
    /// and other kinds are skipped.
    pub(super) fn certificates(&self) -> (Vec<Certificate>, usize) {
        let all = self.certificates.iter().flat_map(SetOfVec::iter).filter(|any| any.tag() == Tag::Sequence);
        let read = all.clone().filter_map(|any| Certificate::from_der(&any.to_der().ok()?).ok()).collect::<Vec<_>>();
        let unreadable = all.count().saturating_sub(read.len());
        (read, unreadable)
    }

    /// Verifies every signature with the given certificates and returns the signers, in order.
    pub(super) fn verify<'a>(&self, certificates: &'a [Certificate]) -> Result<Vec<&'a Certificate>, Error> {
        self.signer_infos.iter().map(|info| self.verify_one(info, certificates)).collect()
    }

    /// Verifies one signature and returns the certificate of its signer.
    fn verify_one<'a>(&self, info: &SignerInfo, certificates: &'a [Certificate]) -> Result<&'a Certificate, Error> {
        let signer = find_signer(&info.sid, certificates)?;
        let key = signer.public_key()?;
        let algorithm = algorithm_of(info, key.kind())?;
        let content = self.content().unwrap_or_default();
        let signed = match &info.signed_attrs {
            Some(attributes) => {
                let value = |id| attributes.iter().find(|it: &&Attribute| it.oid == id).and_then(|it| it.values.get(0));
                let content_type = Any::from(self.content_type());
                let digest = value(oid::MESSAGE_DIGEST).map(Any::value);
                if digest != Some(&algorithm.digest(content)) || value(oid::CONTENT_TYPE) != Some(&content_type) {
                    return Err(Error::BadDigest);
                }
                // RFC 5652, 5.4: signed as a SET OF in DER, whatever tag and order it was sent with.
                attributes.to_der().map_err(Error::malformed("signed attributes"))?
            }
            None => content.to_vec(),
        };
        key.verify_part(WHAT, algorithm, &signed, info.signature.as_bytes())?;
        Ok(signer)
    }
}

/// Holds certificates alone in signed data without content and signers (RFC 5652, 5; PKCS#7 calls it degenerate). What
/// it was read with stays, also what is no certificate that can be read here.
#[derive(Clone, Debug)]
pub struct CertificateBundle(SignedData);

impl CertificateBundle {
    /// Returns a bundle without certificates.
    pub fn empty() -> Self {
        Self(SignedData {
            // RFC 5652, 5.1: version 1 because the content is id-data and there are only X.509 certificates.
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::new(),
            content: EncapsulatedContentInfo { econtent_type: oid::DATA, econtent: None },
            certificates: None,
            crls: None,
            signer_infos: SetOfVec::new(),
        })
    }

    /// Reads a bundle in BER or DER of at most 1 MiB.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        SignedData::read(bytes).map(Self)
    }

    /// Says whether nothing at all is in it.
    pub fn is_empty(&self) -> bool {
        self.encoded().next().is_none() && self.0.crls.as_ref().is_none_or(|crls| crls.is_empty())
    }

    /// Returns the certificates that can be read; they are a SET, so that their order means nothing.
    pub fn certificates(&self) -> Vec<Certificate> {
        self.0.certificates().0
    }

    /// Adds the certificates that are not in it, and returns how many these are.
    pub fn add(&mut self, certificates: &[Certificate]) -> Result<usize, Error> {
        let mut all: Vec<_> = self.encoded().cloned().collect();
        let before = all.len();
        for certificate in certificates {
            let added = Any::from_der(certificate.der()).map_err(Error::malformed(WHAT))?;
            if !all.contains(&added) {
                all.push(added);
            }
        }
        let added = all.len().saturating_sub(before);
        self.put(all)?;
        Ok(added)
    }

    /// Takes out these certificates, and returns how many of them were in it.
    pub fn remove(&mut self, certificates: &[Certificate]) -> Result<usize, Error> {
        let all: Vec<_> = self.encoded().cloned().collect();
        let before = all.len();
        let goes = |any: &Any| any.to_der().is_ok_and(|der| certificates.iter().any(|it| it.der() == der));
        let stay: Vec<_> = all.into_iter().filter(|any| !goes(any)).collect();
        let gone = before.saturating_sub(stay.len());
        self.put(stay)?;
        Ok(gone)
    }

    /// Encodes the bundle, DER.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> {
        let encode = || ContentInfo { content_type: oid::SIGNED_DATA, content: Any::encode_from(&self.0)? }.to_der();
        encode().map_err(Error::malformed(WHAT))
    }

    fn encoded(&self) -> impl Iterator<Item = &Any> {
        self.0.certificates.iter().flat_map(SetOfVec::iter)
    }

    fn put(&mut self, all: Vec<Any>) -> Result<(), Error> {
        let set = SetOfVec::try_from(all).map_err(Error::malformed(WHAT))?;
        self.0.certificates = Some(set).filter(|set| !set.is_empty());
        Ok(())
    }
}

/// Finds the certificate that a signer identifier names.
fn find_signer<'a>(id: &SignerIdentifier, certificates: &'a [Certificate]) -> Result<&'a Certificate, Error> {
    let is_signer = |it: &&Certificate| match id {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *it.issuer_name() && id.serial_number == *it.x509().tbs_certificate().serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            it.subject_key_id().is_ok_and(|key| key.as_deref() == Some(id.0.as_bytes()))
        }
    };
    certificates.iter().find(is_signer).ok_or_else(|| Error::SignerMissing {
        signer: match id {
            SignerIdentifier::IssuerAndSerialNumber(id) => {
                format!("serial number {} of {}", hex::encode_upper(id.serial_number.as_bytes()), id.issuer)
            }
            SignerIdentifier::SubjectKeyIdentifier(id) => {
                format!("key identifier {}", hex::encode(id.0.as_bytes()))
            }
        },
    })
}

/// Returns the algorithm of a signature. Some signers write only the key's algorithm and leave the hash to
/// `digestAlgorithm`, others name both at once (RFC 3370, 3.2).
fn algorithm_of(info: &SignerInfo, kind: KeyKind) -> Result<SignatureAlgorithm, Error> {
    let named = &info.signature_algorithm;
    let algorithm = match named.oid {
        oid::RSA_ENCRYPTION | oid::EC_PUBLIC_KEY => SignatureAlgorithm::for_digest(kind, info.digest_alg.oid)?,
        _ => SignatureAlgorithm::from_identifier(named)?,
    };
    if algorithm.digest_oid() != info.digest_alg.oid {
        return Err(Error::UnknownSignatureAlgorithm { oid: format!("{} with {}", named.oid, info.digest_alg.oid) });
    }
    Ok(algorithm)
}

/// Signs `content` and packs it with `certificates`; the signer's own is added where it is not listed.
pub(super) fn sign(
    content_type: Oid,
    content: Vec<u8>,
    certificates: &[&Certificate],
    signer: &dyn Signer,
    signer_certificate: &Certificate,
) -> Result<Vec<u8>, Error> {
    let content = Signed { content_type, content: &content, packed: true };
    write_signed(&content, certificates, signer, signer_certificate)
}

/// Signs `content`, which goes beside the message and not in it (RFC 5652, 5.2); DER. `openssl cms -verify -content` reads it.
pub fn sign_detached(content: &[u8], signer: &dyn Signer, signer_certificate: &Certificate) -> Result<Vec<u8>, Error> {
    write_signed(&Signed { content_type: oid::DATA, content, packed: false }, &[], signer, signer_certificate)
}

/// Is what is signed.
struct Signed<'a> {
    content_type: Oid,
    content: &'a [u8],
    /// The message holds the content.
    packed: bool,
}

fn write_signed(
    signed: &Signed<'_>,
    certificates: &[&Certificate],
    signer: &dyn Signer,
    signer_certificate: &Certificate,
) -> Result<Vec<u8>, Error> {
    let Signed { content_type, content, packed } = *signed;
    let malformed = Error::malformed(WHAT);
    let algorithm = signer.algorithm();
    if !signer_certificate.is_for(signer.public_key()) || !algorithm.goes_with(signer.public_key().kind()) {
        return Err(Error::SignerCertificate);
    }
    let hash = AlgorithmIdentifierOwned { oid: algorithm.digest_oid(), parameters: None };
    let attributes = SetOfVec::try_from(vec![
        attribute(oid::CONTENT_TYPE, Any::from(content_type)).map_err(&malformed)?,
        OctetString::new(algorithm.digest(content))
            .and_then(|digest| attribute(oid::MESSAGE_DIGEST, Any::encode_from(&digest)?))
            .map_err(&malformed)?,
    ])
    .map_err(&malformed)?;
    let signature = signer.sign(&attributes.to_der().map_err(&malformed)?)?;
    let body = || {
        let info = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: signer_certificate.issuer_name().clone(),
                serial_number: signer_certificate.x509().tbs_certificate().serial_number().clone(),
            }),
            digest_alg: hash.clone(),
            signed_attrs: Some(attributes),
            signature_algorithm: if algorithm.is_rsa() {
                AlgorithmIdentifierOwned { oid: oid::RSA_ENCRYPTION, parameters: Some(Null.into()) }
            } else {
                algorithm.identifier()
            },
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let signed = SignedData {
            // RFC 5652, 5.1.
            version: if content_type == oid::DATA { CmsVersion::V1 } else { CmsVersion::V3 },
            digest_algorithms: SetOfVec::try_from(vec![hash])?,
            content: EncapsulatedContentInfo {
                econtent_type: content_type,
                econtent: packed.then(|| Any::encode_from(&OctetString::new(content)?)).transpose()?,
            },
            certificates: Some(certificate_set(certificates, signer_certificate)?),
            crls: None,
            signer_infos: SetOfVec::try_from(vec![info])?,
        };
        ContentInfo { content_type: oid::SIGNED_DATA, content: Any::encode_from(&signed)? }.to_der()
    };
    body().map_err(&malformed)
}

/// Builds an attribute with one value.
fn attribute(id: Oid, value: Any) -> der::Result<Attribute> {
    Ok(Attribute { oid: id, values: SetOfVec::try_from(vec![value])? })
}

/// Builds the SET of certificates, without duplicates.
fn certificate_set(certificates: &[&Certificate], signer: &Certificate) -> der::Result<SetOfVec<Any>> {
    let mut all: Vec<&[u8]> = certificates.iter().map(|it| it.der()).chain([signer.der()]).collect();
    all.sort_unstable();
    all.dedup();
    SetOfVec::try_from(all.into_iter().map(Any::from_der).collect::<Result<Vec<_>, _>>()?)
}

//! Seals bytes to holders of keys and opens them again (CMS AuthEnvelopedData, RFC 5083): AES-256-GCM (RFC 5084) under
//! a fresh content key. An RSA recipient gets that key by RSAES-OAEP with SHA-256 (RFC 4056), one on P-256 or P-384 by
//! ephemeral ECDH with the X9.63 KDF and AES-256 key wrap (RFC 5753). `openssl cms -decrypt` opens what is sealed here.

use super::certificate::Certificate;
use super::error::Error;
use super::key::PublicKey;
use super::key_algorithm::KeyKind;
use super::oid;
use super::opener::{Opener, curve, shared};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, PrivateKey};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use cms::authenveloped_data::AuthEnvelopedData;
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{
    EncryptedContentInfo, KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo, KeyTransRecipientInfo,
    OriginatorIdentifierOrKey, OriginatorPublicKey, RecipientEncryptedKey, RecipientIdentifier, RecipientInfo,
    RecipientInfos, RecipientKeyIdentifier,
};
use der::asn1::{Any, BitString, Null, OctetString, SetOfVec};
use der::{Decode, Encode, Sequence};
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

/// Limits the content that is sealed, in bytes; a message that is opened may be twice as long.
const MAX_SIZE: usize = 256 * 1024;
/// Limits the recipients of one message.
pub const MAX_RECIPIENTS: usize = 32;
const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;

const WHAT: &str = "sealed message";

/// Names one who may open a message.
pub struct Recipient {
    key: PublicKey,
    /// Issuer and serial number; `None` when the recipient is named by the key identifier.
    certificate: Option<IssuerAndSerialNumber>,
}

impl Recipient {
    /// Names the holder of a certificate, by issuer and serial number.
    pub fn holder(certificate: &Certificate) -> Result<Self, Error> {
        let id = IssuerAndSerialNumber {
            issuer: certificate.issuer_name().clone(),
            serial_number: certificate.x509().tbs_certificate().serial_number().clone(),
        };
        Ok(Self { key: certificate.public_key()?, certificate: Some(id) })
    }

    /// Names the holder of a key without a certificate, by the key identifier.
    pub fn key(key: PublicKey) -> Self {
        Self { key, certificate: None }
    }
}

/// Encodes GCMParameters (RFC 5084, 3.2).
#[derive(Sequence)]
struct GcmParameters {
    nonce: OctetString,
    tag_length: u8,
}

/// Encodes RSAES-OAEP-params (RFC 4055, 4.1), without a label.
#[derive(Sequence)]
struct OaepParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    hash: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT")]
    mask: AlgorithmIdentifierOwned,
}

/// Encodes ECC-CMS-SharedInfo (RFC 5753, 7.2), without user keying material.
#[derive(Sequence)]
struct SharedInfo {
    wrap: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    key_bits: OctetString,
}

/// Seals at most 256 KiB to all recipients, DER: 1 to [`MAX_RECIPIENTS`], each with an RSA key or one on P-256 or
/// P-384.
pub fn seal(content: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, Error> {
    if content.len() > MAX_SIZE {
        return Err(Error::TooLarge { what: WHAT, size: content.len(), limit: MAX_SIZE });
    }
    if recipients.is_empty() || recipients.len() > MAX_RECIPIENTS {
        return Err(Error::Recipients { limit: MAX_RECIPIENTS });
    }
    let malformed = Error::malformed(WHAT);
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let mut nonce = [0; NONCE_LEN];
    rand::fill(key.as_mut_slice()).and_then(|()| rand::fill(&mut nonce)).map_err(|_| Error::Sealing)?;
    let mut sealed = Zeroizing::new(content.to_vec());
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| Error::Sealing)?);
    let nonce_used = Nonce::assume_unique_for_key(nonce);
    let tag = cipher.seal_in_place_separate_tag(nonce_used, Aad::empty(), &mut sealed).map_err(|_| Error::Sealing)?;
    let infos = recipients.iter().map(|recipient| recipient.info(key.as_slice())).collect::<Result<Vec<_>, _>>()?;
    let parameters =
        GcmParameters { nonce: OctetString::new(nonce.to_vec()).map_err(&malformed)?, tag_length: TAG_LEN as u8 };
    let message = AuthEnvelopedData {
        version: CmsVersion::V0,
        originator_info: None,
        recip_infos: RecipientInfos(SetOfVec::try_from(infos).map_err(&malformed)?),
        auth_encrypted_content_info: EncryptedContentInfo {
            content_type: oid::DATA,
            content_enc_alg: identifier(oid::AES256_GCM, Some(Any::encode_from(&parameters).map_err(&malformed)?)),
            encrypted_content: Some(OctetString::new(sealed.as_slice()).map_err(&malformed)?),
        },
        auth_attrs: None,
        mac: OctetString::new(tag.as_ref()).map_err(&malformed)?,
        unauth_attrs: None,
    };
    let content = Any::encode_from(&message).map_err(&malformed)?;
    ContentInfo { content_type: oid::AUTH_ENVELOPED_DATA, content }.to_der().map_err(&malformed)
}

/// Opens what was sealed to this key. The recipient is looked for under `certificate` when one is given, else under the
/// key identifier. Errors: [`Error::NotForThisKey`]; [`Error::Opening`] when the message was altered or uses other
/// algorithms.
pub fn open(bytes: &[u8], key: &dyn Opener, certificate: Option<&Certificate>) -> Result<Zeroizing<Vec<u8>>, Error> {
    if bytes.len() > 2 * MAX_SIZE {
        return Err(Error::TooLarge { what: WHAT, size: bytes.len(), limit: 2 * MAX_SIZE });
    }
    let malformed = Error::malformed(WHAT);
    let info = ContentInfo::from_der(bytes).map_err(&malformed)?;
    if info.content_type != oid::AUTH_ENVELOPED_DATA {
        return Err(Error::NotForThisKey);
    }
    let message: AuthEnvelopedData = info.content.decode_as().map_err(&malformed)?;
    let content = message.auth_encrypted_content_info;
    if content.content_enc_alg.oid != oid::AES256_GCM {
        return Err(Error::Opening);
    }
    let parameters = content.content_enc_alg.parameters.ok_or(Error::Opening)?;
    let parameters: GcmParameters = parameters.decode_as().map_err(&malformed)?;
    let nonce = Nonce::try_assume_unique_for_key(parameters.nonce.as_bytes()).map_err(|_| Error::Opening)?;
    let mine = match certificate {
        Some(certificate) => Recipient::holder(certificate)?,
        None => Recipient::key(key.sealed_to().clone()),
    };
    if mine.key != *key.sealed_to() {
        return Err(Error::NotForThisKey);
    }
    let wrapped = message.recip_infos.0.iter().find_map(|info| mine.find(info)).ok_or(Error::NotForThisKey)?;
    let content_key = wrapped.unwrap(key)?;
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).map_err(|_| Error::Opening)?);
    let sealed = content.encrypted_content.ok_or(Error::Opening)?;
    let mut plain = Zeroizing::new([sealed.as_bytes(), message.mac.as_bytes()].concat());
    let length = cipher.open_in_place(nonce, Aad::empty(), &mut plain).map_err(|_| Error::Opening)?.len();
    plain.truncate(length);
    Ok(plain)
}

/// Holds the content key as it is encrypted for one recipient.
enum Wrapped<'a> {
    Oaep(&'a [u8]),
    Agreed { info: &'a KeyAgreeRecipientInfo, key: &'a [u8] },
}

impl Wrapped<'_> {
    /// Decrypts the content key.
    fn unwrap(&self, key: &dyn Opener) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self {
            Self::Oaep(wrapped) => key.decrypt(wrapped),
            Self::Agreed { info, key: wrapped } => {
                let OriginatorIdentifierOrKey::OriginatorKey(originator) = &info.originator else {
                    return Err(Error::Opening);
                };
                if info.key_enc_alg.oid != oid::ECDH_SHA256_KDF || info.ukm.is_some() {
                    return Err(Error::Opening);
                }
                let kek = kek(&key.agree(originator.public_key.raw_bytes())?)?;
                let mut plain = Zeroizing::new(vec![0; wrapped.len()]);
                let opened = kek.unwrap(wrapped, &mut plain).map_err(|_| Error::Opening)?;
                Ok(Zeroizing::new(opened.to_vec()))
            }
        }
    }
}

impl Recipient {
    /// Encrypts the content key for this recipient.
    fn info(&self, content_key: &[u8]) -> Result<RecipientInfo, Error> {
        match curve(self.key.kind()) {
            None => self.by_transport(content_key),
            Some(curve) => self.by_agreement(content_key, curve),
        }
    }

    /// Encrypts the content key by RSAES-OAEP.
    fn by_transport(&self, content_key: &[u8]) -> Result<RecipientInfo, Error> {
        let failed = |_| Error::Sealing;
        let malformed = Error::malformed(WHAT);
        let public = PublicEncryptingKey::from_der(self.key.spki()).map_err(|_| Error::Sealing)?;
        let public = OaepPublicEncryptingKey::new(public).map_err(failed)?;
        let mut encrypted = vec![0; public.ciphertext_size()];
        public.encrypt(&OAEP_SHA256_MGF1SHA256, content_key, &mut encrypted, None).map_err(failed)?;
        let hash = identifier(oid::SHA256, Some(Null.into()));
        let mask = identifier(oid::MGF1, Some(Any::encode_from(&hash).map_err(&malformed)?));
        let parameters = Any::encode_from(&OaepParameters { hash, mask }).map_err(&malformed)?;
        let (version, rid) = match &self.certificate {
            Some(id) => (CmsVersion::V0, RecipientIdentifier::IssuerAndSerialNumber(id.clone())),
            None => (CmsVersion::V2, RecipientIdentifier::SubjectKeyIdentifier(self.key_identifier()?)),
        };
        Ok(RecipientInfo::Ktri(KeyTransRecipientInfo {
            version,
            rid,
            key_enc_alg: identifier(oid::RSAES_OAEP, Some(parameters)),
            enc_key: OctetString::new(encrypted).map_err(&malformed)?,
        }))
    }

    /// Encrypts the content key under a key that a fresh key pair shares with the recipient's.
    fn by_agreement(&self, content_key: &[u8], curve: &'static agreement::Algorithm) -> Result<RecipientInfo, Error> {
        let malformed = Error::malformed(WHAT);
        let ephemeral = PrivateKey::generate(curve).map_err(|_| Error::Sealing)?;
        let public = ephemeral.compute_public_key().map_err(|_| Error::Sealing)?;
        let kek = kek(&shared(&ephemeral, curve, self.key.subject_public_key(), Error::Sealing)?)?;
        let mut encrypted = vec![0; content_key.len() + 8];
        kek.wrap(content_key, &mut encrypted).map_err(|_| Error::Sealing)?;
        let named = if self.key.kind() == KeyKind::P256 { oid::SECP256R1 } else { oid::SECP384R1 };
        let rid = match &self.certificate {
            Some(id) => KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(id.clone()),
            None => KeyAgreeRecipientIdentifier::RKeyId(RecipientKeyIdentifier {
                subject_key_identifier: self.key_identifier()?,
                date: None,
                other: None,
            }),
        };
        let enc_key = OctetString::new(encrypted).map_err(&malformed)?;
        Ok(RecipientInfo::Kari(KeyAgreeRecipientInfo {
            version: CmsVersion::V3,
            originator: OriginatorIdentifierOrKey::OriginatorKey(OriginatorPublicKey {
                algorithm: identifier(oid::EC_PUBLIC_KEY, Some(named.into())),
                public_key: BitString::from_bytes(public.as_ref()).map_err(&malformed)?,
            }),
            ukm: None,
            key_enc_alg: identifier(
                oid::ECDH_SHA256_KDF,
                Some(Any::encode_from(&identifier(oid::AES256_WRAP, None)).map_err(&malformed)?),
            ),
            recipient_enc_keys: vec![RecipientEncryptedKey { rid, enc_key }],
        }))
    }

    fn key_identifier(&self) -> Result<SubjectKeyIdentifier, Error> {
        let id = OctetString::new(self.key.key_identifier()).map_err(Error::malformed(WHAT))?;
        Ok(SubjectKeyIdentifier(id))
    }

    /// Returns the encrypted content key when `info` names this recipient.
    fn find<'a>(&self, info: &'a RecipientInfo) -> Option<Wrapped<'a>> {
        let key_id = self.key.key_identifier();
        match info {
            RecipientInfo::Ktri(info) if info.key_enc_alg.oid == oid::RSAES_OAEP && self.key.kind().is_rsa() => {
                let named = match &info.rid {
                    RecipientIdentifier::IssuerAndSerialNumber(id) => Some(id) == self.certificate.as_ref(),
                    RecipientIdentifier::SubjectKeyIdentifier(id) => id.0.as_bytes() == key_id,
                };
                named.then(|| Wrapped::Oaep(info.enc_key.as_bytes()))
            }
            RecipientInfo::Kari(info) if !self.key.kind().is_rsa() => {
                let mine = info.recipient_enc_keys.iter().find(|key| match &key.rid {
                    KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(id) => Some(id) == self.certificate.as_ref(),
                    KeyAgreeRecipientIdentifier::RKeyId(id) => id.subject_key_identifier.0.as_bytes() == key_id,
                })?;
                Some(Wrapped::Agreed { info, key: mine.enc_key.as_bytes() })
            }
            _ => None,
        }
    }
}

fn identifier(oid: der::asn1::ObjectIdentifier, parameters: Option<Any>) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters }
}

/// Derives the key-encryption key from a shared secret (RFC 5753, 7.2; SEC 1, 3.6.1). One block of the KDF suffices.
fn kek(secret: &[u8]) -> Result<AesKek, Error> {
    let malformed = Error::malformed(WHAT);
    let bits = u32::try_from(KEY_LEN * 8).map_err(|_| Error::Sealing)?.to_be_bytes();
    let shared = SharedInfo {
        wrap: identifier(oid::AES256_WRAP, None),
        key_bits: OctetString::new(bits.to_vec()).map_err(&malformed)?,
    };
    let shared = shared.to_der().map_err(&malformed)?;
    let mut context = Context::new(&SHA256);
    context.update(secret);
    context.update(&1u32.to_be_bytes());
    context.update(&shared);
    let mut key = Zeroizing::new([0; KEY_LEN]);
    key.copy_from_slice(context.finish().as_ref());
    AesKek::new(&AES_256, key.as_slice()).map_err(|_| Error::Sealing)
}

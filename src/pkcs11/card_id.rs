//! Keeps an id of our own on a token whose serial names nothing: a public data object (PKCS#11 v2.40 base, 4.5), or an
//! attribute certificate (4.6) where a token keeps no data in public, as tpm2-pkcs11 does not, or a public key (4.8)
//! where it keeps neither, as NSS does not. Other programs read past such certificates, and past public keys that have
//! no private half.

use super::attributes::curve;
use super::error::{CallError, device, failed};
use super::objects::{CARD_ID, handles};
use crate::pkix::KeyAlgorithm;
use crate::token::Error;
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::object::{Attribute, AttributeType, CertificateType, KeyType, ObjectClass};
use cryptoki::session::Session;
use uuid::Uuid;

const APPLICATION: &[u8] = b"cardwright";
const LABEL: &[u8] = b"card id";
/// Is a name without parts, in DER (X.501, 9.2): CKA_OWNER must be given.
const NO_NAME: [u8; 2] = [0x30, 0x00];

/// Is a point of P-256 whose private key is 1, so that nobody takes the public key for anyone's: the base point
/// (SP 800-186, 3.2.1.3), in an OCTET STRING.
const BASE_POINT: [u8; 67] = [
    0x04, 0x41, 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42,
    0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31,
    0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];

/// Lists the forms that the object may have, in the order in which they are tried.
#[derive(Clone, Copy)]
enum Form {
    Data,
    AttributeCertificate,
    PublicKey,
}

const FORMS: [Form; 3] = [Form::Data, Form::AttributeCertificate, Form::PublicKey];

impl Form {
    /// Lists what finds the object again.
    fn wanted(self) -> Vec<Attribute> {
        let mut wanted = vec![Attribute::Token(true)];
        wanted.extend(match self {
            Form::Data => [
                Attribute::Class(ObjectClass::DATA),
                Attribute::Application(APPLICATION.to_vec()),
                Attribute::Label(LABEL.to_vec()),
            ],
            Form::AttributeCertificate => [
                Attribute::Class(ObjectClass::CERTIFICATE),
                Attribute::CertificateType(CertificateType::X_509_ATTR),
                Attribute::Label(CARD_ID.to_vec()),
            ],
            Form::PublicKey => [
                Attribute::Class(ObjectClass::PUBLIC_KEY),
                Attribute::KeyType(KeyType::EC),
                Attribute::Id(CARD_ID.to_vec()),
            ],
        });
        wanted
    }

    /// Returns the template of a new object.
    fn holding(self, id: Uuid) -> Vec<Attribute> {
        let value = Attribute::Value(id.as_bytes().to_vec());
        let mut template = self.wanted();
        template.push(Attribute::Private(false));
        template.extend(match self {
            Form::Data => vec![value],
            Form::AttributeCertificate => vec![value, Attribute::Owner(NO_NAME.to_vec())],
            Form::PublicKey => vec![
                Attribute::Label(id.to_string().into_bytes()),
                Attribute::EcParams(curve(KeyAlgorithm::P256).unwrap_or_default().to_vec()),
                Attribute::EcPoint(BASE_POINT.to_vec()),
            ],
        });
        template
    }

    /// Returns the attribute that holds the id.
    fn holder(self) -> AttributeType {
        match self {
            Form::Data | Form::AttributeCertificate => AttributeType::Value,
            Form::PublicKey => AttributeType::Label,
        }
    }
}

/// Reads the id; `None` if the token has none. Where two programs have each written one, the lesser one counts.
pub(super) fn read(session: &Session) -> Result<Option<Uuid>, Error> {
    for form in FORMS {
        let found = least(session, form)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Returns the least id among the objects of one form.
fn least(session: &Session, form: Form) -> Result<Option<Uuid>, Error> {
    let mut least = None;
    for handle in handles(session, &form.wanted())? {
        let attributes = super::attributes::read(session, handle, &[form.holder()])?;
        let found = attributes.into_iter().find_map(|attribute| match attribute {
            Attribute::Value(value) => Uuid::from_slice(&value).ok(),
            Attribute::Label(text) => Uuid::try_parse_ascii(&text).ok(),
            _ => None,
        });
        least = match (least, found) {
            (Some(least), Some(found)) => Some(Uuid::min(least, found)),
            (one, other) => one.or(other),
        };
    }
    Ok(least)
}

/// Writes the id, unless the token has one by now, and returns what is read back.
pub(super) fn write(session: &Session, id: Uuid) -> Result<Uuid, Error> {
    if let Some(there) = read(session)? {
        return Ok(there);
    }
    let mut written = session.create_object(&Form::Data.holding(id));
    // tpm2-pkcs11 1.9: CKA_PRIVATE of data cannot be false. NSS 3.87: no data on a token, certificates of X.509 alone.
    for form in [Form::AttributeCertificate, Form::PublicKey] {
        if !matches!(&written, Err(Cryptoki::Pkcs11(RvError::AttributeValueInvalid | RvError::TemplateInconsistent, _)))
        {
            break;
        }
        written = session.create_object(&form.holding(id));
    }
    written.map_err(failed("C_CreateObject"))?;
    read(session)?.ok_or_else(|| device("C_CreateObject", CallError::AttributeAbsent("the card id that was written")))
}

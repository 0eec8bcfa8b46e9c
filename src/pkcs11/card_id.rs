//! Keeps an id of our own on a token whose serial names nothing: a public data object (PKCS#11 v2.40 base, 4.5), or an
//! attribute certificate (4.6) where a token keeps no data in public, as tpm2-pkcs11 does not. Other programs read past
//! certificates of that type.

use super::error::{CallError, device, failed};
use super::objects::handles;
use crate::token::Error;
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass};
use cryptoki::session::Session;
use uuid::Uuid;

const APPLICATION: &[u8] = b"cardwright";
const LABEL: &[u8] = b"card id";
/// Is a name without parts, in DER (X.501, 9.2): CKA_OWNER must be given.
const NO_NAME: [u8; 2] = [0x30, 0x00];

/// Labels the attribute certificate, which names no application.
const CERTIFICATE_LABEL: &[u8] = b"cardwright card id";

/// Lists what finds the object again, for each form that it may have.
fn forms() -> [Vec<Attribute>; 2] {
    let data = [
        Attribute::Class(ObjectClass::DATA),
        Attribute::Application(APPLICATION.to_vec()),
        Attribute::Label(LABEL.to_vec()),
    ];
    let certificate = [
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509_ATTR),
        Attribute::Label(CERTIFICATE_LABEL.to_vec()),
    ];
    [data, certificate].map(|form| [vec![Attribute::Token(true)], form.into()].concat())
}

/// Reads the id; `None` if the token has none. Where two programs have each written one, the lesser one counts.
pub(super) fn read(session: &Session) -> Result<Option<Uuid>, Error> {
    for form in forms() {
        let found = least(session, &form)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Returns the least id among the objects of one form.
fn least(session: &Session, form: &[Attribute]) -> Result<Option<Uuid>, Error> {
    let mut least = None;
    for handle in handles(session, form)? {
        let attributes = super::attributes::read(session, handle, &[AttributeType::Value])?;
        let found = attributes.into_iter().find_map(|attribute| match attribute {
            Attribute::Value(value) => Uuid::from_slice(&value).ok(),
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
    let [data, certificate] = forms().map(|mut form| {
        form.extend([Attribute::Private(false), Attribute::Value(id.as_bytes().to_vec())]);
        form
    });
    let written = match session.create_object(&data) {
        // tpm2-pkcs11 1.9: CKA_PRIVATE of data cannot be false.
        Err(Cryptoki::Pkcs11(RvError::AttributeValueInvalid | RvError::TemplateInconsistent, _)) => {
            let owner = Attribute::Owner(NO_NAME.to_vec());
            session.create_object(&[certificate, vec![owner]].concat())
        }
        written => written,
    };
    written.map_err(failed("C_CreateObject"))?;
    read(session)?.ok_or_else(|| device("C_CreateObject", CallError::AttributeAbsent("the card id that was written")))
}

//! Keeps an id of our own on a token whose serial names nothing: a public data object (PKCS#11 v2.40 base, 4.5).

use super::error::{CallError, device, failed};
use super::objects::handles;
use crate::token::Error;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::Session;
use uuid::Uuid;

const APPLICATION: &[u8] = b"cardwright";
const LABEL: &[u8] = b"card id";

/// Returns what finds the object again.
fn marks() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::DATA),
        Attribute::Token(true),
        Attribute::Application(APPLICATION.to_vec()),
        Attribute::Label(LABEL.to_vec()),
    ]
}

/// Reads the id; `None` if the token has none. Where two programs have each written one, the lesser one counts.
pub(super) fn read(session: &Session) -> Result<Option<Uuid>, Error> {
    let mut least = None;
    for handle in handles(session, &marks())? {
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
    let mut template = marks();
    template.extend([Attribute::Private(false), Attribute::Value(id.as_bytes().to_vec())]);
    session.create_object(&template).map_err(failed("C_CreateObject"))?;
    read(session)?.ok_or_else(|| device("C_CreateObject", CallError::AttributeAbsent("the card id that was written")))
}

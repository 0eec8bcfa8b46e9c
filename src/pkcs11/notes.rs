//! Keeps short notes on a token, as private data objects (CKO_DATA) that a name tells apart.

use super::attributes;
use super::error::failed;
use super::objects::handles;
use crate::token::Error;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::Session;

/// Names the program that the objects belong to (CKA_APPLICATION).
const APPLICATION: &[u8] = b"cardwright";

/// Returns what all notes of this name have in common.
fn wanted(name: &str) -> Vec<Attribute> {
    vec![
        Attribute::Token(true),
        Attribute::Class(ObjectClass::DATA),
        Attribute::Application(APPLICATION.to_vec()),
        Attribute::Label(name.into()),
    ]
}

/// Reads a note; of several, which a cut between writing and removing leaves, the greatest counts.
pub(super) fn read(session: &Session, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut greatest: Option<Vec<u8>> = None;
    for handle in handles(session, &wanted(name))? {
        for attribute in attributes::read(session, handle, &[AttributeType::Value])? {
            if let Attribute::Value(value) = attribute {
                greatest = greatest.max(Some(value));
            }
        }
    }
    Ok(greatest)
}

/// Writes a note in place of the one that is there. It must be greater than that one.
pub(super) fn write(session: &Session, name: &str, content: &[u8]) -> Result<(), Error> {
    let before = handles(session, &wanted(name))?;
    let mut template = wanted(name);
    template.extend([Attribute::Private(true), Attribute::Value(content.to_vec())]);
    session.create_object(&template).map_err(failed("C_CreateObject"))?;
    for handle in before {
        session.destroy_object(handle).map_err(failed("C_DestroyObject"))?;
    }
    Ok(())
}

//! Whether a token takes private keys that were made elsewhere, as far as that shows before anybody logs in.

use super::attributes;
use super::error::{failed, is_removal};
use super::import::CREATING;
use super::session::list;
use crate::token::{Error, Expected, KeyId, Prospect};
use cryptoki::context::{Function, Pkcs11};
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::Session;
use cryptoki::slot::Slot;

/// Says of each key whether the token may take it. Ids are free names here, so that nothing is in a key's place; how
/// much room there is, no module tells.
pub(super) fn prospects(
    pkcs11: &Pkcs11,
    slot: Slot,
    (session, is_tpm): (&Session, bool),
    expected: &[Expected],
) -> Result<Vec<Prospect>, Error> {
    let known = expected.iter().any(|expected| expected.thumbprint.is_some());
    let there = if known { list(session)? } else { Vec::new() };
    // tpm2-pkcs11 makes objects of public keys and data alone.
    let takes = !is_tpm && takes_keys(pkcs11, slot, session)?;
    let mut prospects = Vec::new();
    for expected in expected {
        prospects.push(if expected.is_among(&there) {
            Prospect::IsThere
        } else if !takes {
            Prospect::Refused(Error::NotOffered("the import of a private key"))
        } else {
            match expected.algorithm {
                Some(algorithm) if attributes::signs(pkcs11, slot, algorithm)? == Some(false) => {
                    Prospect::Refused(Error::Algorithm(algorithm))
                }
                _ => Prospect::Free(KeyId(expected.name.clone())),
            }
        });
    }
    Ok(prospects)
}

/// Says whether the token may take private keys: it can be written to, and the module has C_CreateObject. The module is
/// asked by a template that no key can be made of, so that one which has it refuses for that.
fn takes_keys(pkcs11: &Pkcs11, slot: Slot, session: &Session) -> Result<bool, Error> {
    let info = pkcs11.get_token_info(slot).map_err(failed("C_GetTokenInfo"))?;
    if info.write_protected() || !pkcs11.is_fn_supported(Function::CreateObject) {
        return Ok(false);
    }
    match session.create_object(&[Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(false)]) {
        Ok(handle) => {
            session.destroy_object(handle).map_err(failed("C_DestroyObject"))?;
            Ok(true)
        }
        Err(error) if is_removal(&error) => Err(failed(CREATING)(error)),
        Err(Cryptoki::Pkcs11(RvError::FunctionNotSupported, _)) => Ok(false),
        // Others refuse the template, or want a login first.
        Err(_) => Ok(true),
    }
}

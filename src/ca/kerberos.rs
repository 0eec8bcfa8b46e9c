//! Encodes a Kerberos principal as an alternative name of a subject (RFC 4556, 3.2.2; RFC 4120, 5.2).

use super::error::Error;
use der::Sequence;
use der::asn1::Any;
use der::{Decode, Encode, Tag};

/// Is NT-PRINCIPAL (RFC 4120, 6.2).
const NT_PRINCIPAL: u32 = 1;

/// Encodes a KRB5PrincipalName.
#[derive(Sequence)]
struct PrincipalName {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    realm: Any,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT")]
    name: Components,
}

/// Encodes a PrincipalName.
#[derive(Sequence)]
struct Components {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    name_type: u32,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT")]
    name_string: Vec<Any>,
}

/// Encodes `primary/instance@REALM` as a KRB5PrincipalName; realm and name must be ASCII and not empty.
pub(super) fn principal_name(principal: &str) -> Result<Any, Error> {
    let wrong = || Error::Name { kind: "Kerberos principal", value: principal.into() };
    let (name, realm) = principal.rsplit_once('@').ok_or_else(wrong)?;
    // KerberosString is a GeneralString, which the encoder has no type for.
    let text = |part: &str| match part.is_empty() || !part.is_ascii() {
        true => Err(wrong()),
        false => Any::new(Tag::GeneralString, part.as_bytes()).map_err(Error::Encoding),
    };
    let value = PrincipalName {
        realm: text(realm)?,
        name: Components { name_type: NT_PRINCIPAL, name_string: name.split('/').map(text).collect::<Result<_, _>>()? },
    };
    value.to_der().and_then(|der| Any::from_der(&der)).map_err(Error::Encoding)
}

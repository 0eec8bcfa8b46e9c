//! Reads and writes a request's attributes beside the extension request, Microsoft's among them (MS-WCCE, 2.2.2.7).

use crate::pkix::error::Error;
use crate::pkix::{oid, text};
use der::{
    Any, Decode, Encode, Sequence, Tag,
    asn1::{BitString, BmpString, SetOfVec},
    oid::ObjectIdentifier as Oid,
};
use x509_cert::attr::Attribute;

/// Holds an attribute whose values stay encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAttribute {
    /// Type, as a dotted object identifier.
    pub oid: String,
    /// Each value, DER.
    pub values: Vec<Vec<u8>>,
}

impl RawAttribute {
    pub(super) fn read(attribute: &Attribute) -> Result<Self, Error> {
        let values = attribute.values.iter().map(Encode::to_der).collect::<Result<_, _>>();
        Ok(Self { oid: attribute.oid.to_string(), values: values.map_err(Error::malformed("attribute"))? })
    }

    pub(super) fn write(&self) -> Result<Attribute, Error> {
        let malformed = Error::malformed("attribute");
        let id = Oid::new(&self.oid).map_err(|_| Error::ObjectIdentifier { text: self.oid.clone() })?;
        let values = self.values.iter().map(|der| Any::from_der(der)).collect::<Result<Vec<_>, _>>();
        Ok(Attribute { oid: id, values: values.and_then(SetOfVec::try_from).map_err(malformed)? })
    }
}

/// Says who made a request and where (MS-WCCE, 2.2.2.7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientInfo {
    /// Microsoft's number for the kind of client; 5 is certificate enrollment through its API.
    pub client_id: u32,
    /// Host name of the machine.
    pub machine: String,
    /// User, as `DOMAIN\user`.
    pub user: String,
    /// Name of the program.
    pub process: String,
}

/// Encodes a [`ClientInfo`].
#[derive(Sequence)]
struct ClientInfoDer {
    client_id: u32,
    machine: Any,
    user: Any,
    process: Any,
}

impl ClientInfo {
    pub(super) fn read(value: &Any) -> Result<Self, Error> {
        let malformed = Error::malformed("client info attribute");
        let read: ClientInfoDer = value.decode_as().map_err(&malformed)?;
        let text = |it: &Any| text::of(it.to_ref()).ok_or_else(|| malformed(Tag::Utf8String.value_error().into()));
        Ok(Self {
            client_id: read.client_id,
            machine: text(&read.machine)?,
            user: text(&read.user)?,
            process: text(&read.process)?,
        })
    }

    pub(super) fn write(&self) -> Result<Attribute, Error> {
        let malformed = Error::malformed("client info attribute");
        let text = |it: &String| Any::new(Tag::Utf8String, it.as_bytes());
        let body = || {
            Any::encode_from(&ClientInfoDer {
                client_id: self.client_id,
                machine: text(&self.machine)?,
                user: text(&self.user)?,
                process: text(&self.process)?,
            })
        };
        single(oid::REQUEST_CLIENT_INFO, body().map_err(malformed)?)
    }
}

/// Names the cryptographic provider that made a key (MS-WCCE, 2.2.2.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollmentCsp {
    /// Purpose of the key: 1 key exchange, 2 signature, 0 neither.
    pub key_spec: u32,
    /// The provider's name.
    pub provider: String,
    /// Signature of the provider; empty with key storage providers.
    pub signature: Vec<u8>,
}

/// Encodes an [`EnrollmentCsp`].
#[derive(Sequence)]
struct EnrollmentCspDer {
    key_spec: u32,
    provider: BmpString,
    signature: BitString,
}

impl EnrollmentCsp {
    pub(super) fn read(value: &Any) -> Result<Self, Error> {
        let read: EnrollmentCspDer = value.decode_as().map_err(Error::malformed("enrollment provider attribute"))?;
        Ok(Self {
            key_spec: read.key_spec,
            provider: read.provider.to_string(),
            signature: read.signature.raw_bytes().to_vec(),
        })
    }

    pub(super) fn write(&self) -> Result<Attribute, Error> {
        let body = || {
            Any::encode_from(&EnrollmentCspDer {
                key_spec: self.key_spec,
                provider: BmpString::from_utf8(&self.provider)?,
                signature: BitString::from_bytes(&self.signature)?,
            })
        };
        single(oid::ENROLLMENT_CSP, body().map_err(Error::malformed("enrollment provider attribute"))?)
    }
}

/// Builds the attribute that tells the operating system's version, which must be ASCII.
pub(super) fn os_version(version: &str) -> Result<Attribute, Error> {
    if !version.is_ascii() {
        return Err(Error::NotAscii { field: "operating system version", value: version.into() });
    }
    let value = Any::new(Tag::Ia5String, version.as_bytes()).map_err(Error::malformed("attribute"))?;
    single(oid::OS_VERSION, value)
}

/// Builds an attribute with one value.
fn single(id: Oid, value: Any) -> Result<Attribute, Error> {
    let values = SetOfVec::try_from([value]).map_err(Error::malformed("attribute"))?;
    Ok(Attribute { oid: id, values })
}

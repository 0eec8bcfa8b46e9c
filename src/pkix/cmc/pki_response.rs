//! Encodes a PKIResponse (RFC 5272, 4.2) and the one control of Microsoft's that is used here.

use der::{
    Any, Sequence,
    asn1::{ObjectIdentifier as Oid, SetOfVec},
};
use x509_cert::attr::Attribute;

/// Names such a message in errors.
pub(super) const WHAT: &str = "PKI response";

/// Encodes a PKIResponse (RFC 5272, 4.2).
#[derive(Sequence)]
pub(super) struct PkiResponse {
    pub control_sequence: Vec<TaggedAttribute>,
    pub cms_sequence: Vec<Any>,
    pub other_msg_sequence: Vec<Any>,
}

/// Encodes a TaggedAttribute (RFC 5272, 3.2.1.1).
#[derive(Sequence)]
pub(super) struct TaggedAttribute {
    pub body_part_id: u32,
    pub attr_type: Oid,
    pub attr_values: SetOfVec<Any>,
}

/// Encodes the value of szOID_CMC_ADD_ATTRIBUTES (MS-WCCE, 2.2.2.6.2).
#[derive(Sequence)]
pub(super) struct AddAttributes {
    pub pki_data_reference: u32,
    pub cert_references: Vec<u32>,
    pub attributes: SetOfVec<Attribute>,
}

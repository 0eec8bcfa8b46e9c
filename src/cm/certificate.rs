//! Certificates on the wire: the body and the answer of `certificatedata`, and the lists.

use super::wire::body::body;
use super::wire::{
    CrlfList, CrlfListOrNothing, CrlfOrNothing, CrlfOrNull, Described, LocalMomentOrNothing, PassphraseOrNothing,
    Plain, PlainOr, PlainOrNothing, Text, TextOrNothing, TextOrNull,
};
use crate::secret::Passphrase;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;

/// Holds the body of `POST requests/{id}/certificatedata`.
pub struct CertificateData {
    /// Protects server-generated keys; unused where keys are made on the card.
    pub pfx_password: Option<Passphrase>,
    /// Certification requests (PKCS#10), DER; base64 with CRLF on the wire.
    pub certificate_requests: Vec<Vec<u8>>,
    pub comments: String,
    /// Beyond MIM: one entry for each certification request, in their order: the attestation of its key, then its
    /// issuers' certificates (DER), one after the other. An empty entry attests nothing.
    pub attestations: Vec<Vec<u8>>,
}

body!(CertificateData {
    pfx_password: "pfxpassword" => PassphraseOrNothing,
    certificate_requests: "certificaterequests" => CrlfList,
    comments: "comments" | "comment" => TextOrNothing,
    attestations: "attestations" => CrlfListOrNothing,
});

/// Holds one issued certificate, as [`CertificateData`] is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub template_common_name: String,
    pub certificate_id: i64,
    pub flags: u32,
    pub use_local_machine_store: bool,
    pub error: Option<String>,
    /// CMC Full PKI Response or certs-only SignedData, DER.
    pub pkcs7: Option<Vec<u8>>,
    pub pfx: Option<Vec<u8>>,
    pub is_external: bool,
    pub is_server_generated: bool,
    pub is_pfx: bool,
    pub is_pkcs7: bool,
    pub is_key_history: bool,
}

// The letter case is really mixed: it is that of the SDK's class.
body!(Certificate {
    template_common_name: "TemplateCommonName" => Text,
    certificate_id: "CertificateId" => PlainOr<i64>,
    flags: "Flags" => PlainOr<u32>,
    use_local_machine_store: "UseLocalMachineStore" => PlainOr<bool>,
    error: "Error" => TextOrNull,
    pkcs7: "Pkcs7" => CrlfOrNull,
    pfx: "Pfx" => CrlfOrNull,
    is_external: "IsExternal" => PlainOr<bool>,
    is_server_generated: "isServerGenerated" => PlainOr<bool>,
    is_pfx: "isPfx" => PlainOr<bool>,
    is_pkcs7: "isPkcs7" => PlainOr<bool>,
    is_key_history: "isKeyHistory" => PlainOr<bool>,
});

/// Describes a certificate in a list (X509ClmCertificate): the six fields that every list has, and `details`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCertificate {
    pub is_key_history: bool,
    pub archived_on_ca: bool,
    pub certificate_type: u32,
    pub template_common_name: String,
    /// Upper-case hexadecimal.
    pub serial_number: String,
    /// SHA-1 of the certificate, upper-case hexadecimal.
    pub thumbprint: String,
    /// Beyond MIM: the certificate itself (DER), in the list of a smart card.
    pub certificate: Option<Vec<u8>>,
    /// Fields of `GET certificates` alone; `None` in the other lists.
    pub details: Option<CertificateDetails>,
}

/// Holds the fields that `GET certificates` adds to [`ListedCertificate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateDetails {
    /// No zone and no fraction on the wire.
    pub not_after: OffsetDateTime,
    pub not_before: OffsetDateTime,
    /// The CA's configuration string, `server\ca name`.
    pub issuer: String,
    /// `DOMAIN\user`.
    pub requester_name: String,
    pub status: u32,
}

/// Holds one row on the wire: the keys of all lists.
struct ListedRow {
    is_key_history: bool,
    archived_on_ca: bool,
    certificate_type: u32,
    template_common_name: String,
    serial_number: String,
    thumbprint: String,
    certificate: Option<Vec<u8>>,
    not_after: Option<OffsetDateTime>,
    not_before: Option<OffsetDateTime>,
    issuer: Option<String>,
    requester_name: Option<String>,
    status: Option<u32>,
}

body!(ListedRow {
    is_key_history: "IsKeyHistory" => PlainOr<bool>,
    archived_on_ca: "ArchivedOnCa" => PlainOr<bool>,
    certificate_type: "CertificateType" => PlainOr<u32>,
    template_common_name: "TemplateCommonName" => Text,
    serial_number: "SerialNumber" => Plain<String>,
    thumbprint: "Thumbprint" => Plain<String>,
    certificate: "Certificate" => CrlfOrNothing,
    not_after: "NotAfter" => LocalMomentOrNothing,
    not_before: "NotBefore" => LocalMomentOrNothing,
    issuer: "Issuer" => PlainOrNothing<String>,
    requester_name: "RequesterName" => PlainOrNothing<String>,
    status: "Status" => PlainOrNothing<u32>,
});

impl Described for ListedCertificate {
    fn schema() -> Value {
        ListedRow::schema()
    }
}

impl Serialize for ListedCertificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let details = self.details.as_ref();
        ListedRow {
            is_key_history: self.is_key_history,
            archived_on_ca: self.archived_on_ca,
            certificate_type: self.certificate_type,
            template_common_name: self.template_common_name.clone(),
            serial_number: self.serial_number.clone(),
            thumbprint: self.thumbprint.clone(),
            certificate: self.certificate.clone(),
            not_after: details.map(|details| details.not_after),
            not_before: details.map(|details| details.not_before),
            issuer: details.map(|details| details.issuer.clone()),
            requester_name: details.map(|details| details.requester_name.clone()),
            status: details.map(|details| details.status),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ListedCertificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = ListedRow::deserialize(deserializer)?;
        let details = row.not_after.zip(row.not_before).map(|(not_after, not_before)| CertificateDetails {
            not_after,
            not_before,
            issuer: row.issuer.unwrap_or_default(),
            requester_name: row.requester_name.unwrap_or_default(),
            status: row.status.unwrap_or_default(),
        });
        Ok(Self {
            is_key_history: row.is_key_history,
            archived_on_ca: row.archived_on_ca,
            certificate_type: row.certificate_type,
            template_common_name: row.template_common_name,
            serial_number: row.serial_number,
            thumbprint: row.thumbprint,
            certificate: row.certificate,
            details,
        })
    }
}

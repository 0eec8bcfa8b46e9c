//! Certificates on the wire: what `certificatedata` takes and gives, and what the lists show.

use crate::secret::Passphrase;
use time::OffsetDateTime;

/// The body of `POST requests/{id}/certificatedata`.
pub struct CertificateData {
    /// Protects server-generated keys; unused where keys are made on the card.
    pub pfx_password: Option<Passphrase>,
    /// PKCS#10 requests, DER; base64 with CRLF on the wire.
    pub certificate_requests: Vec<Vec<u8>>,
    pub comments: String,
}

/// One answer to [`CertificateData`].
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

/// A certificate in a list (X509ClmCertificate): the six fields every list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCertificate {
    pub is_key_history: bool,
    pub archived_on_ca: bool,
    pub certificate_type: u32,
    pub template_common_name: String,
    /// Upper-case hexadecimal.
    pub serial_number: String,
    /// SHA-1 over the certificate, upper-case hexadecimal.
    pub thumbprint: String,
    /// What `GET certificates` adds; the other lists lack it.
    pub details: Option<CertificateDetails>,
}

/// What `GET certificates` adds to [`ListedCertificate`].
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

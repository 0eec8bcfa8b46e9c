//! To be built.
use crate::pkix::PublicKey;
use time::OffsetDateTime;
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct Error;
pub struct Order {
    pub subject: Vec<(&'static str, String)>,
    pub upn: Option<String>,
    pub email: Option<String>,
    pub key_usages: Vec<crate::pkix::KeyUsage>,
    pub extended_key_usages: Vec<String>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}
pub struct Issued {
    pub serial: Vec<u8>,
    pub der: Vec<u8>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}
pub trait CertificateAuthority: Send + Sync {
    fn issue(&self, order: &Order, key: &PublicKey, now: OffsetDateTime) -> Result<Issued, Error>;
    fn chain(&self) -> &[Vec<u8>];
    fn respond(&self, leaf: &[u8]) -> Result<Vec<u8>, Error>;
    fn crl(&self, revoked: &[(Vec<u8>, OffsetDateTime, u8)], number: u64, now: OffsetDateTime, next: OffsetDateTime) -> Result<Vec<u8>, Error>;
}

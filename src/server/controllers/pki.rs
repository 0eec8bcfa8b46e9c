//! What anybody may fetch, also over plain HTTP: the CA's certificate and its revocation list (RFC 5280, 4.2.1.13).

use crate::server::app::{App, Reply};
use crate::server::error::ApiError;

/// A public file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    Certificate,
    Crl,
}

/// The public file at a path outside the API.
pub fn at(path: &str) -> Option<File> {
    match path {
        "/pki/ca.cer" => Some(File::Certificate),
        "/pki/ca.crl" => Some(File::Crl),
        _ => None,
    }
}

/// The file, DER (RFC 2585, 4).
pub async fn get(app: &App, file: File) -> Result<Reply, ApiError> {
    Ok(match file {
        File::Certificate => Reply::File { media_type: "application/pkix-cert", bytes: app.ca_certificate.clone() },
        File::Crl => Reply::File { media_type: "application/pkix-crl", bytes: app.crl.get(app).await? },
    })
}

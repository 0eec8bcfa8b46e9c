//! Reads and writes PEM (RFC 7468).

use super::error::Error;
use der::pem::{self, LineEnding};

/// Decodes the one block in `text`. A label that is not in `labels` and text after the block are errors, which call the
/// content `what`.
pub(super) fn decode(text: &[u8], what: &'static str, labels: &[&str]) -> Result<Vec<u8>, Error> {
    let refused = |error: pem::Error| Error::malformed(what)(error.into());
    let text = text.trim_ascii();
    let (label, der) = pem::decode_vec(text).map_err(refused)?;
    if !labels.contains(&label) {
        return Err(Error::PemLabel { what, label: label.into() });
    }
    Ok(der)
}

/// Encodes `der` under `label`, with line feeds.
pub(super) fn encode(label: &str, der: &[u8]) -> String {
    // The only failure is a length beyond the address space.
    pem::encode_string(label, LineEnding::LF, der).unwrap_or_default()
}

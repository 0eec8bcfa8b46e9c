//! Certificates as the minidriver stores them: 01 00, the unpacked length (little-endian), zlib (RFC 1950).
//!
//! They are always packed, because other software that reads these cards knows no other form.

use super::error::Error;
use crate::token::{Oddity, StoredCertificate};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use std::io::{Read, Write};

/// Limits a certificate, in bytes: the form has two bytes for its length.
pub(super) const LARGEST: usize = u16::MAX as usize;
/// Bounds the bytes that a certificate grows by if it cannot be packed: header, zlib's frame, and a head for each
/// stored block.
pub(super) const OVERHEAD: usize = 4 + 6 + 5 * (LARGEST / 16_383 + 1);

const PACKED: [u8; 2] = [1, 0];

/// Packs a certificate; `None` if it is longer than [`LARGEST`].
pub(super) fn pack(certificate: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let Ok(length) = u16::try_from(certificate.len()) else { return Ok(None) };
    let mut bytes = PACKED.to_vec();
    bytes.extend_from_slice(&length.to_le_bytes());
    let mut encoder = ZlibEncoder::new(bytes, Compression::best());
    encoder.write_all(certificate).map_err(Error::Zlib)?;
    encoder.finish().map(Some).map_err(Error::Zlib)
}

/// Unpacks a certificate's file; neither certificate nor oddity if it is empty. A certificate that was stored unpacked
/// is read too.
pub(super) fn unpack(file: &[u8]) -> StoredCertificate {
    match file {
        [] => StoredCertificate::default(),
        [1, 0, l0, l1, packed @ ..] => {
            let told = usize::from(u16::from_le_bytes([*l0, *l1]));
            let mut certificate = Vec::with_capacity(told);
            // One byte more than announced is enough to see that it is too long.
            let unpacked = ZlibDecoder::new(packed).take(told as u64 + 1).read_to_end(&mut certificate);
            match unpacked {
                Ok(found) if found <= told => {
                    let short = (found < told).then_some(Oddity::CompressionMistold);
                    StoredCertificate::of(&certificate).but(short)
                }
                Ok(_) | Err(_) => StoredCertificate::odd(Oddity::BrokenCompression),
            }
        }
        _ => StoredCertificate::of(file),
    }
}

//! Certificates, alone or bundled, as the minidriver stores them: 01 00, the unpacked length (little-endian), zlib (RFC
//! 1950).
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
            let told = u16::from_le_bytes([*l0, *l1]);
            match inflate(told, packed) {
                Some(certificate) => {
                    let short = (certificate.len() < usize::from(told)).then_some(Oddity::CompressionMistold);
                    StoredCertificate::of(&certificate).but(short)
                }
                None => StoredCertificate::odd(Oddity::BrokenCompression),
            }
        }
        _ => StoredCertificate::of(file),
    }
}

/// Unpacks a bundle's file, or returns one that was stored unpacked; `None` if its compression is broken.
pub(super) fn unpack_bundle(file: &[u8]) -> Option<Vec<u8>> {
    match file {
        [1, 0, l0, l1, packed @ ..] => inflate(u16::from_le_bytes([*l0, *l1]), packed),
        _ => Some(file.to_vec()),
    }
}

/// Unpacks what is told to have so many bytes; `None` if it has more or is broken.
fn inflate(told: u16, packed: &[u8]) -> Option<Vec<u8>> {
    let told = usize::from(told);
    let mut unpacked = Vec::with_capacity(told);
    // One byte more than announced is enough to see that it is too long.
    let found = ZlibDecoder::new(packed).take(told as u64 + 1).read_to_end(&mut unpacked);
    found.is_ok_and(|found| found <= told).then_some(unpacked)
}

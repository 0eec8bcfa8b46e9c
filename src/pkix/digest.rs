//! Computes SHA-1 where standards identify keys and certificates by it.

use aws_lc_rs::digest;

/// Hashes with SHA-1 (FIPS 180-4), for key identifiers and thumbprints only, never for signatures.
pub(super) fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    out
}

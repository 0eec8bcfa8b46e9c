//! SHA-1, where standards name keys and certificates by it.

use aws_lc_rs::digest;

/// Hashes with SHA-1 (FIPS 180-4): key identifiers and thumbprints, never signatures.
pub(super) fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    out
}

//! What can be typed after `doctor`.

use crate::pkix::KeyAlgorithm;
use clap::Args;

/// What `doctor` looks at; nothing is changed and no try is spent.
#[derive(Args)]
pub struct DoctorArgs {
    /// Only the card in this reader (its name), or in those whose names have this part.
    #[arg(long, value_name = "NAME", env = "CARDWRIGHT_READER")]
    pub reader: Option<String>,
    /// The key an enrollment will order: rsa-2048, rsa-3072, rsa-4096, p-256 or p-384.
    #[arg(long, value_name = "ALGORITHM")]
    pub key: Option<KeyAlgorithm>,
    /// The size of the certificate that is expected, in bytes.
    #[arg(long, default_value_t = 1600, value_name = "BYTES")]
    pub certificate: usize,
}

//! Names what can prove that a card is the one a record speaks of.

use crate::pkix::PublicKey;
use crate::token::KeyId;

/// Says by what a card has proven to be the one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Proof {
    #[default]
    None,
    /// A certificate that the server lists is on it, and nothing tells yet whether its key is.
    Certificate,
    /// It tells that it has the key of a listed certificate, bears the id that was written on it, the journal has work on
    /// it, or it accepts the record's admin key.
    Itself,
    /// It must accept the record's admin key before anything else is done.
    Owed,
}

/// Holds where a key should be, and its public half by its certificate.
#[derive(Clone)]
pub(super) struct Certified {
    pub id: KeyId,
    pub public_key: PublicKey,
}

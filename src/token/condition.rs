//! What a look at a token shows of its fitness.

use crate::pkix::KeyAlgorithm;
use time::Date;

/// What a look at a token shows of its fitness; `None` where it does not tell without a try being spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    pub pin_is_default: Option<bool>,
    pub puk_is_default: Option<bool>,
    pub admin_key_is_default: Option<bool>,
    /// The key pairs it can make.
    pub algorithms: Option<Vec<KeyAlgorithm>>,
    /// The longest certificate it can take, in bytes, compression aside.
    pub largest_certificate: Option<usize>,
    pub card_identifier: CardIdentifier,
    /// Version of the applet or firmware.
    pub version: Option<String>,
}

/// The object by which other software tells that a card has changed (CHUID on PIV, `cardcf` on GIDS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CardIdentifier {
    /// This kind of token has none.
    #[default]
    None,
    Absent,
    Present {
        expires: Option<Date>,
    },
    /// It is there and cannot be read as what it should be.
    Broken,
}

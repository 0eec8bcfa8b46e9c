//! Tells what can be seen of a token's fitness without spending a try.

use super::keys::KeyId;
use crate::pkix::KeyAlgorithm;
use time::Date;

/// Tells what can be seen of a token's fitness; `None` where the token does not tell without a try being spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    pub pin_is_default: Option<bool>,
    pub puk_is_default: Option<bool>,
    pub admin_key_is_default: Option<bool>,
    /// Kinds of key pair the token can generate.
    pub algorithms: Option<Vec<KeyAlgorithm>>,
    /// Longest certificate the token can store without compression, in bytes.
    pub largest_certificate: Option<usize>,
    pub card_identifier: CardIdentifier,
    /// Version of the applet or firmware.
    pub version: Option<String>,
}

/// Tells the state of the object by which other software notices that a card has changed (CHUID on PIV, `cardcf` on
/// GIDS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CardIdentifier {
    /// This kind of token has no such object.
    #[default]
    None,
    Absent,
    Present {
        expires: Option<Date>,
    },
    /// The object is there and is malformed.
    Broken,
}

/// Says with which key of a token somebody logs on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogonKey {
    /// Neither the kind of token nor the token itself names one: any that may is tried.
    #[default]
    Untold,
    /// The token could name one, and names none.
    Unnamed,
    Named(KeyId),
}

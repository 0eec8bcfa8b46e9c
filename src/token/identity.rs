//! Identifies a token.

use uuid::Uuid;

/// Identifies a token. It is chosen by `serial` or `label`, never by a PKCS#11 slot number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Protocol of the token: "PKCS#11", "PIV" or "GIDS".
    pub kind: &'static str,
    pub label: String,
    pub serial: String,
    pub manufacturer: String,
    pub model: String,
    /// Unchanging GUID stored on the card (GIDS: the file `cardid`); where there is none, callers derive one.
    pub card_id: Option<Uuid>,
}

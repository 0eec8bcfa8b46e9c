//! Which token this is.

use uuid::Uuid;

/// Who a token is; `serial` and `label` choose it, never a slot number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The tongue it speaks: "PKCS#11", "PIV" or "GIDS".
    pub kind: &'static str,
    pub label: String,
    pub serial: String,
    pub manufacturer: String,
    pub model: String,
    /// The GUID the card itself carries for good (GIDS: the file `cardid`); where there is none, one is derived.
    pub card_id: Option<Uuid>,
}

//! What MIM CM has no REST route for, under a prefix of our own: approvals, offline unblock, who is who, admin key state.

use uuid::Uuid;

/// A user as the extension shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
}

/// The body of `approve` and `deny`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Decision {
    pub comment: String,
}

/// How far a card's own admin key has come: proposed before the card is touched, active once the card confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminKeyState {
    /// The card still has the template's default admin key.
    Default,
    Proposed,
    Active,
}

/// The body of offline unblock: what the user reads out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineChallenge {
    /// Grouped hexadecimal with check digits, as read out.
    pub challenge: String,
}

/// The answer to [`OfflineChallenge`], to be read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineResponse {
    pub response: String,
}

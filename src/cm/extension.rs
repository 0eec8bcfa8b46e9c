//! What MIM CM has no REST route for, under a prefix of our own: approvals, offline unblock, who is who, admin key state.

use super::wire::body::body;
use super::wire::{Guid, Named, Plain, Text, TextList, Vocabulary};
use uuid::Uuid;

/// A user as the extension shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
}

body!(User { uuid: "Uuid" => Guid, name: "Name" => Plain<String>, groups: "Groups" => TextList });

/// The body of `approve` and `deny`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Decision {
    pub comment: String,
}

body!(Decision { comment: "Comment" | "Comments" => Text });

/// How far a card's own admin key has come: proposed before the card is touched, active once the card confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminKeyState {
    /// The card still has the template's default admin key.
    Default,
    Proposed,
    Active,
}

impl AdminKeyState {
    /// Gives the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::Proposed => "Proposed",
            Self::Active => "Active",
        }
    }

    const ALL: [Self; 3] = [Self::Default, Self::Proposed, Self::Active];

    /// Reads a name in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name().eq_ignore_ascii_case(name))
    }
}

impl Vocabulary for AdminKeyState {
    const WHAT: &'static str = "an admin key state";

    fn to_number(self) -> u32 {
        match self {
            Self::Default => 0,
            Self::Proposed => 1,
            Self::Active => 2,
        }
    }

    fn of_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.to_number() == number)
    }

    fn to_name(self) -> &'static str {
        self.name()
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::from_name(name)
    }
}

/// The body of `smartcards/{id}/adminkey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminKeyReport {
    pub state: AdminKeyState,
}

body!(AdminKeyReport { state: "State" => Named<AdminKeyState> });

/// The body of offline unblock: what the user reads out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineChallenge {
    /// Grouped hexadecimal with check digits, as read out.
    pub challenge: String,
}

body!(OfflineChallenge { challenge: "Challenge" => Plain<String> });

/// The answer to [`OfflineChallenge`], to be read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineResponse {
    pub response: String,
}

body!(OfflineResponse { response: "Response" => Plain<String> });

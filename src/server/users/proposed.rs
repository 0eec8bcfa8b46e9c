//! What one administrator proposes for another one to confirm, as it is kept.

use super::rules::UserChange;
use serde::{Deserialize, Serialize};

/// Describes a change of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Proposed {
    AddUser { name: String, groups: Vec<String>, upn: Option<String>, email: Option<String>, sid: Option<String> },
    ChangeUser { name: String, change: UserChange },
    AddToken { name: String, label: String, days: u32 },
    MakeLink { name: String, minutes: u32 },
    LinkIdentity { name: String, issuer: String, subject: String },
}

impl Proposed {
    /// Returns the word that callers and the log see.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AddUser { .. } => "add-user",
            Self::ChangeUser { .. } => "change-user",
            Self::AddToken { .. } => "add-token",
            Self::MakeLink { .. } => "make-link",
            Self::LinkIdentity { .. } => "link-identity",
        }
    }

    /// Returns the name of the account.
    pub fn name(&self) -> &str {
        match self {
            Self::AddUser { name, .. }
            | Self::ChangeUser { name, .. }
            | Self::AddToken { name, .. }
            | Self::MakeLink { name, .. }
            | Self::LinkIdentity { name, .. } => name,
        }
    }
}

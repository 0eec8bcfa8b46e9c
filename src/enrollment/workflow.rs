//! Names the workflows, and the kind of request that each needs.

use crate::cm::request::RequestType;
use serde::{Deserialize, Serialize};

/// Names what is done with a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workflow {
    Enroll,
    Renew,
    Unblock,
    Retire,
    RetireLost,
}

impl Workflow {
    /// Returns the type of the request that allows this workflow.
    pub(super) fn request_type(self) -> RequestType {
        match self {
            Workflow::Enroll => RequestType::Enroll,
            Workflow::Renew => RequestType::Renew,
            Workflow::Unblock => RequestType::Unblock,
            Workflow::Retire | Workflow::RetireLost => RequestType::Retire,
        }
    }
}

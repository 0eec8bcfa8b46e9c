//! Which way a card goes, and the kind of request that lets it.

use crate::cm::request::RequestType;
use serde::{Deserialize, Serialize};

/// Which way a card goes.
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
    pub(super) fn request_type(self) -> RequestType {
        match self {
            Workflow::Enroll => RequestType::Enroll,
            Workflow::Renew => RequestType::Renew,
            Workflow::Unblock => RequestType::Unblock,
            Workflow::Retire | Workflow::RetireLost => RequestType::Retire,
        }
    }
}

//! Names the workflows, and the kind of request that each needs.

use crate::cm::request::{Request, RequestType};
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
    /// Returns the workflow by which a request is carried out: new keys on the card that it names are renewed, on any other
    /// they are enrolled. `None`: it is carried out without a card at hand, or its type is not known here.
    pub fn of(request: &Request) -> Option<Self> {
        match request.request_type {
            RequestType::Unblock => Some(Self::Unblock),
            RequestType::Retire => Some(Self::Retire),
            issues if !issues.issues_certificates() => None,
            _ if keeps_card(request) => Some(Self::Renew),
            brings if brings.may_bring_card() => Some(Self::Enroll),
            _ => Some(Self::Renew),
        }
    }

    /// Says whether the request allows this workflow. A server may say only later that a renewal keeps its card.
    pub(super) fn carries_out(self, request: &Request) -> bool {
        match self {
            Self::Renew => matches!(request.request_type, RequestType::Renew | RequestType::OnlineUpdate),
            Self::RetireLost => request.request_type == RequestType::Retire,
            Self::Enroll | Self::Unblock | Self::Retire => Self::of(request) == Some(self),
        }
    }

    /// Returns the type of the request that is made for this workflow.
    pub(super) fn request_type(self) -> RequestType {
        match self {
            Workflow::Enroll => RequestType::Enroll,
            Workflow::Renew => RequestType::Renew,
            Workflow::Unblock => RequestType::Unblock,
            Workflow::Retire | Workflow::RetireLost => RequestType::Retire,
        }
    }
}

/// Says whether the keys go onto the card that the request is about.
fn keeps_card(request: &Request) -> bool {
    request.new_smartcard.is_some() && request.new_smartcard == request.old_smartcard
}

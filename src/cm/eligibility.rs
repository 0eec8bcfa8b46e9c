//! What may be asked for a card or profile: by its status, by what it is to its user, and by what a template forbids.

use super::holder_role::{HolderRole, Role};
use super::lifecycle::{HolderEvent, Narrowing};
use super::profile::Operation;
use super::request::RequestType;
use super::smartcard::SmartcardStatus;

/// In which status what may be asked for; profiles have no status but those of cards.
const ASKED_OF: &[(RequestType, &[SmartcardStatus])] = {
    use RequestType::{
        Duplicate, OfflineUnblock, OnlineUpdate, Recover, RecoverOnBehalf, Reinstate, Renew, Retire, Revoke,
        TemporaryCards, Unblock,
    };
    use SmartcardStatus::{Active, Assigned, Disabled, Retired, Suspended};
    &[
        (Renew, &[Active]),
        (OnlineUpdate, &[Active]),
        (Duplicate, &[Active]),
        (TemporaryCards, &[Active, Suspended]),
        (Unblock, &[Active]),
        (OfflineUnblock, &[Active]),
        (Recover, &[Active, Suspended, Disabled]),
        // Keys are needed most of those who have left.
        (RecoverOnBehalf, &[Active, Suspended, Disabled, Retired]),
        (Reinstate, &[Active, Suspended]),
        (Revoke, &[Assigned, Active, Suspended]),
        (Retire, &[Assigned, Active, Suspended, Disabled]),
    ]
};

/// A card or profile, as far as it matters what may be asked for it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub is_card: bool,
    pub status: SmartcardStatus,
    pub holder_role: HolderRole,
}

impl Asked {
    /// Whether the tables, what the holder is to its user, and the template's narrowing allow this type.
    pub fn allows(self, request_type: RequestType, narrowing: &Narrowing) -> bool {
        self.in_status(request_type)
            && (self.is_card || !request_type.is_smartcard_only())
            && self.standing_allows(request_type)
            && self.event(request_type).is_none_or(|event| narrowing.smartcard_edge(self.status, event).is_ok())
    }

    /// Whether a profile goes with what is asked for its card: what carries keys on begins with one that is in use.
    pub fn allows_on_card(self, request_type: RequestType) -> bool {
        !request_type.issues_certificates() || (self.in_status(request_type) && self.standing_allows(request_type))
    }

    fn in_status(self, request_type: RequestType) -> bool {
        ASKED_OF.iter().any(|(asked, statuses)| *asked == request_type && statuses.contains(&self.status))
    }

    /// What is lent, holds another's keys or was replaced is not carried on; it is only ended.
    fn standing_allows(self, request_type: RequestType) -> bool {
        let carries_on = request_type.issues_certificates() && request_type != RequestType::RecoverOnBehalf;
        let is_ended =
            self.holder_role.superseded || matches!(self.holder_role.role, Role::Temporary | Role::KeyEscrow);
        !(carries_on && is_ended)
    }

    /// What happens to the card or profile itself when this is carried out.
    fn event(self, request_type: RequestType) -> Option<HolderEvent> {
        match request_type {
            RequestType::Retire => Some(HolderEvent::Retire),
            RequestType::Revoke => Some(HolderEvent::Disable),
            RequestType::Reinstate if self.status == SmartcardStatus::Suspended => Some(HolderEvent::Reinstate),
            RequestType::Reinstate => Some(HolderEvent::Suspend),
            _ => None,
        }
    }

    /// What a person may ask for it, as `operations` lists it: first what Microsoft's samples have, in their order.
    pub fn operations(self, may: impl Fn(RequestType) -> bool) -> Vec<Operation> {
        use Operation::{Disable, OnlineUpdate, Recover, RecoverOnBehalf, Renew, Retire, Revoke, Unblock};
        let all: &[Operation] = if self.is_card {
            &[Renew, Unblock, Retire, Revoke, Recover, RecoverOnBehalf, OnlineUpdate]
        } else {
            &[Renew, Disable, Recover, RecoverOnBehalf, OnlineUpdate]
        };
        let offered = |operation: &Operation| {
            may(operation.request_type()) || (*operation == Unblock && may(RequestType::OfflineUnblock))
        };
        all.iter().copied().filter(offered).collect()
    }
}

impl RequestType {
    /// Whether this can be asked for smart cards only, never for a software profile.
    pub fn is_smartcard_only(self) -> bool {
        matches!(self, Self::Unblock | Self::OfflineUnblock | Self::Retire | Self::TemporaryCards)
    }

    /// Whether this is about a card or profile that is already there, which the request then names.
    pub fn acts_on_holder(self) -> bool {
        !matches!(self, Self::Enroll | Self::TemporaryCards | Self::Other(_))
    }

    /// Whether carrying it out issues certificates or brings keys back.
    pub fn issues_certificates(self) -> bool {
        self.adds_holder() || matches!(self, Self::OnlineUpdate | Self::Renew | Self::Recover)
    }

    /// Whether a person has one card or profile more afterwards.
    pub fn adds_holder(self) -> bool {
        matches!(self, Self::Enroll | Self::Duplicate | Self::RecoverOnBehalf | Self::TemporaryCards)
    }

    /// Whether a card that was not this person's before may be given to it: it is prepared then like a new one.
    pub fn may_bring_card(self) -> bool {
        self.adds_holder() || matches!(self, Self::Renew | Self::Recover)
    }

    /// Whether its card may be given a PIN and have its admin key known: it may be new to the person, or is unblocked.
    pub fn may_prepare_card(self) -> bool {
        self.may_bring_card() || self == Self::Unblock
    }

    /// Whether it is carried out on a card under its admin key, and may change the card's PUK.
    pub fn administers_card(self) -> bool {
        self.issues_certificates() || matches!(self, Self::Unblock | Self::Retire)
    }

    /// Whether a template may tie what becomes of the old certificates to it.
    pub fn ends_certificates(self) -> bool {
        matches!(self, Self::Renew | Self::OnlineUpdate | Self::Recover | Self::Retire | Self::Revoke)
    }

    /// Whether the reason why a card is missing may be given with it.
    pub fn takes_loss_reason(self) -> bool {
        matches!(self, Self::Recover | Self::Retire | Self::Revoke | Self::TemporaryCards)
    }
}

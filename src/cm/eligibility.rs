//! Which request types may be asked for a card or profile, by its status, its role and what its template forbids.

use super::holder_role::{HolderRole, Role};
use super::lifecycle::{HolderEvent, Narrowing};
use super::profile::Operation;
use super::request::RequestType;
use super::smartcard::SmartcardStatus;

/// Lists the statuses in which each request type may be asked for. A profile has the statuses of cards.
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

/// Describes a card or profile, as far as it decides what may be asked for it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub is_card: bool,
    pub status: SmartcardStatus,
    pub holder_role: HolderRole,
}

impl Asked {
    /// Says whether the tables, the holder's role and the template's narrowing allow this request type.
    pub fn allows(self, request_type: RequestType, narrowing: &Narrowing) -> bool {
        self.in_status(request_type)
            && (self.is_card || !request_type.is_smartcard_only())
            && self.standing_allows(request_type)
            && self.event(request_type).is_none_or(|event| narrowing.smartcard_edge(self.status, event).is_ok())
    }

    /// Says whether a request for the card covers this profile too. A type that issues certificates needs a profile
    /// whose status and role allow it; any other type covers every profile.
    pub fn allows_on_card(self, request_type: RequestType) -> bool {
        !request_type.issues_certificates() || (self.in_status(request_type) && self.standing_allows(request_type))
    }

    fn in_status(self, request_type: RequestType) -> bool {
        ASKED_OF.iter().any(|(asked, statuses)| *asked == request_type && statuses.contains(&self.status))
    }

    /// Says whether the holder's role allows this type. A holder that is lent, holds another person's keys or was
    /// replaced gets no more certificates, except by RecoverOnBehalf; it can only be ended.
    fn standing_allows(self, request_type: RequestType) -> bool {
        let carries_on = request_type.issues_certificates() && request_type != RequestType::RecoverOnBehalf;
        let is_ended =
            self.holder_role.superseded || matches!(self.holder_role.role, Role::Temporary | Role::KeyEscrow);
        !(carries_on && is_ended)
    }

    /// Returns the event that carrying out this type causes on the card or profile; `None` where its status stays.
    fn event(self, request_type: RequestType) -> Option<HolderEvent> {
        match request_type {
            RequestType::Retire => Some(HolderEvent::Retire),
            RequestType::Revoke => Some(HolderEvent::Disable),
            RequestType::Reinstate if self.status == SmartcardStatus::Suspended => Some(HolderEvent::Reinstate),
            RequestType::Reinstate => Some(HolderEvent::Suspend),
            _ => None,
        }
    }

    /// Lists what a person may ask for, as `operations` answers: first what Microsoft's samples have, in their order.
    /// `may` says whether the person may ask for a type; Unblock is listed where OfflineUnblock is allowed.
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
    /// Says whether this type is for smart cards only, never for a software profile.
    pub fn is_smartcard_only(self) -> bool {
        matches!(self, Self::Unblock | Self::OfflineUnblock | Self::Retire | Self::TemporaryCards)
    }

    /// Says whether this type acts on an existing card or profile, which the request must name.
    pub fn acts_on_holder(self) -> bool {
        !matches!(self, Self::Enroll | Self::TemporaryCards | Self::Other(_))
    }

    /// Says whether this type issues certificates or brings back archived keys.
    pub fn issues_certificates(self) -> bool {
        self.adds_holder() || self.shows_old_key()
    }

    /// Says whether new keys take the place of old ones, so that whoever asks can show the old key.
    pub fn shows_old_key(self) -> bool {
        matches!(self, Self::OnlineUpdate | Self::Renew | Self::Recover)
    }

    /// Says whether the person has one more card or profile afterwards.
    pub fn adds_holder(self) -> bool {
        matches!(self, Self::Enroll | Self::Duplicate | Self::RecoverOnBehalf | Self::TemporaryCards)
    }

    /// Says whether a card that the person did not have may be assigned; it is then prepared like a new one.
    pub fn may_bring_card(self) -> bool {
        self.adds_holder() || matches!(self, Self::Renew | Self::Recover)
    }

    /// Says whether the card may get a new PIN and its admin key may be let out: the card may be new to the person, or
    /// is unblocked.
    pub fn may_prepare_card(self) -> bool {
        self.may_bring_card() || self == Self::Unblock
    }

    /// Says whether this type is carried out under the card's admin key, and may change the card's PUK.
    pub fn administers_card(self) -> bool {
        self.issues_certificates() || matches!(self, Self::Unblock | Self::Retire)
    }

    /// Says whether a template may set what happens to the old certificates.
    pub fn ends_certificates(self) -> bool {
        matches!(self, Self::Renew | Self::OnlineUpdate | Self::Recover | Self::Retire | Self::Revoke)
    }

    /// Says whether the reason why a card is missing may be given.
    pub fn takes_loss_reason(self) -> bool {
        matches!(self, Self::Recover | Self::Retire | Self::Revoke | Self::TemporaryCards)
    }
}

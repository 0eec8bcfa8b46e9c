//! The numbers and names of MIM's words: request types, statuses, flags, operations.
//!
//! Where a line says `guess`, the number follows the order of the SDK's enumeration, and nothing published confirms it.
//! An unknown number is kept as `Other`, so that a list can still be shown.

use super::profile::{Operation, ProfileStatus};
use super::request::{RequestClosing, RequestStatus, RequestType};
use super::smartcard::SmartcardStatus;
use super::template::UserPinOption;
use super::wire::Vocabulary;
use std::fmt;

/// Marks a request for a smart card, in a request's `Flags` (2 in every sample; guess that it means this).
pub const REQUEST_FLAG_SMARTCARD: u32 = 2;
/// Marks a request that an enrollment agent must execute, in a request's `Flags` (guess).
pub const REQUEST_FLAG_ENROLLMENT_AGENT: u32 = 4;
/// Says that the subscriber has given all data items due, in a request's `DataCollectionFlags`. The SDK sets it too
/// when the policy asks the subscriber for none, and every sample has 32 alone (inferred).
pub const SUBSCRIBER_PROVIDED: u32 = 32;
/// Says that the certificate manager has given all data items due, in a request's `DataCollectionFlags` (guess).
pub const MANAGER_PROVIDED: u32 = 16;
/// Marks the current card or profile of its user, in its `Flags` (1 in every sample; guess that it means this).
pub const HOLDER_FLAG_PRIMARY: u32 = 1;
// The other `Flags` of a card or profile: the SDK's order, one bit each (guess).
/// Marks a second card or profile beside the primary.
pub const HOLDER_FLAG_DUPLICATE: u32 = 2;
/// Marks a card or profile that is lent for a while.
pub const HOLDER_FLAG_TEMPORARY: u32 = 4;
/// Marks a card or profile that another one replaced.
pub const HOLDER_FLAG_SUPERSEDED: u32 = 8;
/// Marks a card that carried earlier certificates before.
pub const HOLDER_FLAG_REUSED: u32 = 16;
/// Marks a card or profile that holds keys recovered from somebody else's.
pub const HOLDER_FLAG_KEY_ESCROW: u32 = 32;
/// Marks a certificate that comes as PKCS#7, in its `Flags`.
pub const CERTIFICATE_FLAG_PKCS7: u32 = 0x1_0000;
/// Marks a certificate that comes as PFX. MIM's pages give no number for this flag and the next two: they are the bits
/// beside the known one (guess).
pub const CERTIFICATE_FLAG_PFX: u32 = 0x2_0000;
pub const CERTIFICATE_FLAG_SERVER_GENERATED: u32 = 0x4_0000;
pub const CERTIFICATE_FLAG_KEY_HISTORY: u32 = 0x8_0000;
/// Holds the `CertificateType` that listed certificates have in every sample.
pub const CERTIFICATE_TYPE: u32 = 1;
/// Holds the `Status` of a valid certificate in `GET certificates`.
pub const CERTIFICATE_STATUS_LIVE: u32 = 0;

/// Gives an enumeration its numbers and names, with `Other` for unknown numbers.
macro_rules! open_words {
    ($type:ident, $what:literal, [$($variant:ident = $number:literal $name:literal $(| $alias:literal)*),* $(,)?]
     $(also $also:literal => $also_variant:ident)*) => {
        impl $type {
            /// Lists every word that has a name.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the number in responses.
            pub fn number(self) -> u32 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Other(number) => number,
                }
            }

            /// Reads the number in a response; an unknown one becomes `Other`.
            pub fn from_number(number: u32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    $($also => Self::$also_variant,)*
                    other => Self::Other(other),
                }
            }

            /// Returns the name in requests.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(_) => "Other",
                }
            }

            /// Reads a name in any letter case, the SDK's names too; `None` when it is not known.
            pub fn from_name(name: &str) -> Option<Self> {
                $(
                    if [$name $(, $alias)*].iter().any(|known| known.eq_ignore_ascii_case(name)) {
                        return Some(Self::$variant);
                    }
                )*
                None
            }
        }

        impl Vocabulary for $type {
            const WHAT: &'static str = $what;

            fn to_number(self) -> u32 {
                self.number()
            }

            fn of_number(number: u32) -> Option<Self> {
                Some(Self::from_number(number))
            }

            fn to_name(self) -> &'static str {
                self.name()
            }

            fn of_name(name: &str) -> Option<Self> {
                Self::from_name(name)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                match self {
                    Self::Other(number) => write!(formatter, "number {number}"),
                    word => formatter.pad(word.name()),
                }
            }
        }
    };
}

open_words!(RequestType, "a request type", [
    Enroll = 1 "Enroll",
    Recover = 2 "Recover",
    Renew = 3 "Renew",
    // The SDK has no Revoke; its Disable is described as what Revoke does (guess).
    Revoke = 4 "Revoke" | "Disable",
    Unblock = 5 "Unblock",
    Duplicate = 6 "Duplicate",
    Retire = 7 "Retire",
    RecoverOnBehalf = 8 "RecoverOnBehalf",
    // REST's name for the SDK's SuspendOrReinstate (guess).
    Reinstate = 9 "Reinstate" | "SuspendOrReinstate",
    OnlineUpdate = 10 "OnlineUpdate",
    // REST's names (body, policy route) for the SDK's TemporaryCardEnroll (guess).
    TemporaryCards = 11 "TemporaryCards" | "TemporaryEnroll" | "TemporaryCardEnroll",
    // 12 and 13 would be TemporaryCardDisable and TemporaryCardRetire, which REST cannot ask for (guess).
    OfflineUnblock = 14 "OfflineUnblock",
]);

open_words!(RequestStatus, "a request status", [
    None = 0 "None",
    Approved = 3 "Approved",
    Denied = 4 "Denied",
    Completed = 8 "Completed",
    Failed = 9 "Failed",
    Pending = 16 "Pending",
    // Also what an abandoned request becomes: the SDK has no Abandoned (guess).
    Canceled = 17 "Canceled" | "Cancelled",
    Executing = 18 "Executing",
]);

open_words!(SmartcardStatus, "a smart card status", [
    New = 0 "New",
    Assigned = 1 "Assigned",
    Active = 2 "Active",
    Disabled = 3 "Disabled",
    // 4 or 5: the published table ends at 3, and 6 is Retired. 4 is written, both are read (guess).
    Suspended = 4 "Suspended",
    Retired = 6 "Retired",
] also 5 => Suspended);

// The published table is that of "smart card or profile".
open_words!(ProfileStatus, "a profile status", [
    New = 0 "New",
    Active = 2 "Active",
    Disabled = 3 "Disabled",
    // As for cards (guess).
    Suspended = 4 "Suspended",
    Retired = 6 "Retired",
] also 5 => Suspended);

impl RequestType {
    /// Returns the last segment of the policy route, where temporary cards have another name than in bodies.
    pub fn workflow_name(self) -> String {
        match self {
            Self::TemporaryCards => "temporaryenroll".into(),
            other => other.name().to_ascii_lowercase(),
        }
    }
}

impl UserPinOption {
    // The SDK's order; only 3 is in a sample, and that it means UserProvided is inferred (guess).
    const NUMBERED: [(Self, &'static str); 5] = [
        (Self::None, "None"),
        (Self::Randomized, "Randomized"),
        (Self::ServerDistributed, "ServerDistributed"),
        (Self::UserProvided, "UserProvided"),
        (Self::CustomServerDistributed, "CustomServerDistributed"),
    ];

    /// Returns the SDK's name.
    pub fn name(self) -> &'static str {
        self.to_name()
    }

    /// Reads the SDK's name in any letter case; `None` when it is not known.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::of_name(name)
    }
}

impl Vocabulary for UserPinOption {
    const WHAT: &'static str = "a user PIN option";

    fn to_number(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Randomized => 1,
            Self::ServerDistributed => 2,
            Self::UserProvided => 3,
            Self::CustomServerDistributed => 4,
        }
    }

    fn of_number(number: u32) -> Option<Self> {
        usize::try_from(number).ok().and_then(|index| Self::NUMBERED.get(index)).map(|(option, _)| *option)
    }

    fn to_name(self) -> &'static str {
        Self::NUMBERED.iter().find(|(option, _)| *option == self).map_or("None", |(_, name)| name)
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::NUMBERED.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(option, _)| *option)
    }
}

impl Operation {
    const NAMED: [(Self, &'static str); 8] = [
        (Self::OnlineUpdate, "onlineupdate"),
        (Self::Renew, "renew"),
        (Self::Recover, "recover"),
        (Self::RecoverOnBehalf, "recoveronbehalf"),
        (Self::Retire, "retire"),
        (Self::Revoke, "revoke"),
        (Self::Unblock, "unblock"),
        (Self::Disable, "disable"),
    ];

    /// Returns the lower-case name in responses.
    pub fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(operation, _)| *operation == self).map_or("", |(_, name)| name)
    }

    /// Reads a name in any letter case; `None` when it is not known.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(_, known)| known.eq_ignore_ascii_case(name.trim())).map(|(operation, _)| *operation)
    }

    /// Returns the request type that asks for this operation.
    pub fn request_type(self) -> RequestType {
        match self {
            Self::OnlineUpdate => RequestType::OnlineUpdate,
            Self::Renew => RequestType::Renew,
            Self::Recover => RequestType::Recover,
            Self::RecoverOnBehalf => RequestType::RecoverOnBehalf,
            Self::Retire => RequestType::Retire,
            Self::Revoke | Self::Disable => RequestType::Revoke,
            Self::Unblock => RequestType::Unblock,
        }
    }
}

impl RequestClosing {
    const ALL: [Self; 3] = [Self::Completed, Self::Canceled, Self::Abandoned];

    /// Returns the name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "Completed",
            Self::Canceled => "Canceled",
            Self::Abandoned => "Abandoned",
        }
    }

    /// Reads a name in any letter case; `None` when it is not known.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|closing| closing.name().eq_ignore_ascii_case(name))
    }
}

impl Vocabulary for RequestClosing {
    const WHAT: &'static str = "Completed, Canceled or Abandoned";

    fn to_number(self) -> u32 {
        match self {
            Self::Completed => RequestStatus::Completed.number(),
            Self::Canceled | Self::Abandoned => RequestStatus::Canceled.number(),
        }
    }

    fn of_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|closing| closing.to_number() == number)
    }

    fn to_name(self) -> &'static str {
        self.name()
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::from_name(name)
    }
}

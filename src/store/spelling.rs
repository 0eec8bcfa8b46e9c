//! Spells states in the database as words, so that a person with a SQL prompt can read them.

use super::record::{NoticeState, Origin, UserSource};
use crate::cm::card_secrets::{AdminKeyState, PukState};
use crate::cm::holder_role::Role;
use crate::cm::presence::PresenceProtocol;
use crate::cm::profile::ProfileStatus;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;

/// Has one word for each of its values.
pub(super) trait Spelled: Sized {
    fn word(self) -> &'static str;
    fn from_word(word: &str) -> Option<Self>;
}

/// Is bound for a state without a word; the schema's checks refuse it.
const NO_WORD: &str = "";

macro_rules! spelled {
    ($state:ty { $($variant:ident $word:literal),* $(,)? } $($unknown:pat)?) => {
        impl Spelled for $state {
            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                    $($unknown => NO_WORD,)?
                }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

spelled!(RequestType {
    Enroll "enroll",
    Duplicate "duplicate",
    OfflineUnblock "offline-unblock",
    OnlineUpdate "online-update",
    Renew "renew",
    Recover "recover",
    RecoverOnBehalf "recover-on-behalf",
    Reinstate "reinstate",
    Retire "retire",
    Revoke "revoke",
    TemporaryCards "temporary-cards",
    Unblock "unblock",
} Self::Other(_));
spelled!(RequestStatus {
    None "none",
    Approved "approved",
    Denied "denied",
    Completed "completed",
    Failed "failed",
    Pending "pending",
    Canceled "canceled",
    Executing "executing",
} Self::Other(_));
spelled!(SmartcardStatus {
    New "new",
    Assigned "assigned",
    Active "active",
    Disabled "disabled",
    Suspended "suspended",
    Retired "retired",
} Self::Other(_));
spelled!(PresenceProtocol {
    Piv "piv",
    Gids "gids",
});
spelled!(ProfileStatus {
    New "new",
    Active "active",
    Disabled "disabled",
    Suspended "suspended",
    Retired "retired",
} Self::Other(_));
spelled!(Role {
    Primary "primary",
    Duplicate "duplicate",
    Temporary "temporary",
    KeyEscrow "key-escrow",
});
spelled!(AdminKeyState {
    Default "default",
    Proposed "proposed",
    Active "active",
});
spelled!(Origin {
    Client "client",
    Server "server",
    Recovered "recovered",
    History "history",
});
spelled!(PukState {
    Default "default",
    Proposed "proposed",
    Active "active",
    Spoken "spoken",
});
spelled!(UserSource {
    Local "local",
    Issuer "issuer",
    Directory "directory",
    DirectoryDisabled "directory-disabled",
});
spelled!(NoticeState {
    Waiting "waiting",
    Sent "sent",
    Failed "failed",
    Discarded "discarded",
});

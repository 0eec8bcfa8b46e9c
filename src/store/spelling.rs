//! How states are written in the database: words, so that a person with a SQL prompt can read them.

use crate::cm::extension::AdminKeyState;
use crate::cm::profile::ProfileStatus;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;

/// A state with one word for each value.
pub(super) trait Spelled: Sized {
    fn word(self) -> &'static str;
    fn from_word(word: &str) -> Option<Self>;
}

macro_rules! spelled {
    ($state:ty { $($variant:ident $word:literal),* $(,)? } $(else $other:ident)?) => {
        impl Spelled for $state {
            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                    // A number only a foreign server's answer can hold: it is written so that it cannot be read as another.
                    $(Self::$other(_) => "other",)?
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
} else Other);
spelled!(RequestStatus {
    None "none",
    Approved "approved",
    Denied "denied",
    Completed "completed",
    Failed "failed",
    Pending "pending",
    Canceled "canceled",
    Executing "executing",
} else Other);
spelled!(SmartcardStatus {
    New "new",
    Assigned "assigned",
    Active "active",
    Disabled "disabled",
    Suspended "suspended",
    Retired "retired",
} else Other);
spelled!(ProfileStatus {
    New "new",
    Active "active",
    Disabled "disabled",
    Suspended "suspended",
    Retired "retired",
} else Other);
spelled!(AdminKeyState {
    Default "default",
    Proposed "proposed",
    Active "active",
});

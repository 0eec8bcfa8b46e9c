//! A card's own admin key and PUK: the states of each, and the bodies that hand them out and report on them. MIM CM has
//! none of these calls.

use super::wire::body::body;
use super::wire::{AdminKeyOrNothing, Named, NamedOrNothing, Plain, PukOrNothing, Vocabulary};
use crate::secret::{AdminKey, Puk};

/// Declares the states of a secret that belongs to one card, each with its number and name on the wire.
macro_rules! states {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$state_doc:meta])* $state:ident = $number:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$state_doc])* $state),*
        }

        impl $name {
            const ALL: &'static [Self] = &[$(Self::$state),*];

            /// Returns the name on the wire.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$state => stringify!($state)),*
                }
            }

            /// Reads a name in any letter case; `None` when it is not known.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.name().eq_ignore_ascii_case(name))
            }
        }

        impl Vocabulary for $name {
            const WHAT: &'static str = $what;

            fn to_number(self) -> u32 {
                match self {
                    $(Self::$state => $number),*
                }
            }

            fn of_number(number: u32) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.to_number() == number)
            }

            fn to_name(self) -> &'static str {
                self.name()
            }

            fn of_name(name: &str) -> Option<Self> {
                Self::from_name(name)
            }
        }
    };
}

pub(super) use states;

states! {
    /// Says how far the change to a card's own admin key has come.
    AdminKeyState, "an admin key state" {
        /// The card has the template's default admin key.
        Default = 0,
        /// The server has let the card's own key out, and the card has not confirmed it: either key may hold.
        Proposed = 1,
        Active = 2,
    }
}

states! {
    /// Says how far the change to a card's own PUK has come.
    PukState, "a PUK state" {
        /// The card has the PUK it came with.
        Default = 0,
        /// The server has let the next PUK out, and the card has not confirmed it: either PUK may hold.
        Proposed = 1,
        Active = 2,
        /// The card's own PUK was read to a person; the next work on the card replaces it.
        Spoken = 3,
    }
}

/// Answers `GET smartcards/{id}/adminkey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminKeyReport {
    pub state: AdminKeyState,
}

body!(AdminKeyReport { state: "State" => Named<AdminKeyState> });

/// Reports what became of the admin key on the card; `None` counts as active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminKeyNews {
    pub state: Option<AdminKeyState>,
}

body!(AdminKeyNews { state: "State" => NamedOrNothing<AdminKeyState> });

/// Holds the admin key that a card is to get next. It holds secrets, so the type cannot be printed.
pub struct NextAdminKey {
    /// The key that holds, or held before `next` was let out; only where it was asked for.
    pub current: Option<AdminKey>,
    /// The key that the card is to get; `None` where nothing changes.
    pub next: Option<AdminKey>,
    /// True if `next` was let out before, so that the card may have it already.
    pub proposed: bool,
}

body!(NextAdminKey {
    current: "Current" => AdminKeyOrNothing,
    next: "Next" => AdminKeyOrNothing,
    proposed: "Proposed" => Plain<bool>,
});

/// Holds the PUKs of a card, for the person who executes a request on it. It holds secrets, so the type cannot be
/// printed.
pub struct PukReport {
    /// The PUK that holds, or held before `next` was proposed; `None` is the PUK the card came with.
    pub current: Option<Puk>,
    /// The PUK that the card is to get; `None` where nothing changes.
    pub next: Option<Puk>,
    /// State of the PUK before this call.
    pub state: PukState,
}

body!(PukReport {
    current: "Current" => PukOrNothing,
    next: "Next" => PukOrNothing,
    state: "State" => Named<PukState>,
});

/// Reports what became of the PUK on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PukNews {
    pub state: PukState,
}

body!(PukNews { state: "State" => Named<PukState> });

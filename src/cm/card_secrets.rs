//! A card's own admin key and PUK: how far each has come, and the bodies that tell and report it. MIM CM has none of them.

use super::wire::body::body;
use super::wire::{AdminKeyOrNothing, Named, NamedOrNothing, Plain, PukOrNothing, Vocabulary};
use crate::secret::{AdminKey, Puk};

/// Declares how far a secret of a card's own has come: each state with its number and name on the wire.
macro_rules! states {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$state_doc:meta])* $state:ident = $number:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$state_doc])* $state),*
        }

        impl $name {
            const ALL: &'static [Self] = &[$(Self::$state),*];

            /// Gives the name on the wire.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$state => stringify!($state)),*
                }
            }

            /// Reads a name in any letter case.
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

states! {
    /// How far a card's own admin key has come: proposed before the card is touched, active once the card confirmed.
    AdminKeyState, "an admin key state" {
        /// The card has the template's default admin key.
        Default = 0,
        /// Either may hold: the default, or the card's own.
        Proposed = 1,
        Active = 2,
    }
}

states! {
    /// How far a card's own PUK has come.
    PukState, "a PUK state" {
        /// The card has the PUK it came with.
        Default = 0,
        /// Either may hold: the one before, or the one that is to take its place.
        Proposed = 1,
        Active = 2,
        /// The card's own, told to a person; the next work on the card replaces it.
        Spoken = 3,
    }
}

/// The body of `smartcards/{id}/adminkey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminKeyReport {
    pub state: AdminKeyState,
}

body!(AdminKeyReport { state: "State" => Named<AdminKeyState> });

/// What a client says became of the admin key on the card; `None` is read as active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminKeyNews {
    pub state: Option<AdminKeyState>,
}

body!(AdminKeyNews { state: "State" => NamedOrNothing<AdminKeyState> });

/// The next of a card's own admin keys. It holds secrets, so it is not shown.
pub struct NextAdminKey {
    /// The one that held before; only where it was asked for.
    pub current: Option<AdminKey>,
    /// The one the card is to be given; `None`: nothing is to change.
    pub next: Option<AdminKey>,
    /// It was let out before, so that the card may hold it already.
    pub proposed: bool,
}

body!(NextAdminKey {
    current: "Current" => AdminKeyOrNothing,
    next: "Next" => AdminKeyOrNothing,
    proposed: "Proposed" => Plain<bool>,
});

/// The PUKs of a card, to whom executes a request on it. It holds secrets, so it is not shown.
pub struct PukReport {
    /// The one that holds, or held before `next` was proposed; `None`: the one the card came with.
    pub current: Option<Puk>,
    /// The one the card is to be given; `None`: nothing is to change.
    pub next: Option<Puk>,
    /// How far the PUK had come before it was asked for.
    pub state: PukState,
}

body!(PukReport {
    current: "Current" => PukOrNothing,
    next: "Next" => PukOrNothing,
    state: "State" => Named<PukState>,
});

/// What a client says became of the PUK on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PukNews {
    pub state: PukState,
}

body!(PukNews { state: "State" => Named<PukState> });

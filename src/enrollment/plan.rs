//! What may be open about a card's secrets.

/// What an earlier try to change the admin key left open.
#[derive(Clone, Copy)]
pub(super) struct Doubt {
    /// The template's default key does not hold.
    pub default_refused: bool,
    /// The card may hold its own key already.
    pub own_possible: bool,
}

/// What an earlier try of a PUK left open.
#[derive(Clone, Copy, Default)]
pub(super) struct PukDoubt {
    /// The PUK that should hold does not.
    pub current_refused: bool,
    /// The card may hold the new PUK already.
    pub next_possible: bool,
}

/// What work that was broken off left open on the token.
#[derive(Clone, Copy, Default)]
pub(super) struct Doubts {
    pub admin: Option<Doubt>,
    pub puk: Option<PukDoubt>,
}

/// Whose key the card answers by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// The template's default.
    Default,
    /// The one derived for this card.
    Own,
}

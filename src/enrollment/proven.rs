//! Names what can prove that a card is the one a record speaks of.

/// Says by what a card has proven to be the one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Proof {
    #[default]
    None,
    /// A certificate that the server lists is on it.
    Certificate,
    /// It bears the id that was written on it, the journal has work on it, or it accepts the record's admin key.
    Itself,
    /// It must accept the record's admin key before anything else is done.
    Owed,
}

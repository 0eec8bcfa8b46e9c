//! Says whether a session's cookie has found somebody, and if not, why.

/// Is what a session's cookie leads to.
pub enum Visiting<T> {
    /// The person.
    Here(T),
    /// The cookie was that of a session which is over.
    Over(Over),
    /// There is no cookie.
    Nobody,
}

/// Says why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The server has it no more: its user has ended it, or begun too many others.
    Gone,
    /// Its time is over.
    Time,
    /// Nobody has used it for long.
    Idle,
    /// The certificate that it began with lets its user in no more.
    Certificate,
    /// Its time is over by a clock that was set ahead not long ago.
    Clock,
}

impl<T> Visiting<T> {
    /// Makes something else of the person.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Visiting<U> {
        match self {
            Self::Here(found) => Visiting::Here(make(found)),
            Self::Over(over) => Visiting::Over(over),
            Self::Nobody => Visiting::Nobody,
        }
    }
}

//! Says why something published could not be had.

/// Says why something published could not be had. A copy is kept with the address, so that it is not asked again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("only addresses that begin with http:// are asked")]
    Scheme,
    #[error("nothing answers there: {0}")]
    Unreachable(String),
    #[error("no answer came in time")]
    TooSlow,
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    #[error("the answer is status {0}")]
    Status(u16),
    #[error("too much was asked already")]
    Spent,
}

impl Error {
    /// Says whether somebody answered, though not with what was asked for.
    pub fn is_answer(&self) -> bool {
        match self {
            Self::TooLarge(_) | Self::Status(_) => true,
            Self::Scheme | Self::Unreachable(_) | Self::TooSlow | Self::Spent => false,
        }
    }
}

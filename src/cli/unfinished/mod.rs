//! `cardwright journal` and `resume`: work on cards that was broken off, told and gone on with.
//!
//! In: the journal of this workstation; where that knows nothing, the server's requests. Out: each piece of work in
//! words, or the work carried on by the driver. Shows no secret: the journal has none.

mod list;
mod resume;
mod words;

pub use list::{is_of, journal, survey, works};
pub use resume::resume;

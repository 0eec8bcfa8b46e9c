//! What several commands say of a request, and how long they wait for it: its document, its review, the command by which
//! it goes on.

mod document;
mod open;
mod tell;
mod wait;

pub use crate::cm::next::{next, next_of};
pub use document::{document, mark, show, text_of};
pub use open::open_requests;
pub use tell::{denied, may_approve, show_reviewed, text};
pub use wait::{Patience, patience};

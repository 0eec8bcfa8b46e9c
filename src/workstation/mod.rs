//! Works on the cards in this computer's readers for faces that watch several at once, or that are no terminal.
//!
//! In: what happens at the readers, jobs for a card, a person's answers. Out: who a card is, what a work needs and comes to.
//! `watch` tells of readers and cards; a [`Worker`] is the one thread that holds the card in a reader, and does one job
//! after another with it; [`drive()`] is the loop around the driver ([`crate::enrollment`]) that every face uses, and
//! [`Line`] lets a face on another thread answer it. A face that goes away ends what waits for it; what was done is in the
//! journal. Absent: whose card it is and what is done with it, terminal and pages, any clock.

mod drive;
mod line;
mod watch;
mod worker;

pub use drive::{Attendant, Ended, drive};
pub use line::{Answer, Line, News, Stopped, Switchboard};
pub use watch::Watch;
pub use worker::{Gone, Worker};

//! Takes people over from a directory, and keeps them as it has them; takes them over from a list, once.
//!
//! In: the `[directory]` table, and people as [`crate::directory`] reads them. Out: accounts that are added, changed and
//! disabled, each an act in the log, and a report of who became what. `source` opens the directory, `plan` says what a
//! person comes to, `apply` writes it, `pass` reads everybody or who has changed, `keep` does so round after round.
//! `elsewhere` finds people who are not here yet. `listed` is what a list says of people, `judge_listed` what that comes to, `many` goes through it.
//! Absent: any change of the directory, and any account of another source, but for those that are handed over.

pub mod apply;
pub mod elsewhere;
mod judge_listed;
pub mod keep;
pub mod listed;
pub mod many;
pub mod pass;
mod plan;
pub mod report;
pub mod source;

//! Keeps users and their bearer records: the rules of a record, new bearer tokens, and the write jobs.
//!
//! Absent: how somebody comes in (`identity`), who may change whom (`permission`).

pub mod bearer;
pub mod domains;
pub mod jobs;
pub mod link;
pub mod proposed;
pub mod rules;

//! Every request type on every kind of template: what it does, whom it refuses, and that nothing is done twice.

mod adding;
mod closing;
pub mod course;
mod ending;
pub mod keyed;
mod leaving;
mod lending;
mod missing;
mod model;
mod narrowing;
mod overdue;
mod policy;
mod races;
mod reach;
mod recovering;
mod refusing;
mod replacing;

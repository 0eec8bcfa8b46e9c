//! Tells those who watch a server how it is: health and metrics; and whether its clock was set.

pub mod clock;
pub mod health;
pub mod metrics;
mod recent;
pub mod standing;
pub mod steps;
mod stored;

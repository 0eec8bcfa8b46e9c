//! Tells those who watch a server how it is: health and metrics.

pub mod health;
pub mod metrics;

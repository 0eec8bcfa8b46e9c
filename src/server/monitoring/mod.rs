//! What those who watch a server are told: health and metrics.

pub mod health;
pub mod metrics;

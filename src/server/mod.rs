//! The CM server.
pub mod diversify;
pub mod template;

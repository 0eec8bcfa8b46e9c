//! From a connection to a controller and back: listeners, TLS, the router, the description of all calls, public files.
//!
//! In: connections. Out: responses. One handler reads a [`crate::cm::route::Route`] and calls one controller.
//! Absent: who may do what (`permission`), how a refusal looks (`error`).

pub mod accept;
pub mod dispatch;
pub mod face;
pub mod openapi;
pub mod operations;
pub mod peer;
pub mod public_files;
pub mod public_listener;
pub mod refusals;
pub mod router;
pub mod surface;
pub mod tls;

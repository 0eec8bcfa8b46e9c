//! The CM server, from its keys to its sockets.

mod diversify;
mod support;
mod template;
mod walkthrough;

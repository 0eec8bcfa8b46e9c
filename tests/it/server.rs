//! The CM server, from its keys to its sockets.

mod diversify;
mod template;

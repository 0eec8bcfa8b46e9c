//! The CM server, from its keys to its sockets.

mod approvals;
mod backup;
mod certification;
mod diversify;
mod http;
mod init;
mod logs;
mod offline;
mod permission;
mod postgres;
mod puk;
mod scale;
#[path = "../../benches/support/crowd.rs"]
pub mod crowd;
mod support;
mod template;
mod walkthrough;

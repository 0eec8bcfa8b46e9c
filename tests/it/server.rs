//! The CM server, from its keys to its sockets.

mod approvals;
mod backup;
mod certification;
#[path = "../../benches/support/crowd.rs"]
pub mod crowd;
mod diversify;
mod http;
mod init;
mod logs;
mod offline;
mod permission;
mod postgres;
mod puk;
mod scale;
mod support;
mod template;
mod walkthrough;

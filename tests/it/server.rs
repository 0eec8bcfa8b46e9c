//! The CM server, from its keys to its sockets.

mod approvals;
mod audit;
mod backup;
mod bombs;
mod certification;
mod collecting;
#[path = "../../benches/support/crowd.rs"]
pub mod crowd;
mod diversify;
mod export;
mod http;
mod identity;
mod init;
mod keys;
mod logs;
mod mail;
mod malformed;
mod masterkeys;
mod naming;
mod offline;
mod openapi;
mod operations;
mod passwords;
mod permission;
mod pins;
mod postgres;
mod publication;
mod puk;
mod scale;
mod subordinate;
mod support;
mod surface;
mod syslog;
mod template;
mod upstream;
mod walkthrough;
mod workflow;

//! The CM server, from its keys to its sockets.

mod approvals;
mod bombs;
mod certification;
mod diversify;
mod http;
mod init;
mod keys;
mod logs;
mod masterkeys;
mod offline;
mod permission;
mod puk;
mod support;
mod template;
mod walkthrough;

//! The CM server, from its keys to its sockets.

mod approvals;
mod certification;
mod diversify;
mod http;
mod init;
mod keys;
mod logs;
mod offline;
mod permission;
mod puk;
mod support;
mod template;
mod walkthrough;

//! The CM server, from its keys to its sockets.

mod approvals;
mod certification;
mod diversify;
mod http;
mod init;
mod logs;
mod naming;
mod offline;
mod permission;
mod publication;
mod puk;
mod subordinate;
mod support;
mod template;
mod upstream;
mod walkthrough;

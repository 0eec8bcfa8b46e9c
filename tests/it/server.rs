//! The CM server, from its keys to its sockets.

mod approvals;
mod certification;
mod diversify;
mod http;
mod init;
mod logs;
mod offline;
mod permission;
mod postgres;
mod puk;
mod support;
mod template;
mod walkthrough;
mod workflow;

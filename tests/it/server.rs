//! The CM server, from its keys to its sockets.

mod approvals;
mod audit;
mod bombs;
mod certification;
mod diversify;
mod http;
mod identity;
mod init;
mod keys;
mod logs;
mod masterkeys;
mod offline;
mod openapi;
mod operations;
mod permission;
mod postgres;
mod puk;
mod support;
mod surface;
mod syslog;
mod template;
mod walkthrough;

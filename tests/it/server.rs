//! The CM server, from its keys to its sockets.

mod approvals;
mod audit;
mod certification;
mod diversify;
mod http;
mod identity;
mod init;
mod logs;
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
mod workflow;

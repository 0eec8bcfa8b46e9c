//! The CM server, from its keys to its sockets.

mod approvals;
mod audit;
mod certification;
mod diversify;
mod http;
mod identity;
mod init;
mod logs;
mod naming;
mod offline;
mod openapi;
mod operations;
mod permission;
mod postgres;
mod publication;
mod puk;
mod subordinate;
mod support;
mod surface;
mod syslog;
mod template;
mod upstream;
mod walkthrough;

//! The CM server, from its keys to its sockets.

mod approvals;
mod certification;
mod collecting;
mod diversify;
mod http;
mod init;
mod logs;
mod mail;
mod malformed;
mod offline;
mod passwords;
mod permission;
mod pins;
mod postgres;
mod puk;
mod support;
mod template;
mod walkthrough;

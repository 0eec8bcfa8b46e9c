//! The CM server: MIM's REST calls over HTTPS, carried out with the CA and remembered in the store.
//!
//! In: HTTP requests with a bearer token; a data directory with keys, templates and settings. Out: JSON, certificates,
//! a revocation list. One handler reads a [`crate::cm::route::Route`] and calls one controller; `permission` alone says
//! who may do what, `error` alone how a refusal looks, [`crate::cm::lifecycle`] which step follows which. Certificates
//! are signed before they are written, and sent after.
//! Absent: any knowledge of cards beyond their id and admin key; SQL; private keys outside [`crate::ca`].

mod accounts;
mod administration;
mod agreed;
mod app;
mod audit;
mod audit_sign;
mod audit_trail;
mod authority;
mod backup;
mod bound;
mod bring;
mod caller;
mod certify;
mod closing;
mod collecting;
mod config;
mod controllers;
mod database;
mod deliver;
pub mod diversify;
mod environment;
mod error;
mod files;
mod health;
mod identity;
mod init;
mod issue;
mod listen;
mod mail;
mod masterkey;
mod metrics;
mod one_time;
mod openapi;
mod operations;
mod permission;
mod proposed_pin;
mod publication;
mod recovery;
mod restore;
mod router;
mod seen;
mod settings;
mod signing;
mod start;
mod surface;
mod syslog;
pub mod template;
mod tls;
mod upkeep;
mod upstream;
mod view;
mod workflow;

pub use accounts::AccountRefusal;
pub use administration::{
    AccountError, AddedToken, AddedUser, NewUser, UserChange, token_add, token_list, token_revoke, user_add,
    user_change, user_list,
};
pub use agreed::Disagreement;
pub use audit_trail::{AuditTrailError, ExportFilter, audit_check, audit_export};
pub use authority::{ca_install, ca_secret};
pub use backup::{BackupError, Saved, backup, backup_file};
pub use config::{Config, SettingsError, TokenSettings, effective_settings, log_settings};
pub use database::{DatabaseError, DatabaseSettings};
pub use environment::{Effective, Origin};
pub use files::FileError;
pub use init::{InitError, InitOptions, Initialised, init};
pub use listen::{Ready, RunningServer, Server, serve};
pub use masterkey::{
    MasterKeyError, MasterKeyVersion, add as add_master_key, remove as remove_master_key,
    versions as master_key_versions,
};
pub use openapi::document as openapi;
pub use restore::restore;
pub use settings::{LogFormat, LogSettings};
pub use start::StartError;
pub use syslog::Target as SyslogTarget;

//! The CM server: MIM's REST calls over HTTPS, carried out with the CA and remembered in the store.
//!
//! In: HTTP requests with a bearer token; a data directory with keys, templates and settings. Out: JSON, certificates,
//! a revocation list. One handler reads a [`crate::cm::route::Route`] and calls one controller; `permission` alone says
//! who may do what, `error` alone how a refusal looks, [`crate::cm::lifecycle`] which step follows which. Certificates
//! are signed before they are written, and sent after.
//! Absent: any knowledge of cards beyond their id and admin key; SQL; private keys outside [`crate::ca`].

mod app;
mod audit;
mod bound;
mod bring;
mod caller;
mod certify;
mod closing;
mod config;
mod controllers;
mod crl;
mod deliver;
pub mod diversify;
mod error;
mod files;
mod init;
mod issue;
mod listen;
mod masterkey;
mod permission;
mod recovery;
mod router;
mod seen;
mod signing;
mod start;
pub mod template;
mod tls;
mod view;

pub use config::{Config, TokenSettings};
pub use files::FileError;
pub use init::{AddedUser, InitError, InitOptions, Initialised, NewUser, init, user_add};
pub use listen::{Ready, RunningServer, Server, serve};
pub use masterkey::{
    MasterKeyError, MasterKeyVersion, add as add_master_key, remove as remove_master_key,
    versions as master_key_versions,
};
pub use start::StartError;

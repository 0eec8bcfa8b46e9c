//! The CM server: MIM's REST calls over HTTPS, carried out with the CA and remembered in the store.
//!
//! In: HTTP requests with credentials; a data directory with keys, templates and settings. Out: JSON, certificates,
//! revocation lists, OCSP answers.
//! Sub-rooms, each importing only from those after it: `process`; `http`; `controllers`; `issuance`; `requests`;
//! `call`; `administration`; `notices`, `provisioning`; `authority`, `identity`, `mail`, `publication`, `workflow`; `error`; `keys`, `audit`,
//! `permission`; `data_directory`, `users`, `monitoring`.
//! `permission` alone says who may do what, `error` alone how a refusal looks, [`crate::cm::lifecycle`] alone which
//! step follows which. A certificate is signed before it is recorded, and sent after.
//! Absent: any talk to a card (the server knows its id, ATR and secrets only), SQL, the CA's key ([`crate::ca`]).

mod administration;
mod audit;
mod authority;
mod call;
mod controllers;
mod data_directory;
mod error;
mod http;
mod identity;
mod issuance;
mod keys;
mod mail;
mod monitoring;
mod notices;
mod outgoing;
mod permission;
mod process;
mod provisioning;
mod publication;
mod requests;
mod users;
mod workflow;

pub use administration::accept::{AcceptError, Accepted, audit_accept};
pub use administration::accept_rows::audit_accept_rows;
pub use administration::audit_trail::{AuditTrailError, ExportFilter, audit_check, audit_export};
pub use administration::backup::{BackupError, Saved, backup, backup_file};
pub use administration::ca::{ca_install, ca_secret};
pub use administration::directory::{Checked, Import, ImportError, directory_check, user_import};
pub use administration::init::{InitError, InitOptions, Initialised, init};
pub use administration::master_keys::{
    MasterKeyVersion, add as add_master_key, remove as remove_master_key, versions as master_key_versions,
};
pub use administration::move_database::{MoveDatabase, MoveDatabaseError, Moved, database_move};
pub use administration::outbox::{
    ListedNotice, OutboxError, Redress, mail_check, mail_test, outbox_list, outbox_redress,
};
pub use administration::people::{PeopleError, PeopleImport, user_import_list};
pub use administration::restore::{Trust, restore};
pub use administration::stock::{StockCard, StockError, stock_import, stock_list, stock_remove};
pub use administration::upgrade::{UpgradeError, UpgradeOrder, Upgraded, records_age, upgrade};
pub use administration::users::{
    AccountError, AddedBearer, AddedUser, InvitedUser, NewUser, bearer_add, bearer_invite, bearer_list, bearer_revoke,
    user_add, user_change, user_end_link, user_invite, user_link, user_list, user_sign_in_link, user_unlink,
};
pub use audit::contradiction::{Contradiction, WitnessError};
pub use data_directory::database::DatabaseError;
pub use data_directory::files::FileError;
pub use data_directory::settings::ca::TokenSettings;
pub use data_directory::settings::database::DatabaseSettings;
pub use data_directory::settings::environment::{Effective, Origin};
pub use data_directory::settings::identity::OidcSettings;
pub use data_directory::settings::operation::{LogFormat, LogSettings, Target as SyslogTarget};
pub use data_directory::settings::server_toml::{SettingsError, effective_settings, log_settings, operations_listener};
pub use error::Fact;
pub use http::face::{Answering, Door, Entries, Face, Refused, Visitor};
pub use http::openapi::document as openapi;
pub use identity::access_token::{AccessTokens, ClaimedKey};
pub use identity::jwks::{IssuerKeys, JwksError};
pub use identity::visiting::{Over, Visiting};
pub use keys::diversify;
pub use keys::master_keys::MasterKeyError;
pub use process::agreement::{AgreementError, Disagreement};
pub use process::config::Config;
pub use process::error::StartError;
pub use process::server::{Ready, RunningServer, Server, serve};
pub use provisioning::listed::{DISPLAY_NAME, Listed, ListedPerson, RowFault};
pub use provisioning::many::{IssuedCode, ManyError};
pub use provisioning::pass::PassError;
pub use provisioning::report::{Reason, Report, Row, Standing};
pub use provisioning::source::SourceError;
pub use users::bearer::AwaitedBearer;
pub use users::link::FreshLink;
pub use users::rules::{AccountRefusal, UserChange};

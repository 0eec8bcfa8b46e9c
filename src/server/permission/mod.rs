//! Who may do what: the caller, the roles of `server.toml`, and the rules; the one place.

pub mod caller;
pub mod rules;

pub use rules::{
    Act, duties, enabled, has, may, may_initiate, may_manage, may_revoke, parties, reads_audit, sees_holdings,
    sees_request, sees_template, workflow_roles,
};

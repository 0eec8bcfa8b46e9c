//! Decides who may do what, and is the one place that does: the caller, the roles of `server.toml`, and the rules.
//!
//! In: a caller, a template's policy, an object. Out: yes or no.
//! Absent: how a caller is recognised (`identity`), how a refusal looks (`error`).

pub mod caller;
pub mod proof;
pub mod rules;
pub mod standing;
pub mod visit;

pub use rules::{
    Act, WorkflowRoles, duties, enabled, executes_template, has, may, may_initiate, may_manage, may_revoke, parties,
    reads_audit, sees_holdings, sees_request, sees_template, workflow_roles,
};

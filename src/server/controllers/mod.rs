//! One controller a file, as MIM groups its calls, and `view` for what they answer with.
//!
//! In: a [`super::call::Call`], the route's parameters, a body. Out: a [`super::call::reply::Reply`] or a refusal.
//! A controller asks `permission`, has `requests`, `issuance` and `workflow` do the work, and logs the act.
//! Absent: paths and headers (`http`), what each request type does to cards and certificates (`workflow`).

pub mod accounts;
pub mod activation;
pub mod audit_log;
pub mod beyond_mim;
pub mod card_secrets;
pub mod certificates;
pub mod desk;
pub mod foresight;
pub mod found;
pub mod handover;
pub mod health;
pub mod history;
pub mod identities;
pub mod leaving;
pub mod logon;
pub mod lost;
pub mod offline;
pub mod outbox;
pub mod people_import;
pub mod pins;
pub mod policies;
pub mod presence;
pub mod profiles;
pub mod proposals;
pub mod puks;
pub mod queue;
pub mod remind;
pub mod reports;
pub mod requests;
pub mod review;
pub mod sealed_keys;
pub mod smartcards;
pub mod templates;
pub mod view;
pub mod visits;

//! One controller a file, as MIM groups its calls.

pub mod accounts;
pub mod audit_log;
pub mod beyond_mim;
pub mod card_secrets;
pub mod certificates;
pub mod offline;
pub mod pins;
pub mod policies;
pub mod profiles;
pub mod requests;
pub mod sealed_keys;
pub mod smartcards;
pub mod templates;
pub mod view;

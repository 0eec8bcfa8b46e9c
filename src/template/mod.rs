//! Says what a profile template says: what may be enrolled, with which keys and certificate, by whom, and after whose
//! approval.
//!
//! In: TOML files, or the JSON of a MIM CM template to be imported. Out: [`ProfileTemplate`], its views on the wire,
//! and reports of what is wrong in a file. A template is checked once, when it is loaded: one that is wrong stops the
//! server's start, with file, line, column and key.
//! Absent: who asks, and what that person has already (`server`).

mod additional;
mod admin_key;
mod certificate_shape;
mod data_item;
mod document;
mod entries;
mod facts;
mod given;
mod import;
mod inherited;
mod key_policy;
mod lifecycle;
mod load;
mod located;
mod naming;
mod one_time;
mod pattern;
mod pin;
mod place;
mod principal;
mod profile_template;
mod purposes;
mod raw;
mod raw_policy;
mod read_key;
mod recovery;
mod report;
mod uses;
mod warnings;
mod weaker;
mod words;

pub use admin_key::{AdminKeyLength, LENGTH as ADMIN_KEY_LEN, default_admin_key};
pub use certificate_shape::{CertificateShape, enroll_key_usages};
pub use data_item::{DataItemRule, ItemKind, ItemProblem, Side, same_name};
pub use document::{Document, Filling};
pub use entries::{Entry, Ordered, ordered_as};
pub use import::{Import, ImportError, Imported};
pub use key_policy::{Hash, KeyFamily, KeyPolicy, KeySource};
pub use lifecycle::{
    DEFAULT_REQUEST_TIME, Limits, LossReason, Passage, RevocationOptions, revocation_reason as reason_named,
};
pub use load::{LoadError, Templates};
pub use located::{Misplaced, Source};
pub use naming::{ExtensionShape, Naming};
pub use one_time::{Delivery, OneTimePolicy, Recipient};
pub use pattern::{Attributes, Known, Missing, UserAttribute};
pub use pin::{MAX_PROPOSED as MAX_PROPOSED_PIN, alphabet as pin_alphabet};
pub use principal::Principal;
pub use profile_template::{Kind, ProfileTemplate, TemplateText, Workflow};
pub use recovery::RecoveryPolicy;
pub use report::{Report, without_defaults};

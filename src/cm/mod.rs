//! The vocabulary of MIM Certificate Management and its spelling on the wire, shared by client and server.
//!
//! In and out: Microsoft's JSON bodies and URIs, after the public MIM CM REST pages and their samples.
//! Nouns (requests, smart cards, profiles, templates, certificates), every route once, the lifecycle as tables, and the
//! numbers that are guesses in [`vocabulary`].
//! Floor 0: may import [`crate::secret`] only; holds no socket, file, clock or thread.

pub mod account;
pub mod acts;
pub mod audit;
pub mod beyond_mim;
pub mod card_secrets;
pub mod certificate;
pub mod check;
pub mod data_item;
pub mod desk;
pub mod eligibility;
pub mod foresight;
pub mod found;
pub mod health;
pub mod hidden;
pub mod holder_role;
pub mod lifecycle;
pub mod logon;
pub mod next;
pub mod office_list;
pub mod offline;
pub mod outbox;
pub mod people;
pub mod pin_rules;
pub mod policy;
pub mod possession;
pub mod presence;
pub mod problem;
pub mod profile;
pub mod report;
pub mod request;
pub mod review;
pub mod route;
pub mod smartcard;
pub mod template;
pub mod template_facts;
pub mod visit;
pub mod vocabulary;
pub mod wire;

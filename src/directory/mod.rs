//! People and groups of an LDAP directory: Active Directory, or one such as OpenLDAP (RFC 4511).
//!
//! In: where it is, as whom to bind, which people and groups are meant. Out: people with their names, or why one cannot
//! be one here; who is in which group, groups within groups included. `ber`, `filter` and `message` know the protocol,
//! `entry`, `person`, `groups`, `mapping` what an entry means, and none of them waits for anything; `open`, `ticket` and
//! `connection` alone speak to the directory, within bounds of time, size and number.
//! Absent: any change of the directory; following a referral; what a person becomes here (the server's `provisioning`).

mod ber;
mod connection;
mod entry;
mod error;
mod filter;
mod groups;
mod logon;
mod mapping;
mod message;
mod open;
mod person;
mod place;
mod reading;
mod schema;
mod ticket;

pub use connection::Connection;
pub use entry::Entry;
pub use error::{Error, Outcome};
pub use filter::{Filter, FilterError};
pub use groups::{GroupLists, Memberships, folded_dn};
pub use logon::{LogonEntry, logon_of};
pub use mapping::CertificateName;
pub use message::{Answer, read as read_message};
pub use open::open;
pub use person::{Person, Problem, Refused};
pub use place::{Bounds, Login, Place, Protection};
pub use reading::{
    Mark, Page, Rule, Since, changes, mark, memberships, people, people_holding, person_identified, person_named,
};
pub use schema::{DEPARTMENT, DISPLAY_NAME, Kind, Schema};

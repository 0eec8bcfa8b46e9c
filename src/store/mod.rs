//! Remembers users, requests, approvals, cards, profiles and certificates, durably.
//!
//! In: records and jobs. Out: records, once they are on disk. SQLite (WAL, synchronous FULL); all SQL of the project is
//! here, with `$1` placeholders and nothing that PostgreSQL lacks outside `migrations/sqlite`.
//! Reads run on connections of their own; writes are jobs of one writer, which commits many waiting jobs with one
//! fsync and answers none of them before that. What a job reads is still so when it writes: nobody else writes.
//! Calls are async because writes wait for the disk, and because a database across a network would have all wait.
//! Absent: any rule about who may do what, any clock (times come in), any wire spelling.

mod archive;
mod audit;
mod cards;
mod certificates;
mod error;
mod link;
mod offline;
mod open;
mod reads;
mod record;
mod requests;
mod schema;
mod spelling;
mod users;
mod writer;

pub use audit::AuditEntry;
pub use error::Error;
pub use link::CountsSeen;
pub use open::Store;
pub use record::{
    ApprovalRecord, ArchivedRecord, CertificateRecord, CertificateScope, HoldingRecord, MasterKeyUse,
    OfflineAnswerRecord, Origin, ProfileRecord, RequestFilter, RequestRecord, Revocation, RevokedCertificate,
    SmartcardRecord, UserRecord, Visibility,
};
pub use writer::{BoxFuture, Tx};

/// The most records one list gives; a filter's own limit may be lower.
pub const LIST_LIMIT: u32 = 1000;

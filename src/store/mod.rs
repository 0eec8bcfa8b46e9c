//! Remembers users, requests, approvals, cards, profiles and certificates, durably.
//!
//! In: records and jobs. Out: records, once they are on disk. All SQL of the project is here, one text for both
//! databases. A write is a job: atomic, answered after the commit; what it has read by key is still true when it
//! writes. `sqlite` has WAL, synchronous FULL, and one writer that commits many waiting jobs with one fsync. `postgres`
//! has a few such lanes, locks rows as they are read, and lets any number of servers share a database. Absent: any
//! rule about who may do what, any clock (times come in), any wire spelling.

mod accepting;
mod act_key;
mod ahead;
mod archive;
mod attestations;
mod audit;
mod audit_check;
mod audit_lines;
mod audit_log;
mod audit_report;
mod audit_source;
mod audit_state;
mod bearer;
mod cards;
mod certificates;
mod chain;
mod counting;
mod desk;
mod devices;
mod entrance;
mod error;
mod folded;
mod found;
mod identities;
mod link;
mod links;
mod lists;
mod meta;
mod moving;
mod names;
mod offline;
mod one_time;
mod open;
mod outbox;
mod possession;
mod postgres;
mod presence;
mod proposals;
mod queue;
mod reads;
mod record;
mod reports;
mod requests;
mod revoking;
mod schema;
mod sessions;
mod spelling;
mod sqlite;
mod stock;
mod template_versions;
mod told;
mod unlogged;
mod upstream;
mod users;
mod versions;
mod visits;
mod waiting;
mod walks;
mod watched;
mod writer;

pub use accepting::{DifferingRow, NoSuchRow};
pub use act_key::{ActKey, ActKeys, ActWriter, Vouching};
pub use ahead::Keyed;
pub use audit::AuditEntry;
pub use audit_check::{AuditChecker, RememberedEnd};
pub use audit_lines::{AuditItem, LineError};
pub use audit_log::{AuditRecord, AuditSignature, SentRecord, SignedHead, audit_hash, signed_text};
pub use audit_report::{AuditFault, AuditFinding, AuditReport};
pub use audit_source::AuditSource;
pub use audit_state::{RowDifference, RowFault};
pub use certificates::IssueTime;
pub use chain::ChainHead;
pub use counting::DayCount;
pub use desk::DeskRecord;
pub use devices::DeviceRecord;
pub use entrance::{Activation, ActivationUse, BearerRecord, LinkRecord, ProposalRecord, VisitRecord};
pub use error::{Cause, Error};
pub use found::{CardFilter, EndingFilter};
pub use identities::IdentityRecord;
pub use link::{CountsSeen, from_micros, micros};
pub use lists::{ListKind, ListRecord, ListedCertificate};
pub use moving::{MoveError, Moving, Standing, TableCount, first_used};
pub use names::{NameKind, folded};
pub use open::{SchemaAge, Store};
pub use outbox::{NoticeRecord, OutboxCount};
pub use postgres::place::PostgresPlace;
pub use presence::PresenceRecord;
pub use record::{
    ApprovalRecord, ArchivedRecord, AttestationRecord, CertificateRecord, CertificateScope, Derivation, Holder,
    HoldingRecord, LIST_LIMIT, MasterKeyUse, NoticeState, OfflineAnswerRecord, OneTimeRecord, Origin, Owned,
    PossessionRecord, ProfileRecord, Reach, RequestCount, RequestFilter, RequestRecord, RequestTerms, Revocation,
    SessionRecord, SmartcardRecord, Touched, UserRecord, UserSource, Visibility,
};
pub use reports::{CardCount, Period, ReportedCertificate, VersionCount};
pub use requests::IdleFilter;
pub use sqlite::schema::{check as check_database, copy as copy_database};
pub use stock::StockRecord;
pub use template_versions::TemplateVersionRecord;
pub use upstream::UpstreamOrder;
pub use versions::{HEEDED_WITHIN, Versions};
pub use waiting::{Part, QueueFilter, WaitingCount, WaitingCounts, WaitingFilter};
pub use watched::RowName;
pub use writer::{BoxFuture, Tx};

//! The outbox, as administrators see it: what people and programs are to be told, and what became of it. MIM has no calls
//! for this.

use super::wire::body::body;
use super::wire::{Guid, GuidOrNothing, Moment, MomentOrUnset, Plain, Text, TextOrNothing};
use time::OffsetDateTime;
use uuid::Uuid;

/// Lists what can become of a notice, as words.
pub const STATES: [&str; 4] = ["waiting", "sent", "failed", "discarded"];

/// Describes a notice, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    pub uuid: Uuid,
    /// Such as "request-waits".
    pub kind: String,
    /// "mail", or "webhook:" and its name.
    pub way: String,
    /// One of [`STATES`].
    pub state: String,
    pub recipient: Option<Uuid>,
    pub recipient_name: String,
    /// The address where there is no recipient; else empty.
    pub address: String,
    pub request: Option<Uuid>,
    pub created: OffsetDateTime,
    /// When it is tried next, while it waits.
    pub due: Option<OffsetDateTime>,
    pub attempts: u32,
    /// An attempt may have gone through though nobody said so.
    pub doubtful: bool,
    /// Why the last attempt failed, or why there is none any more.
    pub reason: String,
    pub settled: Option<OffsetDateTime>,
}

body!(OutboxEntry {
    uuid: "Uuid" => Guid,
    kind: "Kind" => Text,
    way: "Way" => Text,
    state: "State" => Text,
    recipient: "RecipientUuid" => GuidOrNothing,
    recipient_name: "RecipientName" => TextOrNothing,
    address: "Address" => TextOrNothing,
    request: "RequestUuid" => GuidOrNothing,
    created: "Created" => Moment,
    due: "Due" => MomentOrUnset,
    attempts: "Attempts" => Plain<u32>,
    doubtful: "Doubtful" => Plain<bool>,
    reason: "Reason" => TextOrNothing,
    settled: "Settled" => MomentOrUnset,
});

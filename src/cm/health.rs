//! How a server stands: what is well, what ends soon, and what fails. MIM has no calls for this.

use super::wire::body::body;
use super::wire::words::words;
use super::wire::{Moment, MomentOrUnset, Named, Plain, PlainOr, PlainOrNothing, Text, TextOrNothing};
use time::OffsetDateTime;

/// Says how something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthState {
    Good,
    /// All works; somebody should see to it before it works no more.
    Soon,
    /// Something does not work, or is not to be trusted.
    Bad,
    /// Whatever a newer server names.
    Other,
}

words!(HealthState, "how something stands", [Good, Soon, Bad]);

/// Tells of one thing that a server needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// A stable word for it, such as "revocation-list".
    pub name: String,
    pub state: HealthState,
    /// A stable word for what was found, such as "ends-soon"; "ok" where nothing is wrong.
    pub code: String,
    /// Which one is meant: the subject of a certificate, a task, a version; empty where there is but one.
    pub what: String,
    /// Since when it is as it is, or when it was made or done last.
    pub since: Option<OffsetDateTime>,
    /// When it ends.
    pub until: Option<OffsetDateTime>,
    /// How many it is about: people, notices, cards.
    pub count: Option<u64>,
    /// How many of them something is wrong with.
    pub failed: Option<u64>,
    /// All of it in a sentence, with what is to be done.
    pub text: String,
}

body!(HealthCheck {
    name: "Name" => Plain<String>,
    state: "State" => Named<HealthState>,
    code: "Code" => Text,
    what: "What" => TextOrNothing,
    since: "Since" => MomentOrUnset,
    until: "Until" => MomentOrUnset,
    count: "Count" => PlainOrNothing<u64>,
    failed: "Failed" => PlainOrNothing<u64>,
    text: "Text" => Text,
});

/// Tells of a version of the master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthKeyVersion {
    pub version: u32,
    /// Cards whose keys come from it.
    pub cards: u64,
    /// Cards are given keys of it from now on.
    pub current: bool,
    /// The server that answers has it.
    pub held: bool,
}

body!(HealthKeyVersion {
    version: "Version" => Plain<u32>,
    cards: "Cards" => Plain<u64>,
    current: "IsCurrent" => PlainOr<bool>,
    held: "IsHeld" => PlainOr<bool>,
});

/// Tells how a server stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The server's time.
    pub as_of: OffsetDateTime,
    /// The worst of the checks.
    pub state: HealthState,
    /// The release that runs.
    pub version: String,
    /// The name by which clients call the server that answers; several may share a database.
    pub server: String,
    /// "SQLite" or "PostgreSQL".
    pub database: String,
    /// The checks, in a fixed order.
    pub checks: Vec<HealthCheck>,
    /// The versions of the master key that the server has or cards need, oldest first.
    pub master_keys: Vec<HealthKeyVersion>,
}

body!(Health {
    as_of: "AsOf" => Moment,
    state: "State" => Named<HealthState>,
    version: "Version" => Text,
    server: "Server" => Text,
    database: "Database" => Text,
    checks: "Checks" => PlainOr<Vec<HealthCheck>>,
    master_keys: "MasterKeys" => PlainOr<Vec<HealthKeyVersion>>,
});

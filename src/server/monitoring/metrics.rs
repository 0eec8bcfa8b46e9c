//! Counts what the server does, for Prometheus (OpenMetrics text). No label holds a name, an id or a path.

use super::recent::Recent;
use super::stored::{self, Stored};
use crate::cm::problem::ProblemCode;
use crate::store::{self, CardCount, MasterKeyUse, OutboxCount, Period, Store, VersionCount};
use crate::web::bound::CountConnections;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use uuid::Uuid;

/// Labels an answered call: its route's pattern, its method, and the status.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    method: &'static str,
    status: u16,
}

/// Labels a refused call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    code: &'static str,
}

/// Labels an act of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Act {
    act: &'static str,
}

/// Labels a task beside the calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Task {
    task: &'static str,
}

/// Labels a chain of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChainLabel {
    chain: i64,
}

/// Labels the cards of a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CardState {
    state: &'static str,
}

/// Labels certificates that end within so many days.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Within {
    days: u16,
}

/// Lists how many days ahead the ends of certificates are counted.
const ENDS: [u16; 3] = [3, 14, 30];
/// Sets for how long what is counted over all cards and certificates holds: whoever asks more often is told the same.
const COUNTED_FOR: Duration = Duration::from_secs(60);

/// Holds what was counted over all cards and certificates, and when.
struct Census {
    at: Instant,
    cards: BTreeMap<&'static str, u64>,
    /// Of [`ENDS`].
    ending: [u64; ENDS.len()],
}

/// Counts what the last reading of everybody in the directory has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryRound {
    /// Those who were read.
    pub people: u64,
    /// Of them, those who are not taken over as they stand there.
    pub refused: u64,
    /// Groups that the settings name and that are not there.
    pub missing_groups: u64,
    /// Those who are gone and were kept, because they are too many at once.
    pub kept_gone: u64,
}

/// Holds the totals since the start.
pub struct Metrics {
    answered: Family<Answered, Counter>,
    refused: Family<Refused, Counter>,
    seconds: Histogram,
    connections: Gauge,
    sent_on: AtomicU64,
    not_sent_on: AtomicU64,
    upkeep_failures: Family<Task, Counter>,
    failing: Mutex<BTreeMap<&'static str, OffsetDateTime>>,
    /// Unix time; 0: no TLS is spoken.
    tls_end: AtomicI64,
    /// Unix time; 0: never.
    directory_read: AtomicI64,
    directory_round: Mutex<Option<DirectoryRound>>,
    /// Unix time; 0: the clock is trusted.
    clock_doubted_until: AtomicI64,
    key_uses: Mutex<Option<(Instant, Vec<MasterKeyUse>)>>,
    /// By template.
    versions: Mutex<HashMap<Uuid, (Instant, Vec<VersionCount>)>>,
    census: Mutex<Option<Census>>,
    stored: Recent<Arc<Stored>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            refused: Family::default(),
            // Half a millisecond to eight seconds.
            seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 15)),
            connections: Gauge::default(),
            sent_on: AtomicU64::default(),
            not_sent_on: AtomicU64::default(),
            upkeep_failures: Family::default(),
            failing: Mutex::default(),
            tls_end: AtomicI64::default(),
            directory_read: AtomicI64::default(),
            directory_round: Mutex::default(),
            clock_doubted_until: AtomicI64::default(),
            key_uses: Mutex::default(),
            versions: Mutex::default(),
            census: Mutex::default(),
            stored: Recent::default(),
        }
    }
}

impl Metrics {
    /// Counts an answered call; `route` is empty where the call led to none.
    pub fn answered(&self, route: &'static str, method: &'static str, status: u16, elapsed: Duration) {
        self.answered.get_or_create(&Answered { route, method, status }).inc();
        self.seconds.observe(elapsed.as_secs_f64());
    }

    /// Counts a refused call.
    pub fn refused(&self, code: ProblemCode) {
        self.refused.get_or_create(&Refused { code: code.name() }).inc();
    }

    /// Counts a record of the log that was sent on, or was too long for that.
    pub fn sent_on(&self, sent: bool) {
        let counter = if sent { &self.sent_on } else { &self.not_sent_on };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how a round of a task beside the calls has ended: counts one that failed, and since when they do.
    pub fn upkeep_ended(&self, task: &'static str, good: bool) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if good {
            failing.remove(task);
        } else {
            failing.entry(task).or_insert_with(OffsetDateTime::now_utc);
            self.upkeep_failures.get_or_create(&Task { task }).inc();
        }
    }

    /// Lists the tasks beside the calls whose last round has failed, and since when their rounds fail.
    pub fn failing(&self) -> Vec<(&'static str, OffsetDateTime)> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.iter().map(|(task, since)| (*task, *since)).collect()
    }

    /// Notes when the certificate for TLS ends.
    pub fn tls_ends(&self, at: OffsetDateTime) {
        self.tls_end.store(at.unix_timestamp(), Ordering::Relaxed);
    }

    /// Notes that the directory was read.
    pub fn directory_read(&self, at: OffsetDateTime) {
        self.directory_read.store(at.unix_timestamp(), Ordering::Relaxed);
    }

    /// Returns when the certificate for TLS ends; `None`: no TLS is spoken.
    pub fn tls_end(&self) -> Option<OffsetDateTime> {
        noted(&self.tls_end)
    }

    /// Returns when the directory was read last, since the start.
    pub fn directory_was_read(&self) -> Option<OffsetDateTime> {
        noted(&self.directory_read)
    }

    /// Notes what a reading of everybody has come to.
    pub fn directory_came_to(&self, round: DirectoryRound) {
        *self.directory_round.lock().unwrap_or_else(PoisonError::into_inner) = Some(round);
    }

    /// Returns what the last reading of everybody has come to.
    pub fn directory_round(&self) -> Option<DirectoryRound> {
        *self.directory_round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes until when nothing is ended by the clock, because it was set.
    pub fn clock_doubted(&self, until: Option<OffsetDateTime>) {
        self.clock_doubted_until.store(until.map_or(0, OffsetDateTime::unix_timestamp), Ordering::Relaxed);
    }

    /// Returns until when nothing is ended by the clock.
    pub fn clock_doubted_until(&self) -> Option<OffsetDateTime> {
        noted(&self.clock_doubted_until)
    }

    /// Counts the cards that need each version of the master key, unless that was done just now.
    pub async fn key_uses(&self, store: &Store) -> Result<Vec<MasterKeyUse>, store::Error> {
        let kept = self.key_uses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, uses)) = kept.filter(|(at, _)| at.elapsed() < COUNTED_FOR) {
            return Ok(uses);
        }
        let uses = store.master_key_uses().await?;
        *self.key_uses.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), uses.clone()));
        Ok(uses)
    }

    /// Counts the cards of a template by version and state, unless that was done just now.
    pub async fn versions(&self, store: &Store, template: Uuid) -> Result<Vec<VersionCount>, store::Error> {
        let kept = self.versions.lock().unwrap_or_else(PoisonError::into_inner).get(&template).cloned();
        if let Some((_, counts)) = kept.filter(|(at, _)| at.elapsed() < COUNTED_FOR) {
            return Ok(counts);
        }
        let counts = store.version_counts(template).await?;
        let fresh = (Instant::now(), counts.clone());
        self.versions.lock().unwrap_or_else(PoisonError::into_inner).insert(template, fresh);
        Ok(counts)
    }

    /// Returns the gauge of open connections.
    pub fn connections(&self) -> Gauge {
        self.connections.clone()
    }

    /// Counts over all cards and certificates, unless that was done just now; returns how many cards are in which state,
    /// and how many certificates end within how many days.
    async fn counted(&self, store: &Store) -> Result<(Family<CardState, Gauge>, Family<Within, Gauge>), store::Error> {
        let fresh = |census: &Option<Census>| census.as_ref().is_some_and(|census| census.at.elapsed() < COUNTED_FOR);
        let known = fresh(&self.census.lock().unwrap_or_else(PoisonError::into_inner));
        if !known {
            let mut cards = BTreeMap::new();
            for CardCount { status, cards: count, .. } in store.card_counts().await? {
                *cards.entry(status.name()).or_default() += count;
            }
            let (from, mut ending) = (OffsetDateTime::now_utc(), [0; ENDS.len()]);
            for (count, days) in ending.iter_mut().zip(ENDS) {
                let to = from + time::Duration::days(days.into());
                *count = store.ending_within(Period { from, to }).await?;
            }
            let census = Census { at: Instant::now(), cards, ending };
            *self.census.lock().unwrap_or_else(PoisonError::into_inner) = Some(census);
        }
        let (cards, ends) = (Family::<CardState, Gauge>::default(), Family::<Within, Gauge>::default());
        if let Some(census) = self.census.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            for (state, count) in &census.cards {
                cards.get_or_create(&CardState { state }).set(gauge(*count));
            }
            for (days, count) in ENDS.into_iter().zip(census.ending) {
                ends.get_or_create(&Within { days }).set(gauge(count));
            }
        }
        Ok((cards, ends))
    }

    /// Returns everything as OpenMetrics text; what only the store knows is a second old at most. `ends` are those of the own
    /// CA's certificate, and of the issuing one's.
    pub async fn text(&self, store: &Store, ends: [Option<OffsetDateTime>; 2]) -> Result<String, store::Error> {
        let mut registry = Registry::with_prefix("cardwright");
        registry.register(
            "build",
            "The release that runs",
            Info::new([("version", env!("CARGO_PKG_VERSION"))].to_vec()),
        );
        let (cards, ending) = self.counted(store).await?;
        registry.register("cards", "Cards, by state", cards);
        registry.register("certificates_ending", "Certificates on cards in use that end within so many days", ending);
        registry.register("requests", "Calls answered", self.answered.clone());
        registry.register("refusals", "Calls refused, by code", self.refused.clone());
        registry.register("request_seconds", "How long calls took", self.seconds.clone());
        registry.register("connections", "Connections open", self.connections.clone());
        let counted = |value: u64| ConstCounter::new(value);
        let throttled = self.refused.get_or_create(&Refused { code: ProblemCode::TooManyRequests.name() }).get();
        registry.register("rate_limit_refusals", "Calls refused for being too many", counted(throttled));
        let acts = store.acts();
        let of = |act: &str| acts.get(act).copied().unwrap_or(0);
        registry.register("certificates_issued", "Certificates issued", counted(of("certificate-issued")));
        registry.register("certificates_revoked", "Cards or certificates revoked", counted(revoked(&acts)));
        let by_act = Family::<Act, Counter>::default();
        for (act, count) in &acts {
            by_act.get_or_create(&Act { act }).inc_by(*count);
        }
        registry.register("acts", "Acts logged", by_act);
        let stored = self.stored.find(stored::read(store)).await?;
        registry.register(
            "pending_approvals",
            "Requests that wait for approval",
            ConstGauge::new(stored.pending as f64),
        );
        let heads = Family::<ChainLabel, Gauge>::default();
        for head in &stored.heads {
            heads.get_or_create(&ChainLabel { chain: head.chain }).set(head.length);
        }
        registry.register("audit_head", "Number of the last act of a chain", heads);
        let sent = self.sent_on.load(Ordering::Relaxed);
        registry.register("audit_sent", "Acts sent to the syslog receiver", counted(sent));
        let lost = self.not_sent_on.load(Ordering::Relaxed);
        registry.register("audit_not_sent", "Acts too long for the syslog receiver", counted(lost));
        registry.register("upkeep_failures", "Failed rounds of tasks beside the calls", self.upkeep_failures.clone());
        let since = Family::<Task, Gauge>::default();
        for (task, at) in self.failing() {
            since.get_or_create(&Task { task }).set(at.unix_timestamp());
        }
        let told = "Since when each round of a task beside the calls fails, Unix time";
        registry.register("upkeep_failing_since_seconds", told, since);
        let mut moment = |name: &str, help: &str, at: i64| registry.register(name, help, ConstGauge::new(at));
        let told = ["When the CA's own certificate ends, Unix time", "When the issuing CA's certificate ends"];
        for ((name, help), end) in ["ca_end_seconds", "issuing_ca_end_seconds"].into_iter().zip(told).zip(ends) {
            if let Some(end) = end {
                moment(name, help, end.unix_timestamp());
            }
        }
        if let Some(since) = stored.oldest_pending {
            moment("pending_since_seconds", "Since when the oldest request waits for approval", since.unix_timestamp());
        }
        moment("tls_end_seconds", "When the certificate for TLS ends", self.tls_end.load(Ordering::Relaxed));
        let read = self.directory_read.load(Ordering::Relaxed);
        if read > 0 {
            moment("directory_read_seconds", "When the directory was read last", read);
        }
        if let Some(list) = &stored.delta {
            moment("delta_crl_end_seconds", "When the list of changes ends", list.next_update.unix_timestamp());
        }
        if let Some(list) = &stored.base {
            moment("crl_made_seconds", "When the complete list was made", list.this_update.unix_timestamp());
            moment("crl_end_seconds", "When the complete list ends", list.next_update.unix_timestamp());
        }
        register_outbox(&mut registry, stored.outbox, OffsetDateTime::now_utc());
        let counts = store.counts();
        registry.register("store_commits", "Commits of the store", counted(counts.commits));
        registry.register("store_jobs", "Write jobs of the store", counted(counts.jobs));
        registry.register("store_statements", "Statements of the store", counted(counts.statements));
        registry.register("store_unaudited_jobs", "Write jobs without an act", counted(counts.unaudited));
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        Ok(text)
    }
}

/// Reads a moment that was noted as Unix time; 0: none was.
fn noted(at: &AtomicI64) -> Option<OffsetDateTime> {
    let at = at.load(Ordering::Relaxed);
    OffsetDateTime::from_unix_timestamp(at).ok().filter(|_| at > 0)
}

/// Registers what is to be told to people and programs.
fn register_outbox(registry: &mut Registry, outbox: OutboxCount, now: OffsetDateTime) {
    let mut gauge = |name: &str, help: &str, value: i64| registry.register(name, help, ConstGauge::new(value));
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    gauge("outbox_waiting", "Notices that are to be sent", number(outbox.waiting));
    gauge("outbox_failing", "Of them, those that an attempt has failed for", number(outbox.failing));
    let age = outbox.oldest.map_or(0, |oldest| (now - oldest).whole_seconds().max(0));
    gauge("outbox_oldest_seconds", "How long the oldest of them waits", age);
}

/// Counts the acts that revoke certificates.
fn revoked(acts: &std::collections::BTreeMap<&'static str, u64>) -> u64 {
    let takes_back = |act: &str| act.ends_with("-revoked") || act == "card-retired";
    acts.iter().filter(|(act, _)| takes_back(act)).map(|(_, count)| count).sum()
}

impl CountConnections for Gauge {
    fn opened(&self) {
        self.inc();
    }

    fn closed(&self) {
        self.dec();
    }
}

//! Follows the log of acts, and looks at what ends and fails, round after round.

use super::acts::Act;
use super::draft::{Draft, put};
use crate::server::authority::authorities::Authorities;
use crate::server::data_directory::settings::identity::RoleSettings;
use crate::server::data_directory::settings::notices::NoticeSettings;
use crate::server::error::ApiError;
use crate::server::mail::outbox::Outbox;
use crate::server::monitoring::clock::Clock;
use crate::server::monitoring::metrics::Metrics;
use crate::store::{self, Store, Tx, micros};
use crate::template::Templates;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// Sets how often the log is looked at.
const ROUND: Duration = Duration::from_secs(1);
/// Sets how often it is looked at what fails.
const TROUBLE_ROUND: Duration = Duration::from_secs(5);
/// Sets how often it is looked at what ends.
const ENDS_ROUND: Duration = Duration::from_secs(3600);
/// Sets how often the outbox is tidied.
const TIDY_ROUND: Duration = Duration::from_secs(60);
/// Bounds the acts that are read at one time.
const PAGE: u32 = 200;
/// Bounds how old an act is that is still told.
const NEWS: time::Duration = time::Duration::days(7);
/// Names the mark that says that notices have begun.
const BEGUN: &str = "acts";

/// Holds what is needed to find out what is to be told.
pub struct Teller {
    pub store: Store,
    pub templates: Arc<Templates>,
    pub authorities: Authorities,
    pub outbox: Arc<Outbox>,
    pub metrics: Arc<Metrics>,
    pub roles: RoleSettings,
    pub settings: NoticeSettings,
    /// What the server calls itself towards others.
    pub host: String,
}

/// Holds when what was done last.
struct Rounds {
    /// How far each chain of the log was read.
    read: BTreeMap<i64, i64>,
    trouble: Option<Instant>,
    ends: Option<Instant>,
    tidied: Option<Instant>,
    clock: Clock,
}

/// Finds out what is to be told, round after round, until told to end.
pub async fn run(teller: Teller, ending: CancellationToken) {
    let mut rounds = Rounds {
        read: BTreeMap::new(),
        trouble: None,
        ends: None,
        tidied: Some(Instant::now()),
        clock: Clock::new(OffsetDateTime::now_utc(), Instant::now()),
    };
    let is_on = !teller.outbox.ways().is_empty();
    while ending.run_until_cancelled(tokio::time::sleep(ROUND)).await.is_some() {
        let told = !is_on || teller.round(&mut rounds).await;
        teller.metrics.upkeep_ended("notices", told);
        if is_due(&mut rounds.tidied, TIDY_ROUND) {
            let tidied = teller.outbox.tidy(OffsetDateTime::now_utc()).await;
            if let Err(error) = tidied {
                tracing::error!(error = &error as &dyn std::error::Error, "the outbox could not be tidied");
            }
        }
    }
}

/// Says whether something is to be done again, and notes that it is.
fn is_due(last: &mut Option<Instant>, round: Duration) -> bool {
    let due = last.is_none_or(|last| last.elapsed() >= round);
    if due {
        *last = Some(Instant::now());
    }
    due
}

/// Says whether it could be found out what is to be told of this.
fn done(told: Result<(), ApiError>, of: &str) -> bool {
    if let Err(error) = &told {
        tracing::error!(error = error as &dyn std::error::Error, of, "what is to be told could not be found out");
    }
    told.is_ok()
}

impl Teller {
    /// Finds out what is to be told now, each kind by itself, so that what cannot be found out of one keeps no other from
    /// being told; says whether all of it could.
    async fn round(&self, rounds: &mut Rounds) -> bool {
        let now = OffsetDateTime::now_utc();
        let acts = self.tell_acts(&mut rounds.read, now).await;
        let mut told = done(acts, "acts");
        if is_due(&mut rounds.trouble, TROUBLE_ROUND) {
            told &= done(self.tell_trouble(now).await, "failures");
        }
        if let Some(parted) = rounds.clock.was_set(now, Instant::now()) {
            let seconds = parted.as_secs();
            tracing::warn!(%now, seconds, "the clock was set: ends of certificates are told of again within an hour");
            rounds.ends = Some(Instant::now());
        }
        if is_due(&mut rounds.ends, ENDS_ROUND) {
            told &= done(self.tell_ends(now).await, "ends of certificates");
        }
        told
    }

    /// Tells what was logged since the last time.
    async fn tell_acts(&self, read: &mut BTreeMap<i64, i64>, now: OffsetDateTime) -> Result<(), ApiError> {
        let mut told = Ok(());
        for chain in self.store.audit_chains().await? {
            let from = match read.get(&chain.chain) {
                Some(from) => *from,
                // A chain without a mark is new, and has nothing but news.
                None => self.store.told_until(&mark(chain.chain)).await?.unwrap_or(0),
            };
            if from < chain.length {
                // One that cannot be told of keeps no other from it.
                match self.tell_chain(chain.chain, from, now).await {
                    Ok(until) => drop(read.insert(chain.chain, until)),
                    Err(error) => told = Err(error),
                }
            }
        }
        told
    }

    /// Tells a page of a chain's acts; returns the number of the last one.
    async fn tell_chain(&self, chain: i64, from: i64, now: OffsetDateTime) -> Result<i64, ApiError> {
        let records = self.store.audit_records(chain, from, PAGE).await?;
        let Some(last) = records.last().map(|record| record.number) else { return Ok(from) };
        let full = usize::try_from(PAGE).is_ok_and(|page| records.len() >= page);
        let mut drafts: Vec<(i64, Draft)> = Vec::new();
        for record in &records {
            let Some(act) = Act::read(&record.record) else { continue };
            if act.at().is_none_or(|at| now - at > NEWS) {
                continue;
            }
            drafts.extend(self.drafts(&act).await?.into_iter().map(|draft| (record.number, draft)));
        }
        // A mark that is a little behind costs a start a page of reading, and every act a write.
        if drafts.is_empty() && !full {
            return Ok(last);
        }
        let bounds = self.bounds();
        let job = async move |tx: &mut Tx| {
            tx.lock_telling().await?;
            // Another server may have told some of them.
            let told = tx.told(&mark(chain)).await?.unwrap_or(0);
            let new: Vec<Draft> =
                drafts.into_iter().filter(|(number, _)| *number > told).map(|(_, draft)| draft).collect();
            if told < last {
                tx.tell_until(&mark(chain), last).await?;
            }
            put(tx, &bounds, &new, now).await
        };
        let too_many = self.store.write(move |tx| Box::pin(job(tx))).await?;
        self.full(too_many);
        self.outbox.wake();
        Ok(last)
    }

    /// Notes that the outbox has taken all that was to be told, or not.
    pub fn full(&self, too_many: usize) {
        self.metrics.upkeep_ended("outbox-full", too_many == 0);
        if too_many > 0 {
            tracing::error!(too_many, "so many notices wait already that others were left out");
        }
    }
}

/// Begins with the acts of now, unless a server of this database has begun before. To be called before any is done that is
/// to be told.
pub async fn begin(store: &Store, now: OffsetDateTime) -> Result<(), store::Error> {
    let lengths: Vec<_> = store.audit_chains().await?.into_iter().map(|chain| (chain.chain, chain.length)).collect();
    let job = async move |tx: &mut Tx| {
        let lengths = lengths;
        tx.lock_telling().await?;
        if tx.told(BEGUN).await?.is_some() {
            return Ok(());
        }
        tx.tell_until(BEGUN, micros(now)).await?;
        for (chain, length) in lengths {
            tx.tell_until(&mark(chain), length).await?;
        }
        Ok(())
    };
    store.write(move |tx| Box::pin(job(tx))).await
}

/// Names the mark of a chain of the log.
fn mark(chain: i64) -> String {
    format!("acts:{chain}")
}

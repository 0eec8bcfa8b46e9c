//! How the server stands, for those who oversee it: everything that ends or fails, as it is found now.

use crate::cm::health::{Health, HealthKeyVersion, HealthState};
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::monitoring::standing::{self, Dates, GIVEN_UP, OutboxFacts};
use crate::server::permission;
use crate::server::permission::caller::Duty;
use crate::store::{ListKind, MasterKeyUse};
use std::collections::BTreeMap;

/// Names the task that reads the directory, which has a check of its own.
const DIRECTORY: &str = "directory";

/// Answers `GET health`.
pub async fn health(call: &Call<'_>) -> Result<Reply, ApiError> {
    if !permission::has(&call.caller, Duty::SeeEverything) {
        return Err(ApiError::Forbidden("see how the server stands"));
    }
    let (app, now) = (call.app, call.now);
    let failing = app.metrics.failing();
    let master_keys = master_keys(call).await?;
    let mut checks = vec![standing::authority("ca-certificate", Some(own(call)), now)];
    checks.push(standing::authority("issuing-chain", issuing(call), now));
    let made = |list: Option<crate::store::ListRecord>| {
        list.filter(|list| list.number > 0).map(|list| (list.this_update, list.next_update))
    };
    checks.push(standing::list("revocation-list", made(app.store.list(ListKind::Base).await?), now));
    if app.publication.delta_url().is_some() {
        checks.push(standing::list("delta-list", made(app.store.list(ListKind::Delta).await?), now));
    }
    checks.push(standing::tls(app.metrics.tls_end(), now));
    checks.push(standing::master_keys(&master_keys));
    checks.push(standing::recovery_key(app.recovery.is_some()));
    checks.push(standing::database(app.store.audit_chains().await.is_ok()));
    checks.push(standing::log(app.witness.doubts()));
    checks.push(standing::clock(app.metrics.clock_doubted_until(), now));
    let count = app.store.outbox_count().await?;
    let facts = OutboxFacts {
        waiting: count.waiting,
        failing: count.failing,
        oldest: count.oldest,
        given_up: app.store.notices_given_up(now - GIVEN_UP).await?,
        has_ways: !app.outbox.ways().is_empty(),
    };
    checks.push(standing::outbox(facts, now));
    if app.elsewhere.is_some() {
        let away = failing.iter().find(|(task, _)| *task == DIRECTORY).map(|(_, since)| *since);
        checks.push(standing::directory(app.metrics.directory_was_read(), app.metrics.directory_round(), away));
    }
    let others = failing.into_iter().filter(|(task, _)| *task != DIRECTORY);
    checks.extend(others.map(|(task, since)| standing::failing_task(task, since)));
    Reply::json(&Health {
        as_of: now,
        state: checks.iter().map(|check| check.state).max().unwrap_or(HealthState::Good),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        server: app.public_names.first().cloned().unwrap_or_default(),
        database: app.store.kind().to_owned(),
        checks,
        master_keys,
    })
}

/// Returns the dates of the own CA's certificate.
fn own(call: &Call<'_>) -> Dates {
    let own = call.app.authorities.own();
    let own = own.own();
    Dates { subject: own.subject(), from: own.not_before(), until: own.not_after() }
}

/// Returns the dates of the certificate that ends first of those that lead from the issuing CA to its root.
fn issuing(call: &Call<'_>) -> Option<Dates> {
    let issuing = call.app.authorities.issuing();
    let first = issuing.chain().iter().min_by_key(|certificate| certificate.not_after())?;
    Some(Dates { subject: first.subject(), from: first.not_before(), until: first.not_after() })
}

/// Lists the versions of the master key that are here or that cards need.
async fn master_keys(call: &Call<'_>) -> Result<Vec<HealthKeyVersion>, ApiError> {
    let keys = &call.app.master_keys;
    let mut versions: BTreeMap<u32, (u64, bool)> = keys.versions().map(|version| (version, (0, true))).collect();
    for MasterKeyUse { version, cards } in call.app.metrics.key_uses(&call.app.store).await? {
        versions.entry(version).or_default().0 = cards;
    }
    let current = keys.current_version();
    let version = |(version, (cards, held))| HealthKeyVersion { version, cards, current: version == current, held };
    Ok(versions.into_iter().map(version).collect())
}

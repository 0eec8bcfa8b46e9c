//! PostgreSQL itself dies in the middle of a group: what was acknowledged is there with its act, what was refused is not
//! there, each of the others is whole or absent, and the store goes on when PostgreSQL is back.

use super::writer::hold;
use super::*;
use crate::support::postgres::{BROKEN_LOG, OwnCluster};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

const WRITERS: usize = 16;
/// Acknowledged before it dies, and once more when it is back.
const ACKNOWLEDGED: usize = 100;

/// The ways in which it dies.
const DEATHS: [fn(&OwnCluster); 2] = [OwnCluster::end_at_once, OwnCluster::kill];

fn place(cluster: &OwnCluster, connections: u32) -> PostgresPlace {
    PostgresPlace { url: cluster.url(), password: None, root_certificates: None, connections }
}

fn act_on(request: &RequestRecord) -> AuditEntry {
    AuditEntry { request: Some(request.uuid), ..AuditEntry::of("request-created", NOW) }
}

/// Adds a request with its act.
async fn added(store: &Store, user: Uuid) -> (Uuid, Result<(), Error>) {
    let request = request(user, user);
    let uuid = request.uuid;
    let written = store.write(move |tx| {
        Box::pin(async move {
            tx.insert_request(&request).await?;
            tx.audit(&act_on(&request)).await
        })
    });
    (uuid, written.await)
}

async fn elsewhere(cluster: &Arc<OwnCluster>, work: fn(&OwnCluster)) {
    let cluster = cluster.clone();
    tokio::task::spawn_blocking(move || work(&cluster)).await.unwrap();
}

fn uuids(cluster: &OwnCluster, ask: &str) -> HashSet<Uuid> {
    cluster.sql(ask).lines().map(|line| line.parse().unwrap()).collect()
}

/// The requests that are there; each has its act, and each act its request.
fn whole(cluster: &OwnCluster) -> HashSet<Uuid> {
    let requests = uuids(cluster, "SELECT uuid FROM requests");
    let acts =
        uuids(cluster, "SELECT record::json ->> 'request' FROM audit WHERE record::json ->> 'act' = 'request-created'");
    assert_eq!(requests, acts);
    assert_eq!(cluster.sql(BROKEN_LOG), "0");
    requests
}

#[tokio::test]
async fn a_group_in_whose_middle_postgresql_dies_is_acknowledged_to_nobody_and_kept_nowhere() {
    let cluster = Arc::new(OwnCluster::new("postgres-dies"));
    // With so few connections there is one lane, so that all jobs are of one group.
    let store = Store::connect(&place(&cluster, 2)).await.unwrap();
    let user = add_user(&store, "user").await.uuid;
    let mut kept = HashSet::new();
    for death in DEATHS {
        let release = hold(&store).await;
        let mut jobs = tokio::task::JoinSet::new();
        let add = |jobs: &mut tokio::task::JoinSet<_>| {
            let store = store.clone();
            jobs.spawn(async move { added(&store, user).await });
        };
        (0..5).for_each(|_| add(&mut jobs));
        tokio::task::yield_now().await;
        let (started, running) = oneshot::channel();
        let (go_on, held) = oneshot::channel::<()>();
        let (middle, new) = (store.clone(), request(user, user));
        jobs.spawn(async move {
            let uuid = new.uuid;
            let written = middle.write(move |tx| {
                Box::pin(async move {
                    tx.insert_request(&new).await?;
                    tx.audit(&act_on(&new)).await?;
                    // Whoever asks has sent what was to be written.
                    assert!(tx.request(uuid).await?.is_some());
                    started.send(()).unwrap();
                    held.await.unwrap();
                    Ok(())
                })
            });
            (uuid, written.await)
        });
        tokio::task::yield_now().await;
        (0..5).for_each(|_| add(&mut jobs));
        tokio::task::yield_now().await;
        release.send(()).unwrap();
        running.await.unwrap();
        elsewhere(&cluster, death).await;
        go_on.send(()).unwrap();
        for (uuid, told) in jobs.join_all().await {
            assert!(matches!(told, Err(Error::Unreachable(_))), "{uuid}: {told:?}");
        }
        elsewhere(&cluster, OwnCluster::start_again).await;
        assert_eq!(whole(&cluster), kept);
        let (uuid, told) = added(&store, user).await;
        told.unwrap();
        kept.insert(uuid);
        assert_eq!(whole(&cluster), kept);
    }
    store.close().await;
}

/// What the writers were told.
#[derive(Default)]
struct Told {
    acknowledged: Vec<Uuid>,
    refused: Vec<Uuid>,
    uncertain: Vec<Uuid>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_postgresql_dies_is_there_with_its_act_and_what_was_refused_is_not() {
    let cluster = Arc::new(OwnCluster::new("postgres-dies-under-load"));
    let store = Store::connect(&place(&cluster, 8)).await.unwrap();
    let user = add_user(&store, "user").await.uuid;
    let told = Arc::new(Mutex::new(Told::default()));
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (store, told) = (store.clone(), told.clone());
        writers.spawn(async move {
            loop {
                let (uuid, outcome) = added(&store, user).await;
                match outcome {
                    Ok(()) => told.lock().unwrap().acknowledged.push(uuid),
                    Err(Error::Closed) => break,
                    Err(Error::Uncertain(_)) => told.lock().unwrap().uncertain.push(uuid),
                    Err(_) => told.lock().unwrap().refused.push(uuid),
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
    let acknowledged = |told: &Mutex<Told>| told.lock().unwrap().acknowledged.len();
    for death in DEATHS {
        let enough = acknowledged(&told) + ACKNOWLEDGED;
        while acknowledged(&told) < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        elsewhere(&cluster, death).await;
        elsewhere(&cluster, OwnCluster::start_again).await;
    }
    let enough = acknowledged(&told) + ACKNOWLEDGED;
    while acknowledged(&told) < enough {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    store.close().await;
    writers.join_all().await;
    let (there, told) = (whole(&cluster), told.lock().unwrap());
    assert!(told.acknowledged.iter().all(|uuid| there.contains(uuid)), "what was acknowledged is gone");
    assert!(!told.refused.iter().any(|uuid| there.contains(uuid)), "what was refused is there");
    let maybe = told.uncertain.iter().filter(|uuid| there.contains(*uuid)).count();
    assert_eq!(there.len(), told.acknowledged.len() + maybe, "nothing else is there");
}

//! PostgreSQL only: jobs side by side, chains of the log, lost connections, passwords and TLS.

use super::writer::hold;
use super::*;
use crate::support::postgres::{BROKEN_LOG, Held};
use cardwright::secret::DatabasePassword;
use std::sync::Arc;
use tokio::sync::{Barrier, oneshot};

fn act() -> AuditEntry {
    AuditEntry::of("user-added", NOW)
}

#[tokio::test]
async fn a_job_whose_chain_is_taken_writes_to_another() {
    let database = Database::new();
    let store = Store::connect(&place(&database)).await.unwrap();
    let (other, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..4 {
        // Another is about to commit on every chain there is.
        other.batch_execute("BEGIN; SELECT chain FROM audit_chains FOR UPDATE").await.unwrap();
        let written = store.write(|tx| {
            Box::pin(async move {
                tx.audit(&act()).await?;
                tx.audit(&act()).await
            })
        });
        written.await.unwrap();
        other.batch_execute("ROLLBACK").await.unwrap();
    }
    assert_eq!(database.sql("SELECT count(*) FROM audit_chains WHERE length = 2"), "4");
    for _ in 0..3 {
        store.write(|tx| Box::pin(async move { tx.audit(&act()).await })).await.unwrap();
    }
    assert_eq!(
        database.sql("SELECT length FROM audit_chains ORDER BY chain LIMIT 1"),
        "3",
        "the first free one is taken, which was there from the beginning and never free"
    );
    assert_eq!(database.sql(BROKEN_LOG), "0");
    assert_eq!(database.sql("SELECT count(*) FROM audit"), "11");
    assert_eq!(database.sql("SELECT sum(length) FROM audit_chains"), "11");
}

#[tokio::test]
async fn jobs_in_the_middle_of_their_work_keep_no_chain_from_each_other() {
    let database = Database::new();
    let store = Store::connect(&place(&database)).await.unwrap();
    let together = Arc::new(Barrier::new(4));
    let mut jobs = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, together) = (store.clone(), together.clone());
        jobs.spawn(async move {
            store
                .write(move |tx| {
                    Box::pin(async move {
                        tx.audit(&act()).await?;
                        // All four are in the middle of their transactions now.
                        together.wait().await;
                        tx.audit(&act()).await
                    })
                })
                .await
        });
    }
    for done in jobs.join_all().await {
        done.unwrap();
    }
    assert_eq!(database.sql("SELECT sum(length) FROM audit_chains"), "8");
    assert_eq!(database.sql(BROKEN_LOG), "0");
}

#[tokio::test]
async fn what_a_job_has_read_is_still_so_when_it_writes() {
    let database = Database::new();
    let store = Store::connect(&place(&database)).await.unwrap();
    let user = add_user(&store, "user").await;
    let request = request(user.uuid, user.uuid);
    add_request(&store, request.clone()).await.unwrap();
    let (started, running) = tokio::sync::oneshot::channel();
    let (release, held) = tokio::sync::oneshot::channel::<()>();
    let (first, uuid) = (store.clone(), request.uuid);
    let first = tokio::spawn(async move {
        first
            .write(move |tx| {
                Box::pin(async move {
                    let mut request = tx.request(uuid).await?.unwrap();
                    started.send(()).unwrap();
                    held.await.unwrap();
                    request.status = RequestStatus::Approved;
                    tx.update_request(&request, RequestStatus::Pending).await
                })
            })
            .await
    });
    running.await.unwrap();
    let other = store.clone();
    let second = tokio::spawn(async move {
        other.write(move |tx| Box::pin(async move { Ok::<_, Error>(tx.request(uuid).await?.unwrap().status) })).await
    });
    // Readers outside of jobs are not held up.
    assert_eq!(store.request(uuid).await.unwrap().unwrap().status, RequestStatus::Pending);
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    while database.sql(waiting) == "0" {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(second.await.unwrap().unwrap(), RequestStatus::Approved, "it waited for the first");
}

#[tokio::test]
async fn a_deadlock_is_a_refusal_of_one_that_may_be_repeated() {
    let database = Database::new();
    let store = Store::connect(&place(&database)).await.unwrap();
    let user = add_user(&store, "user").await;
    let pair = [request(user.uuid, user.uuid), request(user.uuid, user.uuid)];
    for request in &pair {
        add_request(&store, request.clone()).await.unwrap();
    }
    let together = Arc::new(Barrier::new(2));
    let mut jobs = tokio::task::JoinSet::new();
    for [one, other] in [[pair[0].uuid, pair[1].uuid], [pair[1].uuid, pair[0].uuid]] {
        let (store, together) = (store.clone(), together.clone());
        jobs.spawn(async move {
            store
                .write(move |tx| {
                    Box::pin(async move {
                        tx.request(one).await?;
                        together.wait().await;
                        tx.request(other).await.map(drop)
                    })
                })
                .await
        });
    }
    let outcomes = jobs.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(Error::Contended(_)))), "{outcomes:?}");
}

/// Two requests, of which a transaction elsewhere has changed the second and not ended, and a store with one lane, which waits
/// until it is let go: what is queued until then is of one transaction.
async fn one_is_held(database: &Database) -> (Store, [Uuid; 2], Held, oneshot::Sender<()>) {
    let store = Store::connect(&PostgresPlace { connections: 2, ..place(database) }).await.unwrap();
    let user = add_user(&store, "user").await;
    let pair = [request(user.uuid, user.uuid), request(user.uuid, user.uuid)];
    let uuids = [pair[0].uuid, pair[1].uuid];
    for request in pair {
        add_request(&store, request).await.unwrap();
    }
    let held = database.begun(&format!("UPDATE requests SET comment = 'theirs' WHERE uuid = '{}'", uuids[1]));
    let release = hold(&store).await;
    (store, uuids, held, release)
}

/// Has a job queued that adds a request.
async fn queued(store: &Store) -> tokio::task::JoinHandle<Result<(), Error>> {
    let user = store.users().await.unwrap().remove(0).uuid;
    let (store, new) = (store.clone(), request(user, user));
    let job = tokio::spawn(async move { add_request(&store, new).await });
    tokio::task::yield_now().await;
    job
}

#[tokio::test]
async fn a_job_that_would_wait_has_those_before_it_committed_first() {
    let database = Arc::new(Database::new());
    let (store, [free, taken], held, release) = one_is_held(&database).await;
    let before = queued(&store).await;
    let writer = store.clone();
    let waits = tokio::spawn(async move {
        let comment = writer.write(move |tx| {
            Box::pin(async move {
                tx.request(free).await?;
                Ok::<_, Error>(tx.request(taken).await?.unwrap().comment)
            })
        });
        comment.await
    });
    tokio::task::yield_now().await;
    release.send(()).unwrap();
    before.await.unwrap().unwrap();
    let waiting = database.clone();
    tokio::task::spawn_blocking(move || waiting.await_waiting(1)).await.unwrap();
    assert!(!waits.is_finished());
    held.committed("SELECT");
    assert_eq!(waits.await.unwrap().unwrap(), "theirs");
}

#[tokio::test]
async fn a_job_whose_answers_have_changed_when_its_turn_comes_is_refused() {
    let database = Database::new();
    let (store, [free, taken], held, release) = one_is_held(&database).await;
    let before = queued(&store).await;
    let (started, running) = oneshot::channel();
    let (go_on, waits) = oneshot::channel::<()>();
    let writer = store.clone();
    let refused = tokio::spawn(async move {
        let asked = writer.write(move |tx| {
            Box::pin(async move {
                tx.requests(&RequestFilter::default()).await?;
                started.send(()).unwrap();
                waits.await.unwrap();
                tx.request(taken).await.map(drop)
            })
        });
        asked.await
    });
    tokio::task::yield_now().await;
    release.send(()).unwrap();
    running.await.unwrap();
    database.sql(&format!("UPDATE requests SET comment = 'another' WHERE uuid = '{free}'"));
    go_on.send(()).unwrap();
    before.await.unwrap().unwrap();
    let refused = refused.await.unwrap();
    assert!(matches!(refused, Err(Error::Contended(_))), "{refused:?}");
    drop(held);
}

#[tokio::test]
async fn a_job_that_shrugs_off_a_refused_statement_keeps_nothing() {
    let database = Database::new();
    let store = Store::connect(&place(&database)).await.unwrap();
    let user = add_user(&store, "user").await;
    let (twin, new) = (user.clone(), request(user.uuid, user.uuid));
    let refused = store
        .write(move |tx| {
            Box::pin(async move {
                tx.insert_request(&new).await?;
                assert!(matches!(tx.insert_user(&twin).await, Err(Error::Duplicate { .. })));
                Ok::<_, Error>(())
            })
        })
        .await;
    assert!(matches!(refused, Err(Error::Transaction(_))), "{refused:?}");
    assert_eq!(store.requests(&RequestFilter::default()).await.unwrap(), []);
    add_request(&store, request(user.uuid, user.uuid)).await.unwrap();
}

#[tokio::test]
async fn a_job_that_panics_or_whose_connection_is_lost_leaves_no_trace_and_no_lock() {
    let database = Database::new();
    let store = Store::connect(&place(&database)).await.unwrap();
    let user = add_user(&store, "user").await;
    let kept = request(user.uuid, user.uuid);
    let uuid = kept.uuid;
    add_request(&store, kept).await.unwrap();
    let new = request(user.uuid, user.uuid);
    let panicked: Result<(), Error> = store
        .write(move |tx| {
            Box::pin(async move {
                tx.request(uuid).await?;
                tx.insert_request(&new).await?;
                panic!("a job that panics on purpose")
            })
        })
        .await;
    assert!(matches!(panicked, Err(Error::Panicked)), "{panicked:?}");
    let database = Arc::new(database);
    let (new, cutter) = (request(user.uuid, user.uuid), database.clone());
    let lost = store
        .write(move |tx| {
            Box::pin(async move {
                tx.request(uuid).await?;
                tx.insert_request(&new).await?;
                cutter.cut();
                tx.insert_request(&RequestRecord { uuid: Uuid::now_v7(), ..new }).await
            })
        })
        .await;
    assert!(matches!(lost, Err(Error::Unreachable(_))), "{lost:?}");
    // A dead connection is not given out again, and the row is free.
    let free = store.write(move |tx| Box::pin(async move { tx.request(uuid).await })).await.unwrap();
    assert!(free.is_some());
    assert_eq!(store.requests(&RequestFilter::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_cuts_no_job_short() {
    let database = Database::new();
    let store = Store::connect(&place(&database)).await.unwrap();
    let user = add_user(&store, "user").await;
    let new = request(user.uuid, user.uuid);
    let uuid = new.uuid;
    let (started, running) = tokio::sync::oneshot::channel();
    let (release, held) = tokio::sync::oneshot::channel::<()>();
    let writer = store.clone();
    let caller = tokio::spawn(async move {
        writer
            .write(move |tx| {
                Box::pin(async move {
                    tx.insert_request(&new).await?;
                    started.send(()).unwrap();
                    held.await.unwrap();
                    Ok::<_, Error>(())
                })
            })
            .await
    });
    running.await.unwrap();
    caller.abort();
    let _ = caller.await;
    release.send(()).unwrap();
    let since = std::time::Instant::now();
    while store.request(uuid).await.unwrap().is_none() {
        assert!(since.elapsed() < Duration::from_secs(120), "the job was cut short");
    }
}

#[tokio::test]
async fn the_password_is_demanded_over_tls_and_stands_in_no_url_and_no_error() {
    let database = Database::new();
    let user = format!("remote_{}", Uuid::new_v4().simple());
    database.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD 'a secret word'; GRANT ALL ON SCHEMA public TO {user}"));
    let place = |password: &str, roots: bool, query: &str| PostgresPlace {
        url: database.remote_url(&user) + query,
        password: Some(DatabasePassword::new(password.into())),
        root_certificates: roots.then(|| database.certificate()),
        connections: 2,
    };
    let store = Store::connect(&place("a secret word", true, "?sslmode=verify-full")).await.unwrap();
    add_user(&store, "user").await;
    assert_eq!(
        database.sql(&format!(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = '{user}'"
        )),
        "t"
    );
    store.close().await;
    let said = |error: Error| {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            text += &format!(": {inner}");
            source = inner.source();
        }
        text
    };
    let wrong = said(Store::connect(&place("another word", true, "?sslmode=require")).await.err().unwrap());
    assert!(wrong.contains("password authentication failed") && !wrong.contains("another word"), "{wrong}");
    let stranger = said(Store::connect(&place("a secret word", false, "?sslmode=require")).await.err().unwrap());
    assert!(stranger.contains("certificate") || stranger.contains("TLS"), "{stranger}");
    let plain = said(Store::connect(&place("a secret word", true, "?sslmode=disable")).await.err().unwrap());
    assert!(plain.contains("no encryption"), "{plain}");
    let told = PostgresPlace { url: format!("postgresql://{user}:word@localhost/x"), ..place("", true, "") };
    let told = said(Store::connect(&told).await.err().unwrap());
    assert!(told.contains("it holds a password") && !told.contains("word@"), "{told}");
    database.sql(&format!("DROP OWNED BY {user}; DROP ROLE {user}"));
}

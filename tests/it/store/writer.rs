//! The one writer: shared commits, refusals apart, races settled, nothing acknowledged lost.

use super::*;

/// Holds the writer until every job has been queued, so that batches depend on no timing.
pub async fn hold(store: &Store) -> tokio::sync::oneshot::Sender<()> {
    let (release, held) = tokio::sync::oneshot::channel();
    let (started, running) = tokio::sync::oneshot::channel();
    let store = store.clone();
    tokio::spawn(async move {
        store
            .write(move |_| {
                Box::pin(async move {
                    started.send(()).unwrap();
                    held.await.unwrap();
                    Ok::<_, Error>(())
                })
            })
            .await
    });
    running.await.unwrap();
    release
}

#[tokio::test]
async fn many_waiting_writes_share_a_commit() {
    let (_directory, store) = empty().await;
    let user = add_user(&store, "user").await;
    let before = store.counts();
    let release = hold(&store).await;
    let mut writes = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (store, request) = (store.clone(), request(user.uuid, user.uuid));
        writes.spawn(async move { add_request(&store, request).await });
    }
    tokio::task::yield_now().await;
    release.send(()).unwrap();
    while let Some(done) = writes.join_next().await {
        done.unwrap().unwrap();
    }
    let after = store.counts();
    assert_eq!(after.jobs - before.jobs, 65);
    assert!(after.commits - before.commits <= 4, "{} commits for 64 writes", after.commits - before.commits);
    assert_eq!(store.requests(&RequestFilter::default()).await.unwrap().len(), 64);
    assert_eq!(store.counts().statements - before.statements, 65);
}

#[tokio::test]
async fn a_refused_or_panicking_job_takes_back_its_own_writes_only() {
    let (_directory, store) = empty().await;
    let user = add_user(&store, "user").await;
    let before = store.counts();
    let release = hold(&store).await;
    let mut writes = tokio::task::JoinSet::new();
    for i in 0..30 {
        let (store, request) = (store.clone(), request(user.uuid, user.uuid));
        writes.spawn(async move {
            let uuid = request.uuid;
            let outcome = store
                .write(move |tx| {
                    Box::pin(async move {
                        tx.insert_request(&request).await?;
                        match i % 3 {
                            0 => Ok(()),
                            1 => Err(Error::Busy),
                            _ => panic!("a job that panics on purpose"),
                        }
                    })
                })
                .await;
            (i, uuid, outcome)
        });
    }
    tokio::task::yield_now().await;
    release.send(()).unwrap();
    while let Some(done) = writes.join_next().await {
        let (i, uuid, outcome) = done.unwrap();
        match i % 3 {
            0 => outcome.unwrap(),
            1 => assert!(matches!(outcome, Err(Error::Busy)), "{outcome:?}"),
            _ => assert!(matches!(outcome, Err(Error::Panicked)), "{outcome:?}"),
        }
        assert_eq!(store.request(uuid).await.unwrap().is_some(), i % 3 == 0, "job {i}");
    }
    assert!(store.counts().commits - before.commits <= 4);
}

#[tokio::test]
async fn a_batch_whose_transaction_fails_is_acknowledged_to_nobody() {
    let (directory, store) = empty().await;
    let user = add_user(&store, "user").await;
    let connection = rusqlite::Connection::open(directory.path().join("cm.db")).unwrap();
    connection.execute_batch("DROP TABLE approvals").unwrap();
    let release = hold(&store).await;
    let mut writes = tokio::task::JoinSet::new();
    for i in 0..3 {
        let (store, request) = (store.clone(), request(user.uuid, user.uuid));
        let decision =
            ApprovalRecord { request: request.uuid, approver: user.uuid, approved: true, comment: "".into(), at: NOW };
        writes.spawn(async move {
            store
                .write(move |tx| {
                    Box::pin(async move {
                        tx.insert_request(&request).await?;
                        if i == 2 {
                            // A job that shrugs off a failed statement is not believed.
                            let _ = tx.insert_approval(&decision).await;
                        }
                        Ok(())
                    })
                })
                .await
        });
    }
    tokio::task::yield_now().await;
    release.send(()).unwrap();
    while let Some(done) = writes.join_next().await {
        let refused = done.unwrap();
        assert!(matches!(refused, Err(Error::Transaction(_))), "{refused:?}");
    }
    assert_eq!(store.requests(&RequestFilter::default()).await.unwrap(), []);
    add_request(&store, request(user.uuid, user.uuid)).await.unwrap();
    assert_eq!(store.requests(&RequestFilter::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_file_is_its_owners_alone() {
    // On a disk, where one is: what is written is really synced.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cm.db");
    std::fs::write(&path, b"").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = Store::open(&path).await.unwrap();
    add_user(&store, "user").await;
    for name in ["cm.db", "cm.db-wal", "cm.db-shm"] {
        let mode = std::fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// The other half of [`what_was_acknowledged_survives_a_kill`]: does nothing unless that test started it.
#[test]
fn writes_until_killed() {
    let Some(path) = std::env::var_os(PATH_VARIABLE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(Path::new(&path)).await.unwrap();
        let user = add_user(&store, "user").await;
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (store, user) = (store.clone(), user.uuid);
            writers.spawn(async move {
                loop {
                    let request = request(user, user);
                    let uuid = request.uuid;
                    add_request(&store, request).await.unwrap();
                    println!("acknowledged {uuid}.");
                }
            });
        }
        writers.join_next().await;
    });
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    use std::io::{BufRead, BufReader};
    let directory = crate::support::directory::temporary();
    let path = directory.path().join("cm.db");
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["store::writer::writes_until_killed", "--exact", "--nocapture"])
        .env(PATH_VARIABLE, &path)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let uuid_in = |line: &str| -> Option<Uuid> {
        line.split_once("acknowledged ")?.1.split_once('.').map(|(uuid, _)| uuid.parse().unwrap())
    };
    while acknowledged.len() < 200 {
        acknowledged.extend(uuid_in(&lines.next().unwrap().unwrap()));
    }
    child.kill().unwrap();
    acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| uuid_in(&line)));
    child.wait().unwrap();

    let store = Store::open(&path).await.unwrap();
    for uuid in &acknowledged {
        assert!(store.request(*uuid).await.unwrap().is_some(), "{uuid} was acknowledged and is gone");
    }
}

on_both! {
async fn jobs_see_each_other_in_turn_so_that_only_one_wins(place: Place) {
    let store = place.open().await;
    let user = add_user(&store, "user").await;
    let request = request(user.uuid, user.uuid);
    add_request(&store, request.clone()).await.unwrap();
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (store, uuid) = (store.clone(), request.uuid);
        claims.spawn(async move {
            store
                .write(move |tx| {
                    Box::pin(async move {
                        let mut request = tx.request(uuid).await?.unwrap();
                        if request.status != RequestStatus::Pending {
                            return Ok::<_, Error>(false);
                        }
                        request.status = RequestStatus::Executing;
                        tx.update_request(&request, RequestStatus::Pending).await?;
                        Ok(true)
                    })
                })
                .await
                .unwrap()
        });
    }
    assert_eq!(claims.join_all().await.into_iter().filter(|won| *won).count(), 1);
}
}

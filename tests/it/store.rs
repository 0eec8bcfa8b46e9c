//! The store: what was acknowledged is on disk, what was refused is not, and a hundred waiting writes share an fsync.

use cardwright::cm::extension::AdminKeyState;
use cardwright::cm::profile::ProfileStatus;
use cardwright::cm::request::{DataItem, RequestStatus, RequestType};
use cardwright::cm::smartcard::SmartcardStatus;
use cardwright::store::{
    ApprovalRecord, CertificateRecord, CertificateScope, Error, ProfileRecord, RequestFilter, RequestRecord,
    Revocation, SmartcardRecord, Store, UserRecord, Visibility,
};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-11-22 15:00:00.123456 UTC);
const TEMPLATE: Uuid = Uuid::from_u128(0x7e);
const PATH_VARIABLE: &str = "CARDWRIGHT_TEST_STORE_TO_WRITE_UNTIL_KILLED";

fn user(name: &str) -> UserRecord {
    let mut token_hash = [0; 32];
    for (slot, byte) in token_hash.iter_mut().zip(name.bytes()) {
        *slot = byte;
    }
    UserRecord {
        uuid: Uuid::now_v7(),
        name: name.into(),
        groups: vec!["Operators".into(), "Zoë's \"team\"".into()],
        upn: Some("zoë@example.test".into()),
        email: None,
        token_hash,
        token_expires: NOW + Duration::from_secs(3600),
    }
}

fn request(target: Uuid, originator: Uuid) -> RequestRecord {
    RequestRecord {
        uuid: Uuid::now_v7(),
        request_type: RequestType::Enroll,
        status: RequestStatus::Pending,
        originator,
        target,
        profile_template: TEMPLATE,
        template_version: 3,
        priority: 4,
        comment: "a card for Zoë".into(),
        data: vec![
            DataItem { name: "city".into(), value: Some("Seattle".into()) },
            DataItem { name: "floor".into(), value: None },
        ],
        old_profile: None,
        new_profile: None,
        old_smartcard: None,
        new_smartcard: None,
        submitted: NOW,
        completed: None,
        is_smartcard: true,
        is_enrollment_agent: false,
    }
}

fn smartcard(user: Uuid, card_id: Uuid) -> SmartcardRecord {
    SmartcardRecord {
        uuid: Uuid::now_v7(),
        card_id,
        atr: "3b8d".into(),
        status: SmartcardStatus::Assigned,
        assigned_user: user,
        profile_template: TEMPLATE,
        template_version: 3,
        admin_key: AdminKeyState::Default,
        master_key_version: 1,
        parent: None,
        primary: None,
        permanent: None,
        comment: String::new(),
    }
}

fn profile(user: Uuid, smartcard: Option<Uuid>) -> ProfileRecord {
    ProfileRecord {
        uuid: Uuid::now_v7(),
        status: ProfileStatus::New,
        assigned_user: user,
        smartcard,
        profile_template: TEMPLATE,
        template_version: 3,
        parent: None,
        primary: None,
        comment: String::new(),
    }
}

fn certificate(request: Uuid, profile: &ProfileRecord, serial: u8) -> CertificateRecord {
    CertificateRecord {
        serial: vec![serial; 16],
        request,
        profile: profile.uuid,
        smartcard: profile.smartcard,
        user: profile.assigned_user,
        template_common_name: "Smart card user".into(),
        thumbprint: [serial; 20],
        public_key_sha256: [serial; 32],
        csr_sha256: [serial; 32],
        der: vec![0x30, serial],
        not_before: NOW,
        not_after: NOW + Duration::from_secs(365 * 86400),
        revocation: None,
        superseded: false,
    }
}

async fn empty() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("cm.db")).await.unwrap();
    (directory, store)
}

async fn add_user(store: &Store, name: &str) -> UserRecord {
    let user = user(name);
    let record = user.clone();
    store.write(move |tx| Box::pin(async move { tx.insert_user(&record).await })).await.unwrap();
    user
}

async fn add_request(store: &Store, request: RequestRecord) -> Result<(), Error> {
    store.write(move |tx| Box::pin(async move { tx.insert_request(&request).await })).await
}

/// A user with a card, a profile on it and one certificate.
async fn add_holder(store: &Store, serial: u8) -> (UserRecord, SmartcardRecord, ProfileRecord, CertificateRecord) {
    let user = add_user(store, &format!("user {serial}")).await;
    let request = request(user.uuid, user.uuid);
    let smartcard = smartcard(user.uuid, Uuid::now_v7());
    let profile = profile(user.uuid, Some(smartcard.uuid));
    let certificate = certificate(request.uuid, &profile, serial);
    let records = (smartcard.clone(), profile.clone(), certificate.clone());
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.insert_request(&request).await?;
                tx.insert_smartcard(&records.0).await?;
                tx.insert_profile(&records.1).await?;
                tx.insert_certificate(&records.2, b"the answer").await
            })
        })
        .await
        .unwrap();
    (user, smartcard, profile, certificate)
}

#[tokio::test]
async fn every_record_comes_back_as_it_went_in() {
    let (_directory, store) = empty().await;
    let (user, smartcard, profile, certificate) = add_holder(&store, 7).await;
    assert_eq!(store.user(user.uuid).await.unwrap().as_ref(), Some(&user));
    assert_eq!(store.user_by_name("user 7").await.unwrap().as_ref(), Some(&user));
    assert_eq!(store.user_by_name("USER 7").await.unwrap(), None);
    assert_eq!(store.user_by_token_hash(&user.token_hash).await.unwrap().as_ref(), Some(&user));
    assert_eq!(store.user_by_token_hash(&[9; 32]).await.unwrap(), None);
    assert_eq!(store.users().await.unwrap(), std::slice::from_ref(&user));
    assert_eq!(store.smartcard(smartcard.uuid).await.unwrap().as_ref(), Some(&smartcard));
    assert_eq!(store.smartcard_by_card_id(smartcard.card_id).await.unwrap().as_ref(), Some(&smartcard));
    assert_eq!(store.smartcards_of(user.uuid).await.unwrap(), std::slice::from_ref(&smartcard));
    assert_eq!(store.profile(profile.uuid).await.unwrap().as_ref(), Some(&profile));
    assert_eq!(store.profiles_of(user.uuid).await.unwrap(), std::slice::from_ref(&profile));
    assert_eq!(store.profiles_on(smartcard.uuid).await.unwrap(), std::slice::from_ref(&profile));
    assert_eq!(store.certificate(&certificate.serial).await.unwrap().as_ref(), Some(&certificate));
    assert_eq!(store.response(&certificate.serial).await.unwrap().as_deref(), Some(b"the answer".as_slice()));
    assert_eq!(store.response(b"another serial").await.unwrap(), None);
    let found = store.certificate_for_key(certificate.request, &certificate.public_key_sha256).await.unwrap();
    assert_eq!(found.as_ref(), Some(&certificate));
    assert_eq!(store.certificate_for_key(certificate.request, &[0; 32]).await.unwrap(), None);
    for scope in [
        CertificateScope::Request(certificate.request),
        CertificateScope::Profile(profile.uuid),
        CertificateScope::Smartcard(smartcard.uuid),
        CertificateScope::User(user.uuid),
    ] {
        assert_eq!(store.certificates(scope).await.unwrap(), std::slice::from_ref(&certificate), "{scope:?}");
    }
    assert_eq!(store.certificates(CertificateScope::User(Uuid::now_v7())).await.unwrap(), []);
}

#[tokio::test]
async fn a_request_and_its_decisions_are_remembered_across_a_restart() {
    let (directory, store) = empty().await;
    let user = add_user(&store, "user").await;
    let instance = store.instance();
    let mut request = request(user.uuid, user.uuid);
    add_request(&store, request.clone()).await.unwrap();
    let approval =
        ApprovalRecord { request: request.uuid, approver: user.uuid, approved: true, comment: "seen".into(), at: NOW };
    request.status = RequestStatus::Executing;
    request.new_profile = Some(Uuid::now_v7());
    request.completed = Some(NOW);
    let (changed, decision) = (request.clone(), approval.clone());
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.update_request(&changed, RequestStatus::Pending).await?;
                tx.insert_approval(&decision).await?;
                assert_eq!(tx.approvals(decision.request).await?, [decision]);
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
    store.close().await;
    assert!(matches!(store.users().await, Err(Error::Closed)));
    assert!(matches!(add_request(&store, request.clone()).await, Err(Error::Closed)));

    let store = Store::open(&directory.path().join("cm.db")).await.unwrap();
    assert_eq!(store.instance(), instance);
    assert_eq!(store.request(request.uuid).await.unwrap(), Some(request.clone()));
    assert_eq!(store.approvals(request.uuid).await.unwrap(), [approval]);
}

#[tokio::test]
async fn a_stale_update_is_refused_and_changes_nothing() {
    let (_directory, store) = empty().await;
    let (user, smartcard, profile, certificate) = add_holder(&store, 1).await;
    let before = store.request(certificate.request).await.unwrap().unwrap();
    let changed = RequestRecord { status: RequestStatus::Completed, ..before.clone() };
    let refused = store
        .write(move |tx| Box::pin(async move { tx.update_request(&changed, RequestStatus::Executing).await }))
        .await;
    assert!(matches!(refused, Err(Error::Changed { expected: "executing", .. })), "{refused:?}");
    assert_eq!(store.request(before.uuid).await.unwrap(), Some(before));

    let retired = SmartcardRecord { status: SmartcardStatus::Retired, ..smartcard.clone() };
    let refused = store
        .write(move |tx| Box::pin(async move { tx.update_smartcard(&retired, SmartcardStatus::Active).await }))
        .await;
    assert!(matches!(refused, Err(Error::Changed { expected: "active", .. })), "{refused:?}");
    let retired = ProfileRecord { status: ProfileStatus::Retired, ..profile };
    let refused =
        store.write(move |tx| Box::pin(async move { tx.update_profile(&retired, ProfileStatus::Active).await })).await;
    assert!(matches!(refused, Err(Error::Changed { expected: "active", .. })), "{refused:?}");
    let stranger = UserRecord { uuid: Uuid::now_v7(), name: "stranger".into(), ..user };
    let refused = store.write(move |tx| Box::pin(async move { tx.update_user(&stranger).await })).await;
    assert!(matches!(refused, Err(Error::Missing { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_must_be_unique_is() {
    let (_directory, store) = empty().await;
    let (user, smartcard, profile, certificate) = add_holder(&store, 1).await;

    let twin = UserRecord { uuid: Uuid::now_v7(), token_hash: [1; 32], ..user.clone() };
    let refused = store.write(move |tx| Box::pin(async move { tx.insert_user(&twin).await })).await;
    assert!(matches!(refused, Err(Error::Duplicate { table: "users", .. })), "{refused:?}");

    let decision = ApprovalRecord {
        request: certificate.request,
        approver: user.uuid,
        approved: true,
        comment: "".into(),
        at: NOW,
    };
    let refused = store
        .write(move |tx| {
            Box::pin(async move {
                tx.insert_approval(&decision).await?;
                tx.insert_approval(&ApprovalRecord { approved: false, ..decision }).await
            })
        })
        .await;
    assert!(matches!(refused, Err(Error::Duplicate { table: "approvals", .. })), "{refused:?}");
    assert_eq!(store.approvals(certificate.request).await.unwrap(), [], "the first decision went with its job");

    let again = CertificateRecord { serial: vec![2; 16], ..certificate.clone() };
    let refused = store.write(move |tx| Box::pin(async move { tx.insert_certificate(&again, b"").await })).await;
    assert!(matches!(refused, Err(Error::Duplicate { table: "certificates", .. })), "{refused:?}");

    let unknown = RequestRecord { status: RequestStatus::Other(99), ..request(user.uuid, user.uuid) };
    let refused = add_request(&store, unknown).await;
    assert!(matches!(refused, Err(Error::Write { table: "requests", .. })), "{refused:?}");

    let stranger = request(Uuid::now_v7(), user.uuid);
    let refused = add_request(&store, stranger).await;
    assert!(matches!(refused, Err(Error::Dangling { table: "requests", .. })), "{refused:?}");

    let reused = SmartcardRecord { uuid: Uuid::now_v7(), ..smartcard.clone() };
    let twice = reused.clone();
    let refused = store.write(move |tx| Box::pin(async move { tx.insert_smartcard(&twice).await })).await;
    assert!(matches!(refused, Err(Error::Duplicate { table: "smartcards", .. })), "{refused:?}");
    let retired = SmartcardRecord { status: SmartcardStatus::Retired, ..smartcard.clone() };
    let again = reused.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.update_smartcard(&retired, SmartcardStatus::Assigned).await?;
                tx.insert_smartcard(&again).await
            })
        })
        .await
        .unwrap();
    assert_eq!(store.smartcard_by_card_id(smartcard.card_id).await.unwrap(), Some(reused));
    assert_eq!(store.profiles_on(smartcard.uuid).await.unwrap(), [profile]);
}

#[tokio::test]
async fn a_person_lists_their_own_requests_and_those_they_may_approve() {
    let (_directory, store) = empty().await;
    let [ada, bob, eve] = [add_user(&store, "ada").await, add_user(&store, "bob").await, add_user(&store, "eve").await];
    let other_template = Uuid::from_u128(0xff);
    let own = request(ada.uuid, ada.uuid);
    let made_for_bob = request(bob.uuid, ada.uuid);
    let bobs = RequestRecord { profile_template: other_template, ..request(bob.uuid, bob.uuid) };
    let card = Uuid::now_v7();
    let renewal =
        RequestRecord { status: RequestStatus::Approved, old_smartcard: Some(card), ..request(bob.uuid, bob.uuid) };
    for request in [&own, &made_for_bob, &bobs, &renewal] {
        add_request(&store, request.clone()).await.unwrap();
    }
    let list = async |filter: RequestFilter| -> Vec<Uuid> {
        store.requests(&filter).await.unwrap().into_iter().map(|request| request.uuid).collect()
    };
    let visible = |user: &UserRecord, templates: &[Uuid]| RequestFilter {
        visible_to: Some(Visibility { user: user.uuid, templates: templates.to_vec() }),
        ..RequestFilter::default()
    };
    assert_eq!(list(visible(&ada, &[])).await, [made_for_bob.uuid, own.uuid]);
    assert_eq!(list(visible(&bob, &[])).await, [renewal.uuid, bobs.uuid, made_for_bob.uuid]);
    assert!(list(visible(&eve, &[])).await.is_empty());
    assert_eq!(list(visible(&eve, &[other_template])).await, [bobs.uuid]);
    assert_eq!(
        list(visible(&eve, &[other_template, TEMPLATE])).await,
        [renewal.uuid, bobs.uuid, made_for_bob.uuid, own.uuid]
    );
    let pending = RequestFilter { status: Some(RequestStatus::Pending), ..visible(&bob, &[TEMPLATE]) };
    assert_eq!(list(pending.clone()).await, [bobs.uuid, made_for_bob.uuid, own.uuid]);
    let page = RequestFilter { limit: Some(1), before: Some(bobs.uuid), ..pending };
    assert_eq!(list(page).await, [made_for_bob.uuid]);
    assert_eq!(list(RequestFilter { target: Some(ada.uuid), ..Default::default() }).await, [own.uuid]);
    assert_eq!(
        list(RequestFilter { originator: Some(ada.uuid), ..Default::default() }).await,
        [made_for_bob.uuid, own.uuid]
    );
    assert_eq!(list(RequestFilter { smartcard: Some(card), ..Default::default() }).await, [renewal.uuid]);
    assert!(list(RequestFilter { profile: Some(card), ..Default::default() }).await.is_empty());
    assert_eq!(list(RequestFilter { limit: Some(2), ..Default::default() }).await, [renewal.uuid, bobs.uuid]);
    let wide = store.requests(&visible(&eve, &[TEMPLATE; 201])).await;
    assert!(matches!(wide, Err(Error::FilterTooWide { given: 201, limit: 200 })), "{wide:?}");
}

#[tokio::test]
async fn revocation_is_for_once_and_feeds_the_list() {
    let (_directory, store) = empty().await;
    let (user, smartcard, _, certificate) = add_holder(&store, 1).await;
    let (_, _, other_profile, other) = add_holder(&store, 2).await;
    let revoke = async |scope, at, reason| -> usize {
        let revocation = Revocation { at, reason };
        store
            .write(move |tx| Box::pin(async move { tx.revoke_certificates(scope, revocation).await }))
            .await
            .map_err(|error: Error| error)
            .unwrap()
    };
    assert_eq!(store.revoked(NOW).await.unwrap(), []);
    assert_eq!(revoke(CertificateScope::Smartcard(smartcard.uuid), NOW, 1).await, 1);
    assert_eq!(revoke(CertificateScope::User(user.uuid), NOW + Duration::from_secs(5), 4).await, 0);
    assert_eq!(revoke(CertificateScope::Profile(other_profile.uuid), NOW + Duration::from_secs(9), 4).await, 1);
    let listed: Vec<_> =
        store.revoked(NOW).await.unwrap().into_iter().map(|entry| (entry.serial, entry.revocation)).collect();
    let expected = [
        (certificate.serial.clone(), Revocation { at: NOW, reason: 1 }),
        (other.serial, Revocation { at: NOW + Duration::from_secs(9), reason: 4 }),
    ];
    assert_eq!(listed, expected);
    assert_eq!(store.revoked(certificate.not_after).await.unwrap(), [], "the expired need no entry");
    assert_eq!(
        store.certificate(&certificate.serial).await.unwrap().unwrap().revocation,
        Some(Revocation { at: NOW, reason: 1 })
    );

    let scope = CertificateScope::Profile(certificate.profile);
    let superseded: Result<_, Error> = store
        .write(move |tx| {
            Box::pin(
                async move { Ok((tx.supersede_certificates(scope).await?, tx.supersede_certificates(scope).await?)) },
            )
        })
        .await;
    assert_eq!(superseded.unwrap(), (1, 0));
    assert!(store.certificate(&certificate.serial).await.unwrap().unwrap().superseded);

    let mut numbers = Vec::new();
    for _ in 0..3 {
        let number: Result<u64, Error> = store.write(|tx| Box::pin(tx.next_crl_number())).await;
        numbers.push(number.unwrap());
    }
    assert_eq!(numbers, [1, 2, 3]);
}

/// Holds the writer until every job has been queued, so that batches depend on no timing.
async fn hold(store: &Store) -> tokio::sync::oneshot::Sender<()> {
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
async fn jobs_see_each_other_in_turn_so_that_only_one_wins() {
    let (_directory, store) = empty().await;
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

#[tokio::test]
async fn the_file_is_its_owners_alone() {
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

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let absent = directory.path().join("no").join("cm.db");
    assert!(matches!(Store::open(&absent).await, Err(Error::File { .. })));
    let newer = directory.path().join("newer.db");
    Store::open(&newer).await.unwrap().close().await;
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Store::open(&newer).await, Err(Error::Newer { found: 99, known: 1, .. })));
    connection.pragma_update(None, "application_id", 7).unwrap();
    assert!(matches!(Store::open(&newer).await, Err(Error::Foreign { .. })));
    let noise = directory.path().join("noise.db");
    std::fs::write(&noise, vec![0x5a; 8192]).unwrap();
    assert!(matches!(Store::open(&noise).await, Err(Error::Open { .. })));
    assert_eq!(std::fs::read(&noise).unwrap(), vec![0x5a; 8192], "left as it was");
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
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cm.db");
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["store::writes_until_killed", "--exact", "--nocapture"])
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

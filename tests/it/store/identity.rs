//! Tokens and sessions: found by their hash, with their holder; bounded in number.

use super::*;
use cardwright::store::{BearerRecord, BoxFuture, HEEDED_WITHIN, NameKind, SessionRecord, Tx};

fn token(owner: Uuid, label: &str, byte: u8) -> BearerRecord {
    BearerRecord {
        uuid: Uuid::now_v7(),
        owner,
        label: label.into(),
        hash: [byte; 32],
        created: NOW,
        expires: NOW + Duration::from_secs(60),
        last_used: None,
        revoked: None,
        activation: None,
    }
}

fn session(owner: Uuid, byte: u8) -> SessionRecord {
    SessionRecord {
        uuid: Uuid::now_v7(),
        owner,
        hash: [byte; 32],
        created: NOW,
        expires: NOW + Duration::from_secs(60),
        last_used: NOW,
        bears_roles: byte % 2 == 1,
        certificate: (byte % 2 == 1).then(|| vec![byte; 3]),
        pages: byte % 2 == 1,
        proven: (byte % 2 == 1).then_some(NOW),
    }
}

#[tokio::test]
async fn tokens_are_found_with_their_holder_revoked_once_and_touched_coarsely() {
    let (_directory, store) = empty().await;
    let (ada, first, second) = {
        let ada = user("ada");
        let (first, second) = (token(ada.uuid, "first", 1), token(ada.uuid, "second", 2));
        (ada, first, second)
    };
    let (person, one, two) = (ada.clone(), first.clone(), second.clone());
    let write = store.write(move |tx| {
        Box::pin(async move {
            tx.insert_user(&person).await?;
            tx.insert_bearer(&one).await?;
            tx.insert_bearer(&two).await
        })
    });
    write.await.unwrap();
    let held = store.bearer_by_hash(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((&held.what, &held.holder), (&first, &ada));
    assert_eq!(store.bearer_by_hash(&[9; 32]).await.unwrap(), None);
    assert_eq!(store.bearers_of(ada.uuid).await.unwrap(), [second.clone(), first.clone()]);
    let twin = BearerRecord { uuid: Uuid::now_v7(), ..first.clone() };
    let refused: Result<(), Error> =
        store.write(move |tx| Box::pin(async move { tx.insert_bearer(&twin).await })).await;
    assert!(matches!(refused, Err(Error::Duplicate { table: "tokens", .. })), "{refused:?}");
    let uuid = first.uuid;
    let later = NOW + Duration::from_secs(10);
    let revoked: Result<(bool, bool), Error> = store
        .write(move |tx| {
            Box::pin(async move {
                tx.touch_bearer(uuid, later, NOW).await?;
                tx.touch_bearer(uuid, later + Duration::from_secs(1), NOW).await?;
                Ok((tx.revoke_bearer(uuid, NOW).await?, tx.revoke_bearer(uuid, later).await?))
            })
        })
        .await;
    assert_eq!(revoked.unwrap(), (true, false));
    let seen = store.bearer(uuid).await.unwrap().unwrap();
    assert_eq!((seen.revoked, seen.last_used), (Some(NOW), Some(later)));
}

#[tokio::test]
async fn people_are_found_by_upn_in_any_letter_case_and_two_of_them_are_seen_as_two() {
    let (_directory, store) = empty().await;
    let (ada, bob) = (user("ada"), UserRecord { upn: Some("ZOë@Example.TEST".into()), ..user("bob") });
    let (one, two) = (ada.clone(), bob.clone());
    let write = store.write(move |tx| {
        Box::pin(async move {
            tx.insert_user(&one).await?;
            tx.insert_user(&two).await
        })
    });
    write.await.unwrap();
    // Precomposed, and as a letter with a mark.
    for upn in ["zoë@example.test", "ZOË@EXAMPLE.TEST", "zoe\u{308}@example.test", "ｚoë@example.test"] {
        assert_eq!(store.users_named(NameKind::Upn, upn).await.unwrap(), [ada.clone(), bob.clone()], "{upn}");
    }
    assert_eq!(store.users_alike(NameKind::Upn).await.unwrap(), [ada, bob]);
    assert_eq!(store.users_alike(NameKind::Name).await.unwrap(), []);
    assert_eq!(store.users_named(NameKind::Upn, "zoe@example.test").await.unwrap(), []);
    assert_eq!(store.users_named(NameKind::Email, "zoë@example.test").await.unwrap(), []);
}

#[tokio::test]
async fn sessions_are_bounded_in_number_and_pruned_when_they_are_over() {
    let (_directory, store) = empty().await;
    let ada = user("ada");
    let owner = ada.uuid;
    let over = SessionRecord { expires: NOW, ..session(owner, 9) };
    let gone: Result<usize, Error> = store
        .write(move |tx| {
            Box::pin(async move {
                tx.insert_user(&ada).await?;
                for byte in 0..4 {
                    tx.insert_session(&session(owner, byte)).await?;
                }
                tx.insert_session(&over).await?;
                tx.prune_sessions(owner, 3, NOW).await
            })
        })
        .await;
    assert_eq!(gone.unwrap(), 3);
    let kept: Vec<u8> = store.sessions_of(owner).await.unwrap().iter().map(|session| session.hash[0]).collect();
    assert_eq!(kept, [3, 2]);
    assert!(store.session_by_hash(&[3; 32]).await.unwrap().is_some_and(|held| held.holder.uuid == owner));
    assert_eq!(store.session_by_hash(&[0; 32]).await.unwrap(), None);
}

/// Writes one thing, and says whether the versions moved by it: here at once, and for another program on the database in time.
async fn moves<F>(here: &Store, there: &Store, job: F) -> bool
where
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<(), Error>> + Send + 'static,
{
    let before = (here.versions().await.unwrap().callers, there.versions().await.unwrap().callers);
    here.write(job).await.unwrap();
    let now = here.versions().await.unwrap().callers;
    here.heeded().await;
    let told = there.versions().await.unwrap().callers;
    assert_eq!((before.0, told), (before.1, now), "both say the same, before and after");
    now != before.0
}

on_both! {
    async fn what_changes_a_caller_moves_the_version_and_what_adds_or_uses_one_does_not(place: Place) {
        let (here, there) = (place.open().await, place.open().await);
        let ada = add_user(&here, "ada").await;
        let (one, visit) = (token(ada.uuid, "one", 1), session(ada.uuid, 1));
        let (uuid, visited, owner) = (one.uuid, visit.uuid, ada.uuid);
        let adds = moves(&here, &there, move |tx| Box::pin(async move {
            tx.insert_bearer(&one).await?;
            tx.insert_session(&visit).await?;
            tx.prune_sessions(owner, 5, NOW).await.map(drop)
        }));
        assert!(!adds.await);
        let later = NOW + Duration::from_secs(10);
        let uses = moves(&here, &there, move |tx| Box::pin(async move {
            tx.touch_bearer(uuid, later, NOW).await?;
            tx.touch_session(visited, later).await
        }));
        assert!(!uses.await);
        assert!(moves(&here, &there, move |tx| Box::pin(async move { tx.shorten_bearer(uuid, NOW).await })).await);
        assert!(moves(&here, &there, move |tx| Box::pin(async move { tx.revoke_bearer(uuid, NOW).await.map(drop) })).await);
        assert!(!moves(&here, &there, move |tx| Box::pin(async move { tx.revoke_bearer(uuid, NOW).await.map(drop) })).await);
        assert!(moves(&here, &there, move |tx| Box::pin(async move { tx.remove_session(visited).await })).await);
        let off = UserRecord { disabled: true, ..ada };
        assert!(moves(&here, &there, move |tx| Box::pin(async move { tx.update_user(&off).await })).await);
        // However many ask, the database is asked four times a second at most.
        let (before, since) = (here.counts().statements, std::time::Instant::now());
        for _ in 0..1000 {
            here.versions().await.unwrap();
        }
        let asked = here.counts().statements - before;
        assert!(u128::from(asked) <= 1 + since.elapsed().as_millis() / HEEDED_WITHIN.as_millis(), "{asked}");
    }
}

//! What is written comes back, and only what may stand is written.

use super::*;

on_both! {
async fn every_record_comes_back_as_it_went_in(place: Place) {
    let store = place.open().await;
    let (user, smartcard, profile, certificate) = add_holder(&store, 7).await;
    assert_eq!(store.user(user.uuid).await.unwrap().as_ref(), Some(&user));
    assert_eq!(store.user_by_name("user 7").await.unwrap().as_ref(), Some(&user));
    assert_eq!(store.user_by_name("USER 7").await.unwrap(), None);
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

async fn a_request_and_its_decisions_are_remembered_across_a_restart(place: Place) {
    let store = place.open().await;
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

    let store = place.open().await;
    assert_eq!(store.instance(), instance);
    assert_eq!(store.request(request.uuid).await.unwrap(), Some(request.clone()));
    assert_eq!(store.approvals(request.uuid).await.unwrap(), [approval]);
}

async fn a_stale_update_is_refused_and_changes_nothing(place: Place) {
    let store = place.open().await;
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

async fn what_must_be_unique_is(place: Place) {
    let store = place.open().await;
    let (user, smartcard, profile, certificate) = add_holder(&store, 1).await;

    let twin = UserRecord { uuid: Uuid::now_v7(), ..user.clone() };
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
    let refused = store.write(move |tx| Box::pin(async move { tx.insert_certificate(&again, b"", NOW).await })).await;
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

async fn a_person_lists_their_own_requests_and_those_they_may_approve(place: Place) {
    let store = place.open().await;
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

async fn revocation_is_for_once_and_feeds_the_list(place: Place) {
    let store = place.open().await;
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
    let far = NOW + Duration::from_secs(3600);
    let listed = async |valid_after, since, due| -> Vec<_> {
        let page = store.revoked_page(0, valid_after, since, due).await.unwrap();
        page.into_iter().map(|entry| (entry.serial, entry.revocation)).collect()
    };
    let ever = OffsetDateTime::UNIX_EPOCH;
    assert_eq!(listed(NOW, ever, far).await, []);
    assert_eq!(store.revocations().await.unwrap(), 0);
    assert_eq!(revoke(CertificateScope::Smartcard(smartcard.uuid), NOW, 1).await, 1);
    assert_eq!(revoke(CertificateScope::User(user.uuid), NOW + Duration::from_secs(5), 4).await, 0);
    assert_eq!(revoke(CertificateScope::Profile(other_profile.uuid), NOW + Duration::from_secs(9), 4).await, 1);
    let expected = [
        (certificate.serial.clone(), Revocation { at: NOW, reason: 1 }),
        (other.serial, Revocation { at: NOW + Duration::from_secs(9), reason: 4 }),
    ];
    assert_eq!(listed(NOW, ever, far).await, expected);
    assert_eq!(listed(NOW, NOW, far).await, expected[1..], "what changed since");
    assert_eq!(listed(NOW, ever, NOW).await, expected[..1], "what is due later is not there yet");
    assert_eq!(store.next_due(NOW).await.unwrap(), Some(NOW + Duration::from_secs(9)));
    assert_eq!(listed(certificate.not_after, ever, far).await, [], "the expired need no entry");
    assert_eq!(store.revocations().await.unwrap(), 2, "two jobs have changed something");
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

async fn a_hold_is_lifted_or_becomes_a_revocation(place: Place) {
    let store = place.open().await;
    let (_, _, profile, certificate) = add_holder(&store, 1).await;
    let scope = CertificateScope::Profile(profile.uuid);
    let after = |seconds| NOW + Duration::from_secs(seconds);
    let hold = async |at| -> usize {
        let held: Result<_, Error> =
            store.write(move |tx| Box::pin(async move { tx.hold_certificates(scope, at).await })).await;
        held.unwrap()
    };
    let release = async |at| -> usize {
        let released: Result<_, Error> =
            store.write(move |tx| Box::pin(async move { tx.release_certificates(scope, at).await })).await;
        released.unwrap()
    };
    let revoke = async |at, reason| -> usize {
        let revocation = Revocation { at, reason };
        let revoked: Result<_, Error> =
            store.write(move |tx| Box::pin(async move { tx.revoke_certificates(scope, revocation).await })).await;
        revoked.unwrap()
    };
    let now = async || store.certificate(&certificate.serial).await.unwrap().unwrap().revocation;
    assert_eq!((hold(NOW).await, hold(after(1)).await), (1, 0));
    assert_eq!(now().await, Some(Revocation { at: NOW, reason: 6 }));
    assert_eq!((release(after(2)).await, release(after(3)).await, now().await), (1, 0, None));
    let released = store.released_page(0, after(3), OffsetDateTime::UNIX_EPOCH).await.unwrap();
    let released: Vec<_> = released.into_iter().map(|entry| (entry.serial, entry.revocation.at)).collect();
    assert_eq!(released, [(certificate.serial.clone(), after(2))]);

    assert_eq!(hold(after(4)).await, 1);
    assert_eq!(revoke(after(500), 1).await, 1, "what is on hold never comes off the list to be revoked later");
    assert_eq!(now().await, Some(Revocation { at: after(4), reason: 1 }));
    assert_eq!((release(after(5)).await, hold(after(5)).await, revoke(after(5), 4).await), (0, 0, 0));

    let (_, _, profile, other) = add_holder(&store, 2).await;
    let scope = CertificateScope::Profile(profile.uuid);
    for (at, reason) in [(after(900), 4), (after(60), 1)] {
        let revocation = Revocation { at, reason };
        let revoked: Result<_, Error> =
            store.write(move |tx| Box::pin(async move { tx.revoke_certificates(scope, revocation).await })).await;
        assert_eq!(revoked.unwrap(), 1, "what was put off is brought forward");
    }
    let held: Result<_, Error> =
        store.write(move |tx| Box::pin(async move { tx.hold_certificates(scope, after(7)).await })).await;
    let revocation = store.certificate(&other.serial).await.unwrap().unwrap().revocation;
    assert_eq!((held.unwrap(), revocation), (1, Some(Revocation { at: after(7), reason: 1 })));
}

async fn one_instance_makes_a_list_and_a_lost_claim_publishes_nothing(place: Place) {
    let store = place.open().await;
    let claim = async |now: OffsetDateTime| -> Option<u64> {
        let until = now + Duration::from_secs(30);
        let job = store.write(move |tx| Box::pin(tx.claim_list(ListKind::Base, now, until)));
        job.await.map_err(|error: Error| error).unwrap()
    };
    let publish = async |number: u64| -> bool {
        let list = ListRecord {
            kind: ListKind::Base,
            number,
            base: 0,
            this_update: NOW,
            next_update: NOW + Duration::from_secs(60),
            revocations: 0,
            next_due: None,
        };
        let job = store.write(move |tx| Box::pin(async move { tx.publish_list(&list, b"list").await }));
        job.await.map_err(|error: Error| error).unwrap()
    };
    assert_eq!(store.list_bytes(ListKind::Base).await.unwrap(), None);
    assert_eq!(claim(NOW).await, Some(1));
    assert_eq!(claim(NOW + Duration::from_secs(29)).await, None, "somebody is at it");
    let late = NOW + Duration::from_secs(31);
    assert_eq!(claim(late).await, Some(2), "who was at it has died");
    assert!(!publish(1).await, "or was only slow");
    assert!(publish(2).await);
    assert_eq!(store.list_bytes(ListKind::Base).await.unwrap(), Some((2, b"list".to_vec())));
    assert_eq!(claim(late).await, Some(3), "a published list ends its claim");
}
}

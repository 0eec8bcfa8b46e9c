//! Which jobs logged an act, and how many acts are on disk.

use super::*;

fn act(act: &'static str) -> AuditEntry {
    AuditEntry::of(act, OffsetDateTime::UNIX_EPOCH)
}

on_both! {
async fn a_write_without_an_act_is_counted_and_only_what_is_kept_counts(place: Place) {
    let store = place.open().await;
    let before = store.counts().unaudited;
    let signature = AuditSignature { chain: 1, number: 1, signed: String::new(), key: vec![0; 32], signature: vec![0] };
    let kept = store.write(move |tx| Box::pin(async move { tx.keep_audit_signature(&signature, 0).await }));
    kept.await.unwrap();
    store.write(|tx| Box::pin(async move { tx.audit(&act("done")).await })).await.unwrap();
    let undone = store.write(|tx| {
        Box::pin(async move {
            tx.audit(&act("undone")).await?;
            Err::<(), _>(Error::Busy)
        })
    });
    undone.await.unwrap_err();
    store.write(|tx| Box::pin(async move { tx.user(Uuid::nil()).await })).await.unwrap();
    assert_eq!(store.counts().unaudited, before);
    assert_eq!(store.acts(), [("done", 1)].into());
    let chains = store.audit_chains().await.unwrap();
    assert_eq!(chains.iter().map(|chain| chain.length).sum::<i64>(), 1);
    add_user(&store, "somebody").await;
    assert_eq!(store.counts().unaudited, before + 1);
}

async fn of_two_signatures_of_one_head_the_first_stays_and_sending_never_goes_back(place: Place) {
    let store = place.open().await;
    for signed in ["first", "second"] {
        let signature =
            AuditSignature { chain: 1, number: 7, signed: signed.into(), key: vec![1; 32], signature: vec![2] };
        let kept = store.write(move |tx| Box::pin(async move { tx.keep_audit_signature(&signature, 0).await }));
        kept.await.unwrap();
    }
    assert_eq!(store.last_audit_signature(1).await.unwrap().unwrap().signed, "first");
    for number in [5, 3, 6, 4] {
        let sent = SentRecord { chain: 1, number };
        store.write(move |tx| Box::pin(async move { tx.keep_audit_sent("udp://a:1", sent).await })).await.unwrap();
    }
    assert_eq!(store.audit_sent("udp://a:1").await.unwrap(), [SentRecord { chain: 1, number: 6 }]);
    assert!(store.audit_sent("udp://b:1").await.unwrap().is_empty());
}
}

//! Lists in a store of many: whatever is asked for, no more is walked than is given.

use super::*;
use crate::server::crowd::Crowd;

const LIMIT: u32 = 50;
/// Steps of SQLite's virtual machine for an entry of a list, all told.
const STEPS: u64 = 150;

#[tokio::test]
async fn a_list_walks_no_more_than_it_gives() {
    let (directory, store) = empty().await;
    store.close().await;
    let crowd = Crowd { cards: 3000, requests: 30_000, template: TEMPLATE };
    let path = directory.path().join("cm.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(&format!("BEGIN; {} COMMIT;", crowd.sqlite())).unwrap();
    let store = Store::open(&path).await.unwrap();
    let number = |kind: u128, number: u128| Uuid::from_u128((kind << 96) + number);
    let one = number(1, 17);
    let visible = |templates: &[Uuid]| Some(Visibility { user: one, templates: templates.to_vec() });
    for status in [None, Some(RequestStatus::Pending), Some(RequestStatus::Completed), Some(RequestStatus::Denied)] {
        let filters = [
            RequestFilter::default(),
            RequestFilter { target: Some(one), ..Default::default() },
            RequestFilter { originator: Some(one), ..Default::default() },
            RequestFilter { smartcard: Some(number(3, 17)), ..Default::default() },
            RequestFilter { profile: Some(number(4, 17)), ..Default::default() },
            RequestFilter { visible_to: visible(&[]), ..Default::default() },
            RequestFilter { visible_to: visible(&[]), target: Some(one), ..Default::default() },
            RequestFilter { visible_to: visible(&[TEMPLATE, Uuid::from_u128(1)]), ..Default::default() },
            RequestFilter { before: Some(number(2, 15_000)), ..Default::default() },
            RequestFilter { visible_to: visible(&[TEMPLATE]), before: Some(number(2, 15_000)), ..Default::default() },
        ];
        for filter in filters {
            let filter = RequestFilter { status, limit: Some(LIMIT), ..filter };
            let before = store.counts().steps;
            let found = store.requests(&filter).await.unwrap().len();
            let steps = store.counts().steps - before;
            assert!(steps < STEPS * u64::from(LIMIT), "{steps} steps to {found} of {filter:?}");
        }
    }
    let before = store.counts().steps;
    assert_eq!(store.smartcards_of(one).await.unwrap().len(), 1);
    assert_eq!(store.profiles_of(one).await.unwrap().len(), 1);
    assert_eq!(store.profiles_on(number(3, 17)).await.unwrap().len(), 1);
    assert_eq!(store.certificates(CertificateScope::User(one)).await.unwrap().len(), 1);
    assert_eq!(store.certificates(CertificateScope::Smartcard(number(3, 17))).await.unwrap().len(), 1);
    assert_eq!(store.certificates(CertificateScope::Profile(number(4, 17))).await.unwrap().len(), 1);
    assert_eq!(store.certificates(CertificateScope::Request(number(2, 17))).await.unwrap().len(), 1);
    assert!(store.smartcard_by_card_id(number(3, 17)).await.unwrap().is_some());
    assert_eq!(store.revoked_page(0, NOW, OffsetDateTime::UNIX_EPOCH, NOW).await.unwrap(), []);
    assert!(store.counts().steps - before < 1500);
}

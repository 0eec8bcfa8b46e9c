//! A database of any released version is brought to now with what is in it; what is not ours is left as it was.

use super::*;

const SQLITE: [&str; 2] =
    [include_str!("../../data/databases/sqlite-1.sql"), include_str!("../../data/databases/sqlite-2.sql")];
const POSTGRES: [&str; 2] =
    [include_str!("../../data/databases/postgres-1.sql"), include_str!("../../data/databases/postgres-2.sql")];

/// Looks at every record that the dumps hold, and at what later versions have added to them.
async fn holds_all(store: &Store, version: usize) {
    let uuid = Uuid::from_u128;
    assert_eq!(store.instance(), uuid(0xcafe));
    let ada = store.user_by_name("ada").await.unwrap().unwrap();
    assert_eq!((ada.uuid, ada.groups, ada.email), (uuid(1), vec!["Operators".to_owned()], None));
    let token = &store.bearers_of(uuid(1)).await.unwrap()[0];
    assert_eq!((token.label.as_str(), token.revoked, ada.disabled), ("first", None, false));
    assert_eq!(store.bearer_by_hash(&token.hash).await.unwrap().unwrap().holder.uuid, uuid(1));
    assert_eq!(store.user(uuid(2)).await.unwrap().unwrap().name, "Zoë O'Brien");
    let [pending, done] = store.requests(&RequestFilter::default()).await.unwrap().try_into().unwrap();
    assert_eq!((pending.uuid, pending.status, pending.completed), (uuid(17), RequestStatus::Pending, None));
    assert_eq!((done.uuid, done.status, done.is_smartcard), (uuid(16), RequestStatus::Completed, true));
    assert_eq!((done.data[0].value.as_deref(), done.data[1].value.as_deref()), (Some("Seattle"), None));
    assert_eq!(store.approvals(uuid(16)).await.unwrap()[0].approver, uuid(2));
    let card = store.smartcard(uuid(32)).await.unwrap().unwrap();
    assert_eq!((card.card_id, card.status, card.admin_key), (uuid(33), SmartcardStatus::Active, AdminKeyState::Active));
    let puk = if version == 1 { (PukState::Default, 0, 0) } else { (PukState::Spoken, 2, 1) };
    assert_eq!((card.puk_state, card.puk_version, card.puk_before), puk);
    // Its secrets go on being derived as they were.
    let of_then = [card.own_key, card.puk_from, card.puk_before_from].map(|from| from.generation);
    assert_eq!((card.generation, of_then, card.next_key), (None, [None; 3], None));
    assert_eq!(store.offline_answer(uuid(16)).await.unwrap().unwrap().challenge.len(), 8);
    assert_eq!(store.profiles_on(uuid(32)).await.unwrap()[0].uuid, uuid(48));
    let certificate = store.certificate(&[1, 2]).await.unwrap().unwrap();
    assert_eq!((certificate.superseded, certificate.revocation.unwrap().reason), (true, 1));
    assert_eq!(store.response(&[1, 2]).await.unwrap().unwrap(), [0x30, 0x01]);
    // New rows come after the old ones, and the numbers go on.
    add_request(store, request(uuid(1), uuid(2))).await.unwrap();
    assert_eq!(store.requests(&RequestFilter::default()).await.unwrap().len(), 3);
    let number = store.write(|tx| Box::pin(async move { tx.next_crl_number().await })).await.unwrap();
    assert_eq!(number, 8);
}

/// Makes a file with the records of version 2 as a release with `version` steps had them.
pub fn older_file(path: &std::path::Path, version: i64) -> rusqlite::Connection {
    let older = rusqlite::Connection::open(path).unwrap();
    older.execute_batch(SQLITE[1]).unwrap();
    let steps = steps("sqlite", &format!("{:04}", version + 1));
    older.execute_batch(&format!("PRAGMA foreign_keys = OFF;\n{steps}\nPRAGMA user_version = {version}")).unwrap();
    older
}

#[tokio::test]
async fn a_sqlite_database_of_any_version_is_brought_up_to_date() {
    for (version, dump) in (1..).zip(SQLITE) {
        let directory = crate::support::directory::temporary();
        let path = directory.path().join("cm.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch(dump).unwrap();
        let store = Store::open(&path).await.unwrap();
        holds_all(&store, version).await;
        store.close().await;
        Store::open(&path).await.unwrap().close().await;
    }
}

#[tokio::test]
async fn a_postgresql_database_of_any_version_is_brought_up_to_date() {
    for (version, dump) in (1..).zip(POSTGRES) {
        let database = Database::new();
        database.sql(dump);
        let store = Store::connect(&place(&database)).await.unwrap();
        holds_all(&store, version).await;
        store.close().await;
    }
}

#[tokio::test]
async fn a_database_whose_records_name_what_does_not_exist_is_not_migrated() {
    let directory = crate::support::directory::temporary();
    let path = directory.path().join("cm.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(SQLITE[0]).unwrap();
    old.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM users WHERE name = 'ada'").unwrap();
    drop(old);
    assert!(matches!(Store::open(&path).await, Err(Error::Unsound { .. })));
    let left = rusqlite::Connection::open(&path).unwrap();
    let version: i64 = left.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1, "all or none");
}

#[tokio::test]
async fn servers_that_start_together_make_the_schema_once() {
    let database = Database::new();
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let place = place(&database);
        starts.spawn(async move { Store::connect(&place).await.unwrap().instance() });
    }
    let mut instances = starts.join_all().await;
    instances.dedup();
    assert_eq!(instances.len(), 1);
    assert_eq!(database.sql("SELECT count(*) FROM cardwright_schema"), "1");
}

#[tokio::test]
async fn a_postgresql_database_that_is_not_ours_or_is_newer_is_refused() {
    let foreign = Database::new();
    foreign.sql("CREATE TABLE users (name TEXT)");
    assert!(matches!(Store::connect(&place(&foreign)).await, Err(Error::Foreign { .. })));
    assert_eq!(foreign.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1", "left as it was");
    let newer = Database::new();
    Store::connect(&place(&newer)).await.unwrap().close().await;
    newer.sql("UPDATE cardwright_schema SET version = 99");
    assert!(matches!(Store::connect(&place(&newer)).await, Err(Error::Newer { found: 99, .. })));
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused() {
    let directory = crate::support::directory::temporary();
    let absent = directory.path().join("no").join("cm.db");
    assert!(matches!(Store::open(&absent).await, Err(Error::File { .. })));
    let newer = directory.path().join("newer.db");
    Store::open(&newer).await.unwrap().close().await;
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Store::open(&newer).await, Err(Error::Newer { found: 99, .. })));
    connection.pragma_update(None, "application_id", 7).unwrap();
    assert!(matches!(Store::open(&newer).await, Err(Error::Foreign { .. })));
    let noise = directory.path().join("noise.db");
    std::fs::write(&noise, vec![0x5a; 8192]).unwrap();
    assert!(matches!(Store::open(&noise).await, Err(Error::Open { .. })));
    assert_eq!(std::fs::read(&noise).unwrap(), vec![0x5a; 8192], "left as it was");
}

/// The steps of a database after version 2 and before this one, as they were released.
fn steps(database: &str, before: &str) -> String {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let name = |file: &std::path::PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
    files.retain(|file| (String::from("0003")..before.to_owned()).contains(&name(file)));
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect::<Vec<_>>().join("\n")
}

/// The one-time password that was to be mailed before there was one outbox for everything.
async fn holds_the_mail(store: &Store) {
    let due = store.due_notices("mail", time::OffsetDateTime::now_utc()).await.unwrap();
    let [mail] = due.try_into().unwrap();
    assert_eq!(
        (mail.kind.as_str(), mail.request, mail.recipient),
        ("one-time-password", Some(Uuid::from_u128(17)), Some(Uuid::from_u128(1)))
    );
    assert_eq!((mail.part, mail.generation, mail.attempts, mail.doubtful), (2, 3, 4, true));
    assert_eq!((mail.state, mail.facts.len()), (cardwright::store::NoticeState::Waiting, 0));
}

const MAIL: &str = "INSERT INTO outbox (request, part, generation, recipient, attempts, due) \
                    VALUES ('@17', 2, 3, '@1', 4, 1000000)";

#[tokio::test]
async fn a_mail_that_was_due_moves_into_the_one_outbox() {
    let directory = crate::support::directory::temporary();
    let path = directory.path().join("cm.db");
    let old = older_file(&path, 26);
    let blob = |number: u128| format!("X'{}'", Uuid::from_u128(number).simple());
    old.execute_batch(&MAIL.replace("'@17'", &blob(17)).replace("'@1'", &blob(1))).unwrap();
    drop(old);
    let store = Store::open(&path).await.unwrap();
    holds_the_mail(&store).await;
    store.close().await;
    let database = Database::new();
    database.sql(POSTGRES[1]);
    database.sql(&format!("{}\nUPDATE cardwright_schema SET version = 26", steps("postgres", "0027")));
    let text = |number: u128| Uuid::from_u128(number).to_string();
    database.sql(&MAIL.replace("@17", &text(17)).replace("@1", &text(1)));
    let store = Store::connect(&place(&database)).await.unwrap();
    holds_the_mail(&store).await;
    store.close().await;
}

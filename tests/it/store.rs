//! The store: what was acknowledged is on disk, what was refused is not, and a hundred waiting writes share an fsync.

mod acts;
mod identity;
pub mod migrations;
mod postgres;
mod postgres_killed;
mod power;
mod records;
mod scale;
mod writer;

use crate::support::postgres::Database;
use cardwright::cm::card_secrets::{AdminKeyState, PukState};
use cardwright::cm::data_item::DataItem;
use cardwright::cm::holder_role::{HolderRole, Role};
use cardwright::cm::profile::ProfileStatus;
use cardwright::cm::request::{RequestStatus, RequestType};
use cardwright::cm::smartcard::SmartcardStatus;
use cardwright::store::{
    ApprovalRecord, CertificateRecord, CertificateScope, Derivation, Error, ListKind, ListRecord, PostgresPlace,
    ProfileRecord, RequestFilter, RequestRecord, RequestTerms, Revocation, SmartcardRecord, Store, UserRecord,
    UserSource, Visibility,
};
use cardwright::store::{AuditEntry, AuditSignature, SentRecord};
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
    UserRecord {
        uuid: Uuid::now_v7(),
        name: name.into(),
        groups: vec!["Operators".into(), "Zoë's \"team\"".into()],
        upn: Some("zoë@example.test".into()),
        email: None,
        sid: Some("S-1-5-21-1-2-3-1104".into()),
        attributes: [("dns".to_owned(), "pc1.example.test".to_owned())].into(),
        disabled: false,
        source: UserSource::Local,
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
        terms: RequestTerms {
            loss_reason: Some("lost".into()),
            revocation_reason: Some(1),
            revocation_delay_hours: Some(48),
            suspends: Some(false),
        },
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
        generation: Some(Uuid::from_u128(0xe0)),
        admin_key: AdminKeyState::Default,
        own_key: Derivation { master: 1, generation: None },
        next_key: Some(Derivation { master: 2, generation: Some(Uuid::from_u128(0xe1)) }),
        puk_state: PukState::Spoken,
        puk_version: 2,
        puk_before: 1,
        puk_from: Derivation { master: 2, generation: Some(Uuid::from_u128(0xe2)) },
        puk_before_from: Derivation { master: 1, generation: Some(Uuid::from_u128(0xe3)) },
        parent: None,
        primary: None,
        permanent: None,
        comment: String::new(),
        holder_role: HolderRole { role: Role::Temporary, reused: true, expires: Some(NOW), ..HolderRole::default() },
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
        holder_role: HolderRole { role: Role::Duplicate, superseded: true, ..HolderRole::default() },
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

/// Where a test's store is, in either dialect.
enum Place {
    Sqlite(TempDir),
    Postgres(Database),
}

impl Place {
    fn sqlite() -> Self {
        Self::Sqlite(crate::support::directory::temporary())
    }

    fn postgres() -> Self {
        Self::Postgres(Database::new())
    }

    async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    async fn try_open(&self) -> Result<Store, Error> {
        match self {
            Self::Sqlite(directory) => Store::open(&directory.path().join("cm.db")).await,
            Self::Postgres(database) => Store::connect(&place(database)).await,
        }
    }
}

fn place(database: &Database) -> PostgresPlace {
    PostgresPlace { url: database.url(), password: None, root_certificates: None, connections: 8 }
}

/// Runs each test on a fresh store of each dialect.
macro_rules! on_both {
    ($(async fn $name:ident($place:ident: Place) $body:block)*) => {
        $(async fn $name($place: Place) $body)*

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Place::sqlite()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Place::postgres()).await;
            })*
        }
    };
}
use on_both;

async fn empty() -> (TempDir, Store) {
    let directory = crate::support::directory::temporary();
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
                tx.insert_certificate(&records.2, b"the answer", NOW).await
            })
        })
        .await
        .unwrap();
    (user, smartcard, profile, certificate)
}

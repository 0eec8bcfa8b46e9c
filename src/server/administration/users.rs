//! `server user` and `server token`: users and their bearer records, added and changed at the data directory itself,
//! also while a server runs on it. Whoever may write there is bound by no second administrator; each act says so.

use super::records;
use crate::secret::BearerToken;
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::database::DatabaseError;
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::server::error::{ApiError, Internal};
use crate::server::users::bearer::{AwaitedBearer, FreshBearer};
use crate::server::users::domains::Domains;
use crate::server::users::jobs::JobError;
use crate::server::users::link::FreshLink;
use crate::server::users::rules::{AccountRefusal, UserChange};
use crate::server::users::{bearer, jobs, link, rules};
use crate::server::workflow::disabling;
use crate::store::{self, AuditEntry, BearerRecord, IdentityRecord, Store, Tx, UserRecord};
use crate::template::{LoadError, Templates};
use std::collections::BTreeMap;
use std::path::Path;
use time::OffsetDateTime;
use uuid::Uuid;

/// Describes a user to be added.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    pub name: String,
    pub groups: Vec<String>,
    pub upn: Option<String>,
    pub email: Option<String>,
    /// Security identifier in Active Directory, `S-1-5-21-...`.
    pub sid: Option<String>,
    /// Further attributes that templates put into certificates; names in lower case.
    pub attributes: BTreeMap<String, String>,
}

/// Holds the id of a new user and of its first bearer record, and that bearer token, which is shown once and kept
/// nowhere.
pub struct AddedUser {
    pub uuid: Uuid,
    pub bearer: Uuid,
    pub token: BearerToken,
}

/// Holds the id of a new user, and the record and code of the bearer token that awaits the user.
pub struct InvitedUser {
    pub uuid: Uuid,
    pub bearer: AwaitedBearer,
}

/// Holds a new bearer record, and its bearer token, which is shown once and kept nowhere.
pub struct AddedBearer {
    pub record: BearerRecord,
    pub token: BearerToken,
}

/// Says why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error("there is no user named \"{0}\"")]
    NoUser(String),
    #[error("there is no token {0}; \"server token list\" shows what there is")]
    NoBearer(Uuid),
    #[error(transparent)]
    Refused(#[from] AccountRefusal),
    #[error("the system gave no random bytes")]
    Random,
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Templates(#[from] LoadError),
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error("nothing was written")]
    Write(#[source] Box<ApiError>),
}

impl From<ApiError> for AccountError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Account(refusal) => Self::Refused(refusal),
            ApiError::Internal(Internal::Store(source)) => Self::Store(source),
            refusal => Self::Write(Box::new(refusal)),
        }
    }
}

impl From<JobError> for AccountError {
    fn from(error: JobError) -> Self {
        ApiError::from(error).into()
    }
}

/// Opens the store of a data directory for the length of one piece of work.
fn with_store<T>(
    data_dir: &Path,
    work: impl AsyncFnOnce(&Store, Domains) -> Result<T, AccountError>,
) -> Result<T, AccountError> {
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    let domains = Domains::new(&settings.people.upn_domains, &settings.people.email_domains);
    records::with_store(&directory, &settings, async |store| work(store, domains).await)?
}

/// Finds the user of this name.
async fn user_named(store: &Store, name: &str) -> Result<UserRecord, AccountError> {
    store.user_by_name(name).await?.ok_or_else(|| AccountError::NoUser(name.to_owned()))
}

/// Begins the entry of an act done at the data directory, by whoever may write there: no login says who.
fn at_the_directory(deed: Deed, user: Uuid) -> AuditEntry {
    deed::at_the_data_directory(deed, OffsetDateTime::now_utc()).user(user)
}

/// Returns the record of a new user.
fn record_of(new: NewUser) -> UserRecord {
    let NewUser { name, groups, upn, email, sid, attributes } = new;
    UserRecord { attributes, ..rules::local_user(Uuid::now_v7(), name, groups, [upn, email, sid]) }
}

/// Adds a user with a first bearer token, which ends at `expires` and is shown to whoever calls this: the log says so.
pub fn user_add(data_dir: &Path, new: NewUser, expires: OffsetDateTime) -> Result<AddedUser, AccountError> {
    let user = record_of(new);
    rules::check(&user, None)?;
    rules::check_email(&user, None)?;
    let (uuid, now) = (user.uuid, OffsetDateTime::now_utc());
    let FreshBearer { record, token } = FreshBearer::new(uuid, "first", now, expires).ok_or(AccountError::Random)?;
    let bearer = record.uuid;
    let entry = at_the_directory(Deed::UserAdded, uuid).with("name", &user.name).with("token", bearer);
    add_with(data_dir, user, record, entry.with("shown", true))?;
    Ok(AddedUser { uuid, bearer, token })
}

/// Adds a user with a first bearer token, which the user makes with an activation code and which holds for `days` days.
pub fn user_invite(data_dir: &Path, new: NewUser, days: u32) -> Result<InvitedUser, AccountError> {
    let user = record_of(new);
    rules::check(&user, None)?;
    rules::check_email(&user, None)?;
    let (uuid, now) = (user.uuid, OffsetDateTime::now_utc());
    let made = AwaitedBearer::new(uuid, "first", now, bearer::expiry(now, days)?);
    let AwaitedBearer { record, code } = made.ok_or(AccountError::Random)?;
    let entry = at_the_directory(Deed::UserAdded, uuid).with("name", &user.name).with("token", record.uuid);
    add_with(data_dir, user, record.clone(), entry)?;
    Ok(InvitedUser { uuid, bearer: AwaitedBearer { record, code } })
}

/// Writes a new user with a first bearer record.
fn add_with(data_dir: &Path, user: UserRecord, bearer: BearerRecord, entry: AuditEntry) -> Result<(), AccountError> {
    with_store(data_dir, async move |store, domains| {
        let job = store
            .write(move |tx| Box::pin(async move { jobs::added(tx, &user, Some(&bearer), &domains, &entry).await }));
        Ok(job.await?)
    })
}

/// Lists all users, oldest first.
pub fn user_list(data_dir: &Path) -> Result<Vec<UserRecord>, AccountError> {
    with_store(data_dir, async |store, _| Ok(store.users().await?))
}

/// Changes the record of a user. A disabled user is no longer let in, and what the user has begun ends; by template the
/// user's certificates are on hold meanwhile.
pub fn user_change(data_dir: &Path, name: &str, change: UserChange) -> Result<UserRecord, AccountError> {
    let holding = disabling::holding(&Templates::load(&DataDirectory::existing(data_dir)?.templates())?);
    with_store(data_dir, async |store, domains| {
        let user = user_named(store, name).await?;
        let now = OffsetDateTime::now_utc();
        let entry = at_the_directory(Deed::UserChanged, user.uuid).with("name", &user.name);
        let job = async move |tx: &mut Tx| {
            let rules = disabling::Rules { domains: &domains, holding, now };
            disabling::changed(tx, user.uuid, change, rules, entry).await
        };
        let (user, _) = store.write(move |tx| Box::pin(job(tx))).await?;
        Ok(user)
    })
}

/// Has an identity of an issuer, letter by letter, stand for a user, in place of whomever it stood for.
pub fn user_link(data_dir: &Path, name: &str, issuer: &str, subject: &str) -> Result<UserRecord, AccountError> {
    let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
    rules::check_link(&issuer, &subject)?;
    with_store(data_dir, async |store, _| {
        let user = user_named(store, name).await?;
        let identity = IdentityRecord { uuid: Uuid::now_v7(), owner: user.uuid, issuer, subject, unlinked: None };
        let entry = at_the_directory(Deed::IdentityLinked, user.uuid).with("name", &user.name);
        let job = async move |tx: &mut Tx| jobs::linked(tx, &identity, entry).await;
        store.write(move |tx| Box::pin(job(tx))).await?;
        Ok(user)
    })
}

/// Has an identity that stands for a user stand for nobody; the user's sessions end.
pub fn user_unlink(data_dir: &Path, name: &str, issuer: &str, subject: &str) -> Result<UserRecord, AccountError> {
    with_store(data_dir, async |store, _| {
        let user = user_named(store, name).await?;
        let identity = store.identity_named(issuer, subject).await?;
        let identity = identity.filter(|known| known.owner == user.uuid && known.unlinked.is_none());
        let identity = identity.ok_or(AccountRefusal::IdentityUnknown)?;
        let now = OffsetDateTime::now_utc();
        let entry = at_the_directory(Deed::IdentityUnlinked, user.uuid).with("name", &user.name);
        let job = async move |tx: &mut Tx| jobs::unlinked(tx, identity, now, entry).await;
        store.write(move |tx| Box::pin(job(tx))).await?;
        Ok(user)
    })
}

/// Adds a bearer record for a user, which holds for `days` days, and shows the token to whoever calls this: the log says
/// so.
pub fn bearer_add(data_dir: &Path, name: &str, label: &str, days: u32) -> Result<AddedBearer, AccountError> {
    with_store(data_dir, async |store, _| {
        let user = user_named(store, name).await?;
        let now = OffsetDateTime::now_utc();
        let fresh = FreshBearer::new(user.uuid, label, now, bearer::expiry(now, days)?);
        let FreshBearer { record, token } = fresh.ok_or(AccountError::Random)?;
        let entry = at_the_directory(Deed::BearerAdded, user.uuid).with("token", record.uuid).with("shown", true);
        let written = record.clone();
        let job = store.write(move |tx| Box::pin(async move { jobs::bearer_added(tx, &written, &entry).await }));
        job.await?;
        Ok(AddedBearer { record, token })
    })
}

/// Adds a bearer record for a user, who makes the token with an activation code; it then holds for `days` days.
pub fn bearer_invite(data_dir: &Path, name: &str, label: &str, days: u32) -> Result<AwaitedBearer, AccountError> {
    with_store(data_dir, async |store, _| {
        let user = user_named(store, name).await?;
        let now = OffsetDateTime::now_utc();
        let made = AwaitedBearer::new(user.uuid, label, now, bearer::expiry(now, days)?).ok_or(AccountError::Random)?;
        let entry = at_the_directory(Deed::BearerAdded, user.uuid).with("token", made.record.uuid);
        let written = made.record.clone();
        let job = store.write(move |tx| Box::pin(async move { jobs::bearer_added(tx, &written, &entry).await }));
        job.await?;
        Ok(made)
    })
}

/// Makes a link by which a user signs in once, good for so many minutes; its code is shown to whoever calls this, as the log
/// says.
pub fn user_sign_in_link(data_dir: &Path, name: &str, minutes: u32) -> Result<FreshLink, AccountError> {
    with_store(data_dir, async |store, _| {
        let user = user_named(store, name).await?;
        let now = OffsetDateTime::now_utc();
        let made = FreshLink::new(user.uuid, now, link::end(now, minutes)?).ok_or(AccountError::Random)?;
        let entry = at_the_directory(Deed::LinkMade, user.uuid).with("link", made.record.uuid).with("shown", true);
        let written = made.record.clone();
        let job = async move |tx: &mut Tx| link::made(tx, &written, &entry).await;
        store.write(move |tx| Box::pin(async move { job(tx).await })).await?;
        Ok(made)
    })
}

/// Has a link let nobody in, such as one whose code nobody could read.
pub fn user_end_link(data_dir: &Path, uuid: Uuid) -> Result<(), AccountError> {
    with_store(data_dir, async |store, _| {
        let now = OffsetDateTime::now_utc();
        let entry = deed::at_the_data_directory(Deed::LinkVoided, now).with("link", uuid);
        let job = async move |tx: &mut Tx| {
            tx.end_link(uuid, now).await?;
            tx.audit(&entry).await
        };
        store.write(move |tx| Box::pin(async move { job(tx).await })).await?;
        Ok(())
    })
}

/// Lists a user's bearer records, newest first, revoked ones included.
pub fn bearer_list(data_dir: &Path, name: &str) -> Result<Vec<BearerRecord>, AccountError> {
    with_store(data_dir, async |store, _| Ok(store.bearers_of(user_named(store, name).await?.uuid).await?))
}

/// Revokes a bearer record; its bearer token is refused from the next call on.
pub fn bearer_revoke(data_dir: &Path, uuid: Uuid) -> Result<(), AccountError> {
    with_store(data_dir, async |store, _| {
        let record = store.bearer(uuid).await?.ok_or(AccountError::NoBearer(uuid))?;
        let now = OffsetDateTime::now_utc();
        let entry = at_the_directory(Deed::BearerRevoked, record.owner).with("token", uuid);
        let job = store.write(move |tx| Box::pin(async move { jobs::bearer_revoked(tx, uuid, now, &entry).await }));
        Ok(job.await?)
    })
}

//! Finds the user of this server that a way in tells of, or adds one.

use super::way::Failure;
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::settings::identity::UserBy;
use crate::server::error::ApiError;
use crate::server::users::{jobs, rules};
use crate::store::{Error, Store, UserRecord, UserSource};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Holds what a way in has told of a person, verified.
#[derive(Debug, Default)]
pub struct Told {
    /// A UPN, a name or an e-mail address, as [`UserBy`] says.
    pub who: String,
    /// `None`: nothing was said of groups.
    pub groups: Option<Vec<String>>,
    pub upn: Option<String>,
    pub email: Option<String>,
    pub sid: Option<String>,
}

/// Splits `alice@EXAMPLE` and `EXAMPLE\alice` into name and domain.
pub fn split(who: &str) -> (&str, Option<&str>) {
    match (who.rsplit_once('@'), who.split_once('\\')) {
        (Some((name, domain)), _) => (name, Some(domain)),
        (None, Some((domain, name))) => (name, Some(domain)),
        (None, None) => (who, None),
    }
}

/// Returns the user who is meant; `None` when there is none, or more than one.
pub async fn known(store: &Store, by: UserBy, who: &str) -> Result<Option<UserRecord>, Error> {
    let mut found = match by {
        UserBy::Name => store.user_by_name(who).await?.into_iter().collect(),
        UserBy::LocalPart => store.user_by_name(split(who).0).await?.into_iter().collect(),
        UserBy::Upn => store.users_by_upn(who).await?,
        UserBy::Email => store.users_by_email(who).await?,
    };
    Ok(found.pop().filter(|_| found.is_empty()))
}

/// Returns the known user; [`ApiError::UserUnknown`] for an unknown one.
pub async fn expected(store: &Store, by: UserBy, who: &str) -> Result<UserRecord, Failure> {
    let found = known(store, by, who).await.map_err(ApiError::from)?;
    found.ok_or_else(|| Failure::of(ApiError::UserUnknown, who))
}

/// Returns the known user, with groups and names as just told, or adds one if `create` says so.
pub async fn provisioned(
    store: &Store,
    by: UserBy,
    told: Told,
    create: bool,
    now: OffsetDateTime,
) -> Result<UserRecord, Failure> {
    match known(store, by, &told.who).await.map_err(ApiError::from)? {
        Some(user) => Ok(refreshed(store, user, told, now).await?),
        None if create => added(store, by, told, now).await,
        None => Err(Failure::of(ApiError::UserUnknown, &told.who)),
    }
}

/// Updates a user to what was told. Only users that an issuer has added are changed, unless disabled.
async fn refreshed(store: &Store, user: UserRecord, told: Told, now: OffsetDateTime) -> Result<UserRecord, ApiError> {
    if user.source != UserSource::Issuer || user.disabled {
        return Ok(user);
    }
    let fresh = UserRecord {
        groups: told.groups.unwrap_or_else(|| user.groups.clone()),
        upn: told.upn.or_else(|| user.upn.clone()),
        email: told.email.or_else(|| user.email.clone()),
        sid: told.sid.or_else(|| user.sid.clone()),
        ..user.clone()
    };
    if fresh == user {
        return Ok(user);
    }
    let entry = deed::own(Deed::UserChanged, now).user(user.uuid).with("name", &user.name).with("by", "issuer");
    Ok(store.write(move |tx| Box::pin(async move { jobs::changed(tx, fresh, entry).await })).await?)
}

/// Adds a user; refuses one whose record would break the rules.
async fn added(store: &Store, by: UserBy, told: Told, now: OffsetDateTime) -> Result<UserRecord, Failure> {
    let name = match by {
        UserBy::LocalPart => split(&told.who).0.to_owned(),
        UserBy::Name | UserBy::Upn | UserBy::Email => told.who.clone(),
    };
    let user = UserRecord {
        uuid: Uuid::now_v7(),
        groups: told.groups.unwrap_or_default(),
        upn: told.upn.or_else(|| (by == UserBy::Upn).then(|| told.who.clone())),
        email: told.email.or_else(|| (by == UserBy::Email).then(|| told.who.clone())),
        sid: told.sid,
        attributes: BTreeMap::new(),
        disabled: false,
        source: UserSource::Issuer,
        name,
    };
    if rules::check(&user, None).is_err() {
        return Err(Failure::of(ApiError::UserUnknown, &told.who));
    }
    let entry = deed::own(Deed::UserAdded, now).user(user.uuid).with("name", &user.name).with("by", "issuer");
    let inserted = user.clone();
    let write = store.write(move |tx| {
        Box::pin(async move {
            tx.insert_user(&inserted).await?;
            tx.audit(&entry).await
        })
    });
    match write.await {
        Ok(()) => Ok(user),
        // Two first calls at the same moment: the other one has added the user.
        Err(Error::Duplicate { .. }) => expected(store, by, &told.who).await,
        Err(error) => Err(ApiError::from(error).into()),
    }
}

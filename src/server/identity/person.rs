//! Finds the user of this server that a way in tells of, or adds one.

use super::way::Failure;
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::settings::identity::{LinkBy, UserBy};
use crate::server::error::ApiError;
use crate::server::users::domains::Domains;
use crate::server::users::jobs::{self, JobError};
use crate::server::users::rules::{self, AccountRefusal};
use crate::store::{Error, IdentityRecord, NameKind, Store, Tx, UserRecord, UserSource};
use std::collections::BTreeMap;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Holds what a way in has told of a person, verified.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// A UPN, a name or an e-mail address, as [`UserBy`] says.
    pub who: String,
    /// What names the person for good; `None`: nothing does.
    pub subject: Option<String>,
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
    let kind = match by {
        UserBy::Name => return store.user_by_name(who).await,
        UserBy::LocalPart => return store.user_by_name(split(who).0).await,
        UserBy::Upn => NameKind::Upn,
        UserBy::Email => NameKind::Email,
    };
    // A name in another Unicode form may be another person's, where it comes from.
    let same = |user: &UserRecord| kind.of(user).is_some_and(|text| text.eq_ignore_ascii_case(who));
    let mut found = store.users_named(kind, who).await?.into_iter().filter(same);
    Ok(found.next().filter(|_| found.next().is_none()))
}

/// Returns the known user; [`ApiError::UserUnknown`] for an unknown one.
pub async fn expected(store: &Store, by: UserBy, who: &str) -> Result<UserRecord, Failure> {
    let found = known(store, by, who).await.map_err(ApiError::from)?;
    found.ok_or_else(|| Failure::of(ApiError::UserUnknown, who))
}

/// Says how the account of a person is found whom an issuer names, and whether one is made.
pub struct Linking<'a> {
    pub issuer: &'a str,
    pub by: UserBy,
    pub link: LinkBy,
    pub create: bool,
    pub domains: &'a Arc<Domains>,
}

/// Returns the user whom the issuer means, with groups and names as just told, or adds one where the settings say so.
///
/// An identity that is known decides. Another meets an account by its name only where the settings say so, or where an
/// earlier release has made that account for the issuer and kept no identity.
pub async fn provisioned(
    store: &Store,
    linking: &Linking<'_>,
    told: Told,
    now: OffsetDateTime,
) -> Result<UserRecord, Failure> {
    if let Some(subject) = &told.subject
        && let Some(user) = store.user_by_identity(linking.issuer, subject).await.map_err(ApiError::from)?
    {
        return Ok(refreshed(store, linking, user, told, now).await?);
    }
    if let Some(subject) = &told.subject
        && store.identity_named(linking.issuer, subject).await.map_err(ApiError::from)?.is_some()
    {
        // It was unlinked, which no name undoes.
        return Err(Failure::of(ApiError::IdentityNotLinked(told.who.clone()), &told.who));
    }
    let by_sid = of_directory(store, told.sid.as_deref()).await.map_err(ApiError::from)?;
    let found = known(store, linking.by, &told.who).await.map_err(ApiError::from)?;
    let Some(user) = by_sid.clone().or(found) else {
        return match linking.create {
            true => added(store, linking, told, now).await,
            false => Err(Failure::of(ApiError::UserUnknown, &told.who)),
        };
    };
    let adopted =
        user.source == UserSource::Issuer && store.identities_of(user.uuid).await.map_err(ApiError::from)?.is_empty();
    if linking.link == LinkBy::Identity && !adopted && by_sid.is_none() {
        return Err(Failure::of(ApiError::IdentityNotLinked(told.who.clone()), &told.who));
    }
    if let Some(identity) = told.identity(linking, user.uuid) {
        let entry = deed::own(Deed::IdentityLinked, now).user(user.uuid).with("name", &user.name).with("by", "issuer");
        let job = async move |tx: &mut Tx| jobs::linked(tx, &identity, entry).await;
        store.write(move |tx| Box::pin(job(tx))).await.map_err(ApiError::from)?;
    }
    Ok(refreshed(store, linking, user, told, now).await?)
}

/// Returns the user who comes from a directory and has this security identifier, which is given once: issuer and directory
/// mean the same person by it, whatever either calls him.
async fn of_directory(store: &Store, sid: Option<&str>) -> Result<Option<UserRecord>, Error> {
    let Some(sid) = sid else { return Ok(None) };
    let same = |user: &UserRecord| match user.source {
        UserSource::Directory | UserSource::DirectoryDisabled => user.sid.as_deref() == Some(sid),
        UserSource::Local | UserSource::Issuer => false,
    };
    Ok(store.users_named(NameKind::Sid, sid).await?.into_iter().find(same))
}

impl Told {
    /// Returns the identity that is to stand for `owner`.
    fn identity(&self, linking: &Linking<'_>, owner: Uuid) -> Option<IdentityRecord> {
        let (issuer, subject) = (linking.issuer.to_owned(), self.subject.clone()?);
        Some(IdentityRecord { uuid: Uuid::now_v7(), owner, issuer, subject, unlinked: None })
    }

    /// Returns the record as it is after what was told.
    fn applied(self, user: UserRecord) -> UserRecord {
        UserRecord {
            groups: self.groups.unwrap_or(user.groups),
            upn: self.upn.or(user.upn),
            email: self.email.or(user.email),
            sid: self.sid.or(user.sid),
            ..user
        }
    }
}

/// Updates a user to what was told. Only users that an issuer has added are changed, unless disabled.
async fn refreshed(
    store: &Store,
    linking: &Linking<'_>,
    user: UserRecord,
    told: Told,
    now: OffsetDateTime,
) -> Result<UserRecord, ApiError> {
    if user.source != UserSource::Issuer || user.disabled || told.clone().applied(user.clone()) == user {
        return Ok(user);
    }
    let entry = deed::own(Deed::UserChanged, now).user(user.uuid).with("name", &user.name).with("by", "issuer");
    let domains = Arc::clone(linking.domains);
    let job = async move |tx: &mut Tx| {
        // What an administrator has changed meanwhile, the disabling above all, stays.
        jobs::changed(tx, user.uuid, |user| told.applied(user), &domains, entry).await
    };
    Ok(store.write(move |tx| Box::pin(job(tx))).await?.user)
}

/// Adds a user; refuses one whose record would break the rules, or whose name somebody has.
async fn added(store: &Store, linking: &Linking<'_>, told: Told, now: OffsetDateTime) -> Result<UserRecord, Failure> {
    let by = linking.by;
    let name = match by {
        UserBy::LocalPart => split(&told.who).0.to_owned(),
        UserBy::Name | UserBy::Upn | UserBy::Email => told.who.clone(),
    };
    let uuid = Uuid::now_v7();
    let identity = told.identity(linking, uuid);
    let Told { who, subject, groups, upn, email, sid } = told;
    let user = UserRecord {
        uuid,
        groups: groups.unwrap_or_default(),
        upn: upn.or_else(|| (by == UserBy::Upn).then(|| who.clone())),
        email: email.or_else(|| (by == UserBy::Email).then(|| who.clone())),
        sid,
        attributes: BTreeMap::new(),
        disabled: false,
        source: UserSource::Issuer,
        name,
    };
    if rules::check(&user, None).is_err() {
        return Err(Failure::of(ApiError::UserUnknown, &who));
    }
    let entry = deed::own(Deed::UserAdded, now).user(user.uuid).with("name", &user.name).with("by", "issuer");
    let (inserted, domains) = (user.clone(), Arc::clone(linking.domains));
    let job = async move |tx: &mut Tx| {
        jobs::added(tx, &inserted, None, &domains, &entry).await?;
        match identity {
            Some(identity) => Ok(tx.insert_identity(&identity).await?),
            None => Ok::<_, JobError>(()),
        }
    };
    match store.write(move |tx| Box::pin(job(tx))).await {
        Ok(()) => Ok(user),
        // Two first calls at the same moment: the other one has added the user.
        Err(JobError::Refused(AccountRefusal::UserExists | AccountRefusal::NotUnique(_))) => {
            let found = match (&subject, linking.link) {
                (Some(subject), _) => store.user_by_identity(linking.issuer, subject).await.map_err(ApiError::from)?,
                (None, LinkBy::Name) => known(store, by, &who).await.map_err(ApiError::from)?,
                (None, LinkBy::Identity) => None,
            };
            found.ok_or_else(|| Failure::of(ApiError::IdentityNotLinked(who.clone()), &who))
        }
        Err(error) => Err(Failure::of(ApiError::from(error), &who)),
    }
}

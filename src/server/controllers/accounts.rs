//! Users and bearer tokens: administrators manage those of others, everybody the one that the call itself is made with.

use crate::cm::account::{Account, AccountChange, BearerEntry, GivenBearer, NewAccount, NewBearer};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::error::{ApiError, Internal};
use crate::server::permission;
use crate::server::permission::caller::{Duty, Shown};
use crate::server::users::bearer::FreshBearer;
use crate::server::users::rules::{AccountRefusal, MAX_DAYS, UserChange};
use crate::server::users::{bearer, jobs};
use crate::store::{BearerRecord, UserRecord, UserSource};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Shows a user as the wire does.
fn shown(user: UserRecord) -> Account {
    let UserRecord { uuid, name, groups, upn, email, sid, disabled, .. } = user;
    Account { uuid, name, groups, upn, email, sid, disabled }
}

/// Refuses a caller who does not manage users, whether the user exists or not.
fn check_manages_users(call: &Call<'_>) -> Result<(), ApiError> {
    match permission::has(&call.caller, Duty::ManageUsers) {
        true => Ok(()),
        false => Err(ApiError::Forbidden("manage users")),
    }
}

/// Reads the user, if the caller may change it.
async fn managed_user(call: &Call<'_>, user: Uuid) -> Result<UserRecord, ApiError> {
    check_manages_users(call)?;
    let user = call.app.store.user(user).await?.ok_or(ApiError::NotFound("user"))?;
    match permission::may_manage(&call.caller, user.uuid) {
        true => Ok(user),
        false => Err(ApiError::Forbidden("change yourself; another administrator must")),
    }
}

/// Lists all users, oldest first.
pub async fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    check_manages_users(call)?;
    Reply::list(call.app.store.users().await?.into_iter().take(MAX_LIST + 1).map(shown).collect())
}

/// Adds a user without a bearer token.
pub async fn add(call: &Call<'_>, body: NewAccount) -> Result<Reply, ApiError> {
    check_manages_users(call)?;
    let user = UserRecord {
        uuid: Uuid::now_v7(),
        name: body.name,
        groups: body.groups.unwrap_or_default(),
        upn: body.upn.filter(|text| !text.is_empty()),
        email: body.email.filter(|text| !text.is_empty()),
        sid: body.sid.filter(|text| !text.is_empty()),
        attributes: BTreeMap::new(),
        disabled: false,
        source: UserSource::Local,
    };
    let entry = call.entry(Deed::UserAdded).user(user.uuid).with("name", &user.name);
    let written = user.clone();
    let job = call.app.store.write(move |tx| Box::pin(async move { jobs::added(tx, &written, None, &entry).await }));
    job.await?;
    Reply::created(&shown(user))
}

/// Changes a user; one who is disabled is refused from the next call on.
pub async fn change(call: &Call<'_>, user: Uuid, body: AccountChange) -> Result<Reply, ApiError> {
    let user = managed_user(call, user).await?;
    let AccountChange { groups, upn, email, sid, disabled } = body;
    let user = UserChange { groups, upn, email, sid, disabled }.applied(user);
    let entry = call.entry(Deed::UserChanged).user(user.uuid).with("name", &user.name);
    let job = call.app.store.write(move |tx| Box::pin(async move { jobs::changed(tx, user, entry).await }));
    Reply::json(&shown(job.await?))
}

/// Lists a user's bearer tokens, newest first, for the user and for administrators.
pub async fn list_bearers(call: &Call<'_>, user: Uuid) -> Result<Reply, ApiError> {
    if !permission::may_revoke(&call.caller, user) {
        return Err(ApiError::NotFound("user"));
    }
    let tokens = call.app.store.bearers_of(user).await?.into_iter().take(MAX_LIST + 1);
    let shown = |token: BearerRecord| {
        let BearerRecord { uuid, label, created, expires, last_used, revoked, .. } = token;
        BearerEntry { uuid, label, created, expires, last_used, revoked }
    };
    Reply::list(tokens.map(shown).collect())
}

/// Adds a bearer token for a user; it is told now and never again.
pub async fn add_bearer(call: &Call<'_>, user: Uuid, body: NewBearer) -> Result<Reply, ApiError> {
    body.check()?;
    let user = managed_user(call, user).await?;
    let expires = bearer::expiry(call.now, body.days)?;
    let fresh = fresh_bearer(call, user.uuid, &body.label, expires)?;
    let entry = call.entry(Deed::BearerAdded).user(user.uuid).with("token", fresh.record.uuid);
    let written = fresh.record.clone();
    let job = call.app.store.write(move |tx| Box::pin(async move { jobs::bearer_added(tx, &written, &entry).await }));
    job.await?;
    Reply::created(&given_bearer(&fresh))
}

/// Makes a bearer token.
fn fresh_bearer(call: &Call<'_>, owner: Uuid, label: &str, expires: OffsetDateTime) -> Result<FreshBearer, ApiError> {
    FreshBearer::new(owner, label, call.now, expires).ok_or(ApiError::Internal(Internal::Random))
}

/// Shows a fresh bearer token with its secret.
fn given_bearer(fresh: &FreshBearer) -> GivenBearer {
    let bearer = Zeroizing::new(fresh.token.expose().to_owned());
    GivenBearer { uuid: fresh.record.uuid, bearer, expires: fresh.record.expires }
}

/// Reads the record of the bearer token that this call was made with; refuses other ways in.
async fn own_bearer(call: &Call<'_>) -> Result<BearerRecord, ApiError> {
    let Shown::Bearer(token) = call.caller.shown else { return Err(AccountRefusal::NotByBearer.into()) };
    call.app.store.bearer(token).await?.ok_or(ApiError::NotFound("token"))
}

/// Gives a new bearer token for the one that this call was made with, good for as long as that was, but at most
/// [`MAX_DAYS`]. The old one ends within minutes.
pub async fn renew_bearer(call: &Call<'_>) -> Result<Reply, ApiError> {
    let old = own_bearer(call).await?;
    let length = (old.expires - old.created).min(Duration::days(MAX_DAYS.into()));
    let fresh = fresh_bearer(call, old.owner, &old.label, call.now + length)?;
    let entry = call.entry(Deed::BearerRenewed).user(old.owner).with("token", fresh.record.uuid).with("old", old.uuid);
    let written = fresh.record.clone();
    let job = call
        .app
        .store
        .write(move |tx| Box::pin(async move { jobs::bearer_renewed(tx, old.uuid, &written, &entry).await }));
    job.await?;
    Reply::created(&given_bearer(&fresh))
}

/// Revokes the bearer token that this call was made with.
pub async fn revoke_own_bearer(call: &Call<'_>) -> Result<Reply, ApiError> {
    let token = own_bearer(call).await?;
    revoke(call, token).await
}

/// Revokes a bearer token of the caller's own, or for an administrator anybody's.
pub async fn revoke_bearer(call: &Call<'_>, token: Uuid) -> Result<Reply, ApiError> {
    let token = call.app.store.bearer(token).await?;
    let token = token.filter(|token| permission::may_revoke(&call.caller, token.owner));
    revoke(call, token.ok_or(ApiError::NotFound("token"))?).await
}

/// Revokes a bearer token; one that is revoked already stays so.
async fn revoke(call: &Call<'_>, token: BearerRecord) -> Result<Reply, ApiError> {
    let (uuid, now) = (token.uuid, call.now);
    let entry = call.entry(Deed::BearerRevoked).user(token.owner).with("token", uuid);
    let job =
        call.app.store.write(move |tx| Box::pin(async move { jobs::bearer_revoked(tx, uuid, now, &entry).await }));
    job.await?;
    Ok(Reply::Empty)
}

/// Ends the session that this call was made in; without one nothing changes.
pub async fn end_session(call: &Call<'_>) -> Result<Reply, ApiError> {
    if let Shown::Session(session) = call.caller.shown {
        let entry = call.entry(Deed::SessionEnded).user(call.caller.uuid).with("session", session);
        let job = call.app.store.write(move |tx| {
            Box::pin(async move {
                tx.remove_session(session).await?;
                Ok::<_, ApiError>(tx.audit(&entry).await?)
            })
        });
        job.await?;
    }
    Ok(Reply::Empty)
}

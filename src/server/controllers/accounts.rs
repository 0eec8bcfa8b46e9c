//! Users and bearer tokens: administrators manage those of others, everybody the one that the call itself is made with.

use super::activation::{given_bearer, handed_over, link_handed_over};
use super::proposals::{self, check_manages_users};
use crate::cm::account::{Account, AccountChange, BearerEntry, GivenCode, GivenLink, NewAccount, NewBearer, NewLink};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::error::{ApiError, Internal};
use crate::server::permission;
use crate::server::permission::caller::Shown;
use crate::server::users::bearer::{AwaitedBearer, FreshBearer};
use crate::server::users::link::FreshLink;
use crate::server::users::proposed::Proposed;
use crate::server::users::rules::{AccountRefusal, MAX_DAYS, UserChange};
use crate::server::users::{bearer, jobs, link, rules};
use crate::server::workflow::disabling;
use crate::store::{BearerRecord, Tx, UserRecord};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Shows a user as the wire does.
pub fn shown(user: UserRecord) -> Account {
    let UserRecord { uuid, name, groups, upn, email, sid, disabled, .. } = user;
    Account { uuid, name, groups, upn, email, sid, disabled }
}

/// Reads the user, if the caller may change it.
pub async fn managed_user(call: &Call<'_>, user: Uuid) -> Result<UserRecord, ApiError> {
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
    let NewAccount { name, groups, upn, email, sid } = body;
    let user = rules::local_user(Uuid::now_v7(), name, groups.unwrap_or_default(), [upn, email, sid]);
    rules::check(&user, None)?;
    rules::check_email(&user, None)?;
    if proposals::needs_second(call, None, &user, false).await? {
        let UserRecord { uuid, name, groups, upn, email, sid, .. } = user;
        return proposals::propose(call, uuid, &Proposed::AddUser { name, groups, upn, email, sid }).await;
    }
    let entry = call.entry(Deed::UserAdded).user(user.uuid).with("name", &user.name);
    let written = user.clone();
    let domains = Arc::clone(&call.app.domains);
    let store = &call.app.store;
    store.write(move |tx| Box::pin(async move { jobs::added(tx, &written, None, &domains, &entry).await })).await?;
    Reply::created(&shown(user))
}

/// Changes a user; one who is disabled is refused from the next call on, and what the user has begun ends.
pub async fn change(call: &Call<'_>, user: Uuid, body: AccountChange) -> Result<Reply, ApiError> {
    let before = managed_user(call, user).await?;
    let AccountChange { groups, upn, email, sid, disabled } = body;
    let change = UserChange { groups, upn, email, sid, disabled };
    let user = change.clone().applied(before.clone());
    if proposals::needs_second(call, Some(&before), &user, false).await? {
        rules::check(&user, Some(&before))?;
        rules::check_email(&user, Some(&before))?;
        return proposals::propose(call, user.uuid, &Proposed::ChangeUser { name: user.name, change }).await;
    }
    let entry = call.entry(Deed::UserChanged).user(user.uuid).with("name", &user.name);
    let (domains, holding, now) = (Arc::clone(&call.app.domains), disabling::holding(&call.app.templates), call.now);
    let job = async move |tx: &mut Tx| {
        let rules = disabling::Rules { domains: &domains, holding, now };
        disabling::changed(tx, user.uuid, change, rules, entry).await
    };
    let (user, effects) = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    if effects.outdate_list() {
        call.app.publication.outdate();
    }
    Reply::json(&shown(user))
}

/// Lists a user's bearer tokens, newest first, for the user and for administrators.
pub async fn list_bearers(call: &Call<'_>, user: Uuid) -> Result<Reply, ApiError> {
    if !permission::may_revoke(&call.caller, user) {
        return Err(ApiError::NotFound("user"));
    }
    let tokens = call.app.store.bearers_of(user).await?.into_iter().take(MAX_LIST + 1);
    let shown = |token: BearerRecord| {
        let BearerRecord { uuid, label, created, expires, last_used, revoked, activation, .. } = token;
        let awaited =
            activation.as_ref().filter(|activation| activation.used.is_none()).map(|activation| activation.ends);
        let used = activation.and_then(|activation| activation.used);
        let (activated, activated_from) = used.map_or_else(Default::default, |used| (Some(used.at), used.from));
        BearerEntry { uuid, label, created, expires, last_used, revoked, awaited, activated, activated_from }
    };
    Reply::list(tokens.map(shown).collect())
}

/// Adds a bearer token for a user, who makes it with a code. That is mailed to the user where the server sends mail and
/// the user has an address, else told now and never again. Nobody sees the token itself but whoever shows the code.
pub async fn add_bearer(call: &Call<'_>, user: Uuid, body: NewBearer) -> Result<Reply, ApiError> {
    body.check()?;
    let user = managed_user(call, user).await?;
    let expires = bearer::expiry(call.now, body.days)?;
    if !rules::is_text(&body.label) {
        return Err(AccountRefusal::Text.into());
    }
    if proposals::needs_second(call, Some(&user), &user, true).await? {
        let NewBearer { label, days } = body;
        return proposals::propose(call, user.uuid, &Proposed::AddToken { name: user.name, label, days }).await;
    }
    let made = AwaitedBearer::new(user.uuid, &body.label, call.now, expires);
    let AwaitedBearer { record, code } = made.ok_or(ApiError::Internal(Internal::Random))?;
    let entry = call.entry(Deed::BearerAdded).user(user.uuid).with("token", record.uuid);
    let written = record.clone();
    let job = call.app.store.write(move |tx| Box::pin(async move { jobs::bearer_added(tx, &written, &entry).await }));
    job.await?;
    let (uuid, ends) = (record.uuid, record.activation.as_ref().map_or(call.now, |activation| activation.ends));
    let code = handed_over(call, &user, AwaitedBearer { record, code }).await?;
    Reply::created(&GivenCode { uuid, code, ends })
}

/// Makes a link by which a user signs in once. Its code is mailed to the user where the server sends mail and the user has
/// an address, else told now and never again.
pub async fn make_link(call: &Call<'_>, user: Uuid, body: NewLink) -> Result<Reply, ApiError> {
    let user = managed_user(call, user).await?;
    let minutes = body.minutes.unwrap_or(link::MINUTES);
    let ends = link::end(call.now, minutes)?;
    if proposals::needs_second(call, Some(&user), &user, true).await? {
        return proposals::propose(call, user.uuid, &Proposed::MakeLink { name: user.name, minutes }).await;
    }
    let made = FreshLink::new(user.uuid, call.now, ends).ok_or(ApiError::Internal(Internal::Random))?;
    let entry = call.entry(Deed::LinkMade).user(user.uuid).with("link", made.record.uuid);
    let written = made.record.clone();
    call.app.store.write(move |tx| Box::pin(async move { link::made(tx, &written, &entry).await })).await?;
    let uuid = made.record.uuid;
    Reply::created(&GivenLink { uuid, code: link_handed_over(call, &user, made).await?, ends })
}

/// Makes a bearer token.
fn fresh_bearer(call: &Call<'_>, owner: Uuid, label: &str, expires: OffsetDateTime) -> Result<FreshBearer, ApiError> {
    FreshBearer::new(owner, label, call.now, expires).ok_or(ApiError::Internal(Internal::Random))
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
    Reply::created(&given_bearer(fresh.record.uuid, &fresh.token, fresh.record.expires))
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
    if let Shown::Session(session) | Shown::Page { session, .. } = call.caller.shown {
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

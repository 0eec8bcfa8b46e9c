//! Whom an issuer of tokens means: identities that stand for users, linked and unlinked by administrators.

use super::accounts::managed_user;
use super::proposals;
use crate::cm::account::{LinkedIdentity, NewIdentity};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::error::ApiError;
use crate::server::permission;
use crate::server::users::proposed::Proposed;
use crate::server::users::{jobs, rules};
use crate::store::{IdentityRecord, Tx};
use uuid::Uuid;

/// Shows an identity as the wire does.
fn shown(identity: IdentityRecord) -> LinkedIdentity {
    let IdentityRecord { uuid, issuer, subject, .. } = identity;
    LinkedIdentity { uuid, issuer, subject }
}

/// Lists the identities that stand for a user, oldest first, for the user and for administrators.
pub async fn list(call: &Call<'_>, user: Uuid) -> Result<Reply, ApiError> {
    if !permission::may_revoke(&call.caller, user) {
        return Err(ApiError::NotFound("user"));
    }
    let standing = call.app.store.identities_of(user).await?.into_iter().filter(|it| it.unlinked.is_none());
    Reply::list(standing.take(MAX_LIST + 1).map(shown).collect())
}

/// Has an identity stand for a user. Whoever has it can do from then on what the user can, so that for somebody who has a
/// part another administrator is to confirm it.
pub async fn link(call: &Call<'_>, user: Uuid, body: NewIdentity) -> Result<Reply, ApiError> {
    let user = managed_user(call, user).await?;
    let NewIdentity { issuer, subject } = body;
    rules::check_link(&issuer, &subject)?;
    if proposals::needs_second(call, Some(&user), &user, true).await? {
        let proposed = Proposed::LinkIdentity { name: user.name, issuer, subject };
        return proposals::propose(call, user.uuid, &proposed).await;
    }
    let identity = IdentityRecord { uuid: Uuid::now_v7(), owner: user.uuid, issuer, subject, unlinked: None };
    let entry = call.entry(Deed::IdentityLinked).user(user.uuid).with("name", &user.name);
    let job = async move |tx: &mut Tx| jobs::linked_anew(tx, &identity, entry).await;
    let kept = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    Reply::created(&shown(kept))
}

/// Has an identity stand for nobody, from the next call on; that must be quick, and is one administrator's to do.
pub async fn unlink(call: &Call<'_>, identity: Uuid) -> Result<Reply, ApiError> {
    let known = call.app.store.identity(identity).await?;
    let known = known.filter(|known| permission::may_manage(&call.caller, known.owner));
    let known = known.ok_or(ApiError::NotFound("identity"))?;
    let (now, entry) = (call.now, call.entry(Deed::IdentityUnlinked));
    let job = async move |tx: &mut Tx| jobs::unlinked(tx, known, now, entry).await;
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    Ok(Reply::Empty)
}

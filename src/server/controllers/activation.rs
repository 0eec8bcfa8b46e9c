//! `token/activate`: the owner of a bearer token makes it with the code that an administrator had made for it.

use crate::cm::account::{GivenBearer, ShownCode};
use crate::secret::{ActivationCode, BearerToken, LinkCode};
use crate::server::audit::deed::{self, Deed};
use crate::server::call::Call;
use crate::server::call::app::App;
use crate::server::call::body::Payload;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::users::bearer::{AwaitedBearer, bearer_hash, code_hash, new_bearer};
use crate::server::users::jobs;
use crate::server::users::link::FreshLink;
use crate::server::users::rules::AccountRefusal;
use crate::store::{ActivationUse, AuditEntry, Tx, UserRecord};
use std::net::IpAddr;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Gives the bearer token of whoever shows its activation code, once. Wrong codes are counted as wrong credentials are.
pub async fn activate(
    app: &App,
    payload: Payload<'_>,
    address: Option<IpAddr>,
    (now, id): (OffsetDateTime, Uuid),
) -> Result<Reply, ApiError> {
    let ShownCode { code } = payload.read()?;
    let hash = code_hash(code.ok_or(AccountRefusal::CodeUnknown)?.expose());
    let token = new_bearer().map_err(|_| ApiError::Internal(Internal::Random))?;
    let token_hash = bearer_hash(token.expose());
    let from = address.map(|address| address.to_canonical().to_string()).unwrap_or_default();
    let used = ActivationUse { at: now, from };
    let entry = AuditEntry { correlation: Some(id), ..deed::own(Deed::BearerActivated, now) };
    let job = async move |tx: &mut Tx| Ok(jobs::bearer_activated(tx, &hash, &token_hash, used, entry).await?);
    let record = app.store.write(move |tx| Box::pin(job(tx))).await.map_err(|error| counted(app, address, error))?;
    tracing::info!(%id, token = %record.uuid, user = %record.owner, ?address, "activated");
    Reply::created(&given_bearer(record.uuid, &token, record.expires))
}

/// Counts a code that is not good; refuses with [`ApiError::TooManyRequests`] after too many.
fn counted(app: &App, address: Option<IpAddr>, error: ApiError) -> ApiError {
    let wrong = matches!(
        error,
        ApiError::Account(
            AccountRefusal::CodeUnknown | AccountRefusal::CodeOver { .. } | AccountRefusal::CodeUsed { .. }
        )
    );
    if !wrong {
        return error;
    }
    app.identity.limits.failed(address, None).err().unwrap_or(error)
}

/// Shows a fresh bearer token with its secret.
pub fn given_bearer(uuid: Uuid, token: &BearerToken, expires: OffsetDateTime) -> GivenBearer {
    GivenBearer { uuid, bearer: Zeroizing::new(token.expose().to_owned()), expires }
}

/// Mails a new code to its owner, where the server sends mail and the owner has an address; returns the code where it
/// is to be told to who had it made. One that cannot be mailed is nobody's: its token is revoked.
pub async fn handed_over(
    call: &Call<'_>,
    owner: &UserRecord,
    awaited: AwaitedBearer,
) -> Result<Option<ActivationCode>, ApiError> {
    let AwaitedBearer { record, code } = awaited;
    let (Some(mail), Some(address)) = (&call.app.outbox.mail, &owner.email) else { return Ok(Some(code)) };
    let ends = record.activation.map_or(call.now, |activation| activation.ends);
    let sent = mail.send_code(owner, address, &code, ends).await;
    let (token, now) = (record.uuid, call.now);
    let deed = if sent.is_ok() { Deed::ActivationCodeSent } else { Deed::BearerRevoked };
    let entry = call.entry(deed).user(owner.uuid).with("token", token);
    let failed = sent.is_err();
    let job = call.app.store.write(move |tx| {
        Box::pin(async move {
            if failed {
                tx.revoke_bearer(token, now).await?;
            }
            Ok::<_, ApiError>(tx.audit(&entry).await?)
        })
    });
    job.await?;
    match sent {
        Ok(()) => Ok(None),
        Err(error) => {
            tracing::warn!(id = %call.id, %error, %token, "an activation code could not be mailed");
            Err(ApiError::CodeNotMailed)
        }
    }
}

/// Likewise, the code of a link: mailed to its owner, or returned to be told to who had it made.
pub async fn link_handed_over(
    call: &Call<'_>,
    owner: &UserRecord,
    link: FreshLink,
) -> Result<Option<LinkCode>, ApiError> {
    let FreshLink { record, code } = link;
    let (Some(mail), Some(address)) = (&call.app.outbox.mail, &owner.email) else { return Ok(Some(code)) };
    let sent = mail.send_link(owner, address, &code, record.ends).await;
    let (link, now) = (record.uuid, call.now);
    let deed = if sent.is_ok() { Deed::LinkSent } else { Deed::LinkVoided };
    let entry = call.entry(deed).user(owner.uuid).with("link", link);
    let failed = sent.is_err();
    let job = call.app.store.write(move |tx| {
        Box::pin(async move {
            if failed {
                tx.end_link(link, now).await?;
            }
            Ok::<_, ApiError>(tx.audit(&entry).await?)
        })
    });
    job.await?;
    match sent {
        Ok(()) => Ok(None),
        Err(error) => {
            tracing::warn!(id = %call.id, %error, %link, "a link could not be mailed");
            Err(ApiError::LinkNotMailed)
        }
    }
}

//! `visits/handover`: somebody who has signed in at the server's pages, in a kiosk's browser, has the kiosk let him in.
//!
//! The kiosk sees neither password nor token of the issuer, and gets a visit, which bears no roles. The code counts once, for two
//! minutes, at that kiosk alone; a browser brings it to the computer that it runs on, and nowhere else.

use crate::cm::visit::{HandOver, HandedOver, VisitingUser};
use crate::secret::LinkCode;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::identity::visit::{FreshCode, FreshVisit, handed_over};
use crate::server::permission::caller::{Duty, Roles};
use crate::server::requests::visited;
use crate::store::{Owned, Tx, UserRecord};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Answers `GET visits/kiosks/{kiosk}`: what the kiosk is called. Whatever else has this id is not told of.
pub async fn kiosk(call: &Call<'_>, kiosk: Uuid) -> Result<Reply, ApiError> {
    let found = kiosk_of(call, kiosk).await?;
    Reply::json(&VisitingUser { uuid: found.uuid, name: found.name })
}

/// Answers `POST visits/handover`: a code by which the kiosk lets the caller in.
pub async fn hand_over(call: &Call<'_>, order: HandOver) -> Result<Reply, ApiError> {
    let kiosk = kiosk_of(call, order.kiosk).await?;
    let FreshCode { record, code } = FreshCode::new(call.caller.uuid, kiosk.uuid, call.now)?;
    let entry = call.entry(Deed::VisitHandedOver).with("kiosk", kiosk.name);
    let expires = record.ends;
    let job = async move |tx: &mut Tx| visited::written(tx, &record, entry).await;
    call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    Reply::json(&HandedOver { code: Zeroizing::new(code.expose().to_owned()), expires })
}

/// Lets the person in whose code a kiosk shows; the code is spent.
pub async fn taken(call: &Call<'_>, code: &LinkCode) -> Result<(FreshVisit, UserRecord), ApiError> {
    let refusal = || call.entry(Deed::VisitRefused).with("way", "code");
    let found = handed_over(&call.app.store, call.caller.uuid, code, call.now).await?;
    let Some(Owned { what: offered, holder: user }) = found else {
        visited::refused(call, None, refusal()).await?;
        return Err(ApiError::VisitRefused);
    };
    let fresh = FreshVisit::new((user.uuid, call.caller.uuid), None, (call.now, call.app.visit_lasts))?;
    let (record, now, refusal) = (fresh.record.clone(), call.now, visited::naming(refusal(), Some(&user)));
    let entry = call.entry(Deed::VisitBegun).with("way", "code");
    let job = async move |tx: &mut Tx| {
        if !tx.end_visit(offered.uuid, now).await? {
            // A refusal as an error would take the act back.
            tx.audit(&refusal).await?;
            return Ok(false);
        }
        visited::written(tx, &record, entry).await?;
        Ok::<_, ApiError>(true)
    };
    match call.app.store.write(move |tx| Box::pin(job(tx))).await? {
        true => Ok((fresh, user)),
        false => Err(ApiError::VisitRefused),
    }
}

/// Finds a kiosk that lets people in.
async fn kiosk_of(call: &Call<'_>, kiosk: Uuid) -> Result<UserRecord, ApiError> {
    let found = call.app.store.user(kiosk).await?.filter(|user| !user.disabled);
    let lets_in =
        |user: &UserRecord| Roles::of(call.app.identity.roles(), &user.name, &user.groups).include(Duty::LetIn);
    found.filter(lets_in).ok_or(ApiError::NotFound("kiosk"))
}

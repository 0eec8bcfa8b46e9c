//! The holder of a card is told again that its certificates end.

use crate::cm::acts::Reminded;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::notices::remind;
use crate::server::permission;
use crate::store::{CertificateScope, Tx};
use std::sync::Arc;
use uuid::Uuid;

/// Answers `POST smartcards/{id}/remind`, for whoever sees everybody's cards of the template.
pub async fn remind(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let card = call.smartcard(smartcard).await?;
    let template = call.app.templates.get(card.profile_template);
    if !permission::sees_holdings(&call.caller, Uuid::nil(), template.map(Arc::as_ref)) {
        return Err(ApiError::Forbidden("have the holder of this card told"));
    }
    let (store, now) = (&call.app.store, call.now);
    let holder = store.user(card.assigned_user).await?.ok_or(ApiError::NotFound("user"))?;
    let mut certificates = store.certificates(CertificateScope::Smartcard(card.uuid)).await?;
    certificates.retain(|it| it.not_after > now && it.revocation.is_none() && !it.superseded);
    certificates.sort_by_key(|certificate| certificate.not_after);
    let first = certificates.first().map(|certificate| certificate.not_after).ok_or(ApiError::NothingEnds)?;
    let notices = remind::notices(&call.app.outbox, &holder, &certificates, now);
    if notices.is_empty() {
        return Err(ApiError::NoWayToTell(holder.name));
    }
    let ways: Vec<String> = notices.iter().map(|notice| notice.way.clone()).collect();
    let entry = call.entry(Deed::HolderReminded).user(holder.uuid).smartcard(card.uuid).with("ways", ways.join(" "));
    let job = async move |tx: &mut Tx| remind::reminded(tx, card.uuid, &notices, now, &entry).await;
    store.write(move |tx| Box::pin(async move { job(tx).await })).await?;
    call.app.outbox.wake();
    Reply::json(&Reminded { smartcard: card.uuid, holder: holder.uuid, holder_name: holder.name, at: now, first, ways })
}

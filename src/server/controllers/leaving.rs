//! A person leaves: what that would end is told, and ended once an administrator has seen it.

use super::accounts::managed_user;
use crate::cm::acts::{LeaveOrder, Leaving};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::workflow::disabling::Rules;
use crate::server::workflow::leaving::{self, Holdings, Order, is_done, mark};
use crate::store::{AuditEntry, Tx};
use std::sync::Arc;
use uuid::Uuid;

/// Answers `GET people/{id}/leaving`.
pub async fn foresee(call: &Call<'_>, user: Uuid) -> Result<Reply, ApiError> {
    let user = managed_user(call, user).await?;
    let now = call.now;
    // Read in a job, as it is judged: what is told is one state of the store.
    let store = &call.app.store;
    let holdings = store.write(move |tx| Box::pin(async move { Holdings::of(tx, user.uuid, now).await })).await?;
    let items = holdings.items();
    let (left, mark) = (is_done(&items), mark(&items));
    Reply::json(&Leaving { user: holdings.user.uuid, name: holdings.user.name, left, items, mark })
}

/// Answers `POST people/{id}/leave`: ends all that the person has, in one job, so that whatever cuts it off leaves all of
/// it done or nothing.
pub async fn leave(call: &Call<'_>, user: Uuid, body: LeaveOrder) -> Result<Reply, ApiError> {
    body.check()?;
    let user = managed_user(call, user).await?.uuid;
    let (domains, now, originator) = (Arc::clone(&call.app.domains), call.now, call.caller.uuid);
    let entry = call.entry(Deed::PersonLeft);
    let job = async move |tx: &mut Tx| {
        let act = move |deed: Deed| AuditEntry { act: deed.name(), ..entry.clone() };
        // What is revoked need not be put on hold before.
        let rules = Rules { domains: &domains, holding: Vec::new(), now };
        let LeaveOrder { seen, comment } = body;
        leaving::left(tx, Order { user, seen, originator, comment }, rules, act).await
    };
    let left = call.app.store.write(move |tx| Box::pin(job(tx))).await?;
    if left.effects.outdate_list() {
        call.app.publication.outdate();
    }
    left.closed.iter().for_each(|request| call.app.forget(*request));
    tracing::info!(id = %call.id, %user, revoked = left.effects.revoked, caller = call.caller.name, "person left");
    let mark = mark(&left.items);
    Reply::json(&Leaving { user, name: left.user.name, left: true, items: left.items, mark })
}

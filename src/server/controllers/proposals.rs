//! Changes of accounts that give or take a part in issuing or overseeing: one administrator proposes, another confirms.

use super::activation::{handed_over, link_handed_over};
use crate::cm::account::{Confirmed, Proposal};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::permission;
use crate::server::permission::caller::Duty;
use crate::server::permission::standing::Standing;
use crate::server::users::bearer::AwaitedBearer;
use crate::server::users::link::FreshLink;
use crate::server::users::proposed::Proposed;
use crate::server::users::rules::{self, UserChange};
use crate::server::users::{bearer, jobs, link};
use crate::server::workflow::disabling;
use crate::server::workflow::effects::Effects;
use crate::store::{BearerRecord, IdentityRecord, LinkRecord, ProposalRecord, Tx, UserRecord};
use std::sync::Arc;
use time::Duration;
use uuid::Uuid;

/// Sets for how long a proposal can be confirmed.
const LIFETIME: Duration = Duration::days(7);

/// Refuses a caller who does not manage users, whether the user exists or not.
pub fn check_manages_users(call: &Call<'_>) -> Result<(), ApiError> {
    match permission::has(&call.caller, Duty::ManageUsers) {
        true => Ok(()),
        false => Err(ApiError::Forbidden("manage users")),
    }
}

/// Says whether the change of this account needs a second administrator. `after` with itself `before`: all that somebody
/// who has a part could do comes with what is changed, such as another token.
pub async fn needs_second(
    call: &Call<'_>,
    before: Option<&UserRecord>,
    after: &UserRecord,
    lends_all: bool,
) -> Result<bool, ApiError> {
    let standing = Standing { templates: &call.app.templates, roles: call.app.identity.roles() };
    let weighs = standing.weighs(before, after) || (lends_all && !standing.named(after).is_empty());
    Ok(weighs && standing.wants_second(&call.app.store).await?)
}

/// Keeps a change for another administrator to confirm, and answers with it.
pub async fn propose(call: &Call<'_>, account: Uuid, proposed: &Proposed) -> Result<Reply, ApiError> {
    let change = serde_json::to_string(proposed).map_err(|_| ApiError::Internal(Internal::Dangling("proposal")))?;
    let record = ProposalRecord {
        uuid: Uuid::now_v7(),
        account,
        change,
        proposer: call.caller.uuid,
        proposed: call.now,
        ends: call.now + LIFETIME,
        decider: None,
        decided: None,
        confirmed: false,
    };
    let entry = call.entry(Deed::ChangeProposed).user(account).with("proposal", record.uuid);
    let entry = entry.with("change", &record.change);
    let written = record.clone();
    let job = call.app.store.write(move |tx| {
        Box::pin(async move {
            tx.insert_proposal(&written).await?;
            Ok::<_, ApiError>(tx.audit(&entry).await?)
        })
    });
    job.await?;
    Reply::accepted(&shown(call, &record)?)
}

/// Lists what was proposed, newest first.
pub async fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    check_manages_users(call)?;
    let proposals = call.app.store.proposals().await?;
    Reply::list(proposals.iter().map(|record| shown(call, record)).collect::<Result<Vec<_>, _>>()?)
}

/// Reads what is kept of a proposal.
fn proposed(record: &ProposalRecord) -> Result<Proposed, ApiError> {
    serde_json::from_str(&record.change).map_err(|_| ApiError::Internal(Internal::Dangling("proposal")))
}

/// Shows a proposal as the wire does.
fn shown(call: &Call<'_>, record: &ProposalRecord) -> Result<Proposal, ApiError> {
    let proposed = proposed(record)?;
    let state = match (record.decided, record.confirmed) {
        (Some(_), true) => "confirmed",
        (Some(_), false) => "rejected",
        (None, _) if record.ends <= call.now => "over",
        (None, _) => "open",
    };
    let (kind, name) = (proposed.kind().to_owned(), proposed.name().to_owned());
    let (mut change, mut token, mut identity, mut minutes) = (UserChange::default(), None, None, None);
    match proposed {
        Proposed::AddUser { groups, upn, email, sid, .. } => {
            change = UserChange { groups: Some(groups), upn, email, sid, disabled: None };
        }
        Proposed::ChangeUser { change: changed, .. } => change = changed,
        Proposed::AddToken { label, days, .. } => token = Some((label, days)),
        Proposed::MakeLink { minutes: wanted, .. } => minutes = Some(wanted),
        Proposed::LinkIdentity { issuer, subject, .. } => identity = Some((issuer, subject)),
    }
    let ((label, days), (issuer, subject)) = (token.unzip(), identity.unzip());
    let UserChange { groups, upn, email, sid, disabled } = change;
    let ProposalRecord { uuid, account, proposer, proposed, ends, decider, decided, .. } = *record;
    let state = state.to_owned();
    Ok(Proposal {
        uuid,
        kind,
        state,
        account,
        name,
        groups,
        upn,
        email,
        sid,
        disabled,
        label,
        days,
        minutes,
        issuer,
        subject,
        proposer,
        proposed,
        ends,
        decider,
        decided,
    })
}

/// Reads a proposal that can still be decided on.
async fn open(call: &Call<'_>, proposal: Uuid) -> Result<ProposalRecord, ApiError> {
    check_manages_users(call)?;
    let record = call.app.store.proposal(proposal).await?.ok_or(ApiError::NotFound("proposal"))?;
    if record.decided.is_some() || record.ends <= call.now { Err(ApiError::ProposalClosed) } else { Ok(record) }
}

/// Rejects a proposal; who has made it may take it back so.
pub async fn reject(call: &Call<'_>, proposal: Uuid) -> Result<Reply, ApiError> {
    let record = open(call, proposal).await?;
    let entry = call.entry(Deed::ChangeRejected).user(record.account).with("proposal", proposal);
    let (decider, now) = (call.caller.uuid, call.now);
    let job = call.app.store.write(move |tx| {
        Box::pin(async move {
            if !tx.decide_proposal(proposal, decider, now, false).await? {
                return Err(ApiError::ProposalClosed);
            }
            Ok(tx.audit(&entry).await?)
        })
    });
    job.await?;
    Ok(Reply::Empty)
}

/// Holds the secret that comes of a confirmed change.
enum Made {
    Nothing,
    Token(AwaitedBearer),
    Link(FreshLink),
}

impl Made {
    /// Makes the secret of a change that has one, for this account.
    fn of(call: &Call<'_>, account: Uuid, proposed: &Proposed) -> Result<Self, ApiError> {
        let random = ApiError::Internal(Internal::Random);
        match proposed {
            Proposed::AddToken { label, days, .. } => {
                let made = AwaitedBearer::new(account, label, call.now, bearer::expiry(call.now, *days)?);
                made.map(Self::Token).ok_or(random)
            }
            Proposed::MakeLink { minutes, .. } => {
                let made = FreshLink::new(account, call.now, link::end(call.now, *minutes)?);
                made.map(Self::Link).ok_or(random)
            }
            Proposed::AddUser { .. } | Proposed::ChangeUser { .. } | Proposed::LinkIdentity { .. } => Ok(Self::Nothing),
        }
    }

    /// Returns what is kept of it: the record of a bearer token, or of a link.
    fn kept(&self) -> (Option<BearerRecord>, Option<LinkRecord>) {
        match self {
            Self::Nothing => (None, None),
            Self::Token(awaited) => (Some(awaited.record.clone()), None),
            Self::Link(fresh) => (None, Some(fresh.record.clone())),
        }
    }

    /// Hands the code over, and says what the change has come to.
    async fn told(self, call: &Call<'_>, account: Uuid) -> Result<Confirmed, ApiError> {
        let mut confirmed = Confirmed { account, token: None, code: None, link: None, link_code: None, ends: None };
        if matches!(self, Self::Nothing) {
            return Ok(confirmed);
        }
        let owner = call.app.store.user(account).await?.ok_or(ApiError::NotFound("user"))?;
        match self {
            Self::Nothing => {}
            Self::Token(awaited) => {
                confirmed.token = Some(awaited.record.uuid);
                confirmed.ends = awaited.record.activation.as_ref().map(|activation| activation.ends);
                confirmed.code = handed_over(call, &owner, awaited).await?;
            }
            Self::Link(fresh) => {
                (confirmed.link, confirmed.ends) = (Some(fresh.record.uuid), Some(fresh.record.ends));
                confirmed.link_code = link_handed_over(call, &owner, fresh).await?;
            }
        }
        Ok(confirmed)
    }
}

/// Confirms what another administrator has proposed, and does it in the same transaction. Refuses what a proposer who is
/// disabled by now has left behind.
pub async fn confirm(call: &Call<'_>, proposal: Uuid) -> Result<Reply, ApiError> {
    let record = open(call, proposal).await?;
    if record.proposer == call.caller.uuid {
        return Err(ApiError::OwnProposal);
    }
    let proposer = call.app.store.user(record.proposer).await?.filter(|proposer| !proposer.disabled);
    let proposer = proposer.ok_or(ApiError::ProposalClosed)?;
    let proposed = proposed(&record)?;
    let account = record.account;
    let made = Made::of(call, account, &proposed)?;
    let deed = match &proposed {
        Proposed::AddUser { .. } => Deed::UserAdded,
        Proposed::ChangeUser { .. } => Deed::UserChanged,
        Proposed::AddToken { .. } => Deed::BearerAdded,
        Proposed::MakeLink { .. } => Deed::LinkMade,
        Proposed::LinkIdentity { .. } => Deed::IdentityLinked,
    };
    let entry = call.entry(deed).user(account).with("name", proposed.name()).with("proposal", proposal);
    let entry = entry.with("proposed_by", &proposer.name);
    let confirmed = call.entry(Deed::ChangeConfirmed).user(account).with("proposal", proposal);
    let (decider, now) = (call.caller.uuid, call.now);
    let (bearer, link) = made.kept();
    let (domains, holding) = (Arc::clone(&call.app.domains), disabling::holding(&call.app.templates));
    let job = async move |tx: &mut Tx| {
        if !tx.decide_proposal(proposal, decider, now, true).await? {
            return Err(ApiError::ProposalClosed);
        }
        tx.audit(&confirmed).await?;
        let dangling = || ApiError::Internal(Internal::Dangling("proposal"));
        match proposed {
            Proposed::AddUser { name, groups, upn, email, sid } => {
                let user = rules::local_user(account, name, groups, [upn, email, sid]);
                jobs::added(tx, &user, None, &domains, &entry).await?;
            }
            Proposed::ChangeUser { change, .. } => {
                let rules = disabling::Rules { domains: &domains, holding, now };
                return Ok(disabling::changed(tx, account, change, rules, entry).await?.1);
            }
            Proposed::AddToken { .. } => {
                let bearer = bearer.ok_or_else(dangling)?;
                jobs::bearer_added(tx, &bearer, &entry.with("token", bearer.uuid)).await?;
            }
            Proposed::MakeLink { .. } => {
                let link = link.ok_or_else(dangling)?;
                link::made(tx, &link, &entry.with("link", link.uuid)).await?;
            }
            Proposed::LinkIdentity { issuer, subject, .. } => {
                let identity = IdentityRecord { uuid: Uuid::now_v7(), owner: account, issuer, subject, unlinked: None };
                jobs::linked_anew(tx, &identity, entry).await?;
            }
        }
        Ok(Effects::default())
    };
    if call.app.store.write(move |tx| Box::pin(job(tx))).await?.outdate_list() {
        call.app.publication.outdate();
    }
    Reply::json(&made.told(call, account).await?)
}

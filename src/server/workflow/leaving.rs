//! A person leaves: all that the person has here is told, and ended in one job if it still is as it was told.

use super::closing::{closed_with, fits, open_about};
use super::disabling::{self, Rules, open_requests};
use super::effects::Effects;
use super::holders::{self, asked_profile, move_card, move_profile, move_profiles_on};
use super::people::stopped_with;
use super::withdraw::ended_along;
use crate::ca::RevocationReason;
use crate::cm::acts::{LeavingFate, LeavingItem, LeavingKind};
use crate::cm::holder_role::Role;
use crate::cm::lifecycle::{HolderEvent, Narrowing};
use crate::cm::profile::ProfileStatus;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::audit::deed::Deed;
use crate::server::error::ApiError;
use crate::server::users::jobs;
use crate::store::{
    AuditEntry, BearerRecord, CertificateRecord, CertificateScope, Holder, IdentityRecord, ProfileRecord,
    RequestRecord, RequestTerms, Revocation, SessionRecord, SmartcardRecord, Tx, UserRecord, UserSource,
};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::BTreeSet;
use time::OffsetDateTime;
use uuid::Uuid;

/// Counts the bytes of a digest that make a mark.
const MARK_BYTES: usize = 16;

/// Holds all that a person has here.
pub struct Holdings {
    pub user: UserRecord,
    cards: Vec<SmartcardRecord>,
    /// Those on no card.
    profiles: Vec<ProfileRecord>,
    certificates: Vec<CertificateRecord>,
    /// Those that are open, made by the person or for the person or about one of the cards.
    requests: Vec<RequestRecord>,
    bearers: Vec<BearerRecord>,
    sessions: Vec<SessionRecord>,
    identities: Vec<IdentityRecord>,
}

fn profile_lives(status: ProfileStatus) -> bool {
    matches!(status, ProfileStatus::New | ProfileStatus::Active | ProfileStatus::Suspended)
}

impl Holdings {
    /// Reads what a person has. Requests are read before the person and the person before cards, as everybody does.
    pub async fn of(tx: &mut Tx, user: Uuid, now: OffsetDateTime) -> Result<Self, ApiError> {
        for request in open_requests(tx, user).await? {
            tx.request(request.uuid).await?;
        }
        let user = tx.user(user).await?.ok_or(ApiError::NotFound("user"))?;
        let mut requests = open_requests(tx, user.uuid).await?;
        let mut known: BTreeSet<Uuid> = requests.iter().map(|request| request.uuid).collect();
        let mut cards = tx.smartcards_of(user.uuid).await?;
        cards.retain(|card| card.status != SmartcardStatus::Retired);
        let mut profiles = tx.profiles_of(user.uuid).await?;
        profiles.retain(|profile| profile.smartcard.is_none() && profile_lives(profile.status));
        let ending = cards.iter().map(|card| Holder::Smartcard(card.uuid));
        for holder in ending.chain(profiles.iter().map(|profile| Holder::Profile(profile.uuid))) {
            for request in open_about(tx, holder).await? {
                if known.insert(request.uuid) {
                    requests.push(request);
                }
            }
        }
        let mut certificates = tx.certificates(CertificateScope::User(user.uuid)).await?;
        let hold = RevocationReason::CertificateHold.number();
        certificates.retain(|it| {
            let ended = it.revocation.is_some_and(|revoked| revoked.at <= now && revoked.reason != hold);
            it.not_after > now && !ended
        });
        let mut bearers = tx.bearers_of(user.uuid).await?;
        bearers.retain(|bearer| bearer.revoked.is_none() && bearer.expires > now);
        let mut identities = tx.identities_of(user.uuid).await?;
        identities.retain(|identity| identity.unlinked.is_none());
        let sessions = tx.sessions_of(user.uuid).await?;
        Ok(Self { user, cards, profiles, certificates, requests, bearers, sessions, identities })
    }

    /// Says whether an open request ends with the person or with one of the cards.
    fn ends(&self, request: &RequestRecord) -> bool {
        let of_card = |card: &SmartcardRecord| {
            let about = [request.old_smartcard, request.new_smartcard].contains(&Some(card.uuid));
            // One that an unfinished request has brought is retired with that.
            let status = match card.status {
                SmartcardStatus::Assigned => SmartcardStatus::Retired,
                _ => SmartcardStatus::Disabled,
            };
            about && !fits(request, &SmartcardRecord { status, ..card.clone() })
        };
        let of_profile = |profile: &ProfileRecord| {
            let disabled = ProfileRecord { status: ProfileStatus::Disabled, ..profile.clone() };
            request.old_profile == Some(profile.uuid)
                && !asked_profile(&disabled).allows(request.request_type, &Narrowing::NONE)
        };
        let parties = [request.target, request.originator];
        (parties.contains(&self.user.uuid) && stopped_with(request, self.user.uuid))
            || self.cards.iter().any(of_card)
            || self.profiles.iter().any(of_profile)
    }

    /// Tells what becomes of everything.
    pub fn items(&self) -> Vec<LeavingItem> {
        use LeavingFate::{Closed, Disabled, Kept, Revoked};
        let item = |kind, fate, uuid, text: String| LeavingItem { kind, fate, uuid, text };
        let when = |ends: bool, fate| if ends { fate } else { Kept };
        let account = when(!self.user.disabled || self.user.source == UserSource::DirectoryDisabled, Disabled);
        let mut items = vec![item(LeavingKind::Account, account, self.user.uuid, self.user.name.clone())];
        items.extend(self.cards.iter().map(|card| {
            let lent = card.holder_role.role == Role::Temporary;
            let kind = if lent { LeavingKind::TemporaryCard } else { LeavingKind::Smartcard };
            item(kind, when(card.status.lives(), Revoked), card.uuid, card.status.to_string())
        }));
        items.extend(self.profiles.iter().map(|profile| {
            item(LeavingKind::Profile, Revoked, profile.uuid, SmartcardStatus::from(profile.status).to_string())
        }));
        items.extend(self.certificates.iter().map(|it| {
            item(LeavingKind::Certificate, Revoked, it.smartcard.unwrap_or(it.profile), hex::encode_upper(&it.serial))
        }));
        items.extend(self.requests.iter().map(|request| {
            let text = format!("{} {}", request.request_type, request.status);
            item(LeavingKind::Request, when(self.ends(request), Closed), request.uuid, text)
        }));
        items.extend(self.bearers.iter().map(|it| item(LeavingKind::Token, Revoked, it.uuid, it.label.clone())));
        items.extend(self.sessions.iter().map(|it| item(LeavingKind::Session, Closed, it.uuid, String::new())));
        items.extend(self.identities.iter().map(|it| item(LeavingKind::Identity, Kept, it.uuid, it.issuer.clone())));
        items
    }
}

/// Says whether nothing is left to be done.
pub fn is_done(items: &[LeavingItem]) -> bool {
    items.iter().all(|item| item.fate == LeavingFate::Kept)
}

/// Returns what stands for these items as somebody has seen them. Sessions come and go, and do not count.
pub fn mark(items: &[LeavingItem]) -> String {
    let counted: Vec<_> = items.iter().filter(|item| item.kind != LeavingKind::Session).collect();
    let whole = serde_json::to_vec(&counted).unwrap_or_default();
    digest(&SHA256, &whole).as_ref().iter().take(MARK_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Says who has a person leave, and by what.
pub struct Order {
    pub user: Uuid,
    /// The mark of what was seen.
    pub seen: String,
    pub originator: Uuid,
    pub comment: String,
}

/// Holds what a person had, and what became of certificates.
pub struct Left {
    pub user: UserRecord,
    pub items: Vec<LeavingItem>,
    pub effects: Effects,
    pub closed: Vec<Uuid>,
}

/// Ends all that a person has, if it is as it was seen; where nothing is left to be done, nothing changes. `act` begins the
/// log's entries.
pub async fn left(
    tx: &mut Tx,
    order: Order,
    rules: Rules<'_>,
    act: impl Fn(Deed) -> AuditEntry,
) -> Result<Left, ApiError> {
    let now = rules.now;
    let holdings = Holdings::of(tx, order.user, now).await?;
    let items = holdings.items();
    let mut left = Left { user: holdings.user.clone(), items, effects: Effects::default(), closed: Vec::new() };
    if is_done(&left.items) {
        return Ok(left);
    }
    if mark(&left.items) != order.seen {
        return Err(ApiError::LeavingChanged(holdings.user.name));
    }
    let entry = act(Deed::UserChanged).user(order.user).with("name", &holdings.user.name);
    // Whom a directory has disabled it could have come in again.
    let source = |source| if source == UserSource::DirectoryDisabled { UserSource::Directory } else { source };
    let disables = |user: UserRecord| UserRecord { disabled: true, source: source(user.source), ..user };
    let (_, effects) = disabling::changed_by(tx, order.user, true, disables, rules, entry).await?;
    let mut revoked = effects.revoked;
    for request in holdings.requests.iter().filter(|request| holdings.ends(request)) {
        left.closed.push(request.uuid);
        if let Some((request, effects)) = ended_along(tx, request.uuid, now).await? {
            let entry = act(Deed::RequestWithdrawn).on(&request).with("type", request.request_type);
            tx.audit(&effects.added_to(entry.with("left", &holdings.user.name))).await?;
            let closed = closed_with(tx, &request, &act(Deed::RequestWithdrawn), now).await?;
            revoked += effects.revoked + closed.revoked;
            left.closed.extend(closed.requests.iter().map(|request| request.uuid));
        }
    }
    holders_ended(tx, &holdings, &order, &act, now).await?;
    let revocation = Revocation { at: now, reason: RevocationReason::AffiliationChanged.number() };
    revoked += tx.revoke_certificates(CertificateScope::User(order.user), revocation).await?;
    for bearer in &holdings.bearers {
        let entry = act(Deed::BearerRevoked).user(order.user).with("token", bearer.uuid);
        jobs::bearer_revoked(tx, bearer.uuid, now, &entry).await?;
    }
    tx.remove_sessions_of(order.user).await?;
    tx.end_visits_of(order.user).await?;
    left.effects = Effects { revoked, publish: true, ..Effects::default() };
    let entry = act(Deed::PersonLeft).user(order.user).with("name", &holdings.user.name);
    let entry = left.effects.added_to(entry.with("cards", holdings.cards.len()).with("seen", &order.seen));
    tx.audit(&entry).await?;
    Ok(left)
}

/// Ends the cards and profiles, each by a request of its own, which its history tells of.
async fn holders_ended(
    tx: &mut Tx,
    holdings: &Holdings,
    order: &Order,
    act: &impl Fn(Deed) -> AuditEntry,
    now: OffsetDateTime,
) -> Result<(), ApiError> {
    let mut ended = Vec::new();
    for card in &holdings.cards {
        // One that an unfinished enrollment has brought has ended with that.
        let card = holders::smartcard(tx, card.uuid).await?;
        if card.status.lives() {
            let card = move_card(tx, card, HolderEvent::Disable, &Narrowing::NONE).await?;
            move_profiles_on(tx, card.uuid, HolderEvent::Disable).await?;
            ended.push(((card.profile_template, card.template_version), Some(card.uuid), None));
        }
    }
    for profile in &holdings.profiles {
        let Some(profile) = tx.profile(profile.uuid).await?.filter(|profile| profile_lives(profile.status)) else {
            continue;
        };
        ended.push(((profile.profile_template, profile.template_version), None, Some(profile.uuid)));
        move_profile(tx, profile, HolderEvent::Disable, &Narrowing::NONE).await?;
    }
    for ((profile_template, template_version), card, profile) in ended {
        let request = RequestRecord {
            uuid: Uuid::now_v7(),
            request_type: RequestType::Revoke,
            status: RequestStatus::Completed,
            originator: order.originator,
            target: order.user,
            profile_template,
            template_version,
            priority: 0,
            comment: order.comment.clone(),
            data: Vec::new(),
            old_profile: profile,
            new_profile: profile,
            old_smartcard: card,
            new_smartcard: card,
            submitted: now,
            completed: Some(now),
            is_smartcard: card.is_some(),
            is_enrollment_agent: false,
            terms: RequestTerms {
                revocation_reason: Some(RevocationReason::AffiliationChanged.number()),
                ..RequestTerms::default()
            },
        };
        tx.insert_request(&request).await?;
        let entry = |deed: Deed| act(deed).on(&request).with("type", request.request_type);
        tx.audit(&entry(Deed::RequestCreated).with("status", request.status)).await?;
        tx.audit(&entry(Deed::RequestCompleted).with("left", &holdings.user.name)).await?;
    }
    Ok(())
}

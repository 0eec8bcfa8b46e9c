//! Says which notices an act of the log makes.

use super::draft::Draft;
use super::people::Concerned;
use super::teller::Teller;
use crate::cm::request::{RequestStatus, RequestType};
use crate::server::audit::deed::Deed;
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::store::{self, RequestRecord, SmartcardRecord};
use serde::Deserialize;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use uuid::Uuid;

/// Holds what the log says of an act, as far as it is told.
#[derive(Debug, Deserialize)]
pub struct Act {
    at: String,
    act: String,
    actor: Option<Uuid>,
    #[serde(default)]
    actor_name: String,
    request: Option<Uuid>,
    smartcard: Option<Uuid>,
    #[serde(default)]
    evidence: BTreeMap<String, String>,
}

impl Act {
    /// Reads an act of the log; `None` where it is one of a kind that nobody is told of.
    pub fn read(record: &str) -> Option<Self> {
        let told = [
            Deed::RequestCreated,
            Deed::RequestApproved,
            Deed::RequestDenied,
            Deed::RequestCompleted,
            Deed::RequestWithdrawn,
            Deed::RequestExpired,
            Deed::CardRetired,
            Deed::OfflineUnblockAnswered,
        ];
        let act: Self = serde_json::from_str(record).ok()?;
        told.iter().any(|deed| deed.name() == act.act).then_some(act)
    }

    /// Returns when it was done.
    pub fn at(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::parse(&self.at, &Rfc3339).ok()
    }

    fn is(&self, deed: Deed) -> bool {
        self.act == deed.name()
    }

    /// Says that the request was not pending any more when it was done.
    fn lets_go(&self) -> bool {
        self.evidence.get("status").is_some_and(|status| *status == RequestStatus::Approved.to_string())
    }

    /// Says that nobody has withdrawn the request itself: it was closed along with something else.
    fn closes_along(&self) -> bool {
        self.is(Deed::RequestWithdrawn) && ALONG.iter().any(|name| self.evidence.contains_key(*name))
    }
}

/// Names the evidence of requests that were closed along with a card or another request, and with people.
const ALONG: [&str; 4] = ["ended_with", "lost", "disabled", "left"];

/// Writes a time as people read it.
pub fn told_time(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    at.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_default()
}

impl Teller {
    /// Lists what is told of an act.
    pub async fn drafts(&self, act: &Act) -> Result<Vec<Draft>, store::Error> {
        let Some(request) = act.request else { return Ok(Vec::new()) };
        let Some(request) = self.store.request(request).await? else { return Ok(Vec::new()) };
        let mut drafts = Vec::new();
        let kinds: &[NoticeKind] = if act.is(Deed::RequestCreated) {
            match request.status {
                RequestStatus::Pending => &[NoticeKind::RequestWaits],
                // One that was approved since is told of by the act that approved it.
                RequestStatus::Approved if act.lets_go() && request.originator != request.target => {
                    &[NoticeKind::RequestReady]
                }
                _ => &[],
            }
        } else if act.is(Deed::RequestApproved) && act.lets_go() {
            &[NoticeKind::RequestApproved, NoticeKind::RequestReady]
        } else if act.is(Deed::RequestDenied) {
            &[NoticeKind::RequestDenied]
        } else if act.is(Deed::RequestExpired) {
            &[NoticeKind::RequestExpired]
        } else if act.closes_along() {
            &[NoticeKind::RequestClosed]
        } else {
            &[]
        };
        for kind in kinds {
            let draft = self.of_request(*kind, &request, act).await?;
            drafts.push(draft);
        }
        // Whoever has asked for himself is told once of an approval.
        if let [approved, ready] = drafts.as_mut_slice() {
            approved.readers.retain(|reader| !ready.readers.contains(reader));
        }
        if let Some(kind) = of_card(act, &request) {
            drafts.extend(self.of_card(kind, &request, act).await?);
        }
        Ok(drafts)
    }

    /// Tells of a request.
    async fn of_request(&self, kind: NoticeKind, request: &RequestRecord, act: &Act) -> Result<Draft, store::Error> {
        let template = self.templates.get(request.profile_template);
        let decisions = self.store.approvals(request.uuid).await?;
        let why = decisions.iter().find(|decision| Some(decision.approver) == act.actor && !decision.approved);
        let mut draft = Draft::new(kind, Some(request.uuid))
            .with("request", request.uuid)
            .with("type", request.request_type)
            .with("template", template.map(|template| template.name.as_str()).unwrap_or_default())
            .with("requester", self.name(request.originator).await?)
            .with("holder", self.name(request.target).await?);
        if kind.facts().contains(&"by") {
            let by = Some(act.actor_name.as_str()).filter(|name| !name.is_empty());
            draft = draft.with("by", by.unwrap_or("-"));
        }
        if kind.facts().contains(&"submitted") {
            draft = draft.with("submitted", told_time(request.submitted));
        }
        if kind.facts().contains(&"why") {
            let why = why.map(|decision| decision.comment.as_str()).filter(|comment| !comment.trim().is_empty());
            draft = draft.with("why", why.unwrap_or("-"));
        }
        draft.readers = self.readers(kind, Concerned { request: Some(request), holder: None }).await?;
        Ok(draft)
    }

    /// Tells of a card, if the act names one that is known.
    async fn of_card(
        &self,
        kind: NoticeKind,
        request: &RequestRecord,
        act: &Act,
    ) -> Result<Option<Draft>, store::Error> {
        let card = match act.smartcard.or(request.old_smartcard) {
            Some(card) => self.store.smartcard(card).await?,
            None => None,
        };
        let Some(card) = card else { return Ok(None) };
        let template = self.templates.get(card.profile_template);
        let mut draft = Draft::new(kind, Some(request.uuid))
            .with("card", self.card_name(&card).await?)
            .with("template", template.map(|template| template.name.as_str()).unwrap_or_default())
            .with("by", &act.actor_name)
            .with("at", act.at().map(told_time).unwrap_or_default());
        let concerned = Concerned { request: Some(request), holder: Some(card.assigned_user) };
        draft.readers = self.readers(kind, concerned).await?;
        Ok(Some(draft))
    }

    /// Returns the name of a person, empty where there is none.
    pub async fn name(&self, user: Uuid) -> Result<String, store::Error> {
        Ok(self.store.user(user).await?.map(|user| user.name).unwrap_or_default())
    }

    /// Returns what people call a card: what is printed on it, else its id.
    pub async fn card_name(&self, card: &SmartcardRecord) -> Result<String, store::Error> {
        let stock = self.store.stock_card(card.card_id).await?;
        let printed = stock.map(|stock| stock.serial).filter(|serial| !serial.is_empty());
        Ok(printed.unwrap_or_else(|| card.uuid.to_string()))
    }
}

/// Says what an act has made of a card, if its holder is told of that.
fn of_card(act: &Act, request: &RequestRecord) -> Option<NoticeKind> {
    if act.is(Deed::OfflineUnblockAnswered) {
        return Some(NoticeKind::CardUnblocked);
    }
    if act.is(Deed::CardRetired) {
        return request.terms.loss_reason.as_ref().map(|_| NoticeKind::CardLost);
    }
    if !act.is(Deed::RequestCompleted) {
        return None;
    }
    match request.request_type {
        RequestType::Reinstate => request.terms.suspends.map(|suspends| match (suspends, &request.terms.loss_reason) {
            (true, Some(_)) => NoticeKind::CardLost,
            (true, None) => NoticeKind::CardSuspended,
            (false, _) => NoticeKind::CardRestored,
        }),
        RequestType::Unblock => Some(NoticeKind::CardUnblocked),
        RequestType::Revoke => request.terms.loss_reason.as_ref().map(|_| NoticeKind::CardLost),
        RequestType::Enroll
        | RequestType::Duplicate
        | RequestType::OfflineUnblock
        | RequestType::OnlineUpdate
        | RequestType::Renew
        | RequestType::Recover
        | RequestType::RecoverOnBehalf
        | RequestType::Retire
        | RequestType::TemporaryCards
        | RequestType::Other(_) => None,
    }
}

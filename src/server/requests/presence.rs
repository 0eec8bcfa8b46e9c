//! Says whether a card has shown, for a request, that it is there, and refuses what waits for that.

use crate::server::call::Call;
use crate::server::error::{ApiError, Internal};
use crate::server::keys::presence::is_shown;
use crate::store::{AuditEntry, RequestRecord, SmartcardRecord};
use crate::template::ProfileTemplate;

/// Says whether the request has brought its card.
pub fn brings(request: &RequestRecord) -> bool {
    request.new_smartcard != request.old_smartcard
}

/// Says whether what is done waits for the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    Open,
    Presence,
}

impl Guard {
    /// Returns [`Guard::Presence`] if it does.
    pub fn of(waits: bool) -> Self {
        if waits { Self::Presence } else { Self::Open }
    }
}

/// Says what is known of a card's presence for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Shown,
    Missing,
    /// By the template, or because a token without an answer to reset has no protocol for it.
    NotDemanded,
}

impl Presence {
    /// Finds out whether the card has shown, for this request, that it is there.
    pub async fn of(
        call: &Call<'_>,
        request: &RequestRecord,
        card: &SmartcardRecord,
        template: &ProfileTemplate,
    ) -> Result<Self, ApiError> {
        if !template.presence || card.atr.is_empty() {
            return Ok(Self::NotDemanded);
        }
        let Some(kept) = call.app.store.presence(request.uuid, card.uuid).await? else { return Ok(Self::Missing) };
        let shown = is_shown(&call.app.master_keys, &kept, card, brings(request));
        let shown = shown.map_err(|error| ApiError::Internal(Internal::Key(error)))?;
        Ok(if shown { Self::Shown } else { Self::Missing })
    }

    /// Refuses where the card must be there and was not shown to be; else notes in the log what was known of it.
    pub fn admits(self, guard: Guard, entry: AuditEntry) -> Result<AuditEntry, ApiError> {
        match (guard, self) {
            (Guard::Open, _) => Ok(entry),
            (Guard::Presence, Self::Shown) => Ok(entry.with("presence", "shown")),
            (Guard::Presence, Self::NotDemanded) => Ok(entry.with("presence", "not-demanded")),
            (Guard::Presence, Self::Missing) => Err(ApiError::PresenceNeeded),
        }
    }
}

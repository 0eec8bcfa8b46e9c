//! Reads what a template says of the lives of cards and profiles: forbidden transitions, limits, loss reasons, what
//! becomes of old certificates.

use super::located::{Misplaced, Source, parsed};
use super::raw::{RawRevocation, RawWorkflow};
use super::raw_policy::{RawLifecycle, RawLimits, RawLossReason, RawRevocationOptions};
use super::words;
use crate::ca::RevocationReason;
use crate::cm::acts::LOST;
use crate::cm::check::MAX_DELAY_HOURS;
use crate::cm::lifecycle::Narrowing;
use crate::cm::request::RequestType;
use time::Duration;
use toml::Spanned;

/// Bounds the loss reasons of a template.
const MAX_LOSS_REASONS: usize = 32;
/// Bounds how many days a request stays open.
const MAX_REQUEST_DAYS: u32 = 3650;
/// Sets how long a request stays open where the template does not say, or is gone.
pub const DEFAULT_REQUEST_TIME: Duration = Duration::days(90);
/// Bounds how many days before its end a certificate may be renewed.
const MAX_WINDOW_DAYS: u32 = 3650;
/// Bounds how many days after its certificate an old key counts.
const MAX_GRACE_DAYS: u32 = 365;
/// Bounds the life of a temporary card, in hours: 90 days.
const MAX_LIFETIME_HOURS: u32 = 90 * 24;
/// Sets the life of a temporary card where the template does not say.
const DEFAULT_LIFETIME: Duration = Duration::days(1);

/// Limits how much of this template one person may have at a time; `None`: any number.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Cards that are assigned, active or suspended; temporary ones do not count.
    pub cards: Option<usize>,
    /// Profiles that are new, active or suspended; those on temporary cards do not count.
    pub profiles: Option<usize>,
    pub temporary_cards: Option<usize>,
    /// Requests that are pending, approved or being carried out.
    pub open_requests: Option<usize>,
}

impl From<RawLimits> for Limits {
    fn from(raw: RawLimits) -> Self {
        let limit = |number: u32| usize::try_from(number).ok().filter(|number| *number > 0);
        Self {
            cards: limit(raw.cards),
            profiles: limit(raw.profiles),
            temporary_cards: limit(raw.temporary_cards),
            open_requests: limit(raw.open_requests),
        }
    }
}

/// Names a reason why a card or key is missing, and says what follows from it.
#[derive(Clone, Debug)]
pub struct LossReason {
    pub name: String,
    /// Whether the certificates are revoked, whatever the workflow says.
    pub revoke: bool,
    pub reason: RevocationReason,
    /// Whether the card or profile may be replaced for this reason.
    pub recover: bool,
}

/// Says what becomes of the certificates that a workflow replaces or ends (RevocationOptions).
#[derive(Clone, Copy, Debug)]
pub struct RevocationOptions {
    pub revoke_old: bool,
    pub reason: RevocationReason,
    /// The time from completion to revocation; at a renewal the old certificates stay valid that long beside the new.
    pub delay: Duration,
    pub allow_specify_reason: bool,
    pub allow_specify_delay: bool,
    pub disable_old: bool,
    /// Whether a new complete list is made at once, and not only when the present one grows old.
    pub publish_base: bool,
    /// Whether a new delta list is.
    pub publish_delta: bool,
}

/// Says how one card or profile gives way to the next.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    /// Of Renew: the new certificates go onto the same card.
    pub reuse_card: bool,
    /// Of Renew and OnlineUpdate: how long before the certificate expires the request may be made; `None`: at any time.
    pub window: Option<Duration>,
    /// Of TemporaryCards: how long after its assignment the card ends.
    pub lifetime: Duration,
    /// Of Renew, OnlineUpdate and Recover: certificates are issued only after the old key was shown, or with a proven
    /// attestation of the new one, or after an approval.
    pub possession: bool,
    /// How long after its certificate has expired an old key still counts.
    pub grace: Duration,
}

/// Reads `[lifecycle]`.
pub fn narrowing(source: &Source<'_>, raw: &RawLifecycle) -> Result<Narrowing, Misplaced> {
    let mut narrowing = Narrowing::default();
    for text in &raw.forbid {
        parsed(source, text, |text| narrowing.forbid(text))?;
    }
    Ok(narrowing)
}

/// Reads `request_days` of `[lifecycle]`: how long a request stays open with which nobody goes on; `None`: for ever.
pub fn request_time(source: &Source<'_>, raw: &RawLifecycle) -> Result<Option<Duration>, Misplaced> {
    match &raw.request_days {
        Some(days) if *days.get_ref() > MAX_REQUEST_DAYS => {
            Err(source.wrong(days, format!("at most {MAX_REQUEST_DAYS} days")))
        }
        Some(days) => Ok(Some(*days.get_ref()).filter(|days| *days > 0).map(|days| Duration::days(i64::from(days)))),
        None => Ok(Some(DEFAULT_REQUEST_TIME)),
    }
}

/// Reads `[[loss_reasons]]`. What is lost can be named whatever the template says: where it says nothing of it, the
/// certificates are revoked as compromised.
pub fn loss_reasons(source: &Source<'_>, raw: &[Spanned<RawLossReason>]) -> Result<Vec<LossReason>, Misplaced> {
    let mut reasons: Vec<LossReason> = Vec::new();
    for entry in raw {
        let RawLossReason { name, revoke, reason, recover } = entry.get_ref();
        let text = name.get_ref().trim();
        if text.is_empty() || reasons.iter().any(|known| known.name.eq_ignore_ascii_case(text)) {
            return Err(source.wrong(name, "each loss reason has a name of its own"));
        }
        if reasons.len() == MAX_LOSS_REASONS {
            return Err(source.wrong(name, format!("at most {MAX_LOSS_REASONS} loss reasons are taken")));
        }
        let reason = match reason {
            Some(reason) if !revoke => {
                return Err(source.wrong(reason, "what does not revoke needs no reason for it"));
            }
            Some(reason) => parsed(source, reason, revocation_reason)?,
            None => RevocationReason::Unspecified,
        };
        reasons.push(LossReason { name: text.to_owned(), revoke: *revoke, reason, recover: *recover });
    }
    if !reasons.iter().any(|known| known.name.eq_ignore_ascii_case(LOST)) {
        let reason = RevocationReason::KeyCompromise;
        reasons.push(LossReason { name: LOST.into(), revoke: true, reason, recover: true });
    }
    Ok(reasons)
}

/// Reads `[workflows.*.revocation]`, with the defaults of each request type; `older` is the template's `[revocation]`.
pub fn revocation_options(
    source: &Source<'_>,
    request_type: RequestType,
    workflow: &RawWorkflow,
    older: &RawRevocation,
) -> Result<RevocationOptions, Misplaced> {
    let nothing = RawRevocationOptions::default();
    let raw = match &workflow.revocation {
        Some(table) if !request_type.ends_certificates() => {
            return Err(source.wrong(table, format!("{request_type} leaves the certificates there are as they are")));
        }
        Some(table) => table.get_ref(),
        None => &nothing,
    };
    let (revokes, reason) = match request_type {
        RequestType::Renew => (older.renew_revokes_old, RevocationReason::Superseded),
        RequestType::OnlineUpdate => (false, RevocationReason::Superseded),
        RequestType::Recover => (true, RevocationReason::Superseded),
        RequestType::Retire => (true, retire_reason(source, older)?),
        _ => (true, RevocationReason::Unspecified),
    };
    let delay = match &raw.delay_hours {
        Some(hours) if usize::try_from(*hours.get_ref()).is_ok_and(|hours| hours > MAX_DELAY_HOURS) => {
            return Err(source.wrong(hours, format!("at most {MAX_DELAY_HOURS} hours")));
        }
        Some(hours) => Duration::hours(i64::from(*hours.get_ref())),
        None => Duration::ZERO,
    };
    let options = RevocationOptions {
        revoke_old: raw.revoke_old.unwrap_or(revokes),
        reason: match &raw.reason {
            Some(text) => parsed(source, text, revocation_reason)?,
            None => reason,
        },
        delay,
        allow_specify_reason: raw.allow_specify_reason,
        allow_specify_delay: raw.allow_specify_delay,
        disable_old: raw.disable_old.unwrap_or(request_type == RequestType::Recover),
        publish_base: raw.publish_base.unwrap_or(true),
        publish_delta: raw.publish_delta.unwrap_or(true),
    };
    match &workflow.revocation {
        Some(table) if request_type == RequestType::Revoke && !options.revoke_old => {
            Err(source.wrong(table, "Revoke that revokes nothing is Reinstate's suspension: offer that"))
        }
        _ => Ok(options),
    }
}

/// Reads the reason of Retire in `[revocation]`; cessationOfOperation where none is written.
fn retire_reason(source: &Source<'_>, older: &RawRevocation) -> Result<RevocationReason, Misplaced> {
    match &older.retire_reason {
        Some(reason) => parsed(source, reason, revocation_reason),
        None => Ok(RevocationReason::CessationOfOperation),
    }
}

/// Reads the keys that only some request types have: `reuse_card`, `window_days`, `lifetime_hours`, `possession`,
/// `grace_days`.
pub fn passage(source: &Source<'_>, request_type: RequestType, workflow: &RawWorkflow) -> Result<Passage, Misplaced> {
    let RawWorkflow { reuse_card, window_days, lifetime_hours, .. } = workflow;
    let (possession, grace) = old_key(source, request_type, workflow)?;
    if let Some(reuse) = reuse_card.as_ref().filter(|_| request_type != RequestType::Renew) {
        return Err(source.wrong(reuse, "only a renewal may keep the card"));
    }
    let renews = matches!(request_type, RequestType::Renew | RequestType::OnlineUpdate);
    let window = match window_days {
        Some(days) if !renews => return Err(source.wrong(days, "only Renew and OnlineUpdate have a window")),
        Some(days) if *days.get_ref() > MAX_WINDOW_DAYS => {
            return Err(source.wrong(days, format!("at most {MAX_WINDOW_DAYS} days")));
        }
        Some(days) => Some(*days.get_ref()).filter(|days| *days > 0).map(|days| Duration::days(i64::from(days))),
        None => None,
    };
    let lifetime = match lifetime_hours {
        Some(hours) if request_type != RequestType::TemporaryCards => {
            return Err(source.wrong(hours, "only temporary cards end by themselves"));
        }
        Some(hours) if !(1..=MAX_LIFETIME_HOURS).contains(hours.get_ref()) => {
            return Err(source.wrong(hours, format!("between 1 and {MAX_LIFETIME_HOURS} hours")));
        }
        Some(hours) => Duration::hours(i64::from(*hours.get_ref())),
        None => DEFAULT_LIFETIME,
    };
    let reuse_card = reuse_card.as_ref().is_none_or(|reuse| *reuse.get_ref());
    Ok(Passage { reuse_card, window, lifetime, possession, grace })
}

/// Reads `possession` and `grace_days`: whether the old key must be shown, and how long it counts after its certificate.
fn old_key(
    source: &Source<'_>,
    request_type: RequestType,
    workflow: &RawWorkflow,
) -> Result<(bool, Duration), Misplaced> {
    let RawWorkflow { possession, grace_days, .. } = workflow;
    let shows = request_type.shows_old_key();
    let nothing_old = "only Renew, OnlineUpdate and Recover have an old key";
    let possession = match possession {
        Some(word) if !shows => return Err(source.wrong(word, nothing_old)),
        Some(word) => parsed(source, word, words::possession)?,
        None => shows,
    };
    let grace = match grace_days {
        Some(days) if !shows => return Err(source.wrong(days, nothing_old)),
        Some(days) if *days.get_ref() > MAX_GRACE_DAYS => {
            return Err(source.wrong(days, format!("at most {MAX_GRACE_DAYS} days")));
        }
        Some(days) => Duration::days(i64::from(*days.get_ref())),
        None => Duration::ZERO,
    };
    Ok((possession, grace))
}

/// Reads a reason by its name in RFC 5280, 5.3.1; refuses certificateHold and those that only a CA may give.
pub fn revocation_reason(text: &str) -> Result<RevocationReason, &'static str> {
    use RevocationReason::*;
    let named = [Unspecified, KeyCompromise, AffiliationChanged, Superseded, CessationOfOperation, PrivilegeWithdrawn];
    let found = named.into_iter().find(|reason| reason.name() == text);
    found.ok_or("this is not a reason of RFC 5280, 5.3.1, that a template may name")
}

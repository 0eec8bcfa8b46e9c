//! The words of pages for what the API names: each state with what it means for whoever looks.

use crate::cm::found::Happening;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::pages::states::{Tone, state};
use crate::pages::texts::Texts;
use maud::Markup;

/// Says what the state of a request means, and names its text.
fn request_words(status: RequestStatus) -> Option<(Tone, &'static str)> {
    Some(match status {
        RequestStatus::Pending => (Tone::Waiting, "request-pending"),
        RequestStatus::Approved => (Tone::Waiting, "request-approved"),
        RequestStatus::Executing => (Tone::Waiting, "request-executing"),
        RequestStatus::Completed => (Tone::Good, "request-completed"),
        RequestStatus::Denied => (Tone::Bad, "request-denied"),
        RequestStatus::Failed => (Tone::Bad, "request-failed"),
        RequestStatus::Canceled => (Tone::Ended, "request-canceled"),
        RequestStatus::None | RequestStatus::Other(_) => return None,
    })
}

/// Writes the state of a request.
pub fn request_status(texts: Texts<'_>, status: RequestStatus) -> Markup {
    let tone = request_words(status).map_or(Tone::Plain, |(tone, _)| tone);
    state(tone, &request_status_text(texts, status))
}

/// Returns the state of a request in words.
pub fn request_status_text(texts: Texts<'_>, status: RequestStatus) -> String {
    request_words(status).map_or_else(|| status.to_string(), |(_, id)| texts.t(id))
}

/// Says what the state of a card means, and puts it in words.
pub fn card_status_words(texts: Texts<'_>, status: SmartcardStatus) -> (Tone, String) {
    let (tone, id) = match status {
        SmartcardStatus::New => (Tone::Plain, "card-new"),
        SmartcardStatus::Assigned => (Tone::Waiting, "card-assigned"),
        SmartcardStatus::Active => (Tone::Good, "card-active"),
        SmartcardStatus::Suspended => (Tone::Bad, "card-suspended"),
        SmartcardStatus::Disabled => (Tone::Ended, "card-disabled"),
        SmartcardStatus::Retired => (Tone::Ended, "card-retired"),
        SmartcardStatus::Other(_) => return (Tone::Plain, status.to_string()),
    };
    (tone, texts.t(id))
}

/// Writes the state of a card.
pub fn card_status(texts: Texts<'_>, status: SmartcardStatus) -> Markup {
    let (tone, words) = card_status_words(texts, status);
    state(tone, &words)
}

/// Returns the state of a card in words, of its name; the name itself where it is not known.
pub fn card_status_named(texts: Texts<'_>, name: &str) -> String {
    let known = SmartcardStatus::ALL.iter().find(|status| status.to_string() == name);
    known.map_or_else(|| name.to_owned(), |status| card_status_words(texts, *status).1)
}

/// Returns a request's type and state in words, of their names with a blank between them.
pub fn request_named(texts: Texts<'_>, names: &str) -> String {
    let (type_name, status_name) = names.split_once(' ').unwrap_or((names, ""));
    let type_known = RequestType::ALL.iter().find(|it| it.to_string() == type_name);
    let what = type_known.map_or_else(|| type_name.to_owned(), |it| request_type(texts, *it));
    let status = RequestStatus::ALL.iter().find(|it| it.to_string() == status_name);
    let status = status.map_or_else(|| status_name.to_owned(), |it| request_status_text(texts, *it));
    format!("{what}: {status}")
}

/// Returns a reason of RFC 5280 (5.3.1) in words; the name itself where it is not known.
pub fn reason(texts: Texts<'_>, name: &str) -> String {
    texts.find(&format!("reason-{}", name.to_lowercase()), &[]).unwrap_or_else(|| name.to_owned())
}

/// Returns why a card is missing in words; the template's own word where it is none that everybody has.
pub fn loss(texts: Texts<'_>, name: &str) -> String {
    texts.find(&format!("loss-{}", name.to_lowercase()), &[]).unwrap_or_else(|| crate::pages::texts::visible(name))
}

/// Says whether somebody has typed a name that is meant; its case does not count.
pub fn is_same_name(typed: &str, name: &str) -> bool {
    !name.is_empty() && typed.to_lowercase() == name.trim().to_lowercase()
}

/// Writes whether an account is enabled.
pub fn enabled(texts: Texts<'_>, disabled: bool) -> Markup {
    match disabled {
        false => state(Tone::Good, &texts.t("account-enabled")),
        true => state(Tone::Ended, &texts.t("account-disabled")),
    }
}

/// Returns what a request asks for.
pub fn request_type(texts: Texts<'_>, request_type: RequestType) -> String {
    let id = match request_type {
        RequestType::Enroll => "type-enroll",
        RequestType::Duplicate => "type-duplicate",
        RequestType::OfflineUnblock => "type-offline-unblock",
        RequestType::OnlineUpdate => "type-online-update",
        RequestType::Renew => "type-renew",
        RequestType::Recover => "type-recover",
        RequestType::RecoverOnBehalf => "type-recover-on-behalf",
        RequestType::Reinstate => "type-reinstate",
        RequestType::Retire => "type-retire",
        RequestType::Revoke => "type-revoke",
        RequestType::TemporaryCards => "type-temporary",
        RequestType::Unblock => "type-unblock",
        RequestType::Other(_) => return request_type.to_string(),
    };
    texts.t(id)
}

/// Returns what happened.
pub fn happening(texts: Texts<'_>, what: Happening) -> String {
    texts.t(match what {
        Happening::Requested => "happened-requested",
        Happening::Approved => "happened-approved",
        Happening::Denied => "happened-denied",
        Happening::Completed => "happened-completed",
        Happening::Canceled => "happened-canceled",
        Happening::Failed => "happened-failed",
        Happening::Issued => "happened-issued",
        Happening::Revoked => "happened-revoked",
        Happening::Other => "happened-other",
    })
}

/// Returns a user or group of a policy, which spells them `user:NAME` and `group:NAME`.
pub fn principal(texts: Texts<'_>, principal: &str) -> String {
    match principal.split_once(':') {
        Some(("group", name)) => texts.with("principal-group", &[("name", name.into())]),
        Some(("user", name)) => name.to_owned(),
        _ => principal.to_owned(),
    }
}

//! Prints the driver's events while it works, and its outcome.

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Spinner, Text, date, in_words};
use crate::cli::review::{self, may_approve, next};
use crate::client::CmClient;
use crate::cm::request::RequestStatus;
use crate::enrollment::{Event, Installed, OldKey, Outcome};
use crate::pkix::Certificate;
use crate::secret::Pin;
use crate::token::KeyId;
use serde_json::{Value, json};

/// Holds a PIN that was set and that the server proposed.
pub struct Proposed {
    pub pin: Pin,
    /// Whether it was printed on standard error already.
    pub is_shown: bool,
}

/// Prints one event; making a key, which may take long, shows a spinner until the next event.
pub fn watch(event: &Event, spinner: &mut Option<Spinner>, output: &Output) {
    *spinner = None;
    match event {
        Event::Generating { algorithm } => {
            *spinner = Some(output.spinner(&format!("making a {} key on the token …", algorithm.name())));
        }
        Event::Resumed { request: Some(request) } => output.tell(&format!("going on with request {request}")),
        Event::RequestMade { request } => output.tell(&format!("request {request} was made")),
        Event::TokenNamed { card_id } => {
            output.tell(&format!("the token's serial names no single token; it keeps card id {card_id} from now on"));
        }
        Event::AdminKeyChanged => output.tell("the token has its own admin key now"),
        Event::AdminKeyKept => output.tell("the token keeps the admin key it has"),
        Event::AdminKeyReturned => output.tell("the token has the default admin key again"),
        Event::PukChanged => output.tell("the card has its own PUK now; the server keeps it"),
        Event::PukKept => output.tell("the card keeps the PUK it has"),
        Event::PukLocked => output.tell("the card's PUK is locked; the card goes on without one"),
        Event::PukReturned => output.tell("the card has the PUK again that it came with"),
        Event::TokenReset => output.tell("the card is as it came from the factory"),
        Event::ResetNotOffered => output.tell("the card cannot be reset; only what was made is taken off"),
        Event::KeyLeft { key } => output.tell(&format!("key {} stays on the card, unused", hex::encode(&key.0))),
        Event::OddLeft { key, odd } => {
            let id = hex::encode(&key.0);
            output.tell(&format!("what is under {id} was not made here, as far as can be told, and stays: {odd}"));
        }
        Event::UnclearLeft { key, odd } => output.tell(&format!(
            "what is under {} stays, as nothing tells whether it belongs to this card's record: {odd}",
            hex::encode(&key.0)
        )),
        Event::KeyReceived { name } => output.tell(&format!("the private key of {name} was written")),
        Event::KeyBrought { key, name } => {
            output.tell(&format!("the private key of {name} is on the token, under {}", hex::encode(&key.0)));
        }
        Event::OldKeyShown => output.tell("the card has shown its old key"),
        Event::OldKeyMissing => output.tell(
            "the old key cannot be shown: it is not on the card, or its certificate counts no more; an approver must \
             approve the request instead",
        ),
        Event::PresenceShown => output.tell("the card has shown the server that it is there"),
        Event::PresenceMissing => output.tell(
            "the card cannot show the server that it is there: it does not have the admin key that the server has for it, \
             or offers no mutual authentication; the server tells none of its secrets",
        ),
        Event::PinSet => output.tell("the PIN is set"),
        Event::KeyMade { .. } => output.tell("the key is made"),
        Event::KeyFound { .. } => output.tell("the key was on the token already"),
        Event::CertificateWritten { .. } => output.tell("the certificate is on the token"),
        Event::AuthoritiesWritten { count } => output.tell(&format!("authorities' certificates added: {count}")),
        Event::AuthoritiesLeft { reason } => {
            output.tell(&format!("the authorities' certificates on the token stay as they are: {reason}"));
        }
        Event::AuthoritiesRemoved { count } => output.tell(&format!("authorities' certificates removed: {count}")),
        Event::KeyRemoved { key } => output.tell(&format!("key {} is gone from the token", hex::encode(&key.0))),
        _ => {}
    }
}

/// Makes the failure of a request that waits for approval, and says whose, as far as the server tells.
pub fn pending(client: &CmClient, request: uuid::Uuid, approvals_needed: Option<u32>) -> Failure {
    let review = client.review(request).ok();
    let waits = review.as_ref().filter(|review| review.request.status == RequestStatus::Pending);
    let left = waits.map(|review| review.approvals_needed.saturating_sub(review.approvals_given));
    let wants = match left.or(approvals_needed) {
        Some(many) => in_words(many.into(), "approval"),
        None => "approval".to_string(),
    };
    let whom = review.as_ref().map(|review| format!(", for {}", review.target_name)).unwrap_or_default();
    let names = waits.and_then(may_approve).map(|names| format!("; may approve: {names}")).unwrap_or_default();
    Failure::new("request-pending", Exit::Pending, format!("request {request}{whom}, waits for {wants}{names}"))
        .about(request)
        .remedy("The token was not touched. Run the same command again once it is approved, or wait for that (--wait).")
        .next(review.as_ref().and_then(|review| next(&review.request)))
}

/// Adds to the failure of a request that was denied who has denied it and why, as far as the server tells.
pub fn denied(client: &CmClient, failure: Failure) -> Failure {
    let denial = match failure.request() {
        Some(request) if failure.has_code(DENIED) => {
            client.review(request).ok().and_then(|review| review::denied(&review))
        }
        _ => None,
    };
    denial.into_iter().fold(failure, Failure::because)
}

/// Names the failure of a request that was denied.
const DENIED: &str = "request-denied";

/// Prints the outcome and, for scripts, the PIN that was set if the server proposed it; `is_lost`: no token
/// was there.
pub fn render(outcome: &Outcome, is_lost: bool, pin: Option<&Proposed>, output: &Output) -> Result<(), Failure> {
    let (mut document, mut text) = match outcome {
        Outcome::Enrolled { request, smartcard, installed, .. } => {
            let (certificates, lines) = installed_documents(installed)?;
            let document = json!({ "request": request, "smartcard": smartcard, "certificates": certificates });
            (document, headed("enrolled", lines))
        }
        Outcome::Renewed { request, smartcard, installed, old, .. } => {
            let (certificates, mut lines) = installed_documents(installed)?;
            let old: Vec<Value> = old.iter().map(|old| old_document(old, &mut lines)).collect();
            let document =
                json!({ "request": request, "smartcard": smartcard, "certificates": certificates, "old_keys": old });
            (document, headed("renewed", lines))
        }
        Outcome::Unblocked { request, smartcard } => {
            (json!({ "request": request, "smartcard": smartcard }), "the new PIN is set".into())
        }
        Outcome::Retired { request, smartcard, removed, left, unclear } => {
            let ids = |keys: &[KeyId]| keys.iter().map(|key| hex::encode(&key.0)).collect::<Vec<_>>();
            let (removed, left, unclear) = (ids(removed), ids(left), ids(unclear));
            let mut text = Text::from(match removed.len() {
                0 if is_lost => "retired; the token itself was not read".to_owned(),
                0 => "retired; no key was removed from the token".to_owned(),
                1 => "retired; 1 key was removed from the token".to_owned(),
                many => format!("retired; {many} keys were removed from the token"),
            });
            if !left.is_empty() {
                text.line(format!(
                    "  the certificates are gone, but the card cannot take off the keys {}: it can still sign with them",
                    left.join(", ")
                ));
            }
            if !unclear.is_empty() {
                text.line(format!(
                    "  the certificates under {} cannot be read: keys of this card may be there and still work. Put the card \
                     back to its factory's state, or destroy it, before somebody else gets it",
                    unclear.join(", ")
                ));
            }
            let document = json!({
                "request": request, "smartcard": smartcard, "removed_keys": removed, "keys_left": left,
                "keys_unclear": unclear,
            });
            (document, text)
        }
    };
    if outcome.puk_is_locked() {
        document["puk_locked"] = json!(true);
        text.line(
            "  the card's PUK is locked: if its PIN is forgotten or locked, only a reset of the whole card helps",
        );
    }
    let Some(Proposed { pin, is_shown }) = pin else { return output.result(&document, || text) };
    document["pin"] = json!(pin.expose());
    text.line(format!("  PIN {}: hand it over, it is not shown again", pin.expose()));
    if *is_shown {
        return output.result(&document, || text);
    }
    output.once(&document, || text, || "The card is done, but nobody knows its PIN: set a new one (unblock).".into())
}

/// Puts a line above others.
fn headed(head: &str, lines: Text) -> Text {
    let mut text = Text::from(head);
    text.append(lines);
    text
}

/// Returns the installed certificates for scripts and for people.
fn installed_documents(installed: &[Installed]) -> Result<(Vec<Value>, Text), Failure> {
    let (mut documents, mut lines) = (Vec::new(), Text::default());
    for one in installed {
        let certificate = Certificate::from_der(&one.certificate)?;
        let (subject, serial, until) =
            (certificate.subject().to_string(), certificate.serial().to_string(), date(certificate.not_after()));
        lines.line(format!("  {subject}"));
        lines.line(format!("    serial {serial}, valid to {until}"));
        documents.push(json!({
            "key_id": hex::encode(&one.key.0),
            "label": one.label,
            "subject": subject,
            "serial_number": serial,
            "not_after": until,
        }));
    }
    Ok((documents, lines))
}

/// Returns what became of an old key for scripts, and adds a line for people.
fn old_document(old: &OldKey, lines: &mut Text) -> Value {
    let (key, removed, fate) = match old {
        OldKey::Removed(key) => (key, true, "was removed"),
        OldKey::Replaced(key) => (key, true, "gave its place to the new one"),
        OldKey::KeptForDecryption(key) => (key, false, "was kept, for it may have to decrypt"),
        OldKey::Left(key) => (key, false, "lost its certificate, but the card cannot take it off"),
    };
    let id = hex::encode(&key.0);
    lines.line(format!("  the old key {id} {fate}"));
    json!({ "key_id": id, "removed": removed })
}

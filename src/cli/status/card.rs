//! One card with all that is known of it, for people and scripts.

use super::due::{Due, Life};
use super::known::{Known, Record};
use super::told::{argument, plain};
use crate::cli::output::{Text, date};
use crate::cli::review::next;
use crate::cli::token::TokenDocument;
use crate::cm::request::RequestType;
use crate::cm::smartcard::SmartcardStatus;
use crate::doctor::with_sources;
use crate::pkix::Certificate;
use crate::token::{self, Identity, Token, Tries};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Is what is in a reader, or a token of a module.
pub struct Seen {
    reader: Option<String>,
    content: Content,
}

enum Content {
    Nothing,
    /// It cannot be read.
    Odd(String),
    Card(Box<Card>),
}

/// Holds what is known of a card.
struct Card {
    identity: Identity,
    document: Value,
    is_due: bool,
    /// The server says that it is in use, so that it can be renewed.
    is_active: bool,
}

impl Seen {
    /// Makes the description of a reader without a card.
    pub fn empty(reader: String) -> Self {
        Self { reader: Some(reader), content: Content::Nothing }
    }

    /// Makes the description of what cannot be read, and why.
    pub fn odd(reader: Option<String>, why: String) -> Self {
        Self { reader, content: Content::Odd(why) }
    }

    /// Reads a token, and gathers what is known of it.
    pub fn of(reader: Option<String>, token: &mut dyn Token, known: &Known) -> Self {
        match Card::read(token, known) {
            Ok(card) => Self { reader, content: Content::Card(Box::new(card)) },
            Err(error) => Self::odd(reader, with_sources(&error)),
        }
    }

    /// Returns who the card is, where that can be told.
    pub fn identity(&self) -> Option<&Identity> {
        match &self.content {
            Content::Card(card) => Some(&card.identity),
            Content::Nothing | Content::Odd(_) => None,
        }
    }

    /// Says whether the server has the card in use, and its certificates should be renewed.
    pub fn is_due(&self) -> bool {
        matches!(&self.content, Content::Card(card) if card.is_due && card.is_active)
    }

    /// Returns the document for scripts.
    pub fn document(&self) -> Value {
        let mut document = match &self.content {
            Content::Nothing => json!({ "state": "empty" }),
            Content::Odd(why) => json!({ "state": "unreadable", "error": why }),
            Content::Card(card) => card.document.clone(),
        };
        if let Some(reader) = &self.reader {
            document["reader"] = json!(reader);
        }
        document
    }

    /// Tells of it in a few lines.
    pub fn tell(&self, text: &mut Text) {
        let place = self.reader.as_deref().unwrap_or("token");
        match &self.content {
            Content::Nothing => text.line(format!("{place}: empty")),
            Content::Odd(why) => text.line(format!("{place}: cannot be read: {why}")),
            Content::Card(card) => card.tell(place, text),
        }
    }
}

impl Card {
    fn read(token: &mut dyn Token, known: &Known) -> Result<Self, token::Error> {
        let (counters, stored) = token.overview()?;
        let identity = token.identity().clone();
        let stored = stored.iter().filter_map(|stored| stored.certificate.as_deref());
        let certificates: Vec<Certificate> = stored.filter_map(|der| Certificate::from_der(der).ok()).collect();
        let (record, untold) = match known.record(&identity) {
            Ok(record) => (record, None),
            Err(error) => (None, Some(with_sources(&error))),
        };
        let lives = lives(&certificates, record.as_ref());
        let window = record.as_ref().and_then(|record| record.window_days);
        let due = Due::of(&lives, window, OffsetDateTime::now_utc());
        let unfinished = known.unfinished(&identity);
        let waiting = known.waiting(record.as_ref());
        let is_in_use = |record: &Record| record.card.status == SmartcardStatus::Active;
        let is_active = record.as_ref().is_some_and(is_in_use);
        let renews = |request: RequestType| matches!(request, RequestType::Renew | RequestType::OnlineUpdate);
        let is_due = record.as_ref().is_none_or(is_in_use)
            && due.is_some_and(|due| due.is_due)
            && !waiting.iter().any(|it| renews(it.request_type));
        let mut next_commands: Vec<String> = unfinished.iter().map(|work| plain(&work["next"])).collect();
        // What is unfinished here is gone on with by the journal.
        let begun: Vec<Value> = unfinished.iter().map(|work| work["request"].clone()).collect();
        next_commands.extend(waiting.iter().filter(|it| !begun.contains(&json!(it.uuid))).filter_map(|it| next(it)));
        let serial = argument(&identity.serial);
        if matches!(counters.user, Tries::Locked | Tries::Left(0)) {
            next_commands.push(format!("cardwright unblock --serial {serial}"));
        }
        if is_due && unfinished.is_empty() {
            next_commands.push(format!("cardwright renew --serial {serial}"));
        }
        if certificates.is_empty() && record.is_none() && next_commands.is_empty() {
            next_commands.push(if identity.serial.is_empty() {
                "cardwright enroll".into()
            } else {
                format!("cardwright enroll --serial {serial}")
            });
        }
        let subject = certificates.first().map(Certificate::subject);
        let holder = record.as_ref().and_then(|record| record.holder.clone());
        let by = if holder.is_some() { Some("server") } else { subject.as_ref().map(|_| "certificate") };
        let waits: Vec<Value> = waiting.iter().map(|request| {
            json!({ "request": request.uuid, "type": request.request_type.name(), "status": request.status.name(), "next": next(request) })
        }).collect();
        let mut document = json!(TokenDocument::new(&identity, &counters));
        document["holder"] = json!(holder.or(subject));
        document["holder_by"] = json!(by);
        document["card"] = json!(record.as_ref().map(|record| record.card.uuid));
        document["card_state"] = json!(record.as_ref().map(|record| record.card.status.to_string()));
        document["template"] = json!(record.as_ref().and_then(|record| record.template.clone()));
        document["valid_to"] = json!(due.map(|due| date(due.till)));
        document["renewal_from"] = json!(due.map(|due| date(due.from)));
        document["expired"] = json!(due.map(|due| due.is_over));
        document["renewal_due"] = json!(is_due);
        document["waits"] = json!(waits);
        document["unfinished"] = json!(unfinished);
        document["next"] = json!(next_commands);
        document["server_error"] = json!(untold);
        Ok(Self { identity, document, is_due, is_active })
    }

    fn tell(&self, place: &str, text: &mut Text) {
        let told = |name: &str| self.document[name].as_str().filter(|text| !text.is_empty());
        let shown = |name: &str| told(name).unwrap_or("-").to_owned();
        text.line(format!(
            "{place}: {} {}, serial {}, PIN {}",
            shown("kind"),
            shown("label"),
            shown("serial"),
            self.pin()
        ));
        if let Some(holder) = told("holder") {
            let state = told("card_state").map(|state| format!("; the card is {state}")).unwrap_or_default();
            let by = if told("holder_by") == Some("server") { "" } else { " by its certificate" };
            text.line(format!("  whose{by}: {holder}{state}"));
        }
        if let Some(till) = told("valid_to") {
            let due = match (self.document["expired"].as_bool(), self.is_due) {
                (Some(true), _) => "; it has ended".to_owned(),
                (_, true) => "; to be renewed now".to_owned(),
                (_, false) => {
                    told("renewal_from").map(|from| format!("; to be renewed from {from}")).unwrap_or_default()
                }
            };
            text.line(format!("  valid to {till}{due}"));
        }
        for wait in self.document["waits"].as_array().into_iter().flatten() {
            text.line(format!(
                "  waits: {} ({}), request {}",
                plain(&wait["type"]),
                plain(&wait["status"]),
                plain(&wait["request"])
            ));
        }
        for work in self.document["unfinished"].as_array().into_iter().flatten() {
            text.line(format!("  unfinished: {}; {}", plain(&work["workflow"]), plain(&work["done"])));
        }
        if let Some(error) = told("server_error") {
            text.line(format!("  the server does not tell of it: {error}"));
        }
        for next in self.document["next"].as_array().into_iter().flatten() {
            text.line(format!("  next: {}", plain(next)));
        }
    }

    /// Writes what is left of the PIN's tries.
    fn pin(&self) -> String {
        match self.document["tries_left"]["pin"].as_u64() {
            Some(left) if left > 1 => format!("{left} tries"),
            _ => plain(&self.document["pin"]),
        }
    }
}

/// Lists what the card's own certificates are for and how long they last. Where the server lists what it has issued for
/// the card, nothing else counts.
fn lives(certificates: &[Certificate], record: Option<&Record>) -> Vec<Life> {
    let listed = record.map(|record| &record.certificates).filter(|listed| !listed.is_empty());
    let told = certificates.iter().filter_map(|certificate| {
        let purpose = match listed {
            None if certificate.decrypts_only().unwrap_or(false) => "decrypts".to_owned(),
            None => "signs".to_owned(),
            Some(listed) => {
                let thumbprint = certificate.thumbprint_sha1();
                let row = listed.iter().find(|row| row.thumbprint == thumbprint && !row.is_key_history)?;
                row.template_common_name.clone()
            }
        };
        Some(Life { purpose, from: certificate.not_before(), till: certificate.not_after() })
    });
    told.collect()
}

//! All that the API tells a visitor of a card, read once for its pages.

use crate::cm::beyond_mim::OfferedType;
use crate::cm::certificate::ListedCertificate;
use crate::cm::found::{FoundCard, Happening, HistoryEntry};
use crate::cm::request::RequestType;
use crate::cm::route::{Holder, Route};
use crate::cm::smartcard::Smartcard;
use crate::cm::template_facts::{TemplateFacts, WorkflowFacts};
use crate::console::trouble::Trouble;
use crate::console::visit::Visit;
use crate::console::words;
use crate::pages::layout::{day, foreign};
use crate::pages::states::{Tone, state};
use crate::pages::tables::Table;
use crate::pkix::Certificate;
use maud::{Markup, html};
use time::OffsetDateTime;
use uuid::Uuid;

/// Names the reason of what is only on hold (RFC 5280, 5.3.1).
const HOLD: &str = "certificateHold";

/// Says how a certificate stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Counts,
    NotYet,
    OnHold,
    /// It counts until then.
    RevokedFrom(OffsetDateTime),
    Revoked {
        at: OffsetDateTime,
        why: String,
    },
    Expired,
    /// The certificate is not told, or cannot be read.
    Unknown,
}

/// Describes a certificate of a card.
pub struct HeldCertificate {
    /// Upper-case hexadecimal.
    pub serial: String,
    pub template: String,
    pub subject: String,
    pub from: Option<OffsetDateTime>,
    pub ends: Option<OffsetDateTime>,
    pub standing: Standing,
    /// Its key was brought to the card, and is of earlier times.
    pub earlier: bool,
}

/// Holds what is known of a card.
pub struct Held {
    pub card: Smartcard,
    /// What only lists tell; `None`: the visitor's lists do not have it.
    pub found: Option<FoundCard>,
    pub certificates: Vec<HeldCertificate>,
    /// The latest first.
    pub history: Vec<HistoryEntry>,
    /// What the visitor may ask for it now.
    pub offered: Vec<OfferedType>,
    /// `None`: the visitor may not know what the template says.
    pub template: Option<TemplateFacts>,
}

impl Held {
    /// Reads all of it.
    pub async fn read(visit: &Visit<'_>, smartcard: Uuid) -> Result<Self, Trouble> {
        let card: Smartcard = visit.one(Route::GetSmartcard { smartcard }).await?;
        let found = visit.cards_of(card.assigned_user).await?.into_iter().find(|it| it.uuid == card.uuid);
        let history = visit.list::<HistoryEntry>(Route::GetCardHistory { smartcard }).await?.entries;
        let of = Holder::Smartcard(smartcard);
        let listed = visit.list::<ListedCertificate>(Route::ListHolderCertificates { of }).await?.entries;
        let offered = visit.list::<OfferedType>(Route::ListRequestTypes { of }).await?.entries;
        let template = match visit.one(Route::DescribeTemplate { template: card.profile_template }).await {
            Ok(template) => Some(template),
            Err(refused) if matches!(refused.status, 403 | 404) => None,
            Err(refused) => return Err(refused.into()),
        };
        let certificates = listed.into_iter().map(|it| certificate(it, &history, visit.now)).collect();
        Ok(Self { card, found, certificates, history, offered, template })
    }

    /// Returns the holder's name; empty where it is not told.
    pub fn owner_name(&self) -> &str {
        self.found.as_ref().map_or("", |found| found.owner_name.as_str())
    }

    /// Returns what people call the card: the number on it, or else its template and holder.
    pub fn name(&self, visit: &Visit<'_>) -> String {
        match &self.found {
            Some(found) if !found.printed.is_empty() => {
                visit.with("card-of-number", &[("number", (&found.printed).into())])
            }
            Some(found) => visit.with("card-of", &[("name", (&found.owner_name).into())]),
            None => visit.t("card"),
        }
    }

    /// Says whether the card can be used, or is about to be.
    pub fn lives(&self) -> bool {
        self.card.status.lives()
    }

    /// Counts the certificates that count, or are on hold: those that an end of the card revokes.
    pub fn living(&self) -> usize {
        let lives = |it: &&HeldCertificate| {
            matches!(it.standing, Standing::Counts | Standing::NotYet | Standing::OnHold | Standing::RevokedFrom(_))
        };
        self.certificates.iter().filter(|it| !it.earlier).filter(lives).count()
    }

    /// Returns what the template says of a type of requests.
    pub fn workflow(&self, request_type: RequestType) -> Option<&WorkflowFacts> {
        self.template.as_ref()?.workflows.iter().find(|workflow| workflow.request_type == request_type)
    }

    /// Says whether the visitor may ask for this type.
    pub fn offers(&self, request_type: RequestType) -> bool {
        self.offered.iter().any(|offered| offered.request_type == request_type)
    }

    /// Writes the certificates; `attested` adds where to read what the card has attested of each key.
    pub fn certificates_table(&self, visit: &Visit<'_>, attested: impl Fn(&str) -> Option<String>) -> Markup {
        let headings = ["certificate-serial", "certificate-subject", "certificate-ends", "certificate-state"];
        let headings = headings.map(|id| visit.t(id));
        let row = |it: &HeldCertificate| {
            vec![
                html! {
                    span.code { (it.serial) }
                    @if let Some(address) = attested(&it.serial) { br; a href=(address) { (visit.t("attestation-link")) } }
                },
                html! {
                    @if it.subject.is_empty() { (foreign(&it.template)) } @else { (foreign(&it.subject)) br; span.note { (foreign(&it.template)) } }
                    @if it.earlier { br; span.note { (visit.t("certificate-earlier")) } }
                },
                html! { @if let Some(ends) = it.ends { (day(visit.texts, ends)) } },
                standing(visit, &it.standing),
            ]
        };
        let rows: Vec<_> = self.certificates.iter().map(row).collect();
        let caption = visit.t("card-certificates");
        Table { caption: &caption, headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts)
    }
}

/// Says what a standing means, and names its text.
pub fn standing_words(standing: &Standing) -> (Tone, &'static str) {
    match standing {
        Standing::Counts => (Tone::Good, "standing-counts"),
        Standing::NotYet => (Tone::Waiting, "standing-not-yet"),
        Standing::OnHold => (Tone::Bad, "standing-hold"),
        Standing::RevokedFrom(_) => (Tone::Waiting, "standing-revoked-from"),
        Standing::Revoked { .. } => (Tone::Bad, "standing-revoked"),
        Standing::Expired => (Tone::Ended, "standing-expired"),
        Standing::Unknown => (Tone::Plain, "standing-unknown"),
    }
}

fn standing(visit: &Visit<'_>, standing: &Standing) -> Markup {
    let (tone, id) = standing_words(standing);
    html! {
        (state(tone, &visit.t(id)))
        @match standing {
            Standing::Revoked { at, why } => { br; span.note { (day(visit.texts, *at)) ", " (words::reason(visit.texts, why)) } }
            Standing::RevokedFrom(at) => { br; span.note { (day(visit.texts, *at)) } }
            Standing::Counts | Standing::NotYet | Standing::OnHold | Standing::Expired | Standing::Unknown => {}
        }
    }
}

/// Reads a listed certificate; what became of it stands in the card's history.
fn certificate(listed: ListedCertificate, history: &[HistoryEntry], now: OffsetDateTime) -> HeldCertificate {
    let read = listed.certificate.as_deref().and_then(|der| Certificate::from_der(der).ok());
    let serial = listed.serial_number;
    let revoked = history.iter().find(|it| it.what == Happening::Revoked && it.serial == serial);
    let standing = match (revoked, &read) {
        (Some(entry), _) if entry.why == HOLD => Standing::OnHold,
        (Some(entry), _) if entry.at > now => Standing::RevokedFrom(entry.at),
        (Some(entry), _) => Standing::Revoked { at: entry.at, why: entry.why.clone() },
        (None, None) => Standing::Unknown,
        (None, Some(read)) if read.not_after() <= now => Standing::Expired,
        (None, Some(read)) if read.not_before() > now => Standing::NotYet,
        (None, Some(_)) => Standing::Counts,
    };
    HeldCertificate {
        serial,
        template: listed.template_common_name,
        subject: read.as_ref().map(Certificate::subject).unwrap_or_default(),
        from: read.as_ref().map(Certificate::not_before),
        ends: read.as_ref().map(Certificate::not_after),
        standing,
        earlier: listed.is_key_history,
    }
}

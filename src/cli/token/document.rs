//! Shows tokens and cards, to people and to scripts.

use crate::cli::failure::Failure;
use crate::cli::output::{Output, date};
use crate::enrollment::card_id;
use crate::pkix::Certificate;
use crate::token::{Counters, Identity, Token, Tries};
use crate::{pkcs11, reader};
use serde::Serialize;

/// Describes a token for people and scripts.
#[derive(Default, Serialize)]
pub struct TokenDocument {
    /// "PKCS#11", "PIV" or "GIDS"; empty where it cannot be told.
    kind: String,
    pub label: String,
    pub serial: String,
    manufacturer: String,
    model: String,
    /// "initialised", "blank", or "unreadable".
    state: String,
    pin: String,
    so_pin: String,
    /// The PUK's state; left out where the kind has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    puk: Option<String>,
    tries_left: TriesLeft,
    /// The name of the reader that the card is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    reader: Option<String>,
    /// Why the card cannot be read, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Holds the tries left of each secret, where the token tells the number.
#[derive(Default, Serialize)]
struct TriesLeft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    so_pin: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    puk: Option<u8>,
}

impl TokenDocument {
    /// Describes a token behind a PKCS#11 module.
    pub fn of_module(summary: &pkcs11::TokenSummary) -> Self {
        let state = if summary.initialised { "initialised" } else { "blank" };
        Self { state: state.into(), ..Self::new(&summary.identity, &summary.counters) }
    }

    /// Describes a card in a reader, also one that cannot be read.
    pub fn of_card(listed: &reader::Listed) -> Self {
        let known = match &listed.card {
            Ok(summary) => Self::new(&summary.identity, &summary.counters),
            Err(error) => Self { state: "unreadable".into(), error: Some(told(error)), ..Self::default() },
        };
        known.within(&listed.reader)
    }

    /// Adds the name of the reader that the card is in.
    pub fn within(self, reader: &str) -> Self {
        Self { reader: Some(reader.into()), ..self }
    }

    /// Describes a token that was found; one without a serial number is blank.
    pub fn new(identity: &Identity, counters: &Counters) -> Self {
        let state = if identity.serial.is_empty() { "blank" } else { "initialised" };
        Self {
            kind: identity.kind.into(),
            label: identity.label.clone(),
            serial: identity.serial.clone(),
            manufacturer: identity.manufacturer.clone(),
            model: identity.model.clone(),
            state: state.into(),
            pin: word(counters.user).into(),
            so_pin: word(counters.admin).into(),
            puk: counters.puk.map(|puk| word(puk).into()),
            tries_left: TriesLeft {
                pin: number(counters.user),
                so_pin: number(counters.admin),
                puk: counters.puk.and_then(number),
            },
            reader: None,
            error: None,
        }
    }

    fn row(&self) -> [String; 9] {
        let Self { tries_left, puk, .. } = self;
        [
            shown(&self.label),
            shown(&self.serial),
            shown(&self.kind),
            self.state.clone(),
            counted(&self.pin, tries_left.pin),
            counted(&self.so_pin, tries_left.so_pin),
            puk.as_ref().map_or_else(|| "-".into(), |puk| counted(puk, tries_left.puk)),
            shown(&self.model),
            self.reader.clone().unwrap_or_else(|| "-".into()),
        ]
    }
}

/// Writes the listing for people: a table, then the errors of cards that cannot be read.
pub fn table(tokens: &[TokenDocument]) -> String {
    if tokens.is_empty() {
        return "no token is present".into();
    }
    let head = ["LABEL", "SERIAL", "KIND", "STATE", "PIN", "SO PIN", "PUK", "MODEL", "READER"];
    let mut text = Output::table(head, tokens.iter().map(TokenDocument::row));
    for token in tokens {
        text.extend(token.error.iter().map(|error| format!("\n{error}")));
    }
    text
}

/// Returns one word for a counter, the same for people and scripts.
fn word(tries: Tries) -> &'static str {
    match tries {
        Tries::NotSet => "not-set",
        Tries::Full => "ok",
        Tries::Low => "low",
        Tries::Last | Tries::Left(1) => "last-try",
        Tries::Locked | Tries::Left(0) => "locked",
        Tries::Left(_) => "counted",
        Tries::Untold => "untold",
    }
}

/// Returns the tries left, where they are known.
fn number(tries: Tries) -> Option<u8> {
    match tries {
        Tries::Left(left) => Some(left),
        Tries::Last => Some(1),
        Tries::Locked => Some(0),
        Tries::NotSet | Tries::Full | Tries::Low | Tries::Untold => None,
    }
}

/// Writes a counter for people: the number, where the token tells it and more than one try is left.
fn counted(word: &str, left: Option<u8>) -> String {
    match left {
        Some(left) if left > 1 => format!("{left} tries"),
        _ => shown(word),
    }
}

/// Writes a dash in place of an empty text.
fn shown(text: &str) -> String {
    if text.is_empty() { "-".into() } else { text.into() }
}

/// Writes an error and its sources in one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Holds what `token info` shows, to people and scripts.
#[derive(Serialize)]
pub struct InfoDocument {
    #[serde(flatten)]
    token: TokenDocument,
    /// The card id by which a CM server knows this token; empty on a blank card.
    card_id: String,
    certificates: Vec<CertificateDocument>,
}

#[derive(Serialize)]
struct CertificateDocument {
    /// The key's id (CKA_ID, or the PIV key reference), in hexadecimal digits.
    id: String,
    label: String,
    subject: String,
    issuer: String,
    serial_number: String,
    not_after: String,
}

impl InfoDocument {
    /// Reads a token's counters and certificates.
    pub fn of(token: &mut dyn Token) -> Result<Self, Failure> {
        let (counters, objects) = token.overview()?;
        let mut certificates = Vec::new();
        for stored in objects {
            let Some(der) = &stored.certificate else { continue };
            let certificate = Certificate::from_der(der)?;
            certificates.push(CertificateDocument {
                id: hex::encode(&stored.id.0),
                label: stored.label,
                subject: certificate.subject().to_string(),
                issuer: certificate.issuer().to_string(),
                serial_number: certificate.serial().to_string(),
                not_after: date(certificate.not_after()),
            });
        }
        let identity = token.identity();
        let card_id = if identity.is_named() { card_id(identity).to_string() } else { String::new() };
        Ok(Self { token: TokenDocument::new(identity, &counters), card_id, certificates })
    }

    /// Writes the lines for people.
    pub fn text(&self) -> String {
        let TokenDocument { kind, label, serial, model, manufacturer, pin, so_pin, puk, tries_left, .. } = &self.token;
        let mut text = format!("kind        {kind}\nlabel       {}\nserial      {}", shown(label), shown(serial));
        let maker = if manufacturer.is_empty() { String::new() } else { format!(" ({manufacturer})") };
        text += &format!("\nmodel       {}{maker}\ncard id     {}", shown(model), shown(&self.card_id));
        text += &format!("\nPIN         {}", counted(pin, tries_left.pin));
        // What PKCS#11 calls the SO PIN is the admin key of a card.
        let admin = if kind == "PKCS#11" { "SO PIN   " } else { "admin key" };
        text += &format!("\n{admin}   {}", counted(so_pin, tries_left.so_pin));
        if let Some(puk) = puk {
            text += &format!("\nPUK         {}", counted(puk, tries_left.puk));
        }
        for c in &self.certificates {
            text += &format!(
                "\n\ncertificate {}\n  key id    {}\n  subject   {}\n  issuer    {}\n  serial    {}\n  valid to  {}",
                c.label, c.id, c.subject, c.issuer, c.serial_number, c.not_after
            );
        }
        text
    }
}

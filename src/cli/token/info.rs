//! Shows one token with what it holds, to people and to scripts.

use super::document::{TokenDocument, counted, shown};
use crate::cli::failure::Failure;
use crate::cli::output::{Text, date};
use crate::enrollment::card_id;
use crate::pkix::Certificate;
use crate::token::{StoredKey, Token};
use serde::Serialize;

/// Names a key that has no certificate, beside the codes of [`crate::token::Oddity`].
const NO_CERTIFICATE: &str = "no-certificate";

/// Holds what `token info` shows, to people and scripts.
#[derive(Serialize)]
pub struct InfoDocument {
    #[serde(flatten)]
    token: TokenDocument,
    /// The card id by which a CM server knows this token; empty on a blank card.
    card_id: String,
    certificates: Vec<CertificateDocument>,
    /// Objects without a certificate that could be shown, and what is odd about them.
    objects: Vec<ObjectDocument>,
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
    /// What is odd about it, by its stable name; left out in the usual case.
    #[serde(skip_serializing_if = "Option::is_none")]
    odd: Option<&'static str>,
    /// The same in words, behind its stable name.
    #[serde(skip)]
    told: Option<String>,
}

#[derive(Serialize)]
struct ObjectDocument {
    /// The key's id; empty for an object that has none.
    id: String,
    label: String,
    /// What is odd about it, by its stable name.
    odd: &'static str,
    /// The same in words.
    told: String,
}

impl InfoDocument {
    /// Reads a token's counters and what it holds. What cannot be read is shown as that.
    pub fn of(token: &mut dyn Token) -> Result<Self, Failure> {
        let (counters, stored) = token.overview()?;
        let (mut certificates, mut objects) = (Vec::new(), Vec::new());
        for stored in stored {
            match stored.certificate.as_deref().and_then(|der| Certificate::from_der(der).ok()) {
                Some(certificate) => certificates.push(CertificateDocument::new(stored, &certificate)),
                None => objects.push(ObjectDocument::from(stored)),
            }
        }
        let identity = token.identity();
        let card_id = if identity.is_named() { card_id(identity).to_string() } else { String::new() };
        Ok(Self { token: TokenDocument::new(identity, &counters), card_id, certificates, objects })
    }

    /// Writes the lines for people.
    pub fn text(&self) -> Text {
        let TokenDocument { kind, label, serial, model, manufacturer, pin, so_pin, puk, tries_left, .. } = &self.token;
        let maker = if manufacturer.is_empty() { String::new() } else { format!(" ({manufacturer})") };
        // What PKCS#11 calls the SO PIN is the admin key of a card.
        let admin = if kind == "PKCS#11" { "SO PIN   " } else { "admin key" };
        let mut text = Text::from_iter([
            format!("kind        {kind}"),
            format!("label       {}", shown(label)),
            format!("serial      {}", shown(serial)),
            format!("model       {}{maker}", shown(model)),
            format!("card id     {}", shown(&self.card_id)),
            format!("PIN         {}", counted(pin, tries_left.pin)),
            format!("{admin}   {}", counted(so_pin, tries_left.so_pin)),
        ]);
        if let Some(puk) = puk {
            text.line(format!("PUK         {}", counted(puk, tries_left.puk)));
        }
        self.certificates.iter().for_each(|certificate| certificate.tell(&mut text));
        for ObjectDocument { id, label, odd, told } in &self.objects {
            text.line("");
            text.line(format!("object      {}", shown(label)));
            text.line(format!("  key id    {}", shown(id)));
            text.line(format!("  {odd}: {told}"));
        }
        text
    }
}

impl CertificateDocument {
    fn new(stored: StoredKey, certificate: &Certificate) -> Self {
        Self {
            id: hex::encode(&stored.id.0),
            label: stored.label,
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial_number: certificate.serial().to_string(),
            not_after: date(certificate.not_after()),
            odd: stored.odd.map(|odd| odd.code()),
            told: stored.odd.map(|odd| format!("{}: {odd}", odd.code())),
        }
    }

    fn tell(&self, text: &mut Text) {
        text.line("");
        text.line(format!("certificate {}", self.label));
        let told = [
            ("key id", &self.id),
            ("subject", &self.subject),
            ("issuer", &self.issuer),
            ("serial", &self.serial_number),
            ("valid to", &self.not_after),
        ];
        told.iter().for_each(|(name, value)| text.line(format!("  {name:10}{value}")));
        self.told.iter().for_each(|told| text.line(format!("  {told}")));
    }
}

impl From<StoredKey> for ObjectDocument {
    fn from(stored: StoredKey) -> Self {
        let (odd, told) = match stored.odd {
            Some(odd) => (odd.code(), odd.to_string()),
            None => (NO_CERTIFICATE, "a key without a certificate".into()),
        };
        Self { id: hex::encode(&stored.id.0), label: stored.label, odd, told }
    }
}

//! Checks of bodies after they were read: counts, lengths, and fields that do not go together.

use super::acts::{LeaveOrder, LossReport};
use super::beyond_mim::{DataCollection, Decision};
use super::certificate::CertificateData;
use super::data_item::DataItem;
use super::hidden::is_hidden;
use super::possession::Possession;
use super::presence::{PresenceOpening, PresenceStep};
use super::request::{CreateRequest, CreateTerms, RequestType};
use super::smartcard::AssignSmartcard;
use std::collections::HashSet;

/// Bounds the data items of a request.
pub const MAX_DATA_ITEMS: usize = 64;
/// Bounds the name of a data item, in characters.
pub const MAX_ITEM_NAME: usize = 128;
/// Bounds the value of a data item, in characters.
pub const MAX_ITEM_VALUE: usize = 4096;
/// Bounds a comment, in characters.
pub const MAX_COMMENT: usize = 4096;
/// Bounds each word of a request's terms, such as the loss reason, in characters.
pub const MAX_WORD: usize = 64;
/// Bounds the wait before certificates are revoked, in hours: a year.
pub const MAX_DELAY_HOURS: usize = 366 * 24;
/// Bounds the certification requests of one call.
pub const MAX_CERTIFICATE_REQUESTS: usize = 32;
/// Bounds a certification request, in bytes; one for RSA 4096 has about 1.5 KiB.
pub const MAX_CERTIFICATE_REQUEST: usize = 16 * 1024;
/// Bounds an attestation with its chain, in bytes; a YubiKey's has about 1.5 KiB.
pub const MAX_ATTESTATION: usize = 16 * 1024;
/// Bounds the name of a host, in characters (RFC 1035, 2.3.4).
pub const MAX_HOST: usize = 255;
/// Bounds a signature, in bytes: that of RSA 4096.
pub const MAX_SIGNATURE: usize = 512;
/// Bounds the dynamic authentication data of a card (template 7C of GENERAL AUTHENTICATE) that are sent at one time, in
/// bytes.
const MAX_AUTHENTICATION_DATA: usize = 64;
/// Bounds an answer to reset, in bytes (ISO/IEC 7816-3, 8.2).
pub const MAX_ATR: usize = 33;
/// Bounds what a card says of itself (model, firmware, serial), in characters each.
pub const MAX_SAID: usize = 128;

/// Says which field of a body is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    #[error("\"{field}\" is missing")]
    Missing { field: &'static str },
    #[error("\"{field}\" does not go with type {request_type}")]
    Misplaced { field: &'static str, request_type: RequestType },
    #[error("\"{field}\" and \"{other}\" exclude each other")]
    Both { field: &'static str, other: &'static str },
    #[error("\"{field}\" has {found} {unit}; at most {most} are taken")]
    TooMuch { field: &'static str, found: usize, most: usize, unit: &'static str },
    #[error("\"{field}\" has a character that is not seen: a control character, or one of no width or of direction")]
    HiddenCharacter { field: &'static str },
    #[error("\"{field}\" has the item \"{name}\" twice")]
    Repeated { field: &'static str, name: String },
}

fn at_most(field: &'static str, found: usize, most: usize, unit: &'static str) -> Result<(), FieldError> {
    if found > most { Err(FieldError::TooMuch { field, found, most, unit }) } else { Ok(()) }
}

/// Checks the length of a text in characters, and refuses hidden ones, which could draw over an operator's terminal or
/// make one name look like another; line ends and tabs may stand.
fn plain_text(field: &'static str, text: &str, most: usize) -> Result<(), FieldError> {
    text_without(field, text, most, is_hidden)
}

fn text_without(
    field: &'static str,
    text: &str,
    most: usize,
    refused: impl Fn(char) -> bool,
) -> Result<(), FieldError> {
    at_most(field, text.chars().count(), most, "characters")?;
    if text.chars().any(|character| refused(character) && !matches!(character, '\n' | '\r' | '\t')) {
        return Err(FieldError::HiddenCharacter { field });
    }
    Ok(())
}

fn data_items(field: &'static str, items: &[DataItem]) -> Result<(), FieldError> {
    at_most(field, items.len(), MAX_DATA_ITEMS, "items")?;
    let mut names = HashSet::new();
    for item in items {
        if item.name.trim().is_empty() {
            return Err(FieldError::Missing { field: "datacollection: name" });
        }
        plain_text("datacollection: name", &item.name, MAX_ITEM_NAME)?;
        // Besides control characters, what may stand in a value is the template's to say, which names the item.
        let value = item.value.as_deref().unwrap_or_default();
        text_without("datacollection: value", value, MAX_ITEM_VALUE, char::is_control)?;
        if !names.insert(item.name.as_str()) {
            return Err(FieldError::Repeated { field, name: item.name.clone() });
        }
    }
    Ok(())
}

impl CreateRequest {
    /// Checks lengths, and that the request names what its type needs: a template for Enroll, a card or profile for
    /// types that act on one, a target for RecoverOnBehalf.
    pub fn check(&self) -> Result<(), FieldError> {
        data_items("datacollection", &self.data_collection)?;
        plain_text("comment", &self.comment, MAX_COMMENT)?;
        let request_type = self.request_type;
        if self.smartcard.is_some() && self.profile.is_some() {
            return Err(FieldError::Both { field: "smartcard", other: "profile" });
        }
        if self.profile.is_some() && request_type.is_smartcard_only() {
            return Err(FieldError::Misplaced { field: "profile", request_type });
        }
        if let Some(terms) = &self.terms {
            terms.check(request_type)?;
        }
        if request_type == RequestType::Enroll && self.smartcard.is_some() {
            return Err(FieldError::Misplaced { field: "smartcard", request_type });
        }
        if request_type == RequestType::Enroll && self.profile.is_some() {
            return Err(FieldError::Misplaced { field: "profile", request_type });
        }
        let holder = self.smartcard.or(self.profile);
        if request_type == RequestType::RecoverOnBehalf && self.target.is_none() {
            return Err(FieldError::Missing { field: "target" });
        }
        match (request_type.acts_on_holder(), holder, self.profile_template) {
            (true, None, _) => Err(FieldError::Missing { field: "smartcard" }),
            (false, None, None) => Err(FieldError::Missing { field: "profiletemplateuuid" }),
            (false, _, None) if request_type == RequestType::Enroll => {
                Err(FieldError::Missing { field: "profiletemplateuuid" })
            }
            _ => Ok(()),
        }
    }
}

impl CreateTerms {
    /// Checks lengths, and that each term goes with the request's type.
    fn check(&self, request_type: RequestType) -> Result<(), FieldError> {
        plain_text("lossreason", &self.loss_reason, MAX_WORD)?;
        plain_text("revocationreason", &self.revocation_reason, MAX_WORD)?;
        plain_text("effect", &self.effect, MAX_WORD)?;
        let misplaced = |field| Err(FieldError::Misplaced { field, request_type });
        if !self.loss_reason.is_empty() && !request_type.takes_loss_reason() {
            return misplaced("lossreason");
        }
        if !self.revocation_reason.is_empty() && !request_type.ends_certificates() {
            return misplaced("revocationreason");
        }
        if let Some(hours) = self.revocation_delay_hours {
            if !request_type.ends_certificates() {
                return misplaced("revocationdelayhours");
            }
            let found = usize::try_from(hours).unwrap_or(usize::MAX);
            at_most("revocationdelayhours", found, MAX_DELAY_HOURS, "hours")?;
        }
        let known = ["", "suspend", "reinstate"].contains(&self.effect.as_str());
        let fits = match self.effect.as_str() {
            "" => true,
            "suspend" => matches!(request_type, RequestType::Reinstate | RequestType::TemporaryCards),
            _ => request_type == RequestType::Reinstate,
        };
        if !known || !fits {
            return misplaced("effect");
        }
        Ok(())
    }
}

impl LossReport {
    /// Checks lengths.
    pub fn check(&self) -> Result<(), FieldError> {
        plain_text("Reason", &self.reason, MAX_WORD)?;
        plain_text("Comment", &self.comment, MAX_COMMENT)
    }
}

impl LeaveOrder {
    /// Checks lengths.
    pub fn check(&self) -> Result<(), FieldError> {
        plain_text("Seen", &self.seen, MAX_WORD)?;
        plain_text("Comment", &self.comment, MAX_COMMENT)
    }
}

impl CertificateData {
    /// Checks counts and lengths: each attestation needs a certification request.
    pub fn check(&self) -> Result<(), FieldError> {
        let field = "certificaterequests";
        at_most(field, self.certificate_requests.len(), MAX_CERTIFICATE_REQUESTS, "entries")?;
        for request in &self.certificate_requests {
            at_most(field, request.len(), MAX_CERTIFICATE_REQUEST, "bytes in one entry")?;
        }
        let field = "attestations";
        at_most(field, self.attestations.len(), self.certificate_requests.len(), "entries")?;
        for attestation in &self.attestations {
            at_most(field, attestation.len(), MAX_ATTESTATION, "bytes in one entry")?;
        }
        plain_text("comments", &self.comments, MAX_COMMENT)
    }
}

impl AssignSmartcard {
    /// Checks that a card id is given, and the lengths of what the card says.
    pub fn check(&self) -> Result<(), FieldError> {
        if self.card_id.is_nil() {
            return Err(FieldError::Missing { field: "cardid" });
        }
        for (field, text) in [("model", &self.model), ("firmware", &self.firmware), ("serial", &self.serial)] {
            plain_text(field, text, MAX_SAID)?;
            if text.chars().any(is_hidden) {
                return Err(FieldError::HiddenCharacter { field });
            }
        }
        at_most("atr", self.atr.as_ref().map_or(0, |atr| atr.len() / 2), MAX_ATR, "bytes")
    }
}

impl Decision {
    /// Checks the data items and the comment.
    pub fn check(&self) -> Result<(), FieldError> {
        data_items("datacollection", &self.data_collection)?;
        plain_text("Comment", &self.comment, MAX_COMMENT)
    }
}

impl Possession {
    /// Checks lengths.
    pub fn check(&self) -> Result<(), FieldError> {
        plain_text("Server", &self.server, MAX_HOST)?;
        at_most("Thumbprint", self.thumbprint.len(), 2 * 20, "digits")?;
        at_most("Signature", self.signature.len(), MAX_SIGNATURE, "bytes")
    }
}

impl PresenceOpening {
    /// Checks the length of what the card has sent.
    pub fn check(&self) -> Result<(), FieldError> {
        at_most("Witness", self.witness.as_ref().map_or(0, Vec::len), MAX_AUTHENTICATION_DATA, "bytes")
    }
}

impl PresenceStep {
    /// Checks the lengths of what the card has sent.
    pub fn check(&self) -> Result<(), FieldError> {
        at_most("Challenge", self.challenge.as_ref().map_or(0, Vec::len), MAX_AUTHENTICATION_DATA, "bytes")?;
        at_most("Answer", self.answer.as_ref().map_or(0, Vec::len), MAX_AUTHENTICATION_DATA, "bytes")
    }
}

impl DataCollection {
    /// Checks the data items.
    pub fn check(&self) -> Result<(), FieldError> {
        data_items("datacollection", &self.items)
    }
}

//! Results of a desk run, at which cards of many people are made, as the server confirms and signs them. MIM CM has no such calls.

use super::card_secrets::states;
use super::check::{FieldError, MAX_HOST, MAX_SAID};
use super::hidden::is_hidden;
use super::wire::body::body;
use super::wire::{Crlf, Guid, GuidOrNothing, Moment, Named, Plain, PlainOrNothing, Text, TextOrNothing, Vocabulary};
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds the rows of one call.
pub const MAX_ROWS: usize = 1000;
/// Bounds a person's name, in characters.
const MAX_NAME: usize = 256;

states! {
    /// Says what a desk run made of a request.
    DeskOutcome, "an outcome of a desk run" {
        /// It is completed.
        Completed = 0,
        /// It was begun and went wrong; it can be taken up, or was withdrawn.
        Failed = 1,
        /// It was not begun.
        Skipped = 2,
    }
}

/// Tells what became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskRow {
    /// The name of the person whom the request is for.
    pub person: String,
    pub request: Uuid,
    /// `None`: no card came to it.
    pub card_id: Option<Uuid>,
    /// The number that is printed on the card, or empty.
    pub serial: String,
    pub outcome: DeskOutcome,
    pub at: OffsetDateTime,
    pub workstation: String,
}

body!(DeskRow {
    person: "Person" => Text,
    request: "Request" => Guid,
    card_id: "CardId" => GuidOrNothing,
    serial: "Serial" => TextOrNothing,
    outcome: "Outcome" => Named<DeskOutcome>,
    at: "At" => Moment,
    workstation: "Workstation" => TextOrNothing,
});

/// Holds the body that hands in the results of a desk run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskResults {
    pub rows: Vec<DeskRow>,
}

body!(DeskResults { rows: "Rows" => Plain<Vec<DeskRow>> });

impl DeskResults {
    /// Refuses no row and more than [`MAX_ROWS`], and texts that are too long or have what cannot be seen.
    pub fn check(&self) -> Result<(), FieldError> {
        let most = |field, found, most, unit| match found > most {
            true => Err(FieldError::TooMuch { field, found, most, unit }),
            false => Ok(()),
        };
        if self.rows.is_empty() {
            return Err(FieldError::Missing { field: "Rows" });
        }
        most("Rows", self.rows.len(), MAX_ROWS, "rows")?;
        for row in &self.rows {
            let texts = [
                ("Person", &row.person, MAX_NAME),
                ("Serial", &row.serial, MAX_SAID),
                ("Workstation", &row.workstation, MAX_HOST),
            ];
            for (field, text, longest) in texts {
                most(field, text.chars().count(), longest, "characters")?;
                if text.chars().any(is_hidden) {
                    return Err(FieldError::HiddenCharacter { field });
                }
            }
        }
        Ok(())
    }
}

/// Is what the server signs: the results as it has confirmed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskDocument {
    pub kind: String,
    pub uuid: Uuid,
    /// The name of the server.
    pub server: String,
    /// Who has handed them in.
    pub by: String,
    pub at: OffsetDateTime,
    pub rows: Vec<DeskRow>,
}

body!(DeskDocument {
    kind: "Kind" => Plain<String>,
    uuid: "Uuid" => Guid,
    server: "Server" => Plain<String>,
    by: "By" => Plain<String>,
    at: "At" => Moment,
    rows: "Rows" => Plain<Vec<DeskRow>>,
});

/// Says of which kind such a document is.
pub const DOCUMENT: &str = "cardwright, results of a desk run, version 1";

/// Answers `desk/results`: the signed document, and its act in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedResults {
    pub uuid: Uuid,
    /// A [`DeskDocument`] in JSON, byte for byte as it was signed.
    pub document: String,
    /// SHA-256 of it, hexadecimal, as the act has it.
    pub sha256: String,
    /// CMS SignedData without content (RFC 5652, 5), DER, by the CA of the server.
    pub signature: Vec<u8>,
    /// Where the act stands in the log; `None` where that was not found out.
    pub chain: Option<u32>,
    pub number: Option<u64>,
}

body!(SignedResults {
    uuid: "Uuid" => Guid,
    document: "Document" => Plain<String>,
    sha256: "Sha256" => Plain<String>,
    signature: "Signature" => Crlf,
    chain: "Chain" => PlainOrNothing<u32>,
    number: "Number" => PlainOrNothing<u64>,
});

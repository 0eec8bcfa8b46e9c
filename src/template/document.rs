//! Reads documents, forms to be printed and signed, and fills them in from the request and the user.

use super::data_item::{DataItemRule, same_name};
use super::located::{Misplaced, Source, parsed};
use super::pattern::UserAttribute;
use super::raw_policy::RawDocument;
use toml::Spanned;

/// Bounds the documents of a workflow.
const MAX_DOCUMENTS: usize = 8;
/// Bounds the text of a document, in bytes.
const MAX_TEXT: usize = 16 * 1024;
/// Bounds the placeholders of a text.
const MAX_PLACEHOLDERS: usize = 64;

/// Holds a form.
#[derive(Clone, Debug)]
pub struct Document {
    pub name: String,
    pieces: Vec<Piece>,
}

/// Holds text, or a placeholder.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Blank(Filling),
}

/// Says what a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filling {
    User(UserAttribute),
    RequestId,
    RequestType,
    Submitted,
    Comment,
    Originator,
    TemplateName,
    /// The data item of this name.
    Data(String),
}

/// Says why a text cannot be read.
#[derive(Debug, thiserror::Error)]
enum DocumentError {
    #[error("a text has at most {MAX_TEXT} bytes")]
    TooLong,
    #[error("a text has at most {MAX_PLACEHOLDERS} placeholders")]
    TooManyPlaceholders,
    #[error("a \"{{\" has no \"}}\"")]
    Unclosed,
    #[error(
        "\"{{{0}}}\" is unknown; known are User!name, User!upn, User!email, Request!id, Request!type, \
         Request!submitted, Request!comment, Request!originator, Template!name, and Data! with an item that is stored"
    )]
    Unknown(String),
}

impl Document {
    /// Fills in the form; `known` returns what each placeholder stands for, and an empty text where that is not known.
    pub fn fill(&self, known: impl Fn(&Filling) -> String) -> String {
        let filled = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Blank(filling) => known(filling),
        });
        filled.collect()
    }
}

/// Checks the documents of a workflow.
pub(super) fn all(
    source: &Source<'_>,
    raw: &[Spanned<RawDocument>],
    items: &[DataItemRule],
) -> Result<Vec<Document>, Misplaced> {
    let mut documents: Vec<Document> = Vec::new();
    for table in raw {
        let document = table.get_ref();
        let name = document.name.get_ref().trim();
        if name.is_empty() || documents.iter().any(|known| known.name == name) {
            return Err(source.wrong(&document.name, "a document needs a name of its own"));
        }
        if documents.len() >= MAX_DOCUMENTS {
            return Err(source.wrong(table, format!("a workflow has at most {MAX_DOCUMENTS} documents")));
        }
        let pieces = parsed(source, &document.text, |text| pieces(text, items))?;
        documents.push(Document { name: name.to_owned(), pieces });
    }
    Ok(documents)
}

/// Takes a text apart at its placeholders.
fn pieces(text: &str, items: &[DataItemRule]) -> Result<Vec<Piece>, DocumentError> {
    if text.len() > MAX_TEXT {
        return Err(DocumentError::TooLong);
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (word, after) = after.split_once('}').ok_or(DocumentError::Unclosed)?;
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Blank(filling(word, items).ok_or_else(|| DocumentError::Unknown(word.to_owned()))?));
        if pieces.len() > 2 * MAX_PLACEHOLDERS {
            return Err(DocumentError::TooManyPlaceholders);
        }
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

/// Reads a placeholder; of the data items only stored ones can be filled in.
fn filling(word: &str, items: &[DataItemRule]) -> Option<Filling> {
    if let Some(name) = word.strip_prefix("Data!") {
        let item = items.iter().find(|item| item.stored && same_name(&item.name, name))?;
        return Some(Filling::Data(item.name.clone()));
    }
    Some(match word.to_ascii_lowercase().as_str() {
        "user!name" => Filling::User(UserAttribute::Name),
        "user!upn" => Filling::User(UserAttribute::Upn),
        "user!email" => Filling::User(UserAttribute::Email),
        "request!id" => Filling::RequestId,
        "request!type" => Filling::RequestType,
        "request!submitted" => Filling::Submitted,
        "request!comment" => Filling::Comment,
        "request!originator" => Filling::Originator,
        "template!name" => Filling::TemplateName,
        _ => return None,
    })
}

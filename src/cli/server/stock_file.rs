//! Reads a list of cards as makers and offices write it: CSV (RFC 4180), its columns named in the first line.
//!
//! In: bytes. Out: for each row a card by the id that clients will say, or why the row is refused. What divides the
//! columns is a comma, a semicolon or a tab, whichever the first line has.

use super::list_file::{NotUtf8, is_in_utf8, line};
use crate::cli::args::CardKind;
use crate::cm::hidden::is_hidden;
use crate::cm::office_list::delimiter;
use crate::enrollment::card_id;
use crate::server::StockCard;
use crate::token::{Identity, Origin, names_nothing};
use clap::ValueEnum;
use csv::{ByteRecord, ReaderBuilder, Trim};
use std::collections::HashMap;
use uuid::Uuid;

/// Bounds a list, in bytes.
pub const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Bounds the rows of a list.
pub const MAX_ROWS: usize = 20_000;
/// Bounds a field, in characters.
const MAX_FIELD: usize = 256;

/// Returns the word for a kind, in the list and in the store.
fn word(kind: CardKind) -> &'static str {
    match kind {
        CardKind::Yubikey => "yubikey",
        CardKind::Piv => "piv",
        CardKind::Gids => "gids",
        CardKind::Pkcs11 => "pkcs11",
    }
}

/// Says why a list is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ListFault {
    #[error("the list has more than {MAX_ROWS} rows; divide it")]
    TooLong,
    #[error("the first line names no column \"card id\" or \"serial\"")]
    Columns,
    #[error("the first line names the column \"{0}\" twice")]
    Twice(&'static str),
    #[error(transparent)]
    Encoding(#[from] NotUtf8),
    #[error("the list cannot be read as CSV")]
    Csv(#[from] csv::Error),
}

/// Says why a row is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    #[error("it has neither a card id nor a serial")]
    Nameless,
    #[error("it is not written in UTF-8")]
    NotUtf8,
    #[error("it has a character that is not seen: a control character, or one of no width or of direction")]
    Hidden,
    #[error("it has a field of more than {MAX_FIELD} characters")]
    TooLong,
    #[error("it has another number of columns than the first line")]
    Columns,
    #[error("\"{0}\" is no GUID that names a card")]
    CardId(String),
    #[error("\"{0}\" is no kind of card: yubikey, piv, gids or pkcs11")]
    Kind(String),
    #[error("a serial names a card with its kind alone: give a column \"kind\", or --kind")]
    NoKind,
    #[error("\"{serial}\" is no serial of a {kind} card")]
    Serial { kind: &'static str, serial: String },
    #[error("a pkcs11 serial needs the token's manufacturer and model, as \"cardwright token info\" shows them")]
    NoModel,
    #[error("the serial gives the card id {0}, and the row says another")]
    OtherId(Uuid),
    #[error("line {0} has the same card")]
    Repeated(u64),
}

/// Holds a row by its line.
pub struct Row {
    pub line: u64,
    pub card: Result<StockCard, RowFault>,
}

/// Holds a list as it was read.
pub struct List {
    pub rows: Vec<Row>,
    /// The names of columns that mean nothing here.
    pub ignored: Vec<String>,
}

const NAMES: [&str; 6] = ["card id", "serial", "kind", "manufacturer", "model", "note"];

/// Says where each of the known columns stands.
struct Columns([Option<usize>; NAMES.len()]);

impl Columns {
    /// Reads the first line; returns also the names that are not known.
    fn of(head: &ByteRecord) -> Result<(Self, Vec<String>), ListFault> {
        let mut places = [None; NAMES.len()];
        let mut ignored = Vec::new();
        for (index, name) in head.iter().enumerate() {
            let text = String::from_utf8_lossy(name);
            let plain = text.to_lowercase().replace(['_', '-'], " ");
            let plain = match plain.as_str() {
                "cardid" => "card id",
                "serial number" | "serialnumber" => "serial",
                other => other,
            };
            match NAMES.iter().position(|known| *known == plain) {
                Some(known) if places[known].is_some() => return Err(ListFault::Twice(NAMES[known])),
                Some(known) => places[known] = Some(index),
                None => ignored.push(text.into_owned()),
            }
        }
        match places {
            [None, None, ..] => Err(ListFault::Columns),
            _ => Ok((Self(places), ignored)),
        }
    }

    /// Returns the fields of a row, empty where it has none.
    fn read(&self, record: &ByteRecord) -> Result<[String; NAMES.len()], RowFault> {
        let mut fields = [const { String::new() }; NAMES.len()];
        for (field, place) in fields.iter_mut().zip(self.0) {
            let bytes = place.and_then(|place| record.get(place)).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|_| RowFault::NotUtf8)?;
            if text.chars().any(is_hidden) {
                return Err(RowFault::Hidden);
            }
            if text.chars().count() > MAX_FIELD {
                return Err(RowFault::TooLong);
            }
            text.clone_into(field);
        }
        Ok(fields)
    }
}

/// Reads a list; `kind` is that of serials that the list gives none.
pub fn read(bytes: &[u8], kind: Option<CardKind>) -> Result<List, ListFault> {
    is_in_utf8(bytes)?;
    let mut reader = ReaderBuilder::new().delimiter(delimiter(bytes)).flexible(true).trim(Trim::All).from_reader(bytes);
    let head = reader.byte_headers()?.clone();
    let (columns, ignored) = Columns::of(&head)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut lines: HashMap<Uuid, u64> = HashMap::new();
    for record in reader.byte_records() {
        let record = record?;
        if rows.len() == MAX_ROWS {
            return Err(ListFault::TooLong);
        }
        let line = line(bytes, &record);
        let mut card = match record.len() == head.len() {
            true => columns.read(&record).and_then(|fields| card_of(fields, kind)),
            false => Err(RowFault::Columns),
        };
        if let Ok(StockCard { card_id, .. }) = &card
            && let Some(earlier) = lines.get(card_id)
        {
            card = Err(RowFault::Repeated(*earlier));
        }
        if let Ok(StockCard { card_id, .. }) = &card {
            lines.insert(*card_id, line);
        }
        rows.push(Row { line, card });
    }
    Ok(List { rows, ignored })
}

/// Makes the card of a row.
fn card_of(fields: [String; NAMES.len()], default: Option<CardKind>) -> Result<StockCard, RowFault> {
    let [id, serial, kind, manufacturer, model, note] = fields;
    let id = match id.as_str() {
        "" => None,
        text => {
            let id = Uuid::parse_str(text).ok().filter(|id| !id.is_nil());
            Some(id.ok_or_else(|| RowFault::CardId(text.to_owned()))?)
        }
    };
    let kind = match kind.as_str() {
        "" => default.filter(|_| !serial.is_empty()),
        text => Some(CardKind::from_str(text, true).map_err(|_| RowFault::Kind(text.to_owned()))?),
    };
    match (id, serial.is_empty(), kind) {
        (None, true, _) => Err(RowFault::Nameless),
        (None, false, None) => Err(RowFault::NoKind),
        (Some(card_id), true, _) | (Some(card_id), false, None) => {
            Ok(StockCard { card_id, kind: String::new(), serial, note })
        }
        (id, false, Some(kind)) => {
            let (serial, found) = identified(kind, serial, manufacturer, model)?;
            match id {
                Some(id) if id != found => Err(RowFault::OtherId(found)),
                _ => Ok(StockCard { card_id: found, kind: word(kind).to_owned(), serial, note }),
            }
        }
    }
}

/// Returns a serial as the card itself will tell it, and the card id that follows from it.
fn identified(kind: CardKind, serial: String, manufacturer: String, model: String) -> Result<(String, Uuid), RowFault> {
    let wrong = || RowFault::Serial { kind: word(kind), serial: serial.clone() };
    let (manufacturer, model, told) = match kind {
        CardKind::Yubikey => {
            let number: u32 = serial.parse().map_err(|_| wrong())?;
            ("Yubico".to_owned(), "YubiKey".to_owned(), number.to_string())
        }
        CardKind::Piv => {
            let bytes = hex::decode(&serial).map_err(|_| wrong())?;
            (String::new(), "PIV".to_owned(), hex::encode(bytes))
        }
        CardKind::Gids => {
            let bytes: [u8; 16] = hex::decode(&serial).ok().and_then(|it| it.try_into().ok()).ok_or_else(wrong)?;
            return match names_nothing(&serial) {
                true => Err(wrong()),
                false => Ok((hex::encode(bytes), Uuid::from_bytes_le(bytes))),
            };
        }
        CardKind::Pkcs11 if manufacturer.is_empty() || model.is_empty() => return Err(RowFault::NoModel),
        CardKind::Pkcs11 => (manufacturer, model, serial.clone()),
    };
    if names_nothing(&told) && kind != CardKind::Yubikey {
        return Err(wrong());
    }
    let identity = Identity {
        kind: "",
        label: String::new(),
        serial: told.clone(),
        manufacturer,
        model,
        card_id: None,
        origin: Origin::Maker,
        earlier_serial: None,
    };
    Ok((told, card_id(&identity)))
}

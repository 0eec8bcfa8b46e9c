//! `server stock`: the cards that are known before they are given to anybody. A template can demand them.
//!
//! In: card ids, with what is printed on the cards. Out: rows of the store, and an act for each page of them.

use super::records;
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::database::DatabaseError;
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::server::users::rules::{MAX_TEXT, is_text};
use crate::store::{self, AuditEntry, StockRecord, Store, Tx};
use std::path::Path;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds the cards of one act.
const PAGE: usize = 200;

/// Describes a card that is to be put in stock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockCard {
    /// By which clients will know it.
    pub card_id: Uuid,
    /// By what the serial names the card; empty where nothing but the id is known.
    pub kind: String,
    /// As printed on the card; may be empty.
    pub serial: String,
    pub note: String,
}

/// Says why nothing was read or changed.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error(
        "kind, serial and note have up to {MAX_TEXT} characters, none of them one that is not seen (a control character, one \
         of no width or of direction)"
    )]
    Text,
    #[error("the empty GUID names no card")]
    NoCard,
    #[error("\"{0}\" is neither the id nor the serial of a card in stock")]
    NotThere(String),
    #[error("several cards in stock have the serial \"{0}\"; name the one that is meant by its id")]
    Several(String),
}

/// Opens the store of a data directory for the length of one piece of work.
fn with_store<T>(data_dir: &Path, work: impl AsyncFnOnce(&Store) -> Result<T, StockError>) -> Result<T, StockError> {
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    records::with_store(&directory, &settings, work)?
}

/// Refuses what cannot stand in the row of a card.
fn check(card: &StockCard) -> Result<(), StockError> {
    if card.card_id.is_nil() {
        return Err(StockError::NoCard);
    }
    let fits = [&card.kind, &card.serial, &card.note].into_iter().all(|text| is_text(text));
    if fits { Ok(()) } else { Err(StockError::Text) }
}

/// Lists all cards in stock, by their ids.
pub fn stock_list(data_dir: &Path) -> Result<Vec<StockRecord>, StockError> {
    with_store(data_dir, listed)
}

async fn listed(store: &Store) -> Result<Vec<StockRecord>, StockError> {
    let mut cards: Vec<StockRecord> = Vec::new();
    loop {
        let page = store.stock_after(cards.last().map(|card| card.card_id).unwrap_or_default()).await?;
        if page.is_empty() {
            return Ok(cards);
        }
        cards.extend(page);
    }
}

/// Puts cards in stock; one that is there already stays as it is. Returns how many came. `source` is the SHA-256 of the
/// file that they come from, hexadecimal, for the log. Cut off, it goes on where it was when it is done again.
pub fn stock_import(data_dir: &Path, cards: &[StockCard], source: &str) -> Result<u64, StockError> {
    cards.iter().try_for_each(check)?;
    with_store(data_dir, async |store| {
        let now = OffsetDateTime::now_utc();
        let mut came = 0;
        for page in cards.chunks(PAGE) {
            let (page, entry) =
                (page.to_vec(), deed::at_the_data_directory(Deed::StockAdded, now).with("file_sha256", source));
            came += store.write(move |tx| Box::pin(async move { put(tx, page, now, entry).await })).await?;
        }
        Ok(came)
    })
}

/// Puts a page of cards in stock; returns how many were not there.
async fn put(tx: &mut Tx, page: Vec<StockCard>, added: OffsetDateTime, entry: AuditEntry) -> Result<u64, store::Error> {
    let mut came = 0;
    for StockCard { card_id, kind, serial, note } in page {
        if tx.stock_card(card_id).await?.is_none() {
            tx.put_in_stock(&StockRecord { card_id, kind, serial, note, added }).await?;
            came += 1;
        }
    }
    if came > 0 {
        tx.audit(&entry.with("cards", came)).await?;
    }
    Ok(came)
}

/// Takes cards out of stock, each named by its id or its serial: all of them, or none. Returns what they were.
pub fn stock_remove(data_dir: &Path, names: &[String]) -> Result<Vec<StockRecord>, StockError> {
    with_store(data_dir, async |store| {
        let cards = listed(store).await?;
        let gone = names.iter().map(|name| named(&cards, name)).collect::<Result<Vec<_>, _>>()?;
        let (ids, now): (Vec<_>, _) = (gone.iter().map(|card| card.card_id).collect(), OffsetDateTime::now_utc());
        let entry = deed::at_the_data_directory(Deed::StockRemoved, now);
        store.write(move |tx| Box::pin(async move { taken_out(tx, ids, now, entry).await })).await?;
        Ok(gone)
    })
}

/// Finds the card that is meant by an id, or by a serial that no other card has.
fn named(cards: &[StockRecord], name: &str) -> Result<StockRecord, StockError> {
    let id = Uuid::parse_str(name).ok();
    let by_id = cards.iter().find(|card| Some(card.card_id) == id);
    let mut by_serial = cards.iter().filter(|card| card.serial == name && !name.is_empty());
    match (by_id, by_serial.next(), by_serial.next()) {
        (Some(card), _, _) | (None, Some(card), None) => Ok(card.clone()),
        (None, None, _) => Err(StockError::NotThere(name.to_owned())),
        (None, Some(_), Some(_)) => Err(StockError::Several(name.to_owned())),
    }
}

async fn taken_out(tx: &mut Tx, cards: Vec<Uuid>, at: OffsetDateTime, entry: AuditEntry) -> Result<(), store::Error> {
    let mut gone = 0_usize;
    for card in cards {
        gone += usize::from(tx.take_out_of_stock(card, at).await?);
    }
    if gone > 0 {
        tx.audit(&entry.with("cards", gone)).await?;
    }
    Ok(())
}

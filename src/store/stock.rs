//! Keeps the cards that are known before they are given to anybody.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::open::Store;
use super::record::LIST_LIMIT;
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "stock";

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT card_id, kind, serial, note, added FROM stock ", $rest)
    };
}

/// Describes a card in stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockRecord {
    /// By which clients will know it. Unique.
    pub card_id: Uuid,
    /// By what the serial names the card, such as "yubikey"; empty where nothing but the id is known.
    pub kind: String,
    /// As printed on the card; may be empty.
    pub serial: String,
    pub note: String,
    pub added: OffsetDateTime,
}

impl FromRow for StockRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            card_id: columns.take()?,
            kind: columns.take()?,
            serial: columns.take()?,
            note: columns.take()?,
            added: columns.time()?,
        })
    }
}

pub(super) fn stock_card(card_id: Uuid) -> Ask<'static, Option<StockRecord>> {
    sql(select!("WHERE card_id = $1 AND removed IS NULL")).bind(card_id).asking()
}

pub(super) fn stock_after(card_id: Uuid) -> Ask<'static, Vec<StockRecord>> {
    sql(select!("WHERE card_id > $1 AND removed IS NULL ORDER BY card_id LIMIT $2"))
        .bind(card_id)
        .bind(LIST_LIMIT)
        .asking()
}

impl Store {
    /// Lists the cards in stock on which this serial is printed, of whatever kind, at most 20.
    pub async fn stock_by_serial(&self, serial: &str) -> Result<Vec<StockRecord>, Error> {
        let statement = select!("WHERE serial = $1 AND removed IS NULL ORDER BY seq LIMIT 20");
        self.ask(sql(statement).bind(serial).asking()).await
    }
}

impl Tx {
    /// Puts a card in stock, also one that was removed before.
    pub async fn put_in_stock(&mut self, card: &StockRecord) -> Result<(), Error> {
        let again = "UPDATE stock SET kind = $2, serial = $3, note = $4, added = $5, removed = NULL WHERE card_id = $1";
        let first = "INSERT INTO stock (card_id, kind, serial, note, added) VALUES ($1, $2, $3, $4, $5)";
        for statement in [again, first] {
            let statement =
                sql(statement).bind(card.card_id).bind(&card.kind).bind(&card.serial).bind(&card.note).bind(card.added);
            if self.execute(TABLE, statement).await? > 0 {
                break;
            }
        }
        Ok(())
    }

    /// Takes a card out of stock; says whether it was there. Its row is kept, so that the log goes on to vouch for it.
    pub async fn take_out_of_stock(&mut self, card_id: Uuid, at: OffsetDateTime) -> Result<bool, Error> {
        let statement = "UPDATE stock SET removed = $2 WHERE card_id = $1 AND removed IS NULL";
        Ok(self.execute(TABLE, sql(statement).bind(card_id).bind(at)).await? > 0)
    }
}

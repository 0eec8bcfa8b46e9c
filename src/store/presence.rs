//! Keeps how cards have shown that they are there: for each request and card the authentication that is open, or the one
//! that was answered. At most one is open for a card id.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::Derivation;
use super::spelling::Spelled;
use super::writer::Tx;
use crate::cm::presence::PresenceProtocol;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "presences";

/// Describes how a card shows, for a request, that it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceRecord {
    pub request: Uuid,
    pub smartcard: Uuid,
    pub card_id: Uuid,
    pub protocol: PresenceProtocol,
    /// From what the key is derived by which the card shows itself.
    pub from: Derivation,
    /// From this, the request and the card follows the server's challenge.
    pub nonce: Uuid,
    /// What the card has sent of its own: a PIV card's witness, encrypted, or a GIDS card's challenge.
    pub card: Option<Vec<u8>>,
    /// The card's answer to the server's challenge, once it was right.
    pub answer: Option<Vec<u8>>,
    /// An answer is still taken, until `ends`.
    pub open: bool,
    pub ends: OffsetDateTime,
    /// Counts the authentications that were opened for the request.
    pub made: u32,
}

impl FromRow for PresenceRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            request: columns.take()?,
            smartcard: columns.take()?,
            card_id: columns.take()?,
            protocol: columns.state()?,
            from: Derivation { master: columns.number()?, generation: columns.take()? },
            nonce: columns.take()?,
            card: columns.take()?,
            answer: columns.take()?,
            open: columns.take()?,
            ends: columns.time()?,
            made: columns.number()?,
        })
    }
}

pub(super) fn presence(request: Uuid, smartcard: Uuid) -> Ask<'static, Option<PresenceRecord>> {
    let statement = "SELECT request, smartcard, card_id, protocol, master, generation, nonce, card, answer, open, ends, \
                     made FROM presences WHERE request = $1 AND smartcard = $2";
    sql(statement).bind(request).bind(smartcard).asking()
}

impl Tx {
    /// Ends what is open for the card with this card id, so that no answer to it counts any more.
    pub async fn close_presences(&mut self, card_id: Uuid) -> Result<(), Error> {
        let statement = sql("UPDATE presences SET open = $2 WHERE card_id = $1 AND open = $3");
        self.execute(TABLE, statement.bind(card_id).bind(false).bind(true)).await.map(drop)
    }

    /// Opens an authentication in place of an earlier one of the same request and card that was not answered;
    /// [`Error::Duplicate`] where another one for the card id was opened at the same moment. Counts them.
    pub async fn open_presence(&mut self, opened: &PresenceRecord) -> Result<(), Error> {
        let statement = "INSERT INTO presences (request, smartcard, card_id, protocol, master, generation, nonce, card, \
                         open, ends, made) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1) \
                         ON CONFLICT (request, smartcard) DO UPDATE SET protocol = excluded.protocol, \
                         master = excluded.master, generation = excluded.generation, nonce = excluded.nonce, \
                         card = excluded.card, open = excluded.open, ends = excluded.ends, made = presences.made + 1 \
                         WHERE presences.answer IS NULL";
        let statement = sql(statement)
            .bind(opened.request)
            .bind(opened.smartcard)
            .bind(opened.card_id)
            .bind(opened.protocol.word())
            .bind(opened.from.master)
            .bind(opened.from.generation)
            .bind(opened.nonce)
            .bind(opened.card.as_ref())
            .bind(opened.open)
            .bind(opened.ends);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Keeps the card's own challenge, once; says whether the authentication was open and waited for it.
    pub async fn challenge_presence(&mut self, opened: &PresenceRecord, card: &[u8]) -> Result<bool, Error> {
        let statement = "UPDATE presences SET card = $1 WHERE request = $2 AND smartcard = $3 AND nonce = $4 \
                         AND open = $5 AND card IS NULL";
        let statement = sql(statement).bind(card).bind(opened.request).bind(opened.smartcard);
        Ok(self.execute(TABLE, statement.bind(opened.nonce).bind(true)).await? == 1)
    }

    /// Ends an authentication, with the card's answer if that was right; says whether it was open.
    pub async fn end_presence(&mut self, opened: &PresenceRecord, answer: Option<&[u8]>) -> Result<bool, Error> {
        let statement = "UPDATE presences SET open = $1, answer = $2 WHERE request = $3 AND smartcard = $4 \
                         AND nonce = $5 AND open = $6";
        let statement = sql(statement).bind(false).bind(answer).bind(opened.request).bind(opened.smartcard);
        Ok(self.execute(TABLE, statement.bind(opened.nonce).bind(true)).await? == 1)
    }
}

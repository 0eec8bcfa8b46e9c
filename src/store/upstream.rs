//! Keeps what was ordered from a CA elsewhere, so that nothing is ordered twice and no order is lost.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, Statement, sql};
use super::writer::Tx;
use time::OffsetDateTime;

const TABLE: &str = "upstream_orders";
/// Bounds the orders that one round of a background task takes up.
const ROUND: u32 = 20;

/// Describes an order at a CA elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamOrder {
    pub public_key_sha256: [u8; 32],
    /// The certification request, DER.
    pub csr: Vec<u8>,
    /// What the CA gave to ask again with; may be empty.
    pub ticket: Vec<u8>,
    pub ordered: OffsetDateTime,
    pub next_poll: OffsetDateTime,
    pub polls: u32,
    /// Why the CA will never answer it.
    pub failure: Option<String>,
    /// The certificate's serial number, and the certificate in DER; `None` while it is awaited.
    pub issued: Option<(Vec<u8>, Vec<u8>)>,
    /// The certificate was handed out: it is among the issued ones of this store.
    pub is_recorded: bool,
}

macro_rules! select {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT u.public_key_sha256, u.csr, u.ticket, u.ordered, u.next_poll, u.polls, u.failure, u.serial, ",
            "u.certificate, EXISTS (SELECT 1 FROM certificates AS c WHERE c.serial = u.serial)",
            $more,
            " FROM upstream_orders AS u ",
            $rest
        )
    };
}

impl FromRow for UpstreamOrder {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            public_key_sha256: columns.take()?,
            csr: columns.take()?,
            ticket: columns.take()?,
            ordered: columns.time()?,
            next_poll: columns.time()?,
            polls: columns.number()?,
            failure: columns.take()?,
            issued: match (columns.take::<Option<Vec<u8>>>()?, columns.take::<Option<Vec<u8>>>()?) {
                (Some(serial), Some(certificate)) => Some((serial, certificate)),
                _ => None,
            },
            is_recorded: columns.take()?,
        })
    }
}

impl FromRow for (UpstreamOrder, u8) {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok((UpstreamOrder::read(columns)?, columns.number()?))
    }
}

pub(super) fn upstream_order(public_key_sha256: &[u8; 32]) -> Ask<'_, Option<UpstreamOrder>> {
    sql(select!("", "WHERE u.public_key_sha256 = $1 ORDER BY u.seq DESC LIMIT 1")).bind(public_key_sha256).asking()
}

pub(super) fn upstream_waiting(now: OffsetDateTime) -> Ask<'static, Vec<UpstreamOrder>> {
    let statement =
        select!("", "WHERE u.serial IS NULL AND u.failure IS NULL AND u.next_poll <= $1 ORDER BY u.next_poll LIMIT $2");
    sql(statement).bind(now).bind(ROUND).asking()
}

pub(super) fn upstream_revoked(now: OffsetDateTime) -> Ask<'static, Vec<(UpstreamOrder, u8)>> {
    let statement = select!(
        ", r.revocation_reason",
        "JOIN certificates AS r ON r.serial = u.serial \
         WHERE r.revoked_at <= $1 AND u.revocation_told IS NULL ORDER BY u.seq LIMIT $2"
    );
    sql(statement).bind(now).bind(ROUND).asking()
}

/// Binds the last columns of an order: what the CA has said so far.
fn bind_answer<'a>(statement: Statement<'a>, order: &'a UpstreamOrder) -> Statement<'a> {
    let (serial, certificate) = order.issued.as_ref().map(|(serial, certificate)| (serial, certificate)).unzip();
    statement.bind(order.next_poll).bind(order.polls).bind(order.failure.as_ref()).bind(serial).bind(certificate)
}

impl Tx {
    /// Remembers an order, before or after the CA is first asked for it.
    pub async fn insert_upstream_order(&mut self, order: &UpstreamOrder) -> Result<(), Error> {
        let statement = sql("INSERT INTO upstream_orders (public_key_sha256, csr, ticket, ordered, next_poll, polls, \
                             failure, serial, certificate) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(&order.public_key_sha256)
        .bind(&order.csr)
        .bind(&order.ticket)
        .bind(order.ordered);
        self.execute(TABLE, bind_answer(statement, order)).await.map(drop)
    }

    /// Writes what became of an open order; false where it is not open any more.
    pub async fn update_upstream_order(&mut self, order: &UpstreamOrder) -> Result<bool, Error> {
        let statement = sql("UPDATE upstream_orders SET ticket = $2, next_poll = $3, polls = $4, failure = $5, \
                             serial = $6, certificate = $7 \
                             WHERE public_key_sha256 = $1 AND serial IS NULL AND failure IS NULL")
        .bind(&order.public_key_sha256)
        .bind(&order.ticket);
        Ok(self.execute(TABLE, bind_answer(statement, order)).await? > 0)
    }

    /// Notes that the CA was told of a revocation.
    pub async fn told_upstream(&mut self, serial: &[u8], at: OffsetDateTime) -> Result<(), Error> {
        let statement = sql("UPDATE upstream_orders SET revocation_told = $2 WHERE serial = $1").bind(serial).bind(at);
        self.execute(TABLE, statement).await.map(drop)
    }
}

//! Keeps what cards have attested of the keys of certificates.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::AttestationRecord;
use super::writer::Tx;

const TABLE: &str = "attestations";

impl FromRow for AttestationRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { chain: columns.take()?, proven: columns.take()? })
    }
}

pub(super) fn attestation(serial: &[u8]) -> Ask<'_, Option<AttestationRecord>> {
    sql("SELECT chain, proven FROM attestations WHERE serial = $1").bind(serial).asking()
}

impl Tx {
    /// Keeps what a card has attested of a certificate's key: certificates in DER, one after the other.
    pub async fn insert_attestation(&mut self, serial: &[u8], chain: &[u8], proven: bool) -> Result<(), Error> {
        let statement = sql("INSERT INTO attestations (serial, chain, proven) VALUES ($1, $2, $3)")
            .bind(serial)
            .bind(chain)
            .bind(proven);
        self.execute(TABLE, statement).await.map(drop)
    }
}

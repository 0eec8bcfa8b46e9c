//! Keeps which certificates a profile holds, and the archive of their private keys, which only [`crate::server`]'s
//! recovery reads.

use super::certificates::{revocation, select};
use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::{ArchivedRecord, CertificateRecord, HoldingRecord, LIST_LIMIT, MasterKeyUse, Origin};
use super::spelling::Spelled;
use super::writer::Tx;
use uuid::Uuid;

const HOLDINGS: &str = "profile_certificates";
const ARCHIVE: &str = "archived_keys";

impl FromRow for HoldingRecord {
    const TABLE: &'static str = HOLDINGS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { origin: columns.state()?, certificate: CertificateRecord::read(columns)? })
    }
}

impl FromRow for ArchivedRecord {
    const TABLE: &'static str = ARCHIVE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            serial: columns.take()?,
            origin: columns.state()?,
            template_common_name: columns.take()?,
            owner: columns.take()?,
            not_after: columns.time()?,
            agents_only: columns.take()?,
            revocation: revocation(columns)?,
        })
    }
}

/// Holds an archived key, sealed as it is kept.
pub(super) struct Sealed(pub Vec<u8>);

impl FromRow for Sealed {
    const TABLE: &'static str = ARCHIVE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

pub(super) fn holdings(profile: Uuid) -> Ask<'static, Vec<HoldingRecord>> {
    let statement = concat!(
        "SELECT h.origin, c.* FROM profile_certificates h JOIN (",
        select!(""),
        ") c ON c.serial = h.serial WHERE h.profile = $1 ORDER BY h.seq LIMIT $2"
    );
    sql(statement).bind(profile).bind(LIST_LIMIT).asking()
}

pub(super) fn archived(profile: Uuid) -> Ask<'static, Vec<ArchivedRecord>> {
    let statement = "SELECT h.serial, h.origin, c.template_common_name, c.owner, c.not_after, g.serial IS NOT NULL, \
                     c.revoked_at, c.revocation_reason FROM profile_certificates h \
                     JOIN certificates c ON c.serial = h.serial \
                     LEFT JOIN archived_keys a ON a.serial = h.serial AND a.lasts = TRUE \
                     LEFT JOIN agents_keys g ON g.serial = h.serial \
                     WHERE h.profile = $1 AND (a.serial IS NOT NULL OR g.serial IS NOT NULL) ORDER BY h.seq LIMIT $2";
    sql(statement).bind(profile).bind(LIST_LIMIT).asking()
}

pub(super) fn archived_key(serial: &[u8]) -> Ask<'_, Option<Sealed>> {
    sql("SELECT sealed FROM archived_keys WHERE serial = $1").bind(serial).asking()
}

pub(super) fn agents_key(serial: &[u8]) -> Ask<'_, Option<Sealed>> {
    sql("SELECT sealed FROM agents_keys WHERE serial = $1").bind(serial).asking()
}

impl FromRow for MasterKeyUse {
    const TABLE: &'static str = "smartcards";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { version: columns.number()?, cards: columns.number()? })
    }
}

pub(super) fn master_key_uses() -> Ask<'static, Vec<MasterKeyUse>> {
    // Of a card that was assigned more than once, the last record tells all that it may have.
    let statement = "WITH latest AS (SELECT * FROM smartcards WHERE seq IN \
                     (SELECT max(seq) FROM smartcards GROUP BY card_id)) \
                     SELECT version, count(*) FROM (\
                     SELECT uuid, master_key_version AS version FROM latest WHERE admin_key <> 'default' \
                     UNION SELECT uuid, master_key_next AS version FROM latest WHERE admin_key <> 'default' \
                     UNION SELECT uuid, puk_master AS version FROM latest WHERE puk_state <> 'default' \
                     UNION SELECT uuid, puk_before_master AS version FROM latest WHERE puk_state = 'proposed'\
                     ) AS needed WHERE version > 0 GROUP BY version ORDER BY version";
    sql(statement).asking()
}

impl Tx {
    /// Adds a certificate to those that a profile holds, after the ones it holds already.
    pub async fn insert_holding(&mut self, profile: Uuid, serial: &[u8], origin: Origin) -> Result<(), Error> {
        let statement = sql("INSERT INTO profile_certificates (profile, serial, origin) VALUES ($1, $2, $3)")
            .bind(profile)
            .bind(serial)
            .bind(origin.word());
        self.send(HOLDINGS, statement).await
    }

    /// Archives the sealed private key of a certificate. One that does not last is removed by [`Tx::forget_keys`].
    pub async fn insert_archived_key(&mut self, serial: &[u8], sealed: &[u8], lasts: bool) -> Result<(), Error> {
        let statement = sql("INSERT INTO archived_keys (serial, sealed, lasts) VALUES ($1, $2, $3)")
            .bind(serial)
            .bind(sealed)
            .bind(lasts);
        self.execute(ARCHIVE, statement).await.map(drop)
    }

    /// Archives the private key of a certificate that only the recovery agents can open.
    pub async fn insert_agents_key(&mut self, serial: &[u8], sealed: &[u8]) -> Result<(), Error> {
        let statement = sql("INSERT INTO agents_keys (serial, sealed) VALUES ($1, $2)").bind(serial).bind(sealed);
        self.execute("agents_keys", statement).await.map(drop)
    }

    /// Removes the archived private keys of a profile that are not to last.
    pub async fn forget_keys(&mut self, profile: Uuid) -> Result<(), Error> {
        let statement = "DELETE FROM archived_keys WHERE lasts = FALSE \
                         AND serial IN (SELECT serial FROM profile_certificates WHERE profile = $1)";
        self.send(ARCHIVE, sql(statement).bind(profile)).await
    }
}

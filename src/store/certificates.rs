//! Keeps certificates, and the answers they were sent in.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::{CertificateRecord, CertificateScope, LIST_LIMIT, Revocation};
use super::versions::COUNTERS;
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

pub(super) const TABLE: &str = "certificates";
const RESPONSES: &str = "responses";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT serial, request, profile, smartcard, owner, template_common_name, thumbprint, public_key_sha256, ",
            "csr_sha256, der, not_before, not_after, superseded, revoked_at, revocation_reason FROM certificates ",
            $rest
        )
    };
}
pub(super) use select;

impl FromRow for CertificateRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            serial: columns.take()?,
            request: columns.take()?,
            profile: columns.take()?,
            smartcard: columns.take()?,
            user: columns.take()?,
            template_common_name: columns.take()?,
            thumbprint: columns.take()?,
            public_key_sha256: columns.take()?,
            csr_sha256: columns.take()?,
            der: columns.take()?,
            not_before: columns.time()?,
            not_after: columns.time()?,
            superseded: columns.take()?,
            revocation: revocation(columns)?,
        })
    }
}

/// Reads when and why a certificate was revoked, from the last two columns of a row.
pub(super) fn revocation(columns: &mut Columns<'_>) -> Result<Option<Revocation>, Error> {
    Ok(match columns.optional_time()? {
        None => None,
        Some(at) => Some(Revocation { at, reason: columns.number()? }),
    })
}

/// Holds an answer as it was sent.
pub(super) struct Response(pub Vec<u8>);

impl FromRow for Response {
    const TABLE: &'static str = RESPONSES;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

pub(super) fn certificate(serial: &[u8]) -> Ask<'_, Option<CertificateRecord>> {
    sql(select!("WHERE serial = $1")).bind(serial).asking()
}

pub(super) fn certificate_for_key(request: Uuid, public_key_sha256: &[u8; 32]) -> Ask<'_, Option<CertificateRecord>> {
    let statement = select!("WHERE request = $1 AND public_key_sha256 = $2");
    sql(statement).bind(request).bind(public_key_sha256).asking()
}

pub(super) fn certificate_against(key: &[u8; 32], reason: u8, owner: Uuid) -> Ask<'_, Option<CertificateRecord>> {
    let statement = select!(
        "WHERE public_key_sha256 = $1 AND (revocation_reason = $2 OR owner <> $3) \
         ORDER BY CASE WHEN revocation_reason = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    sql(statement).bind(key).bind(reason).bind(owner).asking()
}

pub(super) fn certificates(scope: CertificateScope) -> Ask<'static, Vec<CertificateRecord>> {
    let (statement, uuid) = match scope {
        CertificateScope::Request(uuid) => (select!("WHERE request = $1 ORDER BY seq DESC LIMIT $2"), uuid),
        CertificateScope::Profile(uuid) => (select!("WHERE profile = $1 ORDER BY seq DESC LIMIT $2"), uuid),
        CertificateScope::Smartcard(uuid) => (select!("WHERE smartcard = $1 ORDER BY seq DESC LIMIT $2"), uuid),
        CertificateScope::User(uuid) => (select!("WHERE owner = $1 ORDER BY seq DESC LIMIT $2"), uuid),
    };
    sql(statement).bind(uuid).bind(LIST_LIMIT).asking()
}

/// Holds when a certificate was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssueTime(pub OffsetDateTime);

impl FromRow for IssueTime {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.time().map(Self)
    }
}

pub(super) fn issued_after(owner: Uuid, after: OffsetDateTime) -> Ask<'static, Vec<IssueTime>> {
    let statement = "SELECT issued FROM certificates WHERE owner = $1 AND issued > $2 ORDER BY issued DESC LIMIT $3";
    sql(statement).bind(owner).bind(after).bind(LIST_LIMIT).asking()
}

pub(super) fn response(serial: &[u8]) -> Ask<'_, Option<Response>> {
    sql("SELECT pkcs7 FROM responses WHERE serial = $1").bind(serial).asking()
}

impl Tx {
    /// Has jobs of other servers that certify one of these keys wait until this one is through, and waits for theirs, so
    /// that each sees what another has certified. Keys are named by their SHA-256.
    pub async fn lock_keys(&mut self, keys: &[[u8; 32]]) -> Result<(), Error> {
        let number = |key: &[u8; 32]| key.first_chunk().map(|first| i64::from_be_bytes(*first));
        let mut numbers: Vec<_> = keys.iter().filter_map(number).collect();
        // Two jobs that take them in one order never wait for each other.
        numbers.sort_unstable();
        for number in numbers {
            self.lock(number).await?;
        }
        Ok(())
    }

    /// Adds a certificate that is issued now and the answer it is sent in; [`Error::Duplicate`] when the request has a
    /// certificate for this key.
    pub async fn insert_certificate(
        &mut self,
        certificate: &CertificateRecord,
        pkcs7: &[u8],
        issued: OffsetDateTime,
    ) -> Result<(), Error> {
        let statement = sql(
            "INSERT INTO certificates (serial, request, profile, smartcard, owner, template_common_name, thumbprint, \
             public_key_sha256, csr_sha256, der, not_before, not_after, superseded, revoked_at, revocation_reason, issued) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(&certificate.serial)
        .bind(certificate.request)
        .bind(certificate.profile)
        .bind(certificate.smartcard)
        .bind(certificate.user)
        .bind(&certificate.template_common_name)
        .bind(&certificate.thumbprint)
        .bind(&certificate.public_key_sha256)
        .bind(&certificate.csr_sha256)
        .bind(&certificate.der)
        .bind(certificate.not_before)
        .bind(certificate.not_after)
        .bind(certificate.superseded)
        .bind(certificate.revocation.map(|revocation| revocation.at))
        .bind(certificate.revocation.map(|revocation| revocation.reason))
        .bind(issued);
        self.send(TABLE, statement).await?;
        let statement =
            sql("INSERT INTO responses (serial, pkcs7) VALUES ($1, $2)").bind(&certificate.serial).bind(pkcs7);
        self.send(RESPONSES, statement).await
    }

    /// Has the numbers of revocation lists go on after `number`, unless they are beyond it.
    pub async fn skip_crl_numbers(&mut self, number: u64) -> Result<(), Error> {
        let statement = "UPDATE counters SET value = $1 WHERE name = 'crl' AND value < $1";
        self.execute(COUNTERS, sql(statement).bind(number)).await.map(drop)
    }

    /// Takes the next number for a revocation list: 1 at first, then one more each time (RFC 5280, 5.2.3).
    pub async fn next_crl_number(&mut self) -> Result<u64, Error> {
        struct Number(u64);
        impl FromRow for Number {
            const TABLE: &'static str = COUNTERS;
            fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
                columns.number().map(Self)
            }
        }
        self.execute(COUNTERS, sql("UPDATE counters SET value = value + 1 WHERE name = 'crl'")).await?;
        let number: Option<Number> = self.ask(sql("SELECT value FROM counters WHERE name = 'crl'").asking()).await?;
        number.map(|number| number.0).ok_or(Error::Damaged { table: COUNTERS, column: 0 })
    }
}

use super::LIST_LIMIT;
use super::error::Error;
use super::link::{Columns, Link, Record, micros};
use super::record::{CertificateRecord, CertificateScope, Revocation, RevokedCertificate};
use super::writer::Tx;
use sqlx::query;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "certificates";
const RESPONSES: &str = "responses";
const COUNTERS: &str = "counters";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT serial, request, profile, smartcard, owner, template_common_name, thumbprint, public_key_sha256, ",
            "csr_sha256, der, not_before, not_after, superseded, revoked_at, revocation_reason FROM certificates ",
            $rest
        )
    };
}

impl Record for CertificateRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            serial: columns.take()?,
            request: columns.take()?,
            profile: columns.take()?,
            smartcard: columns.take()?,
            user: columns.take()?,
            template_common_name: columns.take()?,
            thumbprint: columns.digest()?,
            public_key_sha256: columns.digest()?,
            csr_sha256: columns.digest()?,
            der: columns.take()?,
            not_before: columns.time()?,
            not_after: columns.time()?,
            superseded: columns.take()?,
            revocation: match columns.optional_time()? {
                None => None,
                Some(at) => Some(Revocation { at, reason: columns.number()? }),
            },
        })
    }
}

impl Record for RevokedCertificate {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { serial: columns.take()?, revocation: Revocation { at: columns.time()?, reason: columns.number()? } })
    }
}

/// A lone BLOB.
struct Bytes(Vec<u8>);

impl Record for Bytes {
    const TABLE: &'static str = RESPONSES;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

pub(super) async fn certificate(link: &mut Link<'_>, serial: &[u8]) -> Result<Option<CertificateRecord>, Error> {
    link.optional(query(select!("WHERE serial = $1")).bind(serial)).await
}

pub(super) async fn certificate_for_key(
    link: &mut Link<'_>,
    request: Uuid,
    public_key_sha256: &[u8; 32],
) -> Result<Option<CertificateRecord>, Error> {
    let statement = select!("WHERE request = $1 AND public_key_sha256 = $2");
    link.optional(query(statement).bind(request).bind(public_key_sha256.as_slice())).await
}

pub(super) async fn certificates(
    link: &mut Link<'_>,
    scope: CertificateScope,
) -> Result<Vec<CertificateRecord>, Error> {
    let (statement, uuid) = match scope {
        CertificateScope::Request(uuid) => (select!("WHERE request = $1 ORDER BY seq DESC LIMIT $2"), uuid),
        CertificateScope::Profile(uuid) => (select!("WHERE profile = $1 ORDER BY seq DESC LIMIT $2"), uuid),
        CertificateScope::Smartcard(uuid) => (select!("WHERE smartcard = $1 ORDER BY seq DESC LIMIT $2"), uuid),
        CertificateScope::User(uuid) => (select!("WHERE owner = $1 ORDER BY seq DESC LIMIT $2"), uuid),
    };
    link.all(query(statement).bind(uuid).bind(i64::from(LIST_LIMIT))).await
}

pub(super) async fn response(link: &mut Link<'_>, serial: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let found: Option<Bytes> =
        link.optional(query("SELECT pkcs7 FROM responses WHERE serial = $1").bind(serial)).await?;
    Ok(found.map(|bytes| bytes.0))
}

pub(super) async fn revoked(
    link: &mut Link<'_>,
    valid_after: OffsetDateTime,
) -> Result<Vec<RevokedCertificate>, Error> {
    let statement = "SELECT serial, revoked_at, revocation_reason FROM certificates \
                     WHERE revoked_at IS NOT NULL AND not_after > $1 ORDER BY revoked_at, seq";
    link.all(query(statement).bind(micros(valid_after))).await
}

impl Tx {
    /// Adds a certificate and the answer it is sent in; [`Error::Duplicate`] when the request has one for this key.
    pub async fn insert_certificate(&mut self, certificate: &CertificateRecord, pkcs7: &[u8]) -> Result<(), Error> {
        let statement = query(
            "INSERT INTO certificates (serial, request, profile, smartcard, owner, template_common_name, thumbprint, \
             public_key_sha256, csr_sha256, der, not_before, not_after, superseded, revoked_at, revocation_reason) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        )
        .bind(certificate.serial.as_slice())
        .bind(certificate.request)
        .bind(certificate.profile)
        .bind(certificate.smartcard)
        .bind(certificate.user)
        .bind(&certificate.template_common_name)
        .bind(certificate.thumbprint.as_slice())
        .bind(certificate.public_key_sha256.as_slice())
        .bind(certificate.csr_sha256.as_slice())
        .bind(certificate.der.as_slice())
        .bind(micros(certificate.not_before))
        .bind(micros(certificate.not_after))
        .bind(certificate.superseded)
        .bind(certificate.revocation.map(|revocation| micros(revocation.at)))
        .bind(certificate.revocation.map(|revocation| i64::from(revocation.reason)));
        self.execute(TABLE, statement).await?;
        let statement = query("INSERT INTO responses (serial, pkcs7) VALUES ($1, $2)")
            .bind(certificate.serial.as_slice())
            .bind(pkcs7);
        self.execute(RESPONSES, statement).await.map(drop)
    }

    /// Marks the certificates of `scope` as superseded, and says how many were not so before.
    pub async fn supersede_certificates(&mut self, scope: CertificateScope) -> Result<u64, Error> {
        let (statement, uuid) = match scope {
            CertificateScope::Request(uuid) => {
                ("UPDATE certificates SET superseded = 1 WHERE request = $1 AND superseded = 0", uuid)
            }
            CertificateScope::Profile(uuid) => {
                ("UPDATE certificates SET superseded = 1 WHERE profile = $1 AND superseded = 0", uuid)
            }
            CertificateScope::Smartcard(uuid) => {
                ("UPDATE certificates SET superseded = 1 WHERE smartcard = $1 AND superseded = 0", uuid)
            }
            CertificateScope::User(uuid) => {
                ("UPDATE certificates SET superseded = 1 WHERE owner = $1 AND superseded = 0", uuid)
            }
        };
        self.execute(TABLE, query(statement).bind(uuid)).await
    }

    /// Revokes what is not revoked yet in `scope`, and says how many that were; an earlier revocation stays as it is.
    pub async fn revoke_certificates(&mut self, scope: CertificateScope, revocation: Revocation) -> Result<u64, Error> {
        macro_rules! revoke {
            ($column:literal) => {
                concat!(
                    "UPDATE certificates SET revoked_at = $2, revocation_reason = $3 WHERE ",
                    $column,
                    " = $1 AND revoked_at IS NULL"
                )
            };
        }
        let (statement, uuid) = match scope {
            CertificateScope::Request(uuid) => (revoke!("request"), uuid),
            CertificateScope::Profile(uuid) => (revoke!("profile"), uuid),
            CertificateScope::Smartcard(uuid) => (revoke!("smartcard"), uuid),
            CertificateScope::User(uuid) => (revoke!("owner"), uuid),
        };
        let statement = query(statement).bind(uuid).bind(micros(revocation.at)).bind(i64::from(revocation.reason));
        self.execute(TABLE, statement).await
    }

    /// The number of the next revocation list: 1, then one more each time (RFC 5280, 5.2.3).
    pub async fn next_crl_number(&mut self) -> Result<u64, Error> {
        struct Number(u64);
        impl Record for Number {
            const TABLE: &'static str = COUNTERS;
            fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
                columns.number().map(Self)
            }
        }
        self.execute(COUNTERS, query("UPDATE counters SET value = value + 1 WHERE name = 'crl'")).await?;
        let number = self.link().optional(query("SELECT value FROM counters WHERE name = 'crl'")).await?;
        number.map(|number: Number| number.0).ok_or(Error::Damaged { table: COUNTERS, column: 0 })
    }
}

//! What a directory says of somebody who is to log on with a certificate.

use super::connection::Connection;
use super::error::Error;
use super::mapping::CertificateName;
use super::person::{disabled, end, sid, text};
use super::schema::{Kind, Schema};
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds the mappings of one person that are read.
const MOST_MAPPINGS: usize = 64;
const MAPPINGS: &str = "altSecurityIdentities";

/// Holds what decides on a logon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogonEntry {
    /// The directory has disabled the person, or the account has ended.
    pub disabled: bool,
    pub upn: Option<String>,
    /// `S-1-5-21-…`.
    pub sid: Option<String>,
    /// The certificates that are mapped to the person by name.
    pub mappings: Vec<CertificateName>,
}

/// Reads the one person whom this identifies below the base, as it holds at the time `now`; `None` where there is none.
pub async fn logon_of(
    connection: &mut Connection,
    schema: &Schema,
    base: &str,
    now: OffsetDateTime,
    id: Uuid,
) -> Result<Option<LogonEntry>, Error> {
    let mut attributes = schema.of_people();
    if schema.kind == Kind::ActiveDirectory {
        attributes.push(MAPPINGS);
    }
    let (entries, _) = connection.page(base, true, &schema.identified(id), &attributes, &[]).await?;
    let [entry] = entries.as_slice() else { return Ok(None) };
    let ended = end(entry, schema.kind).is_some_and(|end| end <= now);
    let sid = match entry.values("objectSid") {
        [value] => sid(value),
        _ => None,
    };
    let mappings = entry.values(MAPPINGS).iter().take(MOST_MAPPINGS);
    Ok(Some(LogonEntry {
        disabled: disabled(entry, schema.kind) || ended,
        upn: text(entry, &schema.upn).unwrap_or_default(),
        sid,
        mappings: mappings.filter_map(|value| CertificateName::read(value)).collect(),
    }))
}

//! What an entry tells of a person, and why somebody cannot be taken over as the directory has him.

use super::entry::Entry;
use super::schema::{Kind, Schema};
use crate::cm::hidden::is_hidden;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds a text of a person, in characters.
const MOST_CHARACTERS: usize = 256;
/// Says whether an account is disabled; not everybody may read it.
const CONTROL: &str = "userAccountControl";
/// The bit of it for accounts that are disabled (MS-ADTS, 2.2.16).
const DISABLED: u32 = 0x2;
/// The seconds from the year 1601, at which Active Directory begins to count, to 1970 (MS-DTYP, 2.3.3).
const SECONDS_BEFORE: i64 = 11_644_473_600;
/// The time at which an administrator has locked an account for good (draft-behera-ldap-password-policy, 5.3.3).
const LOCKED_FOR_GOOD: &str = "000001010000Z";

/// Holds what a directory knows of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `objectGUID` or `entryUUID`: the same whatever the person is called and wherever the entry is moved.
    pub id: Uuid,
    pub dn: String,
    pub name: String,
    pub upn: Option<String>,
    pub email: Option<String>,
    /// `S-1-5-21-…`.
    pub sid: Option<String>,
    pub attributes: BTreeMap<String, String>,
    /// The directory has disabled the person, or the account has ended.
    pub disabled: bool,
    /// When the account ends, if that lies ahead.
    pub ends: Option<OffsetDateTime>,
}

/// Says what is wrong with an entry; `attribute` is the directory's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("it shows no {attribute}, or one that cannot be read")]
    NoId { attribute: String },
    #[error("it has no {attribute}")]
    Missing { attribute: String },
    #[error("it has {count} values of {attribute}, and one is meant")]
    Several { attribute: String, count: usize },
    #[error("its {attribute} is no text")]
    NoText { attribute: String },
    #[error("its {attribute} holds characters that nobody sees")]
    Hidden { attribute: String },
    #[error("its {attribute} has more than {MOST_CHARACTERS} characters")]
    TooLong { attribute: String },
    #[error("its objectSid is no security identifier")]
    NoSid,
}

/// Holds an entry that is nobody who can be taken over, with what is known all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub id: Option<Uuid>,
    pub dn: String,
    pub disabled: bool,
    pub ends: Option<OffsetDateTime>,
    pub problem: Problem,
}

impl Person {
    /// Reads an entry as it holds at the time `now`.
    pub fn read(entry: &Entry, schema: &Schema, now: OffsetDateTime) -> Result<Self, Refused> {
        let ends = end(entry, schema.kind);
        let ended = ends.is_some_and(|end| end <= now);
        let (id, disabled) = (id(entry, schema), disabled(entry, schema.kind) || ended);
        let ends = ends.filter(|_| !ended);
        let refused = |problem| Refused { id, dn: entry.dn.clone(), disabled, ends, problem };
        let found = id.ok_or_else(|| refused(Problem::NoId { attribute: schema.id().into() }))?;
        let text = |attribute: &str| text(entry, attribute).map_err(refused);
        let mut attributes = BTreeMap::new();
        for (ours, theirs) in &schema.attributes {
            if let Some(value) = text(theirs)? {
                attributes.insert(ours.clone(), value);
            }
        }
        let name = text(&schema.name)?.ok_or_else(|| refused(Problem::Missing { attribute: schema.name.clone() }))?;
        if schema.kind == Kind::ActiveDirectory && entry.values(CONTROL).is_empty() {
            return Err(refused(Problem::Missing { attribute: CONTROL.into() }));
        }
        let sid = match (schema.kind, entry.values("objectSid")) {
            (Kind::ActiveDirectory, [value]) => Some(sid(value).ok_or_else(|| refused(Problem::NoSid))?),
            _ => None,
        };
        let (upn, email) = (text(&schema.upn)?, text(&schema.email)?);
        Ok(Self { id: found, dn: entry.dn.clone(), name, upn, email, sid, attributes, disabled, ends })
    }
}

/// Returns what identifies an entry for good.
pub fn id(entry: &Entry, schema: &Schema) -> Option<Uuid> {
    let [value] = entry.values(schema.id()) else { return None };
    let id = match schema.kind {
        // The first three fields are little-endian (MS-DTYP, 2.3.4.2).
        Kind::ActiveDirectory => Uuid::from_bytes_le(value.as_slice().try_into().ok()?),
        Kind::Ldap => Uuid::parse_str(std::str::from_utf8(value).ok()?).ok()?,
    };
    Some(id).filter(|id| !id.is_nil())
}

/// Says whether the directory has disabled a person.
pub(super) fn disabled(entry: &Entry, kind: Kind) -> bool {
    match kind {
        Kind::ActiveDirectory => {
            // Signed, as the directory writes it; one that cannot be read is no leave to come in.
            let flags = entry.text(CONTROL).map(|flags| flags.parse::<i32>());
            flags.is_some_and(|flags| flags.map_or(true, |flags| flags.cast_unsigned() & DISABLED != 0))
        }
        Kind::Ldap => entry.text("pwdAccountLockedTime") == Some(LOCKED_FOR_GOOD),
    }
}

/// Returns when an account ends; `None`: never. An end that cannot be read is over.
pub(super) fn end(entry: &Entry, kind: Kind) -> Option<OffsetDateTime> {
    let Kind::ActiveDirectory = kind else { return None };
    // Parts of 100 nanoseconds; 0 and the largest number mean never (MS-ADA1, 2.1).
    let parts = entry.text("accountExpires").map(str::parse::<i64>)?.unwrap_or(1);
    let end = OffsetDateTime::from_unix_timestamp(parts / 10_000_000 - SECONDS_BEFORE).ok();
    end.filter(|_| parts != 0)
}

/// Returns the one value of an attribute; `None` where there is none or an empty one.
pub(super) fn text(entry: &Entry, attribute: &str) -> Result<Option<String>, Problem> {
    let attribute = || attribute.to_owned();
    let value = match entry.values(&attribute()) {
        [] => return Ok(None),
        [value] => std::str::from_utf8(value).map_err(|_| Problem::NoText { attribute: attribute() })?,
        several => return Err(Problem::Several { attribute: attribute(), count: several.len() }),
    };
    if value.chars().any(is_hidden) {
        return Err(Problem::Hidden { attribute: attribute() });
    }
    if value.chars().count() > MOST_CHARACTERS {
        return Err(Problem::TooLong { attribute: attribute() });
    }
    Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty()))
}

/// Returns a security identifier as text (MS-DTYP, 2.4.2): revision, count, six bytes of authority, big-endian, and that
/// many sub-authorities, little-endian.
pub(super) fn sid(bytes: &[u8]) -> Option<String> {
    let (&[revision, count], rest) = bytes.split_first_chunk::<2>()?;
    let (authority, rest) = rest.split_first_chunk::<6>()?;
    if revision != 1 || !(1..=15).contains(&count) || rest.len() != usize::from(count) * 4 {
        return None;
    }
    let authority = authority.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let parts = rest.chunks_exact(4).filter_map(|part| Some(u32::from_le_bytes(part.try_into().ok()?).to_string()));
    Some(format!("S-1-{authority}-{}", parts.collect::<Vec<_>>().join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-11-28 12:00 UTC);
    const GUID: [u8; 16] =
        [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF];

    fn alice() -> Entry {
        let sid = hex::decode("010500000000000515000000010000000200000003000000500400 00".replace(' ', "")).unwrap();
        let text = |name: &str, value: &str| (name.to_owned(), vec![value.as_bytes().to_vec()]);
        Entry {
            dn: "CN=Alice,DC=cards,DC=test".into(),
            attributes: vec![
                ("objectGUID".into(), vec![GUID.to_vec()]),
                ("objectSid".into(), vec![sid]),
                text("samaccountname", "alice"),
                text("userPrincipalName", "alice@cards.test"),
                text("mail", "alice@cards.test"),
                text("displayName", "Älice"),
                text("userAccountControl", "512"),
            ],
        }
    }

    fn with(name: &str, values: &[&[u8]]) -> Entry {
        let mut entry = alice();
        entry.attributes.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        entry.attributes.push((name.into(), values.iter().map(|value| value.to_vec()).collect()));
        entry
    }

    #[test]
    fn a_person_of_active_directory_is_read() {
        let schema = Schema::new(Kind::ActiveDirectory);
        let person = Person::read(&alice(), &schema, NOW).unwrap();
        assert_eq!(person.id.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(person.sid.as_deref(), Some("S-1-5-21-1-2-3-1104"));
        assert_eq!((person.name.as_str(), person.upn.as_deref()), ("alice", Some("alice@cards.test")));
        assert_eq!(person.attributes, BTreeMap::from([("display-name".into(), "Älice".into())]));
        assert!(!person.disabled);
        for (flags, disabled) in [("514", true), ("-2147483134", true), ("66048", false), ("what", true)] {
            let entry = with("userAccountControl", &[flags.as_bytes()]);
            assert_eq!(Person::read(&entry, &schema, NOW).unwrap().disabled, disabled, "{flags}");
        }
    }

    #[test]
    fn an_account_of_active_directory_ends_when_it_says() {
        let schema = Schema::new(Kind::ActiveDirectory);
        let noon = "134403408000000000";
        for (end, ended, ahead) in [
            ("0", false, None),
            ("9223372036854775807", false, None),
            (noon, true, None),
            ("134403408010000000", false, Some(NOW + time::Duration::SECOND)),
            ("2650467743990000000", false, Some(time::macros::datetime!(9999-12-31 23:59:59 UTC))),
            ("-1", true, None),
            ("soon", true, None),
        ] {
            let person = Person::read(&with("accountExpires", &[end.as_bytes()]), &schema, NOW).unwrap();
            assert_eq!((person.disabled, person.ends), (ended, ahead), "{end}");
        }
    }

    #[test]
    fn a_person_of_openldap_is_read() {
        let text = |name: &str, value: &str| (name.to_owned(), vec![value.as_bytes().to_vec()]);
        let attributes = vec![
            text("entryUUID", "00112233-4455-6677-8899-aabbccddeeff"),
            text("uid", "bob"),
            text("pwdAccountLockedTime", LOCKED_FOR_GOOD),
        ];
        let person = Person::read(&Entry { dn: "uid=bob".into(), attributes }, &Schema::new(Kind::Ldap), NOW).unwrap();
        assert_eq!((person.name.as_str(), person.upn, person.sid, person.disabled), ("bob", None, None, true));
    }

    #[test]
    fn entries_that_are_nobody_say_why_and_who_is_disabled_all_the_same() {
        let schema = Schema::new(Kind::ActiveDirectory);
        let long = "x".repeat(MOST_CHARACTERS + 1);
        let attribute = |name: &str| name.to_owned();
        let cases: [(Entry, Problem); 10] = [
            (with("objectGUID", &[&[1; 15]]), Problem::NoId { attribute: attribute("objectGUID") }),
            (with("objectGUID", &[&[0; 16]]), Problem::NoId { attribute: attribute("objectGUID") }),
            (with("sAMAccountName", &[]), Problem::Missing { attribute: attribute("sAMAccountName") }),
            (with("mail", &[b"a@x", b"b@x"]), Problem::Several { attribute: attribute("mail"), count: 2 }),
            (with("mail", &[&[0xFF]]), Problem::NoText { attribute: attribute("mail") }),
            (
                with("displayName", &["A\u{202E}ecilA".as_bytes()]),
                Problem::Hidden { attribute: attribute("displayName") },
            ),
            (with("sAMAccountName", &[b"al\x1Bice"]), Problem::Hidden { attribute: attribute("sAMAccountName") }),
            (with("department", &[long.as_bytes()]), Problem::TooLong { attribute: attribute("department") }),
            (with(CONTROL, &[]), Problem::Missing { attribute: attribute(CONTROL) }),
            (with("objectSid", &[&[1, 2, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0]]), Problem::NoSid),
        ];
        for (mut entry, problem) in cases {
            let shown = !entry.values(CONTROL).is_empty();
            entry.attributes.retain(|(name, values)| name != CONTROL || values.is_empty());
            if shown {
                entry.attributes.push((CONTROL.into(), vec![b"514".to_vec()]));
            }
            let refused = Person::read(&entry, &schema, NOW).unwrap_err();
            assert_eq!(refused.problem, problem);
            assert_eq!(refused.disabled, shown, "{problem}");
        }
    }
}

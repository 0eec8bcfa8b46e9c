//! The spelling of each parameter of path or query.

use super::ProfileFilter;
use crate::cm::hidden::is_hidden;
use crate::cm::outbox::STATES;
use crate::cm::report::ReportKind;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::wire::{challenge_text, guid_text, read_bool, read_challenge, read_guid};
use serde_json::{Value, json};
use std::marker::PhantomData;
use std::str::FromStr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// Bounds the name of a user to look for, in bytes.
const MAX_NAME: usize = 256;
/// Bounds an answer to reset, in hexadecimal digits: it has at most 33 bytes (ISO/IEC 7816-3, 8.2).
const MAX_ATR_DIGITS: usize = 66;
/// Bounds the serial number of a certificate, in bytes (RFC 5280, 4.1.2.2).
const MAX_SERIAL: usize = 20;
/// Bounds a challenge, in bytes; it is more than any card gives.
const MAX_CHALLENGE: usize = 64;

/// Spells a parameter of path or query.
pub(super) trait Param {
    type Value;
    /// Says what is expected, in the message about a malformed parameter.
    const EXPECTED: &'static str;
    const REQUIRED: bool = true;

    /// Returns the JSON Schema of what is read.
    fn schema() -> Value {
        json!({ "type": "string" })
    }

    fn read(text: &str) -> Option<Self::Value>;

    fn absent() -> Option<Self::Value> {
        None
    }

    /// Writes the value; `None` leaves the parameter out.
    fn write(value: &Self::Value) -> Option<String>;
}

pub(super) struct Guid;

impl Param for Guid {
    type Value = Uuid;
    const EXPECTED: &'static str = "a GUID";

    fn schema() -> Value {
        json!({ "type": "string", "format": "uuid" })
    }

    fn read(text: &str) -> Option<Uuid> {
        read_guid(text)
    }

    fn write(value: &Uuid) -> Option<String> {
        Some(guid_text(*value))
    }
}

/// Spells a parameter that may be absent or empty.
pub(super) struct Optional<P>(PhantomData<P>);

impl<P: Param> Param for Optional<P> {
    type Value = Option<P::Value>;
    const EXPECTED: &'static str = P::EXPECTED;
    const REQUIRED: bool = false;

    fn schema() -> Value {
        P::schema()
    }

    fn read(text: &str) -> Option<Option<P::Value>> {
        if text.trim().is_empty() { Some(None) } else { P::read(text).map(Some) }
    }

    fn absent() -> Option<Option<P::Value>> {
        Some(None)
    }

    fn write(value: &Option<P::Value>) -> Option<String> {
        value.as_ref().and_then(P::write)
    }
}

/// Spells a request type as the last segment of the policy route.
pub(super) struct Workflow;

impl Param for Workflow {
    type Value = RequestType;
    const EXPECTED: &'static str = "the name of a workflow, such as enroll";

    fn read(text: &str) -> Option<RequestType> {
        RequestType::from_name(text.trim())
    }

    fn write(value: &RequestType) -> Option<String> {
        Some(value.workflow_name())
    }
}

/// Spells `targetuser=current` as true.
pub(super) struct CurrentUser;

impl Param for CurrentUser {
    type Value = bool;
    const EXPECTED: &'static str = "\"current\"";
    const REQUIRED: bool = false;

    fn read(text: &str) -> Option<bool> {
        match text.trim() {
            "" => Some(false),
            text => text.eq_ignore_ascii_case("current").then_some(true),
        }
    }

    fn absent() -> Option<bool> {
        Some(false)
    }

    fn write(value: &bool) -> Option<String> {
        value.then(|| "current".into())
    }
}

pub(super) struct Status;

impl Param for Status {
    type Value = RequestStatus;
    const EXPECTED: &'static str = "the name of a request status, such as Pending";

    fn read(text: &str) -> Option<RequestStatus> {
        RequestStatus::from_name(text.trim())
    }

    fn write(value: &RequestStatus) -> Option<String> {
        Some(value.name().into())
    }
}

/// Spells the status of a smart card.
pub(super) struct CardStatus;

impl Param for CardStatus {
    type Value = SmartcardStatus;
    const EXPECTED: &'static str = "the name of a smart card status, such as Active";

    fn read(text: &str) -> Option<SmartcardStatus> {
        SmartcardStatus::from_name(text.trim())
    }

    fn write(value: &SmartcardStatus) -> Option<String> {
        Some(value.name().into())
    }
}

/// Spells what became of a notice.
pub(super) struct NoticeWord;

impl Param for NoticeWord {
    type Value = String;
    const EXPECTED: &'static str = "waiting, sent, failed or discarded";

    fn schema() -> Value {
        json!({ "type": "string", "enum": STATES })
    }

    fn read(text: &str) -> Option<String> {
        let word = STATES.iter().find(|word| word.eq_ignore_ascii_case(text.trim()));
        word.map(|word| (*word).to_owned())
    }

    fn write(value: &String) -> Option<String> {
        Some(value.clone())
    }
}

/// Spells the status of `GET profiles`.
pub(super) struct Filter;

impl Param for Filter {
    type Value = ProfileFilter;
    const EXPECTED: &'static str = "Active or the name of a request status";

    fn read(text: &str) -> Option<ProfileFilter> {
        if text.trim().eq_ignore_ascii_case("active") {
            return Some(ProfileFilter::Active);
        }
        Status::read(text).map(ProfileFilter::Request)
    }

    fn write(value: &ProfileFilter) -> Option<String> {
        match value {
            ProfileFilter::Active => Some("Active".into()),
            ProfileFilter::Request(status) => Status::write(status),
        }
    }
}

/// Spells what is reported.
pub(super) struct Kind;

impl Param for Kind {
    type Value = ReportKind;
    const EXPECTED: &'static str = "cards, recovered, or issued, revoked or decisions, these also with -by-month";

    fn schema() -> Value {
        json!({ "type": "string", "enum": ReportKind::ALL.map(ReportKind::name) })
    }

    fn read(text: &str) -> Option<ReportKind> {
        ReportKind::from_name(text.trim())
    }

    fn write(value: &ReportKind) -> Option<String> {
        Some(value.name().into())
    }
}

/// Spells a moment (RFC 3339).
pub(super) struct Moment;

impl Param for Moment {
    type Value = OffsetDateTime;
    const EXPECTED: &'static str = "a moment such as 2026-01-31T00:00:00Z";

    fn schema() -> Value {
        json!({ "type": "string", "format": "date-time" })
    }

    fn read(text: &str) -> Option<OffsetDateTime> {
        // A plus sign that was not encoded has become a blank.
        OffsetDateTime::parse(&text.trim().replace(' ', "+"), &Rfc3339).ok()
    }

    fn write(value: &OffsetDateTime) -> Option<String> {
        value.format(&Rfc3339).ok()
    }
}

/// Spells a flag that may be left out, which means false.
pub(super) struct Raised;

impl Param for Raised {
    type Value = bool;
    const EXPECTED: &'static str = Flag::EXPECTED;
    const REQUIRED: bool = false;

    fn read(text: &str) -> Option<bool> {
        Flag::read(text)
    }

    fn absent() -> Option<bool> {
        Some(false)
    }

    fn write(value: &bool) -> Option<String> {
        if *value { Flag::write(value) } else { None }
    }
}

/// Spells a flag, as Microsoft writes `True` and `False` for `diversified`.
pub(super) struct Flag;

impl Param for Flag {
    type Value = bool;
    const EXPECTED: &'static str = "True or False";

    fn read(text: &str) -> Option<bool> {
        read_bool(text)
    }

    fn write(value: &bool) -> Option<String> {
        Some(if *value { "True" } else { "False" }.into())
    }
}

/// Spells an answer to reset in hexadecimal.
pub(super) struct Atr;

impl Param for Atr {
    type Value = String;
    const EXPECTED: &'static str = "an answer to reset in hexadecimal";

    fn read(text: &str) -> Option<String> {
        let digits = text.trim();
        let fits = !digits.is_empty() && digits.len() <= MAX_ATR_DIGITS && digits.len().is_multiple_of(2);
        (fits && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| digits.to_ascii_lowercase())
    }

    fn write(value: &String) -> Option<String> {
        Some(value.clone())
    }
}

/// Spells a certificate's serial number in hexadecimal.
pub(super) struct Serial;

impl Param for Serial {
    type Value = Vec<u8>;
    const EXPECTED: &'static str = "a serial number in hexadecimal";

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^([0-9A-Fa-f]{2}){1,20}$" })
    }

    fn read(text: &str) -> Option<Vec<u8>> {
        hex::decode(text.trim()).ok().filter(|bytes| (1..=MAX_SERIAL).contains(&bytes.len()))
    }

    fn write(value: &Vec<u8>) -> Option<String> {
        Some(hex::encode_upper(value))
    }
}

/// Spells a challenge in base64; hexadecimal is read too.
pub(super) struct Challenge;

impl Param for Challenge {
    type Value = Vec<u8>;
    const EXPECTED: &'static str = "a challenge in base64";

    fn read(text: &str) -> Option<Vec<u8>> {
        read_challenge(text).filter(|challenge| challenge.len() <= MAX_CHALLENGE)
    }

    fn write(value: &Vec<u8>) -> Option<String> {
        Some(challenge_text(value))
    }
}

/// Spells a user's name.
pub(super) struct Name;

impl Param for Name {
    type Value = String;
    const EXPECTED: &'static str = "a name of at most 256 bytes";

    fn read(text: &str) -> Option<String> {
        let name = text.trim();
        (!name.is_empty() && name.len() <= MAX_NAME).then(|| name.into())
    }

    fn write(value: &String) -> Option<String> {
        Some(value.clone())
    }
}

/// Spells what somebody searches for.
pub(super) struct Sought;

impl Param for Sought {
    type Value = String;
    const EXPECTED: &'static str = "a text of at most 256 bytes that can be seen";

    fn read(text: &str) -> Option<String> {
        // What was no UTF-8 has become the replacement character.
        Name::read(text).filter(|text| !text.chars().any(|c| is_hidden(c) || c == char::REPLACEMENT_CHARACTER))
    }

    fn write(value: &String) -> Option<String> {
        Name::write(value)
    }
}

/// Spells a part of a name: what is shorter names too many.
pub(super) struct Part;

impl Param for Part {
    type Value = String;
    const EXPECTED: &'static str = "a text of at least 2 characters and at most 256 bytes that can be seen";

    fn read(text: &str) -> Option<String> {
        Sought::read(text).filter(|text| text.chars().count() >= 2)
    }

    fn write(value: &String) -> Option<String> {
        Name::write(value)
    }
}

/// Spells a number in decimal digits.
pub(super) struct Number<N>(PhantomData<N>);

impl<N: FromStr + ToString> Param for Number<N> {
    type Value = N;
    const EXPECTED: &'static str = "a number";

    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 0 })
    }

    fn read(text: &str) -> Option<N> {
        let digits = text.trim();
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    }

    fn write(value: &N) -> Option<String> {
        Some(value.to_string())
    }
}

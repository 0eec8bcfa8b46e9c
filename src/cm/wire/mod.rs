//! The spelling of [`crate::cm`]'s nouns in JSON and URIs.
//!
//! In: values; out: Microsoft's spelling of them, and back. Source: the public MIM CM REST pages and their sample
//! bodies. Reading is tolerant (letter case of keys, unknown keys, both spellings where the pages contradict each
//! other), writing is exact. A body is declared once, by the `body!` macro: its keys in order, each with a
//! [`Spelling`]. This room knows none of the nouns.

pub(in crate::cm) mod body;
mod bytes;
mod created;
mod data;
pub(in crate::cm) mod schema;
mod secrets;
mod spelling;
mod text;
pub(in crate::cm) mod words;

pub use body::{BodyError, Spelling, Written, read_body, read_one_or_many};
pub use bytes::{Crlf, CrlfList, CrlfListOrNothing, CrlfOrNothing, CrlfOrNull, HexOrEmpty, HexOrNothing};
pub use created::{Created, CreatedError};
pub use data::{PriorityText, TextList, TextListOrNothing};
pub use schema::Described;
pub use secrets::{
    ActivationCodeOrNothing, AdminKeyOrNothing, DiversifiedKey, LinkCodeOrNothing, OneTimePasswordOrNothing,
    PassphraseOrNothing, PinText, PukOrNothing, SecretText,
};
pub use spelling::{
    BracedGuid, Guid, GuidOrEmpty, GuidOrNothing, LocalMoment, LocalMomentOrNothing, Moment, MomentOrUnset, Plain,
    PlainOr, PlainOrNothing, PlainOrNull, Text, TextOrNothing, TextOrNull, TrueOrAnything, TrueOrNothing,
};
pub use text::{
    AuthenticationResponse, challenge_text, crlf_base64, guid_text, moment_text, read_base64, read_bool,
    read_challenge, read_guid, read_moment,
};
pub use words::{Named, NamedOrNothing, Numbered, Vocabulary};

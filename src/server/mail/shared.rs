//! What notices and one-time passwords share on their way out.

use super::texts::Texts;
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::store::{NoticeRecord, NoticeState, Store};
use crate::template::Templates;
use std::collections::BTreeMap;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Is the way of mail.
pub const MAIL: &str = "mail";
/// Names the attribute of a person that holds his language.
pub const LANGUAGE: &str = "language";
/// Sets the pause after the first attempt; each further one is twice as long.
const FIRST_PAUSE: time::Duration = time::Duration::seconds(15);
/// Bounds the pause between two attempts.
const LONGEST_PAUSE: time::Duration = time::Duration::hours(1);

/// Sets how long an attempt has a notice for itself, which is longer than any takes: no other server begins one meanwhile.
const CLAIM: time::Duration = time::Duration::minutes(2);

/// Holds where notices are kept, and what is said in them.
pub struct Shared {
    pub store: Store,
    pub templates: Arc<Templates>,
    pub texts: Texts,
}

/// Makes a notice that is due now and tried for so long; to whom it goes and what it says is still to be filled in.
pub fn due_now(kind: NoticeKind, way: &str, now: OffsetDateTime, lifetime: time::Duration) -> NoticeRecord {
    NoticeRecord {
        uuid: Uuid::now_v7(),
        kind: kind.word().to_owned(),
        way: way.to_owned(),
        recipient: None,
        address: String::new(),
        request: None,
        part: 0,
        generation: 0,
        facts: BTreeMap::new(),
        created: now,
        due: now,
        ends: now + lifetime,
        attempts: 0,
        doubtful: false,
        state: NoticeState::Waiting,
        reason: String::new(),
        settled: None,
    }
}

/// Returns the pause after an attempt, by the number of attempts before it.
pub fn pause(attempts: u32) -> time::Duration {
    FIRST_PAUSE.checked_mul(1 << attempts.min(16)).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

/// Returns how long nobody else takes a notice that is claimed for an attempt, by the number of attempts before it. Where
/// the attempt fails, the next one is due sooner; where the server is killed, not before.
pub fn claim(attempts: u32) -> time::Duration {
    pause(attempts).max(CLAIM)
}

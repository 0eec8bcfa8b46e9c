//! What notices and one-time passwords share on their way out.

use super::texts::Texts;
use crate::store::Store;
use crate::template::Templates;
use std::sync::Arc;

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

/// Returns the pause after an attempt, by the number of attempts before it.
pub fn pause(attempts: u32) -> time::Duration {
    FIRST_PAUSE.checked_mul(1 << attempts.min(16)).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

/// Returns how long nobody else takes a notice that is claimed for an attempt, by the number of attempts before it. Where
/// the attempt fails, the next one is due sooner; where the server is killed, not before.
pub fn claim(attempts: u32) -> time::Duration {
    pause(attempts).max(CLAIM)
}

//! The `[kiosk]` table: for how long a kiosk lets somebody in.

use serde::{Deserialize, Serialize};

/// Bounds `visit_minutes`.
pub const MOST_MINUTES: u32 = 15;

/// Holds the `[kiosk]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KioskSettings {
    /// After how many minutes a visit ends, at most [`MOST_MINUTES`].
    pub visit_minutes: u32,
}

impl Default for KioskSettings {
    fn default() -> Self {
        Self { visit_minutes: MOST_MINUTES }
    }
}

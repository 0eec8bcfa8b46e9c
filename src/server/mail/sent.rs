//! What a sending comes to.

/// Says that something was not sent, and what that means.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Failed {
    /// For those who look into the outbox; nothing secret is in it.
    pub reason: String,
    /// Another attempt would fail as well.
    pub is_final: bool,
    /// It may have arrived all the same.
    pub doubtful: bool,
    /// What the receiver has answered.
    pub code: Option<u16>,
}

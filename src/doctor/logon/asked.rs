//! What a card is judged by.

use crate::cm::logon::LogonView;
use crate::pkix::Certificate;
use crate::published::Published;
use time::OffsetDateTime;

/// Holds what a card is judged by.
pub struct Asked<'a> {
    pub now: OffsetDateTime,
    /// Authorities that are trusted, roots or not; empty: nobody has said.
    pub anchors: &'a [Certificate],
    /// Further authorities that may stand between.
    pub authorities: &'a [Certificate],
    /// Asks authorities; `None`: they are not asked.
    pub published: Option<&'a Published>,
    /// Says whether this computer's registry has a key (HKEY_LOCAL_MACHINE); `None` where there is no registry.
    pub registry: Option<&'a dyn Fn(&str) -> bool>,
    pub server: &'a Server,
    /// The clock of a server that has told nothing else.
    pub server_time: Option<OffsetDateTime>,
}

/// Holds what the server has told of the card; a reason is a part of a sentence.
pub enum Server {
    NotAsked(String),
    /// It could not be asked.
    Silent(String),
    /// It does not know the card.
    Unknown,
    Told(Box<LogonView>),
}

//! What a reset forgets: what is selected, what was proven, and the security environment.

/// One block of 3DES, in bytes; also the length of the challenge for external authentication.
pub(super) const BLOCK: usize = 8;
/// Bytes that host and card each name in mutual authentication.
pub(super) const MUTUAL_CHALLENGE: usize = 16;

/// What a reset forgets.
#[derive(Default)]
pub(super) struct Session {
    pub selected: bool,
    /// The current file; none is the application itself.
    pub file: Option<u16>,
    pub user: bool,
    pub admin: Admin,
    pub environment: Option<Environment>,
}

/// How far the administrator has come.
#[derive(Default)]
pub(super) enum Admin {
    #[default]
    Unknown,
    Challenged(Challenge),
    Proven,
}

pub(super) enum Challenge {
    External([u8; BLOCK]),
    Mutual { card: [u8; MUTUAL_CHALLENGE], host: [u8; MUTUAL_CHALLENGE] },
}

/// The key that the next operation uses, and for what.
#[derive(Clone, Copy)]
pub(super) struct Environment {
    pub file: u16,
    pub usage: u8,
    pub mechanism: u8,
}

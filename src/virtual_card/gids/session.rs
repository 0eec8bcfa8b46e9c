//! What a reset forgets: what is selected, who has logged in, and the security environment.

/// Gives one block of 3DES in bytes, and so the length of the challenge for external authentication.
pub(super) const BLOCK: usize = 8;
/// Gives the bytes that host and card each choose in mutual authentication.
pub(super) const MUTUAL_CHALLENGE: usize = 16;

/// Holds what a reset forgets.
#[derive(Default)]
pub(super) struct Session {
    pub selected: bool,
    /// The current file; `None` is the application itself.
    pub file: Option<u16>,
    pub user: bool,
    pub admin: Admin,
    pub environment: Option<Environment>,
}

/// Says how far the administrator's login has come.
#[derive(Default)]
pub(super) enum Admin {
    #[default]
    Unknown,
    Challenged(Challenge),
    Proven,
}

/// Holds a challenge that awaits its response.
pub(super) enum Challenge {
    External([u8; BLOCK]),
    Mutual { card: [u8; MUTUAL_CHALLENGE], host: [u8; MUTUAL_CHALLENGE] },
}

/// Names the key that the next operation uses, and for what.
#[derive(Clone, Copy)]
pub(super) struct Environment {
    pub file: u16,
    pub usage: u8,
    pub mechanism: u8,
}

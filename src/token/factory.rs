//! Names the secrets that a kind of token comes with from its maker.

use crate::secret::AdminKey;

/// Holds what a kind of token comes with. The values are public; a template may name others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factory {
    /// `None` where a token of this kind has no PIN before somebody sets one.
    pub pin: Option<&'static str>,
    /// `None` on a token without a PUK.
    pub puk: Option<&'static str>,
    admin_key: [u8; 24],
}

impl Factory {
    /// Names what Microsoft's samples take for every card: no PIN, no PUK, an admin key of zeros.
    pub const BLANK: Self = Self { pin: None, puk: None, admin_key: [0; 24] };

    /// Names what makers of PIV cards set. The standard names no values. The key is one of 3DES, and on YubiKeys from
    /// 5.7 the same bytes are one of AES-192.
    pub const PIV: Self = Self {
        pin: Some("123456"),
        puk: Some("12345678"),
        admin_key: [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8],
    };

    /// Returns the admin key, of 24 bytes.
    pub fn admin_key(&self) -> AdminKey {
        AdminKey::new(self.admin_key.to_vec())
    }

    /// Returns the admin key of a card whose cipher takes `length` bytes: the same ones repeated, or cut.
    pub fn admin_key_of(&self, length: usize) -> AdminKey {
        AdminKey::new(self.admin_key.into_iter().cycle().take(length).collect())
    }

    /// Says whether `key` is the admin key that such tokens come with.
    pub fn has_admin_key(&self, key: &AdminKey) -> bool {
        // Keys of another length repeat the same bytes, or are cut.
        !key.expose().is_empty() && key.expose().iter().eq(self.admin_key.iter().cycle().take(key.expose().len()))
    }
}

//! Reads the admin key that blank cards of a template come with.

use crate::secret::AdminKey;

/// Counts the bytes of such a key: as many as a 3DES and an AES-192 key have.
pub const LENGTH: usize = 24;

/// Says that a default admin key has another length than the cipher's key; holds its length in bytes.
#[derive(Debug)]
pub struct AdminKeyLength(pub usize);

/// Reads `DefaultAdminKeyHex`: empty means 24 zero bytes, as Microsoft's own samples show.
pub fn default_admin_key(hex: &str) -> Result<AdminKey, AdminKeyLength> {
    if hex.is_empty() {
        return Ok(AdminKey::new(vec![0; LENGTH]));
    }
    let key = AdminKey::from_hex(hex).ok_or(AdminKeyLength(hex.len() / 2))?;
    if key.expose().len() == LENGTH { Ok(key) } else { Err(AdminKeyLength(key.expose().len())) }
}

//! Remembers, beyond a power cut, which cards have a PIN that nobody chose: by a file a card, without any secret.

use crate::platform::{directory, file};
use std::io;
use std::path::PathBuf;
use uuid::Uuid;

/// Keeps the marks in a directory of the kiosk's own.
#[derive(Clone)]
pub struct Marks(PathBuf);

impl Marks {
    /// Opens the directory; makes it where it is not there.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        directory::make_with_parents(&path)?;
        Ok(Self(path))
    }

    /// Marks a card, before it gets a PIN that nobody chose.
    pub fn set(&self, card_id: Uuid) -> io::Result<()> {
        match file::create(&self.of(card_id), b"") {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => file::flush_parent(&self.of(card_id)),
        }
    }

    /// Takes the mark off a card whose PIN somebody has chosen.
    pub fn clear(&self, card_id: Uuid) {
        // A mark that stays has the next PIN chosen once more, which does no harm.
        let _ = std::fs::remove_file(self.of(card_id));
    }

    /// Says whether a card is marked.
    pub fn has(&self, card_id: Uuid) -> bool {
        self.of(card_id).exists()
    }

    fn of(&self, card_id: Uuid) -> PathBuf {
        self.0.join(card_id.to_string())
    }
}

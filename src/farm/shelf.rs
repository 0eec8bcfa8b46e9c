//! A user's virtual cards: a directory of their own, a sealed file a card.
//!
//! Files are replaced whole and on disk before anything relies on them, so that after a crash either the old or the new
//! state is there. One process at a time has a card; the kernel lets go of it when the process ends, however it ends.

use super::kept::KeptCard;
use super::sealed::{self, Seal, SealError};
use crate::platform::directory;
use crate::platform::file::{flush_parent, replace};
use crate::platform::lock::{Lock, LockError};
use crate::secret::Passphrase;
use crate::virtual_card::{GidsCard, GidsCardError, GidsOptions, PivCard, PivCardError, PivOptions, VirtualCard};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use zeroize::Zeroizing;

const LONGEST_NAME: usize = 64;
/// A card with all its room full has some hundred kilobytes.
const MOST_BYTES: u64 = 4 << 20;
/// A list that is being made holds a card for a moment only.
const LOCK_TRIES: u32 = 10;
const SUFFIX: &str = "card";

/// Which standard a card follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Piv,
    Gids,
}

impl Kind {
    pub(super) fn card_of(self, state: &[u8]) -> Result<Box<dyn VirtualCard>, CardError> {
        Ok(match self {
            Self::Piv => Box::new(PivCard::from_state(state)?),
            Self::Gids => Box::new(GidsCard::from_state(state)?),
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Piv => "PIV",
            Self::Gids => "GIDS",
        })
    }
}

/// What a new card is like.
pub enum NewCard {
    Piv(PivOptions),
    Gids(GidsOptions),
}

/// Why a card could not be made, or be made again of its state.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    #[error(transparent)]
    Piv(#[from] PivCardError),
    #[error(transparent)]
    Gids(#[from] GidsCardError),
}

/// Why a card could not be created, listed, opened, saved or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShelfError {
    #[error(
        "{name:?} cannot be a card's name: 1 to {LONGEST_NAME} letters, digits, '-', '_' and '.', a letter or digit first"
    )]
    Name { name: String },
    #[error("there is a card {name:?} already")]
    Exists { name: String },
    #[error("there is no card {name:?}")]
    Missing { name: String },
    #[error("card {name:?} is in use by another process")]
    InUse { name: String },
    #[error("{} can be entered by others than its owner (mode {mode:o})", path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("card {name:?} cannot be opened")]
    Sealed {
        name: String,
        #[source]
        source: SealError,
    },
    #[error("what card {name:?} holds is no card's state")]
    State {
        name: String,
        #[source]
        source: CardError,
    },
    #[error("the card cannot be made")]
    New(#[source] CardError),
    #[error("{} could not be {action}", path.display())]
    File {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{} has more than {MOST_BYTES} bytes", path.display())]
    Size { path: PathBuf },
}

/// A card on the shelf, not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    /// `None` for a file that is no card's.
    pub kind: Option<Kind>,
    pub in_use: bool,
}

/// The directory of a user's cards.
pub struct Shelf {
    directory: PathBuf,
}

impl Shelf {
    /// Makes the directory where there is none; refuses one that others can enter.
    pub fn open(directory: PathBuf) -> Result<Self, ShelfError> {
        let failed = |action| {
            let path = directory.clone();
            move |source| ShelfError::File { path, action, source }
        };
        directory::make_with_parents(&directory).map_err(failed("made"))?;
        match directory::open_to_others(&directory).map_err(failed("read"))? {
            Some(mode) => Err(ShelfError::Exposed { path: directory, mode }),
            None => Ok(Self { directory }),
        }
    }

    /// Makes a card and puts it on the shelf; takes tenths of a second, and a YubiKey's own key besides.
    pub fn create(&self, name: &str, new: NewCard, passphrase: &Passphrase) -> Result<(), ShelfError> {
        let (kind, state) = match new {
            NewCard::Piv(options) => {
                (Kind::Piv, PivCard::new(options).map_err(|error| ShelfError::New(error.into()))?.state())
            }
            NewCard::Gids(options) => {
                (Kind::Gids, GidsCard::new(options).map_err(|error| ShelfError::New(error.into()))?.state())
            }
        };
        let place = self.place(name)?;
        let _lock = place.lock()?;
        if place.path.exists() {
            return Err(ShelfError::Exists { name: name.into() });
        }
        let seal = Seal::new(kind, passphrase).map_err(|source| place.sealed(source))?;
        place.save(&seal, &state)
    }

    /// Takes a card from the shelf; nobody else has it until the [`KeptCard`] is dropped.
    pub fn take(&self, name: &str, passphrase: &Passphrase) -> Result<KeptCard, ShelfError> {
        let place = self.place(name)?;
        if !place.path.exists() {
            return Err(ShelfError::Missing { name: name.into() });
        }
        let lock = place.lock()?;
        let file = place.read()?;
        let (seal, kind, state) = Seal::open(&file, passphrase).map_err(|source| place.sealed(source))?;
        let card = kind.card_of(&state).map_err(|source| ShelfError::State { name: name.into(), source })?;
        Ok(KeptCard::new(card, kind, state, seal, place, lock))
    }

    /// The cards by name.
    pub fn list(&self) -> Result<Vec<Listed>, ShelfError> {
        let failed = |source| ShelfError::File { path: self.directory.clone(), action: "read", source };
        let mut listed = Vec::new();
        for entry in std::fs::read_dir(&self.directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            if path.extension().is_none_or(|extension| extension != SUFFIX) || !is_name(&name) {
                continue;
            }
            let place = self.place(&name)?;
            let kind = place.read().ok().and_then(|file| sealed::kind(&file).ok());
            let in_use = matches!(place.lock_within(1), Err(ShelfError::InUse { .. }));
            listed.push(Listed { name, kind, in_use });
        }
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    /// Destroys a card with its keys.
    pub fn remove(&self, name: &str) -> Result<(), ShelfError> {
        let place = self.place(name)?;
        if !place.path.exists() {
            return Err(ShelfError::Missing { name: name.into() });
        }
        let _lock = place.lock()?;
        let removed = std::fs::remove_file(&place.path).and_then(|()| flush_parent(&place.path));
        removed.map_err(|source| place.failed("removed", source))?;
        // A name that is never used again should leave nothing behind; where this fails, the next one uses it.
        let _ = std::fs::remove_file(place.beside("lock"));
        Ok(())
    }

    fn place(&self, name: &str) -> Result<Place, ShelfError> {
        if !is_name(name) {
            return Err(ShelfError::Name { name: name.into() });
        }
        Ok(Place { name: name.into(), path: self.directory.join(format!("{name}.{SUFFIX}")) })
    }
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(fits)
        && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

/// Where one card lies.
pub(super) struct Place {
    pub name: String,
    path: PathBuf,
}

impl Place {
    fn beside(&self, what: &str) -> PathBuf {
        self.path.with_file_name(format!(".{}.{what}", self.name))
    }

    /// Holds the card until the lock is dropped.
    fn lock(&self) -> Result<Lock, ShelfError> {
        self.lock_within(LOCK_TRIES)
    }

    fn lock_within(&self, tries: u32) -> Result<Lock, ShelfError> {
        let path = self.beside("lock");
        Lock::take(&path, tries).map_err(|error| match error {
            LockError::Open(source) => ShelfError::File { path, action: "locked", source },
            LockError::Held => ShelfError::InUse { name: self.name.clone() },
            LockError::Failed(source) => self.failed("locked", source),
        })
    }

    fn read(&self) -> Result<Vec<u8>, ShelfError> {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
        match read {
            Ok(length) if length as u64 > MOST_BYTES => Err(ShelfError::Size { path: self.path.clone() }),
            Ok(_) => Ok(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(ShelfError::Missing { name: self.name.clone() }),
            Err(source) => Err(self.failed("read", source)),
        }
    }

    /// Writes the state in the place of the one that is there; who holds the lock is alone with the file beside it.
    pub fn save(&self, seal: &Seal, state: &[u8]) -> Result<(), ShelfError> {
        let sealed = seal.seal(state).map_err(|source| self.sealed(source))?;
        replace(&self.path, &self.beside("new"), &sealed).map_err(|error| self.failed("written", error.source))
    }

    fn sealed(&self, source: SealError) -> ShelfError {
        ShelfError::Sealed { name: self.name.clone(), source }
    }

    fn failed(&self, action: &'static str, source: std::io::Error) -> ShelfError {
        ShelfError::File { path: self.path.clone(), action, source }
    }
}

/// The state of a card as it was saved last.
pub(super) type Saved = Zeroizing<Vec<u8>>;

//! A user's virtual cards: a directory of their own, a sealed file for each card. A card backed by a TPM has a directory
//! beside its file, which holds the key of what is in there.
//!
//! Files are replaced as a whole and written to disk before anything relies on them, so that after a crash either the
//! old or the new state is there. One process at a time has a card; the kernel releases it when the process ends,
//! however it ends.

use super::kept::KeptCard;
use super::kind::{CardError, Kind};
use super::place::Place;
use super::sealed::{self, Seal};
use super::shelf_error::{LONGEST_NAME, ShelfError};
use super::tpm::{self, Tpm};
use crate::platform::directory;
use crate::platform::file::flush_parent;
use crate::platform::lock::Lock;
use crate::secret::Passphrase;
use crate::virtual_card::{GidsCard, GidsOptions, PivCard, PivOptions, VirtualCard};
use std::path::PathBuf;

const SUFFIX: &str = "card";

/// Says what a new card is like.
pub enum NewCard {
    Piv(PivOptions),
    Gids(GidsOptions),
    /// What is sealed is the key of the TPM's own state, which lies in a directory beside the file.
    Tpm,
}

/// Holds a running TPM taken from the shelf.
pub struct KeptTpm {
    pub tpm: Tpm,
    /// Held until the TPM has ended.
    _lock: Lock,
}

/// Describes a card on the shelf that was not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    /// `None` if the file is not a card's.
    pub kind: Option<Kind>,
    pub in_use: bool,
}

/// Keeps a user's cards in a directory.
pub struct Shelf {
    directory: PathBuf,
}

impl Shelf {
    /// Opens the directory, making it if there is none; refuses one that others can enter.
    pub fn open(directory: PathBuf) -> Result<Self, ShelfError> {
        let failed = |action| {
            let path = directory.clone();
            move |source| ShelfError::File { path, action, source }
        };
        directory::make_with_parents(&directory).map_err(failed("made"))?;
        match directory::open_to_others(&directory).map_err(failed("read"))? {
            Some(others) => Err(ShelfError::Exposed { path: directory, others }),
            None => Ok(Self { directory }),
        }
    }

    /// Makes a card and puts it on the shelf. It takes tenths of a second; a YubiKey takes longer, because its own key
    /// is made.
    pub fn create(&self, name: &str, new: NewCard, passphrase: &Passphrase) -> Result<(), ShelfError> {
        let (kind, state) = match new {
            NewCard::Piv(options) => {
                (Kind::Piv, PivCard::new(options).map_err(|error| ShelfError::New(error.into()))?.state())
            }
            NewCard::Gids(options) => {
                (Kind::Gids, GidsCard::new(options).map_err(|error| ShelfError::New(error.into()))?.state())
            }
            NewCard::Tpm => {
                (Kind::Tpm, tpm::new_key().map_err(|source| ShelfError::Tpm { name: name.into(), source })?)
            }
        };
        let place = self.place(name)?;
        let _lock = place.lock()?;
        if place.path.exists() {
            return Err(ShelfError::Exists { name: name.into() });
        }
        let seal = Seal::new(kind, passphrase).map_err(|source| place.sealed(source))?;
        if kind == Kind::Tpm {
            // Left by a removal that was cut off; nobody has its key any more.
            place.remove_directory()?;
            drop(place.start(&state)?);
        }
        place.save(&seal, &state)
    }

    /// Takes a card from the shelf; nobody else can have it until the [`KeptCard`] is dropped.
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

    /// Returns the kind that a card's file claims; only opening it proves that.
    pub fn kind(&self, name: &str) -> Result<Kind, ShelfError> {
        let place = self.place(name)?;
        sealed::kind(&place.read()?).map_err(|source| place.sealed(source))
    }

    /// Takes a card backed by a TPM from the shelf and runs the TPM; nobody else can have it until the [`KeptTpm`] is
    /// dropped.
    pub fn take_tpm(&self, name: &str, passphrase: &Passphrase) -> Result<KeptTpm, ShelfError> {
        let place = self.place(name)?;
        let lock = place.lock()?;
        let (_, kind, key) = Seal::open(&place.read()?, passphrase).map_err(|source| place.sealed(source))?;
        match kind {
            Kind::Tpm => Ok(KeptTpm { tpm: place.start(&key)?, _lock: lock }),
            Kind::Piv | Kind::Gids => Err(ShelfError::State { name: name.into(), source: CardError::NoTpm }),
        }
    }

    /// Lists the cards by name.
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
        place.remove_directory()?;
        // A name that is never used again should leave nothing behind; if this fails, the next card of that name uses
        // the file.
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

/// Says whether a card may have this name.
fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(fits)
        && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

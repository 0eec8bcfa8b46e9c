//! What survives a power cut, and the document it is kept in.
//!
//! It is one JSON document with a version. Secrets stand in it unprotected: whoever stores it must seal it.

use super::bytes::{Bytes, Secret};
use super::keys::Key;
use super::objects;
use super::options::{ManagementAlgorithm, PivOptions, factory_key};
use super::security::{ManagementKey, REFERENCE_LENGTH, Reference, is_well_formed};
use crate::iso7816::Protocol;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const CARD: &str = "PIV";
const VERSION: u32 = 1;

/// Says what the card is, apart from what it holds.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub yubikey: bool,
    pub version: [u8; 3],
    pub serial: u32,
    pub capacity: usize,
    pub t1: bool,
    pub extended: bool,
    pub chaining: bool,
}

impl Profile {
    /// Says whether it is a YubiKey with firmware 5.7 or later, which has longer RSA keys, moves keys, and comes with
    /// an AES management key.
    pub fn is_5_7(&self) -> bool {
        self.yubikey && self.version >= [5, 7, 0]
    }

    fn management_algorithm(&self) -> ManagementAlgorithm {
        if self.is_5_7() { ManagementAlgorithm::Aes192 } else { ManagementAlgorithm::TripleDes }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Persistent {
    pub profile: Profile,
    pub pin: Reference,
    pub puk: Reference,
    pub management: ManagementKey,
    pub keys: BTreeMap<u8, Key>,
    pub objects: BTreeMap<u32, Bytes>,
}

#[derive(Serialize)]
struct DocumentOut<'a> {
    card: &'static str,
    version: u32,
    content: &'a Persistent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentIn {
    #[serde(rename = "card")]
    _card: String,
    #[serde(rename = "version")]
    _version: u32,
    content: Persistent,
}

/// Says which card a document is about; read before its content.
#[derive(Deserialize)]
struct Heading {
    card: String,
    version: u32,
}

/// Says why no card can be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PivCardError {
    /// Tells the place but not the content, because the document holds secrets.
    #[error("the card's state is damaged or no card's state at all (line {line}, column {column})")]
    Malformed { line: usize, column: usize },
    #[error("the state is of a {card:?} card, version {version}, not of a PIV card, version {VERSION}")]
    OtherCard { card: String, version: u32 },
    #[error("the card's {what} is not what a card can hold")]
    Unsound { what: &'static str },
    #[error("there are no random numbers or keys to be had")]
    Random,
}

fn malformed(error: serde_json::Error) -> PivCardError {
    PivCardError::Malformed { line: error.line(), column: error.column() }
}

impl Persistent {
    pub fn new(options: &PivOptions) -> Result<Self, PivCardError> {
        let profile = Profile {
            yubikey: options.yubikey,
            version: options.version,
            serial: options.serial,
            capacity: options.capacity,
            t1: options.protocol == Protocol::T1,
            extended: options.extended && options.protocol == Protocol::T1,
            chaining: options.chaining,
        };
        let unsound = |what| PivCardError::Unsound { what };
        let pin = Reference::new(options.pin.expose(), options.pin_tries, options.pin_tries_left);
        let puk = Reference::new(options.puk.expose(), options.puk_tries, options.puk_tries_left);
        let algorithm = options.management_algorithm.unwrap_or_else(|| profile.management_algorithm());
        let key = options.management_key.as_ref().map(|key| key.expose().to_vec());
        let key = Secret(Zeroizing::new(key.unwrap_or_else(|| factory_key(algorithm))));
        let tries = options.management_tries.map(|tries| (tries, tries));
        let chuid = options.guid.as_ref().map(|guid| (objects::CHUID, Bytes(objects::chuid(guid))));
        let made = Self {
            profile,
            pin: pin.ok_or(unsound("PIN"))?,
            puk: puk.ok_or(unsound("PUK"))?,
            management: ManagementKey { algorithm, key, tries },
            keys: BTreeMap::new(),
            objects: chuid.into_iter().collect(),
        };
        made.check()?;
        Ok(made)
    }

    /// Resets PIN, PUK and management key to the factory's; removes all keys and objects.
    pub fn forget_everything(&mut self) {
        self.reset_references(FACTORY_TRIES, FACTORY_TRIES);
        let algorithm = self.profile.management_algorithm();
        let key = Secret(Zeroizing::new(factory_key(algorithm)));
        let tries = self.management.tries.map(|(_, most)| (most, most));
        self.management = ManagementKey { algorithm, key, tries };
        self.keys.clear();
        self.objects.clear();
    }

    /// Resets PIN and PUK to the factory's, with so many tries.
    pub fn reset_references(&mut self, pin_most: u8, puk_most: u8) {
        for (reference, text, most) in [(&mut self.pin, FACTORY_PIN, pin_most), (&mut self.puk, FACTORY_PUK, puk_most)]
        {
            if let Some(made) = Reference::new(text, most, None) {
                *reference = made;
            }
        }
    }

    /// Encodes the document.
    pub fn write(&self) -> Zeroizing<Vec<u8>> {
        let mut count = Counter(0);
        let document = DocumentOut { card: CARD, version: VERSION, content: self };
        // The length is counted first, so that the buffer never grows and leaves copies behind. Writing to memory
        // cannot fail.
        let counted = serde_json::to_writer(&mut count, &document);
        let mut bytes = Zeroizing::new(Vec::with_capacity(count.0));
        let written = serde_json::to_writer(&mut *bytes, &document);
        debug_assert!(counted.is_ok() && written.is_ok());
        bytes
    }

    /// Reads a document and checks it.
    pub fn read(bytes: &[u8]) -> Result<Self, PivCardError> {
        let heading: Heading = serde_json::from_slice(bytes).map_err(malformed)?;
        if heading.card != CARD || heading.version != VERSION {
            return Err(PivCardError::OtherCard { card: heading.card, version: heading.version });
        }
        let document: DocumentIn = serde_json::from_slice(bytes).map_err(malformed)?;
        document.content.check()?;
        Ok(document.content)
    }

    fn check(&self) -> Result<(), PivCardError> {
        let tries = |reference: &Reference| matches!(reference.most, 1..=15) && reference.left <= reference.most;
        let digits_only = !self.profile.yubikey;
        let puk = is_well_formed(&self.puk.value.0, false) || digits_only && self.puk.value.0.len() == REFERENCE_LENGTH;
        let management = &self.management;
        let known = |(tag, bytes): (&u32, &Bytes)| {
            objects::capacity(*tag, self.profile.yubikey).is_some_and(|most| bytes.0.len() <= most)
        };
        let unsound = if !is_well_formed(&self.pin.value.0, digits_only) || !tries(&self.pin) {
            "PIN"
        } else if !puk || !tries(&self.puk) {
            "PUK"
        } else if management.key.0.len() != management.algorithm.key_length() {
            "management key"
        } else if !self.keys.values().all(Key::is_sound) {
            "key pair"
        } else if !self.objects.iter().all(known) {
            "data object"
        } else {
            return Ok(());
        };
        Err(PivCardError::Unsound { what: unsound })
    }
}

pub(super) const FACTORY_PIN: &str = "123456";
pub(super) const FACTORY_PUK: &str = "12345678";
const FACTORY_TRIES: u8 = 3;

/// Counts what is written and keeps nothing.
struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

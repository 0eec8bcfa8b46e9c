//! Files of the card: control parameters as CREATE FILE brings them, and what the files hold.
//!
//! A GIDS card has no tree: every file is an elementary file right below the application. A data file holds data
//! objects under their tags; a key file holds one key and the templates (CRT) that say what the key may be used for.

use super::super::rsa_key::RsaKey;
use super::access::AccessRules;
use crate::iso7816::{StatusWord, tlv};
use zeroize::Zeroizing;

/// Lists identifiers that mean the application or EF.ATR, or are reserved (ISO/IEC 7816-4, 7.4.1).
const TAKEN_IDENTIFIERS: [u16; 6] = [0x0000, 0x2F00, 0x2F01, 0x3F00, 0x3FFF, 0xFFFF];
/// Holds the file descriptor byte of a file of BER-TLV objects (ISO/IEC 7816-4, table 12).
const DATA_OBJECTS: u8 = 0x39;
/// Holds the file descriptor byte of an internal EF, which holds keys.
const INTERNAL: u8 = 0x18;

/// Says what a key may be used for, and with which cryptographic mechanism.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Template {
    /// The CRT's tag, one byte: A4 authentication, B6 digital signature, B8 confidentiality.
    pub usage: u8,
    pub mechanism: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Key,
}

/// Holds a file's control parameters (FCP, tag 62).
pub(super) struct ControlParameters {
    pub bytes: Vec<u8>,
    pub identifier: u16,
    pub kind: Kind,
    /// `None` if the file came without security attributes: then everybody may do everything.
    pub rules: Option<AccessRules>,
    pub templates: Vec<Template>,
}

impl ControlParameters {
    pub fn read(bytes: &[u8]) -> Result<Self, StatusWord> {
        Self::read_objects(bytes).ok_or(StatusWord::INCORRECT_DATA)
    }

    fn read_objects(bytes: &[u8]) -> Option<Self> {
        let outer = tlv::read_one(bytes).ok().filter(|outer| [0x62, 0x6F].contains(&outer.tag))?;
        let value = |tag| tlv::find(outer.value, tag).ok().map(|object| object.value);
        let identifier = u16::from_be_bytes(value(0x83)?.try_into().ok()?);
        if TAKEN_IDENTIFIERS.contains(&identifier) {
            return None;
        }
        let kind = match *value(0x82)?.first()? {
            DATA_OBJECTS => Kind::Data,
            INTERNAL => Kind::Key,
            _ => return None,
        };
        let rules = match value(0x8C) {
            Some(attributes) => Some(AccessRules::read(attributes)?),
            None => None,
        };
        let templates = match kind {
            Kind::Key => read_templates(value(0xA5)?)?,
            Kind::Data => Vec::new(),
        };
        Some(Self { bytes: bytes.to_vec(), identifier, kind, rules, templates })
    }

    pub fn has(&self, usage: u8, mechanism: u8) -> bool {
        self.templates.contains(&Template { usage, mechanism })
    }
}

fn read_templates(bytes: &[u8]) -> Option<Vec<Template>> {
    let templates = tlv::read_all(bytes).ok()?.into_iter().map(|template| {
        let usage = u8::try_from(template.tag).ok().filter(|usage| [0xA4, 0xB6, 0xB8].contains(usage))?;
        let [mechanism] = *tlv::find(template.value, 0x80).ok()?.value else { return None };
        Some(Template { usage, mechanism })
    });
    templates.collect::<Option<Vec<_>>>().filter(|templates| !templates.is_empty())
}

pub(super) enum Key {
    Rsa(Box<RsaKey>),
    TripleDes(Zeroizing<[u8; 24]>),
}

impl Key {
    /// Returns the bytes of the card's memory that it takes.
    pub fn size(&self) -> usize {
        match self {
            Self::Rsa(key) => key.size(),
            Self::TripleDes(key) => key.len(),
        }
    }
}

pub(super) struct DataObject {
    pub tag: u32,
    pub value: Zeroizing<Vec<u8>>,
}

impl DataObject {
    pub fn new(tag: u32, value: &[u8]) -> Self {
        Self { tag, value: Zeroizing::new(value.to_vec()) }
    }

    /// Returns the bytes of the card's memory that it takes, tag and length included.
    pub fn size(&self) -> usize {
        self.value.len() + 6
    }
}

pub(super) enum Content {
    Data(Vec<DataObject>),
    Key(Option<Key>),
}

pub(super) struct ElementaryFile {
    pub control: ControlParameters,
    /// Whether the file is operational; a file that was only created can be activated, and nothing else.
    pub active: bool,
    pub content: Content,
}

impl ElementaryFile {
    pub fn new(control: ControlParameters) -> Self {
        let content = match control.kind {
            Kind::Data => Content::Data(Vec::new()),
            Kind::Key => Content::Key(None),
        };
        Self { control, active: false, content }
    }

    /// Returns the bytes of the card's memory that it takes.
    pub fn size(&self) -> usize {
        let content = match &self.content {
            Content::Data(objects) => objects.iter().map(DataObject::size).sum(),
            Content::Key(key) => key.as_ref().map_or(0, Key::size),
        };
        self.control.bytes.len() + content
    }

    /// Returns the file's key, of whatever kind; `None` if it has none.
    pub fn key(&self) -> Option<&Key> {
        match &self.content {
            Content::Key(key) => key.as_ref(),
            Content::Data(_) => None,
        }
    }
}

//! `mscp\cmapfile`: which key container is at which index (CONTAINER_MAP_RECORD).
//!
//! A record has 86 bytes: a name of at most 39 UTF-16 characters and a zero, flags, a reserved byte, and the sizes in
//! bits of the signature key and of the key exchange key. A record without the valid flag is free. Records are never
//! moved, because key files and certificate files are numbered by them. At most one is the default, with which Windows
//! logs on.

use super::error::Error;
use crate::token::KeyId;
use uuid::Uuid;

const RECORD: usize = 86;
const NAME_UNITS: usize = 40;
const VALID: u8 = 0x01;
const DEFAULT: u8 = 0x02;
/// Limits the containers: key references go from 81 to FF.
const MOST: usize = 127;
const UUID_TEXT: usize = 36;

/// Says what a container's key may be used for (AT_KEYEXCHANGE, AT_SIGNATURE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeySpec {
    /// Decrypts, and signs as well.
    Exchange,
    Signature,
}

/// Holds a valid record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    pub name: String,
    is_default: bool,
    reserve: u8,
    pub signature_bits: u16,
    pub exchange_bits: u16,
}

impl Container {
    pub fn new(name: String, spec: KeySpec, bits: u16) -> Self {
        let (signature_bits, exchange_bits) = match spec {
            KeySpec::Signature => (bits, 0),
            KeySpec::Exchange => (0, bits),
        };
        Self { name, is_default: false, reserve: 0, signature_bits, exchange_bits }
    }

    pub fn id(&self) -> KeyId {
        key_id(&self.name)
    }

    pub fn spec(&self) -> KeySpec {
        if self.exchange_bits > 0 { KeySpec::Exchange } else { KeySpec::Signature }
    }

    pub fn bits(&self) -> u16 {
        self.exchange_bits.max(self.signature_bits)
    }

    fn read(record: &[u8; RECORD]) -> Option<Self> {
        let (name, rest) = record.split_at(2 * NAME_UNITS);
        let [flags, reserve, s0, s1, x0, x1] = rest else { return None };
        let units: Vec<u16> = name.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        let name = units.split(|unit| *unit == 0).next().unwrap_or_default();
        (flags & VALID != 0).then(|| Self {
            name: String::from_utf16_lossy(name),
            is_default: flags & DEFAULT != 0,
            reserve: *reserve,
            signature_bits: u16::from_le_bytes([*s0, *s1]),
            exchange_bits: u16::from_le_bytes([*x0, *x1]),
        })
    }

    fn write(&self) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        let (name, rest) = record.split_at_mut(2 * NAME_UNITS);
        let units = self.name.encode_utf16().take(NAME_UNITS - 1).flat_map(u16::to_le_bytes);
        name.iter_mut().zip(units).for_each(|(to, from)| *to = from);
        let [s0, s1] = self.signature_bits.to_le_bytes();
        let [x0, x1] = self.exchange_bits.to_le_bytes();
        let flags = if self.is_default { VALID | DEFAULT } else { VALID };
        rest.copy_from_slice(&[flags, self.reserve, s0, s1, x0, x1]);
        record
    }
}

/// Holds all records; the free ones are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContainerMap(Vec<Option<Container>>);

impl ContainerMap {
    /// Reads a map, and says what is wrong with its layout. A record that breaks off is read as far as it goes; there
    /// are no more than [`MOST`].
    pub fn read(bytes: &[u8]) -> (Self, Option<Error>) {
        let (whole, rest) = bytes.as_chunks::<RECORD>();
        let mut last = [0; RECORD];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let last = (!rest.is_empty()).then_some(&last);
        let records: Vec<_> = whole.iter().chain(last).take(MOST).map(Container::read).collect();
        let broken = whole.len() > MOST || !rest.is_empty();
        (Self(records), broken.then_some(Error::Layout { file: "mscp\\cmapfile", length: bytes.len() }))
    }

    pub fn write(&self) -> Vec<u8> {
        self.0.iter().flat_map(|record| record.as_ref().map_or([0; RECORD], Container::write)).collect()
    }

    /// Returns the valid records with their indexes.
    pub fn all(&self) -> impl Iterator<Item = (u8, &Container)> {
        (0..).zip(&self.0).filter_map(|(index, record)| record.as_ref().map(|container| (index, container)))
    }

    pub fn find(&self, id: &KeyId) -> Option<(u8, &Container)> {
        self.all().find(|(_, container)| container.id() == *id)
    }

    /// Counts the records, free ones included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the first free index; `None` if all are taken.
    pub fn free(&self) -> Option<u8> {
        let free = self.0.iter().position(Option::is_none).unwrap_or(self.0.len());
        u8::try_from(free).ok().filter(|_| free < MOST)
    }

    /// Counts the containers that can be added.
    pub fn count_free(&self) -> usize {
        MOST.saturating_sub(self.all().count())
    }

    /// Puts a container at a free index.
    pub fn insert(&mut self, index: u8, container: Container) {
        let index = usize::from(index);
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        if let Some(record) = self.0.get_mut(index) {
            *record = Some(container);
        }
    }

    pub fn remove(&mut self, index: u8) {
        if let Some(record) = self.0.get_mut(usize::from(index)) {
            *record = None;
        }
    }

    /// Returns the default container with its index.
    pub fn default(&self) -> Option<(u8, &Container)> {
        self.all().find(|(_, container)| container.is_default)
    }

    /// Makes one container the default, and no other.
    pub fn set_default(&mut self, index: u8) {
        for (at, record) in self.0.iter_mut().enumerate() {
            if let Some(container) = record {
                container.is_default = at == usize::from(index);
            }
        }
    }
}

/// Returns the name of the container for a key id: the text of the UUID in its first 16 bytes, then the 17th byte if
/// there is one.
pub(super) fn name(id: &KeyId) -> Result<String, Error> {
    let refused = Error::ContainerName { length: id.0.len() };
    let Some((uuid, index)) = id.0.split_first_chunk::<16>() else { return Err(refused) };
    let uuid = Uuid::from_bytes(*uuid);
    match index {
        [] => Ok(uuid.to_string()),
        [index] => Ok(format!("{uuid}-{index:02x}")),
        _ => Err(refused),
    }
}

/// Returns the key id that a container's name stands for. A name that [`name`] would not give stands for its own UTF-8
/// bytes.
fn key_id(text: &str) -> KeyId {
    let read = || {
        let (uuid, index) = text.split_at_checked(UUID_TEXT)?;
        let mut id = Uuid::try_parse(uuid).ok()?.as_bytes().to_vec();
        if let Some(index) = index.strip_prefix('-') {
            id.push(u8::from_str_radix(index, 16).ok()?);
        }
        let id = KeyId(id);
        (name(&id).ok()? == text).then_some(id)
    };
    read().unwrap_or_else(|| KeyId(text.as_bytes().to_vec()))
}

/// Returns the name of the file that holds a container's certificate.
pub(super) fn certificate_file(index: u8, spec: KeySpec) -> String {
    match spec {
        KeySpec::Exchange => format!("kxc{index:02X}"),
        KeySpec::Signature => format!("ksc{index:02X}"),
    }
}

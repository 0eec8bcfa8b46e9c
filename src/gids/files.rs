//! Where the files of a GIDS card are: data objects in elementary files, named by the master file.
//!
//! The master file is a byte 01 and rows of 28 bytes: directory and file name (9 bytes each, filled with zeros), two
//! zero bytes, data object and elementary file (4 bytes each, little-endian). Microsoft shows one and does not explain
//! it.

use super::error::Error;

/// Names a data object in an elementary file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub file: u16,
    pub object: u16,
}

/// Names the file that everybody reads and that the user or the administrator writes.
pub(super) const USER_WRITES: u16 = 0xA010;
/// Names the file that everybody reads and that the administrator writes.
const ADMIN_WRITES: u16 = 0xA012;
/// Names the directory's own file: everybody reads, the user or the administrator writes.
const DIRECTORY: u16 = 0xA000;

pub(super) const MASTER_FILE: Place = Place { file: DIRECTORY, object: 0xDF1F };
pub(super) const KEY_MAP: Place = Place { file: DIRECTORY, object: 0xDF20 };
pub(super) const CARD_ID: Place = Place { file: ADMIN_WRITES, object: 0xDF20 };
pub(super) const CARD_APPS: Place = Place { file: USER_WRITES, object: 0xDF21 };
pub(super) const CARD_CF: Place = Place { file: USER_WRITES, object: 0xDF22 };
pub(super) const CMAP_FILE: Place = Place { file: USER_WRITES, object: 0xDF23 };

/// Names the directory of the Base CSP.
pub(super) const MSCP: &str = "mscp";

/// Bounds the objects that certificates may be put under; a tag of two bytes ends at 7F.
const FREE: std::ops::RangeInclusive<u16> = 0xDF24..=0xDF7F;
const ROW: usize = 28;
const NAME: usize = 9;
/// Gives the bytes that the master file grows by for each file.
pub(super) const ROW_LENGTH: usize = ROW;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    directory: [u8; NAME],
    name: [u8; NAME],
    place: Place,
}

/// Holds the table of all files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MasterFile(Vec<Row>);

impl MasterFile {
    /// Makes the table of a card that holds no keys yet, as Microsoft shows it.
    pub fn initial() -> Self {
        let files = [
            (MSCP, "", Place { file: DIRECTORY, object: 0 }),
            ("", "cardid", CARD_ID),
            ("", "cardapps", CARD_APPS),
            ("", "cardcf", CARD_CF),
            (MSCP, "cmapfile", CMAP_FILE),
        ];
        Self(files.into_iter().map(|(directory, name, place)| Row::new(directory, name, place)).collect())
    }

    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let broken = || Error::Layout { file: "master file", length: bytes.len() };
        let Some((1, rows)) = bytes.split_first() else { return Err(broken()) };
        let (rows, []) = rows.as_chunks::<ROW>() else { return Err(broken()) };
        rows.iter().map(|row| Row::read(row).ok_or_else(broken)).collect::<Result<_, _>>().map(Self)
    }

    pub fn write(&self) -> Vec<u8> {
        let mut bytes = vec![1];
        self.0.iter().for_each(|row| row.write(&mut bytes));
        bytes
    }

    /// Returns where the file `name` of `directory` is; upper and lower case count as the same.
    pub fn find(&self, directory: &str, name: &str) -> Option<Place> {
        self.0.iter().find(|row| row.is(directory, name)).map(|row| row.place)
    }

    /// Sets where a file is, whether it was listed or not.
    pub fn set(&mut self, directory: &str, name: &str, place: Place) {
        match self.0.iter_mut().find(|row| row.is(directory, name)) {
            Some(row) => row.place = place,
            None => self.0.push(Row::new(directory, name, place)),
        }
    }

    pub fn remove(&mut self, directory: &str, name: &str) {
        self.0.retain(|row| !row.is(directory, name));
    }

    /// Returns a place where the user may write and no file is; `None` if all are taken.
    pub fn free(&self) -> Option<Place> {
        self.unused().next()
    }

    /// Returns the places where the user may write and no file is.
    pub fn unused(&self) -> impl Iterator<Item = Place> {
        FREE.map(|object| Place { file: USER_WRITES, object })
            .filter(|place| self.0.iter().all(|row| row.place != *place))
    }
}

impl Row {
    fn new(directory: &str, name: &str, place: Place) -> Self {
        Self { directory: padded(directory), name: padded(name), place }
    }

    fn read(row: &[u8; ROW]) -> Option<Self> {
        let (directory, rest) = row.split_first_chunk::<NAME>()?;
        let (name, rest) = rest.split_first_chunk::<NAME>()?;
        let [_, _, object @ .., f0, f1, 0, 0] = rest else { return None };
        let [o0, o1, 0, 0] = object else { return None };
        let place = Place { file: u16::from_le_bytes([*f0, *f1]), object: u16::from_le_bytes([*o0, *o1]) };
        Some(Self { directory: *directory, name: *name, place })
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.directory);
        into.extend_from_slice(&self.name);
        into.extend_from_slice(&[0, 0]);
        into.extend_from_slice(&u32::from(self.place.object).to_le_bytes());
        into.extend_from_slice(&u32::from(self.place.file).to_le_bytes());
    }

    fn is(&self, directory: &str, name: &str) -> bool {
        let same = |field: &[u8; NAME], text: &str| until_zero(field).eq_ignore_ascii_case(text.as_bytes());
        same(&self.directory, directory) && same(&self.name, name)
    }
}

fn padded(text: &str) -> [u8; NAME] {
    let mut field = [0; NAME];
    field.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    field
}

fn until_zero(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

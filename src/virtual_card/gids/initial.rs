//! Initialises a card: the files, the administrator's key and the PIN that Windows and OpenSC expect to find.

use super::applet::{Held, LifeCycle};
use super::file::{Content, ControlParameters, DataObject, ElementaryFile, Key};
use super::pin::PIN_LENGTHS;
use super::state::GidsCardError;
use crate::secret::{AdminKey, Pin};
use zeroize::Zeroizing;

/// Lists data files: identifier, and the security conditions of PUT DATA and GET DATA. 00 is everybody, 30 user or
/// administrator, 20 administrator, FF nobody.
const DATA_FILES: [(u16, [u8; 2]); 6] = [
    (0xA000, [0x30, 0x00]),
    (0xA010, [0x30, 0x00]),
    (0xA011, [0x30, 0xFF]),
    (0xA012, [0x20, 0x00]),
    (0xA013, [0x30, 0x30]),
    (0xA014, [0x20, 0x20]),
];
/// Lists where each file of the minidriver is: directory, name, file, data object.
const MASTER_FILE: [(&str, &str, u16, u16); 5] = [
    ("mscp", "", 0xA000, 0x0000),
    ("", "cardid", 0xA012, 0xDF20),
    ("", "cardapps", 0xA010, 0xDF21),
    ("", "cardcf", 0xA010, 0xDF22),
    ("mscp", "cmapfile", 0xA010, 0xDF23),
];
/// Holds the parameters of the administrator's key file: everybody may choose the key, the administrator may replace
/// it, nobody may read it.
const ADMIN_KEY_FILE: [u8; 28] = [
    0x62, 0x1A, 0x82, 0x01, 0x18, 0x83, 0x02, 0xB0, 0x80, 0x8C, 0x04, 0x87, 0x00, 0x20, 0xFF, 0xA5, 0x0B, 0xA4, 0x09,
    0x80, 0x01, 0x02, 0x83, 0x01, 0x80, 0x95, 0x01, 0xC0,
];

/// Says what a card is initialised with.
pub struct Initialised {
    /// 4 to 16 bytes.
    pub pin: Pin,
    /// A 3DES key of 24 bytes.
    pub admin_key: AdminKey,
    /// Content of the file cardid: the card's serial number.
    pub card_id: [u8; 16],
}

impl Initialised {
    /// Initialises the card and activates it.
    pub(super) fn onto(&self, held: &mut Held) -> Result<(), GidsCardError> {
        let unsound = |what| GidsCardError::Unsound { what };
        let pin = Zeroizing::new(self.pin.expose().as_bytes().to_vec());
        if !PIN_LENGTHS.contains(&pin.len()) {
            return Err(unsound("PIN"));
        }
        let key = self.admin_key.expose().try_into().map_err(|_| unsound("administrator's key"))?;
        for (identifier, [put, get]) in DATA_FILES {
            let [high, low] = identifier.to_be_bytes();
            let control = [0x62, 0x0C, 0x82, 0x01, 0x39, 0x83, 0x02, high, low, 0x8C, 0x03, 0x03, put, get];
            add(held, &control, Content::Data(self.objects_of(identifier)))?;
        }
        add(held, &ADMIN_KEY_FILE, Content::Key(Some(Key::TripleDes(Zeroizing::new(key)))))?;
        held.pin.value = Some(pin);
        held.life = LifeCycle::Activated;
        Ok(())
    }

    fn objects_of(&self, file: u16) -> Vec<DataObject> {
        match file {
            0xA000 => vec![DataObject::new(0xDF1F, &master_file())],
            0xA010 => vec![
                DataObject::new(0xDF21, b"mscp\0\0\0\0"),
                DataObject::new(0xDF22, &[0; 6]),
                DataObject::new(0xDF23, &[]),
            ],
            0xA012 => vec![DataObject::new(0xDF20, &self.card_id)],
            _ => Vec::new(),
        }
    }
}

fn add(held: &mut Held, control: &[u8], content: Content) -> Result<(), GidsCardError> {
    let control = ControlParameters::read(control).map_err(|_| GidsCardError::Unsound { what: "file" })?;
    held.files.insert(control.identifier, ElementaryFile { control, active: true, content });
    Ok(())
}

/// Encodes the master file: version 1, then a record for each file: directory and name, 9 bytes each, 2 zero bytes,
/// data object and file in 4 bytes each, little-endian.
fn master_file() -> Vec<u8> {
    let name = |name: &str| {
        let mut field = [0; 9];
        field.iter_mut().zip(name.bytes()).for_each(|(field, byte)| *field = byte);
        field
    };
    let records = MASTER_FILE.iter().flat_map(|(directory, file_name, file, object)| {
        let places = [object, file].map(|place| u32::from(*place).to_le_bytes()).concat();
        [&name(directory)[..], &name(file_name), &[0, 0], &places].concat()
    });
    std::iter::once(1).chain(records).collect()
}

//! GET DATA and PUT DATA (odd INS): data objects in files, PIN status, public keys, keys made elsewhere, EF.ATR.

use super::access::mode;
use super::applet::{Answer, Applet, COMMAND_NOT_FOR_THIS_FILE, nothing};
use super::file::{Content, DataObject};
use super::security::public_key;
use super::select::APPLICATION;
use crate::iso7816::{StatusWord, tlv};

const TAG_LIST: u32 = 0x5C;
const KEY: u32 = 0x70;
/// Names the PIN status objects: of the PIN, and of the PIN for the current operation.
const PIN_STATUS: [u16; 2] = [0x7F71, 0x7F72];
const TRIES_LEFT: u32 = 0x97;
const TRIES_LIMIT: u32 = 0x93;
/// Means "all of the public key" in an extended header list.
const PUBLIC_KEY: [u8; 3] = [0x7F, 0x49, 0x80];

impl Applet {
    pub(super) fn get_data(&mut self, file: u16, data: &[u8]) -> Answer {
        let wanted = tlv::read_one(data).map_err(|_| StatusWord::INCORRECT_DATA)?;
        match (file, wanted.tag) {
            (APPLICATION, TAG_LIST) => self.pin_status(wanted.value),
            (APPLICATION, KEY) => self.public_key(wanted.value),
            (_, TAG_LIST) => self.read_objects(file, wanted.value),
            _ => Err(StatusWord::INCORRECT_DATA),
        }
    }

    pub(super) fn put_data(&mut self, file: u16, data: &[u8]) -> Answer {
        let object = tlv::read_one(data).map_err(|_| StatusWord::INCORRECT_DATA)?;
        match (file, object.tag) {
            (APPLICATION, KEY) => self.put_key(object.value),
            (APPLICATION, _) => Err(StatusWord::INCORRECT_DATA),
            _ => self.write_object(file, object.tag, object.value),
        }
    }

    /// Returns EF.ATR: what the card can do on the wire (ISO/IEC 7816-4, 8.1.1.2.7), and who made it.
    pub(super) fn ef_atr(&self, data: &[u8]) -> Answer {
        if data != [0x5C, 0x00] {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let capabilities = capabilities(self.held.extended);
        let maker = b"cardwright";
        Ok(tlv::Writer::new().put(0x43, &[0xF4]).put(0x47, &capabilities).put(0x46, maker).finish())
    }

    fn pin_status(&self, tag: &[u8]) -> Answer {
        let tag = <[u8; 2]>::try_from(tag).map(u16::from_be_bytes).ok().filter(|tag| PIN_STATUS.contains(tag));
        let tag = tag.ok_or(StatusWord::REFERENCE_DATA_NOT_FOUND)?;
        let tries = self.held.pin.tries;
        let status = tlv::Writer::new().put(TRIES_LEFT, &[tries.left]).put(TRIES_LIMIT, &[tries.limit]);
        Ok(tlv::Writer::new().nest(u32::from(tag), status).finish())
    }

    fn public_key(&self, reference: &[u8]) -> Answer {
        let malformed = StatusWord::INCORRECT_DATA;
        let [reference, what] = tlv::read_all(reference).map_err(|_| malformed)?[..] else { return Err(malformed) };
        match (reference.tag, reference.value, what.tag, what.value) {
            (0x84, &[reference], 0xA5, what) if what == PUBLIC_KEY => {
                let file = self.key_file(reference)?;
                self.file_allows(file, mode::GET)?;
                public_key(file)
            }
            _ => Err(malformed),
        }
    }

    /// Returns the data file that a command means; 0000 is the current one.
    fn data_file(&self, identifier: u16, mode: u8) -> Result<u16, StatusWord> {
        let identifier = match identifier {
            0x0000 => self.session.file.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?,
            0xFFFF => return Err(StatusWord::INCORRECT_P1_P2),
            identifier => identifier,
        };
        let file = self.file(identifier)?;
        if matches!(file.content, Content::Key(_)) {
            return Err(COMMAND_NOT_FOR_THIS_FILE);
        }
        self.file_allows(file, mode)?;
        Ok(identifier)
    }

    /// Returns one data object with its header, or all of the file's for an empty list.
    fn read_objects(&mut self, file: u16, tags: &[u8]) -> Answer {
        let identifier = self.data_file(file, mode::GET)?;
        self.session.file = Some(identifier);
        let Content::Data(objects) = &self.file(identifier)?.content else { return Err(COMMAND_NOT_FOR_THIS_FILE) };
        let all = tags.is_empty() || tags == [TAG_LIST as u8];
        let tag = tags.iter().fold(0u32, |tag, byte| tag << 8 | u32::from(*byte));
        let wanted = objects.iter().filter(|object| all || tags.len() <= 3 && object.tag == tag);
        let found = wanted.fold(tlv::Writer::new(), |found, object| found.put(object.tag, &object.value)).finish();
        if found.is_empty() && !all { Err(StatusWord::REFERENCE_DATA_NOT_FOUND) } else { Ok(found) }
    }

    /// Writes a data object, replacing one with the same tag. Writing an empty object over an empty one deletes it.
    fn write_object(&mut self, file: u16, tag: u32, value: &[u8]) -> Answer {
        let identifier = self.data_file(file, mode::PUT)?;
        let object = DataObject::new(tag, value);
        let Content::Data(objects) = &self.file(identifier)?.content else { return Err(COMMAND_NOT_FOR_THIS_FILE) };
        let at = objects.iter().position(|there| there.tag == tag);
        let before = at.map(|at| &objects[at]);
        let deletes = value.is_empty() && before.is_some_and(|before| before.value.is_empty());
        self.room(before.map_or(0, DataObject::size), object.size())?;
        self.session.file = Some(identifier);
        if let Some(Content::Data(objects)) = self.held.files.get_mut(&identifier).map(|file| &mut file.content) {
            match at {
                Some(at) if deletes => drop(objects.remove(at)),
                Some(at) => objects[at] = object,
                None => objects.push(object),
            }
        }
        nothing()
    }
}

/// Returns the card capabilities (ISO/IEC 7816-4, 8.1.1.2.7): selection by full and partial name and by file
/// identifier; BER-TLV files, data units of a byte; command chaining, and extended length if the card has it.
pub(super) fn capabilities(extended: bool) -> [u8; 3] {
    [0xD0, 0x81, if extended { 0xC0 } else { 0x80 }]
}

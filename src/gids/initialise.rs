//! Prepares a new card: PIN, admin key and the file system that Windows and OpenSC expect (Windows Inbox Smart Card
//! Minidriver, "Electrical Profile for GIDS cards with the Microsoft Generic Profile").

use super::admin::Cipher;
use super::application::Application;
use super::cardcf::CacheFile;
use super::command;
use super::error::{Error as GidsError, device};
use super::files::{CARD_APPS, CARD_CF, CARD_ID, CMAP_FILE, MASTER_FILE, MSCP, MasterFile};
use crate::iso7816::tlv;
use crate::secret::{AdminKey, Pin};
use crate::token::{Error, SecretKind};

/// Lists the elementary files, and who may put and who may get data objects in each: 30 is the user or the
/// administrator, 20 the administrator, 00 everybody, FF nobody.
const FILES: [(u16, [u8; 2]); 6] = [
    (0xA000, [0x30, 0x00]),
    (0xA010, [0x30, 0x00]),
    (0xA011, [0x30, 0xFF]),
    (0xA012, [0x20, 0x00]),
    (0xA013, [0x30, 0x30]),
    (0xA014, [0x20, 0x20]),
];
const ADMIN_KEY_FILE: u16 = 0xB080;
const ADMIN_KEY_LENGTH: usize = 24;

/// Refuses a key that the admin key's file does not take, before anything is sent to the card.
pub(super) fn check_key(key: &AdminKey) -> Result<(), Error> {
    let (minimum, maximum) = (ADMIN_KEY_LENGTH, ADMIN_KEY_LENGTH);
    let fits = key.expose().len() == ADMIN_KEY_LENGTH;
    if fits { Ok(()) } else { Err(Error::SecretLength { secret: SecretKind::Admin, minimum, maximum }) }
}

/// Says that the card is in use already.
pub(super) fn already_initialised() -> Error {
    device("initialisation", GidsError::AlreadyInitialised)
}

/// Gives a new card secrets and files, and activates it. An initialisation that was cut off is completed.
pub(super) fn initialise(
    application: &mut Application,
    key: &AdminKey,
    pin: &Pin,
    card_id: [u8; 16],
) -> Result<(), Error> {
    match application.run(&command::first_pin(pin)) {
        Err(Error::UserNeeded) => return Err(already_initialised()),
        first => first?,
    };
    for (file, access) in FILES {
        create(application, file, object_file(file, access))?;
    }
    create(application, ADMIN_KEY_FILE, admin_key_file())?;
    application.run(&command::put_admin_key(key, &Cipher::TripleDes.check_value(key)?))?;
    let mut directory = MSCP.as_bytes().to_vec();
    directory.resize(8, 0);
    application.put(MASTER_FILE, &MasterFile::initial().write())?;
    application.put(CARD_APPS, &directory)?;
    application.put(CARD_CF, &CacheFile::default().write())?;
    application.put(CMAP_FILE, &[])?;
    application.put(CARD_ID, &card_id)?;
    application.run(&command::select_application_file())?;
    application.run(&command::activate_file()).map(drop)
}

/// Creates a file, unless it is there from an earlier attempt.
fn create(application: &mut Application, file: u16, parameters: Vec<u8>) -> Result<(), Error> {
    let created = application.create(parameters);
    match created {
        Err(Error::Device { .. }) if application.select_file(file)? => {
            application.run(&command::activate_file()).map(drop)
        }
        created => created,
    }
}

/// Encodes the parameters of a file of BER-TLV data objects.
fn object_file(file: u16, [put, get]: [u8; 2]) -> Vec<u8> {
    let parameters =
        [tlv::write(0x82, &[0x39]), tlv::write(0x83, &file.to_be_bytes()), tlv::write(0x8C, &[0x03, put, get])];
    tlv::write(0x62, &parameters.concat())
}

/// Encodes the parameters of the key file for the administrator's 3DES key: everybody may use the key, the
/// administrator may replace it, nobody may read it.
fn admin_key_file() -> Vec<u8> {
    let mechanism =
        [tlv::write(0x80, &[0x02]), tlv::write(0x83, &[command::ADMIN_KEY]), tlv::write(0x95, &[0xC0])].concat();
    let parameters = [
        tlv::write(0x82, &[0x18]),
        tlv::write(0x83, &ADMIN_KEY_FILE.to_be_bytes()),
        tlv::write(0x8C, &[0x87, 0x00, 0x20, 0xFF]),
        tlv::write(0xA5, &tlv::write(0xA4, &mechanism)),
    ];
    tlv::write(0x62, &parameters.concat())
}

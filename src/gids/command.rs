//! The commands that a GIDS card is sent (GIDS 2.0, 11; ISO/IEC 7816-4 and -8), each marked with its effect.

use super::files::Place;
use crate::iso7816::{CommandApdu, Expect, tlv};
use crate::secret::{AdminKey, Pin};
use zeroize::Zeroizing;

/// Names the GIDS application, version 2.
pub const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59, 0x02, 0x01];

/// Addresses the whole application in GET DATA and PUT DATA.
const APPLICATION: u16 = 0x3FFF;
/// Names the application password, the PIN.
const PIN: u8 = 0x80;
/// Gives the length of the AID without version and revision.
pub(super) const AID_PREFIX: usize = 9;
/// Names the object that holds the counters of the application password.
pub(super) const COUNTERS: u16 = 0x7F71;
/// Names the admin key.
pub(super) const ADMIN_KEY: u8 = 0x80;

/// Holds an APDU and the name that errors use for it.
pub(super) struct Command {
    pub name: &'static str,
    pub apdu: CommandApdu,
}

impl Command {
    fn new(name: &'static str, [ins, p1, p2]: [u8; 3]) -> Self {
        Self { name, apdu: CommandApdu::new(ins, p1, p2) }
    }

    fn data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.apdu = self.apdu.with_data(data);
        self
    }

    fn secret(mut self, data: Zeroizing<Vec<u8>>) -> Self {
        self.apdu.data = data;
        self
    }

    fn answered(mut self) -> Self {
        self.apdu = self.apdu.expecting(Expect::All);
        self
    }

    fn reading(mut self) -> Self {
        self.apdu = self.apdu.reading();
        self
    }
}

/// Selects by name (SELECT), with the AID without its version, so that every version answers.
pub(super) fn select_application() -> Command {
    Command::new("SELECT", [0xA4, 0x04, 0x00]).data(&AID[..AID_PREFIX]).answered().reading()
}

/// Selects by file identifier (SELECT), without an answer.
pub(super) fn select_file(identifier: u16) -> Command {
    Command::new("SELECT", [0xA4, 0x00, 0x0C]).data(identifier.to_be_bytes()).reading()
}

/// Selects the application's own file (SELECT).
pub(super) fn select_application_file() -> Command {
    select_file(APPLICATION)
}

/// Creates a file with these file control parameters (CREATE FILE); it becomes the selected file.
pub(super) fn create_file(parameters: Vec<u8>) -> Command {
    Command::new("CREATE FILE", [0xE0, 0x00, 0x00]).data(parameters)
}

/// Activates the selected file (ACTIVATE FILE).
pub(super) fn activate_file() -> Command {
    Command::new("ACTIVATE FILE", [0x44, 0x00, 0x00])
}

/// Deletes the selected file (DELETE FILE).
pub(super) fn delete_file() -> Command {
    Command::new("DELETE FILE", [0xE4, 0x00, 0x00])
}

/// Reads a data object (GET DATA).
pub(super) fn get_data(place: Place) -> Command {
    let [p1, p2] = place.file.to_be_bytes();
    let tags = tlv::write(0x5C, &place.object.to_be_bytes());
    Command::new("GET DATA", [0xCB, p1, p2]).data(tags).answered().reading()
}

/// Writes a data object (PUT DATA).
pub(super) fn put_data(place: Place, value: &[u8]) -> Command {
    let [p1, p2] = place.file.to_be_bytes();
    Command::new("PUT DATA", [0xDB, p1, p2]).data(tlv::write(place.object.into(), value))
}

/// Reads the PIN's counters (GET DATA).
pub(super) fn get_pin_counters() -> Command {
    get_data(Place { file: APPLICATION, object: COUNTERS })
}

/// Reads a public key (GET DATA), by an extended header list that asks for 7F49 of this key.
pub(super) fn get_public_key(reference: u8) -> Command {
    let wanted = [0x70, 0x08, 0x84, 0x01, reference, 0xA5, 0x03, 0x7F, 0x49, 0x80];
    Command::new("GET DATA", [0xCB, 0x3F, 0xFF]).data(wanted).answered().reading()
}

/// Stores `key`, which may be secret, under a reference (PUT DATA of a key usage template).
pub(super) fn put_key(reference: u8, key: tlv::Writer) -> Command {
    let template = tlv::Writer::new().put(0x84, &[reference]).nest(0xA5, key);
    Command::new("PUT KEY", [0xDB, 0x3F, 0xFF]).secret(tlv::Writer::new().nest(0x70, template).finish())
}

/// Stores the admin key (PUT DATA), with the first bytes of a zero block under it, its check value.
pub(super) fn put_admin_key(key: &AdminKey, check: &[u8]) -> Command {
    put_key(ADMIN_KEY, tlv::Writer::new().put(0x87, key.expose()).put(0x88, check))
}

/// Asks how many tries are left (VERIFY without data); spends none.
pub(super) fn ask_verified() -> Command {
    Command::new("VERIFY", [0x20, 0x00, PIN]).reading()
}

/// Verifies the PIN (VERIFY).
pub(super) fn verify(pin: &Pin) -> Command {
    Command::new("VERIFY", [0x20, 0x00, PIN]).data(pin.expose())
}

/// Changes the PIN (CHANGE REFERENCE DATA): the present PIN and the new one, one behind the other.
pub(super) fn change_pin(current: &Pin, new: &Pin) -> Command {
    let (current, new) = (current.expose().as_bytes(), new.expose().as_bytes());
    let mut both = Zeroizing::new(Vec::with_capacity(current.len() + new.len()));
    both.extend_from_slice(current);
    both.extend_from_slice(new);
    Command::new("CHANGE REFERENCE DATA", [0x24, 0x00, PIN]).secret(both)
}

/// Sets the PIN of a card that has none yet (CHANGE REFERENCE DATA).
pub(super) fn first_pin(pin: &Pin) -> Command {
    Command::new("CHANGE REFERENCE DATA", [0x24, 0x01, PIN]).data(pin.expose())
}

/// Sets the PIN by the administrator's authority (RESET RETRY COUNTER).
pub(super) fn set_pin(pin: &Pin) -> Command {
    Command::new("RESET RETRY COUNTER", [0x2C, 0x02, PIN]).data(pin.expose())
}

/// Chooses the admin key for external authentication (MANAGE SECURITY ENVIRONMENT).
pub(super) fn use_admin_key() -> Command {
    Command::new("MANAGE SECURITY ENVIRONMENT", [0x22, 0x81, 0xA4]).data(tlv::write(0x83, &[ADMIN_KEY]))
}

/// Asks for a challenge (GENERAL AUTHENTICATE).
pub(super) fn get_challenge() -> Command {
    let empty = tlv::write(0x7C, &tlv::write(0x81, &[]));
    Command::new("GENERAL AUTHENTICATE", [0x87, 0x00, 0x00]).data(empty).answered().reading()
}

/// Puts a challenge to the card and asks for one of its own, for mutual authentication (GENERAL AUTHENTICATE).
pub(super) fn put_challenge(challenge: &[u8]) -> Command {
    let template = tlv::write(0x7C, &tlv::write(0x81, challenge));
    Command::new("GENERAL AUTHENTICATE", [0x87, 0x00, 0x00]).data(template).answered().reading()
}

/// Answers the card's challenge in a mutual authentication, and has the card answer (GENERAL AUTHENTICATE).
pub(super) fn answer_mutually(cryptogram: &[u8]) -> Command {
    let answer = tlv::Writer::new().nest(0x7C, tlv::Writer::new().put(0x82, cryptogram));
    Command::new("GENERAL AUTHENTICATE", [0x87, 0x00, 0x00]).secret(answer.finish()).answered()
}

/// Answers the challenge (GENERAL AUTHENTICATE).
pub(super) fn answer_challenge(response: &[u8]) -> Command {
    let answer = tlv::Writer::new().nest(0x7C, tlv::Writer::new().put(0x82, response));
    Command::new("GENERAL AUTHENTICATE", [0x87, 0x00, 0x00]).secret(answer.finish())
}

/// Generates a key pair in a key file (GENERATE ASYMMETRIC KEY PAIR). Cards answer with the public key, some even if
/// none is expected.
pub(super) fn generate(reference: u8, mechanism: u8) -> Command {
    let template = [tlv::write(0x80, &[mechanism]), tlv::write(0x83, &[reference])].concat();
    Command::new("GENERATE ASYMMETRIC KEY PAIR", [0x47, 0x00, 0x00]).data(tlv::write(0xAC, &template)).answered()
}

/// Chooses a private key and how it signs (MANAGE SECURITY ENVIRONMENT).
pub(super) fn sign_with(reference: u8, mechanism: u8) -> Command {
    let template = [tlv::write(0x80, &[mechanism]), tlv::write(0x84, &[reference])].concat();
    Command::new("MANAGE SECURITY ENVIRONMENT", [0x22, 0x41, 0xB6]).data(template)
}

/// Signs (PERFORM SECURITY OPERATION, COMPUTE DIGITAL SIGNATURE); the signature is as long as the modulus.
pub(super) fn sign(digest_info: &[u8], modulus: u16) -> Command {
    let mut command = Command::new("COMPUTE DIGITAL SIGNATURE", [0x2A, 0x9E, 0x9A]).data(digest_info);
    command.apdu = command.apdu.expecting(Expect::Bytes(modulus));
    command
}

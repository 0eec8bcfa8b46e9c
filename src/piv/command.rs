//! Commands of SP 800-73-4 part 2, section 3 (the sections cited below), and those that YubiKeys add.
//!
//! In: typed arguments. Out: a [`Command`], which is the APDU and the name that errors use. This is the only file of
//! the PIV code that writes an INS or exposes a PIN or PUK. A command that spends a try, uses a key or changes the card
//! is never marked as reading.

use super::algorithm::{ManagementAlgorithm, identifier};
use super::reference::{KeyReference, MANAGEMENT_KEY, ObjectTag, SecretReference};
use crate::iso7816::tlv::{Writer, write};
use crate::iso7816::{CommandApdu, Expect, PinPadVerify};
use crate::pkix::{KeyAlgorithm, PrivateNumbers};
use crate::secret::{AdminKey, Pin, Puk};
use zeroize::Zeroizing;

/// Names the PIV card application in full (SP 800-73-4 part 1, 2.2).
pub const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];

/// Holds an APDU and its name in the standard.
pub(super) struct Command {
    pub name: &'static str,
    pub apdu: CommandApdu,
}

impl Command {
    fn new(name: &'static str, ins: u8, p1: u8, p2: u8) -> Self {
        Self { name, apdu: CommandApdu::new(ins, p1, p2) }
    }

    fn with(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.apdu = self.apdu.with_data(data);
        self
    }

    /// Sets the data from a buffer that is wiped on drop.
    fn with_secret(mut self, data: Zeroizing<Vec<u8>>) -> Self {
        self.apdu.data = data;
        self
    }

    fn answered(mut self) -> Self {
        self.apdu.expect = Expect::All;
        self
    }

    fn reading(mut self) -> Self {
        self.apdu = self.apdu.reading();
        self
    }
}

/// Holds a PIN or PUK padded with FF to its block (SP 800-73-4 part 2, 2.4.3); wiped on drop.
pub(super) struct PinBlock(Zeroizing<[u8; Self::LENGTH]>);

impl PinBlock {
    pub const LENGTH: usize = 8;
    pub const SHORTEST: usize = 6;
    const PADDING: u8 = 0xFF;

    /// Pads a PIN; `None` if it is shorter than 6 bytes or longer than 8.
    pub fn pin(pin: &Pin) -> Option<Self> {
        Self::padded(pin.expose().as_bytes())
    }

    /// Pads a PUK; `None` if it is shorter than 6 bytes or longer than 8.
    pub fn puk(puk: &Puk) -> Option<Self> {
        Self::padded(puk.expose().as_bytes())
    }

    /// Says whether this is `text`, padded.
    pub fn is(&self, text: &str) -> bool {
        Self::padded(text.as_bytes()).is_some_and(|other| *other.0 == *self.0)
    }

    /// Makes eight digits out of random bytes, for a secret that is meant to be wrong. Cards refuse other characters
    /// without counting a try.
    pub fn random(bytes: [u8; Self::LENGTH]) -> Self {
        Self(Zeroizing::new(bytes.map(|byte| b'0' + byte % 10)))
    }

    fn padded(text: &[u8]) -> Option<Self> {
        if text.len() < Self::SHORTEST {
            return None;
        }
        let mut block = Zeroizing::new([Self::PADDING; Self::LENGTH]);
        block.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self(block))
    }
}

/// Joins two blocks, one behind the other.
fn pair(first: &PinBlock, second: &PinBlock) -> Zeroizing<Vec<u8>> {
    let mut data = Zeroizing::new(Vec::with_capacity(2 * PinBlock::LENGTH));
    data.extend_from_slice(first.0.as_slice());
    data.extend_from_slice(second.0.as_slice());
    data
}

pub(super) const SELECT: &str = "SELECT";
pub(super) const GET_DATA: &str = "GET DATA";
pub(super) const PUT_DATA: &str = "PUT DATA";
pub(super) const VERIFY: &str = "VERIFY";
pub(super) const CHANGE_REFERENCE_DATA: &str = "CHANGE REFERENCE DATA";
pub(super) const RESET_RETRY_COUNTER: &str = "RESET RETRY COUNTER";
pub(super) const GENERAL_AUTHENTICATE: &str = "GENERAL AUTHENTICATE";
pub(super) const GENERATE: &str = "GENERATE ASYMMETRIC KEY PAIR";
pub(super) const GET_METADATA: &str = "GET METADATA";
pub(super) const GET_SERIAL: &str = "GET SERIAL";
pub(super) const GET_VERSION: &str = "GET VERSION";
pub(super) const ATTEST: &str = "ATTEST";
pub(super) const SET_MANAGEMENT_KEY: &str = "SET MANAGEMENT KEY";
pub(super) const MOVE_KEY: &str = "MOVE KEY";
pub(super) const DELETE_KEY: &str = "DELETE KEY";
pub(super) const IMPORT: &str = "IMPORT ASYMMETRIC KEY";

/// Selects the application (3.1.1).
pub(super) fn select() -> Command {
    Command::new(SELECT, 0xA4, 0x04, 0x00).with(AID).answered().reading()
}

/// Reads a whole data object (3.1.2).
pub(super) fn get_data(tag: ObjectTag) -> Command {
    Command::new(GET_DATA, 0xCB, 0x3F, 0xFF).with(write(0x5C, &tag.bytes())).answered().reading()
}

/// Replaces the content of a data object by `content`; an empty one removes it (3.3.1).
pub(super) fn put_data(tag: ObjectTag, content: &[u8]) -> Command {
    let data = [write(0x5C, &tag.bytes()), write(0x53, content)].concat();
    Command::new(PUT_DATA, 0xDB, 0x3F, 0xFF).with(data)
}

/// Asks whether the PIN is verified, and if not, how many tries are left (3.2.1 without data). Spends no try.
pub(super) fn pin_status() -> Command {
    Command::new(VERIFY, 0x20, 0x00, SecretReference::Pin.byte()).reading()
}

/// Verifies the PIN (3.2.1).
pub(super) fn verify(pin: &PinBlock) -> Command {
    Command::new(VERIFY, 0x20, 0x00, SecretReference::Pin.byte()).with_secret(Zeroizing::new(pin.0.to_vec()))
}

/// Describes VERIFY with the PIN left open for the reader to fill in (3.2.1).
pub(super) fn verify_by_pin_pad() -> PinPadVerify {
    let header = [0x00, 0x20, 0x00, SecretReference::Pin.byte(), PinBlock::LENGTH as u8];
    PinPadVerify {
        template: [header.as_slice(), &[PinBlock::PADDING; PinBlock::LENGTH]].concat(),
        minimum: PinBlock::SHORTEST as u8,
        maximum: PinBlock::LENGTH as u8,
        block: PinBlock::LENGTH as u8,
    }
}

/// Changes PIN or PUK (3.2.2).
pub(super) fn change_reference_data(secret: SecretReference, current: &PinBlock, new: &PinBlock) -> Command {
    Command::new(CHANGE_REFERENCE_DATA, 0x24, 0x00, secret.byte()).with_secret(pair(current, new))
}

/// Sets the PIN by the PUK (3.2.3).
pub(super) fn reset_retry_counter(puk: &PinBlock, new: &PinBlock) -> Command {
    Command::new(RESET_RETRY_COUNTER, 0x2C, 0x00, SecretReference::Pin.byte()).with_secret(pair(puk, new))
}

/// Asks for a challenge, for external authentication (3.2.4). A second challenge replaces the first.
pub(super) fn challenge(algorithm: ManagementAlgorithm) -> Command {
    let template = write(0x7C, &write(0x81, &[]));
    Command::new(GENERAL_AUTHENTICATE, 0x87, algorithm.identifier(), MANAGEMENT_KEY).with(template).answered().reading()
}

/// Answers the challenge, for external authentication (3.2.4).
pub(super) fn response(algorithm: ManagementAlgorithm, response: &[u8]) -> Command {
    let template = Writer::new().nest(0x7C, Writer::new().put(0x82, response)).finish();
    Command::new(GENERAL_AUTHENTICATE, 0x87, algorithm.identifier(), MANAGEMENT_KEY).with_secret(template)
}

/// Asks for a witness, for mutual authentication (3.2.4). A second one replaces the first.
pub(super) fn witness(algorithm: ManagementAlgorithm) -> Command {
    let template = write(0x7C, &write(0x80, &[]));
    Command::new(GENERAL_AUTHENTICATE, 0x87, algorithm.identifier(), MANAGEMENT_KEY).with(template).answered().reading()
}

/// Shows what the witness was and puts a challenge, for mutual authentication (3.2.4 and appendix A.1).
pub(super) fn mutual(algorithm: ManagementAlgorithm, witness: &[u8], challenge: &[u8]) -> Command {
    let template = Writer::new().nest(0x7C, Writer::new().put(0x80, witness).put(0x81, challenge)).finish();
    Command::new(GENERAL_AUTHENTICATE, 0x87, algorithm.identifier(), MANAGEMENT_KEY).with_secret(template).answered()
}

/// Signs (3.2.4): `input` is the padded block (RSA) or the digest (ECDSA).
pub(super) fn sign(algorithm: u8, reference: KeyReference, input: &[u8]) -> Command {
    let template = write(0x7C, &[write(0x82, &[]), write(0x81, input)].concat());
    Command::new(GENERAL_AUTHENTICATE, 0x87, algorithm, reference.byte()).with(template).answered()
}

/// Generates a key pair (3.3.2).
pub(super) fn generate(algorithm: KeyAlgorithm, reference: KeyReference) -> Command {
    let template = write(0xAC, &write(0x80, &[identifier(algorithm)]));
    Command::new(GENERATE, 0x47, 0x00, reference.byte()).with(template).answered()
}

/// Asks for the serial number printed on the device (YubiKey 5).
pub(super) fn serial() -> Command {
    Command::new(GET_SERIAL, 0xF8, 0x00, 0x00).answered().reading()
}

/// Asks for major, minor and patch version (YubiKey).
pub(super) fn version() -> Command {
    Command::new(GET_VERSION, 0xFD, 0x00, 0x00).answered().reading()
}

/// Asks what the card knows of the secret or key under `reference` (YubiKey 5.3).
pub(super) fn metadata(reference: u8) -> Command {
    Command::new(GET_METADATA, 0xF7, 0x00, reference).answered().reading()
}

/// Moves the key of `from` to `to`, without its certificate (YubiKey 5.7).
pub(super) fn move_key(from: KeyReference, to: KeyReference) -> Command {
    Command::new(MOVE_KEY, 0xF6, to.byte(), from.byte())
}

/// Deletes the key under `reference`, without its certificate (YubiKey 5.7).
pub(super) fn delete_key(reference: KeyReference) -> Command {
    Command::new(DELETE_KEY, 0xF6, 0xFF, reference.byte())
}

/// Asks for a certificate by the card's own authority that the key was made on the card (YubiKey 4).
pub(super) fn attest(reference: KeyReference) -> Command {
    Command::new(ATTEST, 0xF9, reference.byte(), 0x00).answered()
}

/// Replaces the management key, which must have been proven (YubiKey). Use of the new key asks for no touch.
pub(super) fn set_management_key(algorithm: ManagementAlgorithm, key: &AdminKey) -> Command {
    let mut data = Zeroizing::new(Vec::with_capacity(3 + key.expose().len()));
    data.extend_from_slice(&[algorithm.identifier(), MANAGEMENT_KEY, algorithm.key_length() as u8]);
    data.extend_from_slice(key.expose());
    Command::new(SET_MANAGEMENT_KEY, 0xFF, 0xFF, 0xFF).with_secret(data)
}

/// Asks for nothing but whether the card knows [`set_management_key`]: it has no data to set.
pub(super) fn no_management_key() -> Command {
    Command::new(SET_MANAGEMENT_KEY, 0xFF, 0xFF, 0xFF)
}

/// Stores a private key that was made elsewhere (YubiKey).
pub(super) fn import(algorithm: KeyAlgorithm, reference: KeyReference, numbers: &PrivateNumbers) -> Command {
    let data = match numbers {
        PrivateNumbers::Rsa { prime1, prime2, exponent1, exponent2, coefficient, .. } => Writer::new()
            .put(0x01, prime1)
            .put(0x02, prime2)
            .put(0x03, exponent1)
            .put(0x04, exponent2)
            .put(0x05, coefficient),
        PrivateNumbers::Ec { scalar } => Writer::new().put(0x06, scalar),
    };
    Command::new(IMPORT, 0xFE, identifier(algorithm), reference.byte()).with_secret(data.finish())
}

/// Asks whether the card has the command that imports a key; without data and authority it changes nothing.
pub(super) fn no_import() -> Command {
    Command::new(IMPORT, 0xFE, identifier(KeyAlgorithm::P256), KeyReference::KEY_MANAGEMENT.byte())
}

/// Resets the application to the factory's state, once PIN and PUK are blocked (YubiKey).
pub(super) fn reset() -> Command {
    Command::new("RESET", 0xFB, 0x00, 0x00)
}

//! Uses keys: MANAGE SECURITY ENVIRONMENT, PERFORM SECURITY OPERATION, GENERATE ASYMMETRIC KEY PAIR, and the import of
//! keys that were made elsewhere (ISO/IEC 7816-8).

use super::super::rsa_key::{Numbers, RsaKey};
use super::access::mode;
use super::admin::{ADMIN_KEY, AUTHENTICATION, TRIPLE_DES};
use super::applet::{Answer, Applet, nothing};
use super::file::{Content, ElementaryFile, Key, Kind};
use super::session::Environment;
use crate::iso7816::{StatusWord, tlv};
use crate::virtual_card::wire::WireCommand;
use zeroize::Zeroizing;

const SIGNATURE: u8 = 0xB6;
const CONFIDENTIALITY: u8 = 0xB8;
const PUBLIC_KEY: u32 = 0x7F49;

/// Names the cryptographic mechanisms of an RSA key: the padding in the high half, the size in the low one.
mod mechanism {
    pub const RAW_DECIPHERMENT: u8 = 0x00;
    /// Signs what the host has padded.
    pub const RAW_SIGNATURE: u8 = 0x10;
    /// Deciphers RSAES-PKCS1-v1_5.
    pub const PKCS1_DECIPHERMENT: u8 = 0x40;
    /// Signs RSASSA-PKCS1-v1_5 over the DigestInfo that the host sends.
    pub const PKCS1_SIGNATURE: u8 = 0x50;

    pub fn padding(mechanism: u8) -> u8 {
        mechanism & 0xF0
    }

    /// Returns the bits of the modulus.
    pub fn size(mechanism: u8) -> Option<usize> {
        match mechanism & 0x0F {
            0x07 => Some(2048),
            0x08 => Some(3072),
            0x09 => Some(4096),
            _ => None,
        }
    }
}

impl Applet {
    /// Answers MANAGE SECURITY ENVIRONMENT: SET for computation (41) and for the administrator's authentication (81,
    /// C1), RESTORE (F3) of the empty environment.
    pub(super) fn manage_security_environment(&mut self, command: &WireCommand) -> Answer {
        let malformed = StatusWord::INCORRECT_DATA;
        let byte = |tag| match tlv::find(&command.data, tag).map(|object| object.value) {
            Ok(&[byte]) => Ok(byte),
            _ => Err(malformed),
        };
        let (reference, mechanism) = match (command.p1, command.p2) {
            (0xF3, _) => {
                self.session.environment = None;
                return nothing();
            }
            (0x81 | 0xC1, AUTHENTICATION) if byte(0x83)? != ADMIN_KEY => {
                return Err(StatusWord::REFERENCE_DATA_NOT_FOUND);
            }
            (0x81 | 0xC1, AUTHENTICATION) => (ADMIN_KEY, TRIPLE_DES),
            (0x41, SIGNATURE | CONFIDENTIALITY) => (byte(0x84)?, byte(0x80)?),
            (0x41 | 0x81 | 0xC1, _) => return Err(StatusWord::INCORRECT_P1_P2),
            _ => return Err(StatusWord::FUNCTION_NOT_SUPPORTED),
        };
        let file = self.key_file(reference)?;
        if !file.control.has(command.p2, mechanism) {
            return Err(malformed);
        }
        self.file_allows(file, mode::USE)?;
        let file = file.control.identifier;
        self.session.environment = Some(Environment { file, usage: command.p2, mechanism });
        nothing()
    }

    /// Returns the environment's key and mechanism, if it was set for this usage and may still be used.
    pub(super) fn environment_key(&self, usage: u8) -> Result<(&Key, u8), StatusWord> {
        let environment = self.session.environment.filter(|environment| environment.usage == usage);
        let environment = environment.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        let file = self.file(environment.file)?;
        self.file_allows(file, mode::USE)?;
        let key = file.key().ok_or(StatusWord::REFERENCE_DATA_NOT_FOUND)?;
        Ok((key, environment.mechanism))
    }

    /// Answers PERFORM SECURITY OPERATION: COMPUTE DIGITAL SIGNATURE, DECIPHER.
    pub(super) fn perform_security_operation(&mut self, command: &WireCommand) -> Answer {
        match (command.p1, command.p2) {
            (0x9E, 0x9A) => self.sign(&command.data),
            (0x80, 0x86) => self.decipher(&command.data),
            _ => Err(StatusWord::INCORRECT_P1_P2),
        }
    }

    fn rsa_key(&self, usage: u8) -> Result<(&RsaKey, u8), StatusWord> {
        match self.environment_key(usage)? {
            (Key::Rsa(key), mechanism) => Ok((key, mechanism::padding(mechanism))),
            (Key::TripleDes(_), _) => Err(StatusWord::CONDITIONS_NOT_SATISFIED),
        }
    }

    fn sign(&self, data: &[u8]) -> Answer {
        let (key, padding) = self.rsa_key(SIGNATURE)?;
        let padded = match padding {
            mechanism::RAW_SIGNATURE if data.len() == key.length() => data.to_vec(),
            mechanism::PKCS1_SIGNATURE if data.len() + 11 <= key.length() => {
                let filler = vec![0xFF; key.length() - data.len() - 3];
                [&[0x00, 0x01], &filler[..], &[0x00], data].concat()
            }
            mechanism::RAW_SIGNATURE | mechanism::PKCS1_SIGNATURE => return Err(StatusWord::WRONG_LENGTH),
            _ => return Err(StatusWord::FUNCTION_NOT_SUPPORTED),
        };
        key.private(&padded).ok_or(StatusWord::INCORRECT_DATA)
    }

    /// Deciphers a cryptogram. The cryptogram comes bare, as Windows sends it, or behind a padding indicator 00, as the standard has
    /// it.
    fn decipher(&self, data: &[u8]) -> Answer {
        let (key, padding) = self.rsa_key(CONFIDENTIALITY)?;
        let cryptogram = match data {
            [0x00, cryptogram @ ..] if cryptogram.len() == key.length() => cryptogram,
            cryptogram if cryptogram.len() == key.length() => cryptogram,
            _ => return Err(StatusWord::WRONG_LENGTH),
        };
        let plain = key.private(cryptogram).ok_or(StatusWord::INCORRECT_DATA)?;
        match padding {
            mechanism::RAW_DECIPHERMENT => Ok(plain),
            mechanism::PKCS1_DECIPHERMENT => unpadded(&plain).ok_or(StatusWord::INCORRECT_DATA),
            _ => Err(StatusWord::FUNCTION_NOT_SUPPORTED),
        }
    }

    /// Answers GENERATE ASYMMETRIC KEY PAIR in a key file that exists. Returns the public key if an answer is expected:
    /// OpenSC asks without Le and reads the key afterwards.
    pub(super) fn generate_key_pair(&mut self, command: &WireCommand) -> Answer {
        if (command.p1, command.p2) != (0x00, 0x00) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let malformed = StatusWord::INCORRECT_DATA;
        let template = tlv::read_one(&command.data).ok().filter(|template| template.tag == 0xAC).ok_or(malformed)?;
        let byte = |tag| match tlv::find(template.value, tag).map(|object| object.value) {
            Ok(&[byte]) => Ok(byte),
            _ => Err(malformed),
        };
        let (mechanism, reference) = (byte(0x80)?, byte(0x83)?);
        let file = self.key_file(reference)?;
        self.file_allows(file, mode::GENERATE)?;
        let identifier = file.control.identifier;
        let bits = mechanism::size(mechanism).ok_or(StatusWord::FUNCTION_NOT_SUPPORTED)?;
        if rsa_bits(file) != Some(bits) {
            return Err(malformed);
        }
        let key = RsaKey::generate(bits).ok_or(StatusWord::FUNCTION_NOT_SUPPORTED)?;
        self.keep_key(identifier, Key::Rsa(Box::new(key)))?;
        if command.le.is_none() { nothing() } else { public_key(self.file(identifier)?) }
    }

    /// Stores a key made elsewhere (PUT DATA, 70): 84 names the file, A5 holds kind (83: 1 symmetric, the default; 2
    /// RSA), wrapping key (84, which must be 0) and value (87: 24 bytes, or an RSAPrivateKey of RFC 8017). A check
    /// value (88) is ignored: what `gids-tool` sends is always the one of its example key.
    pub(super) fn put_key(&mut self, data: &[u8]) -> Answer {
        let malformed = StatusWord::INCORRECT_DATA;
        let byte = |objects, tag| match tlv::find(objects, tag).map(|object| object.value) {
            Ok(&[byte]) => Ok(Some(byte)),
            Err(tlv::TlvError::Missing { .. }) => Ok(None),
            Ok(_)
            | Err(
                tlv::TlvError::Truncated { .. }
                | tlv::TlvError::Tag
                | tlv::TlvError::Length
                | tlv::TlvError::LeftOver { .. }
                | tlv::TlvError::Unexpected { .. }
                | tlv::TlvError::ValueLength { .. },
            ) => Err(malformed),
        };
        let file = self.key_file(byte(data, 0x84)?.ok_or(malformed)?)?;
        self.file_allows(file, mode::PUT)?;
        let template = tlv::find(data, 0xA5).map_err(|_| malformed)?.value;
        if byte(template, 0x84)?.is_some_and(|wrapping| wrapping != 0) {
            return Err(StatusWord::FUNCTION_NOT_SUPPORTED);
        }
        let value = tlv::find(template, 0x87).map_err(|_| malformed)?.value;
        let key = match byte(template, 0x83)?.unwrap_or(1) {
            1 if file.control.has(AUTHENTICATION, TRIPLE_DES) => {
                Key::TripleDes(Zeroizing::new(value.try_into().map_err(|_| malformed)?))
            }
            2 => {
                let key = read_rsa(value).ok_or(malformed)?;
                if rsa_bits(file) != Some(key.bits()) {
                    return Err(malformed);
                }
                Key::Rsa(Box::new(key))
            }
            _ => return Err(malformed),
        };
        let identifier = file.control.identifier;
        self.keep_key(identifier, key)?;
        nothing()
    }

    /// Puts a key into its file. A new administrator's key has all its tries.
    fn keep_key(&mut self, identifier: u16, key: Key) -> Result<(), StatusWord> {
        self.room(self.file(identifier)?.key().map_or(0, Key::size), key.size())?;
        if let (&[0xB0, ADMIN_KEY], Some(tries)) = (&identifier.to_be_bytes(), &mut self.held.admin_tries) {
            tries.restore();
        }
        let file = self.held.files.get_mut(&identifier).filter(|file| file.control.kind == Kind::Key);
        file.ok_or(StatusWord::FILE_NOT_FOUND)?.content = Content::Key(Some(key));
        Ok(())
    }
}

/// Returns the size of RSA key that the file's templates allow.
fn rsa_bits(file: &ElementaryFile) -> Option<usize> {
    let of_rsa = file.control.templates.iter().find(|template| template.usage != AUTHENTICATION)?;
    mechanism::size(of_rsa.mechanism)
}

/// Returns the public key of the file's key: modulus and exponent (ISO/IEC 7816-8, table 3).
pub(super) fn public_key(file: &ElementaryFile) -> Answer {
    match file.key() {
        Some(Key::Rsa(key)) => {
            let numbers = tlv::Writer::new().put(0x81, &key.modulus()).put(0x82, &key.public_exponent());
            Ok(tlv::Writer::new().nest(PUBLIC_KEY, numbers).finish())
        }
        Some(Key::TripleDes(_)) | None => Err(StatusWord::REFERENCE_DATA_NOT_FOUND),
    }
}

/// Reads an RSAPrivateKey (RFC 8017, A.1.2). Its integers are read without sign, because OpenSC leaves out leading
/// zeros.
fn read_rsa(bytes: &[u8]) -> Option<RsaKey> {
    let sequence = tlv::read_one(bytes).ok().filter(|sequence| sequence.tag == 0x30)?;
    let integers = tlv::read_all(sequence.value).ok()?;
    if integers.iter().any(|integer| integer.tag != 0x02) {
        return None;
    }
    let numbers: Vec<&[u8]> = integers.iter().map(|integer| integer.value).collect();
    let [[0x00], modulus, public_exponent, private_exponent, p, q, _, _, _] = numbers[..] else { return None };
    RsaKey::from_numbers(&Numbers { modulus, public_exponent, private_exponent, primes: [p, q] })
}

/// Returns what an RSAES-PKCS1-v1_5 block holds; `None` if its padding is wrong.
fn unpadded(block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let [0x00, 0x02, rest @ ..] = block else { return None };
    let filler = rest.iter().position(|byte| *byte == 0).filter(|filler| *filler >= 8)?;
    Some(Zeroizing::new(rest[filler + 1..].to_vec()))
}

//! What survives a power cut, as bytes: data objects of our own, with the files as the card itself has them.

use super::super::rsa_key::{Numbers, RsaKey};
use super::applet::{Held, LifeCycle};
use super::file::{Content, ControlParameters, DataObject, ElementaryFile, Key, Kind};
use super::pin::{PIN_LENGTHS, Pin, Tries};
use crate::iso7816::tlv::{self, TlvError, Writer};
use zeroize::Zeroizing;

const VERSION: u8 = 1;

mod tag {
    pub const STATE: u32 = 0xE0;
    pub const VERSION: u32 = 0xC0;
    pub const WIRE: u32 = 0xC1;
    pub const CAPACITY: u32 = 0xC2;
    pub const LIFE: u32 = 0xC3;
    pub const PIN_TRIES: u32 = 0xC4;
    pub const PIN: u32 = 0xC5;
    pub const ADMIN_TRIES: u32 = 0xC6;
    pub const FILE: u32 = 0xE1;
    pub const CONTROL: u32 = 0xC7;
    pub const ACTIVE: u32 = 0xC8;
    pub const OBJECTS: u32 = 0xE2;
    pub const RSA: u32 = 0xE3;
    pub const TRIPLE_DES: u32 = 0xC9;
    /// Names modulus, public exponent, private exponent and the two primes.
    pub const NUMBERS: [u32; 5] = [0x81, 0x82, 0x83, 0x84, 0x85];
}

/// Says why no card can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GidsCardError {
    #[error("the card's state is damaged or no GIDS card's state at all")]
    Damaged(#[from] TlvError),
    #[error("the state is of a GIDS card, version {version}; this program reads version {VERSION}")]
    Version { version: u8 },
    #[error("the card's {what} is not what a card can hold")]
    Unsound { what: &'static str },
}

/// Encodes the state.
pub(super) fn write(held: &Held) -> Zeroizing<Vec<u8>> {
    let tries = |tries: Tries| [tries.left, tries.limit];
    let life = match held.life {
        LifeCycle::Creation => 0,
        LifeCycle::Activated => 1,
        LifeCycle::Terminated => 2,
    };
    let mut state = Writer::new()
        .put(tag::VERSION, &[VERSION])
        .put(tag::WIRE, &[u8::from(held.extended), u8::from(held.t1)])
        .put(tag::CAPACITY, &(held.capacity as u64).to_be_bytes())
        .put(tag::LIFE, &[life])
        .put(tag::PIN_TRIES, &tries(held.pin.tries));
    if let Some(pin) = &held.pin.value {
        state = state.put(tag::PIN, pin);
    }
    if let Some(admin) = held.admin_tries {
        state = state.put(tag::ADMIN_TRIES, &tries(admin));
    }
    for file in held.files.values() {
        state = state.nest(tag::FILE, write_file(file));
    }
    Writer::new().nest(tag::STATE, state).finish()
}

fn write_file(file: &ElementaryFile) -> Writer {
    let written = Writer::new().put(tag::CONTROL, &file.control.bytes).put(tag::ACTIVE, &[u8::from(file.active)]);
    match &file.content {
        Content::Data(objects) => {
            let all = objects.iter().fold(Writer::new(), |all, object| all.put(object.tag, &object.value));
            written.nest(tag::OBJECTS, all)
        }
        Content::Key(None) => written,
        Content::Key(Some(Key::TripleDes(key))) => written.put(tag::TRIPLE_DES, &key[..]),
        Content::Key(Some(Key::Rsa(key))) => {
            let [modulus, public, private, ..] = tag::NUMBERS;
            let numbers = Writer::new()
                .put(modulus, &key.modulus())
                .put(public, &key.public_exponent())
                .put(private, &key.private_exponent());
            let primes = tag::NUMBERS[3..].iter().zip(key.primes());
            written.nest(tag::RSA, primes.fold(numbers, |numbers, (tag, prime)| numbers.put(*tag, &prime)))
        }
    }
}

/// Reads a state and checks it.
pub(super) fn read(bytes: &[u8]) -> Result<Held, GidsCardError> {
    let unsound = |what| GidsCardError::Unsound { what };
    let state = tlv::find(bytes, tag::STATE)?;
    let [version] = array(state.value, tag::VERSION)?;
    if version != VERSION {
        return Err(GidsCardError::Version { version });
    }
    let capacity = usize::try_from(u64::from_be_bytes(array(state.value, tag::CAPACITY)?));
    let capacity = capacity.map_err(|_| unsound("capacity"))?;
    let [extended, t1] = array(state.value, tag::WIRE)?;
    let life = match array(state.value, tag::LIFE)? {
        [0] => LifeCycle::Creation,
        [1] => LifeCycle::Activated,
        [2] => LifeCycle::Terminated,
        _ => return Err(unsound("life cycle")),
    };
    let value = optional(state.value, tag::PIN)?.map(|pin| Zeroizing::new(pin.to_vec()));
    if value.as_ref().is_some_and(|pin| !PIN_LENGTHS.contains(&pin.len())) {
        return Err(unsound("PIN"));
    }
    let admin_tries = match optional(state.value, tag::ADMIN_TRIES)? {
        Some(_) => Some(tries(state.value, tag::ADMIN_TRIES)?),
        None => None,
    };
    let mut held = Held {
        extended: extended != 0,
        t1: t1 != 0,
        capacity,
        life,
        pin: Pin { value, tries: tries(state.value, tag::PIN_TRIES)? },
        admin_tries,
        files: Default::default(),
    };
    for object in tlv::read_all(state.value)?.into_iter().filter(|object| object.tag == tag::FILE) {
        let file = read_file(object.value)?;
        if held.files.insert(file.control.identifier, file).is_some() {
            return Err(unsound("file"));
        }
    }
    Ok(held)
}

fn read_file(bytes: &[u8]) -> Result<ElementaryFile, GidsCardError> {
    let unsound = |what| GidsCardError::Unsound { what };
    let control = tlv::find(bytes, tag::CONTROL)?.value;
    let mut file = ElementaryFile::new(ControlParameters::read(control).map_err(|_| unsound("file"))?);
    file.active = array::<1>(bytes, tag::ACTIVE)? != [0];
    file.content = match file.control.kind {
        Kind::Data => {
            let objects = tlv::read_all(tlv::find(bytes, tag::OBJECTS)?.value)?;
            Content::Data(objects.into_iter().map(|object| DataObject::new(object.tag, object.value)).collect())
        }
        Kind::Key => Content::Key(match (optional(bytes, tag::RSA)?, optional(bytes, tag::TRIPLE_DES)?) {
            (Some(numbers), _) => Some(Key::Rsa(Box::new(read_rsa(numbers)?))),
            (None, Some(_)) => Some(Key::TripleDes(Zeroizing::new(array(bytes, tag::TRIPLE_DES)?))),
            (None, None) => None,
        }),
    };
    Ok(file)
}

fn read_rsa(bytes: &[u8]) -> Result<RsaKey, GidsCardError> {
    let number = |at: usize| tlv::find(bytes, tag::NUMBERS[at]).map(|number| number.value);
    let key = RsaKey::from_numbers(&Numbers {
        modulus: number(0)?,
        public_exponent: number(1)?,
        private_exponent: number(2)?,
        primes: [number(3)?, number(4)?],
    });
    key.ok_or(GidsCardError::Unsound { what: "key pair" })
}

fn tries(bytes: &[u8], tag: u32) -> Result<Tries, GidsCardError> {
    let [left, limit] = array(bytes, tag)?;
    let tries = Tries { left, limit };
    if (1..=15).contains(&limit) && left <= limit {
        Ok(tries)
    } else {
        Err(GidsCardError::Unsound { what: "retry counter" })
    }
}

fn array<const N: usize>(bytes: &[u8], tag: u32) -> Result<[u8; N], GidsCardError> {
    let value = tlv::find(bytes, tag)?.value;
    value.try_into().map_err(|_| TlvError::ValueLength { tag, length: value.len() }.into())
}

fn optional(bytes: &[u8], tag: u32) -> Result<Option<&[u8]>, GidsCardError> {
    match tlv::find(bytes, tag) {
        Ok(object) => Ok(Some(object.value)),
        Err(TlvError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

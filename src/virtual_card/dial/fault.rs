//! The faults, and how they are spelled: `remove@5`, `full=1024`, `t0`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Names one way in which a card misbehaves. Commands are counted from 1, as they come over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `remove@5`: the card is gone before command 5 reaches it.
    Remove(u32),
    /// `remove-after@5`: the card carries out command 5 and is gone before it answers.
    RemoveAfter(u32),
    /// `reset@5`: the card is reset before command 5 reaches it.
    Reset(u32),
    /// `reset-after@5`: the card carries out command 5 and is reset before it answers.
    ResetAfter(u32),
    /// `t0`: answers by 61xx and 6Cxx as over T=0; no extended length.
    T0,
    /// `blocks=16`: at most this many bytes an answer; the rest follows 61xx.
    Blocks(u8),
    /// `exact-le`: 6Cxx whenever Le is not the length of the answer.
    ExactLe,
    /// `short`: no extended length.
    Short,
    /// `no-chaining`: no chained commands.
    NoChaining,
    /// `full=1024`: room for this many bytes of objects and keys.
    Full(usize),
    /// `tries=1`: this many tries left for each secret.
    Tries(u8),
    /// `slow=3s`: making a key takes this long.
    Slow(Duration),
    /// `status@4=6F00`: command 4 is not carried out, and is answered by this status word.
    Status(u32, u16),
    /// `truncate@3`: half the data of answer 3 is lost; if it has no data, its last byte.
    Truncate(u32),
    /// `oversize@3`: answer 3 is filled up to 65535 bytes.
    Oversize(u32),
    /// `noise=7`: answers are garbled or made up, always the same for the same seed.
    Noise(u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Remove(at) => write!(f, "remove@{at}"),
            Fault::RemoveAfter(at) => write!(f, "remove-after@{at}"),
            Fault::Reset(at) => write!(f, "reset@{at}"),
            Fault::ResetAfter(at) => write!(f, "reset-after@{at}"),
            Fault::T0 => f.write_str("t0"),
            Fault::Blocks(bytes) => write!(f, "blocks={bytes}"),
            Fault::ExactLe => f.write_str("exact-le"),
            Fault::Short => f.write_str("short"),
            Fault::NoChaining => f.write_str("no-chaining"),
            Fault::Full(bytes) => write!(f, "full={bytes}"),
            Fault::Tries(tries) => write!(f, "tries={tries}"),
            Fault::Slow(delay) if delay.subsec_millis() == 0 => write!(f, "slow={}s", delay.as_secs()),
            Fault::Slow(delay) => write!(f, "slow={}ms", delay.as_millis()),
            Fault::Status(at, word) => write!(f, "status@{at}={word:04X}"),
            Fault::Truncate(at) => write!(f, "truncate@{at}"),
            Fault::Oversize(at) => write!(f, "oversize@{at}"),
            Fault::Noise(seed) => write!(f, "noise={seed}"),
        }
    }
}

/// Says why a text is not a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    #[error(
        "there is no fault {name:?}; there are remove@N, remove-after@N, reset@N, reset-after@N, t0, blocks=BYTES, \
         exact-le, short, no-chaining, full=BYTES, tries=N, slow=TIME, status@N=WORD, truncate@N, oversize@N, noise=SEED"
    )]
    Unknown { name: String },
    #[error("{name:?} needs the number of a command, counted from 1, as in {name}@5")]
    At { name: String },
    #[error("{text:?} says too much: {name} takes nothing of the kind")]
    TooMuch { text: String, name: String },
    #[error("{name:?} needs a value: {wanted}")]
    Value { name: String, wanted: &'static str },
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (head, value) = text.split_once('=').map_or((text, None), |(head, value)| (head, Some(value)));
        let (name, at) = head.split_once('@').map_or((head, None), |(name, at)| (name, Some(at)));
        let spelled = Spelled { text, name, at, value };
        match name {
            "remove" => spelled.at().map(Fault::Remove),
            "remove-after" => spelled.at().map(Fault::RemoveAfter),
            "reset" => spelled.at().map(Fault::Reset),
            "reset-after" => spelled.at().map(Fault::ResetAfter),
            "truncate" => spelled.at().map(Fault::Truncate),
            "oversize" => spelled.at().map(Fault::Oversize),
            "t0" => spelled.bare(Fault::T0),
            "exact-le" => spelled.bare(Fault::ExactLe),
            "short" => spelled.bare(Fault::Short),
            "no-chaining" => spelled.bare(Fault::NoChaining),
            "blocks" => {
                spelled.value("1 to 255 bytes", |v| v.parse().ok().filter(|bytes| *bytes > 0)).map(Fault::Blocks)
            }
            "full" => spelled.value("a number of bytes", |v| v.parse().ok()).map(Fault::Full),
            "tries" => {
                spelled.value("0 to 15 tries", |v| v.parse().ok().filter(|tries| *tries <= 15)).map(Fault::Tries)
            }
            "slow" => spelled.value("a time of at most an hour, as in 3s or 200ms", duration).map(Fault::Slow),
            "noise" => spelled.value("a number as seed", |v| v.parse().ok()).map(Fault::Noise),
            "status" => {
                let word =
                    spelled.sized_value("a status word of four hexadecimal digits, as in status@4=6F00", word)?;
                Ok(Fault::Status(spelled.number()?, word))
            }
            _ => Err(FaultError::Unknown { name: name.into() }),
        }
    }
}

/// Holds the parts of a fault's text: `name@at=value`.
struct Spelled<'a> {
    text: &'a str,
    name: &'a str,
    at: Option<&'a str>,
    value: Option<&'a str>,
}

impl Spelled<'_> {
    fn number(&self) -> Result<u32, FaultError> {
        let number = self.at.and_then(|at| at.parse().ok()).filter(|at| *at > 0);
        number.ok_or_else(|| FaultError::At { name: self.name.into() })
    }

    fn sized_value<T>(&self, wanted: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, FaultError> {
        self.value.and_then(read).ok_or_else(|| FaultError::Value { name: self.name.into(), wanted })
    }

    fn at(&self) -> Result<u32, FaultError> {
        if self.value.is_some() { Err(self.too_much()) } else { self.number() }
    }

    fn value<T>(&self, wanted: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, FaultError> {
        if self.at.is_some() { Err(self.too_much()) } else { self.sized_value(wanted, read) }
    }

    fn bare(&self, fault: Fault) -> Result<Fault, FaultError> {
        if self.at.or(self.value).is_some() { Err(self.too_much()) } else { Ok(fault) }
    }

    fn too_much(&self) -> FaultError {
        FaultError::TooMuch { text: self.text.into(), name: self.name.into() }
    }
}

fn word(text: &str) -> Option<u16> {
    let digits = text.len() == 4 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    u16::from_str_radix(text, 16).ok().filter(|_| digits)
}

fn duration(text: &str) -> Option<Duration> {
    let number = |digits: &str| digits.parse::<u64>().ok();
    let time = match text.strip_suffix("ms") {
        Some(digits) => Duration::from_millis(number(digits)?),
        None => Duration::from_secs(number(text.strip_suffix('s')?)?),
    };
    (time <= Duration::from_secs(3600)).then_some(time)
}

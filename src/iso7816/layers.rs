//! Turns a whole command into single APDUs, one layer per function: [`collect`] calls [`with_right_length`], which
//! calls [`chain`], which calls [`transmit`]. Every loop is bounded.

use super::apdu::{ApduError, CommandApdu, Effect, Expect, Header, ResponseApdu};
use super::channel::{CardChannel, ChannelError};
use super::encoding::{EXTENDED_ANSWER, EXTENDED_DATA, Form, SHORT_DATA, encode};
use super::meter::Meter;
use super::status::StatusWord;
use super::wiped;

/// Limits the GET RESPONSE commands sent for one command; a whole 64 KiB takes 256 of them.
const ROUNDS: usize = 512;

/// Holds the way to the card, and what it may still carry.
pub(super) struct Line<'a> {
    pub(super) channel: &'a mut dyn CardChannel,
    pub(super) meter: &'a mut Meter,
}

impl Expect {
    /// Returns the longest expected answer (Ne) in bytes, over as many APDUs as it takes.
    fn most(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::All => EXTENDED_ANSWER,
            Self::Bytes(length) => usize::from(length),
        }
    }
}

/// Sends the command and fetches the rest that 61xx announces, up to what the command expects (ISO/IEC 7816-4, 11.8.1).
pub(super) fn collect(line: &mut Line<'_>, command: &CommandApdu) -> Result<ResponseApdu, ExchangeError> {
    let most = command.expect.most();
    let mut whole = with_right_length(line, command)?;
    for _ in 0..ROUNDS {
        let Some(waiting) = whole.status.bytes_waiting() else {
            return Ok(whole);
        };
        let wanted = most.saturating_sub(whole.data.len());
        if wanted == 0 && command.expect != Expect::All {
            return Ok(whole);
        }
        if wanted == 0 {
            break;
        }
        let part = with_right_length(line, &get_response(command.cla, waiting.min(wanted)))?;
        let more_or_done = part.status.is_ok() || part.status.bytes_waiting().is_some();
        if more_or_done && part.data.is_empty() {
            return Err(ExchangeError::NothingCame { command: command.header(), waiting });
        }
        wiped::append(&mut whole.data, &[&part.data]);
        whole.status = part.status;
    }
    Err(ExchangeError::Endless { command: command.header(), collected: whole.data.len() })
}

/// Makes a GET RESPONSE for at most 256 bytes, on the logical channel of `cla` (ISO/IEC 7816-4, 5.4.1).
fn get_response(cla: u8, length: usize) -> CommandApdu {
    let cla = if cla & 0x40 == 0 { cla & 0x03 } else { 0x40 | cla & 0x0F };
    let command = CommandApdu::new(0xC0, 0x00, 0x00).expecting(Expect::Bytes(length as u16)).reading();
    CommandApdu { cla, ..command }
}

/// Sends the command. If 6Cxx tells the right Le and the command only reads, sends it once more with that Le.
fn with_right_length(line: &mut Line<'_>, command: &CommandApdu) -> Result<ResponseApdu, ExchangeError> {
    let (nc, most) = (command.data.len(), command.expect.most());
    let form = Form::of(line.channel.limits(), nc, most);
    let answer = chain(line, command, most, form)?;
    let Some(right) = answer.status.right_length() else {
        return Ok(answer);
    };
    let header = command.header();
    match command.effect {
        Effect::Changes => Err(ExchangeError::WrongLengthForChange { command: header, right }),
        Effect::Reads if most == 0 => Ok(answer),
        Effect::Reads if right > most => Err(ExchangeError::Oversize { command: header, asked: most, length: right }),
        Effect::Reads => {
            let form = match Form::of(line.channel.limits(), nc, right) {
                // T=0 has no place for this Le beside data, but a card that asks for it expects to see it.
                Form::ShortT0 => Form::Short,
                form => form,
            };
            chain(line, command, right, form)
        }
    }
}

/// Sends the command in one APDU, or in blocks if its data is too long for one (ISO/IEC 7816-4, 5.3.3). A block in the
/// middle that the card refuses ends the chain.
fn chain(line: &mut Line<'_>, command: &CommandApdu, ne: usize, form: Form) -> Result<ResponseApdu, ExchangeError> {
    let (header, data) = (command.header(), &command.data);
    let length = data.len();
    if length > EXTENDED_DATA {
        return Err(ExchangeError::TooLong { command: header, length });
    }
    if length <= SHORT_DATA || form == Form::Extended {
        return transmit(line, header, data, ne, form);
    }
    if line.channel.limits().chaining == Some(false) {
        return Err(ExchangeError::NoChaining { command: header, length });
    }
    let (middle, last) = data.split_at((length - 1) / SHORT_DATA * SHORT_DATA);
    for block in middle.chunks(SHORT_DATA) {
        let answer = transmit(line, header.chained(), block, 0, form)?;
        let status = answer.status;
        if status.bytes_waiting().is_some() || status.right_length().is_some() {
            return Err(ExchangeError::MiddleOfChain { command: header, status });
        }
        if !status.is_ok() {
            return Ok(answer);
        }
    }
    transmit(line, header, last, ne, form)
}

/// Sends one command APDU and returns its response APDU; refuses an answer longer than was asked for.
fn transmit(
    line: &mut Line<'_>,
    header: Header,
    data: &[u8],
    ne: usize,
    form: Form,
) -> Result<ResponseApdu, ExchangeError> {
    if !line.meter.admit(data.len()) {
        let (commands, bytes) = (line.meter.commands(), line.meter.bytes());
        return Err(ExchangeError::TooMuch { command: header, commands, bytes });
    }
    let bytes = line.channel.transmit(&encode(header, data, ne, form))?;
    line.meter.received(bytes.len());
    let answer =
        ResponseApdu::from_bytes(&bytes).map_err(|source| ExchangeError::Answer { command: header, source })?;
    let (asked, length) = (form.ask(ne), answer.data.len());
    if length > asked {
        return Err(ExchangeError::Oversize { command: header, asked, length });
    }
    Ok(answer)
}

/// Says why there is no whole answer. Except after [`ExchangeError::TooLong`], [`ExchangeError::NoChaining`] and
/// [`ExchangeError::TooMuch`], the command may have been carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error("the card's answer to {command} is no answer")]
    Answer { command: Header, source: ApduError },
    #[error("the card answers {command} with {length} bytes where at most {asked} were asked for")]
    Oversize { command: Header, asked: usize, length: usize },
    #[error("{command} with {length} bytes of data is longer than a command can be")]
    TooLong { command: Header, length: usize },
    #[error(
        "{command} with {length} bytes of data is too long: the card takes neither chains nor extended length here"
    )]
    NoChaining { command: Header, length: usize },
    #[error("the card answers a block in the middle of the chain {command} with {status}")]
    MiddleOfChain { command: Header, status: StatusWord },
    #[error(
        "the card wants {command} again, for an answer of {right} bytes; it changes the card and is not sent twice"
    )]
    WrongLengthForChange { command: Header, right: usize },
    #[error("the card says that {waiting} bytes of its answer to {command} are waiting, and gives none")]
    NothingCame { command: Header, waiting: usize },
    #[error("the card's answer to {command} does not end; {collected} bytes were collected")]
    Endless { command: Header, collected: usize },
    #[error(
        "{command} is not sent: {commands} commands and {bytes} bytes went to this card and came from it at one go, \
         which is more than any card holds"
    )]
    TooMuch { command: Header, commands: u32, bytes: usize },
}

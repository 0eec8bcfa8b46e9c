//! The protocol between vsmartcard's driver vpcd and a virtual card, over TCP.
//!
//! A message is two bytes of length, high byte first, and so many bytes: one byte is an order to the reader's contacts,
//! more are a command APDU. Requests for the ATR and APDUs are answered, framed likewise; power and reset are not. On
//! an empty answer the driver closes the connection and takes the reader for empty.

use crate::platform::socket::acknowledge_at_once;
use crate::virtual_card::{Played, SharedCard};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use zeroize::Zeroizing;

/// Names where the system's vpcd listens unless its configuration says otherwise.
pub const PORT: u16 = 35963;

/// Bounds the silence of pcscd, which asks for the ATR more than twice a second: if it is silent this long, it hangs.
const SILENCE: Duration = Duration::from_secs(60);
/// Bounds the wait for the driver to take an answer.
const WRITING: Duration = Duration::from_secs(10);

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const ATR: u8 = 4;

/// Holds status word 6F00, no precise diagnosis (ISO/IEC 7816-4, 5.6), for an answer that no message can hold.
const NO_DIAGNOSIS: [u8; 2] = [0x6F, 0x00];

/// Says why a connection to the driver is of no more use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    #[error("the virtual reader said nothing for {} seconds", SILENCE.as_secs())]
    Silent,
    #[error("the virtual reader sent order {order:#04X}, which vpcd does not know")]
    Order { order: u8 },
    #[error("the virtual reader sent an empty message")]
    Empty,
    #[error("the link to the virtual reader broke")]
    Broken(#[source] std::io::Error),
}

/// Says how the lending of a card ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The driver knows: it was told, or closed the connection itself.
    Known,
    /// A command has failed, and the driver does not know why: it would take the card of the next connection for the
    /// same one, undisturbed.
    Unknown,
}

/// Answers for the card until it is gone, is no longer lent, or the connection is closed.
pub fn serve(mut stream: TcpStream, card: &SharedCard, is_lent: impl Fn() -> bool) -> Result<Ended, LinkError> {
    prepare(&stream, SILENCE).map_err(LinkError::Broken)?;
    let mut message = Zeroizing::new(Vec::with_capacity(usize::from(u16::MAX)));
    while receive(&mut stream, &mut message)? {
        let answer = match message.as_slice() {
            [] => return Err(LinkError::Empty),
            &[POWER_OFF | POWER_ON | RESET] => {
                card.reset();
                continue;
            }
            &[ATR] => card.atr().filter(|_| is_lent()).unwrap_or_default(),
            &[order] => return Err(LinkError::Order { order }),
            _ if !is_lent() => return Ok(Ended::Unknown),
            command => match card.transmit(command) {
                Played::Answer(answer) => answer,
                Played::Removed | Played::Reset => return Ok(Ended::Unknown),
            },
        };
        let answer = Zeroizing::new(answer);
        if !send(&mut stream, &answer)? || answer.is_empty() {
            break;
        }
    }
    Ok(Ended::Known)
}

/// Waits until the driver has sent something; returns `false` if it has not, or closed the connection.
pub fn is_asked(stream: &TcpStream, patience: Duration) -> Result<bool, LinkError> {
    prepare(stream, patience).map_err(LinkError::Broken)?;
    match stream.peek(&mut [0; 1]) {
        Ok(seen) => Ok(seen > 0),
        Err(error) if is_timeout(&error) => Ok(false),
        Err(error) => stays_open(Err(error)),
    }
}

/// Tells the driver that there is no card.
pub fn say_empty(mut stream: TcpStream) -> Result<(), LinkError> {
    prepare(&stream, WRITING).map_err(LinkError::Broken)?;
    let mut message = Zeroizing::new(Vec::new());
    if receive(&mut stream, &mut message)? {
        send(&mut stream, &[])?;
    }
    Ok(())
}

/// Sets up the connection: answers are sent at once, and no wait is longer than this.
fn prepare(stream: &TcpStream, patience: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(WRITING))
}

/// Reads one message of at most 65535 bytes; returns `false` if the connection was closed.
fn receive(stream: &mut TcpStream, into: &mut Zeroizing<Vec<u8>>) -> Result<bool, LinkError> {
    let mut length = [0; 2];
    if !stays_open(stream.read_exact(&mut length))? {
        return Ok(false);
    }
    // The driver sends the length first, and the rest only once that is acknowledged: at once, not after 40 ms.
    acknowledge_at_once(stream).map_err(LinkError::Broken)?;
    into.resize(usize::from(u16::from_be_bytes(length)), 0);
    stays_open(stream.read_exact(into))
}

/// Sends one message; returns `false` if the connection was closed.
fn send(stream: &mut TcpStream, answer: &[u8]) -> Result<bool, LinkError> {
    let (length, answer) = match u16::try_from(answer.len()) {
        Ok(length) => (length, answer),
        Err(_) => (2, &NO_DIAGNOSIS[..]),
    };
    let framed = Zeroizing::new([&length.to_be_bytes(), answer].concat());
    stays_open(stream.write_all(&framed))
}

/// Tells whether the connection stays open: `false` if either end closed it; anything else is an error.
fn stays_open(result: std::io::Result<()>) -> Result<bool, LinkError> {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    match result {
        Ok(()) => Ok(true),
        Err(error) if is_timeout(&error) => Err(LinkError::Silent),
        Err(error) => match error.kind() {
            UnexpectedEof | BrokenPipe | ConnectionReset | ConnectionAborted | NotConnected => Ok(false),
            _ => Err(LinkError::Broken(error)),
        },
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

//! The protocol between vsmartcard's driver vpcd and a virtual card, over TCP.
//!
//! A message is two bytes of length, high byte first, and so many bytes: one byte is an order to the reader's contacts,
//! more are a command APDU. The ATR and APDUs are answered, likewise framed; power and reset are not.

use super::SharedCard;
use crate::virtual_card::VirtualCard;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::MutexGuard;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use zeroize::Zeroizing;

/// Where the system's vpcd listens unless its configuration says otherwise.
pub const PORT: u16 = 35963;

/// pcscd asks for the ATR more than twice a second, so a silence this long means that it hangs.
const SILENCE: Duration = Duration::from_secs(60);
/// What pcscd does not take within this time it will never take.
const WRITING: Duration = Duration::from_secs(10);
/// vpcd takes up a card when pcscd next looks at the reader: within half a second, unless another card is in it.
const TAKING_UP: Duration = Duration::from_secs(5);

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const ATR: u8 = 4;

/// SW 6F00: no precise diagnosis (ISO/IEC 7816-4, 5.6); for an answer that no message can hold.
const NO_DIAGNOSIS: [u8; 2] = [0x6F, 0x00];

/// Why a card is no longer lent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    #[error("no virtual reader listens at {address}")]
    NoReader {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("the virtual reader at {address} did not take the card within {} seconds; is another one in it?", TAKING_UP.as_secs())]
    Occupied { address: SocketAddr },
    #[error("the virtual reader said nothing for {} seconds", SILENCE.as_secs())]
    Silent,
    #[error("the virtual reader sent order {order:#04X}, which vpcd does not know")]
    Order { order: u8 },
    #[error("the virtual reader sent an empty message")]
    Empty,
    #[error("the link to the virtual reader broke")]
    Broken(#[source] std::io::Error),
}

/// A card lent to a vpcd that listens; dropping it takes the card back.
pub struct Lent {
    link: TcpStream,
    thread: Option<JoinHandle<Result<(), LinkError>>>,
    ended: mpsc::Receiver<()>,
}

impl Lent {
    /// Puts the card into the reader behind `address` and returns once pcscd has asked for its ATR.
    pub fn to(address: SocketAddr, card: SharedCard) -> Result<Self, LinkError> {
        let stream = TcpStream::connect_timeout(&address, TAKING_UP)
            .map_err(|source| LinkError::NoReader { address, source })?;
        let link = stream.try_clone().map_err(LinkError::Broken)?;
        if !is_asked(&stream, TAKING_UP)? {
            return Err(LinkError::Occupied { address });
        }
        let (ending, ended) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            // Dropped when the thread ends, however it ends: that is what `ended` hears.
            let _ending: mpsc::Sender<()> = ending;
            serve(stream, &card)
        });
        Ok(Self { link, thread: Some(thread), ended })
    }

    /// Waits until pcscd has let go of the card or the time is over; `true`: it has let go.
    pub fn ends_within(&self, time: Duration) -> bool {
        !matches!(self.ended.recv_timeout(time), Err(mpsc::RecvTimeoutError::Timeout))
    }

    /// Takes the card out of the reader; why pcscd had let go of it before, if it had.
    pub fn take_back(mut self) -> Result<(), LinkError> {
        self.close()
    }

    fn close(&mut self) -> Result<(), LinkError> {
        // Fails where the link is closed already, and that is what is wanted.
        let _ = self.link.shutdown(Shutdown::Both);
        let ended = self.thread.take().map(JoinHandle::join);
        ended.and_then(Result::ok).unwrap_or(Ok(()))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

/// Answers for the card until the link is closed; closing it from another thread is how a card is removed.
pub(super) fn serve(mut stream: TcpStream, card: &SharedCard) -> Result<(), LinkError> {
    prepare(&stream, SILENCE).map_err(LinkError::Broken)?;
    let mut message = Zeroizing::new(Vec::with_capacity(usize::from(u16::MAX)));
    while receive(&mut stream, &mut message)? {
        let answer = match message.as_slice() {
            [] => return Err(LinkError::Empty),
            &[POWER_OFF | POWER_ON | RESET] => {
                held(card).reset();
                continue;
            }
            &[ATR] => Zeroizing::new(held(card).atr()),
            &[order] => return Err(LinkError::Order { order }),
            command => Zeroizing::new(held(card).transmit(command)),
        };
        if !send(&mut stream, &answer)? {
            break;
        }
    }
    Ok(())
}

/// Waits until the driver has sent something; `false`: it has not, or closed the link.
pub(super) fn is_asked(stream: &TcpStream, patience: Duration) -> Result<bool, LinkError> {
    prepare(stream, patience).map_err(LinkError::Broken)?;
    match stream.peek(&mut [0; 1]) {
        Ok(seen) => Ok(seen > 0),
        Err(error) if is_timeout(&error) => Ok(false),
        Err(error) => ended(Err(error)),
    }
}

/// Tells the driver that there is no card: an empty ATR makes it close the link and look again later.
pub(super) fn say_empty(mut stream: TcpStream) -> Result<(), LinkError> {
    prepare(&stream, WRITING).map_err(LinkError::Broken)?;
    let mut message = Zeroizing::new(Vec::new());
    if receive(&mut stream, &mut message)? {
        send(&mut stream, &[])?;
    }
    Ok(())
}

/// A card whose code panicked is still a card: what it is asked next shows what it is worth.
fn held(card: &SharedCard) -> MutexGuard<'_, Box<dyn VirtualCard>> {
    card.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Without TCP_NODELAY an APDU waits 40 ms for the acknowledgement of the length before it.
fn prepare(stream: &TcpStream, patience: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(WRITING))
}

/// Reads one message of at most 65535 bytes; `false`: the link was closed.
fn receive(stream: &mut TcpStream, into: &mut Zeroizing<Vec<u8>>) -> Result<bool, LinkError> {
    let mut length = [0; 2];
    if !ended(stream.read_exact(&mut length))? {
        return Ok(false);
    }
    into.resize(usize::from(u16::from_be_bytes(length)), 0);
    ended(stream.read_exact(into))
}

/// Sends one message; `false`: the link was closed.
fn send(stream: &mut TcpStream, answer: &[u8]) -> Result<bool, LinkError> {
    let (length, answer) = match u16::try_from(answer.len()) {
        Ok(length) => (length, answer),
        Err(_) => (2, &NO_DIAGNOSIS[..]),
    };
    let framed = Zeroizing::new([&length.to_be_bytes(), answer].concat());
    ended(stream.write_all(&framed))
}

/// A link that was closed, by us or by pcscd, has ended; anything else broke it.
fn ended(result: std::io::Result<()>) -> Result<bool, LinkError> {
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

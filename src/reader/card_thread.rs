//! The thread behind a channel: it owns the card's handle, and waits where PC/SC lite waits without bound.
//!
//! Each answer is handed over directly: if the caller has given up waiting, the thread learns that nobody takes the
//! answer, and puts the card back as if the order had not come.

use super::error::Error;
use super::facts::CardFacts;
use super::feature::{self, Features};
use crate::iso7816::{Atr, ChannelError, Continuity, EndWith, Limits, Protocol};
use pcsc::{Card, Context, Disposition, Protocols, Scope, ShareMode, State, Transaction};
use std::ffi::CString;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};
use zeroize::{Zeroize, Zeroizing};

/// Takes what the thread hands back. It has no buffer, so an answer is either received or refused.
pub(super) type Reply<T> = SyncSender<T>;
pub(super) type Answer = Result<Zeroizing<Vec<u8>>, ChannelError>;

/// Says what the channel asks of the thread.
pub(super) enum Order {
    Begin(Reply<Result<Continuity, ChannelError>>),
    End(EndWith, Reply<Result<(), ChannelError>>),
    Transmit(Zeroizing<Vec<u8>>, Reply<Answer>),
    /// Sends data to the reader itself, by control code.
    Control(u32, Vec<u8>, Reply<Answer>),
}

/// Holds what is known once the card is connected.
pub(super) struct Connected {
    pub(super) facts: CardFacts,
    pub(super) features: Features,
}

/// Limits how often in a row a card may be found reset; more often means that another program does nothing else.
const MOST_RECONNECTS: usize = 4;
/// Bounds the wait for a removal to show. pcscd looks at a slot every 400 ms, so a card that still seems present after
/// this was not taken out.
const SEEN_TO_BE_GONE: Duration = Duration::from_secs(2);
/// Gives the length of a status word in bytes, the least that a card can answer.
const STATUS: usize = 2;
/// Bounds the names that a card's reader has, in bytes, each with a NUL behind it.
const LONGEST_NAMES: usize = 1024;
/// Sets the pause between attempts to connect to a card that another program uses exclusively; PC/SC lite pauses as
/// long as this.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Connects to the card, reports what it found, and serves orders until the channel is gone.
pub(super) fn run(
    reader: &str,
    patience: Duration,
    connected: &Reply<Result<Connected, Error>>,
    orders: &Receiver<Order>,
) {
    let (mut line, found) = match Line::connect(reader, patience) {
        Ok(connected) => connected,
        Err(error) => {
            // Nobody may be waiting any more, and then nobody needs to know.
            let _ = connected.send(Err(error));
            return;
        }
    };
    if connected.send(Ok(found)).is_ok() {
        line.serve(orders);
    }
}

/// Holds a connection to one card. Dropping it disconnects, and the card keeps its state.
struct Line {
    card: Option<Card>,
    context: Context,
    reader: CString,
    /// Lent to PC/SC for each answer, and wiped after it.
    buffer: Zeroizing<Vec<u8>>,
}

impl Line {
    fn connect(reader: &str, patience: Duration) -> Result<(Self, Connected), Error> {
        let name = CString::new(reader).map_err(|_| no_card(reader))?;
        let context = Context::establish(Scope::User).map_err(|e| Error::of_call("SCardEstablishContext", e))?;
        let connected = connect_once_free(&context, &name, patience);
        let mut card = connected.map_err(|error| not_connected(reader, error))?;
        let mut buffer = Zeroizing::new(vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED]);
        let found = look(&mut card, reader, &mut buffer);
        let line = Self { card: Some(card), context, reader: name, buffer };
        found.map(|found| (line, found))
    }

    fn serve(&mut self, orders: &Receiver<Order>) {
        let Self { card: Some(card), context, reader, buffer } = self else { return };
        let is_removed = || is_gone(context, reader);
        while let Ok(order) = orders.recv() {
            let Order::Begin(reply) = order else {
                order.refuse();
                continue;
            };
            match begin(card) {
                Ok((transaction, continuity)) => {
                    if reply.send(Ok(continuity)).is_err() {
                        // Whoever asked has given up waiting; nothing was sent to the card.
                        end(transaction, EndWith::Leave).ok();
                    } else if within(transaction, orders, buffer, &is_removed).is_break() {
                        return;
                    }
                }
                Err(error) => {
                    let error = told("SCardBeginTransaction", error, &is_removed);
                    let gone = matches!(error, ChannelError::Removed);
                    if reply.send(Err(error)).is_ok() && gone {
                        return;
                    }
                }
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // Dropping the handle would reset the card. If disconnecting fails, there is no card.
        if let Some(card) = self.card.take() {
            card.disconnect(Disposition::LeaveCard).ok();
        }
    }
}

impl Order {
    /// Answers an order that came outside of a transaction. Everyone who waits gets an answer, except [`Order::Begin`],
    /// which never comes here.
    fn refuse(self) {
        match self {
            Order::Begin(reply) => drop(reply),
            Order::End(_, reply) => drop(reply.send(Ok(()))),
            Order::Transmit(_, reply) | Order::Control(_, _, reply) => {
                drop(reply.send(Err(ChannelError::Reader(Error::NoTransaction.into()))))
            }
        }
    }
}

/// Begins a transaction, reconnecting to a card that was reset.
fn begin(mut card: &mut Card) -> Result<(Transaction<'_>, Continuity), pcsc::Error> {
    let mut continuity = Continuity::Shared;
    for _ in 0..MOST_RECONNECTS {
        match card.transaction2() {
            Ok(transaction) => return Ok((transaction, continuity)),
            Err((back, pcsc::Error::ResetCard | pcsc::Error::UnpoweredCard)) => {
                back.reconnect(ShareMode::Shared, Protocols::T0 | Protocols::T1, Disposition::LeaveCard)?;
                continuity = Continuity::Reset;
                card = back;
            }
            Err((_, error)) => return Err(error),
        }
    }
    Err(pcsc::Error::ResetCard)
}

/// Serves orders until the transaction ends; breaks if the card is to be disconnected.
fn within(
    transaction: Transaction<'_>,
    orders: &Receiver<Order>,
    buffer: &mut [u8],
    is_removed: &dyn Fn() -> bool,
) -> ControlFlow<()> {
    while let Ok(order) = orders.recv() {
        let (answer, call, reply) = match order {
            Order::Begin(reply) => {
                if reply.send(Ok(Continuity::Unbroken)).is_err() {
                    break;
                }
                continue;
            }
            Order::End(with, reply) => {
                let ended = end(transaction, with).map_err(|error| told("SCardEndTransaction", error, is_removed));
                let gone = matches!(ended, Err(ChannelError::Removed));
                return if reply.send(ended).is_err() || gone {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                };
            }
            Order::Transmit(command, reply) => (
                taken(buffer, |buffer| transaction.transmit(&command, buffer).map(<[u8]>::len)),
                "SCardTransmit",
                reply,
            ),
            Order::Control(code, data, reply) => {
                let sent = |buffer: &mut [u8]| transaction.control(dword(code), &data, buffer).map(<[u8]>::len);
                (taken(buffer, sent), "SCardControl", reply)
            }
        };
        let answer = match answer {
            // Some drivers give an answer without bytes when the card loses contact.
            Ok(answer) if answer.len() < STATUS && is_removed() => Err(ChannelError::Removed),
            answer => answer.map_err(|error| told(call, error, is_removed)),
        };
        let removed = matches!(answer, Err(ChannelError::Removed));
        let lost = matches!(answer, Err(ChannelError::Reset | ChannelError::ServiceStopped));
        // If nobody took the answer, nobody knows the card's state.
        if reply.send(answer).is_err() || removed {
            break;
        }
        if lost {
            end(transaction, EndWith::Leave).ok();
            return ControlFlow::Continue(());
        }
    }
    // A login must not outlive the one who logged in.
    end(transaction, EndWith::Reset).ok();
    ControlFlow::Break(())
}

/// Takes what `call` left in the buffer, and wipes it there.
fn taken(
    buffer: &mut [u8],
    call: impl FnOnce(&mut [u8]) -> Result<usize, pcsc::Error>,
) -> Result<Zeroizing<Vec<u8>>, pcsc::Error> {
    let length = call(buffer)?;
    let answer = buffer.get_mut(..length).unwrap_or_default();
    let taken = Zeroizing::new(answer.to_vec());
    answer.zeroize();
    Ok(taken)
}

fn end(transaction: Transaction<'_>, with: EndWith) -> Result<(), pcsc::Error> {
    let disposition = match with {
        EndWith::Leave => Disposition::LeaveCard,
        EndWith::Reset => Disposition::ResetCard,
    };
    transaction.end(disposition).map_err(|(_, error)| error)
}

/// Connects, waiting up to `patience` while another program uses the card exclusively.
fn connect_once_free(context: &Context, reader: &CString, patience: Duration) -> Result<Card, pcsc::Error> {
    let since = Instant::now();
    loop {
        let connected = context.connect(reader, ShareMode::Shared, Protocols::T0 | Protocols::T1);
        let left = patience.saturating_sub(since.elapsed());
        if !matches!(connected, Err(pcsc::Error::SharingViolation)) || left.is_zero() {
            return connected;
        }
        // pcscd does not tell when exclusive use ends, but it does tell of a removal.
        let mut state = [pcsc::ReaderState::new(reader.clone(), State::PRESENT)];
        context.get_status_change(left.min(ASK_AGAIN), &mut state).ok();
    }
}

/// Asks what card and reader can do. It does so in a transaction, outside of which the reader's answers may be refused.
fn look(card: &mut Card, reader: &str, buffer: &mut [u8]) -> Result<Connected, Error> {
    let failed = |error| not_connected(reader, error);
    let (transaction, _) = begin(card).map_err(failed)?;
    // Wine gives lengths that are too small to who asks for them first.
    let (mut names, mut atr) = ([0; LONGEST_NAMES], [0; pcsc::MAX_ATR_SIZE]);
    let status = transaction.status2(&mut names, &mut atr).map_err(failed)?;
    let (atr, active) = (status.atr().to_vec(), status.protocol2());
    let features = match transaction.control(pcsc::ctl_code(dword(feature::GET_FEATURE_REQUEST)), &[], buffer) {
        Ok(answer) => Features::read(answer),
        // A reader without features is not an error.
        Err(_) => Features::default(),
    };
    let properties = features.tlv_properties.and_then(|code| transaction.control(dword(code), &[], buffer).ok());
    let max_apdu = properties.and_then(feature::max_apdu);
    end(transaction, EndWith::Leave).map_err(failed)?;
    Ok(Connected { facts: CardFacts { limits: limits(&atr, active, max_apdu), atr, max_apdu }, features })
}

/// Gives a control code the bits that PC/SC has for it: 64 with PC/SC lite on Linux, 32 on Windows.
#[allow(clippy::useless_conversion)]
fn dword(code: u32) -> pcsc::ffi::DWORD {
    code.into()
}

/// Combines what card and reader can carry. T=0 carries extended length only in envelopes, which no card here needs.
fn limits(atr: &[u8], active: Option<pcsc::Protocol>, max_apdu: Option<u32>) -> Limits {
    let atr = Atr::read(atr).ok();
    let protocol = if active == Some(pcsc::Protocol::T0) { Protocol::T0 } else { Protocol::T1 };
    let offered = atr.as_ref().is_some_and(|atr| atr.extended);
    Limits {
        protocol,
        extended: protocol == Protocol::T1 && offered && feature::carries_extended(max_apdu),
        chaining: atr.and_then(|atr| atr.chaining),
    }
}

fn no_card(reader: &str) -> Error {
    Error::NoCard { reader: reader.into() }
}

/// Says why there is no connection to the card in `reader`.
fn not_connected(reader: &str, error: pcsc::Error) -> Error {
    let reader = reader.to_owned();
    match error {
        pcsc::Error::UnresponsiveCard | pcsc::Error::UnpoweredCard | pcsc::Error::UnsupportedCard => {
            Error::Mute { reader }
        }
        pcsc::Error::SharingViolation => Error::Busy { reader, waited: Duration::ZERO },
        error if says_gone(error) => Error::NoCard { reader },
        error => Error::of_call("SCardConnect", error),
    }
}

/// Turns the error of a PC/SC call into a channel's.
fn told(call: &'static str, error: pcsc::Error, is_removed: &dyn Fn() -> bool) -> ChannelError {
    match error {
        error if says_gone(error) => ChannelError::Removed,
        pcsc::Error::ResetCard | pcsc::Error::UnpoweredCard => ChannelError::Reset,
        pcsc::Error::SharingViolation => ChannelError::Busy { waited: Duration::ZERO },
        pcsc::Error::NoService | pcsc::Error::ServiceStopped | pcsc::Error::Shutdown => ChannelError::ServiceStopped,
        // A card that is pulled in the middle of a command fails like any other; only the slot tells the difference.
        _ if is_removed() => ChannelError::Removed,
        error => ChannelError::Reader(Error::of_call(call, error).into()),
    }
}

/// Says whether the error means that the card or its reader is gone.
fn says_gone(error: pcsc::Error) -> bool {
    use pcsc::Error as E;
    matches!(
        error,
        // PC/SC answers a handle whose reader was unplugged with InvalidValue or InvalidHandle.
        E::RemovedCard | E::NoSmartcard | E::ReaderUnavailable | E::UnknownReader | E::InvalidValue | E::InvalidHandle
    )
}

/// Waits a bounded time for the slot to show that the card is gone, and says whether it is.
fn is_gone(context: &Context, reader: &CString) -> bool {
    let since = Instant::now();
    loop {
        let left = SEEN_TO_BE_GONE.saturating_sub(since.elapsed());
        let mut state = [pcsc::ReaderState::new(reader.clone(), State::PRESENT)];
        match context.get_status_change(left, &mut state) {
            Ok(()) if state[0].event_state().contains(State::PRESENT) && !left.is_zero() => {}
            Ok(()) => return !state[0].event_state().contains(State::PRESENT),
            Err(error) => return says_gone(error),
        }
        // Something else has changed; and Wine does not wait for a change at all.
        std::thread::sleep(ASK_AGAIN.min(left));
    }
}

//! A PIV card that we did not write: Nitrokey's firmware (crate piv-authenticator) over trussed in software.
//!
//! trussed lends its client for the length of a call, so the card lives on a thread of its own; its memory is lost with
//! it. Three things are mended here that the crate leaves to its host: a SELECT by a shortened AID, the length of
//! answers (Le, 61xx and GET RESPONSE, chained commands), and a reset that forgets that the PIN was verified. Its random
//! numbers are the same in every fresh card, and so are its keys.

mod dispatch;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use cardwright::virtual_card::VirtualCard;
use iso7816::command::FromSliceError;
use iso7816::{Command, Data, Status};
use piv_authenticator::{Authenticator, Options};
use trussed::virt::{StoreConfig, with_platform};
use zeroize::Zeroizing;

use dispatch::{BACKENDS, Dispatch};

/// The PIN of a fresh card.
pub const PIN: &str = "123456";

/// The longest command or answer, as Nitrokey has it.
const LONGEST: usize = 7609;
const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];
const SELECT: [u8; 4] = [0x00, 0xA4, 0x04, 0x00];
const GET_RESPONSE: u8 = 0xC0;
/// VERIFY that forgets (SP 800-73-4, 3.2.1).
const FORGET: [u8; 4] = [0x00, 0x20, 0xFF, 0x80];
/// A Nitrokey 3's, without its check byte: T=1, its name, and no word of chaining or extended length.
const ATR: [u8; 18] = *b"\x3B\x8F\x01\x80\x5DNitrokey\0\0\0\0\0";

/// Nitrokey's PIV card, fresh from the factory.
pub struct PivAuthenticator {
    asks: Option<Sender<Ask>>,
    answers: Receiver<Vec<u8>>,
    thread: Option<JoinHandle<()>>,
}

enum Ask {
    Reset,
    Transmit(Zeroizing<Vec<u8>>),
}

impl PivAuthenticator {
    pub fn new() -> Self {
        let (asks, asked) = channel();
        let (answering, answers) = channel();
        let thread = std::thread::spawn(move || {
            with_platform(StoreConfig::ram(), |platform| {
                platform.run_client_with_backends("piv", Dispatch::new(), BACKENDS, |client| {
                    let mut host = Host::new(Authenticator::new(client, Options::default()));
                    for ask in asked {
                        let answer = match ask {
                            Ask::Reset => host.reset(),
                            Ask::Transmit(command) => host.transmit(&command),
                        };
                        if answering.send(answer).is_err() {
                            return;
                        }
                    }
                });
            });
        });
        Self { asks: Some(asks), answers, thread: Some(thread) }
    }

    fn ask(&self, ask: Ask) -> Vec<u8> {
        self.asks.as_ref().unwrap().send(ask).unwrap();
        self.answers.recv().unwrap()
    }
}

impl VirtualCard for PivAuthenticator {
    fn atr(&self) -> Vec<u8> {
        let check = ATR[1..].iter().fold(0, |sum, byte| sum ^ byte);
        [&ATR[..], &[check]].concat()
    }

    fn reset(&mut self) {
        self.ask(Ask::Reset);
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.ask(Ask::Transmit(Zeroizing::new(command.to_vec())))
    }

    /// Cannot be read out.
    fn state(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::default()
    }
}

impl Drop for PivAuthenticator {
    fn drop(&mut self) {
        self.asks = None;
        let _ = self.thread.take().unwrap().join();
    }
}

/// What stands between the wire and the application on the device: apdu-dispatch and the operating system.
struct Host<C> {
    application: Authenticator<C>,
    selected: bool,
    chained: Option<Command<LONGEST>>,
    /// What is left of an answer, and its status.
    rest: Vec<u8>,
    status: Status,
}

impl<C: piv_authenticator::Client> Host<C> {
    fn new(application: Authenticator<C>) -> Self {
        Self { application, selected: false, chained: None, rest: Vec::new(), status: Status::Success }
    }

    fn reset(&mut self) -> Vec<u8> {
        self.selected = false;
        self.chained = None;
        self.rest.clear();
        self.respond(&Command::try_from(&FORGET).unwrap());
        Vec::new()
    }

    fn transmit(&mut self, bytes: &[u8]) -> Vec<u8> {
        match Command::<LONGEST>::try_from(bytes) {
            Ok(command) => self.hear(command),
            Err(FromSliceError::InvalidClass) => status(Status::ClassNotSupported),
            Err(_) => status(Status::WrongLength),
        }
    }

    fn hear(&mut self, command: Command<LONGEST>) -> Vec<u8> {
        let most = match command.expected() {
            0 => 256,
            expected => expected,
        };
        if u8::from(command.instruction()) == GET_RESPONSE {
            return self.hand_out(most);
        }
        self.rest.clear();
        let is_last = command.class().chain().last_or_only();
        let command = match self.chained.take() {
            None => command,
            Some(mut whole) => match whole.extend_from_command(&command) {
                Ok(()) => whole,
                Err(_) => return status(Status::WrongLength),
            },
        };
        if !is_last {
            self.chained = Some(command);
            return status(Status::Success);
        }
        let command = completed(command);
        if is_select(&command) {
            self.selected |= AID.starts_with(command.data());
        } else if !self.selected {
            return status(Status::InstructionNotSupportedOrInvalid);
        }
        self.rest = self.respond(&command);
        self.hand_out(most)
    }

    fn respond(&mut self, command: &Command<LONGEST>) -> Vec<u8> {
        let mut answer = Data::<LONGEST>::new();
        self.status = match self.application.respond(command.as_view(), answer.as_mut_view()) {
            Ok(()) => Status::Success,
            Err(status) => status,
        };
        answer.to_vec()
    }

    /// So much of the answer as is expected, and how much more there is.
    fn hand_out(&mut self, most: usize) -> Vec<u8> {
        let left = self.rest.split_off(most.min(self.rest.len()));
        let mut answer = std::mem::replace(&mut self.rest, left);
        let status = match self.rest.len() {
            0 => self.status,
            more => Status::MoreAvailable(u8::try_from(more).unwrap_or(0)),
        };
        answer.extend_from_slice(&<[u8; 2]>::from(status));
        answer
    }
}

fn is_select(command: &Command<LONGEST>) -> bool {
    u8::from(command.instruction()) == SELECT[1] && command.p1 == SELECT[2]
}

/// The application knows its AID by nine bytes or more; five select it, too (SP 800-73-4, 3.1.1).
fn completed(mut command: Command<LONGEST>) -> Command<LONGEST> {
    let given = command.data().len();
    if is_select(&command) && given >= 5 && AID.starts_with(command.data()) {
        command.data_mut().extend_from_slice(&AID[given..]).unwrap();
    }
    command
}

fn status(status: Status) -> Vec<u8> {
    <[u8; 2]>::from(status).to_vec()
}

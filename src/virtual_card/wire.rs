//! The wire of a card: takes command APDUs apart, puts chains together, hands out long answers (ISO/IEC 7816-4, 5).
//!
//! A card owns one [`Wire`] and gives it an `execute` that sees whole commands only. Every buffer is bounded.

use zeroize::Zeroizing;

/// Holds the Ne of Le `00`.
pub(super) const SHORT_ALL: usize = 256;
/// Holds the Ne of Le `0000` at extended length.
pub(super) const EXTENDED_ALL: usize = 65_536;
const GET_RESPONSE: u8 = 0xC0;
const CHAINED: u8 = 0x10;

/// Holds a command APDU, taken apart; for a chain, the last command's header with the data of all.
pub(super) struct WireCommand {
    /// Without the chaining bit, once a [`Wire`] has put the chain together.
    pub cla: u8,
    pub ins: u8,
    pub p1: u8,
    pub p2: u8,
    pub data: Zeroizing<Vec<u8>>,
    /// Ne; `None` if no answer is expected.
    pub le: Option<usize>,
    /// Whether Lc or Le came in its extended form.
    pub extended: bool,
}

impl WireCommand {
    /// Takes apart one command APDU (5.1); the status word says what is wrong with it.
    pub fn parse(apdu: &[u8]) -> Result<Self, u16> {
        let Some((&[cla, ins, p1, p2], body)) = apdu.split_first_chunk::<4>() else { return Err(0x6700) };
        let (data, le, extended): (&[u8], _, _) = match *body {
            [] => (&[], None, false),
            [le] => (&[], Some(short(le)), false),
            [0, high, low] => (&[], Some(long(high, low)), true),
            [0, high, low, ref rest @ ..] => {
                let lc = usize::from(u16::from_be_bytes([high, low]));
                match (lc, rest.split_at_checked(lc)) {
                    (1.., Some((data, []))) => (data, None, true),
                    (1.., Some((data, &[high, low]))) => (data, Some(long(high, low)), true),
                    _ => return Err(0x6700),
                }
            }
            [lc, ref rest @ ..] => match (lc, rest.split_at_checked(usize::from(lc))) {
                (1.., Some((data, []))) => (data, None, false),
                (1.., Some((data, &[le]))) => (data, Some(short(le)), false),
                _ => return Err(0x6700),
            },
        };
        Ok(Self { cla, ins, p1, p2, data: Zeroizing::new(data.to_vec()), le, extended })
    }

    pub fn is_chained(&self) -> bool {
        self.cla & CHAINED != 0
    }

    pub fn is_get_response(&self) -> bool {
        self.ins == GET_RESPONSE && self.data.is_empty()
    }

    fn header(&self) -> [u8; 4] {
        [self.cla & !CHAINED, self.ins, self.p1, self.p2]
    }
}

fn short(le: u8) -> usize {
    if le == 0 { SHORT_ALL } else { usize::from(le) }
}

fn long(high: u8, low: u8) -> usize {
    match u16::from_be_bytes([high, low]) {
        0 => EXTENDED_ALL,
        le => usize::from(le),
    }
}

/// Says what a card can do on the wire.
#[derive(Clone, Copy)]
pub(super) struct WireLimits {
    pub extended: bool,
    pub chaining: bool,
    /// Most bytes of data that a whole command may have, chained or not.
    pub data: usize,
}

/// Puts chains together, and keeps the rest of an answer that was too long.
pub(super) struct Wire {
    limits: WireLimits,
    chain: Option<Chain>,
    waiting: Zeroizing<Vec<u8>>,
}

struct Chain {
    header: [u8; 4],
    data: Zeroizing<Vec<u8>>,
}

impl Wire {
    pub fn new(limits: WireLimits) -> Self {
        Self { limits, chain: None, waiting: Zeroizing::default() }
    }

    /// Forgets a chain that was begun and an answer that waits.
    pub fn reset(&mut self) {
        self.chain = None;
        self.waiting = Zeroizing::default();
    }

    /// Answers one command APDU. Calls `execute` when a command is whole; it returns answer and status word.
    pub fn transmit(
        &mut self,
        apdu: &[u8],
        execute: impl FnOnce(&WireCommand) -> (Zeroizing<Vec<u8>>, u16),
    ) -> Vec<u8> {
        match self.whole(apdu) {
            Ok(Some(command)) if command.is_get_response() => self.get_response(&command),
            Ok(Some(command)) => {
                let (data, word) = execute(&command);
                self.answer(data, word, &command)
            }
            Ok(None) => vec![0x90, 0x00],
            Err(word) => word.to_be_bytes().to_vec(),
        }
    }

    /// Returns the command if it is whole; `None` within a chain.
    fn whole(&mut self, apdu: &[u8]) -> Result<Option<WireCommand>, u16> {
        let chain = self.chain.take();
        let mut command = WireCommand::parse(apdu)?;
        if command.extended && !self.limits.extended {
            return Err(0x6700);
        }
        if command.is_chained() && !self.limits.chaining {
            return Err(0x6884);
        }
        if !command.is_get_response() {
            self.waiting = Zeroizing::default();
        }
        let mut chain = match chain {
            Some(chain) if chain.header == command.header() => chain,
            // A command that is not of the chain ends it, as if it had never begun (SP 800-73-4 part 2, 3.2.4).
            _ => Chain { header: command.header(), data: Zeroizing::default() },
        };
        if chain.data.len() + command.data.len() > self.limits.data {
            return Err(0x6700);
        }
        let mut joined = Zeroizing::new(Vec::with_capacity(chain.data.len() + command.data.len()));
        joined.extend_from_slice(&chain.data);
        joined.extend_from_slice(&command.data);
        if command.is_chained() {
            chain.data = joined;
            self.chain = Some(chain);
            return Ok(None);
        }
        command.data = joined;
        Ok(Some(command))
    }

    /// Answers GET RESPONSE (7.6.1).
    fn get_response(&mut self, command: &WireCommand) -> Vec<u8> {
        if self.waiting.is_empty() {
            return vec![0x69, 0x85];
        }
        if (command.p1, command.p2) != (0, 0) {
            return vec![0x6A, 0x86];
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.answer(waiting, 0x9000, command)
    }

    /// Answers with as much as fits into Ne; the rest waits for GET RESPONSE. A command without Le gets up to 256
    /// bytes, because a reader may have dropped the Le.
    fn answer(&mut self, mut data: Zeroizing<Vec<u8>>, word: u16, command: &WireCommand) -> Vec<u8> {
        let most = command.le.unwrap_or(SHORT_ALL);
        if data.len() <= most {
            let mut answer = std::mem::take(&mut *data);
            answer.extend_from_slice(&word.to_be_bytes());
            return answer;
        }
        let mut answer = data[..most].to_vec();
        self.waiting = Zeroizing::new(data[most..].to_vec());
        let told = u8::try_from(self.waiting.len()).unwrap_or(0);
        answer.extend_from_slice(&[0x61, told]);
        answer
    }
}

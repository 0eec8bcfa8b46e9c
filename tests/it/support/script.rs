//! A card that was told beforehand what it will be asked: exact commands, exact answers, anything else fails the test.

use cardwright::iso7816::{Card, CardChannel, ChannelError, Continuity, EndWith, Limits, Protocol};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// T=1, short length only, chaining not told.
pub const SHORT: Limits = Limits { protocol: Protocol::T1, extended: false, chaining: None };
/// T=1 with extended length and chaining.
pub const EXTENDED: Limits = Limits { protocol: Protocol::T1, extended: true, chaining: Some(true) };
/// T=0.
pub const T0: Limits = Limits { protocol: Protocol::T0, extended: false, chaining: None };

/// The conversation to come; clones share it. `finish` must be called, and says whether all of it was played.
#[derive(Clone)]
pub struct Script {
    limits: Limits,
    state: Arc<Mutex<State>>,
}

struct State {
    turns: VecDeque<(Vec<u8>, Answer)>,
    played: usize,
    continuity: Continuity,
    in_transaction: bool,
    ends: Vec<EndWith>,
}

enum Answer {
    Bytes(Vec<u8>),
    Removed,
    Reset,
}

impl Script {
    /// Command and answer in hexadecimal digits, blanks allowed; the answers `removed` and `reset` are what they say.
    pub fn new(limits: Limits, turns: &[(&str, &str)]) -> Self {
        let turns = turns.iter().map(|(command, answer)| (bytes(command), Answer::read(answer))).collect();
        let state = State { turns, played: 0, continuity: Continuity::Reset, in_transaction: false, ends: vec![] };
        Self { limits, state: Arc::new(Mutex::new(state)) }
    }

    /// A conversation as text: lines `> command`, each followed by its `< answer`; `#` begins a comment.
    pub fn read(limits: Limits, text: &str) -> Self {
        let mut lines = text.lines().map(|line| line.split('#').next().unwrap().trim()).filter(|line| !line.is_empty());
        let mut turns = vec![];
        while let Some(line) = lines.next() {
            let command = line.strip_prefix('>').unwrap_or_else(|| panic!("expected '> command': {line}"));
            let answer = lines.next().and_then(|line| line.strip_prefix('<'));
            turns.push((command, answer.unwrap_or_else(|| panic!("no '< answer' behind: {line}"))));
        }
        Self::new(limits, &turns)
    }

    /// What the next transactions find; a new script says that the card was reset.
    pub fn set_continuity(&self, continuity: Continuity) {
        self.lock().continuity = continuity;
    }

    pub fn channel(&self) -> Box<dyn CardChannel> {
        Box::new(Scripted(self.clone()))
    }

    /// The card, its transaction begun.
    pub fn card(&self) -> Card {
        let mut card = Card::new(self.channel());
        card.begin().unwrap();
        card
    }

    /// How transactions were ended so far.
    pub fn ends(&self) -> Vec<EndWith> {
        self.lock().ends.clone()
    }

    /// Fails the test unless all was played; says how many commands that were.
    #[track_caller]
    pub fn finish(&self) -> usize {
        let state = self.lock();
        if let Some((command, _)) = state.turns.front() {
            panic!("{} commands were not sent, the next one being {}", state.turns.len(), hex::encode_upper(command));
        }
        state.played
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that failed with the lock held must still say why.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    fn read(text: &str) -> Self {
        match text.trim() {
            "removed" => Self::Removed,
            "reset" => Self::Reset,
            digits => Self::Bytes(bytes(digits)),
        }
    }
}

/// Hexadecimal digits, blanks allowed, as bytes.
pub fn bytes(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    hex::decode(&digits).unwrap_or_else(|error| panic!("{error}: {digits}"))
}

struct Scripted(Script);

impl CardChannel for Scripted {
    fn limits(&self) -> Limits {
        self.0.limits
    }

    fn begin(&mut self) -> Result<Continuity, ChannelError> {
        let mut state = self.0.lock();
        assert!(!state.in_transaction, "a transaction was begun within another");
        state.in_transaction = true;
        Ok(state.continuity)
    }

    fn end(&mut self, with: EndWith) -> Result<(), ChannelError> {
        let mut state = self.0.lock();
        if std::mem::take(&mut state.in_transaction) {
            state.ends.push(with);
        }
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        let mut state = self.0.lock();
        let sent = hex::encode_upper(command);
        assert!(state.in_transaction, "sent outside of a transaction: {sent}");
        state.played += 1;
        let number = state.played;
        let Some((expected, answer)) = state.turns.pop_front() else {
            panic!("command {number} is one too many: {sent}");
        };
        assert_eq!(sent, hex::encode_upper(&expected), "command {number}, sent and expected");
        match answer {
            Answer::Bytes(bytes) => Ok(Zeroizing::new(bytes)),
            Answer::Removed => Err(ChannelError::Removed),
            Answer::Reset => Err(ChannelError::Reset),
        }
    }
}

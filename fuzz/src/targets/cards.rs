//! What cards answer, and what virtual cards are told.

use super::{parts, shown};
use cardwright::gids::GidsToken;
use cardwright::iso7816::{Atr, Card, CardChannel, ChannelError, Continuity, EndWith, Limits, Protocol, lenient, tlv};
use cardwright::piv::PivToken;
use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm};
use cardwright::secret::Pin;
use cardwright::token::{Credentials, KeyId, LastTry, Token};
use cardwright::virtual_card::{GidsCard, GidsOptions, PivCard, PivOptions, VirtualCard};
use std::collections::VecDeque;
use std::hint::black_box;
use zeroize::Zeroizing;

pub(super) fn atr(data: &[u8]) {
    black_box(shown(Atr::read(data)));
}

pub(super) fn strict_tlv(data: &[u8]) {
    for object in shown(tlv::read_all(data)).unwrap_or_default() {
        let written = tlv::write(object.tag, object.value);
        assert!(tlv::read_one(&written) == Ok(object), "{object:?} is not read back");
        black_box(shown(tlv::read_all(object.value)));
    }
    black_box((shown(tlv::read_one(data)), shown(tlv::find(data, 0x70))));
}

pub(super) fn lenient_tlv(data: &[u8]) {
    let objects = lenient::read(data);
    for object in objects.all() {
        black_box(lenient::read(object.value).flaw());
    }
    black_box((objects.first(0x53), objects.every(0x80).count(), shown(objects.one(0x70)), objects.cut(0x53)));
}

/// Answers a card gives, whatever it is asked: a byte that says what the line carries, then the answers as [`parts`].
/// When they have run out, the card is gone.
pub struct Played {
    line: u8,
    answers: VecDeque<Zeroizing<Vec<u8>>>,
    begun: bool,
}

impl Played {
    pub fn new(data: &[u8]) -> Self {
        let (line, answers) = data.split_first().unwrap_or((&0, &[]));
        let answers = parts(answers).map(|answer| Zeroizing::new(answer.to_vec())).collect();
        Self { line: *line, answers, begun: false }
    }
}

impl CardChannel for Played {
    fn limits(&self) -> Limits {
        let protocol = if self.line & 1 == 0 { Protocol::T1 } else { Protocol::T0 };
        Limits { protocol, extended: self.line & 2 != 0, chaining: None }
    }

    fn begin(&mut self) -> Result<Continuity, ChannelError> {
        let again = match self.line & 12 {
            0 => Continuity::Unbroken,
            4 => Continuity::Shared,
            _ => Continuity::Reset,
        };
        Ok(if std::mem::replace(&mut self.begun, true) { again } else { Continuity::Reset })
    }

    fn end(&mut self, _with: EndWith) -> Result<(), ChannelError> {
        Ok(())
    }

    fn transmit(&mut self, _command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        self.answers.pop_front().ok_or(ChannelError::Removed)
    }
}

/// Asks a token for all that it tells, and works with it as far as a PIN lets one.
fn ask_all(token: &mut dyn Token, id: &KeyId) {
    black_box((format!("{:?}", token.identity()), token.atr()));
    if let Some((counters, objects)) = shown(token.overview()) {
        black_box((format!("{counters:?}"), objects.len()));
    }
    black_box(shown(token.condition()).map(|condition| format!("{condition:?}")));
    black_box(shown(token.offer(KeyAlgorithm::P256)).is_some());
    let pin = Pin::new("123456".into());
    let Some(mut session) = shown(token.log_in(Credentials::user(&pin, LastTry::Keep))) else { return };
    black_box(shown(session.list()));
    black_box(shown(session.find(id)));
    black_box(shown(session.read_certificate(id)));
    black_box(shown(session.attest(id)));
    black_box(shown(session.sign(id, SignatureAlgorithm::EcdsaSha256, b"message")));
}

/// Opens a PIV card and asks it for all.
pub fn ask_piv(channel: Box<dyn CardChannel>) {
    if let Some(mut token) = shown(PivToken::open(Card::new(channel))) {
        ask_all(&mut token, &KeyId(vec![0x9A]));
    }
}

/// Opens a GIDS card and asks it for all.
pub fn ask_gids(channel: Box<dyn CardChannel>) {
    if let Some(mut token) = shown(GidsToken::open(Card::new(channel))) {
        ask_all(&mut token, &KeyId(vec![0x5A; 16]));
    }
}

pub(super) fn piv_card(data: &[u8]) {
    ask_piv(Box::new(Played::new(data)));
}

pub(super) fn gids_card(data: &[u8]) {
    ask_gids(Box::new(Played::new(data)));
}

/// Sends commands, each behind its length in two bytes. Those that generate a key are left out: they take seconds.
fn send_all(card: &mut dyn VirtualCard, data: &[u8]) {
    for command in parts(data).filter(|command| command.get(1) != Some(&0x47)) {
        assert!(card.transmit(command).len() >= 2, "an answer without a status word");
    }
    black_box(card.state().len());
}

pub(super) fn piv_commands(data: &[u8]) {
    if let Ok(mut card) = PivCard::new(PivOptions::yubikey()) {
        send_all(&mut card, data);
    }
}

pub(super) fn gids_commands(data: &[u8]) {
    if let Ok(mut card) = GidsCard::new(GidsOptions::default()) {
        send_all(&mut card, data);
    }
}

pub(super) fn card_state(data: &[u8]) {
    const SELECT: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00];
    let cards: [Option<Box<dyn VirtualCard>>; 2] = [
        shown(PivCard::from_state(data)).map(|card| Box::new(card) as Box<dyn VirtualCard>),
        shown(GidsCard::from_state(data)).map(|card| Box::new(card) as Box<dyn VirtualCard>),
    ];
    for mut card in cards.into_iter().flatten() {
        black_box((card.atr(), card.transmit(SELECT), card.state().len()));
    }
}

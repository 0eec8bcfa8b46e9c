//! Asks a card who it is: the serial of a YubiKey, else what its data objects name it by.

use super::application::Application;
use super::command;
use super::error::Error;
use super::objects::{self, CardId, Chuid};
use super::offer::is_unknown;
use super::reference::ObjectTag;
use super::serial::Serial;
use crate::iso7816::StatusWord;
use crate::token;

/// Holds what every Nitrokey answers to GET SERIAL (piv-authenticator 0.7), so that it names none of them.
const MADE_UP: [u8; 4] = [0x00, 0x52, 0xF7, 0x43];

impl Application {
    /// Reads what names the card. A CHUID that cannot be read names none.
    pub fn identify(&mut self) -> Result<Serial, token::Error> {
        if let Some(number) = self.hardware_serial()? {
            return Ok(Serial::Hardware(number));
        }
        if let Some(id) = self.capability_card_id()? {
            return Ok(Serial::Capability(id));
        }
        self.chuid = self.read_chuid()?.and_then(Result::ok);
        Ok(self.chuid.as_ref().and_then(Chuid::card_name).map_or(Serial::Nothing, Serial::Chuid))
    }

    fn hardware_serial(&mut self) -> Result<Option<u32>, token::Error> {
        let answer = self.ask(command::serial())?;
        match (answer.status, answer.data.as_slice()) {
            (StatusWord::OK, data) => match data.try_into() {
                Ok(MADE_UP | [0, 0, 0, 0] | [0xFF, 0xFF, 0xFF, 0xFF]) => Ok(None),
                Ok(number) => Ok(Some(u32::from_be_bytes(number))),
                Err(_) if matches!(self.serial, Serial::Hardware(_)) => {
                    Err(Error::Length { command: command::GET_SERIAL, length: data.len() }.at(command::GET_SERIAL))
                }
                // It is something else than a serial.
                Err(_) => Ok(None),
            },
            (word, _) if is_unknown(word) => Ok(None),
            (word, _) => Err(self.refusal(command::GET_SERIAL, word)),
        }
    }

    /// Returns the card identifier of the Card Capability Container; `None` if there is none that can be read.
    pub fn capability_card_id(&mut self) -> Result<Option<CardId>, token::Error> {
        let read = |content: &[u8]| objects::read_card_capability(content).ok().flatten();
        self.shown(ObjectTag::CARD_CAPABILITY_CONTAINER, read)
    }
}

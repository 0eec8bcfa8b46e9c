//! The card behind its wire: what it holds, who has logged in, and which command does what.

use super::access::{AccessRules, Proven};
use super::file::ElementaryFile;
use super::pin::{Pin, Tries};
use super::session::{Admin, Session};
use crate::iso7816::StatusWord;
use crate::virtual_card::wire::WireCommand;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

pub(super) type Answer = Result<Zeroizing<Vec<u8>>, StatusWord>;

pub(super) const COMMAND_NOT_FOR_THIS_FILE: StatusWord = StatusWord(0x6981);
const LOGICAL_CHANNEL: StatusWord = StatusWord(0x6881);
const SECURE_MESSAGING: StatusWord = StatusWord(0x6882);

/// Answers without data.
pub(super) fn nothing() -> Answer {
    Ok(Zeroizing::default())
}

/// Names the states of the application's life cycle (GIDS follows ISO/IEC 7816-4, 7.4.10).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LifeCycle {
    /// Fresh from the factory: no login is needed.
    Creation,
    Activated,
    /// For ever.
    Terminated,
}

/// Holds what survives a power cut.
pub(super) struct Held {
    pub extended: bool,
    pub t1: bool,
    /// Bytes of memory for files.
    pub capacity: usize,
    pub life: LifeCycle,
    pub pin: Pin,
    /// The retry counter of the administrator's key, which few cards have.
    pub admin_tries: Option<Tries>,
    pub files: BTreeMap<u16, ElementaryFile>,
}

/// Holds the whole card behind its wire.
pub(super) struct Applet {
    pub held: Held,
    pub session: Session,
    /// Replaces the capacity that the card was made with.
    pub bound: Option<usize>,
}

impl Applet {
    pub fn new(held: Held) -> Self {
        Self { held, session: Session::default(), bound: None }
    }

    /// Answers a whole command.
    pub fn execute(&mut self, command: &WireCommand) -> (Zeroizing<Vec<u8>>, u16) {
        match self.answer(command) {
            Ok(data) => (data, StatusWord::OK.0),
            Err(word) => (Zeroizing::default(), word.0),
        }
    }

    fn answer(&mut self, command: &WireCommand) -> Answer {
        match command.cla {
            0x00 => {}
            0x01..=0x03 => return Err(LOGICAL_CHANNEL),
            0x04..=0x0F => return Err(SECURE_MESSAGING),
            _ => return Err(StatusWord::CLASS_NOT_SUPPORTED),
        }
        let p1_p2 = u16::from_be_bytes([command.p1, command.p2]);
        match (command.ins, p1_p2) {
            (0xA4, _) => return self.select(command),
            (0xCB, 0x2F01) => return self.ef_atr(&command.data),
            _ if !self.session.selected || self.held.life == LifeCycle::Terminated => {
                return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
            }
            _ => {}
        }
        match command.ins {
            0x20 => self.verify(command),
            0x22 => self.manage_security_environment(command),
            0x24 => self.change_reference_data(command),
            0x2A => self.perform_security_operation(command),
            0x2C => self.reset_retry_counter(command),
            0x44 => self.activate_file(command),
            0x47 => self.generate_key_pair(command),
            0x87 => self.general_authenticate(command),
            0xCB => self.get_data(p1_p2, &command.data),
            0xDB => self.put_data(p1_p2, &command.data),
            0xE0 => self.create_file(command),
            0xE4 => self.delete_file(command),
            0xE6 => self.terminate(command),
            _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    /// Returns who counts as logged in: everybody, until the application is activated.
    pub(super) fn proven(&self) -> Proven {
        let fresh = self.held.life == LifeCycle::Creation;
        Proven { user: fresh || self.session.user, admin: fresh || matches!(self.session.admin, Admin::Proven) }
    }

    /// Forgets who has logged in, and the security environment.
    pub(super) fn log_out(&mut self) {
        self.session = Session { selected: self.session.selected, file: self.session.file, ..Session::default() };
    }

    /// Refuses commands that make sense only once the application is activated.
    pub(super) fn wants_activated(&self) -> Result<(), StatusWord> {
        if self.held.life == LifeCycle::Activated { Ok(()) } else { Err(StatusWord::CONDITIONS_NOT_SATISFIED) }
    }

    pub(super) fn application_allows(&self, mode: u8) -> Result<(), StatusWord> {
        self.allowed_by(&AccessRules::of_application(), mode)
    }

    /// Refuses unless the file is active and its rules allow this access.
    pub(super) fn file_allows(&self, file: &ElementaryFile, mode: u8) -> Result<(), StatusWord> {
        if !file.active {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        match &file.control.rules {
            Some(rules) => self.allowed_by(rules, mode),
            None => Ok(()),
        }
    }

    pub(super) fn allowed_by(&self, rules: &AccessRules, mode: u8) -> Result<(), StatusWord> {
        if rules.allow(mode, self.proven()) { Ok(()) } else { Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED) }
    }

    pub(super) fn file(&self, identifier: u16) -> Result<&ElementaryFile, StatusWord> {
        self.held.files.get(&identifier).ok_or(StatusWord::FILE_NOT_FOUND)
    }

    /// Returns the file that holds the key with this reference.
    pub(super) fn key_file(&self, reference: u8) -> Result<&ElementaryFile, StatusWord> {
        let identifier = u16::from_be_bytes([0xB0, reference]);
        self.held.files.get(&identifier).ok_or(StatusWord::REFERENCE_DATA_NOT_FOUND)
    }

    /// Refuses if content that took `before` bytes of memory may not grow to `after`.
    pub(super) fn room(&self, before: usize, after: usize) -> Result<(), StatusWord> {
        let used: usize = self.held.files.values().map(ElementaryFile::size).sum();
        let capacity = self.bound.unwrap_or(self.held.capacity);
        let fits = after <= before || used - before + after <= capacity;
        if fits { Ok(()) } else { Err(StatusWord::NOT_ENOUGH_MEMORY) }
    }
}

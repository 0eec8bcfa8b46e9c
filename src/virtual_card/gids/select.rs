//! SELECT, and the life of files: CREATE, ACTIVATE, DELETE FILE and TERMINATE DF (ISO/IEC 7816-4, 7.1; 7816-9).

use super::access::mode;
use super::applet::{Answer, Applet, LifeCycle, nothing};
use super::file::{ControlParameters, ElementaryFile};
use super::session::Session;
use crate::iso7816::{StatusWord, tlv};
use crate::virtual_card::wire::WireCommand;
use zeroize::Zeroizing;

/// Holds the application identifier of GIDS version 2.
pub(super) const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59, 0x02, 0x01];
/// Gives the length of a registered provider's identifier; no shorter name selects.
const RID: usize = 5;
/// Identifies the application as a file.
pub(super) const APPLICATION: u16 = 0x3FFF;

/// Holds the control parameters of the application: a DF, with the rules of `AccessRules::of_application`.
const CONTROL_PARAMETERS: [u8; 11] = [0x62, 0x09, 0x82, 0x01, 0x38, 0x8C, 0x04, 0x23, 0x20, 0x30, 0x30];
/// Holds management data: PIN usage policy (5F2F) and discretionary data, as GIDS cards in the field have them.
const MANAGEMENT_DATA: [u8; 11] = [0x64, 0x09, 0x5F, 0x2F, 0x01, 0x60, 0x7F, 0x65, 0x02, 0x80, 0x00];
const TERMINATED: StatusWord = StatusWord(0x6285);

impl Applet {
    /// Answers SELECT. Selecting by name logs out, as a change of application does.
    pub(super) fn select(&mut self, command: &WireCommand) -> Answer {
        let wanted = match command.p2 {
            0x00 | 0x04 | 0x08 | 0x0C => command.p2,
            0x02 | 0x06 | 0x0A | 0x0E if command.p1 == 0x04 => return Err(StatusWord::FILE_NOT_FOUND),
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        };
        let file = match command.p1 {
            0x04 => {
                if command.data.len() < RID || !AID.starts_with(&command.data) {
                    return Err(StatusWord::FILE_NOT_FOUND);
                }
                self.session = Session { selected: true, ..Session::default() };
                None
            }
            0x00 if self.session.selected => self.named(&command.data)?,
            0x00 => return Err(StatusWord::CONDITIONS_NOT_SATISFIED),
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        };
        if self.held.life == LifeCycle::Terminated {
            return Err(TERMINATED);
        }
        let told = match (file, wanted) {
            (_, 0x0C) => Vec::new(),
            (Some(identifier), 0x04) => self.file(identifier)?.control.bytes.clone(),
            (Some(_), _) => return Err(StatusWord::INCORRECT_P1_P2),
            (None, 0x00) => application_template(),
            (None, 0x04) => CONTROL_PARAMETERS.to_vec(),
            (None, _) => MANAGEMENT_DATA.to_vec(),
        };
        self.session.file = file;
        Ok(Zeroizing::new(told))
    }

    /// Returns the file that an identifier means; `None` is the application.
    fn named(&self, identifier: &[u8]) -> Result<Option<u16>, StatusWord> {
        match <[u8; 2]>::try_from(identifier).map(u16::from_be_bytes) {
            Ok(APPLICATION) => Ok(None),
            Ok(identifier) => self.file(identifier).map(|_| Some(identifier)),
            Err(_) if identifier.is_empty() => Ok(None),
            Err(_) => Err(StatusWord::WRONG_LENGTH),
        }
    }

    /// Answers CREATE FILE; the new file becomes the current one.
    pub(super) fn create_file(&mut self, command: &WireCommand) -> Answer {
        no_parameters(command)?;
        self.application_allows(mode::CREATE_FILE)?;
        let file = ElementaryFile::new(ControlParameters::read(&command.data)?);
        let identifier = file.control.identifier;
        if self.held.files.contains_key(&identifier) {
            return Err(StatusWord::FILE_EXISTS);
        }
        self.room(0, file.size())?;
        self.held.files.insert(identifier, file);
        self.session.file = Some(identifier);
        nothing()
    }

    /// Answers ACTIVATE FILE. Whoever may create a file may activate it. The application is activated once, and from
    /// then on the access rules hold.
    pub(super) fn activate_file(&mut self, command: &WireCommand) -> Answer {
        no_parameters(command)?;
        no_data(command)?;
        self.application_allows(mode::CREATE_FILE)?;
        match self.session.file {
            Some(identifier) => {
                let file = self.held.files.get_mut(&identifier).ok_or(StatusWord::FILE_NOT_FOUND)?;
                file.active = true;
            }
            None => {
                self.held.life = LifeCycle::Activated;
                self.log_out();
            }
        }
        nothing()
    }

    /// Answers DELETE FILE, which deletes the current file. The file's own rule decides if it has one, else the
    /// application's. What only the administrator may write, only the administrator may delete.
    pub(super) fn delete_file(&mut self, command: &WireCommand) -> Answer {
        no_parameters(command)?;
        no_data(command)?;
        let identifier = self.session.file.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        let file = self.file(identifier)?;
        match &file.control.rules {
            Some(rules) if rules.names(mode::DELETE_SELF) => self.file_allows(file, mode::DELETE_SELF)?,
            _ => self.application_allows(mode::DELETE_CHILD)?,
        }
        if let Some(rules) = &file.control.rules
            && !self.proven().admin
        {
            self.allowed_by(rules, mode::PUT)?;
        }
        self.held.files.remove(&identifier);
        self.session.file = None;
        if self.session.environment.is_some_and(|environment| environment.file == identifier) {
            self.session.environment = None;
        }
        nothing()
    }

    /// Answers TERMINATE DF: the application can never be used again.
    pub(super) fn terminate(&mut self, command: &WireCommand) -> Answer {
        no_parameters(command)?;
        self.application_allows(mode::TERMINATE)?;
        self.held.life = LifeCycle::Terminated;
        self.held.files.clear();
        self.log_out();
        nothing()
    }
}

/// Returns the application template: AID, and the cryptographic mechanisms in the discretionary objects.
fn application_template() -> Vec<u8> {
    let mechanisms = tlv::write(0x73, &tlv::write(0x40, &[0xC0]));
    tlv::write(0x61, &[tlv::write(0x4F, &AID), mechanisms].concat())
}

fn no_parameters(command: &WireCommand) -> Result<(), StatusWord> {
    if (command.p1, command.p2) == (0x00, 0x00) { Ok(()) } else { Err(StatusWord::INCORRECT_P1_P2) }
}

fn no_data(command: &WireCommand) -> Result<(), StatusWord> {
    if command.data.is_empty() { Ok(()) } else { Err(StatusWord::WRONG_LENGTH) }
}

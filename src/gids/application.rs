//! The GIDS application on a card: transactions, selection, data objects.

use super::cardcf::{CacheFile, Change};
use super::command::{self, AID_PREFIX, Command};
use super::error::{self, Error as GidsError, device, refused, unreadable};
use super::files::{CARD_CF, Place};
use crate::iso7816::{
    Card, ChannelError, Continuity, EndWith, ExchangeError, PinPad, ResponseApdu, StatusWord, lenient, tlv,
};
use crate::token::Error;
use zeroize::Zeroizing;

/// Lists what cards answer for a data object or elementary file that they do not have, or that was created and not
/// activated.
const ABSENT: [StatusWord; 4] = [
    StatusWord::FILE_NOT_FOUND,
    StatusWord(0x6A83),
    StatusWord::REFERENCE_DATA_NOT_FOUND,
    StatusWord::CONDITIONS_NOT_SATISFIED,
];

/// Holds the GIDS application on one card.
pub(super) struct Application {
    card: Card,
    /// The worst that happened to the card since it was last recognised with the application selected.
    since: Continuity,
    /// Where `cardcf` is.
    pub cardcf: Place,
}

impl Application {
    /// Returns the card's answer to reset.
    pub fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    pub fn new(card: Card) -> Self {
        Self { card, since: Continuity::Unbroken, cardcf: CARD_CF }
    }

    pub fn into_card(self) -> Card {
        self.card
    }

    /// Begins a transaction. Returns the worst that happened to the card since [`Application::settle`] was last called.
    pub fn begin(&mut self) -> Result<Continuity, Error> {
        let begun = self.card.begin();
        let continuity = begun.map_err(|error| self.failed("the beginning of a transaction", error))?;
        self.since = worse(self.since, continuity);
        Ok(self.since)
    }

    pub fn end(&mut self, with: EndWith) -> Result<(), Error> {
        let ended = self.card.end(with);
        ended.map_err(|error| self.failed("the end of a transaction", error))
    }

    /// Turns a channel's failure into an error. After a reset, a removal or another start of the service, the card must be
    /// recognised again before it counts as the one that was opened.
    fn failed(&mut self, operation: &'static str, error: ChannelError) -> Error {
        if matches!(error, ChannelError::Removed | ChannelError::Reset | ChannelError::ServiceStopped) {
            self.since = Continuity::Reset;
        }
        error::channel(operation, error)
    }

    /// Begins a transaction like [`Application::begin`], and selects the application again unless nobody else can have
    /// used the card.
    pub fn take_up(&mut self) -> Result<Continuity, Error> {
        self.begin()?;
        if self.since != Continuity::Unbroken
            && let Err(error) = self.select_again()
        {
            // The first error says more than one from the transaction's end.
            let _ = self.end(EndWith::Leave);
            return Err(error);
        }
        Ok(self.since)
    }

    /// Notes that the application is selected and the card is the one that was opened.
    pub fn settle(&mut self) {
        self.since = Continuity::Unbroken;
    }

    /// Selects the application again. A card without it is another card: [`Error::Removed`].
    fn select_again(&mut self) -> Result<(), Error> {
        let command = command::select_application();
        let answer = self.exchange(&command)?;
        match answer.status {
            StatusWord::OK => Ok(()),
            StatusWord::FILE_NOT_FOUND => Err(Error::Removed),
            status => Err(refused(command.name, status)),
        }
    }

    /// Selects the application and returns its version, as the AID in the answer has it; `None` if the card answers
    /// none, as many do.
    pub fn select(&mut self) -> Result<Option<String>, Error> {
        let answer = self.exchange(&command::select_application())?;
        if !answer.status.is_ok() {
            return Err(Error::NotOffered("GIDS"));
        }
        let answer = answer.data;
        let template = lenient::read(&answer).all().first().map(|template| lenient::read(template.value));
        Ok(template.and_then(|template| match template.first(0x4F)?.get(AID_PREFIX..)? {
            [version] => Some(format!("{version}")),
            [version, revision] => Some(format!("{version}.{revision}")),
            _ => None,
        }))
    }

    /// Sends a command. A refusal in the middle of a chain is treated like one at its end.
    pub fn exchange(&mut self, command: &Command) -> Result<ResponseApdu, Error> {
        match self.card.exchange(&command.apdu) {
            Ok(answer) => Ok(answer),
            Err(ExchangeError::MiddleOfChain { status, .. }) => Ok(ResponseApdu { data: Zeroizing::default(), status }),
            Err(ExchangeError::Channel(error)) => Err(self.failed(command.name, error)),
            Err(
                error @ (ExchangeError::Answer { .. }
                | ExchangeError::Oversize { .. }
                | ExchangeError::TooLong { .. }
                | ExchangeError::NoChaining { .. }
                | ExchangeError::WrongLengthForChange { .. }
                | ExchangeError::NothingCame { .. }
                | ExchangeError::Endless { .. }
                | ExchangeError::TooMuch { .. }),
            ) => Err(device(command.name, GidsError::Exchange(error))),
        }
    }

    /// Sends a command and returns the data of its answer; every status word but 9000 is an error.
    pub fn run(&mut self, command: &Command) -> Result<Zeroizing<Vec<u8>>, Error> {
        let answer = self.exchange(command)?;
        match answer.status {
            StatusWord::OK => Ok(answer.data),
            status => Err(refused(command.name, status)),
        }
    }

    /// Reads a data object; `None` if there is none.
    pub fn get(&mut self, place: Place) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let command = command::get_data(place);
        let answer = self.exchange(&command)?;
        if ABSENT.contains(&answer.status) {
            return Ok(None);
        }
        if !answer.status.is_ok() {
            return Err(refused(command.name, answer.status));
        }
        // Some cards answer an object that was emptied with nothing at all.
        if answer.data.is_empty() {
            return Ok(None);
        }
        let wanted = place.object.into();
        let objects = lenient::read(&answer.data);
        let value = objects.first(wanted).or(objects.cut(wanted)).ok_or(tlv::TlvError::Missing { wanted });
        Ok(Some(Zeroizing::new(value.map_err(unreadable(command.name))?.to_vec())))
    }

    /// Writes a data object.
    pub fn put(&mut self, place: Place, value: &[u8]) -> Result<(), Error> {
        self.run(&command::put_data(place, value)).map(drop)
    }

    /// Creates a file and activates it.
    pub fn create(&mut self, parameters: Vec<u8>) -> Result<(), Error> {
        self.run(&command::create_file(parameters))?;
        self.run(&command::activate_file()).map(drop)
    }

    /// Selects an elementary file; returns `false` if there is none.
    pub fn select_file(&mut self, identifier: u16) -> Result<bool, Error> {
        let command = command::select_file(identifier);
        match self.exchange(&command)?.status {
            StatusWord::OK => Ok(true),
            status if ABSENT.contains(&status) => Ok(false),
            status => Err(refused(command.name, status)),
        }
    }

    /// Counts in `cardcf` a change that is about to be made. A `cardcf` that cannot be read is begun anew.
    pub fn announce(&mut self, change: Change) -> Result<(), Error> {
        let place = self.cardcf;
        let bytes = self.get(place)?;
        let mut cache = bytes.and_then(|bytes| CacheFile::read(&bytes).ok()).unwrap_or_default();
        cache.count(change);
        self.put(place, &cache.write())
    }

    pub fn pin_pad(&mut self) -> Option<&mut dyn PinPad> {
        self.card.pin_pad()
    }
}

/// Returns the worse of two fates of a card.
fn worse(one: Continuity, other: Continuity) -> Continuity {
    match (one, other) {
        (Continuity::Reset, _) | (_, Continuity::Reset) => Continuity::Reset,
        (Continuity::Shared, _) | (_, Continuity::Shared) => Continuity::Shared,
        _ => Continuity::Unbroken,
    }
}

/// Reads a file's bytes by `read`; a failure names the file.
pub(super) fn read<T>(
    file: &'static str,
    bytes: &[u8],
    read: impl FnOnce(&[u8]) -> Result<T, GidsError>,
) -> Result<T, Error> {
    read(bytes).map_err(|error| device(file, error))
}

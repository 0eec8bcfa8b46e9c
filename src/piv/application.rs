//! The PIV card application on one card: transactions, commands, and what is known of the card.
//!
//! A refusal becomes [`Error::Status`]; a card that is gone becomes the matching [`token::Error`]. Nothing is sent
//! twice.

use super::command::{self, Command, PinBlock};
use super::error::{Error, channel, exchange, refused_with};
use super::metadata::{Metadata, ToldOf};
use super::objects::{Chuid, Property};
use super::offer::{Offer, Version, is_not_offered};
use super::reference::{KeyReference, SecretReference};
use super::serial::Serial;
use crate::iso7816::{Card, Continuity, EndWith, PinPadError, ResponseApdu, StatusWord};
use crate::pkix::Certificate;
use crate::token::{self, Tries};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

const BEGIN: &str = "begin a transaction";

/// Holds the PIV application on one card, and what is known of the card.
pub(super) struct Application {
    card: Card,
    /// What SELECT answered.
    pub property: Property,
    /// What the card was named by when it was opened or initialised.
    pub serial: Serial,
    /// The CHUID as it was last read or written.
    pub chuid: Option<Chuid>,
    pub(super) metadata: Offer<()>,
    pub(super) version: Offer<Version>,
    pub(super) imports: Offer<()>,
    /// The tries of the management key, as the card last told them.
    pub(super) management_tries: Tries,
    within: bool,
    selected: bool,
    /// The card was reset since it was last recognised: another card may be in the reader.
    doubted: bool,
    /// Others may have sent commands to the card since the login.
    shared: bool,
    just_verified: bool,
    /// What this transaction's first command told of the PIN; saves one question.
    pub(super) pin_seen: Option<ToldOf>,
    /// Places that were seen to be free; cleared as soon as others may have sent commands to the card.
    free: BTreeSet<KeyReference>,
}

impl Application {
    /// Returns the card's answer to reset.
    pub fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    pub fn new(card: Card) -> Self {
        Self {
            card,
            property: Property::default(),
            serial: Serial::Unread,
            chuid: None,
            metadata: Offer::Unasked,
            version: Offer::Unasked,
            imports: Offer::Unasked,
            management_tries: Tries::Untold,
            within: false,
            selected: false,
            doubted: false,
            shared: false,
            just_verified: false,
            pin_seen: None,
            free: BTreeSet::new(),
        }
    }

    /// Begins a transaction for work that needs no earlier login, and selects the application if necessary. If the card
    /// was reset and another one is there now, returns [`token::Error::Removed`].
    pub fn enter(&mut self) -> Result<(), token::Error> {
        let continuity = self.card.begin().map_err(channel(BEGIN))?;
        self.within = true;
        self.shared = false;
        self.note(continuity);
        self.selected &= continuity == Continuity::Unbroken;
        let ready = self.make_ready(continuity);
        ready.inspect_err(|_| self.leave(EndWith::Leave))
    }

    fn make_ready(&mut self, continuity: Continuity) -> Result<(), token::Error> {
        self.selected = self.selected || continuity == Continuity::Shared && self.answers_still()?;
        if !self.selected {
            self.select()?;
        }
        if self.doubted && self.serial != Serial::Unread {
            let found = self.identify()?;
            if !self.serial.is_still(&found) {
                self.selected = false;
                return Err(token::Error::Removed);
            }
            // A name that the card goes by of old stays.
            if found.text() == self.serial.text() {
                self.serial = found;
            }
        }
        self.doubted = false;
        Ok(())
    }

    /// Says whether the application is still selected after others used the card. It is asked by GET METADATA, which
    /// only a YubiKey's application knows. It is asked before SELECT, because its answer also tells of the PIN.
    fn answers_still(&mut self) -> Result<bool, token::Error> {
        if self.metadata == Offer::Refused || !matches!(self.serial, Serial::Hardware(_)) {
            return Ok(false);
        }
        let answer = self.ask(command::metadata(SecretReference::Pin.byte()))?;
        let metadata = answer.status.is_ok().then(|| Metadata::read(&answer.data)).flatten();
        let told = |metadata: Metadata| {
            let is_default = metadata.is_default;
            metadata.tries_left.map(|left| ToldOf { tries: counted(left), is_default })
        };
        self.pin_seen = metadata.and_then(told);
        Ok(self.pin_seen.is_some())
    }

    /// Takes up a transaction again after [`Self::leave`], without sending anything. A reset has ended the login and
    /// returns [`token::Error::Reset`].
    pub fn resume(&mut self) -> Result<Continuity, token::Error> {
        if self.within {
            return Ok(Continuity::Unbroken);
        }
        let continuity = self.card.begin().map_err(channel(BEGIN))?;
        self.note(continuity);
        if continuity == Continuity::Reset {
            self.selected = false;
            // The transaction is of no use to anybody; how it ends does not matter.
            let _ = self.card.end(EndWith::Leave);
            return Err(token::Error::Reset);
        }
        self.shared |= continuity == Continuity::Shared;
        self.within = true;
        Ok(continuity)
    }

    /// Forgets that others used the card: what they did before this moment cannot affect what is proven from now on.
    pub fn forget_others(&mut self) {
        self.shared = false;
    }

    fn note(&mut self, continuity: Continuity) {
        self.doubted |= continuity == Continuity::Reset;
        if continuity != Continuity::Unbroken {
            self.free.clear();
        }
    }

    /// Notes whether `reference` has neither key nor certificate; call it with `false` before that changes.
    pub fn set_free(&mut self, reference: KeyReference, free: bool) {
        if free {
            self.free.insert(reference);
        } else {
            self.free.remove(&reference);
        }
    }

    /// Says whether `reference` is known to have neither key nor certificate.
    pub fn is_free(&self, reference: KeyReference) -> bool {
        self.free.contains(&reference)
    }

    /// Ends the transaction. If the channel fails here, the card is lost, and the next command reports it.
    pub fn leave(&mut self, with: EndWith) {
        self.just_verified = false;
        self.pin_seen = None;
        self.selected &= with == EndWith::Leave;
        if std::mem::take(&mut self.within) {
            let _ = self.card.end(with);
        }
    }

    /// Does `work` in a transaction of its own, which ends `with`.
    pub fn within<T>(
        &mut self,
        with: EndWith,
        work: impl FnOnce(&mut Self) -> Result<T, token::Error>,
    ) -> Result<T, token::Error> {
        self.enter()?;
        let done = work(self);
        self.leave(with);
        done
    }

    /// Selects the application (SP 800-73-4 part 2, 3.1.1) and reads its property template.
    fn select(&mut self) -> Result<(), token::Error> {
        let answer = self.ask(command::select())?;
        match answer.status {
            StatusWord::OK => {
                self.property = Property::read(&answer.data);
                self.selected = true;
                Ok(())
            }
            StatusWord::FILE_NOT_FOUND | APPLET_SELECT_FAILED => Err(token::Error::NotOffered("PIV")),
            word if is_not_offered(word) => Err(token::Error::NotOffered("PIV")),
            word => Err(self.refusal(command::SELECT, word)),
        }
    }

    /// Sends the command and returns the answer, whatever its status word.
    pub fn ask(&mut self, command: Command) -> Result<ResponseApdu, token::Error> {
        self.just_verified = false;
        self.card.exchange(&command.apdu).map_err(exchange(command.name))
    }

    /// Sends the command and returns the data of its answer; every status word but 9000 is an error.
    pub fn done(&mut self, command: Command) -> Result<Zeroizing<Vec<u8>>, token::Error> {
        let name = command.name;
        let answer = self.ask(command)?;
        if answer.status.is_ok() { Ok(answer.data) } else { Err(self.refusal(name, answer.status)) }
    }

    /// Turns the status word of a refusal into an error. If others may have used the card, a security status that is
    /// not satisfied means that they ended the login.
    pub fn refusal(&self, command: &'static str, word: StatusWord) -> token::Error {
        match word {
            StatusWord::NOT_ENOUGH_MEMORY => token::Error::Full,
            StatusWord::SECURITY_STATUS_NOT_SATISFIED if self.shared => token::Error::Reset,
            word => Error::Status { command, word }.at(command),
        }
    }

    /// Returns the certificate (DER) by which the card's own authority attests the key under `reference`.
    pub fn attestation(&mut self, reference: KeyReference) -> Result<Vec<u8>, token::Error> {
        let answer = self.done(command::attest(reference)).map_err(|error| match refused_with(&error) {
            Some(word) if is_not_offered(word) => token::Error::NotOffered("attestation"),
            Some(StatusWord::REFERENCE_DATA_NOT_FOUND) => token::Error::NoSuchKey(reference.id()),
            _ => error,
        })?;
        Certificate::from_der(&answer).map_err(|error| token::Error::NotACertificate(Box::new(error)))?;
        Ok(answer.to_vec())
    }

    /// Says whether VERIFY was the last command and the PIN was right.
    pub fn just_verified(&self) -> bool {
        self.just_verified
    }

    /// Says whether the reader has a PIN pad.
    pub fn has_pin_pad(&mut self) -> bool {
        self.card.pin_pad().is_some()
    }

    /// Verifies the PIN, once. The caller must have read its counter.
    pub fn verify(&mut self, pin: &PinBlock) -> Result<(), token::Error> {
        match self.ask(command::verify(pin))?.status {
            // Nothing was compared then (SP 800-73-4 part 2, 3.2.1).
            StatusWord::INCORRECT_DATA => Err(token::Error::SecretCharacters { secret: token::SecretKind::Pin }),
            word => self.verified(word),
        }
    }

    /// Verifies the PIN that the user types at the reader, once; see [`Self::verify`].
    pub fn verify_by_pin_pad(&mut self) -> Result<(), token::Error> {
        self.just_verified = false;
        let Some(pad) = self.card.pin_pad() else { return Err(token::Error::NotOffered("a PIN pad")) };
        let word = pad.verify(&command::verify_by_pin_pad()).map_err(|error| match error {
            PinPadError::Cancelled | PinPadError::Timeout => token::Error::PinPadCancelled,
            PinPadError::Channel(error) => channel(command::VERIFY)(error),
        })?;
        self.verified(word)
    }

    fn verified(&mut self, word: StatusWord) -> Result<(), token::Error> {
        self.judge(SecretReference::Pin, command::VERIFY, word)?;
        self.just_verified = true;
        Ok(())
    }

    /// Turns the status word of `command`, which carried `secret`, into what it says of the secret.
    pub fn judge(&self, secret: SecretReference, command: &'static str, word: StatusWord) -> Result<(), token::Error> {
        let secret = secret.kind();
        match (word, word.tries_left()) {
            (StatusWord::OK, _) => Ok(()),
            (_, Some(left)) => Err(token::Error::SecretRefused { secret, left: counted(left) }),
            (VERIFICATION_FAILED, _) => Err(token::Error::SecretRefused { secret, left: Tries::Untold }),
            (StatusWord::AUTHENTICATION_METHOD_BLOCKED, _) => Err(token::Error::Locked { secret }),
            (word, _) => Err(self.refusal(command, word)),
        }
    }
}

/// Says that verification failed without telling the tries left (ISO/IEC 7816-4, table 6).
pub(super) const VERIFICATION_FAILED: StatusWord = StatusWord(0x6300);

/// Says that the applet is there but refuses to be selected (Java cards).
const APPLET_SELECT_FAILED: StatusWord = StatusWord(0x6999);

/// Turns a counter into [`Tries`]; 0 is locked.
pub(super) fn counted(left: u8) -> Tries {
    match left {
        0 => Tries::Locked,
        left => Tries::Left(left),
    }
}

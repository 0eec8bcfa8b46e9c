//! What a logged-in user does on a card: keys, signatures, certificates, and pauses in between.

use super::application::Application;
use super::changes::{self, Making};
use super::command;
use super::compression;
use super::container::{self, KeySpec};
use super::contents::{Contents, public_key};
use super::error::device;
use super::files::Place;
use super::key;
use super::room;
use super::roots;
use crate::iso7816::{Continuity, EndWith};
use crate::pkix::{Certificate, MemoryKey, PublicKey, SignatureAlgorithm, Signer};
use crate::token::{Error, KeyId, KeyOrder, Session, StoredKey};

/// Holds a login with the user's PIN. Dropping it resets the card.
pub(super) struct GidsSession<'a> {
    application: &'a mut Application,
    /// Where `cardid` is and what it holds.
    card_id: (Place, [u8; 16]),
    state: State,
    /// Whether the card can tell that the PIN is proven; not asked before the first pause.
    tells: Option<bool>,
    /// What was read from the card; nobody else can change it within the transaction.
    known: Option<Contents>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Within a transaction, with the PIN proven.
    Open,
    /// Within a transaction; another program may have logged out meanwhile, and the card does not tell.
    Doubtful,
    /// Between transactions.
    Paused,
    /// The login is lost.
    Lost,
}

impl<'a> GidsSession<'a> {
    pub fn new(application: &'a mut Application, card_id: (Place, [u8; 16])) -> Self {
        Self { application, card_id, state: State::Open, tells: None, known: None }
    }

    /// Takes up the card again after a pause. The application is not selected again, because that would end the login.
    fn take_up(&mut self) -> Result<(), Error> {
        match self.state {
            State::Open | State::Doubtful => return Ok(()),
            State::Lost => return Err(Error::Reset),
            State::Paused => {}
        }
        self.state = match self.application.begin()? {
            Continuity::Unbroken => State::Open,
            Continuity::Shared => self.after_others()?,
            Continuity::Reset => State::Lost,
        };
        if self.state == State::Lost { Err(Error::Reset) } else { Ok(()) }
    }

    /// Finds out what is left of the login after others used the card.
    fn after_others(&mut self) -> Result<State, Error> {
        self.known = None;
        let (place, id) = self.card_id;
        let there = match self.application.get(place) {
            // Another application is selected.
            Err(Error::Device { .. }) => false,
            Err(error) => return Err(self.leave(error)),
            Ok(now) => now.is_some_and(|now| **now == id),
        };
        if !there {
            return Ok(State::Lost);
        }
        let proven = self.is_proven().map_err(|error| self.leave(error))?;
        self.application.settle();
        Ok(match (proven, self.tells) {
            (true, _) => State::Open,
            (false, Some(true)) => State::Lost,
            (false, _) => State::Doubtful,
        })
    }

    /// Says whether the card reports the PIN as proven. Some cards answer with the tries left even if it is.
    fn is_proven(&mut self) -> Result<bool, Error> {
        Ok(self.application.exchange(&command::ask_verified())?.status.is_ok())
    }

    /// Ends the transaction in which `error` came, and returns the error.
    fn leave(&mut self, error: Error) -> Error {
        // The first error says more than one from the transaction's end.
        let _ = self.application.end(EndWith::Leave);
        error
    }

    /// Returns the application and what is known of the card, which is read if necessary.
    fn contents(&mut self) -> Result<(&mut Application, &mut Contents), Error> {
        self.take_up()?;
        let known = match self.known.take() {
            Some(known) => known,
            None => Contents::read(self.application)?,
        };
        Ok((self.application, self.known.insert(known)))
    }

    /// Forgets what is known of the card if a change may have been made in part. If a doubtful login is refused, it is
    /// lost.
    fn settle<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        if done.is_err() {
            self.known = None;
        }
        match done {
            Err(Error::UserNeeded) if self.state == State::Doubtful => {
                self.state = State::Lost;
                Err(Error::Reset)
            }
            done => done,
        }
    }

    /// Finds an index for a key pair and makes the key there.
    fn make(
        &mut self,
        order: &KeyOrder,
        fill: impl FnOnce(&mut Application, &Making) -> Result<PublicKey, Error>,
    ) -> Result<PublicKey, Error> {
        let bits = key::rsa_bits(order.algorithm).ok_or(Error::Algorithm(order.algorithm))?;
        let mechanism = key::mechanism(bits).ok_or(Error::Algorithm(order.algorithm))?;
        let name = container::name(&order.id).map_err(|error| device("the choice of a container", error))?;
        let (application, contents) = self.contents()?;
        if contents.containers.find(&order.id).is_some() {
            return Err(Error::KeyIdTaken(order.id.clone()));
        }
        contents.may_change()?;
        let index = contents.containers.free().ok_or(Error::Full)?;
        let spec = if order.decrypts { KeySpec::Exchange } else { KeySpec::Signature };
        let making = Making { id: order.id.clone(), name, index, spec, bits, mechanism };
        changes::create_key_file(application, &making)?;
        let made = fill(application, &making).and_then(|public_key| {
            changes::register(application, contents, &making)?;
            Ok(public_key)
        });
        if made.is_err() {
            // A key without a container is useless; if it cannot be removed, the next key replaces it.
            let _ = changes::remove_key_file(application, index);
        }
        self.settle(made)
    }
}

impl Session for GidsSession<'_> {
    fn find(&mut self, id: &KeyId) -> Result<Option<StoredKey>, Error> {
        let (application, contents) = self.contents()?;
        match contents.containers.find(id) {
            Some((index, container)) => contents.stored(application, index, container).map(Some),
            None => Ok(None),
        }
    }

    fn list(&mut self) -> Result<Vec<StoredKey>, Error> {
        let (application, contents) = self.contents()?;
        contents.all(application)
    }

    fn holds(&mut self, id: &KeyId, expected: &PublicKey) -> Result<bool, Error> {
        let (application, contents) = self.contents()?;
        match contents.containers.find(id) {
            Some((index, _)) => Ok(public_key(application, index)?.as_ref() == Some(expected)),
            None => Ok(false),
        }
    }

    fn reserve(&mut self, _id: &KeyId, length: usize) -> Result<(), Error> {
        let length = room::certificate(length)?;
        let (application, contents) = self.contents()?;
        let fits = room::try_objects(application, contents, &[length]);
        self.settle(fits)
    }

    fn pause(&mut self) {
        if matches!(self.state, State::Open | State::Doubtful) {
            // Whether the card is still there shows when it is taken up again.
            if self.state == State::Open && self.tells.is_none() {
                self.tells = self.is_proven().ok();
            }
            let _ = self.application.end(EndWith::Leave);
            self.state = State::Paused;
        }
    }

    fn generate(&mut self, order: &KeyOrder) -> Result<PublicKey, Error> {
        self.make(order, |application, making| changes::generate(application, making, order.algorithm))
    }

    fn import(&mut self, order: &KeyOrder, key: &MemoryKey) -> Result<(), Error> {
        if key.public_key().algorithm() != Some(order.algorithm) {
            return Err(Error::Algorithm(order.algorithm));
        }
        self.make(order, |application, making| changes::import(application, making, key)).map(drop)
    }

    fn sign(&mut self, id: &KeyId, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        let (application, contents) = self.contents()?;
        let (index, container) = contents.container(id)?;
        let rsa = Some(algorithm).filter(|algorithm| algorithm.is_rsa());
        let digest_info = rsa.and_then(|rsa| rsa.digest_info(message).ok()).ok_or(Error::Signature(algorithm))?;
        let mechanism = key::mechanism(container.bits()).ok_or(Error::Signature(algorithm))?;
        let signed = changes::sign(application, index, mechanism, &digest_info, container.bits() / 8);
        match self.settle(signed)? {
            Some(signature) => Ok(signature),
            None => Err(Error::NoSuchKey(id.clone())),
        }
    }

    /// Writes the certificate. The label is ignored: the card has only the container's own name.
    fn write_certificate(&mut self, id: &KeyId, _label: &str, certificate: &[u8]) -> Result<(), Error> {
        Certificate::from_der(certificate).map_err(|error| Error::NotACertificate(Box::new(error)))?;
        let (length, largest) = (certificate.len(), compression::LARGEST);
        let packed = compression::pack(certificate).map_err(|error| device("certificate", error))?;
        let packed = packed.ok_or(Error::CertificateTooLarge { length, largest })?;
        let (application, contents) = self.contents()?;
        let (index, container) = contents.container(id)?;
        let becomes_default = contents.becomes_default(application, index, certificate)?;
        let written = changes::write_certificate(application, contents, (index, &container), &packed, becomes_default);
        self.settle(written)
    }

    fn read_certificate(&mut self, id: &KeyId) -> Result<Option<Vec<u8>>, Error> {
        let (application, contents) = self.contents()?;
        match contents.containers.find(id) {
            Some((index, container)) => Ok(contents.certificate(application, index, container)?.der),
            None => Ok(None),
        }
    }

    fn write_ca_certificates(&mut self, certificates: &[Vec<u8>]) -> Result<usize, Error> {
        let (application, contents) = self.contents()?;
        let added = roots::add(application, contents, certificates);
        self.settle(added)
    }

    fn remove_ca_certificates(&mut self, leaves: &[Vec<u8>]) -> Result<usize, Error> {
        let (application, contents) = self.contents()?;
        let removed = roots::remove(application, contents, leaves);
        self.settle(removed)
    }

    fn delete(&mut self, id: &KeyId) -> Result<usize, Error> {
        let (application, contents) = self.contents()?;
        let Some((index, container)) = contents.containers.find(id) else { return Ok(0) };
        let (index, container) = (index, container.clone());
        let gone = changes::delete(application, contents, (index, &container));
        self.settle(gone)
    }
}

impl Drop for GidsSession<'_> {
    fn drop(&mut self) {
        // Nobody is left to be told of a failure; the card behind it ends the transaction once more when it is dropped.
        let _ = self.application.end(EndWith::Reset);
    }
}

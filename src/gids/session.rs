//! A logged-in user's work: keys, signatures, certificates.
//!
//! What is at an index is written so that a change that was cut off shows nothing that is not there: a container is
//! named when its key is made, a certificate when it is written, and a name goes last.

use super::application::{Application, read};
use super::cardcf::Change;
use super::command;
use super::compression;
use super::container::{self, Container, KeySpec, certificate_file};
use super::contents::{Contents, NO_KEY, public_key};
use super::error::{Error as GidsError, device, refused};
use super::files::{KEY_MAP, MASTER_FILE, MSCP, ROW_LENGTH};
use super::key;
use super::keymap::KeyMap;
use crate::iso7816::{Continuity, EndWith, StatusWord};
use crate::pkix::{Certificate, KeyAlgorithm, MemoryKey, PublicKey, SignatureAlgorithm, Signer};
use crate::token::{Error, KeyId, KeyOrder, Session, StoredKey};

/// A session with the user's PIN proven; dropping it resets the card.
pub(super) struct GidsSession<'a> {
    application: &'a mut Application,
    state: State,
    /// What was read of the card; nobody else can change it within the transaction.
    known: Option<Contents>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Within a transaction, the PIN proven.
    Open,
    /// Between transactions.
    Paused,
    /// The card was reset meanwhile.
    Lost,
}

/// A key pair to be made at an index.
struct Making {
    id: KeyId,
    name: String,
    index: u8,
    spec: KeySpec,
    bits: u16,
    mechanism: u8,
}

impl<'a> GidsSession<'a> {
    pub fn new(application: &'a mut Application) -> Self {
        Self { application, state: State::Open, known: None }
    }

    /// Takes the card up again after a pause.
    fn take_up(&mut self) -> Result<(), Error> {
        match self.state {
            State::Open => return Ok(()),
            State::Lost => return Err(Error::Reset),
            State::Paused => {}
        }
        let holds = match self.application.take_up()? {
            Continuity::Unbroken => true,
            Continuity::Shared => self.still_proven()?,
            Continuity::Reset => false,
        };
        self.state = if holds { State::Open } else { State::Lost };
        if holds { Ok(()) } else { Err(Error::Reset) }
    }

    /// Asks the card whether the PIN still is proven, after others may have spoken to it.
    fn still_proven(&mut self) -> Result<bool, Error> {
        self.known = None;
        match self.application.exchange(&command::ask_verified()) {
            Ok(answer) => {
                self.application.settle();
                Ok(answer.status.is_ok())
            }
            Err(error) => {
                // The first error tells more than one of the transaction's end.
                let _ = self.application.end(EndWith::Leave);
                Err(error)
            }
        }
    }

    /// The application and what is known of the card, read if need be.
    fn contents(&mut self) -> Result<(&mut Application, &mut Contents), Error> {
        self.take_up()?;
        let known = match self.known.take() {
            Some(known) => known,
            None => Contents::read(self.application)?,
        };
        Ok((self.application, self.known.insert(known)))
    }

    /// Forgets what is known where a change may have been made half.
    fn settle<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        if done.is_err() {
            self.known = None;
        }
        done
    }

    /// Finds an index for a key pair and makes it there.
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
        let index = contents.containers.free().ok_or(Error::Full)?;
        let spec = if order.decrypts { KeySpec::Exchange } else { KeySpec::Signature };
        let making = Making { id: order.id.clone(), name, index, spec, bits, mechanism };
        create_key_file(application, &making)?;
        let made = fill(application, &making).and_then(|public_key| {
            register(application, contents, &making)?;
            Ok(public_key)
        });
        if made.is_err() {
            // A key without a container is of no use; what cannot be removed gives way to the next key.
            let _ = remove_key_file(application, index);
        }
        self.settle(made)
    }
}

/// Creates a container's key file, in place of one that belongs to no container.
fn create_key_file(application: &mut Application, making: &Making) -> Result<(), Error> {
    let parameters = key::parameters(making.index, making.mechanism, making.spec);
    match application.create(parameters.clone()) {
        // Cards differ in how they say that there is a file of this number already.
        Err(error @ Error::Device { .. }) => {
            if !remove_key_file(application, making.index)? {
                return Err(error);
            }
            application.create(parameters)
        }
        created => created,
    }
}

/// Deletes a key file; `false` when there is none.
fn remove_key_file(application: &mut Application, index: u8) -> Result<bool, Error> {
    if !application.select_file(key::file(index))? {
        return Ok(false);
    }
    application.run(&command::delete_file())?;
    Ok(true)
}

/// Generates the key pair; the public key is read where the card does not answer it.
fn generate(application: &mut Application, making: &Making, algorithm: KeyAlgorithm) -> Result<PublicKey, Error> {
    let command = command::generate(key::reference(making.index), making.mechanism);
    let answer = application.exchange(&command)?;
    match answer.status {
        StatusWord::OK if answer.data.is_empty() => {
            public_key(application, making.index)?.ok_or_else(|| Error::NoSuchKey(making.id.clone()))
        }
        StatusWord::OK => key::public_key(command.name, &answer.data),
        StatusWord::FUNCTION_NOT_SUPPORTED => Err(Error::Algorithm(algorithm)),
        status => Err(refused(command.name, status)),
    }
}

/// Puts a key pair into its file, and makes sure that the card took it as it was meant.
fn import(application: &mut Application, making: &Making, key: &MemoryKey) -> Result<PublicKey, Error> {
    let template = key::import(key).map_err(|error| device("PUT KEY", error))?;
    let command = command::put_key(key::reference(making.index), template);
    match application.exchange(&command)?.status {
        StatusWord::OK => {}
        StatusWord::FUNCTION_NOT_SUPPORTED => return Err(Error::NotOffered("the import of a private key")),
        status => return Err(refused(command.name, status)),
    }
    match public_key(application, making.index)? {
        Some(there) if there == *key.public_key() => Ok(there),
        _ => Err(device(command.name, GidsError::OtherPublicKey)),
    }
}

/// Gives a key that is there its container.
fn register(application: &mut Application, contents: &mut Contents, making: &Making) -> Result<(), Error> {
    let mut containers = contents.containers.clone();
    containers.insert(making.index, Container::new(making.name.clone(), making.spec, making.bits));
    let mut keys = key_map(application)?;
    keys.resize(containers.len());
    keys.set(making.index, making.mechanism, making.spec);
    application.announce(Change::ContainersAndFiles)?;
    application.put(KEY_MAP, &keys.write())?;
    application.put(contents.cmap_file, &containers.write())?;
    contents.containers = containers;
    Ok(())
}

fn key_map(application: &mut Application) -> Result<KeyMap, Error> {
    let bytes = application.get(KEY_MAP)?.unwrap_or_default();
    read("key map", &bytes, KeyMap::read)
}

/// Writes `file` as the certificate of the container at `index`; the old one goes when the new one is there.
fn write_certificate(
    application: &mut Application,
    contents: &mut Contents,
    (index, container): (u8, &Container),
    file: &[u8],
) -> Result<(), Error> {
    let new = contents.master.free().ok_or(Error::Full)?;
    let old = contents.certificate_place(index, container);
    let mut master = contents.master.clone();
    master.set(MSCP, &certificate_file(index, container.spec()), new);
    application.announce(Change::Files)?;
    let written = application.put(new, file).and_then(|()| application.put(MASTER_FILE, &master.write()));
    if let Err(error) = written {
        // Gives back the room; the object belongs to no file.
        let _ = application.put(new, &[]);
        return Err(error);
    }
    contents.master = master;
    old.map_or(Ok(()), |old| application.put(old, &[]))
}

/// Deletes certificate, key and container, and says how many of certificate and key there were.
fn delete(
    application: &mut Application,
    contents: &mut Contents,
    (index, container): (u8, &Container),
) -> Result<usize, Error> {
    let mut gone = 0;
    application.announce(Change::ContainersAndFiles)?;
    if let Some(place) = contents.certificate_place(index, container) {
        let mut master = contents.master.clone();
        master.remove(MSCP, &certificate_file(index, container.spec()));
        application.put(place, &[])?;
        application.put(MASTER_FILE, &master.write())?;
        contents.master = master;
        gone += 1;
    }
    if remove_key_file(application, index)? {
        gone += 1;
    }
    let mut containers = contents.containers.clone();
    containers.remove(index);
    let mut keys = key_map(application)?;
    keys.resize(containers.len());
    keys.remove(index);
    application.put(KEY_MAP, &keys.write())?;
    application.put(contents.cmap_file, &containers.write())?;
    contents.containers = containers;
    Ok(gone)
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

    /// No object tells how much room is left: as many bytes as will be written are put where they will be, at an object
    /// that belongs to no file, and taken away again. Counts a certificate that cannot be made shorter.
    fn reserve(&mut self, _id: &KeyId, length: usize) -> Result<(), Error> {
        let largest = compression::LARGEST;
        if length > largest {
            return Err(Error::CertificateTooLarge { length, largest });
        }
        let (application, contents) = self.contents()?;
        let place = contents.master.free().ok_or(Error::Full)?;
        let tried = application.put(place, &vec![0xFF; length + compression::OVERHEAD + ROW_LENGTH]);
        let emptied = application.put(place, &[]);
        tried.and(emptied)
    }

    fn pause(&mut self) {
        if self.state == State::Open {
            // Whether the card is still there shows when it is taken up again.
            let _ = self.application.end(EndWith::Leave);
            self.state = State::Paused;
        }
    }

    fn generate(&mut self, order: &KeyOrder) -> Result<PublicKey, Error> {
        self.make(order, |application, making| generate(application, making, order.algorithm))
    }

    fn import(&mut self, order: &KeyOrder, key: &MemoryKey) -> Result<(), Error> {
        if key.public_key().algorithm() != Some(order.algorithm) {
            return Err(Error::Algorithm(order.algorithm));
        }
        self.make(order, |application, making| import(application, making, key)).map(drop)
    }

    fn sign(&mut self, id: &KeyId, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        let (application, contents) = self.contents()?;
        let (index, container) = contents.container(id)?;
        let digest_info = key::digest_info(algorithm, message).ok_or(Error::Signature(algorithm))?;
        let mechanism = key::mechanism(container.bits()).ok_or(Error::Signature(algorithm))?;
        let command = command::sign_with(key::reference(index), key::pkcs1(mechanism));
        match application.exchange(&command)?.status {
            StatusWord::OK => {}
            status if NO_KEY.contains(&status) => return Err(Error::NoSuchKey(id.clone())),
            status => return Err(refused(command.name, status)),
        }
        application.run(&command::sign(&digest_info, container.bits() / 8)).map(|signature| signature.to_vec())
    }

    /// The card has no place for a label beside the container's own name.
    fn write_certificate(&mut self, id: &KeyId, _label: &str, certificate: &[u8]) -> Result<(), Error> {
        Certificate::from_der(certificate).map_err(|error| Error::NotACertificate(Box::new(error)))?;
        let (length, largest) = (certificate.len(), compression::LARGEST);
        let packed = compression::pack(certificate).map_err(|error| device("certificate", error))?;
        let packed = packed.ok_or(Error::CertificateTooLarge { length, largest })?;
        let (application, contents) = self.contents()?;
        let (index, container) = contents.container(id)?;
        let written = write_certificate(application, contents, (index, &container), &packed);
        self.settle(written)
    }

    fn read_certificate(&mut self, id: &KeyId) -> Result<Option<Vec<u8>>, Error> {
        let (application, contents) = self.contents()?;
        match contents.containers.find(id) {
            Some((index, container)) => contents.certificate(application, index, container),
            None => Ok(None),
        }
    }

    fn delete(&mut self, id: &KeyId) -> Result<usize, Error> {
        let (application, contents) = self.contents()?;
        let Some((index, container)) = contents.containers.find(id) else { return Ok(0) };
        let (index, container) = (index, container.clone());
        let gone = delete(application, contents, (index, &container));
        self.settle(gone)
    }
}

impl Drop for GidsSession<'_> {
    fn drop(&mut self) {
        // Nobody is left to be told; the card behind it ends the transaction once more when it is dropped.
        let _ = self.application.end(EndWith::Reset);
    }
}

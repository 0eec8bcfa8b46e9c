//! What a session changes on a card, command by command.
//!
//! The order of the writes makes sure that a change that was cut off never shows anything that is not there: a
//! container gets its record after its key is made, a certificate's name is written after the certificate, and a name
//! is removed last.

use super::application::Application;
use super::cardcf::Change;
use super::command;
use super::container::{Container, ContainerMap, KeySpec, certificate_file};
use super::contents::{Contents, NO_KEY, public_key};
use super::error::{Error as GidsError, device, refused};
use super::files::{KEY_MAP, MASTER_FILE, MSCP, Place};
use super::key;
use super::keymap::KeyMap;
use crate::iso7816::StatusWord;
use crate::pkix::{KeyAlgorithm, MemoryKey, PublicKey, Signer};
use crate::token::{Error, KeyId};

/// Describes a key pair to be made at an index.
pub(super) struct Making {
    pub id: KeyId,
    pub name: String,
    pub index: u8,
    pub spec: KeySpec,
    pub bits: u16,
    pub mechanism: u8,
}

/// Creates a container's key file; replaces a file that belongs to no container.
pub(super) fn create_key_file(application: &mut Application, making: &Making) -> Result<(), Error> {
    let parameters = key::parameters(making.index, making.mechanism, making.spec);
    match application.create(parameters.clone()) {
        // Cards answer with different status words if there is a file with this number already.
        Err(error @ Error::Device { .. }) => {
            if !remove_key_file(application, making.index)? {
                return Err(error);
            }
            application.create(parameters)
        }
        created => created,
    }
}

/// Deletes a key file; returns `false` if there is none.
pub(super) fn remove_key_file(application: &mut Application, index: u8) -> Result<bool, Error> {
    if !application.select_file(key::file(index))? {
        return Ok(false);
    }
    application.run(&command::delete_file())?;
    Ok(true)
}

/// Generates the key pair. If the card does not answer with the public key, it is read.
pub(super) fn generate(
    application: &mut Application,
    making: &Making,
    algorithm: KeyAlgorithm,
) -> Result<PublicKey, Error> {
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

/// Puts a key pair into its file, and checks that the card then shows the right public key.
pub(super) fn import(application: &mut Application, making: &Making, key: &MemoryKey) -> Result<PublicKey, Error> {
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

/// Adds the container of a key that was just made.
pub(super) fn register(application: &mut Application, contents: &mut Contents, making: &Making) -> Result<(), Error> {
    let mut containers = contents.containers.clone();
    containers.insert(making.index, Container::new(making.name.clone(), making.spec, making.bits));
    // Whether somebody logs on with a key that may decrypt is said by its certificate alone.
    if making.spec == KeySpec::Signature && containers.default().is_none() {
        containers.set_default(making.index);
    }
    let mut keys = key_map(application, &containers)?;
    keys.set(making.index, making.mechanism, making.spec);
    application.announce(Change::ContainersAndFiles)?;
    application.put(KEY_MAP, &keys.write())?;
    contents.put_containers(application, containers)
}

/// Reads the key map, with as many records as there are containers; one that cannot be read is made anew from them.
fn key_map(application: &mut Application, containers: &ContainerMap) -> Result<KeyMap, Error> {
    let bytes = application.get(KEY_MAP)?.unwrap_or_default();
    let told = KeyMap::read(&bytes);
    let lost = told.is_err();
    let mut keys = told.unwrap_or_default();
    keys.resize(containers.len());
    for (index, container) in containers.all().filter(|_| lost) {
        if let Some(mechanism) = key::mechanism(container.bits()) {
            keys.set(index, mechanism, container.spec());
        }
    }
    Ok(keys)
}

/// Writes `file` as the certificate of the container at `index`, and has the container be the default if that is said.
/// The old certificate is removed once the new one is in place.
pub(super) fn write_certificate(
    application: &mut Application,
    contents: &mut Contents,
    (index, container): (u8, &Container),
    file: &[u8],
    becomes_default: bool,
) -> Result<(), Error> {
    let change = if becomes_default { Change::ContainersAndFiles } else { Change::Files };
    let name = certificate_file(index, container.spec());
    let old = put_file(application, contents, &name, file, change)?;
    if becomes_default {
        let mut containers = contents.containers.clone();
        containers.set_default(index);
        contents.put_containers(application, containers)?;
    }
    old.map_or(Ok(()), |old| application.put(old, &[]))
}

/// Writes a file of the Base CSP to another place than it had, and returns that one, which is still to be emptied.
pub(super) fn put_file(
    application: &mut Application,
    contents: &mut Contents,
    name: &str,
    file: &[u8],
    change: Change,
) -> Result<Option<Place>, Error> {
    let new = contents.master.free().ok_or(Error::Full)?;
    let old = contents.master.find(MSCP, name);
    let mut master = contents.master.clone();
    master.set(MSCP, name, new);
    application.announce(change)?;
    let written = application.put(new, file).and_then(|()| application.put(MASTER_FILE, &master.write()));
    if let Err(error) = written {
        // Frees the room; the object belongs to no file.
        let _ = application.put(new, &[]);
        return Err(error);
    }
    contents.master = master;
    Ok(old)
}

/// Removes a file of the Base CSP; its place is emptied first, so that a cut leaves no object without a name.
pub(super) fn remove_file(
    application: &mut Application,
    contents: &mut Contents,
    name: &str,
    place: Place,
) -> Result<(), Error> {
    let mut master = contents.master.clone();
    master.remove(MSCP, name);
    application.put(place, &[])?;
    application.put(MASTER_FILE, &master.write())?;
    contents.master = master;
    Ok(())
}

/// Deletes certificate, key and container, and returns how many of certificate and key there were.
pub(super) fn delete(
    application: &mut Application,
    contents: &mut Contents,
    (index, container): (u8, &Container),
) -> Result<usize, Error> {
    let mut gone = 0;
    contents.may_change()?;
    application.announce(Change::ContainersAndFiles)?;
    if let Some(place) = contents.certificate_place(index, container) {
        remove_file(application, contents, &certificate_file(index, container.spec()), place)?;
        gone += 1;
    }
    if remove_key_file(application, index)? {
        gone += 1;
    }
    let mut containers = contents.containers.clone();
    containers.remove(index);
    if contents.containers.default().is_some_and(|(default, _)| default == index)
        && let Some(successor) = contents.successor(application, index)?
    {
        containers.set_default(successor);
    }
    let mut keys = key_map(application, &containers)?;
    keys.remove(index);
    application.put(KEY_MAP, &keys.write())?;
    contents.put_containers(application, containers)?;
    Ok(gone)
}

/// Signs; `None` if there is no key at the index.
pub(super) fn sign(
    application: &mut Application,
    index: u8,
    mechanism: u8,
    digest_info: &[u8],
    modulus: u16,
) -> Result<Option<Vec<u8>>, Error> {
    let command = command::sign_with(key::reference(index), key::pkcs1(mechanism));
    match application.exchange(&command)?.status {
        StatusWord::OK => {}
        status if NO_KEY.contains(&status) => return Ok(None),
        status => return Err(refused(command.name, status)),
    }
    application.run(&command::sign(digest_info, modulus)).map(|signature| Some(signature.to_vec()))
}

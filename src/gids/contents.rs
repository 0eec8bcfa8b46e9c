//! What a card holds: the master file, the containers, their keys and certificates. Anybody may read it.

use super::application::{Application, read};
use super::command;
use super::compression;
use super::container::{Container, ContainerMap, certificate_file};
use super::error::{Error as GidsError, device, refused};
use super::files::{MASTER_FILE, MSCP, MasterFile, Place};
use super::key;
use crate::iso7816::StatusWord;
use crate::pkix::PublicKey;
use crate::token::{Error, KeyId, StoredKey};

const CMAP_FILE: &str = "mscp\\cmapfile";
/// Lists what cards answer for a key file that is not there or holds no key.
pub(super) const NO_KEY: [StatusWord; 4] = [
    StatusWord::FILE_NOT_FOUND,
    StatusWord::REFERENCE_DATA_NOT_FOUND,
    StatusWord::REFERENCE_DATA_NOT_USABLE,
    StatusWord::CONDITIONS_NOT_SATISFIED,
];

/// Holds the files that say what is where.
pub(super) struct Contents {
    pub master: MasterFile,
    pub containers: ContainerMap,
    /// Where the container map is.
    pub cmap_file: Place,
}

impl Contents {
    pub fn read(application: &mut Application) -> Result<Self, Error> {
        let master = master_file(application)?.ok_or(Error::NoSerial)?;
        let missing = || device(CMAP_FILE, GidsError::NoFile { file: CMAP_FILE });
        let cmap_file = master.find(MSCP, "cmapfile").ok_or_else(missing)?;
        let bytes = application.get(cmap_file)?.unwrap_or_default();
        let containers = read(CMAP_FILE, &bytes, ContainerMap::read)?;
        Ok(Self { master, containers, cmap_file })
    }

    /// Returns the container under `id` and its index.
    pub fn container(&self, id: &KeyId) -> Result<(u8, Container), Error> {
        let found = self.containers.find(id).map(|(index, container)| (index, container.clone()));
        found.ok_or_else(|| Error::NoSuchKey(id.clone()))
    }

    /// Returns where the container's certificate is; `None` if it has none.
    pub fn certificate_place(&self, index: u8, container: &Container) -> Option<Place> {
        self.master.find(MSCP, &certificate_file(index, container.spec()))
    }

    /// Returns the container's certificate (DER); `None` if it has none.
    pub fn certificate(
        &self,
        application: &mut Application,
        index: u8,
        container: &Container,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(place) = self.certificate_place(index, container) else { return Ok(None) };
        let bytes = application.get(place)?.unwrap_or_default();
        read("certificate", &bytes, compression::unpack)
    }

    /// Returns a container with its key and certificate.
    pub fn stored(&self, application: &mut Application, index: u8, container: &Container) -> Result<StoredKey, Error> {
        let public_key = public_key(application, index)?;
        Ok(StoredKey {
            id: container.id(),
            label: container.name.clone(),
            has_private_key: public_key.is_some(),
            public_key,
            certificate: self.certificate(application, index, container)?,
            odd: None,
        })
    }

    /// Returns all containers with their keys and certificates.
    pub fn all(&self, application: &mut Application) -> Result<Vec<StoredKey>, Error> {
        self.containers.all().map(|(index, container)| self.stored(application, index, container)).collect()
    }
}

/// Reads the master file; `None` on a card without a file system.
pub(super) fn master_file(application: &mut Application) -> Result<Option<MasterFile>, Error> {
    let Some(bytes) = application.get(MASTER_FILE)? else { return Ok(None) };
    read("master file", &bytes, MasterFile::read).map(Some)
}

/// Reads the public key of a container; `None` if there is no key pair.
pub(super) fn public_key(application: &mut Application, index: u8) -> Result<Option<PublicKey>, Error> {
    let command = command::get_public_key(key::reference(index));
    let answer = application.exchange(&command)?;
    match answer.status {
        StatusWord::OK => key::public_key(command.name, &answer.data).map(Some),
        status if NO_KEY.contains(&status) => Ok(None),
        status => Err(refused(command.name, status)),
    }
}

//! What a card holds: the master file, the containers, their keys and certificates. Anybody may read it.

use super::application::{Application, read};
use super::command;
use super::compression;
use super::container::{Container, ContainerMap, certificate_file};
use super::error::{Error as GidsError, device, refused, shown};
use super::files::{MASTER_FILE, MSCP, MasterFile, Place};
use super::key;
use crate::iso7816::StatusWord;
use crate::pkix::{Certificate, PublicKey};
use crate::token::{Error, KeyId, Oddity, StoredCertificate, StoredKey};
use time::OffsetDateTime;

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
    /// Where the container map is; `None` if the master file does not name it.
    cmap_file: Option<Place>,
    /// What is wrong with the container map.
    flaw: Option<GidsError>,
}

impl Contents {
    pub fn read(application: &mut Application) -> Result<Self, Error> {
        let master = master_file(application)?.ok_or(Error::NoSerial)?;
        let cmap_file = master.find(MSCP, "cmapfile");
        let bytes = cmap_file.map(|place| application.get(place)).transpose()?.flatten().unwrap_or_default();
        let (containers, flaw) = ContainerMap::read(&bytes);
        Ok(Self { master, containers, cmap_file, flaw })
    }

    /// Writes the container map and keeps it; one that holds more than can be read is left as it is.
    pub fn put_containers(&mut self, application: &mut Application, containers: ContainerMap) -> Result<(), Error> {
        let place = self.may_change()?;
        application.put(place, &containers.write())?;
        self.containers = containers;
        self.flaw = None;
        Ok(())
    }

    /// Returns where the container map is, if it may be written: one that is missing, or that has more records than
    /// there are key references, was not understood.
    pub fn may_change(&self) -> Result<Place, Error> {
        let place = self.cmap_file.ok_or_else(|| device(CMAP_FILE, GidsError::NoFile { file: CMAP_FILE }))?;
        match self.flaw {
            Some(GidsError::Layout { file, length }) if length > self.containers.write().len() => {
                Err(device(CMAP_FILE, GidsError::Layout { file, length }))
            }
            _ => Ok(place),
        }
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

    /// Returns what is stored as the container's certificate.
    pub fn certificate(
        &self,
        application: &mut Application,
        index: u8,
        container: &Container,
    ) -> Result<StoredCertificate, Error> {
        let Some(place) = self.certificate_place(index, container) else { return Ok(StoredCertificate::default()) };
        Ok(compression::unpack(&application.get(place)?.unwrap_or_default()))
    }

    /// Returns since when the container's certificate lets somebody log on; `None` where it does not, or there is none
    /// that can be read.
    fn logs_on_since(
        &self,
        application: &mut Application,
        (index, container): (u8, &Container),
    ) -> Result<Option<OffsetDateTime>, Error> {
        let there = shown(self.certificate(application, index, container))?;
        Ok(there.and_then(|there| there.der).as_deref().and_then(logs_on_since))
    }

    /// Says whether the container at `index` becomes the default by the certificate that it is about to get: somebody
    /// logs on by that one, and by no newer one of the container that is the default now.
    pub fn becomes_default(&self, application: &mut Application, index: u8, certificate: &[u8]) -> Result<bool, Error> {
        let Some(since) = logs_on_since(certificate).filter(|_| self.may_change().is_ok()) else { return Ok(false) };
        match self.containers.default() {
            None => Ok(true),
            Some((default, _)) if default == index => Ok(false),
            Some(default) => Ok(self.logs_on_since(application, default)?.is_none_or(|default| default <= since)),
        }
    }

    /// Returns the container that is the default once the one at `gone` is: the one whose certificate for logging on is
    /// the newest.
    pub fn successor(&self, application: &mut Application, gone: u8) -> Result<Option<u8>, Error> {
        let mut newest = None;
        for (index, container) in self.containers.all().filter(|(index, _)| *index != gone) {
            if let Some(since) = self.logs_on_since(application, (index, container))? {
                newest = newest.max(Some((since, index)));
            }
        }
        Ok(newest.map(|(_, index)| index))
    }

    /// Returns a container with its key and certificate.
    pub fn stored(&self, application: &mut Application, index: u8, container: &Container) -> Result<StoredKey, Error> {
        let public_key = shown(public_key(application, index))?;
        let certificate = shown(self.certificate(application, index, container))?;
        let certificate = certificate.unwrap_or(StoredCertificate::odd(Oddity::Refused));
        let key = match &public_key {
            None => Some(Oddity::UnreadableKey),
            Some(None) => Some(Oddity::NoKey),
            Some(Some(_)) => None,
        };
        Ok(StoredKey {
            id: container.id(),
            label: container.name.clone(),
            has_private_key: !matches!(public_key, Some(None)),
            public_key: public_key.flatten(),
            certificate: certificate.der,
            odd: certificate.odd.or(key),
        })
    }

    /// Returns all containers with their keys and certificates, and an entry for a container map that is damaged.
    pub fn all(&self, application: &mut Application) -> Result<Vec<StoredKey>, Error> {
        let stored = self.containers.all().map(|(index, container)| self.stored(application, index, container));
        let mut stored: Vec<_> = stored.collect::<Result<_, _>>()?;
        if self.flaw.is_some() || self.cmap_file.is_none() {
            stored.push(StoredKey {
                id: KeyId(Vec::new()),
                label: CMAP_FILE.into(),
                public_key: None,
                has_private_key: false,
                certificate: None,
                odd: Some(Oddity::BrokenDirectory),
            });
        }
        Ok(stored)
    }
}

/// Returns since when a certificate lets somebody log on; `None` where it does not.
fn logs_on_since(der: &[u8]) -> Option<OffsetDateTime> {
    let certificate = Certificate::from_der(der).ok()?;
    certificate.logs_on().unwrap_or(false).then(|| certificate.not_before())
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

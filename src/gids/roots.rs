//! `mscp\msroots`: the certificates of authorities that Windows brings into the stores of whoever uses the card.
//!
//! It is a PKCS#7 bundle of certificates without content and signature (Windows Smart Card Minidriver Specification 7.07,
//! "Interoperability with msroots"), which the Base CSP packs like a certificate. Others write it too: it only grows here
//! by what is missing, and one that cannot be read is left as it is.

use super::application::Application;
use super::cardcf::Change;
use super::changes::{put_file, remove_file};
use super::compression;
use super::contents::Contents;
use super::error::{Error as GidsError, device, shown};
use super::files::{MSCP, Place};
use crate::pkix::{self, Certificate, CertificateBundle, authorities_above};
use crate::token::Error;

const NAME: &str = "msroots";
const FILE: &str = "mscp\\msroots";

/// Adds the certificates that are missing, and returns how many these are; writes nothing if there are none.
pub(super) fn add(
    application: &mut Application,
    contents: &mut Contents,
    certificates: &[Vec<u8>],
) -> Result<usize, Error> {
    let read: Result<Vec<_>, _> = certificates.iter().map(|der| Certificate::from_der(der)).collect();
    let certificates = read.map_err(|error| Error::NotACertificate(Box::new(error)))?;
    let mut bundle = match place(contents) {
        Some(place) => read_bundle(application, place)?,
        None => CertificateBundle::empty(),
    };
    let added = bundle.add(&certificates).map_err(unreadable)?;
    if added > 0 {
        write(application, contents, &bundle)?;
    }
    Ok(added)
}

/// Takes out the authorities above `leaves`, except those above another certificate on the card, and returns how many
/// these were. A file that then holds nothing is removed.
pub(super) fn remove(
    application: &mut Application,
    contents: &mut Contents,
    leaves: &[Vec<u8>],
) -> Result<usize, Error> {
    let Some(place) = place(contents) else { return Ok(0) };
    let mut bundle = read_bundle(application, place)?;
    let authorities = bundle.certificates();
    let (mut going, mut staying) = (Vec::new(), Vec::new());
    for (index, container) in contents.containers.all() {
        let stored = shown(contents.certificate(application, index, container))?.and_then(|stored| stored.der);
        let Some(certificate) = stored.and_then(|der| Certificate::from_der(&der).ok()) else { continue };
        let goes = leaves.iter().any(|leaf| leaf == certificate.der());
        if goes { going.push(certificate) } else { staying.push(certificate) }
    }
    let needed = authorities_above(&staying, &authorities);
    let gone: Vec<_> = authorities_above(&going, &authorities).into_iter().filter(|it| !needed.contains(it)).collect();
    let removed = bundle.remove(&gone).map_err(unreadable)?;
    if removed > 0 && bundle.is_empty() {
        application.announce(Change::Files)?;
        remove_file(application, contents, NAME, place)?;
    } else if removed > 0 {
        write(application, contents, &bundle)?;
    }
    Ok(removed)
}

/// Returns the authorities that the file holds.
pub(super) fn all(application: &mut Application, contents: &Contents) -> Result<Vec<Certificate>, Error> {
    place(contents).map_or(Ok(Vec::new()), |place| Ok(read_bundle(application, place)?.certificates()))
}

fn place(contents: &Contents) -> Option<Place> {
    contents.master.find(MSCP, NAME)
}

/// Reads the file; an empty one holds no certificates.
fn read_bundle(application: &mut Application, place: Place) -> Result<CertificateBundle, Error> {
    let file = application.get(place)?.filter(|file| !file.is_empty());
    let Some(file) = file else { return Ok(CertificateBundle::empty()) };
    let broken = || device(FILE, GidsError::BrokenCompression { file: FILE });
    let unpacked = compression::unpack_bundle(&file).ok_or_else(broken)?;
    CertificateBundle::read(&unpacked).map_err(unreadable)
}

fn write(application: &mut Application, contents: &mut Contents, bundle: &CertificateBundle) -> Result<(), Error> {
    let der = bundle.to_der().map_err(unreadable)?;
    let (length, largest) = (der.len(), compression::LARGEST);
    let packed = compression::pack(&der).map_err(|error| device(FILE, error))?;
    let packed = packed.ok_or(Error::CertificateTooLarge { length, largest })?;
    let old = put_file(application, contents, NAME, &packed, Change::Files)?;
    old.map_or(Ok(()), |old| application.put(old, &[]))
}

fn unreadable(source: pkix::Error) -> Error {
    device(FILE, GidsError::Bundle { file: FILE, source })
}

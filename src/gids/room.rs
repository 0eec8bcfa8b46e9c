//! Tries whether keys and certificates will fit: no object tells how much room is left, so that as many bytes as will be
//! written are put into unused objects and removed again. What a cut leaves of that belongs to no file, and the next write
//! takes its place.

use super::application::Application;
use super::compression;
use super::contents::Contents;
use super::files::ROW_LENGTH;
use crate::token::{Error, Room};

/// Bounds the bytes that a key takes besides itself: its file's parameters, and its records in both maps.
const KEY_OVERHEAD: usize = 256;

/// Returns how long the objects of keys and their certificates are at most.
pub(super) fn objects(rooms: &[Room]) -> Result<Vec<usize>, Error> {
    let mut lengths = Vec::new();
    for room in rooms {
        lengths.extend([certificate(room.certificate)?, room.key.saturating_add(KEY_OVERHEAD)]);
    }
    Ok(lengths)
}

/// Returns how long the object of a certificate is at most, even of one that cannot be compressed.
pub(super) fn certificate(length: usize) -> Result<usize, Error> {
    let largest = compression::LARGEST;
    if length > largest {
        return Err(Error::CertificateTooLarge { length, largest });
    }
    Ok(length + compression::OVERHEAD + ROW_LENGTH)
}

/// Makes sure that objects of these lengths will fit.
pub(super) fn try_objects(application: &mut Application, contents: &Contents, lengths: &[usize]) -> Result<(), Error> {
    let places: Vec<_> = contents.master.unused().take(lengths.len()).collect();
    if places.len() < lengths.len() {
        return Err(Error::Full);
    }
    let mut fits = Ok(());
    let mut tried = Vec::new();
    for (place, length) in places.into_iter().zip(lengths) {
        tried.push(place);
        fits = application.put(place, &vec![0xFF; *length]);
        if fits.is_err() {
            break;
        }
    }
    for place in tried {
        let emptied = application.put(place, &[]);
        fits = fits.and(emptied);
    }
    fits
}

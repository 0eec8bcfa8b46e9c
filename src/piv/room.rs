//! Tries whether keys and certificates will fit, as no object tells how much room is left.

use super::application::Application;
use super::certificate::plain;
use super::session::place;
use crate::token::{Error, Room};

impl Application {
    /// Refuses a certificate that no object of the card has room for; sends nothing.
    pub(super) fn check_room(&self, rooms: &[Room]) -> Result<(), Error> {
        let largest = self.container().largest_certificate();
        match rooms.iter().find(|room| room.certificate > largest) {
            Some(room) => Err(Error::CertificateTooLarge { length: room.certificate, largest }),
            None => Ok(()),
        }
    }

    /// Writes an object as long as each certificate and key to come, and removes them again. One of zeros that a cut left
    /// is known as such later ([`crate::token::Oddity::Reserved`]). A place that has an object is passed over: testing
    /// would risk what is there. The management key must have been proven.
    pub(super) fn try_room(&mut self, rooms: &[Room]) -> Result<(), Error> {
        let largest = self.container().largest_certificate();
        let mut wanted = Vec::new();
        for room in rooms {
            let reference = place(&room.id)?;
            if !self.is_certified(reference)? {
                wanted.push((reference.certificate_object(), room.certificate.saturating_add(room.key).min(largest)));
            }
        }
        let mut written = Vec::new();
        let mut fits = Ok(());
        for (object, length) in wanted {
            fits = self.put(object, &plain(&vec![0; length]));
            if fits.is_err() {
                break;
            }
            written.push(object);
        }
        for object in written {
            let emptied = self.put(object, &[]);
            fits = fits.and(emptied);
        }
        fits
    }
}

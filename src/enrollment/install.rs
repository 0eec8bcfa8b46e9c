//! Writes certificates to the token, and removes what they supersede.

use super::driver::{Enrollment, Leg};
use super::error::{Cause, Error};
use super::login::{AHEAD, Login};
use super::record::{Ended, IssuedWork, Milestone, Tie};
use super::stage::Stage;
use super::step::{Event, Installed, Observer, OldKey, Outcome, Step};
use super::workflow::Workflow;
use crate::pkix;
use crate::token::{self, Authority, KeyId, Operation, Session, Token};
use uuid::Uuid;

impl Enrollment<'_> {
    /// Goes on where the certificates are in the journal and may be on the token. Where only the administrator can
    /// write and the request has ended, the keys are removed instead.
    pub(super) fn finish_issued(
        &mut self,
        tie: Tie,
        keys: &[IssuedWork],
        old: Vec<String>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        if self.is_completed() && token.authority(Operation::WriteCertificate) == Authority::Admin {
            // Somebody else ended the request, and the server answers no challenge for it any more.
            let keys = keys.iter().map(|work| work.key.clone()).collect();
            return self.reach(Milestone::Undoing { request: tie.request, keys, ended: Ended::Completed });
        }
        match self.log_in_for(tie, AHEAD, token, observer)? {
            Login::In(mut session) => match self.install(tie, keys, old, session.as_mut(), true, observer) {
                Err(Error { cause: Cause::KeyGone, .. }) if self.is_completed() => self.begin_after_completed(),
                installed => installed,
            },
            Login::Need(leg) => Ok(leg),
        }
    }

    /// Writes the certificates, reads them back, and goes on to the end. `again`: some may have been written before.
    pub(super) fn install(
        &mut self,
        tie: Tie,
        issued: &[IssuedWork],
        old: Vec<String>,
        session: &mut dyn Session,
        again: bool,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        for work in issued {
            observer(Event::Doing(Stage::WriteCertificate));
            install_one(session, work, again).map_err(|cause| Error::new(Stage::WriteCertificate, cause))?;
            observer(Event::CertificateWritten { key: KeyId(work.key.id.0.clone()) });
        }
        self.install_authorities(session, observer)?;
        let renewed = self.order.workflow() == Workflow::Renew;
        // Once the request is completed, nobody can log in as administrator to check that all is there.
        if renewed || self.facts.as_admin {
            self.reach(Milestone::Superseding { tie, keys: issued.to_vec(), old: old.clone() })?;
        }
        let gone = if renewed { self.remove_superseded(tie, (issued, &old), session, observer)? } else { Vec::new() };
        session.pause();
        self.finish(tie, issued, gone, observer)
    }

    /// Goes on once the certificates are on the token: removes what was renewed, then tells the server.
    pub(super) fn supersede(
        &mut self,
        tie: Tie,
        issued: &[IssuedWork],
        old: &[String],
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let mut gone = replaced(issued);
        let beyond_reach = self.is_completed() && token.authority(Operation::Delete) == Authority::Admin;
        if gone.len() < old.len() && !beyond_reach {
            let mut session = match self.log_in_for(tie, &[Operation::Delete], token, observer)? {
                Login::In(session) => session,
                Login::Need(leg) => return Ok(leg),
            };
            gone = self.remove_superseded(tie, (issued, old), session.as_mut(), observer)?;
        }
        self.finish(tie, issued, gone, observer)
    }

    /// Tells the server that the token has what was ordered, and closes the journal.
    fn finish(
        &mut self,
        tie: Tie,
        issued: &[IssuedWork],
        old: Vec<OldKey>,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        self.complete(tie.request, observer)?;
        let received = self.record().map(|record| record.received.clone()).unwrap_or_default();
        let puk_locked = self.record().is_some_and(|record| record.puk_locked);
        self.close_completed()?;
        let Tie { request, smartcard } = tie;
        let received = received.into_iter().map(|work| Installed {
            key: KeyId(work.id.0),
            label: work.label,
            certificate: work.certificate.0,
        });
        let installed = issued.iter().map(installed).chain(received).collect();
        Ok(Leg::Stop(Step::Done(match self.order.workflow() {
            Workflow::Renew => Outcome::Renewed { request, smartcard, installed, old, puk_locked },
            _ => Outcome::Enrolled { request, smartcard, installed, puk_locked },
        })))
    }
}

impl Enrollment<'_> {
    /// Removes the keys that were renewed. Those that can decrypt stay, so that old messages can still be read.
    fn remove_superseded(
        &mut self,
        tie: Tie,
        (issued, old): (&[IssuedWork], &[String]),
        session: &mut dyn Session,
        observer: Observer<'_>,
    ) -> Result<Vec<OldKey>, Error> {
        observer(Event::Doing(Stage::RemoveKeys));
        let failed = |source: token::Error| Error::new(Stage::RemoveKeys, source);
        let mut gone = replaced(issued);
        // Where every old key gave its place to a new one, there is nothing left to look for.
        let stored = if gone.len() < old.len() { session.list().map_err(failed)? } else { Vec::new() };
        for stored in stored {
            if issued.iter().any(|work| work.key.id.0 == stored.id.0) {
                continue;
            }
            let there = stored.certificate.as_deref().and_then(|der| pkix::Certificate::from_der(der).ok());
            let certificate = match (there, &stored.public_key) {
                (Some(certificate), _) => certificate,
                // A removal that was cut off has left the key without its certificate, which the server may tell.
                (None, Some(key)) => {
                    session.pause();
                    match self.listed_of(tie.smartcard, key, observer)? {
                        Some(certificate) => certificate,
                        None => continue,
                    }
                }
                (None, None) => continue,
            };
            if !old.contains(&certificate.thumbprint_sha1()) {
                continue;
            }
            if certificate.keeps_secrets().unwrap_or(true) {
                gone.push(OldKey::KeptForDecryption(stored.id));
            } else if self.take_off(&stored.id, session, observer)? {
                gone.push(OldKey::Removed(stored.id));
            } else {
                gone.push(OldKey::Left(stored.id));
            }
        }
        Ok(gone)
    }

    /// Returns the certificate of this key, if the server lists one for the card and tells it whole.
    fn listed_of(
        &mut self,
        smartcard: Uuid,
        key: &pkix::PublicKey,
        observer: Observer<'_>,
    ) -> Result<Option<pkix::Certificate>, Error> {
        let rows = self.rows(smartcard, observer)?.iter().filter_map(|row| row.certificate.as_deref());
        let mut certificates = rows.filter_map(|der| pkix::Certificate::from_der(der).ok());
        Ok(certificates.find(|certificate| certificate.public_key().is_ok_and(|listed| listed == *key)))
    }
}

/// Lists the old keys whose places the new ones have taken.
fn replaced(issued: &[IssuedWork]) -> Vec<OldKey> {
    let replaced = issued.iter().filter(|work| work.key.takes_a_place());
    replaced.map(|work| OldKey::Replaced(KeyId(work.key.id.0.clone()))).collect()
}

/// Returns what the face is told of a key and its certificate.
fn installed(work: &IssuedWork) -> Installed {
    Installed {
        key: KeyId(work.key.id.0.clone()),
        label: work.key.label.clone(),
        certificate: work.certificate.0.clone(),
    }
}

/// Writes one certificate and reads it back; where it may be there already (`again`), the key is checked and an equal
/// certificate is left.
fn install_one(session: &mut dyn Session, work: &IssuedWork, again: bool) -> Result<(), Cause> {
    let id = KeyId(work.key.id.0.clone());
    let certificate = &work.certificate.0;
    if again {
        let key = pkix::Certificate::from_der(certificate)?.public_key()?;
        if !session.holds(&id, &key)? {
            return Err(Cause::KeyGone);
        }
        match session.read_certificate(&id)? {
            Some(there) if there == *certificate => return Ok(()),
            // The old certificate is still in its place, or the certificate is somebody else's.
            Some(_) if !work.key.takes_a_place() => return Err(Cause::ReadBackDiffers),
            _ => {}
        }
    }
    session.write_certificate(&id, &work.key.label, certificate)?;
    match session.read_certificate(&id)? {
        Some(there) if there == *certificate => Ok(()),
        _ => Err(Cause::ReadBackDiffers),
    }
}

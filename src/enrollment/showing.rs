//! Has a card that showed a certificate show the key of it, before anything of its record is replaced or ended.
//!
//! Anybody can have a copy of a certificate. A card that tells of its keys is believed; of another, a trial signature
//! tells, or that it accepts an admin key that no other card has. For an unblocking the certificate must do: nobody has
//! the PIN then, and such a card signs nothing without it.

use super::driver::{Enrollment, Leg};
use super::error::{Cause, Error};
use super::login::Login;
use super::pin::is_unusable;
use super::plan::KnownAdminKey;
use super::proven::{Certified, Proof};
use super::record::Tie;
use super::stage::Stage;
use super::step::Observer;
use super::workflow::Workflow;
use crate::cm::smartcard::Smartcard;
use crate::pkix::Certificate;
use crate::token::{Authority, Operation, Session, StoredKey, Token};

impl Enrollment<'_> {
    /// Says whether the card owes its key by what it has shown at the beginning.
    pub(super) fn owes_by_proof(&self) -> bool {
        self.facts.proof == Proof::Certificate && self.order.workflow() != Workflow::Unblock
    }

    /// Says whether the card must still show its key.
    pub(super) fn owes_key(&self) -> bool {
        self.record().is_some_and(|record| record.owes_key)
    }

    /// Writes to the journal whether the card must still show its key.
    pub(super) fn note_owed_key(&mut self, owes: bool) -> Result<(), Error> {
        let entry = self.entry.as_mut().ok_or(Error::new(Stage::WriteJournal, Cause::NoProgress))?;
        entry.note_owed_key(owes).map_err(|source| Error::new(Stage::WriteJournal, source))
    }

    /// Lists the keys whose certificates have these thumbprints.
    pub(super) fn certified(&mut self, thumbprints: &[String], token: &mut dyn Token) -> Result<Vec<Certified>, Error> {
        Ok(self.stored(token)?.iter().filter_map(|stored| certified(stored, thumbprints)).collect())
    }

    /// Says whether the card will be asked for a trial signature when it is retired, as no admin key of its own can prove
    /// it; [`Cause::CardUnproven`] where it could not sign.
    pub(super) fn signs_to_retire(&mut self, card: &Smartcard, token: &mut dyn Token) -> Result<bool, Error> {
        let by_admin = token.authority(Operation::Delete) == Authority::Admin;
        if !(self.owes_by_proof() && by_admin) || self.has_admin_key_of_its_own(card)? {
            return Ok(false);
        }
        if is_unusable(self.counters(token)?.user) {
            return Err(Error::new(Stage::ProveCard, Cause::CardUnproven { smartcard: card.uuid }));
        }
        Ok(true)
    }

    /// Has a card that is to be retired accept its own admin key, or else sign for the user. Returns the step that asks
    /// for the PIN.
    pub(super) fn show_key_to_retire(
        &mut self,
        tie: Tie,
        thumbprints: &[String],
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Option<Leg>, Error> {
        let by_admin = token.authority(Operation::Delete) == Authority::Admin;
        if by_admin && self.known_admin_key(tie, token, observer)? == KnownAdminKey::Own {
            self.facts.proof = Proof::Owed;
            self.prove_by_admin_key(tie, token, observer)?;
        } else {
            if is_unusable(self.counters(token)?.user) {
                return self.refuse_card(tie);
            }
            let certified = self.certified(thumbprints, token)?;
            let mut session = match self.log_in(true, None, token, observer)? {
                Login::In(session) => session,
                Login::Need(leg) => return Ok(Some(leg)),
            };
            let shown = holds_any(session.as_mut(), &certified)?;
            drop(session);
            if !shown {
                return self.refuse_card(tie);
            }
        }
        self.note_owed_key(false)?;
        Ok(None)
    }
}

/// Says whether the token has the private key of one of them.
pub(super) fn holds_any(session: &mut dyn Session, certified: &[Certified]) -> Result<bool, Error> {
    for Certified { id, public_key } in certified {
        if session.holds(id, public_key).map_err(|source| Error::new(Stage::ProveCard, source))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the key under which one of those certificates is.
pub(super) fn certified(stored: &StoredKey, thumbprints: &[String]) -> Option<Certified> {
    let public_key = listed(stored, thumbprints)?.public_key().ok()?;
    Some(Certified { id: stored.id.clone(), public_key })
}

/// Says whether the certificate under this key is one of those.
pub(super) fn is_listed(stored: &StoredKey, thumbprints: &[String]) -> bool {
    listed(stored, thumbprints).is_some()
}

/// Returns the certificate under this key, if it is one of those.
fn listed(stored: &StoredKey, thumbprints: &[String]) -> Option<Certificate> {
    let certificate = Certificate::from_der(stored.certificate.as_deref()?).ok()?;
    thumbprints.contains(&certificate.thumbprint_sha1()).then_some(certificate)
}

/// Says whether one of those certificates is there and nothing that the token tells contradicts its key. `tells`: the
/// token tells which private keys it has.
pub(super) fn shows(stored: &StoredKey, thumbprints: &[String], tells: bool) -> bool {
    let Some(Certified { public_key, .. }) = certified(stored, thumbprints) else { return false };
    match &stored.public_key {
        Some(told) => *told == public_key && (stored.has_private_key || !tells),
        None => !tells,
    }
}

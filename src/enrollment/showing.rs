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
use super::proven::{Certified, Listed, Proof};
use super::record::{HexBytes, Milestone, Tie};
use super::stage::Stage;
use super::step::Observer;
use super::workflow::Workflow;
use crate::cm::smartcard::Smartcard;
use crate::token::{Authority, KeyId, Operation, Session, StoredKey, Token};

impl Enrollment<'_> {
    /// Says whether the card owes its key by what it has shown at the beginning.
    pub(super) fn owes_by_proof(&self) -> bool {
        self.facts.proof == Proof::Certificate && self.order.workflow() != Workflow::Unblock
    }

    /// Says whether the card must still show its key.
    pub(super) fn owes_key(&self) -> bool {
        self.record().is_some_and(|record| record.owes_key)
    }

    /// Lists the keys that may be there of those that are listed.
    pub(super) fn candidates(&mut self, listed: &Listed, token: &mut dyn Token) -> Result<Vec<Certified>, Error> {
        Ok(self.stored(token)?.iter().flat_map(|stored| listed.candidates(stored)).collect())
    }

    /// Says whether the card will be asked for a trial signature when it is retired, as no admin key of its own can prove
    /// it; [`Cause::CardUnproven`] where it could not sign.
    pub(super) fn signs_to_retire(
        &mut self,
        card: &Smartcard,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<bool, Error> {
        let by_admin = token.authority(Operation::Delete) == Authority::Admin;
        if !(self.owes_by_proof() && by_admin) || self.has_admin_key_of_its_own(card, observer)? {
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
        listed: &Listed,
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
            let candidates = self.candidates(listed, token)?;
            let mut session = match self.log_in(true, None, token, observer)? {
                Login::In(session) => session,
                Login::Need(leg) => return Ok(Some(leg)),
            };
            let shown = held(session.as_mut(), &candidates)?;
            drop(session);
            if shown.is_empty() {
                return self.refuse_card(tie);
            }
            self.note_shown(shown)?;
        }
        self.note(|record| record.owes_key = false)?;
        Ok(None)
    }

    /// Notes the keys that a trial signature has shown to be of this card's record, so that they are removed even where
    /// their certificates cannot be read.
    fn note_shown(&mut self, shown: Vec<KeyId>) -> Result<(), Error> {
        let Some(Milestone::Removing { tie, thumbprints, mut keys, listed }) =
            self.record().map(|record| record.milestone.clone())
        else {
            return Ok(());
        };
        keys.extend(shown.into_iter().map(|id| HexBytes(id.0)));
        self.reach(Milestone::Removing { tie, thumbprints, keys, listed }).map(drop)
    }
}

/// Says whether the token has the private key of one of them.
pub(super) fn holds_any(session: &mut dyn Session, candidates: &[Certified]) -> Result<bool, Error> {
    for Certified { id, public_key } in candidates {
        if session.holds(id, public_key).map_err(|source| Error::new(Stage::ProveCard, source))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lists the ids under which the token has the private key of one of them.
fn held(session: &mut dyn Session, candidates: &[Certified]) -> Result<Vec<KeyId>, Error> {
    let mut held: Vec<KeyId> = Vec::new();
    for candidate in candidates {
        if !held.contains(&candidate.id) && holds_any(session, std::slice::from_ref(candidate))? {
            held.push(candidate.id.clone());
        }
    }
    Ok(held)
}

/// Says whether one of those certificates is there and nothing that the token tells contradicts its key, or the token
/// tells that it has the key of one. `tells`: the token tells which private keys it has.
pub(super) fn shows(stored: &StoredKey, listed: &Listed, tells: bool) -> bool {
    let certified = listed.certificate(stored).and_then(|certificate| certificate.public_key().ok());
    match (certified, &stored.public_key) {
        // The key of one certificate may have taken the place of another's, whose certificate is still there.
        (_, Some(told)) if tells && stored.has_private_key && listed.has(told) => true,
        (Some(public_key), Some(told)) => *told == public_key && (stored.has_private_key || !tells),
        (Some(_), None) => !tells,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkix::{Certificate, PublicKey};

    fn certified(name: &str) -> (Vec<u8>, PublicKey) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let key = Certificate::from_der(&der).unwrap().public_key().unwrap();
        (der, key)
    }

    #[test]
    fn a_certificate_shows_a_card_that_tells_of_no_keys_and_its_key_one_that_does() {
        let ((certificate, key), (other, others)) = (certified("ours"), certified("theirs"));
        let thumbprints = vec![Certificate::from_der(&certificate).unwrap().thumbprint_sha1()];
        let listed = Listed { thumbprints, keys: vec![HexBytes(key.spki().to_vec())] };
        let (ours, theirs) = ((Some(&certificate), Some(&key)), (Some(&other), Some(&others)));
        // Certificate and key that are shown, whether the token tells that it has the private key; what that shows where
        // the token tells which keys it has, and where it does not.
        for ((certificate, key), has_private_key, (tells, tells_not)) in [
            (ours, true, (true, true)),
            (ours, false, (false, true)),
            ((Some(&certificate), Some(&others)), true, (false, false)),
            ((Some(&certificate), None), true, (false, true)),
            ((None, Some(&key)), true, (true, false)),
            ((None, Some(&key)), false, (false, false)),
            ((None, Some(&others)), true, (false, false)),
            (theirs, true, (false, false)),
            ((Some(&other), Some(&key)), true, (true, false)),
            ((None, None), true, (false, false)),
        ] {
            let stored = StoredKey {
                id: KeyId(vec![1]),
                label: String::new(),
                public_key: key.cloned(),
                has_private_key,
                certificate: certificate.cloned(),
                odd: None,
            };
            assert_eq!((shows(&stored, &listed, true), shows(&stored, &listed, false)), (tells, tells_not));
        }
        // A renewal has made the new key in the old one's place, and its certificate is not written yet.
        let renewed = Listed { keys: vec![HexBytes(others.spki().to_vec())], ..listed };
        let public_key = Some(others);
        let (id, label) = (KeyId(vec![1]), String::new());
        let stored =
            StoredKey { id, label, public_key, has_private_key: true, certificate: Some(certificate), odd: None };
        assert_eq!((shows(&stored, &renewed, true), shows(&stored, &renewed, false)), (true, false));
    }
}

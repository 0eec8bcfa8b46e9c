//! Goes on with a request that another workstation has begun, of which the journal here tells nothing.
//!
//! In: what the server says of the request, and what the card shows. Out: keys that count as made. A key counts where the
//! server has certified it in this very request, and the card proves in the login that it has the private half: the
//! server then answers with the same certificate. What the card shows alone is never trusted: where nothing was
//! certified, the keys are made anew, in the places and under the names that are this request's. Absent: secrets, which
//! the server tells, or somebody must type.

use super::driver::{Enrollment, Leg};
use super::error::{Cause, Error};
use super::proven::{Certified, Proof};
use super::record::{KeyWork, Milestone, Tie};
use super::stage::Stage;
use super::step::{Event, Installed, Observer, Outcome, Step};
use super::workflow::Workflow;
use crate::cm::request::{Request, RequestStatus};
use crate::cm::route::Holder;
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::template::GenerationOptions;
use crate::pkix::{Certificate, PublicKey};
use crate::token::{KeyId, Placement, Session, StoredKey, Token};
use uuid::Uuid;

impl Enrollment<'_> {
    /// Notes, once in a process, whether another workstation may have begun to carry the request out: it was not made just
    /// now, and has its card; or, where nothing is made, is being executed.
    pub(super) fn look_elsewhere(&mut self, read: &Request) -> Result<(), Error> {
        if self.facts.looked_elsewhere || self.facts.made_here {
            return Ok(());
        }
        self.facts.looked_elsewhere = true;
        let begun = match self.order.workflow() {
            Workflow::Enroll | Workflow::Renew => read.new_smartcard.is_some(),
            Workflow::Retire => read.status == RequestStatus::Executing,
            Workflow::Unblock | Workflow::RetireLost => false,
        };
        self.note(|record| record.elsewhere |= begun)
    }

    /// Says whether another workstation may have begun to carry the request out.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.record().is_some_and(|record| record.elsewhere)
    }

    /// Says whether nothing but a key is in the place, which another workstation has made there for this request and nobody
    /// has certified: it was free when the card was assigned.
    pub(super) fn is_left_elsewhere(&self, placement: &Placement) -> bool {
        let enrolls = self.order.workflow() == Workflow::Enroll;
        enrolls && self.is_elsewhere() && placement.keyed && !placement.occupied
    }

    /// Lists the thumbprints of the certificates that the request has brought so far; an Unblock or Retire brings none.
    pub(super) fn brought(&self, profile: Option<Uuid>) -> Result<Vec<String>, Error> {
        let Some(profile) = profile else { return Ok(Vec::new()) };
        let rows = self.client.certificates_of(Holder::Profile(profile));
        let rows = rows.map_err(|source| Error::new(Stage::ListCertificates, source))?;
        Ok(rows.into_iter().map(|row| row.thumbprint.to_ascii_uppercase()).collect())
    }

    /// Goes back to the choice of the keys, where the server has certified other ones for the request meanwhile, at
    /// another workstation.
    pub(super) fn choose_certified(&mut self, tie: Tie) -> Result<Option<Leg>, Error> {
        let issued = self.facts.request.as_ref().is_some_and(|read| read.new_profile.is_some());
        if !self.unsettled || !issued || self.facts.keys_certified {
            return Ok(None);
        }
        self.facts.keys_certified = true;
        let orders = self.client.generation_options(tie.request);
        let orders = orders.map_err(|source| Error::new(Stage::ReadKeyOrders, source))?;
        if orders.iter().all(|order| order.certificate.is_none()) {
            return Ok(None);
        }
        self.note(|record| record.elsewhere = true)?;
        self.reach(Milestone::Prepared { tie }).map(Some)
    }

    /// Has a card whose old key is gone accept the record's admin key: the new key has taken the old one's place at another
    /// workstation. A card that has none of its own is refused.
    pub(super) fn show_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let card = self.client.smartcard(tie.smartcard).map_err(|source| Error::new(Stage::FindCard, source))?;
        if !self.is_elsewhere() || !self.has_admin_key_of_its_own(&card, observer)? {
            return self.refuse_card(tie);
        }
        self.facts.proof = Proof::Owed;
        self.prove_by_admin_key(tie, token, observer)?;
        self.note(|record| record.owes_key = false)?;
        Ok(Leg::Onward)
    }

    /// Removes what another workstation has made under the names of this request's keys, and nobody has certified; then
    /// the journal says that what is there is this work's.
    pub(super) fn clear_strays(
        &mut self,
        tie: Tie,
        mut keys: Vec<KeyWork>,
        old: &[String],
        session: &mut dyn Session,
        observer: Observer<'_>,
    ) -> Result<Vec<KeyWork>, Error> {
        if keys.iter().all(|key| !key.stray) {
            return Ok(keys);
        }
        observer(Event::Doing(Stage::FindKey));
        for key in keys.iter_mut().filter(|key| key.stray) {
            let id = KeyId(key.id.0.clone());
            let failed = |source| Error::new(Stage::FindKey, source);
            if session.find(&id).map_err(failed)?.is_some() {
                self.take_off(&id, session, observer)?;
            }
            key.stray = false;
        }
        self.reach(Milestone::KeysChosen { tie, keys: keys.clone(), old: old.to_vec() })?;
        Ok(keys)
    }

    /// Ends the work where another workstation has completed the request on this very card: certificates that it has
    /// brought are with all keys of this work.
    pub(super) fn done_elsewhere(
        &mut self,
        request: Uuid,
        keys: &[KeyWork],
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Option<Leg>, Error> {
        let read = self.request(request, observer)?;
        let Some(smartcard) = read.new_smartcard else { return Ok(None) };
        let brought = self.brought(read.new_profile)?;
        let stored = self.stored(token)?;
        let installed = keys.iter().map(|key| {
            let there = stored.iter().find(|stored| stored.id.0 == key.id.0)?.certificate.clone()?;
            let is_brought = brought.contains(&Certificate::from_der(&there).ok()?.thumbprint_sha1());
            let (id, label) = (KeyId(key.id.0.clone()), key.label.clone());
            is_brought.then_some(Installed { key: id, label, certificate: there })
        });
        let Some(installed) = installed.collect::<Option<Vec<_>>>() else { return Ok(None) };
        let puk_locked = self.record().is_some_and(|record| record.puk_locked);
        self.close()?;
        Ok(Some(Leg::Stop(Step::Done(match self.order.workflow() {
            Workflow::Renew => Outcome::Renewed { request, smartcard, installed, old: Vec::new(), puk_locked },
            _ => Outcome::Enrolled { request, smartcard, installed, puk_locked },
        }))))
    }

    /// Says whether the card has shown the server in the request that is gone on with that it is there. Its retirement may
    /// have left nothing on it since by which it could prove itself again.
    pub(super) fn was_shown(&self, smartcard: Uuid) -> bool {
        let given = self.given.filter(|_| self.order.workflow() == Workflow::Retire);
        given.is_some_and(|request| super::presence::was_shown(self.client, Tie { request, smartcard }, self.card_id))
    }

    /// Says whether the card is retired at the server already, and only the end of the request is missing.
    pub(super) fn is_retired(&self, smartcard: Uuid) -> Result<bool, Error> {
        let card = self.client.smartcard(smartcard).map_err(|source| Error::new(Stage::FindCard, source))?;
        Ok(card.status == SmartcardStatus::Retired)
    }
}

/// Returns the certificate that the server has issued for an order already.
pub(super) fn issued_for(options: &GenerationOptions) -> Result<Option<Certificate>, Error> {
    let certificate = options.certificate.as_deref().map(Certificate::from_der).transpose();
    certificate.map_err(|source| Error::new(Stage::ReadKeyOrders, source))
}

/// Returns the key that the server has certified for this order already.
pub(super) fn certified(key: &KeyWork) -> Result<Option<Certified>, Error> {
    let id = KeyId(key.id.0.clone());
    let public_key = issued_for(&key.options)?.map(|certificate| certificate.public_key()).transpose();
    let public_key = public_key.map_err(|source| Error::new(Stage::ReadKeyOrders, source))?;
    Ok(public_key.map(|public_key| Certified { id, public_key }))
}

/// Returns the key that the server has certified, if the token has it; [`Cause::KeyGone`] if not.
pub(super) fn held(session: &mut dyn Session, key: &Certified, observer: Observer<'_>) -> Result<PublicKey, Error> {
    observer(Event::Doing(Stage::FindKey));
    let failed = |cause: Cause| Error::new(Stage::FindKey, cause);
    if !session.holds(&key.id, &key.public_key).map_err(|source| failed(source.into()))? {
        return Err(failed(Cause::KeyGone));
    }
    observer(Event::KeyFound { key: key.id.clone() });
    Ok(key.public_key.clone())
}

/// Returns where the key of a certificate is, as far as the token shows it, or else where it would be. `by_name`: the
/// token has no fixed places, so that nothing was in the key's place before.
pub(super) fn place_of(
    certificate: &Certificate,
    stored: &[StoredKey],
    (placement, by_name): (Placement, bool),
) -> Placement {
    let key = certificate.public_key().ok();
    let has = |stored: &&StoredKey| {
        stored.certificate.as_deref() == Some(certificate.der()) || key.is_some() && stored.public_key == key
    };
    // The key there is none that was there before.
    let (replaces, keyed) = (None, false);
    match stored.iter().find(has) {
        Some(there) => Placement { id: there.id.clone(), replaces, occupied: !by_name && there.is_certified(), keyed },
        None => Placement { replaces, keyed, ..placement },
    }
}

//! Plans which keys are made and where they go, before anything changes; the journal has both before any key exists.

use super::driver::{Enrollment, Leg};
use super::elsewhere::{issued_for, place_of};
use super::error::{Cause, Error};
use super::foreseen::{KeyPlan, PlannedKey};
use super::foresight::check_place;
use super::key_order::{decrypts_only, key_id, key_label};
use super::proven::Listed;
use super::record::{HexBytes, KeyWork, Milestone, Tie};
use super::stage::Stage;
use super::step::{Event, Observer};
use super::workflow::Workflow;
use crate::cm::template::GenerationOptions;
use crate::pkix;
use crate::token::{KeyId, KeyWish, Placement, StoredKey, Token};
use uuid::Uuid;

/// Bounds the keys that one request may order; no template orders more for one card.
const MOST_KEYS: usize = 16;

/// Holds where a key is that is to be renewed.
struct OldPlace {
    id: KeyId,
    decrypts_only: bool,
}

impl Enrollment<'_> {
    /// Has the token choose places for the keys that the server orders, and checks all that can be checked before
    /// anything changes. `card`: the one whose keys are renewed.
    pub(super) fn plan_keys(
        &mut self,
        orders: Vec<GenerationOptions>,
        card: Option<Uuid>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        let failed = |cause| Error::new(Stage::ReadKeyOrders, cause);
        if orders.len() > MOST_KEYS {
            return Err(failed(Cause::TooManyOrdered { count: orders.len() }));
        }
        for options in &orders {
            self.check_order(options, token)?;
        }
        let old = match (self.order.workflow(), card) {
            (Workflow::Renew, Some(card)) => self.renewed(card, observer)?,
            _ => Vec::new(),
        };
        // What may be replaced, or was certified already, is looked at first.
        let certified = orders.iter().any(|order| order.certificate.is_some());
        let looks = certified || self.order.workflow() == Workflow::Renew || self.order.replaces();
        let stored = if looks { self.stored(token)?.to_vec() } else { Vec::new() };
        let mut old_places = places_of(&old, &stored);
        let renewed: Vec<_> = old_places.iter().map(|old| old.id.clone()).collect();
        let shown = old_places.iter().find(|old| !old.decrypts_only).or(old_places.first()).map(|old| &old.id);
        let shown = stored.iter().find(|stored| shown == Some(&stored.id));
        let of_old = Listed { thumbprints: old.clone(), keys: Vec::new() };
        let old_key = shown.and_then(|stored| of_old.candidates(stored).pop());
        (self.facts.stored, self.facts.old_key) = (None, old_key);
        let signs = |certificate: &pkix::Certificate| !certificate.decrypts_only().unwrap_or(true);
        let certificate = shown.and_then(|stored| Some((stored.id.clone(), certificate(stored)?)));
        self.facts.old_certificate = certificate.filter(|(_, certificate)| signs(certificate));
        let alone = orders.len() == 1;
        let mut keys = Vec::new();
        for (index, options) in (0u8..).zip(orders) {
            let decrypts_only = decrypts_only(&options);
            // Keys are renewed in the order they were made, each by a key of the same purpose.
            let superseded = old_places.iter().position(|old| old.decrypts_only == decrypts_only);
            let supersedes = superseded.map(|at| old_places.remove(at).id).into_iter().collect();
            // The request may not be made yet, so that the key has another name until then.
            let name = key_id(self.marker, (!alone).then_some(index)).0;
            let wish = KeyWish { name, index, decrypts_only, supersedes };
            let placement = token.place(&wish).map_err(|source| Error::new(Stage::PlaceKeys, source))?;
            let by_name = placement.id.0 == wish.name;
            if let Some(certificate) = issued_for(&options)? {
                let placement = place_of(&certificate, &stored, (placement, by_name));
                keys.push(PlannedKey { options, named: placement.id.0 == wish.name, placement, keeps: None });
                continue;
            }
            let replaces = renewed.contains(&placement.id) || self.order.replaces();
            let left = self.is_left_by_us(&placement)? || self.is_left_elsewhere(&placement);
            check_place(&placement, replaces || left)?;
            let keeps = placement.occupied && keeps_secrets(&placement.id, &stored);
            if keeps && !self.order.gives_up_old_key() {
                self.refuse_loss(&placement.id, token)?;
            }
            keys.push(PlannedKey { options, named: by_name, keeps: placement.occupied.then_some(keeps), placement });
        }
        self.facts.keys = Some(KeyPlan { keys, old });
        self.check_memory(token)
    }

    /// Lists the thumbprints of the certificates on the card that are to be renewed: not those that the renewal has brought
    /// already.
    fn renewed(&mut self, card: Uuid, observer: Observer<'_>) -> Result<Vec<String>, Error> {
        let mut listed = self.listed(card, observer)?;
        let brought = self.brought(self.facts.request.as_ref().and_then(|read| read.new_profile))?;
        listed.retain(|thumbprint| !brought.contains(thumbprint));
        Ok(listed)
    }

    /// Says whether earlier work of ours, which is over, left nothing but a key without a certificate in the place.
    fn is_left_by_us(&self, placement: &Placement) -> Result<bool, Error> {
        let Some(key) = placement.replaces.as_ref().filter(|_| placement.keyed && !placement.occupied) else {
            return Ok(false);
        };
        let left = self.journal.left_on(self.card_id).map_err(|source| Error::new(Stage::ReadJournal, source))?;
        Ok(left.iter().any(|left| left.0 == key.spki()))
    }

    /// Plans the keys of the request, unless that was done in this process.
    pub(super) fn plan_ordered_keys(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        if self.facts.keys.is_some() {
            return Ok(());
        }
        observer(Event::Doing(Stage::ReadKeyOrders));
        let orders = self.client.generation_options(tie.request);
        let orders = orders.map_err(|source| Error::new(Stage::ReadKeyOrders, source))?;
        self.plan_keys(orders, Some(tie.smartcard), token, observer)
    }

    /// Notes in the journal which keys are made and where they go.
    pub(super) fn choose_keys(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        self.plan_ordered_keys(tie, token, observer)?;
        let card_label = self.card_label(tie, observer)?;
        let Some(KeyPlan { keys: planned, old }) = self.facts.keys.take() else {
            return Err(Error::new(Stage::PlaceKeys, Cause::NoProgress));
        };
        let (alone, elsewhere) = (planned.len() == 1, self.is_elsewhere());
        let work = (0u8..).zip(planned).map(|(index, PlannedKey { options, placement, named, keeps })| {
            let index = (!alone).then_some(index);
            let id = if named { key_id(tie.request, index) } else { placement.id };
            let label = key_label(&card_label, &options, index);
            let occupied = placement.occupied || placement.keyed && placement.replaces.is_none();
            let replaces = placement.replaces.map(|key| HexBytes(key.spki().to_vec()));
            let stray = elsewhere && named && options.certificate.is_none();
            KeyWork { id: HexBytes(id.0), label, options, replaces, occupied, keeps, stray }
        });
        let keys = work.collect();
        self.facts.just_placed = true;
        self.reach(Milestone::KeysChosen { tie, keys, old })
    }

    /// Refuses to have a key replaced that the token cannot move elsewhere ([`Cause::OldKeyLost`]).
    pub(super) fn refuse_loss(&mut self, id: &KeyId, token: &mut dyn Token) -> Result<(), Error> {
        let lost = token.loses_replaced(id).map_err(|source| Error::new(Stage::PlaceKeys, source))?;
        if lost { Err(Error::new(Stage::PlaceKeys, Cause::OldKeyLost { key: id.clone() })) } else { Ok(()) }
    }

    /// Returns the label of the card's certificates by the template's pattern; the template's name where the pattern
    /// needs more than that.
    fn card_label(&mut self, tie: Tie, observer: Observer<'_>) -> Result<String, Error> {
        let pattern = self.config(tie, observer)?.certificate_label;
        let template = self.request(tie.request, observer)?.profile_template;
        if self.facts.template_name.is_none() {
            let templates = self.client.list_profile_templates();
            let templates = templates.map_err(|source| Error::new(Stage::FindTemplate, source))?;
            self.facts.template_name =
                templates.into_iter().find(|known| known.uuid == template).map(|known| known.name);
        }
        let name = self.facts.template_name.as_deref().unwrap_or("cardwright");
        let label = pattern.replace("{Template!cn}", name);
        let usable = !label.trim().is_empty() && !label.contains('{');
        Ok(if usable { label } else { name.to_owned() })
    }
}

/// Says whether the certificate under `id` is of a key that may have to decrypt what was stored.
fn keeps_secrets(id: &KeyId, stored: &[StoredKey]) -> bool {
    let there = stored.iter().find(|stored| stored.id == *id).and_then(certificate);
    there.is_some_and(|certificate| certificate.keeps_secrets().unwrap_or(true))
}

/// Finds where on the token the keys are whose certificates have these thumbprints.
fn places_of(thumbprints: &[String], stored: &[StoredKey]) -> Vec<OldPlace> {
    let places = stored.iter().filter_map(|stored| {
        let certificate = certificate(stored)?;
        let listed = thumbprints.contains(&certificate.thumbprint_sha1());
        listed.then(|| OldPlace { id: stored.id.clone(), decrypts_only: certificate.decrypts_only().unwrap_or(false) })
    });
    places.collect()
}

fn certificate(stored: &StoredKey) -> Option<pkix::Certificate> {
    pkix::Certificate::from_der(stored.certificate.as_deref()?).ok()
}

//! Chooses which keys are made and where they go. The journal has both before any key exists.

use super::driver::{Enrollment, Leg};
use super::error::{Cause, Error};
use super::key_order::{decrypts_only, key_algorithm, key_id, key_label, signature_algorithm};
use super::record::{HexBytes, KeyWork, Milestone, Tie};
use super::stage::Stage;
use super::step::{Event, Observer};
use super::workflow::Workflow;
use crate::pkix;
use crate::token::{self, KeyId, KeyWish, StoredKey, Token};

/// Bounds the keys that one request may order; no template orders more for one card.
const MOST_KEYS: usize = 16;

/// Holds where a key is that is to be renewed.
struct OldPlace {
    id: KeyId,
    decrypts_only: bool,
}

impl Enrollment<'_> {
    /// Asks the server which keys to make and has the token choose their places. A place that is taken is used only
    /// where the order lets keys be replaced.
    pub(super) fn choose_keys(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        observer(Event::Doing(Stage::ReadKeyOrders));
        let failed = |cause| Error::new(Stage::ReadKeyOrders, cause);
        let orders = self.client.generation_options(tie.request).map_err(|source| failed(source.into()))?;
        if orders.len() > MOST_KEYS {
            return Err(failed(Cause::TooManyOrdered { count: orders.len() }));
        }
        let alone = orders.len() == 1;
        let card_label = self.card_label(tie, observer)?;
        let old = match self.order.workflow() {
            Workflow::Renew => self.listed(tie.smartcard, observer)?,
            _ => Vec::new(),
        };
        // What may be replaced is looked at first.
        let stored = if self.order.replaces() { self.stored(token)?.to_vec() } else { Vec::new() };
        let mut old_places = places_of(&old, &stored);
        (self.facts.stored, self.facts.old_key) = (None, old_places.first().map(|old| old.id.clone()));
        let mut keys = Vec::new();
        for (index, options) in (0u8..).zip(orders) {
            let kind = key_algorithm(&options)?;
            signature_algorithm(kind, &options)?;
            pkix::name::parse(&options.subject).map_err(|source| Error::new(Stage::SignRequest, source))?;
            let decrypts_only = decrypts_only(&options);
            // Keys are renewed in the order they were made, each by a key of the same purpose.
            let superseded = old_places.iter().position(|old| old.decrypts_only == decrypts_only);
            let supersedes = superseded.map(|at| old_places.remove(at).id).into_iter().collect();
            let name = key_id(tie.request, (!alone).then_some(index)).0;
            let placed = place(&KeyWish { name, index, decrypts_only, supersedes }, self.order.replaces(), token)?;
            let label = key_label(&card_label, &options, (!alone).then_some(index));
            let keeps = placed.occupied && keeps_secrets(&placed.id, &stored);
            if keeps && !self.order.gives_up_old_key() {
                self.refuse_loss(&placed.id, token)?;
            }
            let replaces = placed.replaces.map(|key| HexBytes(key.spki().to_vec()));
            let (id, occupied, keeps) = (HexBytes(placed.id.0), placed.occupied, placed.occupied.then_some(keeps));
            keys.push(KeyWork { id, label, options, replaces, occupied, keeps });
        }
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

/// Has the token choose a place for one key; [`token::Error::KeyIdTaken`] where it is taken and may not be replaced.
fn place(wish: &KeyWish, replaces: bool, token: &mut dyn Token) -> Result<token::Placement, Error> {
    let failed = |source| Error::new(Stage::PlaceKeys, source);
    let placed = token.place(wish).map_err(failed)?;
    if placed.occupied && !replaces {
        return Err(failed(token::Error::KeyIdTaken(placed.id)));
    }
    Ok(placed)
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

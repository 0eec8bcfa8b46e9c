//! Chooses where a new key goes.

use super::application::Application;
use super::reference::KeyReference;
use crate::token::{self, KeyWish, Placement};

/// Remembers which wishes of a request were given which place, so that two of them never get the same one.
#[derive(Default)]
pub(super) struct Places {
    given: Vec<(Vec<u8>, KeyReference)>,
}

impl Places {
    /// Chooses the place of a key. A key that supersedes another takes its place. Otherwise the first key of a request
    /// takes 9A for signatures or 9D for decryption, even if it is occupied. Further keys take a free place: 9A or 9C
    /// for signatures, 9D or a retired place for decryption. 9E is never chosen: it needs no PIN, so anyone who finds
    /// the card could use it.
    pub fn choose(&mut self, application: &mut Application, wish: &KeyWish) -> Result<Placement, token::Error> {
        if let Some((_, reference)) = self.given.iter().find(|(name, _)| *name == wish.name) {
            return look(application, *reference);
        }
        if wish.index == 0 {
            // Another request begins.
            self.given.clear();
        }
        let open: Vec<_> =
            candidates(wish.decrypts_only).filter(|it| self.given.iter().all(|(_, given)| given != it)).collect();
        let superseded = wish.supersedes.iter().filter_map(KeyReference::of).find(|it| open.contains(it));
        let first = *open.first().ok_or(token::Error::Full)?;
        let placement = match superseded {
            Some(reference) => look(application, reference)?,
            None if wish.index == 0 => look(application, first)?,
            None => match first_free(application, &open)? {
                Some(placement) => placement,
                None => look(application, first)?,
            },
        };
        if let Some(reference) = KeyReference::of(&placement.id) {
            self.given.push((wish.name.clone(), reference));
        }
        Ok(placement)
    }
}

fn candidates(decrypts: bool) -> impl Iterator<Item = KeyReference> {
    let principal = match decrypts {
        true => vec![KeyReference::KEY_MANAGEMENT],
        false => vec![KeyReference::AUTHENTICATION, KeyReference::SIGNATURE],
    };
    principal.into_iter().chain(KeyReference::retired().filter(move |_| decrypts))
}

fn first_free(application: &mut Application, open: &[KeyReference]) -> Result<Option<Placement>, token::Error> {
    for reference in open {
        let placement = look(application, *reference)?;
        if application.is_free(*reference) {
            return Ok(Some(placement));
        }
    }
    Ok(None)
}

fn look(application: &mut Application, reference: KeyReference) -> Result<Placement, token::Error> {
    let metadata = application.metadata(reference.byte())?;
    let occupied = application.is_certified(reference)?;
    application.set_free(reference, metadata.is_none() && !occupied);
    let keyed = metadata.is_some();
    Ok(Placement { id: reference.id(), replaces: metadata.and_then(|metadata| metadata.public_key), occupied, keyed })
}

//! Makes sure that keys and certificates will fit, before a request is made and before any secret changes.
//!
//! A token that tells its free memory is believed. On any other the administrator makes a trial, by the key that the card
//! has now, and undoes it; the session then need not. Without a key that is likely to hold, it is left to the session.

use super::admin::{AdminWork, is_wrong};
use super::driver::{Enrollment, Tried};
use super::error::{Cause, Error};
use super::foresight::{expected_length, key_length};
use super::key_order::key_algorithm;
use super::plan::KnownAdminKey;
use super::record::Tie;
use super::stage::Stage;
use super::step::{Event, Observer};
use super::workflow::Workflow;
use crate::client;
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::template::SmartcardConfig;
use crate::secret::AdminKey;
use crate::token::{self, Admin, LastTry, Room, SecretKind, Token};

impl Enrollment<'_> {
    /// Returns how much room the planned keys take.
    fn rooms(&self) -> Result<Vec<Room>, Error> {
        let planned = self.facts.keys.iter().flat_map(|plan| &plan.keys);
        let room = planned.map(|planned| {
            let algorithm = key_algorithm(&planned.options)?;
            let (certificate, key) = (expected_length(algorithm), key_length(algorithm));
            Ok(Room { id: planned.placement.id.clone(), certificate, key })
        });
        room.collect()
    }

    /// Refuses keys for which a token that tells its free memory has none.
    pub(super) fn check_memory(&self, token: &dyn Token) -> Result<(), Error> {
        let wanted: usize = self.rooms()?.iter().map(|room| room.certificate.saturating_add(room.key)).sum();
        match token.free_memory() {
            Some(free) if free < wanted => Err(Error::new(Stage::ReserveRoom, token::Error::Full)),
            _ => Ok(()),
        }
    }

    /// Makes the trial while nothing has begun, by the admin key that a card has before its enrollment. Where the card
    /// refuses that, the refusal is remembered, so that it costs no second try.
    pub(super) fn foresee_room(
        &mut self,
        config: &SmartcardConfig,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        let rooms = self.rooms()?;
        let idle = self.order.workflow() != Workflow::Enroll || self.facts.room_tried || self.facts.default_refused;
        if idle || rooms.is_empty() || !token.has_admin_key() || !token.identity().is_named() {
            return Ok(());
        }
        let failed = |source| Error::new(Stage::ReserveRoom, source);
        let typed = self.inputs.so_pin.take();
        let tried = match &typed {
            Some((typed, last_try)) => Some(token.try_room(Admin::SoPin(typed), &rooms, *last_try)),
            None => {
                let key = self.key_before(config, token, observer)?;
                key.map(|key| token.try_room(Admin::Key(&key), &rooms, LastTry::Keep))
            }
        };
        let by_hand = typed.is_some();
        self.inputs.so_pin = typed;
        match tried {
            None => return Ok(()),
            Some(Ok(())) => self.facts.room_tried = true,
            Some(Err(error)) if is_wrong(&error) && !by_hand => self.facts.default_refused = true,
            // The work itself says what to do about these.
            Some(Err(token::Error::NotOffered(_) | token::Error::Locked { secret: SecretKind::Admin })) => {}
            Some(Err(error)) => return Err(failed(error)),
        }
        self.facts.counters = None;
        Ok(())
    }

    /// Returns the admin key that the card has from its maker, if nothing speaks against it: neither the card nor the
    /// server's record of an earlier life.
    fn key_before(
        &mut self,
        config: &SmartcardConfig,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Option<AdminKey>, Error> {
        if self.condition(token)?.admin_key_is_default.is_none() && !self.may_have_factorys(observer)? {
            return Ok(None);
        }
        observer(Event::Doing(Stage::ReserveRoom));
        self.admin_key_it_came_with(config, token.factory(), Stage::ReserveRoom)
    }

    /// Says whether the server knows of no other admin key on the card than the one it came with.
    fn may_have_factorys(&mut self, observer: Observer<'_>) -> Result<bool, Error> {
        let known = match self.facts.at_server.clone() {
            Some(known) => known,
            None => self.card_known_by(self.card_id, observer)?,
        };
        let Some(card) = known else { return Ok(true) };
        if card.status != SmartcardStatus::Retired {
            return Ok(false);
        }
        match self.client.admin_key_state(card.uuid) {
            Ok(state) => Ok(state == AdminKeyState::Default),
            Err(client::Error::ExtensionAbsent { .. } | client::Error::Refused { .. }) => Ok(false),
            Err(error) => Err(Error::new(Stage::FetchAdminKey, error)),
        }
    }

    /// Makes the trial by the admin key that the card has during the request, if it was not made before. What does not
    /// allow it is left to the session.
    pub(super) fn try_room(
        &mut self,
        tie: Tie,
        config: &SmartcardConfig,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        let rooms = self.rooms()?;
        if self.facts.room_tried || rooms.is_empty() || !token.has_admin_key() {
            return Ok(());
        }
        observer(Event::Doing(Stage::ReserveRoom));
        let settled = match self.facts.admin_key {
            Some(settled) => settled,
            // An earlier process has settled it, and the card may have kept the key it came with.
            None if self.unsettled && config.diversify_admin_key => self.known_admin_key(tie, token, observer)?,
            None => KnownAdminKey::Own,
        };
        let key = if config.diversify_admin_key { settled } else { KnownAdminKey::Default };
        let work =
            AdminWork { tie, config, keys: &[key], own: None, next: None, stage: Stage::ReserveRoom, asks: false };
        let tried =
            self.as_admin(work, token, observer, |token, admin, last_try| token.try_room(admin, &rooms, last_try));
        match tried {
            Ok(Tried::Done(())) => self.facts.room_tried = true,
            // Nobody is asked for another key only for this.
            Ok(Tried::Need(_)) => {}
            Err(Error {
                cause:
                    Cause::Token(token::Error::NotOffered(_) | token::Error::Contradicted { .. })
                    | Cause::AdminKeyWithheld { .. },
                ..
            }) => {}
            Err(Error { cause: Cause::Token(refused), .. })
                if is_wrong(&refused) && key == KnownAdminKey::Default && self.inputs.so_pin.is_none() =>
            {
                self.facts.default_refused = true;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Makes the trial right before the admin key changes, by the same authority.
    pub(super) fn rooms_untried(&self) -> Result<Vec<Room>, Error> {
        if self.facts.room_tried { Ok(Vec::new()) } else { self.rooms() }
    }
}

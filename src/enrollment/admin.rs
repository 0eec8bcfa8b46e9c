//! The admin key of a card: tries the keys that may hold, and gives the card its own.

use super::driver::{Enrollment, Tried};
use super::error::{Cause, Error};
use super::plan::{KnownAdminKey, MayHold, admin_keys_to_try};
use super::record::{Milestone, Tie};
use super::relay::is_for_absence;
use super::stage::Stage;
use super::step::{Event, Observer};
use super::workflow::Workflow;
use crate::client;
use crate::cm::card_secrets::{AdminKeyState, NextAdminKey};
use crate::cm::template::SmartcardConfig;
use crate::secret::{AdminKey, Pin};
use crate::token::{self, Admin, Factory, LastTry, Room, SecretKind, Token, Tries};
use uuid::Uuid;

/// Holds what is needed to do something as the administrator.
#[derive(Clone, Copy)]
pub(super) struct AdminWork<'w> {
    pub tie: Tie,
    pub config: &'w SmartcardConfig,
    /// The keys to try, in this order; more than one only where it is not known which holds.
    pub keys: &'w [KnownAdminKey],
    /// The card's own key, if it was fetched already.
    pub own: Option<&'w AdminKey>,
    /// The key that may have taken its place already, tried last; `None` where none was let out.
    pub next: Option<&'w AdminKey>,
    pub stage: Stage,
    /// True: where no key holds, the operator is asked for the SO PIN; false: that is an error.
    pub asks: bool,
}

impl<'w> AdminWork<'w> {
    /// Sets a PIN by this key; where it is the default one and does not hold, the operator is asked.
    pub fn to_set_pin(
        tie: Tie,
        config: &'w SmartcardConfig,
        key: &'w KnownAdminKey,
        own: Option<&'w AdminKey>,
    ) -> Self {
        let (keys, asks) = (std::slice::from_ref(key), *key == KnownAdminKey::Default);
        Self { tie, config, keys, own, next: None, stage: Stage::SetPin, asks }
    }
}

/// Holds the keys of a change to a card's own key.
pub(super) struct OwnKeys {
    /// The one that the card is to get.
    pub goal: AdminKey,
    /// An earlier own key that it may have; `None` where there is none but the goal.
    pub held: Option<AdminKey>,
    /// The goal was let out before, so that the card may have it already.
    pub let_out: bool,
}

impl Enrollment<'_> {
    /// Reads how the template wants its cards prepared; asks the server once in a process.
    pub(super) fn config(&mut self, tie: Tie, observer: Observer<'_>) -> Result<SmartcardConfig, Error> {
        if let Some(config) = &self.facts.config {
            return Ok(config.clone());
        }
        let template = self.request(tie.request, observer)?.profile_template;
        self.config_of(template, observer)
    }

    /// Reads how this template wants its cards prepared; asks the server once in a process.
    pub(super) fn config_of(&mut self, template: Uuid, observer: Observer<'_>) -> Result<SmartcardConfig, Error> {
        if let Some(config) = &self.facts.config {
            return Ok(config.clone());
        }
        observer(Event::Doing(Stage::ReadConfiguration));
        let config = self.client.smartcard_config(template);
        let config = config.map_err(|source| Error::new(Stage::ReadConfiguration, source))?;
        self.facts.config = Some(config.clone());
        Ok(config)
    }

    /// Asks the server how far the card's own key has come; `None` from a server that does not keep this.
    pub(super) fn told_admin_key_state(&self, smartcard: Uuid) -> Result<Option<AdminKeyState>, Error> {
        match self.client.admin_key_state(smartcard) {
            Ok(state) => Ok(Some(state)),
            Err(client::Error::ExtensionAbsent { .. }) => Ok(None),
            Err(error) => Err(Error::new(Stage::FetchAdminKey, error)),
        }
    }

    /// Fetches the keys of a change to the card's own key. `state`: how far that has come, as the server says.
    pub(super) fn keys_to_change(
        &mut self,
        tie: Tie,
        state: Option<AdminKeyState>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<OwnKeys, Error> {
        if matches!(state, Some(AdminKeyState::Proposed | AdminKeyState::Active)) {
            match self.with_presence(tie, token, observer, |this, _| this.next_admin_key(tie, true)) {
                Ok(Some(NextAdminKey { current: held, next: Some(goal), proposed })) => {
                    return Ok(OwnKeys { goal, held, let_out: proposed });
                }
                Ok(_) => {}
                // A card that has none of its earlier keys is given one that nobody was told before.
                Err(refused) if is_for_absence(&refused) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(OwnKeys { goal: self.own_key(tie, observer)?, held: None, let_out: false })
    }

    /// Fetches the card's own admin key from the server; [`Cause::AdminKeyWithheld`] where the server does not give it
    /// out.
    pub(super) fn own_key(&self, tie: Tie, observer: Observer<'_>) -> Result<AdminKey, Error> {
        observer(Event::Doing(Stage::FetchAdminKey));
        let Tie { request, smartcard } = tie;
        let diversified = || self.client.diversified_key(request, smartcard, self.card_id, self.facts.atr.clone());
        let key = match self.order.workflow() {
            Workflow::Retire => match self.client.surrendered_admin_key(request, smartcard, self.card_id) {
                Err(client::Error::ExtensionAbsent { .. }) => diversified(),
                surrendered => surrendered,
            },
            Workflow::Enroll | Workflow::Renew | Workflow::Unblock | Workflow::RetireLost => diversified(),
        };
        key.map_err(|source| Error::new(Stage::FetchAdminKey, no_key(source)))
    }

    /// Gives the card its own key. Where either key may hold, each is tried at most once and never on its last try.
    pub(super) fn change_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        config: &SmartcardConfig,
        own: &OwnKeys,
        may_hold: MayHold,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let OwnKeys { goal, held, let_out } = own;
        let mut keys = admin_keys_to_try(may_hold, self.inputs.so_pin.is_some());
        if keys.is_empty() {
            if let Some(need) = self.take_kept_admin_key(Stage::ChangeAdminKey, token)? {
                return Ok(Tried::Need(need));
            }
            keys = admin_keys_to_try(may_hold, self.inputs.so_pin.is_some());
        }
        if keys.is_empty() {
            return Ok(Tried::Need(self.so_pin_needed(token)?));
        }
        let default_refused = may_hold.first_refused();
        observer(Event::Doing(Stage::ChangeAdminKey));
        self.reach(Milestone::ChangingAdminKey { tie, default_refused, own_possible: true })?;
        let (own, next) = (Some(held.as_ref().unwrap_or(goal)), Some(goal).filter(|_| *let_out));
        let work = AdminWork { tie, config, keys, own, next, stage: Stage::ChangeAdminKey, asks: true };
        let (rooms, mut was_tried) = (self.rooms_untried()?, false);
        let tried = self.as_admin(work, token, observer, |token, mut admin, last_try| {
            was_tried = was_tried || tried(token, admin.again(), &rooms, last_try)?;
            token.change_admin_key(admin, goal, last_try)
        })?;
        self.facts.room_tried |= was_tried;
        match tried {
            Tried::Done(()) => {
                observer(Event::AdminKeyChanged);
                // If the server does not hear of it, the default key need not be tried again.
                self.reach(Milestone::ChangingAdminKey { tie, default_refused: true, own_possible: true })?;
            }
            // All that were tried were refused, so nothing has changed.
            Tried::Need(_) => {
                self.reach(Milestone::ChangingAdminKey { tie, default_refused: true, own_possible: false })?;
            }
        }
        Ok(tried)
    }

    /// Runs `act` with one key after the other until one is accepted; a typed SO PIN is used in place of the default
    /// key.
    pub(super) fn as_admin<T>(
        &mut self,
        work: AdminWork<'_>,
        token: &mut dyn Token,
        observer: Observer<'_>,
        mut act: impl FnMut(&mut dyn Token, Admin<'_>, LastTry) -> Result<T, token::Error>,
    ) -> Result<Tried<T>, Error> {
        let AdminWork { keys, stage, asks, .. } = work;
        if self.counters(token)?.admin == Tries::Locked {
            return Err(Error::new(stage, token::Error::Locked { secret: SecretKind::Admin }));
        }
        let mut refused = None;
        for key in keys.iter().copied().chain(work.next.map(|_| KnownAdminKey::Next)) {
            let tried = match (key, &self.inputs.so_pin) {
                (KnownAdminKey::Default, Some((so_pin, last_try))) => act(token, Admin::SoPin(so_pin), *last_try),
                _ => self.prove(work, key, token, observer, &mut act)?,
            };
            self.facts.counters = None;
            match tried {
                Ok(done) => return Ok(Tried::Done(done)),
                Err(error) if is_wrong(&error) => {
                    if key == KnownAdminKey::Default {
                        self.note_default_refused(&error)?;
                        self.drop_copy();
                    }
                    refused = refused.or(Some(error));
                }
                Err(error) => return Err(Error::new(stage, error)),
            }
        }
        match refused {
            Some(error) if !asks || self.inputs.so_pin.is_some() => Err(Error::new(stage, error)),
            _ => self.as_keeper_of_the_pin(stage, token, act),
        }
    }

    /// Notes in the journal that a change to the card's own key need not begin with the default one again: should the
    /// server not answer for the next key, the try would be spent twice.
    fn note_default_refused(&mut self, refused: &token::Error) -> Result<(), Error> {
        use Milestone::ChangingAdminKey;
        let Some(ChangingAdminKey { tie, own_possible: true, .. }) = self.record().map(|record| &record.milestone)
        else {
            return Ok(());
        };
        let tie = *tie;
        if self.inputs.so_pin.is_none() && matches!(refused, token::Error::SecretRefused { .. }) {
            self.reach(ChangingAdminKey { tie, default_refused: true, own_possible: true })?;
        }
        Ok(())
    }

    /// Has the card accept the admin key that the server has for it alone; `None` where the card or the server offers no
    /// such proof.
    pub(super) fn accepts_own_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Option<bool>, Error> {
        observer(Event::Doing(Stage::ProveCard));
        let config = self.config(tie, observer)?;
        let (keys, stage) = (&[KnownAdminKey::Own], Stage::ProveCard);
        let work = AdminWork { tie, config: &config, keys, own: None, next: None, stage, asks: false };
        match self.as_admin(work, token, observer, |token, admin, last_try| token.prove_admin(admin, last_try)) {
            Ok(Tried::Done(())) => Ok(Some(true)),
            Ok(Tried::Need(_)) | Err(Error { cause: Cause::AdminKeyWithheld { .. }, .. }) => Ok(None),
            Err(Error { cause: Cause::Token(refused), .. }) if is_wrong(&refused) => Ok(Some(false)),
            Err(Error { cause: Cause::Token(token::Error::NotOffered(_)), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets the PIN by one admin key.
    pub(super) fn set_pin_as_admin(
        &mut self,
        work: AdminWork<'_>,
        new_pin: &Pin,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        self.as_admin(work, token, observer, |token, admin, last_try| token.set_pin(admin, new_pin, last_try))
    }

    /// Returns the admin key that the card came with: the one the template names, else the one of its kind; where the
    /// card tells whether it has that, the one that this leaves. `None` where none is left.
    pub(super) fn admin_key_it_came_with(
        &self,
        config: &SmartcardConfig,
        factory: Factory,
        stage: Stage,
    ) -> Result<Option<AdminKey>, Error> {
        if self.facts.default_refused {
            return Ok(None);
        }
        let named = named_admin_key(config, stage)?;
        let is_default = self.facts.condition.as_ref().and_then(|condition| condition.admin_key_is_default);
        Ok(match is_default {
            Some(true) => Some(factory.admin_key()),
            Some(false) => named.filter(|named| !factory.has_admin_key(named)),
            None => Some(named.unwrap_or_else(|| factory.admin_key())),
        })
    }

    /// Runs `act` with the default key; or, for the card's own, with the server's response to the token's challenge, or
    /// with the key itself where the token has no challenge.
    fn prove<T>(
        &self,
        work: AdminWork<'_>,
        key: KnownAdminKey,
        token: &mut dyn Token,
        observer: Observer<'_>,
        act: &mut impl FnMut(&mut dyn Token, Admin<'_>, LastTry) -> Result<T, token::Error>,
    ) -> Result<Result<T, token::Error>, Error> {
        let last_try = self.order.last_try();
        if key == KnownAdminKey::Default {
            // It is public, and only here is it known what kind of card this is.
            let Some(default) = self.admin_key_it_came_with(work.config, token.factory(), work.stage)? else {
                return Ok(Err(token::Error::Contradicted { secret: SecretKind::Admin, is_default: false }));
            };
            return Ok(act(token, Admin::Key(&default), last_try));
        }
        if let (KnownAdminKey::Next, Some(next)) = (key, work.next) {
            return Ok(act(token, Admin::Key(next), last_try));
        }
        let mut responder = self.responder(work.tie, key);
        match act(token, Admin::Responder(&mut responder), last_try) {
            Err(token::Error::NoChallenge) => {}
            tried => return Ok(tried),
        }
        let fetched;
        let own = match work.own {
            Some(own) => own,
            None => {
                fetched = self.own_key(work.tie, observer)?;
                &fetched
            }
        };
        Ok(act(token, Admin::Key(own), last_try))
    }

    /// Tells the server what became of the admin key; a server that does not keep this is not told.
    pub(super) fn tell_admin_key(&self, tie: Tie, state: AdminKeyState, stage: Stage) -> Result<(), Error> {
        match self.client.tell_admin_key(tie.request, tie.smartcard, state) {
            Ok(()) | Err(client::Error::ExtensionAbsent { .. }) => Ok(()),
            Err(error) => Err(Error::new(stage, error)),
        }
    }
}

/// Makes the trial, unless there is nothing to try or the token does not offer it; returns whether it was made.
fn tried(token: &mut dyn Token, admin: Admin<'_>, rooms: &[Room], last_try: LastTry) -> Result<bool, token::Error> {
    if rooms.is_empty() {
        return Ok(false);
    }
    match token.try_room(admin, rooms, last_try) {
        Ok(()) => Ok(true),
        Err(token::Error::NotOffered(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Says whether the token refused the admin key as wrong, or it was not sent because it may be.
pub(super) fn is_wrong(error: &token::Error) -> bool {
    matches!(
        error,
        token::Error::SecretRefused { secret: SecretKind::Admin, .. }
            | token::Error::SecretLength { secret: SecretKind::Admin, .. }
            | token::Error::LastTryKept { secret: SecretKind::Admin }
            | token::Error::Contradicted { secret: SecretKind::Admin, .. }
    )
}

/// Says whether the card keeps its admin key however often a change is repeated: the key is locked, wrong, or cannot be
/// changed.
pub(super) fn stays(error: &token::Error) -> bool {
    let gone = matches!(error, token::Error::Locked { secret: SecretKind::Admin } | token::Error::NotOffered(_));
    gone || is_wrong(error)
}

/// Returns why there is no admin key: the server gives it to nobody, or the call failed.
pub(super) fn no_key(source: client::Error) -> Cause {
    let withheld = matches!(source, client::Error::Refused { status: 403 | 404 | 405 | 409 | 501, .. });
    if withheld { Cause::AdminKeyWithheld { source } } else { source.into() }
}

/// Returns the admin key that the template names for cards fresh from the factory; `None` where it names none.
pub(super) fn named_admin_key(config: &SmartcardConfig, stage: Stage) -> Result<Option<AdminKey>, Error> {
    match config.default_admin_key_hex.trim() {
        "" => Ok(None),
        text => AdminKey::from_hex(text).map(Some).ok_or(Error::new(stage, Cause::DefaultAdminKey)),
    }
}

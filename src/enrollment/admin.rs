//! The administrator's key: which one holds, and how the card gets its own.

use super::error::{Cause, Error, Stage};
use super::record::{Milestone, Tie};
use super::{Enrollment, Event, Need, Observer};
use crate::client;
use crate::cm::extension::AdminKeyState;
use crate::cm::template::SmartcardConfig;
use crate::secret::AdminKey;
use crate::token::{self, Admin, LastTry, SecretKind, Token, Tries};

/// Bytes of a 3DES admin key; an empty default in a template means as many zeros.
const ADMIN_KEY_BYTES: usize = 24;

/// What an earlier try to change the admin key left open.
#[derive(Clone, Copy)]
pub(super) struct Doubt {
    /// The template's default key was refused.
    pub default_refused: bool,
    /// The card may hold its own key already.
    pub own_possible: bool,
}

/// What came of trying the keys that may hold.
pub(super) enum Tried<T> {
    Done(T),
    /// The operator must type the SO PIN.
    Need(Need),
}

impl Enrollment<'_> {
    /// How the template wants its cards prepared.
    pub(super) fn config(&mut self, tie: Tie, observer: Observer<'_>) -> Result<SmartcardConfig, Error> {
        if let Some(config) = &self.facts.config {
            return Ok(config.clone());
        }
        let template = self.request(tie.request, observer)?.profile_template;
        observer(Event::Doing(Stage::ReadConfiguration));
        let config = self.client.smartcard_config(template);
        let config = config.map_err(|source| Error::new(Stage::ReadConfiguration, source))?;
        self.facts.config = Some(config.clone());
        Ok(config)
    }

    /// How far the card's own key has come; a server without that record leaves it at the default.
    pub(super) fn admin_key_state(&self, tie: Tie) -> Result<Option<AdminKeyState>, Error> {
        match self.client.admin_key_state(tie.smartcard) {
            Ok(state) => Ok(Some(state)),
            Err(client::Error::ExtensionAbsent { .. }) => Ok(None),
            Err(error) => Err(Error::new(Stage::FetchAdminKey, error)),
        }
    }

    /// The card's own admin key, from the server.
    pub(super) fn own_key(&self, tie: Tie, observer: Observer<'_>) -> Result<AdminKey, Error> {
        observer(Event::Doing(Stage::FetchAdminKey));
        self.client.diversified_key(tie.request, tie.smartcard, self.card_id).map_err(|source| match source {
            client::Error::Refused { status: 403 | 404 | 405 | 409 | 501, .. } => {
                Error::new(Stage::FetchAdminKey, Cause::AdminKeyWithheld { source })
            }
            source => Error::new(Stage::FetchAdminKey, source),
        })
    }

    /// Gives the card its own key. Where it may hold already, each key is tried at most once and never on its last try.
    pub(super) fn change_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        config: &SmartcardConfig,
        own: &AdminKey,
        doubt: Doubt,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let typed = self.inputs.so_pin.is_some();
        if doubt.default_refused && !doubt.own_possible && !typed {
            return Ok(Tried::Need(Need::SoPin { counters: self.counters(token)? }));
        }
        observer(Event::Doing(Stage::ChangeAdminKey));
        let default_refused = doubt.default_refused;
        self.reach(Milestone::ChangingAdminKey { tie, default_refused, own_possible: true })?;
        let either = doubt.own_possible.then_some(own);
        let tried = self.as_admin(token, config, either, Stage::ChangeAdminKey, |token, admin, last_try| {
            token.change_admin_key(admin, own, last_try)
        })?;
        match tried {
            Tried::Done(()) => observer(Event::AdminKeyChanged),
            // All that were tried were refused, so that nothing has changed.
            Tried::Need(_) => {
                self.reach(Milestone::ChangingAdminKey { tie, default_refused: true, own_possible: false })?;
            }
        }
        Ok(tried)
    }

    /// Does `act` by the SO PIN the operator typed, or else by the template's default key; then by `own`, if given.
    pub(super) fn as_admin<T>(
        &mut self,
        token: &mut dyn Token,
        config: &SmartcardConfig,
        own: Option<&AdminKey>,
        stage: Stage,
        mut act: impl FnMut(&mut dyn Token, Admin<'_>, LastTry) -> Result<T, token::Error>,
    ) -> Result<Tried<T>, Error> {
        if self.counters(token)?.admin == Tries::Locked {
            return Err(Error::new(stage, token::Error::Locked { secret: SecretKind::Admin }));
        }
        let default = default_admin_key(config).ok_or(Error::new(stage, Cause::DefaultAdminKey))?;
        let typed = self.inputs.so_pin.as_ref();
        let first = match typed {
            Some((so_pin, last_try)) => act(token, Admin::SoPin(so_pin), *last_try),
            None => act(token, Admin::Key(&default), LastTry::Keep),
        };
        self.facts.counters = None;
        let refused = match first {
            Ok(done) => return Ok(Tried::Done(done)),
            Err(error) if is_wrong(&error) => error,
            Err(error) => return Err(Error::new(stage, error)),
        };
        if let Some(own) = own {
            match act(token, Admin::Key(own), LastTry::Keep) {
                Ok(done) => return Ok(Tried::Done(done)),
                Err(error) if is_wrong(&error) => {}
                Err(error) => return Err(Error::new(stage, error)),
            }
        }
        if self.inputs.so_pin.is_some() {
            return Err(Error::new(stage, refused));
        }
        Ok(Tried::Need(Need::SoPin { counters: self.counters(token)? }))
    }
}

fn is_wrong(error: &token::Error) -> bool {
    matches!(
        error,
        token::Error::SecretRefused { secret: SecretKind::Admin, .. }
            | token::Error::SecretLength { secret: SecretKind::Admin, .. }
            | token::Error::LastTryKept { secret: SecretKind::Admin }
    )
}

/// The key of a card fresh from the factory; `None` when the template's text is not hexadecimal.
pub(super) fn default_admin_key(config: &SmartcardConfig) -> Option<AdminKey> {
    match config.default_admin_key_hex.trim() {
        "" => Some(AdminKey::new(vec![0; ADMIN_KEY_BYTES])),
        text => AdminKey::from_hex(text),
    }
}

//! Gives a card the next of its own admin keys, where the server has a newer master key or the present one is an earlier
//! holder's: the server proposes it, the card takes it, the client confirms it. Between proposal and confirmation either
//! may hold, and the next contact settles it.

use super::admin::{is_wrong, stays};
use super::driver::Enrollment;
use super::error::Error;
use super::plan::KnownAdminKey;
use super::record::Tie;
use super::relay::is_for_absence;
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::client;
use crate::cm::card_secrets::{AdminKeyState, NextAdminKey};
use crate::cm::problem::ProblemCode;
use crate::token::{self, Admin, SecretKind, Token, Tries};

/// Bounds the keys that one enrollment gives a card one after the other: what an earlier one has proposed, what a newer
/// master key brings, and its own.
const MOST_KEYS: usize = 3;

/// Says what came of giving a card its next own admin key.
pub(super) enum Rotation {
    /// There is none.
    Nothing,
    Changed,
    /// The card keeps the one it has.
    Kept(token::Error),
}

impl Enrollment<'_> {
    /// Gives the card its next own admin key, if there is one. A card that does not take it keeps the one it has, which
    /// is enough for work on a card that stays its holder's.
    pub(super) fn rotate_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        match self.next_rotation(tie, token, observer)? {
            Rotation::Nothing | Rotation::Changed => {}
            Rotation::Kept(_) => observer(Event::AdminKeyKept),
        }
        Ok(())
    }

    /// Gives a card that is enrolled one own admin key after the other, until it has the one of this enrollment.
    pub(super) fn rotate_to_the_end(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Rotation, Error> {
        let mut came_to = Rotation::Nothing;
        for _ in 0..MOST_KEYS {
            match self.next_rotation(tie, token, observer)? {
                Rotation::Nothing => break,
                Rotation::Changed => came_to = Rotation::Changed,
                Rotation::Kept(error) => return Ok(Rotation::Kept(error)),
            }
        }
        Ok(came_to)
    }

    fn next_rotation(&mut self, tie: Tie, token: &mut dyn Token, observer: Observer<'_>) -> Result<Rotation, Error> {
        observer(Event::Doing(Stage::FetchAdminKey));
        let (next, proposed) = match self.with_presence(tie, token, observer, |this, _| this.next_admin_key(tie, false))
        {
            Ok(Some(NextAdminKey { next: Some(next), proposed, .. })) => (next, proposed),
            Ok(_) => return Ok(Rotation::Nothing),
            Err(refused) if is_for_absence(&refused) => return Ok(Rotation::Kept(self.absence().error())),
            Err(error) => return Err(error),
        };
        observer(Event::Doing(Stage::ChangeAdminKey));
        if self.counters(token)?.admin == Tries::Locked {
            return Ok(Rotation::Kept(token::Error::Locked { secret: SecretKind::Admin }));
        }
        let last_try = self.order.last_try();
        let typed = self
            .typed_so_pin()
            .map(|(so_pin, last_try)| token.change_admin_key(Admin::SoPin(so_pin), &next, *last_try));
        let by_hand = typed.is_some();
        let mut tried = typed.unwrap_or_else(|| {
            let mut responder = self.responder(tie, KnownAdminKey::Own);
            token.change_admin_key(Admin::Responder(&mut responder), &next, last_try)
        });
        if let Err(token::Error::NoChallenge) = tried
            && let Some(NextAdminKey { current: Some(current), .. }) = self.next_admin_key(tie, true)?
        {
            tried = token.change_admin_key(Admin::Key(&current), &next, last_try);
        }
        self.facts.counters = None;
        if tried.as_ref().is_err_and(is_wrong) && proposed && !by_hand {
            // The new key is changed to itself: the card says whether it holds already.
            tried = token.change_admin_key(Admin::Key(&next), &next, last_try);
            self.facts.counters = None;
        }
        match tried {
            Ok(()) => {
                if by_hand {
                    // It holds no more.
                    self.inputs.so_pin = None;
                }
                observer(Event::AdminKeyChanged);
                observer(Event::Doing(Stage::ConfirmAdminKey));
                self.tell_admin_key(tie, AdminKeyState::Active, Stage::ConfirmAdminKey)?;
                Ok(Rotation::Changed)
            }
            Err(error) if stays(&error) && !(by_hand && is_wrong(&error)) => Ok(Rotation::Kept(error)),
            Err(error) => Err(Error::new(Stage::ChangeAdminKey, error)),
        }
    }

    /// Asks for the next key; `None` from a server that has no such keys or does not give them out.
    pub(super) fn next_admin_key(&self, tie: Tie, with_current: bool) -> Result<Option<NextAdminKey>, Error> {
        match self.client.next_admin_key(tie.request, tie.smartcard, self.card_id, with_current) {
            Ok(next) => Ok(Some(next)),
            Err(client::Error::ExtensionAbsent { .. }) => Ok(None),
            Err(error) => {
                let withheld = [ProblemCode::NotDiversified, ProblemCode::AdminKeyKept].map(|code| Some(code.name()));
                if withheld.contains(&error.refusal_code()) {
                    return Ok(None);
                }
                Err(Error::new(Stage::FetchAdminKey, error))
            }
        }
    }
}

//! Gives a card the next of its own admin keys, where the server has a newer master key: the server proposes it, the
//! card takes it, the client confirms it. Between proposal and confirmation either may hold, and the next contact
//! settles it.

use super::admin::{is_wrong, stays};
use super::driver::Enrollment;
use super::error::Error;
use super::plan::KnownAdminKey;
use super::record::Tie;
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::client;
use crate::cm::card_secrets::{AdminKeyState, NextAdminKey};
use crate::cm::problem::ProblemCode;
use crate::token::{self, Admin, Token, Tries};

impl Enrollment<'_> {
    /// Gives the card its next own admin key, if there is one. A card that does not take it keeps the one it has, which
    /// is enough for the work.
    pub(super) fn rotate_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        observer(Event::Doing(Stage::FetchAdminKey));
        let Some(NextAdminKey { next: Some(next), proposed, .. }) = self.next_admin_key(tie, false)? else {
            return Ok(());
        };
        observer(Event::Doing(Stage::ChangeAdminKey));
        if self.counters(token)?.admin == Tries::Locked {
            observer(Event::AdminKeyKept);
            return Ok(());
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
                self.tell_admin_key(tie, AdminKeyState::Active, Stage::ConfirmAdminKey)
            }
            Err(error) if stays(&error) && !(by_hand && is_wrong(&error)) => {
                observer(Event::AdminKeyKept);
                Ok(())
            }
            Err(error) => Err(Error::new(Stage::ChangeAdminKey, error)),
        }
    }

    /// Asks for the next key; `None` from a server that has no such keys or does not give them out.
    fn next_admin_key(&self, tie: Tie, with_current: bool) -> Result<Option<NextAdminKey>, Error> {
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

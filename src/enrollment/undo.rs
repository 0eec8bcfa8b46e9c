//! Takes off the token what was made for a request that ended elsewhere.

use super::driver::{Enrollment, Leg, present};
use super::error::Error;
use super::issue::find_renamed;
use super::login::Login;
use super::pin::is_unusable;
use super::record::{Ended, HexBytes, KeyWork};
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::token::{self, Authority, KeyId, Operation, Token};
use uuid::Uuid;

impl Enrollment<'_> {
    /// Removes the request's keys from the token, and none that was there before. Where only the administrator could
    /// remove them, they stay: the server answers no challenge for a request that is over. They stay also where nobody can
    /// log in by the PIN: only a new request could set another.
    pub(super) fn undo(
        &mut self,
        request: Uuid,
        keys: &[KeyWork],
        ended: Ended,
        token: &mut Option<&mut dyn Token>,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let token = present(token)?;
        if ended == Ended::Completed
            && let Some(leg) = self.done_elsewhere(request, keys, token, observer)?
        {
            return Ok(leg);
        }
        let by_admin = token.authority(Operation::Delete) == Authority::Admin;
        if by_admin || is_unusable(self.counters(token)?.user) {
            self.note_left(keys, token)?;
            for key in keys {
                observer(Event::KeyLeft { key: KeyId(key.id.0.clone()) });
            }
            return self.end(request, ended);
        }
        let mut session = match self.log_in(true, None, token, observer)? {
            Login::In(session) => session,
            Login::Need(leg) => return Ok(leg),
        };
        observer(Event::Doing(Stage::RemoveKeys));
        let failed = |source: token::Error| Error::new(Stage::RemoveKeys, source);
        for key in keys {
            let id = KeyId(key.id.0.clone());
            let Some(stored) = session.find(&id).map_err(failed)? else {
                if let Some((id, _)) = find_renamed(session.as_mut(), key)? {
                    self.take_off(&id, session.as_mut(), observer)?;
                }
                continue;
            };
            let was_there = match &stored.public_key {
                Some(public_key) if key.replaces.is_some() => key.is_replaced(public_key),
                _ => key.occupied,
            };
            if !was_there {
                self.take_off(&id, session.as_mut(), observer)?;
            }
        }
        let received = self.record().map(|record| record.received.clone()).unwrap_or_default();
        for work in received.into_iter().filter(|work| !work.was_there) {
            let id = KeyId(work.id.0);
            if session.read_certificate(&id).map_err(failed)?.is_none_or(|there| there == work.certificate.0) {
                self.take_off(&id, session.as_mut(), observer)?;
            }
        }
        drop(session);
        self.end(request, ended)
    }

    /// Notes which keys stay on the token without a certificate, so that the next work takes their places.
    fn note_left(&self, keys: &[KeyWork], token: &mut dyn Token) -> Result<(), Error> {
        let stored = token.public_objects().map_err(|source| Error::new(Stage::ReadToken, source))?;
        let bare = stored.iter().filter(|stored| stored.is_bare_key());
        let left = bare.filter_map(|stored| {
            let key = stored.public_key.as_ref()?;
            let ours = keys.iter().any(|work| work.id.0 == stored.id.0 && !work.is_replaced(key));
            ours.then(|| HexBytes(key.spki().to_vec()))
        });
        let noted = self.journal.note_left(self.card_id, left.collect());
        noted.map_err(|source| Error::new(Stage::WriteJournal, source))
    }
}

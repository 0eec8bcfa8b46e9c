//! The end of a card's life: what was made is taken off the token, and the server is told.

use super::error::{Error, Stage};
use super::issue::Login;
use super::record::{Ended, HexBytes, KeyWork, Milestone, Tie};
use super::{Enrollment, Event, Leg, Observer, Outcome, Step, present};
use crate::cm::smartcard::SmartcardStatus;
use crate::pkix::Certificate;
use crate::token::{self, KeyId, Token};
use uuid::Uuid;

impl Enrollment<'_> {
    /// Notes what is to go: certificates the server knows, and keys of work on this card that was never finished.
    pub(super) fn begin_removal(&mut self, tie: Tie, observer: Observer<'_>) -> Result<Leg, Error> {
        let thumbprints = self.thumbprints(tie, observer)?;
        let unfinished = self.journal.unfinished().map_err(|source| Error::new(Stage::ReadJournal, source))?;
        let of_card = unfinished.iter().filter(|record| record.card_id == self.card_id);
        let keys = of_card.flat_map(|record| record.milestone.keys()).map(|key| key.id).collect();
        self.reach(Milestone::Removing { tie, thumbprints, keys })
    }

    /// Takes off the token what was noted, and nothing else.
    pub(super) fn remove(
        &mut self,
        tie: Tie,
        thumbprints: &[String],
        keys: &[HexBytes],
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let mut session = match self.log_in(token, observer)? {
            Login::In(session) => session,
            Login::Need(leg) => return Ok(leg),
        };
        observer(Event::Doing(Stage::RemoveKeys));
        let failed = |source: token::Error| Error::new(Stage::RemoveKeys, source);
        let mut removed = Vec::new();
        for stored in session.list().map_err(failed)? {
            let certificate = stored.certificate.as_deref().and_then(|der| Certificate::from_der(der).ok());
            let listed = certificate.is_some_and(|certificate| thumbprints.contains(&certificate.thumbprint_sha1()));
            if listed || keys.iter().any(|key| key.0 == stored.id.0) {
                session.delete(&stored.id).map_err(failed)?;
                observer(Event::KeyRemoved { key: stored.id.clone() });
                removed.push(HexBytes(stored.id.0));
            }
        }
        drop(session);
        self.reach(Milestone::Removed { tie, removed })
    }

    /// Tells the server, and forgets all other work on the card.
    pub(super) fn finish_retire(
        &mut self,
        tie: Tie,
        removed: Vec<HexBytes>,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        observer(Event::Doing(Stage::RetireCard));
        let failed = |source| Error::new(Stage::RetireCard, source);
        let told =
            self.unsettled && self.client.smartcard(tie.smartcard).map_err(failed)?.status == SmartcardStatus::Retired;
        if !told {
            self.unsettled = true;
            self.client.retire_smartcard(tie.request, tie.smartcard).map_err(failed)?;
        }
        self.complete(tie.request, observer)?;
        let in_journal = |source| Error::new(Stage::WriteJournal, source);
        for record in self.journal.unfinished().map_err(in_journal)? {
            if record.card_id == self.card_id {
                self.journal.take_up(record).close().map_err(in_journal)?;
            }
        }
        self.entry = None;
        let removed = removed.into_iter().map(|id| KeyId(id.0)).collect();
        Ok(Leg::Stop(Step::Done(Outcome::Retired { request: tie.request, smartcard: tie.smartcard, removed })))
    }

    /// Takes the keys of a request that ended elsewhere off the token.
    pub(super) fn undo(
        &mut self,
        request: Uuid,
        keys: &[KeyWork],
        ended: Ended,
        token: &mut Option<&mut dyn Token>,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let mut session = match self.log_in(present(token)?, observer)? {
            Login::In(session) => session,
            Login::Need(leg) => return Ok(leg),
        };
        observer(Event::Doing(Stage::RemoveKeys));
        let failed = |source: token::Error| Error::new(Stage::RemoveKeys, source);
        for key in keys {
            let id = KeyId(key.id.0.clone());
            if session.find(&id).map_err(failed)?.is_some() {
                session.delete(&id).map_err(failed)?;
                observer(Event::KeyRemoved { key: id });
            }
        }
        drop(session);
        self.end(request, ended)
    }
}

//! Ends a card's life: takes off the token what was made on it, gives it back the secrets it came with, and tells the
//! server.

use super::admin::{AdminWork, is_wrong, named_admin_key, stays};
use super::driver::{Enrollment, Leg};
use super::error::{Cause, Error};
use super::issue::find_renamed;
use super::login::Login;
use super::plan::KnownAdminKey;
use super::proven::Listed;
use super::puk::is_wrong_puk;
use super::record::{HexBytes, Milestone, Record, Tie};
use super::relay::is_for_absence;
use super::remove::add;
use super::showing::holds_any;
use super::stage::Stage;
use super::step::{Event, Observer, Outcome, Step};
use crate::client;
use crate::cm::card_secrets::{AdminKeyState, PukReport, PukState};
use crate::cm::smartcard::SmartcardStatus;
use crate::secret::Puk;
use crate::token::{self, Authority, KeyId, Operation, SecretKind, Session, StoredKey, Token};

/// Bounds how many PUKs are tried one after the other: the two of a change that was cut off.
const MOST_PUKS: usize = 2;

impl Enrollment<'_> {
    /// Notes what is to be removed: the certificates that the server knows, and keys of unfinished work on this card.
    pub(super) fn begin_removal(&mut self, tie: Tie, observer: Observer<'_>) -> Result<Leg, Error> {
        if self.is_elsewhere() && self.is_retired(tie.smartcard)? {
            return self.reach(Milestone::Removed { tie, removed: Vec::new() });
        }
        let Listed { thumbprints, keys: listed } = Listed::of(self.rows(tie.smartcard, observer)?.iter());
        let ids = |record: &Record| {
            let made = record.milestone.keys().into_iter().map(|key| key.id);
            made.chain(record.received.iter().map(|work| work.id.clone())).collect::<Vec<_>>()
        };
        let keys = self.unfinished_here()?.iter().flat_map(ids).collect();
        self.reach(Milestone::Removing { tie, thumbprints, keys, listed })
    }

    /// Returns the unfinished work on this card.
    fn unfinished_here(&self) -> Result<Vec<Record>, Error> {
        let unfinished = self.journal.unfinished().map_err(|source| Error::new(Stage::ReadJournal, source))?;
        Ok(unfinished.into_iter().filter(|record| record.card_id == self.card_id).collect())
    }

    /// Finds keys of unfinished work that the token has under ids of its own choice.
    fn renamed_here(&self, session: &mut dyn Session) -> Result<Vec<KeyId>, Error> {
        let mut found = Vec::new();
        for key in self.unfinished_here()?.iter().flat_map(|record| record.milestone.keys()) {
            let there = session.find(&KeyId(key.id.0.clone()));
            if there.map_err(|source| Error::new(Stage::RemoveKeys, source))?.is_none() {
                found.extend(find_renamed(session, &key)?.map(|(id, _)| id));
            }
        }
        Ok(found)
    }

    /// Removes what was noted and nothing else; or resets the whole card, where the template wants that and the card
    /// offers it.
    pub(super) fn remove(
        &mut self,
        tie: Tie,
        listed: &Listed,
        keys: &[HexBytes],
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let resets = self.config(tie, observer)?.reset_on_retire;
        // Where the user's login removes keys, it shows the key as well.
        let shows_before = resets || token.authority(Operation::Delete) == Authority::Admin;
        if self.owes_key() && shows_before {
            let asked = self.show_key_to_retire(tie, listed, token, observer)?;
            // What was shown stands in the journal now.
            return Ok(asked.unwrap_or(Leg::Onward));
        }
        if resets && self.reset(tie, token, observer)? {
            return self.reach(Milestone::Removed { tie, removed: Vec::new() });
        }
        let mut session = match self.log_in_for(tie, &[Operation::Delete], token, observer)? {
            Login::In(session) => session,
            Login::Need(leg) => return Ok(leg),
        };
        observer(Event::Doing(Stage::RemoveKeys));
        let failed = |source: token::Error| Error::new(Stage::RemoveKeys, source);
        let renamed = self.renamed_here(session.as_mut())?;
        let stored = session.list().map_err(failed)?;
        if self.owes_key() {
            let candidates: Vec<_> = stored.iter().flat_map(|stored| listed.candidates(stored)).collect();
            if !holds_any(session.as_mut(), &candidates)? {
                drop(session);
                return self.refuse_card(tie);
            }
            self.note(|record| record.owes_key = false)?;
        }
        let (ours, others): (Vec<_>, Vec<_>) = stored.into_iter().partition(|stored| {
            let noted = keys.iter().any(|key| key.0 == stored.id.0) || renamed.contains(&stored.id);
            noted || listed.owns(stored)
        });
        // While their certificates are there, a repetition finds them again.
        let leaves: Vec<_> = ours.iter().filter_map(|stored| stored.certificate.clone()).collect();
        self.remove_authorities(&leaves, session.as_mut(), observer)?;
        let mut removed: Vec<HexBytes> = Vec::new();
        for stored in ours {
            // Several certificates under one id go with the first.
            let gone = removed.iter().any(|gone| gone.0 == stored.id.0);
            if !gone && self.take_off(&stored.id, session.as_mut(), observer)? {
                removed.push(HexBytes(stored.id.0));
            }
        }
        for stored in others.into_iter().filter(|stored| removed.iter().all(|gone| gone.0 != stored.id.0)) {
            self.leave(stored, listed, observer)?;
        }
        drop(session);
        self.reach(Milestone::ReturningAdminKey { tie, removed, begun: false })
    }

    /// Tells of what stays although it is odd, and notes it where it may be a key of this card's record.
    fn leave(&mut self, stored: StoredKey, listed: &Listed, observer: Observer<'_>) -> Result<(), Error> {
        let (None, Some(odd)) = (&stored.certificate, stored.odd) else { return Ok(()) };
        let foreign = listed.is_whole() && stored.public_key.is_some();
        if !stored.is_unreadable() || foreign {
            observer(Event::OddLeft { key: stored.id, odd });
            return Ok(());
        }
        let key = HexBytes(stored.id.0.clone());
        self.note(|record| add(&mut record.unclear, key))?;
        observer(Event::UnclearLeft { key: stored.id, odd });
        Ok(())
    }

    /// Resets the whole card to the factory's state; false where the card does not offer that.
    fn reset(&mut self, tie: Tie, token: &mut dyn Token, observer: Observer<'_>) -> Result<bool, Error> {
        observer(Event::Doing(Stage::ResetToken));
        let state = self.told_admin_key_state(tie.smartcard)?;
        let own = matches!(state, Some(AdminKeyState::Active | AdminKeyState::Proposed));
        // A card that cannot show that it is there is reset all the same, and nothing is said of its key.
        let own = own && self.announce_return(tie, Stage::ResetToken, token, observer)?;
        match token.reset_to_factory() {
            Ok(()) => observer(Event::TokenReset),
            Err(token::Error::NotOffered(_)) => {
                observer(Event::ResetNotOffered);
                return Ok(false);
            }
            Err(source) => return Err(Error::new(Stage::ResetToken, source)),
        }
        if own {
            self.tell_admin_key(tie, AdminKeyState::Default, Stage::ResetToken)?;
        }
        if self.puk_report(tie, token, observer)?.is_some() {
            self.tell_puk(tie, PukState::Default, Stage::ResetToken, observer)?;
        }
        Ok(true)
    }

    /// Tells the server that the card's own admin key is about to go; false where the server takes that from nobody, as
    /// the card cannot show that it is there.
    fn announce_return(
        &mut self,
        tie: Tie,
        stage: Stage,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<bool, Error> {
        let tell = |this: &Self, _: Observer<'_>| this.tell_admin_key(tie, AdminKeyState::Proposed, stage);
        match self.with_presence(tie, token, observer, tell) {
            Ok(()) => Ok(true),
            Err(refused) if is_for_absence(&refused) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts the template's default admin key back, so that the card is bound to no server. A card that refuses its own
    /// key keeps what it has, as each repetition would cost another try.
    pub(super) fn return_admin_key(
        &mut self,
        tie: Tie,
        removed: Vec<HexBytes>,
        begun: bool,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let config = self.config(tie, observer)?;
        let state = if config.diversify_admin_key { self.admin_key_state(tie, token)? } else { AdminKeyState::Default };
        if state != AdminKeyState::Default {
            if state == AdminKeyState::Active && !begun {
                self.rotate_admin_key(tie, token, observer)?;
            }
            observer(Event::Doing(Stage::ReturnAdminKey));
            let typed = self.typed_so_pin().is_some();
            let keys: &[KnownAdminKey] = match (begun, state, self.facts.admin_key) {
                // A typed one stands in place of the default.
                _ if typed => &[KnownAdminKey::Default],
                (false, _, Some(KnownAdminKey::Default)) => &[KnownAdminKey::Default],
                // Its own key may have been tried meanwhile, at another workstation, and refused there: the card would have
                // to refuse it twice.
                (true, _, _) => &[KnownAdminKey::Default, KnownAdminKey::Own],
                (_, AdminKeyState::Proposed, None) => &[KnownAdminKey::Own, KnownAdminKey::Default],
                _ => &[KnownAdminKey::Own],
            };
            if !self.announce_return(tie, Stage::ReturnAdminKey, token, observer)? {
                observer(Event::AdminKeyKept);
                return self.reach(Milestone::ReturningPuk { tie, removed, begun: false });
            }
            self.reach(Milestone::ReturningAdminKey { tie, removed: removed.clone(), begun: true })?;
            let stage = Stage::ReturnAdminKey;
            let default = named_admin_key(&config, stage)?.unwrap_or_else(|| token.factory().admin_key());
            let work = AdminWork { tie, config: &config, keys, own: None, next: None, stage, asks: false };
            let changed = self.as_admin(work, token, observer, |token, admin, last_try| {
                token.change_admin_key(admin, &default, last_try)
            });
            match changed {
                Ok(_) => {
                    self.tell_admin_key(tie, AdminKeyState::Default, stage)?;
                    observer(Event::AdminKeyReturned);
                }
                // What somebody gave is not passed over in silence.
                Err(error) if typed && matches!(&error.cause, Cause::Token(refused) if is_wrong(refused)) => {
                    return Err(error);
                }
                Err(error) if is_kept(&error.cause) => observer(Event::AdminKeyKept),
                Err(error) => return Err(error),
            }
        }
        self.reach(Milestone::ReturningPuk { tie, removed, begun: false })
    }

    /// Puts back the PUK that the card came with, where the card has one of the server's.
    pub(super) fn return_puk(
        &mut self,
        tie: Tie,
        removed: Vec<HexBytes>,
        begun: bool,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        if let Some(PukReport { current, next, .. }) = self.puk_report(tie, token, observer)?
            && (current.is_some() || next.is_some())
        {
            observer(Event::Doing(Stage::ReturnPuk));
            let config = self.config(tie, observer)?;
            let came_with = config.named_puk().or(token.factory().puk).unwrap_or_default();
            let factory = Puk::new(came_with.to_owned());
            self.reach(Milestone::ReturningPuk { tie, removed: removed.clone(), begun: true })?;
            let doubtful = begun || current.is_none() || self.is_elsewhere();
            let candidates = current.iter().chain(&next).chain(Some(&factory).filter(|_| doubtful)).take(MOST_PUKS);
            if self.change_puk_back(candidates, &factory, token)? {
                self.tell_puk(tie, PukState::Default, Stage::ReturnPuk, observer)?;
                observer(Event::PukReturned);
            } else {
                observer(Event::PukKept);
            }
        }
        self.reach(Milestone::Removed { tie, removed })
    }

    /// Tries one PUK after the other; false where the card accepts none.
    fn change_puk_back<'p>(
        &mut self,
        candidates: impl Iterator<Item = &'p Puk>,
        factory: &Puk,
        token: &mut dyn Token,
    ) -> Result<bool, Error> {
        for puk in candidates {
            let tried = token.change_puk(puk, factory, self.order.last_try());
            self.facts.counters = None;
            match tried {
                Ok(()) => return Ok(true),
                Err(error) if is_wrong_puk(&error) => {}
                Err(token::Error::Locked { secret: SecretKind::Puk } | token::Error::NotOffered(_)) => break,
                Err(source) => return Err(Error::new(Stage::ReturnPuk, source)),
            }
        }
        Ok(false)
    }

    /// Tells the server that the card is retired, and removes all journal files about the card.
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
                self.journal.take_up(record).close(true).map_err(in_journal)?;
            }
        }
        let (left, unclear) = (self.left(), self.unclear());
        self.entry = None;
        let removed = removed.into_iter().map(|id| KeyId(id.0)).collect();
        Ok(Leg::Stop(Step::Done(Outcome::Retired {
            request: tie.request,
            smartcard: tie.smartcard,
            removed,
            left,
            unclear,
        })))
    }
}

/// Says whether the card keeps its admin key however often this is repeated: the card does not accept or change it, or
/// the server refuses to help.
fn is_kept(cause: &Cause) -> bool {
    use client::Error::{ExtensionAbsent, Refused};
    let by_server = matches!(cause, Cause::Server(ExtensionAbsent { .. } | Refused { status: ..500, .. }));
    let by_card = matches!(cause, Cause::Token(error) if stays(error));
    by_card || by_server || matches!(cause, Cause::AdminKeyWithheld { .. })
}

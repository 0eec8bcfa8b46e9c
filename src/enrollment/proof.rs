//! Has a card prove that it is the one a record at the server speaks of, before anything of that record changes.
//!
//! In: what the card shows without a secret, and the certificates that the server lists. Out: proven; or owed, where
//! only the record's admin key can prove it and the server answers challenges for a request alone; or a refusal. A name
//! that a maker gave proves nothing: a card that was reset or replaced has it too.

use super::card::card_id;
use super::driver::Enrollment;
use super::error::{Cause, Error};
use super::proven::{Listed, Proof};
use super::record::Tie;
use super::showing::shows;
use super::stage::Stage;
use super::step::{Event, Observer};
use super::workflow::Workflow;
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::certificate::ListedCertificate;
use crate::cm::route::Holder;
use crate::cm::smartcard::{Smartcard, SmartcardStatus};
use crate::token::{Origin, StoredKey, Token};
use uuid::Uuid;

impl Enrollment<'_> {
    /// Has the card prove that it is this one; refuses it as [`Cause::CardUnproven`] where it cannot.
    pub(super) fn prove_card(
        &mut self,
        card: &Smartcard,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        observer(Event::Doing(Stage::ProveCard));
        let smartcard = card.uuid;
        let by_name = token.identity().is_named() && card_id(token.identity()) == self.card_id;
        let written = token.identity().origin == Origin::Written;
        self.facts.proof = if by_name && card.status == SmartcardStatus::Retired {
            // Its record has nothing more to lose, and the card may have nothing to show.
            Proof::Itself
        } else if self.shows_a_certificate(smartcard, token, observer)? {
            if token.tells_keys() { Proof::Itself } else { Proof::Certificate }
        } else if by_name && (written || self.has_work_on(smartcard)? || self.was_shown(smartcard)) {
            Proof::Itself
        } else if by_name && self.has_admin_key_of_its_own(card, observer)? {
            Proof::Owed
        } else if self.may_hold_a_key(smartcard, token, observer)? {
            Proof::Certificate
        } else {
            return Err(Error::new(Stage::ProveCard, Cause::CardUnproven { smartcard }));
        };
        if !by_name {
            token.go_by_earlier_serial();
        }
        Ok(())
    }

    /// Says whether a certificate that the server lists for the card is on the token, and its key as far as that tells.
    pub(super) fn shows_a_certificate(
        &mut self,
        smartcard: Uuid,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<bool, Error> {
        // What was brought from another card may be on that one still.
        let listed = Listed::of(self.rows(smartcard, observer)?.iter().filter(|row| !row.is_key_history));
        if listed.thumbprints.is_empty() {
            return Ok(false);
        }
        let stored = self.stored(token)?;
        let tells = token.tells_keys();
        Ok(stored.iter().any(|stored| shows(stored, &listed, tells)))
    }

    /// Says whether a card that is to be retired may have the key of a listed certificate under one that cannot be read: a
    /// trial signature tells.
    fn may_hold_a_key(
        &mut self,
        smartcard: Uuid,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<bool, Error> {
        if self.order.workflow() != Workflow::Retire {
            return Ok(false);
        }
        let listed = Listed::of(self.rows(smartcard, observer)?.iter().filter(|row| !row.is_key_history));
        Ok(!self.candidates(&listed, token)?.is_empty())
    }

    /// Reads what is on the token, once until something fails or changes.
    pub(super) fn stored(&mut self, token: &mut dyn Token) -> Result<&[StoredKey], Error> {
        let stored = match self.facts.stored.take() {
            Some(stored) => stored,
            None => token.public_objects().map_err(|source| Error::new(Stage::ReadToken, source))?,
        };
        Ok(self.facts.stored.insert(stored))
    }

    /// Lists the thumbprints of the certificates that the server issued for the card, in upper-case hexadecimal.
    pub(super) fn listed(&mut self, smartcard: Uuid, observer: Observer<'_>) -> Result<Vec<String>, Error> {
        let own = self.rows(smartcard, observer)?.iter().filter(|row| !row.is_key_history);
        Ok(Listed::of(own).thumbprints)
    }

    /// Lists the certificates that the server holds to be on the card, with those of keys from an earlier one; asks once in
    /// a process.
    pub(super) fn rows(&mut self, smartcard: Uuid, observer: Observer<'_>) -> Result<&[ListedCertificate], Error> {
        let known = self.facts.listed.take().filter(|(of, _)| *of == smartcard);
        let rows = match known {
            Some((_, rows)) => rows,
            None => {
                observer(Event::Doing(Stage::ListCertificates));
                let rows = self.client.certificates_of(Holder::Smartcard(smartcard));
                rows.map_err(|source| Error::new(Stage::ListCertificates, source))?
            }
        };
        Ok(&self.facts.listed.insert((smartcard, rows)).1)
    }

    /// Says whether the journal has unfinished work on this card for that record.
    fn has_work_on(&self, smartcard: Uuid) -> Result<bool, Error> {
        let unfinished = self.journal.unfinished().map_err(|source| Error::new(Stage::ReadJournal, source))?;
        Ok(unfinished.iter().any(|record| {
            record.card_id == self.card_id && record.milestone.tie().is_some_and(|tie| tie.smartcard == smartcard)
        }))
    }

    /// Says whether the card should have an admin key that no other has; the template tells it where the server does not.
    pub(super) fn has_admin_key_of_its_own(&mut self, card: &Smartcard, observer: Observer<'_>) -> Result<bool, Error> {
        match self.told_admin_key_state(card.uuid)? {
            Some(state) => Ok(state != AdminKeyState::Default),
            None => Ok(self.config_of(card.profile_template, observer)?.diversify_admin_key),
        }
    }

    /// Has the card accept the record's admin key, if it owes that proof; a card that does not is refused, and the request
    /// is given up.
    pub(super) fn prove_by_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        if self.facts.proof != Proof::Owed {
            return Ok(());
        }
        if self.accepts_own_admin_key(tie, token, observer)? != Some(true) {
            return self.refuse_card(tie);
        }
        self.facts.proof = Proof::Itself;
        Ok(())
    }

    /// Refuses the card once it can be told that it is another one, and gives a request up that this work has made, so
    /// that nothing stays behind. One that was made elsewhere stays, to be gone on with on the right card.
    pub(super) fn refuse_card<T>(&mut self, tie: Tie) -> Result<T, Error> {
        let Tie { request, smartcard } = tie;
        let was_given = self.record().is_some_and(|record| record.was_given);
        // Where the server does not let it be canceled, the journal keeps it.
        if was_given || self.client.cancel(request).is_ok() {
            self.close()?;
        }
        self.facts.proof = Proof::None;
        Err(Error::new(Stage::ProveCard, Cause::CardUnproven { smartcard }))
    }
}

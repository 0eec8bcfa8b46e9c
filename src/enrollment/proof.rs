//! Has a card prove that it is the one a record at the server speaks of, before anything of that record changes.
//!
//! In: what the card shows without a secret, and the certificates that the server lists. Out: proven; or owed, where
//! only the record's admin key can prove it and the server answers challenges for a request alone; or a refusal. A name
//! that a maker gave proves nothing: a card that was reset or replaced has it too.

use super::admin::{AdminWork, is_wrong};
use super::card::card_id;
use super::driver::{Enrollment, Tried};
use super::error::{Cause, Error};
use super::plan::KnownAdminKey;
use super::proven::Proof;
use super::record::Tie;
use super::showing::shows;
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::client;
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::route::Holder;
use crate::cm::smartcard::Smartcard;
use crate::token::{self, Origin, StoredKey, Token};
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
        self.facts.proof = if self.shows_a_certificate(smartcard, token, observer)? {
            if token.tells_keys() { Proof::Itself } else { Proof::Certificate }
        } else if by_name && (written || self.has_work_on(smartcard)?) {
            Proof::Itself
        } else if by_name && self.has_admin_key_of_its_own(card)? {
            Proof::Owed
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
        let listed = self.listed(smartcard, observer)?;
        if listed.is_empty() {
            return Ok(false);
        }
        let stored = self.stored(token)?;
        let tells = token.tells_keys();
        Ok(stored.iter().any(|stored| shows(stored, &listed, tells)))
    }

    /// Reads what is on the token, once until something fails or changes.
    pub(super) fn stored(&mut self, token: &mut dyn Token) -> Result<&[StoredKey], Error> {
        let stored = match self.facts.stored.take() {
            Some(stored) => stored,
            None => token.public_objects().map_err(|source| Error::new(Stage::ReadToken, source))?,
        };
        Ok(self.facts.stored.insert(stored))
    }

    /// Lists the thumbprints of the certificates that the server holds to be on the card, in upper-case hexadecimal; asks
    /// once in a process.
    pub(super) fn listed(&mut self, smartcard: Uuid, observer: Observer<'_>) -> Result<Vec<String>, Error> {
        if let Some((of, listed)) = &self.facts.listed
            && *of == smartcard
        {
            return Ok(listed.clone());
        }
        observer(Event::Doing(Stage::ListCertificates));
        let listed = self.client.certificates_of(Holder::Smartcard(smartcard));
        let listed = listed.map_err(|source| Error::new(Stage::ListCertificates, source))?;
        let listed: Vec<_> =
            listed.into_iter().map(|certificate| certificate.thumbprint.to_ascii_uppercase()).collect();
        self.facts.listed = Some((smartcard, listed.clone()));
        Ok(listed)
    }

    /// Says whether the journal has unfinished work on this card for that record.
    fn has_work_on(&self, smartcard: Uuid) -> Result<bool, Error> {
        let unfinished = self.journal.unfinished().map_err(|source| Error::new(Stage::ReadJournal, source))?;
        Ok(unfinished.iter().any(|record| {
            record.card_id == self.card_id && record.milestone.tie().is_some_and(|tie| tie.smartcard == smartcard)
        }))
    }

    /// Says whether the card should have an admin key that no other has.
    pub(super) fn has_admin_key_of_its_own(&mut self, card: &Smartcard) -> Result<bool, Error> {
        match self.client.admin_key_state(card.uuid) {
            Ok(state) => Ok(state != AdminKeyState::Default),
            // The template tells it where the server does not.
            Err(client::Error::ExtensionAbsent { .. }) => {
                let config = self.client.smartcard_config(card.profile_template);
                let config = config.map_err(|source| Error::new(Stage::ReadConfiguration, source))?;
                Ok(config.diversify_admin_key)
            }
            Err(error) => Err(Error::new(Stage::FetchAdminKey, error)),
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
        observer(Event::Doing(Stage::ProveCard));
        let config = self.config(tie, observer)?;
        let (keys, stage) = (&[KnownAdminKey::Own], Stage::ProveCard);
        let work = AdminWork { tie, config: &config, keys, own: None, stage, asks: false };
        match self.as_admin(work, token, observer, |token, admin, last_try| token.prove_admin(admin, last_try)) {
            Ok(Tried::Done(())) => {
                self.facts.proof = Proof::Itself;
                Ok(())
            }
            Ok(Tried::Need(_)) | Err(Error { cause: Cause::AdminKeyWithheld { .. }, .. }) => self.refuse_card(tie),
            Err(Error { cause: Cause::Token(refused), .. })
                if is_wrong(&refused) || matches!(refused, token::Error::NotOffered(_)) =>
            {
                self.refuse_card(tie)
            }
            Err(error) => Err(error),
        }
    }

    /// Refuses the card once it can be told that it is another one, and gives the request up, so that nothing stays
    /// behind.
    pub(super) fn refuse_card<T>(&mut self, tie: Tie) -> Result<T, Error> {
        let Tie { request, smartcard } = tie;
        // Where the server does not let it be canceled, the journal keeps it.
        if self.client.cancel(request).is_ok() {
            self.close()?;
        }
        self.facts.proof = Proof::None;
        Err(Error::new(Stage::ProveCard, Cause::CardUnproven { smartcard }))
    }
}

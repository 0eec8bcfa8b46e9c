//! What a card says of itself before anybody has typed anything: whose it is and till when, and what can be done with it.

use crate::enrollment::{Workflow, card_id};
use crate::pkix::{Certificate, name};
use crate::token::{Authority, Error, Operation, SecretForm, SecretKind, StoredKey, Token, Tries};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Holds what was read of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    pub id: Uuid,
    /// Which kind of card it is, for how long works on such cards take.
    pub kind: String,
    /// The serial by which people at the help desk know the card.
    pub serial: String,
    /// Whose the card is, as its certificate says; `None`: no certificate is on it.
    pub holder: Option<Holder>,
    pub pin: Tries,
    /// Which PINs the card takes, if it tells.
    pub form: Option<SecretForm>,
    /// The PIN that the card came with from its maker, where it still has that one.
    pub makers_pin: Option<&'static str>,
    /// Who stands behind a new PIN for a forgotten one can be asked over the telephone.
    pub answers_by_telephone: bool,
    pub pin_pad: bool,
    /// The card has a PIN that nobody chose, and that nobody knows.
    pub marked: bool,
    /// Work on the card was broken off here, and can be gone on with.
    pub unfinished: Option<Workflow>,
}

/// Says whose a card is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub name: String,
    pub from: OffsetDateTime,
    pub until: OffsetDateTime,
}

impl CardFacts {
    /// Reads the card; spends no try and changes nothing. One certificate that cannot be read stops nothing.
    pub fn read(token: &mut dyn Token) -> Result<Self, Error> {
        let (counters, stored) = token.overview()?;
        let condition = token.condition()?;
        let telephone = match token.authority(Operation::Unblock) {
            Authority::Puk => counters.puk.is_some_and(|puk| !is_locked(puk)),
            Authority::Admin => token.has_admin_key() && !is_locked(counters.admin),
            Authority::User => false,
        };
        Ok(Self {
            id: card_id(token.identity()),
            serial: token.identity().serial.clone(),
            kind: format!("{} {}", token.identity().kind, token.identity().model),
            holder: holder(&stored),
            pin: counters.user,
            form: token.form(SecretKind::Pin),
            makers_pin: token.factory().pin.filter(|_| condition.pin_is_default == Some(true)),
            answers_by_telephone: telephone,
            pin_pad: token.has_pin_pad(),
            marked: false,
            unfinished: None,
        })
    }

    /// Says whether the PIN can still be tried.
    pub fn has_usable_pin(&self) -> bool {
        !is_locked(self.pin) && self.pin != Tries::NotSet && !self.marked
    }

    /// Says whether the certificates end within this time, or have ended.
    pub fn is_due(&self, now: OffsetDateTime, within: Duration) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.until - now <= within)
    }
}

impl Holder {
    /// Says whether the time is over.
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        now >= self.until
    }

    /// Says whether the certificate is of a time that has yet to come, so that a clock is wrong.
    pub fn is_early(&self, now: OffsetDateTime) -> bool {
        now < self.from
    }
}

/// Says whether no try is left.
pub fn is_locked(tries: Tries) -> bool {
    matches!(tries, Tries::Locked | Tries::Left(0))
}

/// Says whether the next wrong try would be the last one, as far as the card tells.
pub fn is_last(tries: Tries) -> bool {
    matches!(tries, Tries::Last | Tries::Left(1))
}

/// Returns the holder whom the certificate names that ends last, one for logging on before others.
fn holder(stored: &[StoredKey]) -> Option<Holder> {
    let certificates = stored.iter().filter_map(|stored| Certificate::from_der(stored.certificate.as_ref()?).ok());
    let leaves = certificates.filter(|certificate| !certificate.is_ca().unwrap_or(false));
    let best = leaves.max_by_key(|it| (it.logs_on().unwrap_or(false), it.not_after()))?;
    let named = name::values(best.subject_name(), "CN").pop();
    let name = named.unwrap_or_else(|| best.subject());
    Some(Holder { name, from: best.not_before(), until: best.not_after() })
}

//! What goes between the driver and a face: orders and inputs in, steps, events and outcomes out.

use super::record::Record;
use super::stage::Stage;
use super::workflow::Workflow;
use crate::cm::data_item::DataItem;
use crate::cm::request::Request;
use crate::pkix::KeyAlgorithm;
use crate::secret::{Pin, Puk};
use crate::token::{Counters, KeyId, LastTry, Oddity, SecretForm};
use uuid::Uuid;

/// Says what the face wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    Enroll(EnrollOrder),
    Renew(RenewOrder),
    /// Sets a new PIN by the administrator's authority or the PUK. `last_try`: whether the last try of either may be
    /// spent.
    Unblock {
        comment: String,
        last_try: LastTry,
    },
    Retire {
        comment: String,
    },
    /// The token is gone; only the server is told. `reason`: why, in the template's words; empty for a server that takes
    /// none, as a MIM CM.
    RetireLost {
        comment: String,
        reason: String,
    },
}

/// Says how a card is to be enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EnrollOrder {
    /// A request that exists already; `None`: one is made.
    pub request: Option<Uuid>,
    /// A template's name or id; `None`: the only one there is.
    pub template: Option<String>,
    /// Whose card it will be; `None`: the caller's.
    pub target: Option<Uuid>,
    pub comment: String,
    pub data: Vec<DataItem>,
    /// 0 is the highest; `None`: the policy's default.
    pub priority: Option<u8>,
    /// Sets a new PIN even if the token has one.
    pub reset_pin: bool,
    /// Nobody knows the PIN that an earlier run of this work has set: another is set in its place.
    pub pin_is_lost: bool,
    /// Lets new keys and certificates replace what is in their places.
    pub replace: bool,
    /// Lets a key be lost that may have to decrypt, where the token has nowhere else to keep it.
    pub give_up_old_key: bool,
}

/// Says how a card is to be renewed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RenewOrder {
    pub comment: String,
    pub data: Vec<DataItem>,
    /// Lets new keys and certificates replace also what is not of the card's record in their places.
    pub replace: bool,
    /// Lets a key be lost that may have to decrypt, where the token has nowhere else to keep it.
    pub give_up_old_key: bool,
}

impl Order {
    /// Returns the workflow of the order.
    pub fn workflow(&self) -> Workflow {
        match self {
            Order::Enroll(_) => Workflow::Enroll,
            Order::Renew(_) => Workflow::Renew,
            Order::Unblock { .. } => Workflow::Unblock,
            Order::Retire { .. } => Workflow::Retire,
            Order::RetireLost { .. } => Workflow::RetireLost,
        }
    }

    /// Returns the order that carries out this request with what this order says about keys and PIN; `None` where that
    /// takes something else than this command.
    pub fn carrying_out(&self, request: &Request) -> Option<Self> {
        let replace = self.replaces();
        let give_up_old_key = self.gives_up_old_key();
        let workflow = Workflow::of(request)?;
        match (self, workflow) {
            (Order::Enroll(order), Workflow::Enroll) => {
                Some(Order::Enroll(EnrollOrder { request: Some(request.uuid), ..order.clone() }))
            }
            (Order::Renew(order), Workflow::Renew) => Some(Order::Renew(order.clone())),
            (Order::Enroll(_), Workflow::Renew) => {
                Some(Order::Renew(RenewOrder { replace, give_up_old_key, ..RenewOrder::default() }))
            }
            (Order::Renew(_), Workflow::Enroll) => {
                let request = Some(request.uuid);
                Some(Order::Enroll(EnrollOrder { request, replace, give_up_old_key, ..EnrollOrder::default() }))
            }
            (same, workflow) if same.workflow() == workflow => Some(same.clone()),
            (Order::RetireLost { .. }, Workflow::Retire) => Some(self.clone()),
            _ => None,
        }
    }

    /// Returns the request that the order names.
    pub(super) fn request(&self) -> Option<Uuid> {
        match self {
            Order::Enroll(order) => order.request,
            Order::Renew(_) | Order::Unblock { .. } | Order::Retire { .. } | Order::RetireLost { .. } => None,
        }
    }

    /// Says whether the journal's work is for another person than this order names.
    pub(super) fn is_for_another(&self, record: &Record) -> bool {
        matches!(self, Order::Enroll(order) if order.target.is_some() && order.target != record.target)
    }

    /// Says whether new keys may replace whatever is in their places; a renewal always replaces what it renews.
    pub(super) fn replaces(&self) -> bool {
        match self {
            Order::Enroll(order) => order.replace,
            Order::Renew(order) => order.replace,
            _ => false,
        }
    }

    /// Says whether a key may be lost that may have to decrypt.
    pub(super) fn gives_up_old_key(&self) -> bool {
        match self {
            Order::Enroll(order) => order.give_up_old_key,
            Order::Renew(order) => order.give_up_old_key,
            _ => false,
        }
    }

    /// Says whether the last try may be spent of a secret that nobody typed.
    pub(super) fn last_try(&self) -> LastTry {
        match self {
            Order::Unblock { last_try, .. } => *last_try,
            _ => LastTry::Keep,
        }
    }

    /// Says whether nobody knows the PIN that an earlier run has set.
    pub(super) fn lost_pin(&self) -> bool {
        matches!(self, Order::Enroll(EnrollOrder { pin_is_lost: true, .. }))
    }

    /// Says whether a new PIN is set even if the token has one.
    pub(super) fn resets_pin(&self) -> bool {
        matches!(self, Order::Enroll(EnrollOrder { reset_pin: true, .. }))
    }
}

/// Holds what a face gives when it calls the driver.
pub enum Input {
    Nothing,
    /// The user's PIN, and whether its last try may be spent.
    Pin(Pin, LastTry),
    /// The PIN will be typed at the reader's own keys.
    PinPad(LastTry),
    /// A PIN that the user chose.
    NewPin(Pin),
    /// The SO PIN of a token whose admin key is not the template's default.
    SoPin(Pin, LastTry),
    /// The PUK of a card that has neither the server's PUK nor the one it came with.
    Puk(Puk, LastTry),
}

/// Says where the driver stopped.
#[derive(Debug)]
pub enum Step {
    /// Something is needed; call again with it.
    Need(Need),
    /// The request waits for approval. The token is untouched, and the work can be taken up at any time.
    Pending {
        request: Uuid,
        /// How many approvals the template asks for, if the server tells.
        approvals_needed: Option<u32>,
    },
    Done(Outcome),
}

/// Says which PIN is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichPin {
    /// The one that the user has.
    Users,
    /// The one that an earlier run of this work has set.
    JustSet,
    /// The one that the card has now, from which it is changed to the new one: nobody has another right to set it.
    ToChange,
}

/// Names what the driver cannot go on without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// `pin_pad`: it may be typed at the reader instead ([`Input::PinPad`]).
    Pin { counters: Counters, pin_pad: bool, which: WhichPin },
    /// `form`: what card and template both take; `None` where neither sets bounds.
    NewPin { form: Option<SecretForm>, counters: Counters },
    /// The template's default admin key does not hold on this token.
    /// `is_key`: it is an admin key, in hexadecimal digits.
    SoPin { counters: Counters, is_key: bool },
    /// Nobody here knows the card's PUK. `refused`: one that it might have been was tried. Where the card does not tell
    /// how many tries are left, another is tried only with [`LastTry::Spend`].
    Puk { counters: Counters, refused: bool },
}

/// Tells what happens on the way, in order. It is for people to watch; nothing depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Something begins that may take a while or fail.
    Doing(Stage),
    /// The work was found in the journal.
    Resumed {
        request: Option<Uuid>,
    },
    RequestMade {
        request: Uuid,
    },
    /// A token that nothing names got an id of its own, by which the server will know it.
    TokenNamed {
        card_id: Uuid,
    },
    CardAssigned {
        smartcard: Uuid,
    },
    AdminKeyChanged,
    /// A private key from the server was kept; `name` is its certificate's template.
    KeyReceived {
        name: String,
    },
    /// A private key from the server is on the token; `name` is its certificate's template.
    KeyBrought {
        key: KeyId,
        name: String,
    },
    /// The card keeps the admin key it has: it cannot change it, or did not accept the one it should have.
    AdminKeyKept,
    /// The template's default admin key is back on the card.
    AdminKeyReturned,
    PukChanged,
    /// The card keeps the PUK it has: it did not accept the one it should have.
    PukKept,
    /// The card's PUK is locked, perhaps on purpose: the card goes on without one.
    PukLocked,
    /// The PUK that the card came with is back.
    PukReturned,
    PinSet,
    /// The server has taken the old key for shown.
    OldKeyShown,
    /// The old key cannot be shown: it is not on the card, or its certificate counts no more. An approval stands in for
    /// it.
    OldKeyMissing,
    /// The card has shown the server that it is there, by its admin key.
    PresenceShown,
    /// The card cannot show the server that it is there: it accepts no key that the server has for it, or has no protocol
    /// for that. The server tells no secret that the card may have.
    PresenceMissing,
    /// The whole card is as it came from the factory.
    TokenReset,
    /// The card cannot be reset to the factory's state, so only what was made is removed.
    ResetNotOffered,
    /// A key pair is being made on the token; RSA takes minutes on some cards.
    Generating {
        algorithm: KeyAlgorithm,
    },
    KeyMade {
        key: KeyId,
    },
    /// The key was on the token already, from work that was broken off.
    KeyFound {
        key: KeyId,
    },
    CertificateWritten {
        key: KeyId,
    },
    /// So many certificates of authorities were added to those on the token.
    AuthoritiesWritten {
        count: usize,
    },
    /// The certificates of authorities on the token stay as they are; the work goes on.
    AuthoritiesLeft {
        reason: String,
    },
    /// So many certificates of authorities were taken off the token.
    AuthoritiesRemoved {
        count: usize,
    },
    KeyRemoved {
        key: KeyId,
    },
    /// A key without a certificate stays: the token neither deletes nor overwrites it, or only the administrator could
    /// and the request is over.
    KeyLeft {
        key: KeyId,
    },
    /// A key may be there whose certificate cannot be read, so that nobody here can tell whether it is one of this card's
    /// record; it stays.
    UnclearLeft {
        key: KeyId,
        odd: Oddity,
    },
    /// Something unreadable of which nobody here knows whose it is stays on the token.
    OddLeft {
        key: KeyId,
        odd: Oddity,
    },
}

/// Takes events while the driver works.
pub(super) type Observer<'o> = &'o mut dyn FnMut(Event);

/// Says what was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `puk_locked`: nobody can set another PIN on the card by its PUK.
    Enrolled {
        request: Uuid,
        smartcard: Uuid,
        installed: Vec<Installed>,
        puk_locked: bool,
    },
    Renewed {
        request: Uuid,
        smartcard: Uuid,
        installed: Vec<Installed>,
        old: Vec<OldKey>,
        puk_locked: bool,
    },
    Unblocked {
        request: Uuid,
        smartcard: Uuid,
    },
    /// `removed`: the keys and certificates that were on the token. `left`: keys that it neither deletes nor
    /// overwrites, without their certificates. `unclear`: keys whose certificates cannot be read, and which stay
    /// because nobody here can tell whose they are.
    Retired {
        request: Uuid,
        smartcard: Uuid,
        removed: Vec<KeyId>,
        left: Vec<KeyId>,
        unclear: Vec<KeyId>,
    },
}

impl Outcome {
    /// Says whether the card is in use and its PUK was found to be locked.
    pub fn puk_is_locked(&self) -> bool {
        matches!(self, Self::Enrolled { puk_locked: true, .. } | Self::Renewed { puk_locked: true, .. })
    }
}

/// Names a key with its certificate on the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    pub key: KeyId,
    pub label: String,
    /// DER.
    pub certificate: Vec<u8>,
}

/// Says what became of a key that was renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OldKey {
    Removed(KeyId),
    /// It can decrypt, so it stays and old messages can still be read.
    KeptForDecryption(KeyId),
    /// The new key took its place.
    Replaced(KeyId),
    /// Its certificate was removed; the token neither deletes nor overwrites the key.
    Left(KeyId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_says_what_it_lets_be_lost() {
        let text = String::new;
        let enroll = |replace, give_up_old_key, reset_pin| {
            Order::Enroll(EnrollOrder { replace, give_up_old_key, reset_pin, ..EnrollOrder::default() })
        };
        let renew =
            |replace, give_up_old_key| Order::Renew(RenewOrder { replace, give_up_old_key, ..RenewOrder::default() });
        for (order, said) in [
            (enroll(false, false, false), (false, false, false)),
            (enroll(true, false, false), (true, false, false)),
            (enroll(false, true, false), (false, true, false)),
            (enroll(false, false, true), (false, false, true)),
            (renew(false, false), (false, false, false)),
            (renew(true, false), (true, false, false)),
            (renew(false, true), (false, true, false)),
            (Order::Unblock { comment: text(), last_try: LastTry::Spend }, (false, false, false)),
            (Order::Retire { comment: text() }, (false, false, false)),
            (Order::RetireLost { comment: text(), reason: text() }, (false, false, false)),
        ] {
            assert_eq!((order.replaces(), order.gives_up_old_key(), order.resets_pin()), said, "{order:?}");
        }
    }
}

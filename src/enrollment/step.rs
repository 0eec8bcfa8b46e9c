//! What goes between the driver and a face.

use super::record::Record;
use super::stage::Stage;
use super::workflow::Workflow;
use crate::cm::data_item::DataItem;
use crate::cm::template::PinPolicy;
use crate::pkix::KeyAlgorithm;
use crate::secret::{Pin, Puk};
use crate::token::{Counters, KeyId, LastTry};
use uuid::Uuid;

/// What the face wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    Enroll(EnrollOrder),
    Renew(RenewOrder),
    /// Sets a new PIN by the administrator's authority or the PUK. `last_try`: may the last try of either be spent?
    Unblock {
        comment: String,
        last_try: LastTry,
    },
    Retire {
        comment: String,
    },
    /// The token is gone; only the server is told.
    RetireLost {
        comment: String,
    },
}

/// What an enrollment is to be.
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
    /// Sets a new PIN though the token has one.
    pub reset_pin: bool,
    /// Keys and certificates that are where the new ones belong give way.
    pub replace: bool,
}

/// What a renewal is to be.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RenewOrder {
    pub comment: String,
    pub data: Vec<DataItem>,
}

impl Order {
    /// The way the card goes.
    pub fn workflow(&self) -> Workflow {
        match self {
            Order::Enroll(_) => Workflow::Enroll,
            Order::Renew(_) => Workflow::Renew,
            Order::Unblock { .. } => Workflow::Unblock,
            Order::Retire { .. } => Workflow::Retire,
            Order::RetireLost { .. } => Workflow::RetireLost,
        }
    }

    /// Whether the journal holds work for another request or person than this order names.
    pub(super) fn differs_from(&self, record: &Record) -> bool {
        match self {
            Order::Enroll(EnrollOrder { request: Some(request), .. }) => record.request() != Some(*request),
            Order::Enroll(order) => order.target.is_some() && order.target != record.target,
            _ => false,
        }
    }

    pub(super) fn replaces(&self) -> bool {
        match self {
            Order::Enroll(order) => order.replace,
            Order::Renew(_) => true,
            _ => false,
        }
    }

    /// May the last try of a secret be spent that nobody typed?
    pub(super) fn last_try(&self) -> LastTry {
        match self {
            Order::Unblock { last_try, .. } => *last_try,
            _ => LastTry::Keep,
        }
    }

    pub(super) fn resets_pin(&self) -> bool {
        matches!(self, Order::Enroll(EnrollOrder { reset_pin: true, .. }))
    }
}

/// What a face gives when it calls the driver.
pub enum Input {
    Nothing,
    /// The user's PIN, and whether its last try may be spent.
    Pin(Pin, LastTry),
    /// The PIN will be typed at the reader's own keys.
    PinPad(LastTry),
    /// A PIN the user chose.
    NewPin(Pin),
    /// The SO PIN of a token whose admin key is not the template's default.
    SoPin(Pin, LastTry),
    /// The PUK of a card whose PUK is neither the server's nor the one it came with.
    Puk(Puk, LastTry),
}

/// Where the driver stopped.
#[derive(Debug)]
pub enum Step {
    /// Call again with what is needed.
    Need(Need),
    /// The request waits for approval; the token is untouched and the work can be taken up at any time.
    Pending {
        request: Uuid,
        /// How many approvals the template asks for, where the server tells.
        approvals_needed: Option<u32>,
    },
    Done(Outcome),
}

/// What the driver cannot go on without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// `pin_pad`: it may be typed at the reader instead ([`Input::PinPad`]).
    Pin { counters: Counters, pin_pad: bool },
    /// `policy` is `None` where no template names one.
    NewPin { policy: Option<PinPolicy>, counters: Counters },
    /// The template's default admin key does not hold on this token.
    SoPin { counters: Counters },
    /// The card's PUK is known to nobody here. `refused`: the one it might have been was tried; where the card does not
    /// tell how many tries are left, another is only made with [`LastTry::Spend`].
    Puk { counters: Counters, refused: bool },
}

/// What happens on the way, in order; for progress and for people, never needed to go on.
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
    CardAssigned {
        smartcard: Uuid,
    },
    AdminKeyChanged,
    /// A private key of the server's was kept; `name` is its certificate's template.
    KeyReceived {
        name: String,
    },
    /// The card keeps the admin key it has: it cannot change it, or did not accept the one it should have.
    AdminKeyKept,
    /// The template's default admin key is back on the card.
    AdminKeyReturned,
    PukChanged,
    /// The card keeps the PUK it has: it did not accept the one it should have.
    PukKept,
    /// The PUK the card came with is back.
    PukReturned,
    PinSet,
    /// The whole card is as it came from the factory.
    TokenReset,
    /// The card has no way back to the factory's state, so only what was made is taken off.
    ResetNotOffered,
    /// A key pair is being made on the token; RSA takes minutes on some cards.
    Generating {
        algorithm: KeyAlgorithm,
    },
    KeyMade {
        key: KeyId,
    },
    /// The key was on the token already, from the work that was broken off.
    KeyFound {
        key: KeyId,
    },
    CertificateWritten {
        key: KeyId,
    },
    KeyRemoved {
        key: KeyId,
    },
    /// A key without a certificate stays: only the administrator could remove it, and the request is over.
    KeyLeft {
        key: KeyId,
    },
}

/// Where events go while the driver works.
pub(super) type Observer<'o> = &'o mut dyn FnMut(Event);

/// What was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Enrolled {
        request: Uuid,
        smartcard: Uuid,
        installed: Vec<Installed>,
    },
    Renewed {
        request: Uuid,
        smartcard: Uuid,
        installed: Vec<Installed>,
        old: Vec<OldKey>,
    },
    Unblocked {
        request: Uuid,
        smartcard: Uuid,
    },
    /// `removed`: the keys and certificates that were on the token.
    Retired {
        request: Uuid,
        smartcard: Uuid,
        removed: Vec<KeyId>,
    },
}

/// A key with its certificate on the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    pub key: KeyId,
    pub label: String,
    /// DER.
    pub certificate: Vec<u8>,
}

/// What became of a key that was renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OldKey {
    Removed(KeyId),
    /// It can decrypt, so what was encrypted for it stays readable.
    KeptForDecryption(KeyId),
    /// The new key took its place.
    Replaced(KeyId),
}

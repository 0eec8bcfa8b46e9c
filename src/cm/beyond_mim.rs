//! What MIM CM has no REST route for, under a prefix of our own: approvals, offline unblock, who is who, how far a card's
//! own secrets have come.

use super::request::{DataItem, Request, RequestType};
use super::wire::body::body;
use super::wire::{
    AdminKeyOrNothing, Crlf, DataPairs, Guid, Named, NamedOrNothing, OneTimePasswordOrNothing, Plain, PlainOr,
    PlainOrNothing, PriorityText, PukOrNothing, SecretText, Text, TextList, TextOrNothing, Vocabulary,
};
use crate::secret::{AdminKey, OneTimePassword, Puk};
use serde::{Serialize, Serializer};
use uuid::Uuid;
use zeroize::Zeroizing;

/// A user as the extension shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
}

body!(User { uuid: "Uuid" => Guid, name: "Name" => Plain<String>, groups: "Groups" => TextList });

/// The caller, as `whoami` shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Myself {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
    /// What the caller may do that no template gives, by the server's words; the key is left out when there is nothing.
    pub duties: Option<Vec<String>>,
}

body!(Myself {
    uuid: "Uuid" => Guid,
    name: "Name" => Plain<String>,
    groups: "Groups" => TextList,
    duties: "Duties" => PlainOrNothing<Vec<String>>,
});

/// One entry of `requesttypes`: what may be asked for a card or profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedType {
    pub request_type: RequestType,
    /// Of Reinstate: "suspend" or "reinstate"; empty elsewhere.
    pub effect: String,
}

body!(OfferedType { request_type: "Type" => Named<RequestType>, effect: "Effect" => TextOrNothing });

/// The body of `approve` and `deny`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Decision {
    pub comment: String,
    /// The manager's data items, given with an approval.
    pub data_collection: Vec<DataItem>,
    /// 0 is the highest; `None`: as it is.
    pub priority: Option<u8>,
}

body!(Decision {
    comment: "Comment" | "Comments" => Text,
    data_collection: "DataCollection" => DataPairs,
    priority: "Priority" => PriorityText,
});

/// The body of `datacollection`: items for a request that was made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataCollection {
    pub items: Vec<DataItem>,
}

body!(DataCollection { items: "DataCollection" => DataPairs });

/// A request's one-time passwords: those that are proven, or those that are shown, once. They are not shown otherwise.
#[derive(Default)]
pub struct OneTimePasswords {
    pub first: Option<OneTimePassword>,
    pub second: Option<OneTimePassword>,
}

body!(OneTimePasswords {
    first: "OneTimePassword" => OneTimePasswordOrNothing,
    second: "SecondOneTimePassword" => OneTimePasswordOrNothing,
});

/// The answer to an approval: the request, and with the last approval the one-time passwords the approver hands over.
pub struct Decided {
    pub request: Request,
    pub passwords: OneTimePasswords,
}

impl Serialize for Decided {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            #[serde(flatten)]
            request: &'a Request,
            #[serde(flatten)]
            passwords: &'a OneTimePasswords,
        }
        Flat { request: &self.request, passwords: &self.passwords }.serialize(serializer)
    }
}

/// A form, filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledDocument {
    pub name: String,
    pub text: String,
}

body!(FilledDocument { name: "Name" => Plain<String>, text: "Text" => Text });

/// An archived private key as recovery agents alone can open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    pub template_common_name: String,
    /// Upper-case hexadecimal.
    pub serial_number: String,
    pub is_key_history: bool,
    /// The certificate whose key it is, DER.
    pub certificate: Vec<u8>,
    /// PKCS#8 in CMS AuthEnvelopedData (RFC 5083), DER.
    pub sealed: Vec<u8>,
}

body!(SealedKey {
    template_common_name: "TemplateCommonName" => Text,
    serial_number: "SerialNumber" => Text,
    is_key_history: "IsKeyHistory" => PlainOr<bool>,
    certificate: "Certificate" => Crlf,
    sealed: "Sealed" => Crlf,
});

/// Declares how far a secret of a card's own has come: each state with its number and name on the wire.
macro_rules! states {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$state_doc:meta])* $state:ident = $number:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$state_doc])* $state),*
        }

        impl $name {
            const ALL: &'static [Self] = &[$(Self::$state),*];

            /// Gives the name on the wire.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$state => stringify!($state)),*
                }
            }

            /// Reads a name in any letter case.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.name().eq_ignore_ascii_case(name))
            }
        }

        impl Vocabulary for $name {
            const WHAT: &'static str = $what;

            fn to_number(self) -> u32 {
                match self {
                    $(Self::$state => $number),*
                }
            }

            fn of_number(number: u32) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.to_number() == number)
            }

            fn to_name(self) -> &'static str {
                self.name()
            }

            fn of_name(name: &str) -> Option<Self> {
                Self::from_name(name)
            }
        }
    };
}

states! {
    /// How far a card's own admin key has come: proposed before the card is touched, active once the card confirmed.
    AdminKeyState, "an admin key state" {
        /// The card has the template's default admin key.
        Default = 0,
        /// Either may hold: the default, or the card's own.
        Proposed = 1,
        Active = 2,
    }
}

states! {
    /// How far a card's own PUK has come.
    PukState, "a PUK state" {
        /// The card has the PUK it came with.
        Default = 0,
        /// Either may hold: the one before, or the one that is to take its place.
        Proposed = 1,
        Active = 2,
        /// The card's own, told to a person; the next work on the card replaces it.
        Spoken = 3,
    }
}

/// The body of `smartcards/{id}/adminkey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminKeyReport {
    pub state: AdminKeyState,
}

body!(AdminKeyReport { state: "State" => Named<AdminKeyState> });

/// What a client says became of the admin key on the card; `None` is read as active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminKeyNews {
    pub state: Option<AdminKeyState>,
}

body!(AdminKeyNews { state: "State" => NamedOrNothing<AdminKeyState> });

/// The next of a card's own admin keys. It holds secrets, so it is not shown.
pub struct NextAdminKey {
    /// The one that held before; only where it was asked for.
    pub current: Option<AdminKey>,
    /// The one the card is to be given; `None`: nothing is to change.
    pub next: Option<AdminKey>,
    /// It was let out before, so that the card may hold it already.
    pub proposed: bool,
}

body!(NextAdminKey {
    current: "Current" => AdminKeyOrNothing,
    next: "Next" => AdminKeyOrNothing,
    proposed: "Proposed" => Plain<bool>,
});

/// The PUKs of a card, to whom executes a request on it. It holds secrets, so it is not shown.
pub struct PukReport {
    /// The one that holds, or held before `next` was proposed; `None`: the one the card came with.
    pub current: Option<Puk>,
    /// The one the card is to be given; `None`: nothing is to change.
    pub next: Option<Puk>,
    /// How far the PUK had come before it was asked for.
    pub state: PukState,
}

body!(PukReport {
    current: "Current" => PukOrNothing,
    next: "Next" => PukOrNothing,
    state: "State" => Named<PukState>,
});

/// What a client says became of the PUK on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PukNews {
    pub state: PukState,
}

body!(PukNews { state: "State" => Named<PukState> });

/// An act of the log, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedAct {
    pub chain: u32,
    /// Counts from 1 within the chain.
    pub number: u64,
    /// The text the hash is made over, byte for byte.
    pub record: String,
    /// SHA-256, hexadecimal.
    pub hash: String,
}

body!(LoggedAct {
    chain: "Chain" => Plain<u32>,
    number: "Number" => Plain<u64>,
    record: "Record" => Plain<String>,
    hash: "Hash" => Plain<String>,
});

/// A chain of the log, and the last of its heads that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChain {
    pub chain: u32,
    /// The number of its last act.
    pub length: u64,
    /// The hash of its last act, hexadecimal.
    pub head: String,
    /// The text that was signed; empty: none yet.
    pub signed: String,
    /// ECDSA on P-256 with SHA-256, DER in base64; empty: none yet.
    pub signature: String,
    /// SHA-256 of the key's SubjectPublicKeyInfo, hexadecimal; empty: none yet.
    pub key: String,
}

body!(LogChain {
    chain: "Chain" => Plain<u32>,
    length: "Length" => Plain<u64>,
    head: "Head" => Plain<String>,
    signed: "Signed" => Text,
    signature: "Signature" => Text,
    key: "Key" => Text,
});

/// What a card has said of the key of a certificate, for auditors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationReport {
    /// It came from an authority that the template named; else nobody has verified it.
    pub proven: bool,
    /// Of the device's software: major, minor and patch, with dots.
    pub firmware: String,
    /// The device's own number, decimal; empty where it does not tell.
    pub device: String,
    /// In PEM: the key's attestation, then those it comes from as far as they were given.
    pub certificates: Vec<String>,
}

body!(AttestationReport {
    proven: "Proven" => Plain<bool>,
    firmware: "Firmware" => Text,
    device: "Device" => Text,
    certificates: "Certificates" => TextList,
});

/// The body of offline unblock: what the user reads out, a card's challenge or the request for its PUK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineChallenge {
    /// Grouped hexadecimal with check digits, as read out.
    pub challenge: String,
}

body!(OfflineChallenge { challenge: "Challenge" => Plain<String> });

/// The answer to [`OfflineChallenge`], to be read back. It may be a PUK, so it is not shown and is wiped.
pub struct OfflineResponse {
    pub response: Zeroizing<String>,
}

body!(OfflineResponse { response: "Response" => SecretText });

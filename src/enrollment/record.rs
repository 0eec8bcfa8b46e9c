//! What one workflow has come to, as the journal keeps it. Holds no secret.

use super::workflow::Workflow;
use crate::cm::template::GenerationOptions;
use crate::pkix::PublicKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The version this program writes and the only one it reads.
pub(super) const VERSION: u32 = 1;

/// One journal file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    pub(super) version: u32,
    /// Names the file, and stands in the request's comment, so that a request whose answer was lost is found again.
    pub marker: Uuid,
    /// Where the request was made.
    pub server: String,
    pub card_id: Uuid,
    /// What people call the token.
    pub token_label: String,
    pub workflow: Workflow,
    /// `None` where the card itself says which template it is of.
    pub template: Option<Uuid>,
    /// Whose card it will be; `None`: the caller's.
    pub target: Option<Uuid>,
    pub milestone: Milestone,
}

/// The request and the card it is carried out on, by their ids at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tie {
    pub request: Uuid,
    pub smartcard: Uuid,
}

/// The last thing known to be done, with all that is needed to go on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Milestone {
    /// The server is being asked for a request.
    Asking,
    /// The request exists; the token is untouched.
    Requested { request: Uuid },
    /// The admin key is being replaced. `default_refused`: the template's default does not hold. `own_possible`: the
    /// card's own key may hold already.
    ChangingAdminKey { tie: Tie, default_refused: bool, own_possible: bool },
    /// The PUK is being replaced. `current_refused`: the one that should hold does not. `next_possible`: the new one may
    /// hold already.
    ChangingPuk { tie: Tie, current_refused: bool, next_possible: bool },
    /// Admin key, PUK and PIN are as the template wants them.
    Prepared { tie: Tie },
    /// The key ids are chosen; keys may be on the token under them.
    KeysChosen { tie: Tie, keys: Vec<KeyWork>, old: Vec<String> },
    /// The certification requests are signed; the server may have answered them.
    Signed { tie: Tie, keys: Vec<SignedWork>, old: Vec<String> },
    /// The certificates are here; they may be on the token.
    Issued { tie: Tie, keys: Vec<IssuedWork>, old: Vec<String> },
    /// The certificates are on the token; keys that were renewed are being removed, then the server is told.
    Superseding { tie: Tie, keys: Vec<IssuedWork>, old: Vec<String> },
    /// The request ended elsewhere; the keys made for it are being removed.
    Undoing { request: Uuid, keys: Vec<KeyWork>, ended: Ended },
    /// The user's new PIN is set.
    PinSet { tie: Tie },
    /// Keys and certificates of the card are being removed: certificates by thumbprint, keys by id.
    Removing { tie: Tie, thumbprints: Vec<String>, keys: Vec<HexBytes> },
    /// The template's default admin key is being put back. `begun`: it may hold already.
    ReturningAdminKey { tie: Tie, removed: Vec<HexBytes>, begun: bool },
    /// The PUK the card came with is being put back. `begun`: it may hold already.
    ReturningPuk { tie: Tie, removed: Vec<HexBytes>, begun: bool },
    /// The token is clean.
    Removed { tie: Tie, removed: Vec<HexBytes> },
}

/// How a request ended without being carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    Denied,
    Canceled,
    Failed,
    /// Completed by somebody else, before the token had its certificate.
    Completed,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Ended::Denied => "was denied",
            Ended::Canceled => "was canceled",
            Ended::Failed => "failed",
            Ended::Completed => "was completed before this token had its certificate",
        })
    }
}

/// One key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyWork {
    pub id: HexBytes,
    pub label: String,
    pub options: GenerationOptions,
    /// The key that was under the id when it was chosen, as SubjectPublicKeyInfo (DER), where the token told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<HexBytes>,
    /// A certificate was under the id when it was chosen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub occupied: bool,
}

impl KeyWork {
    /// Whether something was under the id before.
    pub(super) fn takes_a_place(&self) -> bool {
        self.occupied || self.replaces.is_some()
    }

    /// Whether `key` is the one that was under the id before.
    pub(super) fn is_replaced(&self, key: &PublicKey) -> bool {
        self.replaces.as_ref().is_some_and(|replaced| replaced.0 == key.spki())
    }
}

/// One key with its certification request, DER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SignedWork {
    pub key: KeyWork,
    pub certification_request: HexBytes,
    /// What the card says of the key, where the server wants it: certificates, DER, one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<HexBytes>,
}

/// One key with its certificate, DER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IssuedWork {
    pub key: KeyWork,
    pub certificate: HexBytes,
}

/// Bytes that are hexadecimal digits in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexBytes(pub Vec<u8>);

impl Serialize for HexBytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Record {
    /// The request at the server, once it is known.
    pub fn request(&self) -> Option<Uuid> {
        self.milestone.request()
    }

    /// The text in a request's comment by which this record finds it again.
    pub(super) fn tag(&self) -> String {
        format!("{TAG}{}]", self.marker.simple())
    }
}

/// How the tag begins that a driver adds to a request's comment.
const TAG: &str = "[cardwright ";

/// What a person wrote into a request's comment, without the driver's tag.
pub fn own_words(comment: &str) -> &str {
    comment.rfind(TAG).and_then(|at| comment.get(..at)).unwrap_or(comment).trim_end()
}

impl Milestone {
    pub(super) fn request(&self) -> Option<Uuid> {
        match self {
            Milestone::Asking => None,
            Milestone::Requested { request } | Milestone::Undoing { request, .. } => Some(*request),
            Milestone::ChangingAdminKey { tie, .. }
            | Milestone::ChangingPuk { tie, .. }
            | Milestone::Prepared { tie }
            | Milestone::KeysChosen { tie, .. }
            | Milestone::Signed { tie, .. }
            | Milestone::Issued { tie, .. }
            | Milestone::Superseding { tie, .. }
            | Milestone::PinSet { tie }
            | Milestone::Removing { tie, .. }
            | Milestone::ReturningAdminKey { tie, .. }
            | Milestone::ReturningPuk { tie, .. }
            | Milestone::Removed { tie, .. } => Some(tie.request),
        }
    }

    /// The keys that may be on the token because of this work.
    pub(super) fn keys(&self) -> Vec<KeyWork> {
        match self {
            Milestone::KeysChosen { keys, .. } | Milestone::Undoing { keys, .. } => keys.clone(),
            Milestone::Signed { keys, .. } => keys.iter().map(|work| work.key.clone()).collect(),
            Milestone::Issued { keys, .. } | Milestone::Superseding { keys, .. } => {
                keys.iter().map(|work| work.key.clone()).collect()
            }
            _ => Vec::new(),
        }
    }
}

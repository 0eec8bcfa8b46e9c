//! Says how far one workflow has come, as the journal keeps it. Holds no secret.

use super::workflow::Workflow;
use crate::cm::template::GenerationOptions;
use crate::pkix::PublicKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Holds what one journal file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    pub(super) version: u32,
    /// Names the file, and stands in the request's comment, so that a request whose answer was lost can be found again.
    pub marker: Uuid,
    /// The address of the server where the request was made.
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
    /// The request was made elsewhere, and is not this work's to give up. Files of earlier versions do not say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_given: bool,
    /// Another workstation may have begun to carry the request out: what it has left on the card is not in this journal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
    /// How far the setting of a PIN has come; files of earlier versions do not say.
    #[serde(default, skip_serializing_if = "PinWork::is_none")]
    pub pin: PinWork,
    /// The card has shown a certificate alone, of which anybody can have a copy: before anything of the record at the
    /// server is replaced or ended, it must show the key. Files of earlier versions do not say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owes_key: bool,
    /// The old key must still be shown to the server. Files of earlier versions do not say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owes_possession: bool,
    /// Keys that the token neither deletes nor overwrites; their certificates are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<HexBytes>,
    /// The card's PUK is locked, and the card goes on without one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub puk_locked: bool,
    /// Keys that stay because their certificates cannot be read, so that nobody here can tell whose they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unclear: Vec<HexBytes>,
    /// Keys that the server sent and that are being written to the token, or are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub received: Vec<ReceivedWork>,
    /// Certificates (DER) of the authorities above the issued ones, to be written to the token after those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) authorities: Vec<HexBytes>,
}

/// Says which PIN the card has, as far as this work changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinWork {
    /// The one it had before.
    #[default]
    None,
    /// A new one is being set: the card may have either.
    Begun,
    /// The new one.
    Set,
}

impl PinWork {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Names the request and the card it is carried out on, by their ids at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tie {
    pub request: Uuid,
    pub smartcard: Uuid,
}

/// Names the last step known to be done, with all that is needed to go on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Milestone {
    /// The server is being asked for a request.
    Asking,
    /// The request exists; the token is untouched.
    Requested { request: Uuid },
    /// The admin key is being replaced. `default_refused`: the card has refused the template's default. `own_possible`:
    /// the card may have its own key already.
    ChangingAdminKey { tie: Tie, default_refused: bool, own_possible: bool },
    /// The PUK is being replaced. `current_refused`: the card has refused the one it should have. `next_possible`: the
    /// card may have the new one already.
    ChangingPuk { tie: Tie, current_refused: bool, next_possible: bool },
    /// Admin key, PUK and PIN are as the template wants them.
    Prepared { tie: Tie },
    /// The key ids are chosen; there may be keys on the token under them. `old`: thumbprints of the certificates to be
    /// renewed.
    KeysChosen { tie: Tie, keys: Vec<KeyWork>, old: Vec<String> },
    /// The certification requests are signed; the server may have answered them.
    Signed { tie: Tie, keys: Vec<SignedWork>, old: Vec<String> },
    /// The certificates have come; they may be on the token.
    Issued { tie: Tie, keys: Vec<IssuedWork>, old: Vec<String> },
    /// The certificates are on the token. Renewed keys are being removed; then the server is told.
    Superseding { tie: Tie, keys: Vec<IssuedWork>, old: Vec<String> },
    /// The request ended elsewhere; the keys made for it are being removed.
    Undoing { request: Uuid, keys: Vec<KeyWork>, ended: Ended },
    /// The user's new PIN is set.
    PinSet { tie: Tie },
    /// Keys and certificates are being removed from the card: certificates by thumbprint, keys by id. `listed`: the public
    /// keys (SubjectPublicKeyInfo, DER) of the certificates, where the server told them.
    Removing {
        tie: Tie,
        thumbprints: Vec<String>,
        keys: Vec<HexBytes>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        listed: Vec<HexBytes>,
    },
    /// The template's default admin key is being put back. `begun`: the card may have it already.
    ReturningAdminKey { tie: Tie, removed: Vec<HexBytes>, begun: bool },
    /// The PUK that the card came with is being put back. `begun`: the card may have it already.
    ReturningPuk { tie: Tie, removed: Vec<HexBytes>, begun: bool },
    /// The token is clean.
    Removed { tie: Tie, removed: Vec<HexBytes> },
}

/// Says how a request ended without being carried out here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    Denied,
    Canceled,
    Failed,
    /// Somebody else completed it, before the token had its certificate.
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

/// Holds one key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyWork {
    pub id: HexBytes,
    pub label: String,
    pub options: GenerationOptions,
    /// The key that was under the id when the id was chosen, as SubjectPublicKeyInfo (DER), if the token told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<HexBytes>,
    /// A certificate was under the id when the id was chosen, or a key whose public half the token did not tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub occupied: bool,
    /// What is under the id may have to decrypt, and is moved away before the new key is made. `None`: by a version that
    /// did not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps: Option<bool>,
    /// A key that another workstation has made and nobody has certified may be under the id, which is this request's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stray: bool,
}

impl KeyWork {
    /// Says whether something was under the id before.
    pub(super) fn takes_a_place(&self) -> bool {
        self.occupied || self.replaces.is_some()
    }

    /// Says whether `key` is the one that was under the id before.
    pub(super) fn is_replaced(&self, key: &PublicKey) -> bool {
        self.replaces.as_ref().is_some_and(|replaced| replaced.0 == key.spki())
    }
}

/// Holds one key that the server sent, without its private half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReceivedWork {
    pub id: HexBytes,
    pub label: String,
    pub certificate: HexBytes,
    /// It was on the token before this request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_there: bool,
}

/// Holds one key and its certification request (DER).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SignedWork {
    pub key: KeyWork,
    pub certification_request: HexBytes,
    /// What the card attests of the key, where the server wants that: certificates in DER, one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<HexBytes>,
}

/// Holds one key and its certificate (DER).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IssuedWork {
    pub key: KeyWork,
    pub certificate: HexBytes,
}

/// Holds bytes that are hexadecimal digits in the file.
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
    /// Returns the request's id at the server, once it is known.
    pub fn request(&self) -> Option<Uuid> {
        self.milestone.request()
    }

    /// Returns the text in a request's comment by which this record finds the request again.
    pub(super) fn tag(&self) -> String {
        tag(self.marker)
    }
}

/// Returns the tag of the work with this marker.
pub(super) fn tag(marker: Uuid) -> String {
    format!("{TAG}{}]", marker.simple())
}

/// Begins the tag that the driver adds to a request's comment.
const TAG: &str = "[cardwright ";

/// Returns what a person wrote into a request's comment, without the driver's tag.
pub fn own_words(comment: &str) -> &str {
    comment.rfind(TAG).and_then(|at| comment.get(..at)).unwrap_or(comment).trim_end()
}

impl Milestone {
    /// Says whether a server that foresees what a request comes to tells as much as the milestone does, and no card is
    /// changed on its strength before the next one that is flushed.
    ///
    /// Requested: by its comment the request is found from [`Milestone::Asking`]. Prepared: the card and the server show
    /// it again, no secret is tried that was refused, and the keys' places come next. Signed: keys that the server has
    /// certified are found by their certificates, others are found on the card or made again, as the work of
    /// [`Milestone::KeysChosen`] is wherever it is cut off; the certificates are noted before they are written.
    pub(super) fn is_told_by_the_server(&self) -> bool {
        matches!(self, Milestone::Requested { .. } | Milestone::Prepared { .. } | Milestone::Signed { .. })
    }

    pub(super) fn request(&self) -> Option<Uuid> {
        match self {
            Milestone::Requested { request } | Milestone::Undoing { request, .. } => Some(*request),
            _ => self.tie().map(|tie| tie.request),
        }
    }

    /// Returns the request and the card at the server, once they are tied.
    pub(super) fn tie(&self) -> Option<Tie> {
        match self {
            Milestone::Asking | Milestone::Requested { .. } | Milestone::Undoing { .. } => None,
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
            | Milestone::Removed { tie, .. } => Some(*tie),
        }
    }

    /// Lists the keys that may be on the token because of this work.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_come_to_pass_is_not_written() {
        let text = format!(
            r#"{{ "version": 1, "marker": "{0}", "server": "", "card-id": "{0}", "token-label": "", "workflow": "enroll",
                "template": null, "target": null, "milestone": {{ "at": "asking" }} }}"#,
            Uuid::nil()
        );
        let record: Record = serde_json::from_str(&text).unwrap();
        let read = |record: &Record| serde_json::to_value(record).unwrap();
        assert_eq!(read(&record), serde_json::from_str::<serde_json::Value>(&text).unwrap());
        for (pin, word) in [(PinWork::Begun, "begun"), (PinWork::Set, "set")] {
            assert_eq!(read(&Record { pin, ..record.clone() })["pin"], word);
        }
    }

    #[test]
    fn how_a_request_ended_is_said() {
        let said = [Ended::Denied, Ended::Canceled, Ended::Failed, Ended::Completed].map(|ended| ended.to_string());
        let words = ["was denied", "was canceled", "failed", "was completed before this token had its certificate"];
        assert_eq!(said, words);
    }

    #[test]
    fn every_milestone_names_its_request_and_the_keys_it_may_have_made() {
        let (id, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let tie = Tie { request: id, smartcard: other };
        let options =
            serde_json::from_str(r#"{"KeyAlgorithmName": "RSA", "KeySize": 2048, "HashAlgorithmName": "SHA256"}"#);
        let key = KeyWork {
            id: HexBytes(vec![9]),
            label: String::new(),
            options: options.unwrap(),
            replaces: None,
            occupied: false,
            keeps: None,
            stray: false,
        };
        let (one, none) = (vec![key.clone()], Vec::new());
        let bytes = || HexBytes(Vec::new());
        let signed = SignedWork { key: key.clone(), certification_request: bytes(), attestation: None };
        let issued = IssuedWork { key, certificate: bytes() };
        for (milestone, request, keys) in [
            (Milestone::Asking, None, &none),
            (Milestone::Requested { request: id }, Some(id), &none),
            (Milestone::Prepared { tie }, Some(id), &none),
            (Milestone::KeysChosen { tie, keys: one.clone(), old: Vec::new() }, Some(id), &one),
            (Milestone::Signed { tie, keys: vec![signed], old: Vec::new() }, Some(id), &one),
            (Milestone::Issued { tie, keys: vec![issued.clone()], old: Vec::new() }, Some(id), &one),
            (Milestone::Superseding { tie, keys: vec![issued], old: Vec::new() }, Some(id), &one),
            (Milestone::Undoing { request: id, keys: one.clone(), ended: Ended::Failed }, Some(id), &one),
            (Milestone::Removed { tie, removed: Vec::new() }, Some(id), &none),
        ] {
            assert_eq!((milestone.request(), &milestone.keys()), (request, keys), "{milestone:?}");
        }
    }
}

//! How a kiosk, an unattended workstation with an account of its own, has a person let in for a short time: by a request's
//! one-time password, by a card that signs, or by a code that the person has the server's pages give to it. MIM CM has no such
//! calls.

use super::beyond_mim::OneTimePasswords;
use super::check::{FieldError, MAX_HOST, MAX_SIGNATURE};
use super::hidden::is_hidden;
use super::wire::body::body;
use super::wire::{
    Crlf, CrlfOrNothing, Guid, GuidOrNothing, LinkCodeOrNothing, Moment, OneTimePasswordOrNothing, Plain, SecretText,
    TextOrNothing,
};
use crate::secret::{LinkCode, OneTimePassword};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Begins every text that a card signs to let its owner in. No other signature of its key is over bytes that begin so: not over
/// a certification request or a CMS attribute (DER), a handshake of TLS, nor the proof of an old key.
const LABEL: &str = "cardwright, visit at a kiosk, version 1";

/// Counts the bytes of a challenge.
pub const CHALLENGE: usize = 32;
/// Bounds what names a person, in characters.
const MAX_USER: usize = 256;
/// Bounds a certificate, in bytes.
const MAX_CERTIFICATE: usize = 16 * 1024;

/// Holds the body of `visits`: who wants in, and by what. It has secrets, so the type cannot be printed.
#[derive(Default)]
pub struct VisitOrder {
    /// A name, UPN or e-mail address; empty where the card in the reader names the person.
    pub user: String,
    /// The card in the reader.
    pub card_id: Option<Uuid>,
    pub first: Option<OneTimePassword>,
    pub second: Option<OneTimePassword>,
    /// The host by which the kiosk calls the server, as it stands in the text that the card has signed.
    pub server: String,
    /// The certificate of the key that has signed, DER.
    pub certificate: Option<Vec<u8>>,
    pub challenge: Option<Vec<u8>>,
    /// Over [`signed_text`]: RSA PKCS#1 v1.5 with SHA-256, or ECDSA (DER) with the hash of the curve.
    pub signature: Option<Vec<u8>>,
    /// The code that the person's browser has brought from the server's pages.
    pub code: Option<LinkCode>,
}

body!(VisitOrder {
    user: "User" => TextOrNothing,
    card_id: "CardId" => GuidOrNothing,
    first: "OneTimePassword" => OneTimePasswordOrNothing,
    second: "SecondOneTimePassword" => OneTimePasswordOrNothing,
    server: "Server" => TextOrNothing,
    certificate: "Certificate" => CrlfOrNothing,
    challenge: "Challenge" => CrlfOrNothing,
    signature: "Signature" => CrlfOrNothing,
    code: "Code" => LinkCodeOrNothing,
});

/// Names the person who wants in by a one-time password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// By a name, UPN or e-mail address.
    Person(String),
    /// By the card in the reader, which has this card id.
    Card(Uuid),
}

/// Holds what a card has signed to let its owner in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardShown {
    /// The host by which the kiosk calls the server.
    pub server: String,
    /// DER.
    pub certificate: Vec<u8>,
    pub challenge: Vec<u8>,
    pub signature: Vec<u8>,
}

/// Says by what somebody wants in.
pub enum VisitWay {
    Password(Whom, OneTimePasswords),
    Card(CardShown),
    Code(LinkCode),
}

impl VisitOrder {
    /// Makes the body of a way.
    pub fn of(way: VisitWay) -> Self {
        match way {
            VisitWay::Password(whom, OneTimePasswords { first, second }) => {
                let (user, card_id) = match whom {
                    Whom::Person(user) => (user, None),
                    Whom::Card(card_id) => (String::new(), Some(card_id)),
                };
                Self { user, card_id, first, second, ..Self::default() }
            }
            VisitWay::Card(CardShown { server, certificate, challenge, signature }) => Self {
                server,
                certificate: Some(certificate),
                challenge: Some(challenge),
                signature: Some(signature),
                ..Self::default()
            },
            VisitWay::Code(code) => Self { code: Some(code), ..Self::default() },
        }
    }

    /// Reads by what somebody wants in; refuses what is missing or too long, and two ways at once.
    pub fn way(self) -> Result<VisitWay, FieldError> {
        let Self { user, card_id, first, second, server, certificate, challenge, signature, code } = self;
        let too_much =
            |field, found, most, unit| (found > most).then_some(FieldError::TooMuch { field, found, most, unit });
        let long = [
            too_much("User", user.chars().count(), MAX_USER, "characters"),
            too_much("Server", server.chars().count(), MAX_HOST, "characters"),
            too_much("Certificate", certificate.as_ref().map_or(0, Vec::len), MAX_CERTIFICATE, "bytes"),
            too_much("Challenge", challenge.as_ref().map_or(0, Vec::len), CHALLENGE, "bytes"),
            too_much("Signature", signature.as_ref().map_or(0, Vec::len), MAX_SIGNATURE, "bytes"),
        ];
        if let Some(long) = long.into_iter().flatten().next() {
            return Err(long);
        }
        for (field, text) in [("User", &user), ("Server", &server)] {
            if text.chars().any(is_hidden) {
                return Err(FieldError::HiddenCharacter { field });
            }
        }
        if let Some(code) = code {
            for (given, other) in [
                (first.is_some() || second.is_some(), "OneTimePassword"),
                (!user.is_empty(), "User"),
                (card_id.is_some(), "CardId"),
                (certificate.is_some(), "Certificate"),
            ] {
                if given {
                    return Err(FieldError::Both { field: "Code", other });
                }
            }
            return Ok(VisitWay::Code(code));
        }
        let Some(certificate) = certificate else {
            if !server.is_empty() || challenge.is_some() || signature.is_some() {
                return Err(FieldError::Missing { field: "Certificate" });
            }
            let whom = match (card_id, user.trim()) {
                (Some(_), user) if !user.is_empty() => return Err(FieldError::Both { field: "User", other: "CardId" }),
                (Some(card_id), _) => Whom::Card(card_id),
                (None, "") => return Err(FieldError::Missing { field: "User" }),
                (None, user) => Whom::Person(user.to_owned()),
            };
            if first.is_none() {
                return Err(FieldError::Missing { field: "OneTimePassword" });
            }
            return Ok(VisitWay::Password(whom, OneTimePasswords { first, second }));
        };
        for (given, other) in [
            (first.is_some() || second.is_some(), "OneTimePassword"),
            (!user.is_empty(), "User"),
            (card_id.is_some(), "CardId"),
        ] {
            if given {
                return Err(FieldError::Both { field: "Certificate", other });
            }
        }
        let challenge = challenge.ok_or(FieldError::Missing { field: "Challenge" })?;
        let signature = signature.ok_or(FieldError::Missing { field: "Signature" })?;
        Ok(VisitWay::Card(CardShown { server, certificate, challenge, signature }))
    }
}

/// Answers `visits/challenge`: what a card is to sign, once and soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitChallenge {
    pub challenge: Vec<u8>,
    pub expires: OffsetDateTime,
}

body!(VisitChallenge { challenge: "Challenge" => Crlf, expires: "Expires" => Moment });

/// Names the person who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitingUser {
    pub uuid: Uuid,
    pub name: String,
}

body!(VisitingUser { uuid: "Uuid" => Guid, name: "Name" => Plain<String> });

/// Answers `visits`: somebody was let in. It has a secret, so the type cannot be printed.
pub struct Visit {
    /// The bearer token of the visit.
    pub bearer: Zeroizing<String>,
    pub expires: OffsetDateTime,
    pub user: VisitingUser,
    /// The one request that the visit is for; `None`: all that the person may do for himself.
    pub request: Option<Uuid>,
}

body!(Visit {
    bearer: "Bearer" => SecretText,
    expires: "Expires" => Moment,
    user: "User" => Plain<VisitingUser>,
    request: "Request" => GuidOrNothing,
});

/// Holds the body of `visits/handover`: at which kiosk whoever calls wants in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandOver {
    pub kiosk: Uuid,
}

body!(HandOver { kiosk: "Kiosk" => Guid });

/// Answers `visits/handover`. It has a secret, so the type cannot be printed.
pub struct HandedOver {
    /// Has its person let in, once, at that kiosk alone ([`VisitWay::Code`]).
    pub code: Zeroizing<String>,
    pub expires: OffsetDateTime,
}

body!(HandedOver { code: "Code" => SecretText, expires: "Expires" => Moment });

/// Returns the text that a card signs to let its owner in at a kiosk of the server of this name.
pub fn signed_text(server: &str, challenge: &[u8]) -> String {
    format!("{LABEL}\nserver: {}\nchallenge: {}\n", server.to_ascii_lowercase(), hex::encode(challenge))
}

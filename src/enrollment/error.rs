//! Why a workflow stopped: the stage, the cause, and what is kept. [`super::remedy`] adds what to do next.

use super::journal::JournalError;
use super::record::Ended;
use super::stage::Stage;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::pkix::KeyAlgorithm;
use crate::token::{KeyId, SecretForm, SecretKind};
use crate::{client, pkix, token};
use uuid::Uuid;

/// Says at which stage a workflow stopped, and why.
#[derive(Debug, thiserror::Error)]
#[error("could not {stage}")]
pub struct Error {
    pub stage: Stage,
    /// The request that was being worked on, if there was one yet.
    pub request: Option<Uuid>,
    #[source]
    pub cause: Cause,
}

/// Says what went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Server(#[from] client::Error),
    #[error("a private key that the server sent could not be kept")]
    KeyNotKept { source: std::io::Error },
    #[error("the server sends the private key of {name:?}, and the token cannot take it")]
    KeyNotTaken {
        name: String,
        #[source]
        source: token::Error,
    },
    #[error("the server sends private keys only under a password of at least {least} characters")]
    PfxPasswordShort { least: u32 },
    #[error("the key in {} may have to decrypt, and would be lost: the card cannot move it elsewhere", hex::encode_upper(&key.0))]
    OldKeyLost { key: KeyId },
    #[error("PIN and PUK are both locked, so that nobody can set a new PIN on this card")]
    PinAndPukLocked,
    #[error(transparent)]
    Token(token::Error),
    #[error(transparent)]
    Pkix(#[from] pkix::Error),
    #[error("no profile template is called {asked:?}; the server offers: {}", known.join(", "))]
    TemplateUnknown { asked: String, known: Vec<String> },
    #[error("a profile template must be chosen; the server offers: {}", known.join(", "))]
    TemplateNeeded { known: Vec<String> },
    #[error("the profile template {name:?} is not for smart cards")]
    TemplateNotForCards { name: String },
    #[error("the request {ended}")]
    RequestEnded { ended: Ended },
    #[error("the request is in a state that is not known here ({status})")]
    RequestStatusUnknown { status: RequestStatus },
    #[error("the request asks for {found}, not for {wanted}")]
    OtherKindOfRequest { wanted: RequestType, found: RequestType },
    #[error("the request is tied to another card ({found})")]
    OtherCard { found: Uuid },
    #[error("another request for this card is open")]
    OtherRequestOpen,
    #[error("a request to {request_type} for the same person or card is open ({status}) already: {request}")]
    AnotherOpen { request: Uuid, request_type: RequestType, status: RequestStatus },
    #[error("the work was begun at another server, {begun_at}")]
    OtherServer { begun_at: String },
    #[error("the server knows no card with card id {card_id}")]
    CardUnknown { card_id: Uuid },
    #[error(
        "nothing on this token proves that it is smart card {smartcard} of the server: no certificate of that card is on it, and neither its id nor its admin key shows that it is the one"
    )]
    CardUnproven { smartcard: Uuid },
    #[error(
        "unfinished work in the journal is for a token that this one cannot be told from, and nothing of that work is on this one"
    )]
    WorkUnproven,
    #[error(
        "the token's serial {serial:?} is no name, since other tokens have it too, and the token keeps no id of ours"
    )]
    Nameless {
        serial: String,
        #[source]
        source: token::Error,
    },
    #[error("the card is {status} at the server and cannot be enrolled again")]
    CardInUse { status: SmartcardStatus },
    #[error("the card is {status} at the server")]
    CardNotActive { status: SmartcardStatus },
    #[error("neither the default admin key nor the card's own one is accepted by the token")]
    AdminKeyUnknown,
    #[error("this kind of token needs the admin key itself, and the server does not give it out")]
    AdminKeyWithheld {
        #[source]
        source: client::Error,
    },
    #[error("one {secret} was refused, and the card does not tell how many tries are left; no other was tried")]
    SecondTryKept { secret: SecretKind },
    #[error("the template's default admin key is not hexadecimal")]
    DefaultAdminKey,
    #[error("the PIN must have {minimum} to {maximum} characters")]
    PinLength { minimum: usize, maximum: usize },
    #[error("the PIN must consist of digits on this kind of card")]
    PinCharacters,
    #[error("this kind of card takes a PIN of {card}, and the profile template wants one of {template}")]
    PinBounds { card: SecretForm, template: SecretForm },
    #[error("the PIN is one of those that are guessed first; it was not set")]
    PinTrivial,
    #[error("the template leaves the PIN to the server, and a new PIN was given; it was not used")]
    PinIsProposed,
    #[error("the card's own admin key is an SO PIN of {wanted} characters, and this token takes one of {token}")]
    AdminKeyLength { wanted: usize, token: SecretForm },
    #[error("the server orders no key for this request")]
    NothingOrdered,
    #[error("the server orders {count} keys, more than a card holds")]
    TooManyOrdered { count: usize },
    #[error("the profile template orders a key of {}, and this card makes {}", names(&[*ordered]), names(offered))]
    AlgorithmLacking { ordered: KeyAlgorithm, offered: Vec<KeyAlgorithm> },
    #[error("the server orders a key of an unknown kind ({name:?}, {bits} bits)")]
    KeyKind { name: String, bits: u32 },
    #[error("the server issued no certificate: {reason}")]
    NotIssued { reason: String },
    #[error("a certificate on the token differs from the one that was issued")]
    ReadBackDiffers,
    #[error("the key that was made for this request is gone from the token")]
    KeyGone,
    #[error("the key on the token is of another kind than the one ordered")]
    OtherKeyKind,
    #[error("this workflow needs the token itself")]
    TokenNeeded,
    #[error("the workflow does not come to an end")]
    NoProgress,
}

/// Lists kinds of keys for a message.
fn names(algorithms: &[KeyAlgorithm]) -> String {
    let names: Vec<_> = algorithms.iter().map(|algorithm| algorithm.name().to_ascii_uppercase()).collect();
    if names.is_empty() { "none that is known here".to_owned() } else { names.join(", ") }
}

/// Turns what the token says into a cause. Where nobody could answer a card's challenge, the cause is why.
impl From<token::Error> for Cause {
    fn from(error: token::Error) -> Self {
        match error {
            token::Error::Responder(source) => match source.downcast::<Cause>() {
                Ok(cause) => *cause,
                // A help desk's connection knows no causes.
                Err(source) => match source.downcast::<client::Error>() {
                    Ok(error) => Cause::Server(*error),
                    Err(source) => Cause::Token(token::Error::Responder(source)),
                },
            },
            error @ (token::Error::SecretRefused { .. }
            | token::Error::LastTryKept { .. }
            | token::Error::Contradicted { .. }
            | token::Error::Locked { .. }
            | token::Error::LockedOut
            | token::Error::NotSet { .. }
            | token::Error::SecretLength { .. }
            | token::Error::SecretCharacters { .. }
            | token::Error::AdminKeyForm
            | token::Error::Removed
            | token::Error::Reset
            | token::Error::Busy
            | token::Error::Timeout
            | token::Error::ServiceStopped
            | token::Error::PinPadCancelled
            | token::Error::Full
            | token::Error::CertificateTooLarge { .. }
            | token::Error::NotOffered(_)
            | token::Error::AdminNeeded
            | token::Error::UserNeeded
            | token::Error::NoSerial
            | token::Error::Algorithm(_)
            | token::Error::Signature(_)
            | token::Error::KeyIdTaken(_)
            | token::Error::NotACertificate(_)
            | token::Error::NoSuchKey(_)
            | token::Error::KeyStays(_)
            | token::Error::NoChallenge
            | token::Error::Device { .. }) => Cause::Token(error),
        }
    }
}

impl Error {
    /// Makes an error of this stage, about no request yet.
    pub(super) fn new(stage: Stage, cause: impl Into<Cause>) -> Self {
        Self { stage, request: None, cause: cause.into() }
    }

    /// Adds the request, unless there is one already.
    pub(super) fn about(mut self, request: Option<Uuid>) -> Self {
        self.request = self.request.or(request);
        self
    }

    /// Returns which secret the token refused or did not take; `None` for any other error.
    pub fn token_secret(&self) -> Option<SecretKind> {
        let Cause::Token(error) = &self.cause else { return None };
        match error {
            token::Error::SecretRefused { secret, .. }
            | token::Error::LastTryKept { secret }
            | token::Error::Contradicted { secret, .. }
            | token::Error::Locked { secret }
            | token::Error::SecretLength { secret, .. }
            | token::Error::SecretCharacters { secret } => Some(*secret),
            token::Error::AdminKeyForm => Some(SecretKind::Admin),
            token::Error::LockedOut
            | token::Error::NotSet { .. }
            | token::Error::Removed
            | token::Error::Reset
            | token::Error::Busy
            | token::Error::Timeout
            | token::Error::ServiceStopped
            | token::Error::PinPadCancelled
            | token::Error::Full
            | token::Error::CertificateTooLarge { .. }
            | token::Error::NotOffered(_)
            | token::Error::AdminNeeded
            | token::Error::UserNeeded
            | token::Error::NoSerial
            | token::Error::Algorithm(_)
            | token::Error::Signature(_)
            | token::Error::KeyIdTaken(_)
            | token::Error::NotACertificate(_)
            | token::Error::NoSuchKey(_)
            | token::Error::KeyStays(_)
            | token::Error::NoChallenge
            | token::Error::Responder(_)
            | token::Error::Device { .. } => None,
        }
    }

    /// Says whether a person may type a secret again in place: nothing was tried with it, or it was refused and more
    /// than the last try is left.
    pub fn may_type_again(&self) -> bool {
        self.is_of_new_pin() || matches!(&self.cause, Cause::Token(error) if error.may_type_again())
    }

    /// Says whether the new PIN has the wrong length, so that another must be chosen.
    pub fn is_of_new_pin(&self) -> bool {
        let refused = matches!(
            self.cause,
            Cause::Token(
                token::Error::SecretLength { secret: SecretKind::Pin, .. }
                    | token::Error::SecretCharacters { secret: SecretKind::Pin }
            )
        );
        let chosen = matches!(
            self.cause,
            Cause::PinLength { .. } | Cause::PinCharacters | Cause::PinTrivial | Cause::PinIsProposed
        );
        chosen || (refused && self.stage == Stage::SetPin)
    }

    /// Says in one sentence what is kept after the error.
    pub fn kept(&self) -> String {
        match (&self.cause, self.request) {
            (Cause::RequestEnded { .. }, _) => "Nothing made for it is in use on the token.".to_owned(),
            (Cause::OtherRequestOpen, Some(request)) => format!(
                "Request {request} is kept: `cardwright enroll --request {request}` goes on with it, `cardwright request \
                 cancel {request}` gives it up."
            ),
            (Cause::AnotherOpen { request, .. }, _) => {
                format!("Request {request} is kept, and no second one was made.")
            }
            (_, Some(request)) => format!("Request {request} is kept; repeat the command to go on from here."),
            (Cause::Server(error), None) if error.is_unsettled() && self.stage == Stage::MakeRequest => {
                "The server may have made the request; repeat the command and it is found again.".to_owned()
            }
            (_, None) => "Nothing was changed.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SecretKind::{Pin, Puk};

    fn length(secret: SecretKind) -> token::Error {
        token::Error::SecretLength { secret, minimum: 6, maximum: 8 }
    }

    #[test]
    fn what_was_not_taken_is_typed_again_and_nothing_else() {
        // The error; whether something may be typed again, and whether that is a new PIN.
        let rows = [
            (Error::new(Stage::SetPin, length(Pin)), true, true),
            (Error::new(Stage::SetPin, token::Error::SecretCharacters { secret: Pin }), true, true),
            (Error::new(Stage::SetPin, length(Puk)), true, false),
            (Error::new(Stage::LogIn, length(Pin)), true, false),
            (Error::new(Stage::ReadConfiguration, Cause::PinTrivial), true, true),
            (Error::new(Stage::SetPin, token::Error::Removed), false, false),
            (Error::new(Stage::LogIn, token::Error::LastTryKept { secret: Pin }), false, false),
            (Error::new(Stage::LogIn, Cause::PinAndPukLocked), false, false),
        ];
        for (error, again, new_pin) in rows {
            assert_eq!((error.may_type_again(), error.is_of_new_pin()), (again, new_pin), "{error:?}");
        }
    }

    #[test]
    fn what_is_kept_is_said_as_it_is() {
        let refused = |status| {
            let (message, offer) = (String::new(), client::Offer::Other);
            client::Error::Refused { status, code: None, message, correlation_id: None, offer }
        };
        let nothing = "Nothing was changed.";
        let perhaps = "The server may have made the request; repeat the command and it is found again.";
        for (stage, status, kept) in [
            (Stage::MakeRequest, 503, perhaps),
            (Stage::MakeRequest, 403, nothing),
            (Stage::FindTemplate, 503, nothing),
            (Stage::FindTemplate, 403, nothing),
        ] {
            assert_eq!(Error::new(stage, refused(status)).kept(), kept, "{stage:?} {status}");
            let about = Error::new(stage, refused(status)).about(Some(Uuid::nil()));
            assert!(about.kept().ends_with("is kept; repeat the command to go on from here."), "{}", about.kept());
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_by_who_sent_it() {
        let code = |stage| Error::new(stage, pkix::Error::NoCertificate).code();
        assert_eq!(code(Stage::SignRequest), "key-order-unusable");
        assert_eq!(code(Stage::ReadCertificate), "certificate-unreadable");
    }
}

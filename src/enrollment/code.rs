//! Says what kind of error it is, for scripts: a stable code, and the class of the exit code.

use super::error::{Cause, Error};
use super::journal::JournalError;
use super::record::Ended;
use super::stage::Stage;
use crate::client::TicketReason;
use crate::cm::problem::ProblemCode;
use crate::token::SecretKind;
use crate::{client, pkix, token};

/// Lists the exit codes by kind of failure, as a face may use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitClass {
    Other = 1,
    Usage = 2,
    TokenNotFound = 3,
    Secret = 4,
    ServerAway = 5,
    Refused = 6,
    Pending = 7,
    TokenFailed = 8,
    NotAcceptable = 9,
    LocalState = 10,
    /// A diagnosis, not a workflow, found something unfit.
    Unfit = 11,
    /// A server's log of acts was altered.
    AuditBroken = 12,
    /// A server's database contradicts what the server remembers of it.
    RecordsContradicted = 13,
}

impl Error {
    /// Returns a stable name for scripts; the server's own code where it refused with one that this program knows.
    pub fn code(&self) -> &'static str {
        match &self.cause {
            Cause::Journal(JournalError::Locked { .. }) => "card-busy",
            Cause::Journal(JournalError::Damaged { .. }) => "journal-damaged",
            Cause::Journal(
                JournalError::Io { .. }
                | JournalError::OpenToOthers { .. }
                | JournalError::Version { .. }
                | JournalError::TooManyFiles { .. }
                | JournalError::Encoding { .. },
            ) => "journal",
            Cause::Server(error) => server_code(error),
            Cause::PinAndPukLocked => "puk-locked",
            Cause::Token(error) => token_code(error),
            Cause::Pkix(_) if self.stage == Stage::SignRequest => "key-order-unusable",
            Cause::Pkix(pkix::Error::CertificateForAnotherKey { .. }) => "certificate-for-another-key",
            Cause::Pkix(pkix::Error::NotIssued(_)) => "not-issued",
            Cause::Pkix(_) => "certificate-unreadable",
            Cause::TemplateUnknown { .. } => "template-unknown",
            Cause::TemplateNeeded { .. } => "template-needed",
            Cause::TemplateNotForCards { .. } => "template-not-for-cards",
            Cause::RequestEnded { ended: Ended::Denied } => "request-denied",
            Cause::RequestEnded { ended: Ended::Canceled } => "request-canceled",
            Cause::RequestEnded { ended: Ended::Failed } => "request-failed",
            Cause::RequestEnded { ended: Ended::Completed } => "request-completed-elsewhere",
            Cause::RequestStatusUnknown { .. } => "request-status-unknown",
            Cause::OtherKindOfRequest { .. } => "request-of-other-kind",
            Cause::OtherCard { .. } => "request-of-other-card",
            Cause::OtherRequestOpen => "request-open",
            Cause::AnotherOpen { .. } => "another-request-open",
            Cause::OtherServer { .. } => "other-server",
            Cause::CardUnknown { .. } => "card-unknown",
            Cause::CardUnproven { .. } => "card-unproven",
            Cause::WorkUnproven => "work-unproven",
            Cause::Nameless { .. } => "token-nameless",
            Cause::CardInUse { .. } => "card-in-use",
            Cause::CardNotActive { .. } => "card-not-active",
            Cause::AdminKeyUnknown => "admin-key-unknown",
            Cause::AdminKeyWithheld { .. } => "admin-key-withheld",
            Cause::SecondTryKept { .. } => "second-try-kept",
            Cause::DefaultAdminKey => "default-admin-key-unusable",
            Cause::PinLength { .. } => "pin-length",
            Cause::PinCharacters => "pin-characters",
            Cause::PinBounds { .. } => "pin-bounds",
            Cause::PinTrivial => "pin-trivial",
            Cause::PinIsProposed => "pin-is-proposed",
            Cause::KeyNotKept { .. } => "key-not-kept",
            Cause::KeyNotTaken { .. } => "key-not-taken",
            Cause::PfxPasswordShort { .. } => "pfx-password-length",
            Cause::OldKeyLost { .. } => "old-key-lost",
            Cause::AdminKeyLength { .. } => "admin-key-length",
            Cause::AlgorithmLacking { .. } => "algorithm-unsupported",
            Cause::NothingOrdered => "nothing-ordered",
            Cause::TooManyOrdered { .. } | Cause::KeyKind { .. } => "key-order-unusable",
            Cause::NotIssued { .. } => "not-issued",
            Cause::ReadBackDiffers => "read-back-differs",
            Cause::KeyGone => "key-gone",
            Cause::OtherKeyKind => "key-of-other-kind",
            Cause::TokenNeeded => "token-needed",
            Cause::NoProgress => "no-progress",
        }
    }

    /// Returns the class that a process may exit with.
    pub fn exit_class(&self) -> ExitClass {
        match &self.cause {
            Cause::WorkUnproven
            | Cause::Journal(_)
            | Cause::OtherServer { .. }
            | Cause::OtherRequestOpen
            | Cause::KeyNotKept { .. } => ExitClass::LocalState,
            Cause::Server(error) => server_class(error),
            Cause::Token(error) => token_class(error),
            Cause::PinAndPukLocked
            | Cause::AdminKeyUnknown
            | Cause::SecondTryKept { .. }
            | Cause::PinLength { .. }
            | Cause::PinCharacters
            | Cause::PinTrivial
            | Cause::PfxPasswordShort { .. }
            | Cause::PinIsProposed => ExitClass::Secret,
            Cause::TemplateUnknown { .. }
            | Cause::TemplateNeeded { .. }
            | Cause::TemplateNotForCards { .. }
            | Cause::OtherKindOfRequest { .. }
            | Cause::OtherCard { .. } => ExitClass::Usage,
            Cause::RequestEnded { .. }
            | Cause::AnotherOpen { .. }
            | Cause::RequestStatusUnknown { .. }
            | Cause::CardUnknown { .. }
            | Cause::CardUnproven { .. }
            | Cause::CardInUse { .. }
            | Cause::CardNotActive { .. }
            | Cause::AdminKeyWithheld { .. }
            | Cause::NotIssued { .. }
            | Cause::Pkix(pkix::Error::NotIssued(_)) => ExitClass::Refused,
            Cause::OldKeyLost { .. } => ExitClass::Usage,
            Cause::AlgorithmLacking { .. }
            | Cause::KeyGone
            | Cause::OtherKeyKind
            | Cause::ReadBackDiffers
            | Cause::KeyNotTaken { .. }
            | Cause::Nameless { .. } => ExitClass::TokenFailed,
            Cause::Pkix(_)
            | Cause::DefaultAdminKey
            | Cause::PinBounds { .. }
            | Cause::AdminKeyLength { .. }
            | Cause::NothingOrdered
            | Cause::TooManyOrdered { .. }
            | Cause::KeyKind { .. } => ExitClass::NotAcceptable,
            Cause::TokenNeeded => ExitClass::TokenNotFound,
            Cause::NoProgress => ExitClass::Other,
        }
    }
}

fn server_code(error: &client::Error) -> &'static str {
    use client::Error as E;
    match error {
        E::Unreachable { .. } => "server-unreachable",
        E::Timeout { .. } => "server-timeout",
        E::Tls { .. } => "server-not-trusted",
        E::Refused { status, .. } => match error.refusal_code().and_then(ProblemCode::from_name) {
            Some(code) => code.name(),
            None if *status == 401 => ProblemCode::NotAuthenticated.name(),
            None => "server-refused",
        },
        E::ExtensionAbsent { .. } => "extension-absent",
        E::Redirected { .. } => "server-redirects",
        E::Nonsense { .. } => "server-nonsense",
        E::TooLarge { .. } => "server-reply-too-large",
        E::Address { .. } | E::PlainHttp { .. } => "server-address",
        E::BearerToken => "bearer-token-unusable",
        E::Ticket { reason, .. } => match reason {
            TicketReason::NoTicket => "no-ticket",
            TicketReason::Expired => "ticket-expired",
            TicketReason::ClockSkew => "clock-skew",
            TicketReason::ServerUnknown => "server-unknown-to-kdc",
            TicketReason::KdcAway => "kdc-unreachable",
            TicketReason::Other => "ticket-failed",
        },
        E::TicketRefused { .. } => "ticket-refused",
        E::NegotiateNotOffered { .. } => "negotiate-not-offered",
        E::ServerUnproven { .. } => "server-unproven",
        E::TrustedCertificates { .. } => "trusted-certificates-unreadable",
        E::Unspeakable { .. } => "server",
    }
}

fn server_class(error: &client::Error) -> ExitClass {
    use client::Error as E;
    match error {
        E::Refused { .. } | E::ExtensionAbsent { .. } | E::TicketRefused { .. } | E::NegotiateNotOffered { .. } => {
            ExitClass::Refused
        }
        E::Address { .. } | E::PlainHttp { .. } | E::BearerToken | E::TrustedCertificates { .. } => ExitClass::Usage,
        E::Ticket { reason: TicketReason::KdcAway, .. } => ExitClass::ServerAway,
        E::Ticket { .. } => ExitClass::Usage,
        E::Unreachable { .. }
        | E::Timeout { .. }
        | E::Tls { .. }
        | E::ServerUnproven { .. }
        | E::Redirected { .. }
        | E::Nonsense { .. }
        | E::TooLarge { .. }
        | E::Unspeakable { .. } => ExitClass::ServerAway,
    }
}

fn token_code(error: &token::Error) -> &'static str {
    use token::Error as E;
    match error {
        E::SecretRefused { secret: SecretKind::Pin, .. } => "wrong-pin",
        E::SecretRefused { secret: SecretKind::Admin, .. } => "wrong-so-pin",
        E::SecretRefused { secret: SecretKind::Puk, .. } => "wrong-puk",
        E::LastTryKept { .. } => "last-try-kept",
        E::Contradicted { .. } => "secret-contradicted",
        E::Locked { secret: SecretKind::Pin } => "pin-locked",
        E::Locked { secret: SecretKind::Admin } => "so-pin-locked",
        E::Locked { secret: SecretKind::Puk } => "puk-locked",
        E::LockedOut => "tpm-lockout",
        E::NotSet { .. } => "pin-not-set",
        E::SecretLength { .. } => "pin-length",
        E::SecretCharacters { .. } => "pin-characters",
        E::AdminKeyForm => "admin-key",
        E::Removed => "token-removed",
        E::Reset => "card-reset",
        E::Busy => "reader-busy",
        E::Timeout => "card-timeout",
        E::ServiceStopped => "pcsc-not-running",
        E::PinPadCancelled => "pin-pad-cancelled",
        E::Full => "token-full",
        E::CertificateTooLarge { .. } => "certificate-too-large",
        E::NotOffered(_) => "not-offered",
        E::NoSerial => "card-without-serial",
        E::KeyIdTaken(_) => "key-id-taken",
        E::Algorithm(_) | E::Signature(_) => "algorithm-unsupported",
        E::NoSuchKey(_) => "key-gone",
        E::KeyStays(_) => "key-stays",
        E::NoChallenge => "no-challenge",
        E::Responder(_) => "responder-failed",
        E::AdminNeeded | E::UserNeeded | E::NotACertificate(_) | E::Device { .. } => "token-failed",
    }
}

fn token_class(error: &token::Error) -> ExitClass {
    use token::Error as E;
    match error {
        E::SecretRefused { .. }
        | E::LastTryKept { .. }
        | E::Contradicted { .. }
        | E::Locked { .. }
        | E::LockedOut
        | E::NotSet { .. }
        | E::SecretLength { .. }
        | E::SecretCharacters { .. }
        | E::AdminKeyForm
        | E::PinPadCancelled
        | E::Responder(_) => ExitClass::Secret,
        E::KeyIdTaken(_) => ExitClass::Usage,
        E::NoChallenge => ExitClass::Refused,
        E::Removed
        | E::Reset
        | E::Busy
        | E::Timeout
        | E::ServiceStopped
        | E::Full
        | E::CertificateTooLarge { .. }
        | E::NotOffered(_)
        | E::AdminNeeded
        | E::UserNeeded
        | E::NoSerial
        | E::Algorithm(_)
        | E::Signature(_)
        | E::NotACertificate(_)
        | E::NoSuchKey(_)
        | E::KeyStays(_)
        | E::Device { .. } => ExitClass::TokenFailed,
    }
}

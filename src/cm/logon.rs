//! What a server and its directory know of a card with which somebody is to log on. MIM has no call for it.

use super::smartcard::SmartcardStatus;
use super::wire::body::body;
use super::wire::words::words;
use super::wire::{Guid, Moment, Named, Plain, PlainOr, TextOrNothing};
use time::OffsetDateTime;
use uuid::Uuid;

/// Answers `smartcards/{id}/logon`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogonView {
    pub smartcard: Uuid,
    pub status: SmartcardStatus,
    /// The server's clock.
    pub now: OffsetDateTime,
    /// Whether the holder's account at this server is disabled.
    pub account_disabled: bool,
    pub directory: DirectoryAnswer,
    /// Why the directory was not asked, or has not answered; empty otherwise.
    pub reason: String,
    /// Whether the directory has disabled the person, or the account there has ended.
    pub disabled: bool,
    /// What the directory calls the person (`userPrincipalName`); empty: nothing, or the caller may not know it.
    pub upn: String,
    pub certificates: Vec<LogonCertificate>,
}

body!(LogonView {
    smartcard: "SmartcardUuid" => Guid,
    status: "Status" => Named<SmartcardStatus>,
    now: "Now" => Moment,
    account_disabled: "AccountDisabled" => PlainOr<bool>,
    directory: "Directory" => Named<DirectoryAnswer>,
    reason: "Reason" => TextOrNothing,
    disabled: "Disabled" => PlainOr<bool>,
    upn: "Upn" => TextOrNothing,
    certificates: "Certificates" => PlainOr<Vec<LogonCertificate>>,
});

/// Tells how a certificate of the card stands, and what the directory makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogonCertificate {
    /// SHA-1 of the certificate, upper-case hexadecimal.
    pub thumbprint: String,
    pub standing: CertificateStanding,
    pub naming: Naming,
    pub binding: Binding,
}

body!(LogonCertificate {
    thumbprint: "Thumbprint" => Plain<String>,
    standing: "Standing" => Named<CertificateStanding>,
    naming: "Naming" => Named<Naming>,
    binding: "Binding" => Named<Binding>,
});

/// Says whether a directory has told of the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DirectoryAnswer {
    /// It was not asked: there is none, or the holder does not come from it.
    NotAsked,
    /// It did not answer.
    Away,
    /// It has nobody who is this person.
    Gone,
    Answered,
    /// Whatever a newer server names.
    Other,
}

/// Says how a certificate stands at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateStanding {
    Current,
    /// Another has taken its place.
    Superseded,
    /// It is on hold, and may come back.
    Held,
    Revoked,
    /// Whatever a newer server names.
    Other,
}

/// Says whether the first UPN of a certificate is the directory's of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Naming {
    /// The directory has not answered, or one of both has no UPN.
    NotCompared,
    Same,
    Different,
    /// Whatever a newer server names.
    Other,
}

/// Says how Active Directory binds a certificate to the person's account (KB5014754).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binding {
    /// The directory has not answered, or is of another kind.
    NotCompared,
    /// The certificate states the account's security identifier.
    Account,
    /// It states another account's.
    AnotherAccount,
    /// `altSecurityIdentities` names it by issuer and serial number, by the key's identifier, or by a SHA-1 hash.
    Strong,
    /// It is named in a way that another certificate could have, which Windows no longer takes.
    Weak,
    /// Nothing binds it.
    Unbound,
    /// Whatever a newer server names.
    Other,
}

words!(DirectoryAnswer, "whether a directory has answered", [NotAsked, Away, Gone, Answered]);
words!(CertificateStanding, "how a certificate stands", [Current, Superseded, Held, Revoked]);
words!(Naming, "whether a certificate names the person as the directory does", [NotCompared, Same, Different]);
words!(
    Binding,
    "how a certificate is bound to an account",
    [NotCompared, Account, AnotherAccount, Strong, Weak, Unbound]
);

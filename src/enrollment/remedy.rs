//! Says what to do about an error, in a sentence for people.

use super::error::{Cause, Error};
use super::journal::JournalError;
use super::record::Ended;
use super::stage::Stage;
use crate::client::{Offer, TicketReason};
use crate::cm::problem::ProblemCode;
use crate::cm::request::RequestType;
use crate::token::{SecretKind, Tries};
use crate::{client, pkix, token};

impl Error {
    /// Says what to do next, in one sentence.
    pub fn remedy(&self) -> &'static str {
        match &self.cause {
            Cause::Journal(error) => journal_remedy(error),
            Cause::Server(error) => server_remedy(error),
            Cause::Token(token::Error::NotOffered(_)) if self.stage == Stage::AttestKey => {
                "Take a card that attests its keys, as YubiKeys do: the profile template takes no other's."
            }
            Cause::PinAndPukLocked => {
                "Put the card back to its factory's state, which erases it (`ykman piv reset` on a YubiKey), then repeat the \
                 command; or take another card."
            }
            Cause::Token(error) => token_remedy(error),
            Cause::TemplateUnknown { .. } | Cause::TemplateNeeded { .. } => "Name one of these templates.",
            Cause::TemplateNotForCards { .. } => "Choose a template for smart cards.",
            Cause::RequestEnded { ended: Ended::Denied } => "Ask the approver why, then make a new request.",
            Cause::RequestEnded { .. } => "Make a new request.",
            Cause::RequestStatusUnknown { .. } => {
                "See what the server says of it: `cardwright request show`; its history is in the server's log of acts."
            }
            Cause::OtherKindOfRequest { found, .. } => kind_remedy(*found),
            Cause::OtherCard { .. } => "Use the card the request is tied to, or make a new request for this one.",
            Cause::OtherRequestOpen => "Do one of the two; once that request is over, this command begins another.",
            Cause::AnotherOpen { .. } => {
                "Go on with that one; or, if both are wanted, repeat the command with --another."
            }
            Cause::OtherServer { .. } => "Repeat the command against that server, or cancel the request there.",
            Cause::CardUnknown { .. } => "Enroll the card first, or check that this is the right token and server.",
            Cause::CardUnproven { .. } => {
                "Take the card itself. Work that another workstation has begun goes on there, where the journal knows the \
                 card. If it is gone or was erased, retire it with `cardwright retire --lost` and that \
                 smart card's id, and enroll this one anew."
            }
            Cause::WorkUnproven => {
                "Take the token it was begun on, or give the request up (`cardwright request cancel`) and repeat the command."
            }
            Cause::Nameless { source: token::Error::NotSet { .. }, .. } => {
                "Set the token's PIN first, with `cardwright token init --pin-from` for one, then repeat the command."
            }
            Cause::Nameless { .. } => {
                "Use a token with a serial of its own, or one that keeps data objects (CKO_DATA)."
            }
            Cause::CardInUse { .. } => "Renew or retire the card, or go on with the request it is assigned to.",
            Cause::CardNotActive { .. } => {
                "See its state and how it came to it: `cardwright card history` with the card's id; then suspend, reinstate or retire it."
            }
            Cause::AdminKeyUnknown => "Give the token's SO PIN (--so-pin-from), or initialise the token anew.",
            Cause::AdminKeyWithheld { .. } => {
                "Have the server's administrator let keys out for tokens without a challenge."
            }
            Cause::SecondTryKept { .. } => {
                "Find out which one is right, then repeat with it, or with --spend-last-try."
            }
            Cause::DefaultAdminKey => "Have the template's DefaultAdminKeyHex corrected.",
            Cause::PinLength { .. } => "Choose a PIN of that length.",
            Cause::PinCharacters => "Choose a PIN of digits.",
            Cause::PinBounds { .. } => {
                "Have the profile template's PIN lengths corrected, or take another kind of card."
            }
            Cause::PinTrivial => "Choose a PIN that is not a run, a repetition or the one that cards come with.",
            Cause::PinIsProposed => "Repeat without --new-pin-from and CARDWRIGHT_NEW_PIN: the server chooses the PIN.",
            Cause::KeyNotKept { .. } => {
                "Make room for the file, then repeat the command: the server sends the key again."
            }
            Cause::PfxPasswordShort { .. } => "Choose a longer password for the file (--pfx-password-from).",
            Cause::KeyNotTaken { source: token::Error::KeyIdTaken(_), .. } => {
                "If nobody needs what is there, let it be replaced (--replace); or say in which file the key goes instead \
                 (--pfx-to)."
            }
            Cause::KeyNotTaken { .. } => {
                "Say in which file the key goes instead (--pfx-to), then repeat the command: the server sends it again."
            }
            Cause::OldKeyLost { .. } => {
                "Take a card that moves keys, as YubiKeys do from 5.7 on; or, if nothing is encrypted for that key any \
                 more, give it up (--give-up-old-key)."
            }
            Cause::AdminKeyLength { .. } => {
                "Have the profile template leave the admin key as it is (diversify_admin_key), or take another token."
            }
            Cause::AlgorithmLacking { .. } => {
                "Have the profile template order a key that this card makes ([key] generate), or take another card."
            }
            Cause::NothingOrdered | Cause::TooManyOrdered { .. } | Cause::KeyKind { .. } => {
                "Have the profile template corrected."
            }
            Cause::Pkix(_) if self.stage == Stage::SignRequest => "Have the profile template corrected.",
            Cause::NotIssued { .. } | Cause::Pkix(pkix::Error::NotIssued(_)) => {
                "Have the server's administrator look at the CA; then repeat the command."
            }
            Cause::Pkix(_) => {
                "Nothing was written to the token. Report this to the server's administrator; then repeat the command."
            }
            Cause::ReadBackDiffers => "Check that no other program writes to the token; then repeat the command.",
            Cause::KeyGone | Cause::OtherKeyKind => "Cancel the request and make a new one.",
            Cause::TokenNeeded => "Plug the token in and name it.",
            Cause::NoProgress => "Report this: it is a fault of the program.",
        }
    }
}

/// Names the command by which a request of this type is carried out.
fn kind_remedy(found: RequestType) -> &'static str {
    match found {
        RequestType::Unblock => "Carry it out with `cardwright unblock --request` and its id.",
        RequestType::Retire => "Carry it out with `cardwright retire --request` and its id.",
        RequestType::OfflineUnblock => {
            "Answer the code that the user reads out (`cardwright request answer` and its id); the user sets the new PIN \
             with `cardwright unblock --offline`."
        }
        RequestType::Revoke | RequestType::Reinstate => {
            "It needs no card: carry it out with `cardwright request complete` and its id."
        }
        RequestType::Enroll
        | RequestType::Duplicate
        | RequestType::OnlineUpdate
        | RequestType::Renew
        | RequestType::Recover
        | RequestType::RecoverOnBehalf
        | RequestType::TemporaryCards => "Carry it out with `cardwright enroll --request` and its id.",
        RequestType::Other(_) => "Carry it out with the program that made it.",
    }
}

fn journal_remedy(error: &JournalError) -> &'static str {
    match error {
        JournalError::Locked { .. } => "Wait until the other process is done with this card.",
        JournalError::Damaged { .. } => {
            "Look at the server's open requests: cancel what the damaged file was about, then repeat the command."
        }
        JournalError::OpenToOthers { .. } => "Take the right to write from others, or choose another place.",
        JournalError::Version { .. } => "Use the version of cardwright that wrote the file.",
        JournalError::TooManyFiles { .. } => "Choose a directory of its own for the journal.",
        JournalError::Io { .. } | JournalError::Encoding { .. } => "Check the disk and who may write there.",
    }
}

fn server_remedy(error: &client::Error) -> &'static str {
    use client::Error as E;
    match error {
        E::Unreachable { .. } | E::Timeout { .. } => "Check the address and that the server runs; then repeat.",
        E::Tls { .. } => "Give the server's CA certificate with --ca-file, or have the server's certificate renewed.",
        E::Refused { status: 401, offer: Offer::Negotiate, .. } => {
            "The server takes Kerberos tickets: repeat with --negotiate. If it should take your bearer token, get a new one."
        }
        E::Refused { status: 401, offer: Offer::NtlmOnly, .. }
        | E::NegotiateNotOffered { offer: Offer::NtlmOnly, .. } => {
            "The server offers NTLM alone, which cardwright does not speak: have its administrator offer Negotiate (Kerberos)."
        }
        E::Refused { status: 401, offer: Offer::Other, .. } => {
            "Get a new bearer token: this one is unknown or has expired."
        }
        E::Refused { .. } if error.refusal_code() == Some(ProblemCode::CardAlreadyAssigned.name()) => {
            "The card belongs to somebody else: have it retired first, or use the request with another card."
        }
        E::Refused { .. } if error.refusal_code() == Some(ProblemCode::CardNotInStock.name()) => {
            "Take a card that the house has in stock, or have the server's administrator put this one there (`cardwright \
             server stock import`); then repeat the command."
        }
        E::Refused { .. } if error.refusal_code() == Some(ProblemCode::PresenceNeeded.name()) => {
            "The card does not show the server that it is there: take the request's card; put one that has lost its admin \
             key back to its factory's state and enroll it; for cards that cannot, have the template say presence = \"none\"."
        }
        E::Refused { .. } if error.refusal_code() == Some(ProblemCode::PfxPassword.name()) => {
            "The server sends private keys with these certificates: say where they go (--pfx-to) and repeat the command."
        }
        E::Refused { .. } if error.refusal_code() == Some(ProblemCode::UserAttributeMissing.name()) => {
            "Have the server's administrator complete what is known of the person (`cardwright server user change` with --upn, \
             --email or --sid; or the directory that the server learns it from), then repeat the command."
        }
        E::Refused { correlation_id: None, .. } => {
            "Nothing more is told than stands above; the server's own log may say why."
        }
        E::Refused { .. } => {
            "Mend what stands above, then repeat the command. Where it does not say enough, the line of \
             the server's log with this correlation id tells the whole reason."
        }
        E::ExtensionAbsent { .. } => "Use the server's own portal for this.",
        E::Redirected { .. } | E::Nonsense { .. } | E::TooLarge { .. } => {
            "Check that the address is that of a CM server, and no proxy or login page answers in its place."
        }
        E::Address { .. } | E::PlainHttp { .. } => "Give the server's https address.",
        E::BearerToken => "Check the file or variable that holds the bearer token.",
        E::Ticket { reason, .. } => ticket_remedy(*reason),
        E::TicketRefused { .. } if cfg!(windows) => {
            "Check this computer's clock (Kerberos forgives five minutes), and have `klist purge` forget the tickets; then look into \
             the server's log, which says why."
        }
        E::TicketRefused { .. } => {
            "Check this computer's clock (Kerberos forgives five minutes) and get a new ticket with `kinit`; then look \
             into the server's log, which says why."
        }
        E::NegotiateNotOffered { offer: Offer::Other | Offer::Negotiate, .. } => {
            "Use a bearer token, or have the server's administrator offer Negotiate."
        }
        E::ServerUnproven { .. } => {
            "Something may stand between: check the address, and ask the server's administrator before you repeat the command."
        }
        E::TrustedCertificates { .. } => "Give a PEM file with the CA certificates to trust.",
        E::Unspeakable { .. } => "Report this: it is a fault of the program.",
    }
}

fn ticket_remedy(reason: TicketReason) -> &'static str {
    match (reason, cfg!(windows)) {
        (TicketReason::NoTicket, true) => "Log on to Windows with an account of the domain, then repeat the command.",
        (TicketReason::NoTicket, false) => "Run `kinit` to get a ticket, then repeat the command.",
        (TicketReason::Expired, true) => {
            "Lock this computer and unlock it, which gets new tickets; then repeat the command."
        }
        (TicketReason::Expired, false) => "Run `kinit` to get a new ticket, then repeat the command.",
        (TicketReason::ClockSkew, _) => "Set this computer's clock right, then repeat the command.",
        (TicketReason::ServerUnknown, _) => {
            "Give the server's address with the name that its Kerberos service has (HTTP/name), or have the name added."
        }
        (TicketReason::KdcAway, true) => "Check the network: no domain controller can be reached; then repeat.",
        (TicketReason::KdcAway, false) => {
            "Check the network and krb5.conf: the Kerberos KDC cannot be reached; then repeat."
        }
        (TicketReason::Other, true) => "Try `klist get HTTP/host`; it tells more about Kerberos at this computer.",
        (TicketReason::Other, false) => "Try `kinit` and `kvno HTTP/host`; they tell more about the Kerberos set-up.",
    }
}

fn token_remedy(error: &token::Error) -> &'static str {
    use token::Error as E;
    match error {
        E::SecretRefused { secret: SecretKind::Pin, left: Tries::Locked | Tries::Left(0) } => {
            "The PIN is locked now: set a new one with `cardwright unblock`."
        }
        E::SecretRefused { secret: SecretKind::Pin, left: Tries::Last | Tries::Left(1) } => {
            "One try is left: be sure of the PIN, then repeat with --spend-last-try; or set a new one with \
             `cardwright unblock`."
        }
        E::SecretRefused { secret: SecretKind::Pin, .. } => {
            "Repeat with the right PIN; for a forgotten one, `cardwright unblock` sets a new one."
        }
        E::SecretRefused { secret: SecretKind::Admin, .. } => "Check the SO PIN; a wrong one may lock the token.",
        E::SecretRefused { secret: SecretKind::Puk, .. } => "Check the PUK; when its tries are used up, it is locked.",
        E::Contradicted { .. } => {
            "Give the secret that the card has now; if you are sure that it is the one given, repeat with --spend-last-try."
        }
        E::LastTryKept { .. } => "Be sure of the secret, then repeat with --spend-last-try.",
        E::Locked { secret: SecretKind::Pin } => "Set a new PIN with `cardwright unblock`.",
        E::Locked { secret: SecretKind::Admin } => "The token can only be initialised anew or replaced.",
        E::Locked { secret: SecretKind::Puk } => "The card can only be put back to its factory's state or replaced.",
        E::LockedOut => {
            "Wait (a TPM forgives one wrong try after the other), or have its owner run `tpm2_dictionarylockout \
             --clear-lockout` (with `--auth`, where a lockout password was set); then repeat. The secret may be right."
        }
        E::NotSet { .. } => "Set the PIN first, or enroll the token.",
        E::SecretLength { .. } => "Choose one of that length.",
        E::SecretCharacters { .. } => "Choose one of digits.",
        E::AdminKeyForm => "Give the card's present admin key in hexadecimal (--so-pin-from), or leave it out.",
        E::Removed => "Plug the token in again, then repeat.",
        E::Reset => "Close what else uses the card, then repeat; the PIN must be typed again.",
        E::Busy => "Close the program that holds the reader, or wait for it; then repeat.",
        E::Timeout => "Take the card out, put it back, then repeat.",
        E::ServiceStopped => {
            "Repeat once the service runs again: pcscd, or on Windows SCardSvr, which comes with a reader; the PIN must be typed again."
        }
        E::PinPadCancelled => "Repeat, and type the PIN at the reader when it asks.",
        E::Full => "Remove what is no longer needed from the token, then repeat.",
        E::CertificateTooLarge { .. } => "Choose a template with a smaller key, or a card with more room.",
        E::NotOffered(_) => "Use a card that offers it, or do without.",
        E::NoSerial => "Give the card an id of its own with `cardwright token init`, then repeat.",
        E::KeyIdTaken(_) => "Renew or retire what is there, or repeat with --replace.",
        E::Algorithm(_) | E::Signature(_) => "Choose a template whose keys this token can make.",
        E::KeyStays(_) => "Destroy the card, or put it back to its factory's state, before somebody else gets it.",
        E::NoChallenge => "Leave --offline out: unblocking through the server needs no challenge.",
        E::Responder(_) => "Repeat the command, and have the new code answered.",
        E::AdminNeeded | E::UserNeeded => "Report this: it is a fault of the program.",
        E::NotACertificate(_) | E::NoSuchKey(_) | E::Device { .. } => {
            "Check the token and its reader or PKCS#11 module, then repeat."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_about_a_wrong_pin_depends_on_the_tries_that_are_left() {
        let remedy = |left| token_remedy(&token::Error::SecretRefused { secret: SecretKind::Pin, left });
        for left in [Tries::Locked, Tries::Left(0)] {
            assert!(remedy(left).contains("unblock") && !remedy(left).contains("right PIN"), "{left:?}");
        }
        for left in [Tries::Last, Tries::Left(1)] {
            assert!(remedy(left).contains("--spend-last-try"), "{left:?}");
        }
        for left in [Tries::Full, Tries::Low, Tries::Left(2), Tries::Untold] {
            assert!(remedy(left).contains("right PIN") && !remedy(left).contains("--spend-last-try"), "{left:?}");
        }
    }

    #[test]
    fn what_to_do_about_a_refusal_depends_on_its_code() {
        for (code, said) in [
            (ProblemCode::CardAlreadyAssigned, "belongs to somebody else"),
            (ProblemCode::CardNotInStock, "in stock"),
            (ProblemCode::PresenceNeeded, "does not show the server"),
            (ProblemCode::PfxPassword, "--pfx-to"),
            (ProblemCode::UserAttributeMissing, "what is known of the person"),
            (ProblemCode::Forbidden, "correlation id"),
        ] {
            let (code, message) = (Some(code.name().to_owned()), String::new());
            let correlation_id = Some(uuid::Uuid::nil());
            let refused = client::Error::Refused { status: 409, code, message, correlation_id, offer: Offer::Other };
            assert!(server_remedy(&refused).contains(said), "{said}");
        }
    }

    #[test]
    fn what_to_do_depends_on_the_stage_where_it_was_found() {
        let lacking = |stage| Error::new(stage, Cause::Token(token::Error::NotOffered("attestation"))).remedy();
        assert!(lacking(Stage::AttestKey).contains("YubiKeys"));
        assert!(!lacking(Stage::GenerateKey).contains("YubiKeys"));
        let malformed = |stage| Error::new(stage, Cause::Pkix(pkix::Error::TooDeep { limit: 1 })).remedy();
        assert!(malformed(Stage::SignRequest).contains("template"));
        assert!(malformed(Stage::ReadCertificate).contains("Nothing was written"));
    }
}

//! Every refusal of the server, each with its HTTP status, its stable code and its public text: the one table.

use super::fact::{Fact, account_facts, field_facts};
use super::internal::Internal;
use super::reason::Reason;
use super::rows::{account_row, address_row, aside, attestation_row, code_row, not_asked_row, request_row};
use crate::cm::check::FieldError;
use crate::cm::holder_role::HolderRole;
use crate::cm::lifecycle::Refusal;
use crate::cm::offline::CodeError;
use crate::cm::problem::ProblemCode;
use crate::cm::profile::ProfileStatus;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::route::RouteError;
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::wire::BodyError;
use crate::pkix::attestation::AttestationFault;
use crate::secret::WeakPassphrase;
use crate::server::keys::diversify::KeyError;
use crate::server::users::rules::AccountRefusal;
use crate::template::{ItemProblem, Missing, Side};
use crate::{ca, directory, pkix, store};
use axum::http::StatusCode;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Declares the refusals: a variant, its status and code, its text, and its facts. `row(f, field)` has the function `f` choose
/// status and code by what the field holds; `by(f, field)` has it choose the facts.
macro_rules! refusals {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($variant:ident $(($($tuple:tt)*))? $({$($field:tt)*})? =>
                $(($status:ident, $code:ident))? $(row($row:ident, $by:tt))?, $text:literal $(, $argument:expr)?
                $(=> { $($bind:tt)* } [$($fact:ident: $kind:ident($value:expr)),+])? $(=> by($facts:ident, $of:tt))?;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, thiserror::Error)]
        pub enum $name {
            $(#[error($text $(, $argument)?)] $variant $(($($tuple)*))? $({$($field)*})?),*
        }

        impl $name {
            /// Returns the HTTP status and the stable code of the refusal.
            pub fn status_and_code(&self) -> (StatusCode, ProblemCode) {
                match self {
                    $($(Self::$variant { $by: inner, .. } => $row(inner),)?
                    $(Self::$variant { .. } => (StatusCode::$status, ProblemCode::$code),)?)*
                }
            }

            /// Returns what the text names: for whoever tells the refusal in another language.
            pub fn facts(&self) -> Vec<(&'static str, Fact)> {
                match self {
                    $($(Self::$variant { $($bind)* } => vec![$((stringify!($fact), Fact::$kind($value))),+],)?
                    $(Self::$variant { $of: inner, .. } => $facts(inner),)?)*
                    _ => Vec::new(),
                }
            }
        }
    };
}

refusals! {
/// Says why a call was refused, or failed. Inner causes go to the log, never to the caller.
pub enum ApiError {
    NotAuthenticated => (UNAUTHORIZED, NotAuthenticated),
        "this call needs credentials that the server knows: a bearer token, or another way in that it offers";
    ProofTooOld => (FORBIDDEN, ProofTooOld),
        "this needs a proof of who you are that is at most five minutes old; nothing was done: sign in again, then send it once more";
    BearerExpired => (UNAUTHORIZED, BearerExpired), "the bearer token has expired; ask an administrator for a new one";
    SignInNotBegun => (FORBIDDEN, SignInNotBegun),
        "this sign-in did not begin in this browser at this address, took longer than ten minutes, or is done already; nobody \
         was let in: sign in once more";
    SignInDenied => (FORBIDDEN, SignInDenied),
        "the sign-in was broken off or denied where you have your account; sign in once more, or another way";
    SignInUnfinished => (FORBIDDEN, SignInUnfinished),
        "where you have your account you are asked for something first; sign in there, then once more here";
    SignInCodeRefused => (FORBIDDEN, SignInCodeRefused),
        "what this browser came back with was used already, or its time is over; nobody was let in: sign in once more";
    SignInNotFresh => (FORBIDDEN, SignInNotFresh),
        "a login of the last five minutes is needed, and your account's issuer does not say that there was one; sign in another \
         way";
    IdToken(&'static str) => (FORBIDDEN, IdTokenInvalid),
        "what the issuer says of you does not count here: {0}; nobody was let in: tell your administrator";
    OtherIssuer => (FORBIDDEN, OtherIssuer),
        "the answer comes from another issuer than the one that was asked; nobody was let in: tell your administrator";
    IssuerAway(#[source] Box<dyn std::error::Error + Send + Sync>) => (SERVICE_UNAVAILABLE, IssuerAway),
        "where you have your account nobody answers as they should; try again later, or sign in another way";
    IssuerRefused(#[source] Box<dyn std::error::Error + Send + Sync>) => (BAD_GATEWAY, IssuerRefused),
        "where you have your account this server is not taken for a client; tell your administrator, the log has the cause";
    UserUnknown => (FORBIDDEN, UserUnknown),
        "the way in has worked, but this server knows no such user; ask an administrator";
    UserDisabled => (FORBIDDEN, UserDisabled), "you are disabled here; ask an administrator";
    PersonDisabled(String) => (CONFLICT, PersonDisabled),
        "{0} is disabled, and nothing is given to disabled people or in their name; enable them first, or ask anew as \
         somebody else" => { 0: name } [person: Text(name.clone())];
    IdentityNotLinked(String) => (FORBIDDEN, IdentityNotLinked),
        "there is an account that \"{0}\" could mean, and it is not linked with this identity of the issuer; ask an \
         administrator to link them";
    CertificateRevoked => (FORBIDDEN, CertificateRevoked), "this certificate was revoked";
    CertificateNoLogin(&'static str) => (FORBIDDEN, CertificateNoLogin), "this certificate lets nobody in: {0}";
    DeskRow { row: usize, what: &'static str } => (CONFLICT, DeskRow),
        "row {row} is not as this server knows it: {what}. Nothing was signed; mend the row, or leave it out"
        => { row, .. } [row: Number(*row as u64)];
    VisitRefused => (FORBIDDEN, VisitRefused),
        "nobody was let in: what was shown lets nobody in here. Try once more, with the newest password that was sent, or ask \
         whoever has approved the request for another";
    VisitChallengeOver => (CONFLICT, VisitChallengeOver),
        "what the card has signed was used already, is for another kiosk, or took longer than two minutes; have it sign once more";
    VisitOver => (UNAUTHORIZED, VisitOver),
        "this visit is over: by its time, because its request is closed, or because the kiosk has ended it; what was done stays \
         done. Begin another one";
    CrossSite => (FORBIDDEN, CrossSite), "another site has made this call in your name";
    TooManyRequests { seconds: u64 } => (TOO_MANY_REQUESTS, TooManyRequests),
        "too many of these calls; come back in {seconds} s" => { seconds } [wait: Seconds(*seconds)];
    Account(#[from] AccountRefusal) => row(account_row, 0), "{0}" => by(account_facts, 0);
    NotFound(&'static str) => (NOT_FOUND, NotFound), "there is no such {0}, or you may not see it";
    Forbidden(&'static str) => (FORBIDDEN, Forbidden), "you may not {0}";
    SelfApproval => (FORBIDDEN, SelfApproval),
        "nobody decides on a request made by or for himself; another approver must";
    OwnApproval => (FORBIDDEN, OwnApproval),
        "you have approved this request; another agent must execute it, as its profile template keeps the two apart";
    OwnProposal => (FORBIDDEN, OwnProposal), "you have proposed this yourself; another administrator must confirm it";
    ProposalClosed => (CONFLICT, ProposalClosed),
        "this proposal was decided on, or its time is over; propose it anew where it is still wanted";
    NoticeSettled => (CONFLICT, Conflict), "this notice was sent or discarded already; list the outbox again";
    AlreadyDecided => (CONFLICT, AlreadyApproved), "you have decided on this request already; another approver must";
    Address(#[source] RouteError) => row(address_row, 0), "{0}";
    Body(#[source] BodyError) => (BAD_REQUEST, MalformedBody), "the body cannot be read: {0}";
    Field(#[from] FieldError) => (BAD_REQUEST, BadField), "{0}" => by(field_facts, 0);
    DataItem(String) => (BAD_REQUEST, DataItemMissing), "the profile template demands the data item \"{0}\""
        => { 0: name } [item: Text(name.clone())];
    DataItemUnknown(String) => (BAD_REQUEST, DataItemUnknown), "the profile template knows no data item \"{0}\""
        => { 0: name } [item: Text(name.clone())];
    DataItemInvalid { name: String, problem: ItemProblem } => (BAD_REQUEST, DataItemInvalid),
        "the data item \"{name}\" is not taken: {problem}" => { name, .. } [item: Text(name.clone())];
    DataItemNotYours { name: String, side: Side } => (FORBIDDEN, DataItemNotYours),
        "the data item \"{name}\" is for the {} to give", side.word() => { name, .. } [item: Text(name.clone())];
    DataItemGiven(String) => (CONFLICT, DataItemGiven),
        "the data item \"{0}\" was given, and what was given is approved; cancel the request and ask anew"
        => { 0: name } [item: Text(name.clone())];
    DataApproved(String) => (CONFLICT, DataCollectionClosed),
        "data items are closed by the first approval, which does not cover \"{0}\"; cancel the request and ask anew"
        => { 0: name } [item: Text(name.clone())];
    DataChanged => (CONFLICT, DataChanged),
        "the data items of this request are others than those you have seen; look at it again, then decide";
    LeavingChanged(String) => (CONFLICT, LeavingChanged),
        "{0} has other things here by now than those you have seen; nothing was ended. Look at it again, then decide"
        => { 0: name } [person: Text(name.clone())];
    PeopleChanged => (CONFLICT, PeopleChanged),
        "the list comes to something else by now than what you have seen; nothing was done. Look at it again, then decide";
    HeldByOthers(String) => (FORBIDDEN, HeldByOthers),
        "{0} has suspended this, and who holds it lifts only a suspension of his own; somebody who may reinstate it for others \
         must" => { 0: name } [person: Text(name.clone())];
    DataIncomplete(String) => (CONFLICT, DataCollectionIncomplete), "the data item \"{0}\" is missing; give it first"
        => { 0: name } [item: Text(name.clone())];
    DataClosed(RequestStatus) => (CONFLICT, DataCollectionClosed),
        "data items are taken until the execution begins; this request is {0}" => { 0: status } [status: Request(*status)];
    CommentMissing => (BAD_REQUEST, CommentMissing), "the profile template demands a comment";
    PriorityNotCollected => (BAD_REQUEST, PriorityNotCollected),
        "the profile template lets nobody choose a priority; leave it out";
    PasswordNeeded => (FORBIDDEN, OneTimePasswordNeeded), "prove the request's one-time password first";
    PasswordWrong(u32) => (FORBIDDEN, OneTimePasswordWrong), "the one-time password is wrong; tries left: {0}"
        => { 0: left } [tries: Number((*left).into())];
    PasswordSpent(&'static str) => (CONFLICT, OneTimePasswordSpent), "{0}; an approver can have another one made";
    PasswordNotUsed(&'static str) => (CONFLICT, OneTimePasswordNotUsed), "{0}";
    NoAddress(String) => (CONFLICT, UserAttributeMissing),
        "{0} has no e-mail address, and one is needed for a one-time password" => { 0: name } [person: Text(name.clone())];
    PinNotProposed => (CONFLICT, PinNotProposed),
        "no PIN is proposed here: the profile template has people choose theirs";
    MediaType => (UNSUPPORTED_MEDIA_TYPE, UnsupportedMediaType), "the body must be application/json";
    TooLarge { limit: usize } => (PAYLOAD_TOO_LARGE, BodyTooLarge), "the body is larger than {limit} bytes";
    Slow => (REQUEST_TIMEOUT, Timeout), "the body did not arrive in time";
    Cut => (BAD_REQUEST, MalformedBody), "the body could not be received";
    CodeNotMailed => (SERVICE_UNAVAILABLE, Unavailable),
        "the activation code could not be mailed; nobody has it, and its token was revoked: have another one made";
    LinkNotMailed => (SERVICE_UNAVAILABLE, Unavailable),
        "the link could not be mailed; nobody has it, and it lets nobody in: have another one made";
    Busy => (SERVICE_UNAVAILABLE, Unavailable), "the server is busy; try again in a moment";
    Stopping => (SERVICE_UNAVAILABLE, Unavailable), "the server is stopping; call again in a moment, or another one";
    Database(#[source] store::Cause) => (SERVICE_UNAVAILABLE, Unavailable),
        "the database did not answer; look whether this was done, and repeat it if not";
    DatabaseReadOnly(#[source] Arc<store::Cause>) => (SERVICE_UNAVAILABLE, DatabaseReadOnly),
        "the database takes no changes at the moment: it may only be read, or its disk is full. Nothing was done; repeat it once \
         an administrator has mended that";
    Doubtful => (SERVICE_UNAVAILABLE, Unavailable),
        "the database contradicts what this server has signed of it: nothing is issued until an administrator has looked";
    KeyGone => (SERVICE_UNAVAILABLE, Unavailable),
        "the private key that was made for this request is opened by the server alone that has made it, and by none after \
         the request has ended: call that server, or cancel the request and make another";
    Conflict => (CONFLICT, Conflict), "somebody else has changed this at the same moment; look again and repeat";
    NotOffered(RequestType) => (CONFLICT, WorkflowDisabled), "{0} is not offered by this profile template";
    OnlyRetired => (BAD_REQUEST, BadField), "a card is set to Retired by this call, and to nothing else";
    Request(#[from] Refusal<RequestStatus>) => row(request_row, 0), "{0}"
        => { 0: refusal } [status: Request(refusal.status)];
    Smartcard(#[from] Refusal<SmartcardStatus>) => (CONFLICT, CardStatus), "{0}"
        => { 0: refusal } [status: Card(refusal.status)];
    Profile(#[from] Refusal<ProfileStatus>) => (CONFLICT, ProfileStatus), "{0}";
    CardStatus(SmartcardStatus) => (CONFLICT, CardStatus), "this cannot be asked for a smart card that is {0}"
        => { 0: status } [status: Card(*status)];
    NotAsked { request_type: RequestType, what: &'static str, status: SmartcardStatus, holder_role: HolderRole }
        => row(not_asked_row, what),
        "{request_type} cannot be asked for this {what}, which is {status}{}; its operations say what can be",
        aside(*holder_role) => { status, .. } [status: Card(*status)];
    AlreadyOpen(Uuid) => (CONFLICT, RequestOpen),
        "the same is asked for in request {0} already: carry it out, or cancel it first";
    Limit { what: &'static str, limit: usize } => (CONFLICT, LimitReached),
        "the profile template lets a person have {limit} {what} at a time; end one first"
        => { limit, .. } [most: Number(*limit as u64)];
    TooEarly { expires: OffsetDateTime, from: OffsetDateTime } => (CONFLICT, TooEarly),
        "the certificate is good until {expires}; a new one may be asked for from {from} on"
        => { expires, from } [until: Moment(*expires), from: Moment(*from)];
    NotToChoose(&'static str) => (BAD_REQUEST, BadField),
        "the profile template does not let the caller choose the revocation {0}";
    LossReasonUnknown { name: String, known: String } => (BAD_REQUEST, BadField),
        "the profile template knows no loss reason \"{name}\"; it knows: {known}"
        => { name, .. } [reason: Text(name.clone())];
    LossReason { reason: String, request_type: RequestType, instead: &'static str } => (CONFLICT, LossReason),
        "a card or key that is \"{reason}\" is not for {request_type}; {instead}"
        => { reason, .. } [reason: Text(reason.clone())];
    OwnKeys => (BAD_REQUEST, BadField),
        "keys are recovered on behalf of somebody else: the target must not be their owner";
    NoActiveProfile => (CONFLICT, ProfileStatus), "there is no profile that this could begin with; enroll instead";
    RetiredForGood => (CONFLICT, RequestNotExecutable), "the card is retired for good: complete the request";
    SmartcardRequired => (BAD_REQUEST, BadField), "this request is about a smart card: name it";
    SmartcardNotAssigned => (CONFLICT, CardNotAssigned), "assign a smart card to the request first";
    WrongCard => (CONFLICT, WrongCard), "this is not the card of the request";
    CardAssigned => (CONFLICT, CardAlreadyAssigned), "this card is assigned already; retire it first";
    NotInStock(Uuid) => (CONFLICT, CardNotInStock),
        "the card {0} is not in stock here, and its profile template demands that: take a card of the house, or have an \
         administrator put this one in stock";
    CardOfOtherSerial => (CONFLICT, CardNotInStock),
        "the key was made on another device than the card that was assigned, by the serial in its attestation: take the card \
         that is meant";
    CardRetired => (CONFLICT, CardStatus),
        "this card was retired, and its profile template does not let cards be used again";
    NotLent => (CONFLICT, CardStatus), "this card is not on loan; what is nobody's loan is retired, not handed back";
    LentTimeOver => (CONFLICT, CardStatus),
        "the time this card was lent for is over; cancel the request and lend it anew";
    WrongType(RequestType) => (CONFLICT, WrongRequestType), "this call is not part of {0}";
    NotDiversified => (CONFLICT, NotDiversified), "the cards of this profile template keep their default admin key";
    NothingProposed => (CONFLICT, NotDiversified), "the card was given nothing of its own yet";
    AdminKeyActive => (CONFLICT, AdminKeyActive),
        "the card's own admin key is active; say first that it is to be taken back";
    NotToBeTold => (BAD_REQUEST, BadField), "this is not for the client to say";
    CodeOfOtherCard => (CONFLICT, CodeOfOtherCard),
        "this code is from another card than the request's; have it read out once more, or take the request's card";
    Challenge(#[source] KeyError) => (BAD_REQUEST, ChallengeLength), "{0}";
    Code(#[from] CodeError) => row(code_row, 0), "{0}";
    OtherChallenge => (CONFLICT, ChallengeAnswered),
        "this request has answered another challenge; a new challenge needs a new request";
    CsrUnreadable(#[source] Reason) => (BAD_REQUEST, CsrUnreadable),
        "the certification request cannot be read: {0}";
    CsrSignature(#[source] Reason) => (BAD_REQUEST, CsrSignature),
        "the certification request is not signed with its own key: {0}";
    AdminKeyKept(RequestType) => (FORBIDDEN, AdminKeyKept),
        "the profile template keeps the card's admin key within the server for {0}; the card's challenge is answered";
    AdminKeySpoken => (CONFLICT, AdminKeySpoken),
        "the card still has an admin key that an earlier holder may know; give it the next one first";
    KeyAlgorithm { key: String } => (BAD_REQUEST, KeyAlgorithm), "the profile template does not allow {key} keys";
    KeyTooSmall { size: u32, minimum: u32 } => (BAD_REQUEST, KeyTooSmall),
        "the profile template allows this kind of key from {minimum} bits; this one has {size}";
    Hash { hash: &'static str } => (BAD_REQUEST, HashAlgorithm),
        "the profile template does not allow requests signed with {hash}";
    AttestationMissing => (BAD_REQUEST, AttestationMissing),
        "the profile template demands an attestation of the key by the card that has made it; none came";
    AttestationUnreadable(#[source] pkix::Error) => (BAD_REQUEST, AttestationUnreadable),
        "the attestation cannot be read: {0}";
    Attestation(#[source] AttestationFault) => row(attestation_row, 0),
        "the attestation of the key does not hold: {0}";
    CsrCount { given: usize, wanted: usize } => (BAD_REQUEST, CsrCount),
        "certification requests are needed for {wanted} keys, not for {given}";
    KeyTwice => (BAD_REQUEST, KeyRepeated), "two certification requests are for the same key";
    NoPfxPassword => (BAD_REQUEST, PfxPassword),
        "the answer holds private keys: \"pfxpassword\" is needed to protect them";
    PfxPassword(#[source] pkix::Error) => (BAD_REQUEST, PfxPassword), "this password cannot protect a PFX: {0}";
    PfxPasswordWeak(#[source] WeakPassphrase) => (BAD_REQUEST, PfxPassword),
        "private keys need another password to protect them: {0}";
    NothingArchived => (CONFLICT, NothingArchived),
        "no key of the profile before is archived, so there is nothing to bring back";
    SealedToAgents => (CONFLICT, SealedToAgents),
        "only the recovery agents can open these keys: collect them sealed, by \"sealedkeys\"";
    NothingSealed => (CONFLICT, NothingArchived),
        "no key of the profile before is sealed to recovery agents alone; hand in \"certificatedata\"";
    OtherKey => (CONFLICT, AlreadyIssued), "a certificate for another key was issued on this request";
    KeyTaken => (CONFLICT, KeyAlreadyCertified), "this key is certified for somebody else";
    PossessionNeeded => (CONFLICT, PossessionNeeded),
        "the profile template demands that the old key be shown before another takes its place: have it sign (\"possession\"), \
         or have an approver approve this request";
    PossessionOfOther => (CONFLICT, PossessionOfOther),
        "this is not the certificate of a key in use here that its owner made and signs with; use that one, or have an \
         approver approve this request";
    PossessionWrong => (FORBIDDEN, PossessionWrong),
        "this was not signed for this request by the key of that certificate";
    PossessionElsewhere(String) => (CONFLICT, PossessionElsewhere),
        "\"{0}\" is none of this server's public names, so that what was signed for it counts nowhere; call the server by \
         one of them, or have the name added";
    PresenceNeeded => (CONFLICT, PresenceNeeded),
        "the profile template lets a secret that the card may have leave the server only once the card has shown that it is \
         there: have it authenticate (\"presence\"), with a client that knows how";
    PresenceNothing => (CONFLICT, PresenceNothing),
        "the card has no key from before this request, so it has nothing to show";
    PresenceOver => (CONFLICT, PresenceOver),
        "no authentication of this card is under way here, or it took too long: open another";
    PresenceExhausted(u32) => (CONFLICT, PresenceExhausted),
        "{0} authentications of the card were opened for this request, which is all: cancel it and make another";
    PresenceWrong => (FORBIDDEN, PresenceWrong),
        "this is not the answer of a card with the key that this one should have; open another, with the card in its reader";
    KeyCompromised => (CONFLICT, KeyCompromised),
        "this key was revoked as compromised, and is not certified again; make another one";
    NotUnique(&'static str) => (CONFLICT, NotUnique),
        "another user has the {0} that this certificate would bear, perhaps in another letter case or Unicode form; have one \
         of them changed";
    SidOfOther => (CONFLICT, NotUnique),
        "the certificate would bear a URI with a security identifier that is not the one of this person's record; have the \
         record or the profile template changed";
    Domain(String) => (CONFLICT, DomainNotAllowed),
        "the certificate would bear \"{0}\", which is in none of the domains that [people] of server.toml allows"
        => { 0: text } [text: Text(text.clone())];
    DailyLimit { limit: usize, seconds: u64 } => (TOO_MANY_REQUESTS, DailyLimit),
        "a person is issued at most {limit} certificates within 24 hours ([people] of server.toml); the next after {seconds} s"
        => { limit, seconds } [most: Number(*limit as u64), wait: Seconds(*seconds)];
    NothingIssued => (CONFLICT, NothingIssued), "no certificate was issued on this request yet";
    Attribute(#[from] Missing) => (CONFLICT, UserAttributeMissing),
        "{0}, which the profile template needs for the certificate";
    Unnamable(#[source] ca::Error) => (CONFLICT, UserAttributeMissing),
        "what is known of the user cannot stand in a certificate: {0}";
    // MIM has no 202: its clients take one for success and look for a certificate in it.
    CaPending { retry_after: u32 } => (SERVICE_UNAVAILABLE, CaPending),
        "the CA has not decided on this certificate yet; repeat the very same call in {retry_after} seconds"
        => { retry_after } [wait: Seconds((*retry_after).into())];
    CaAway(#[source] ca::Error) => (SERVICE_UNAVAILABLE, Unavailable),
        "the CA cannot be reached at the moment; nothing was lost, repeat the call later";
    CaRefused(#[source] ca::Error) => (BAD_GATEWAY, CaRefused), "the CA has refused: {0}";
    NothingEnds => (CONFLICT, NothingEnds),
        "no certificate of this card will end that counts: nobody need be told";
    NoWayToTell(String) => (CONFLICT, NoWayToTell),
        "{0} cannot be told: the server has no mail server or webhook for it, or the account has no e-mail address or is disabled. \
         Tell the person otherwise" => { 0: name } [person: Text(name.clone())];
    RemindedAlready { at: OffsetDateTime } => (CONFLICT, RemindedAlready),
        "the holder was told of this card at {at}; nobody is told of one card twice within a day"
        => { at } [at: Moment(*at)];
    NoDirectory => (CONFLICT, NoDirectory), "this server takes no people over from a directory ([directory] of server.toml)";
    NotTakenOver(String) => (CONFLICT, NotTakenOver), "the person cannot be taken over as the directory has them: {0}";
    DirectoryAway(#[source] Box<directory::Error>) => (SERVICE_UNAVAILABLE, DirectoryAway),
        "the directory of people cannot be reached, or has not answered in time; ask again, with more of the name, or later";
    DirectoryRefused(#[source] Box<directory::Error>) => (BAD_GATEWAY, DirectoryRefused),
        "the directory of people has refused, or answered what makes no sense; the log has the cause for an administrator";
    Internal(#[source] Internal) => (INTERNAL_SERVER_ERROR, Internal),
        "something went wrong in the server; its log has the cause under the correlation id";
}
}

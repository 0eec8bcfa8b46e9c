//! The body of a refusal, and the stable codes that scripts may rely on.

use super::wire::body::body;
use super::wire::{GuidOrNothing, Plain, Text};
use std::fmt;
use uuid::Uuid;

/// Holds the JSON body of every refusal. MIM's own form is not documented; `Message` is that of ASP.NET Web API, and a
/// body with it alone is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What happened and what to do next, for people.
    pub message: String,
    /// Stable text for scripts, such as "request-pending"; empty where the server gave none.
    pub code: String,
    /// The id of the call in the server's log; `None` where the server gave none.
    pub correlation_id: Option<Uuid>,
}

body!(Problem {
    message: "Message" => Plain<String>,
    code: "Code" => Text,
    correlation_id: "CorrelationId" => GuidOrNothing,
});

impl Problem {
    /// Makes the body of a refusal. Replaces control characters in the message, which may quote the caller, so that it
    /// cannot draw over a terminal.
    pub fn new(code: ProblemCode, message: &str, correlation_id: Uuid) -> Self {
        let message = message.replace(char::is_control, "\u{FFFD}");
        Self { message, code: code.name().into(), correlation_id: Some(correlation_id) }
    }

    /// Returns the code as one of the known ones; `None` when it is absent or not known.
    pub fn known_code(&self) -> Option<ProblemCode> {
        ProblemCode::from_name(&self.code)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal),* $(,)?) => {
        /// Says why a call was refused; the texts on the wire are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $($(#[$doc])* $code),*
        }

        impl ProblemCode {
            /// Lists every code.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// Returns the text on the wire.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name),*
                }
            }

            /// Reads the text on the wire; `None` when it is not known.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }
        }
    };
}

codes! {
    /// No credentials came, or ones the server does not know.
    NotAuthenticated = "not-authenticated",
    /// The bearer token has expired.
    BearerExpired = "token-expired",
    /// The session's user has not proven lately who he is.
    ProofTooOld = "proof-too-old",
    /// Somebody comes back from the issuer, and has not gone there from here in this browser.
    SignInNotBegun = "sign-in-not-begun",
    /// The person, or the issuer, did not want the sign-in.
    SignInDenied = "sign-in-denied",
    /// The issuer wants the person to do something first.
    SignInUnfinished = "sign-in-unfinished",
    /// The issuer does not take the code that it has given.
    SignInCodeRefused = "sign-in-code-refused",
    /// The issuer does not say that the person has logged in there just now.
    SignInNotFresh = "sign-in-not-fresh",
    /// The ID token is not for this sign-in; the message says why.
    IdTokenInvalid = "id-token-invalid",
    /// The answer comes from another issuer than the one that was asked.
    OtherIssuer = "other-issuer",
    /// The issuer cannot be reached, or does not answer as it should.
    IssuerAway = "issuer-away",
    /// The issuer does not want this server as its client.
    IssuerRefused = "issuer-refused",
    /// The user is known and was disabled.
    UserDisabled = "user-disabled",
    /// A row of results is not as the server knows it; the message names it.
    DeskRow = "desk-row",
    /// Nobody is let in at the kiosk: the person, the request or the password is not what it should be, which of them is not told.
    VisitRefused = "visit-refused",
    /// The challenge that a card has signed was used, or its time is over.
    VisitChallengeOver = "visit-challenge-over",
    /// The visit at a kiosk is over.
    VisitOver = "visit-over",
    /// The person whom the request is for, or who has made it, is disabled.
    PersonDisabled = "person-disabled",
    /// The issuer's identity is not linked with the account that it names.
    IdentityNotLinked = "identity-not-linked",
    /// Another user has this UPN, e-mail address or security identifier.
    NotUnique = "not-unique",
    /// A UPN or e-mail address is in no domain that the server allows.
    DomainNotAllowed = "domain-not-allowed",
    /// The person was issued as many certificates within a day as the server allows.
    DailyLimit = "daily-limit",
    /// The client certificate was revoked or put on hold.
    CertificateRevoked = "certificate-revoked",
    /// The client certificate is the server's own, and not one that its owner may come in by.
    CertificateNoLogin = "certificate-no-login",
    /// A browser says that another site has made the call.
    CrossSite = "cross-site",
    /// There is a user of that name already.
    UserExists = "user-exists",
    /// The issuer's identity stands for another account.
    IdentityTaken = "identity-taken",
    /// As many identities stand for the user as are allowed.
    TooManyIdentities = "too-many-identities",
    /// The user has as many bearer tokens as are allowed.
    TooManyBearers = "too-many-tokens",
    /// The call renews or revokes the caller's own bearer token, and the caller used none of this server.
    NotByBearer = "not-by-token",
    /// The account comes from the directory, which alone changes it.
    FromDirectory = "from-directory",
    /// There is no link by which to sign in whose code was shown.
    LinkUnknown = "link-unknown",
    /// The time of the link is over.
    LinkOver = "link-over",
    /// The link was used already; the message says when and from where.
    LinkUsed = "link-used",
    /// No account awaits the activation code that was shown.
    ActivationUnknown = "activation-unknown",
    /// The time of the activation code is over.
    ActivationOver = "activation-over",
    /// The activation code was used already; the message says when and from where.
    ActivationUsed = "activation-used",
    /// There is no such proposal that could still be decided on.
    ProposalClosed = "proposal-closed",
    /// Who proposes a change of an account does not confirm it.
    OwnProposal = "own-proposal",
    /// The caller is known and may not do this.
    Forbidden = "forbidden",
    /// There is no such path, or nothing the caller may see under it.
    NotFound = "not-found",
    /// The path is called with another verb.
    WrongMethod = "wrong-method",
    /// The body is not JSON, or not the JSON this call takes.
    MalformedBody = "malformed-body",
    /// The body is longer than the server reads.
    BodyTooLarge = "body-too-large",
    /// The body is of another content type than `application/json`.
    UnsupportedMediaType = "unsupported-media-type",
    /// A parameter of path or query is missing.
    MissingParameter = "missing-parameter",
    /// A parameter of path or query cannot be read.
    BadParameter = "bad-parameter",
    /// A field of the body is missing, too long, or not as the policy demands.
    BadField = "bad-field",
    /// The request waits for approvals.
    RequestPending = "request-pending",
    /// The request was denied.
    RequestDenied = "request-denied",
    /// The request is in a status that does not allow this; the message names the status.
    RequestNotExecutable = "request-not-executable",
    /// The request is of a type that does not have this step.
    WrongRequestType = "wrong-request-type",
    /// The card is not the one the request is about.
    WrongCard = "wrong-card",
    /// The card belongs to someone, or the request has another card already.
    CardAlreadyAssigned = "card-already-assigned",
    /// The profile template demands a card that is in stock, and the card is not, or shows itself to be another.
    CardNotInStock = "card-not-in-stock",
    /// A card must be assigned to the request first.
    CardNotAssigned = "card-not-assigned",
    /// The card has no admin key of its own, or its template gives it none.
    NotDiversified = "not-diversified",
    /// The card is in a status that does not allow this; the message names the status.
    CardStatus = "card-status",
    /// The profile is in a status that does not allow this; the message names the status.
    ProfileStatus = "profile-status",
    /// Another open request asks for the same; the message names it.
    RequestOpen = "request-open",
    /// The person has as many of these as the template allows.
    LimitReached = "limit-reached",
    /// The certificate is valid for too long to be renewed yet.
    TooEarly = "too-early",
    /// A list of people comes to something else by now than what was seen.
    PeopleChanged = "people-changed",
    /// A leaver has other things by now than those that were seen.
    LeavingChanged = "leaving-changed",
    /// Somebody else has suspended the card, and its holder cannot lift that alone.
    HeldByOthers = "held-by-others",
    /// The given loss reason does not go with what is asked for.
    LossReason = "loss-reason",
    /// The caller has approved this request before.
    AlreadyApproved = "already-approved",
    /// The caller asked for this request and may not approve it.
    SelfApproval = "self-approval",
    /// The caller has approved this request and may not execute it.
    OwnApproval = "own-approval",
    /// There is no such profile template.
    TemplateUnknown = "template-unknown",
    /// The template has no policy for this workflow, or it is switched off.
    WorkflowDisabled = "workflow-disabled",
    /// There is no such user, or there are several of that name.
    UserUnknown = "user-unknown",
    /// The policy demands a data item that was not given.
    DataItemMissing = "data-item-missing",
    /// The policy knows no such data item.
    DataItemUnknown = "data-item-unknown",
    /// A data item's value is not one the policy takes.
    DataItemInvalid = "data-item-invalid",
    /// Another person must give this data item.
    DataItemNotYours = "data-item-not-yours",
    /// The data item was given already, and somebody has approved what was given.
    DataItemGiven = "data-item-given",
    /// Data items are missing that are needed before the request is executed.
    DataCollectionIncomplete = "data-collection-incomplete",
    /// The data items are others than those that the approver has seen.
    DataChanged = "data-changed",
    /// Data items are taken until somebody has approved, or the execution begins.
    DataCollectionClosed = "data-collection-closed",
    /// The policy demands a comment.
    CommentMissing = "comment-missing",
    /// The policy lets nobody choose a priority.
    PriorityNotCollected = "priority-not-collected",
    /// The request's one-time password must be proven first.
    OneTimePasswordNeeded = "one-time-password-needed",
    /// The one-time password is wrong; the message says how many tries are left.
    OneTimePasswordWrong = "one-time-password-wrong",
    /// The one-time password has expired, was tried too often or was not made yet; an approver can make another.
    OneTimePasswordSpent = "one-time-password-spent",
    /// The request has no one-time password, or it was proven already.
    OneTimePasswordNotUsed = "one-time-password-not-used",
    /// The template proposes no PIN: people choose their own.
    PinNotProposed = "pin-not-proposed",
    /// The certification request is not PKCS#10.
    CsrUnreadable = "csr-unreadable",
    /// The certification request is not signed by the key it is about.
    CsrSignature = "csr-signature",
    /// More or fewer certification requests came than the template orders.
    CsrCount = "csr-count",
    /// Two certification requests are for the same key.
    KeyRepeated = "key-repeated",
    /// The password that protects private keys is missing or does not suffice.
    PfxPassword = "pfx-password",
    /// There is no archived key to bring back.
    NothingArchived = "nothing-archived",
    /// The keys are archived where the server cannot open them.
    SealedToAgents = "sealed-to-agents",
    /// The key is shorter than the template allows.
    KeyTooSmall = "key-too-small",
    /// The key's algorithm or curve is not one the template allows.
    KeyAlgorithm = "key-algorithm",
    /// The signature's hash is not one the template allows.
    HashAlgorithm = "hash-algorithm",
    /// The template demands an attestation of the key, and none came.
    AttestationMissing = "attestation-missing",
    /// The attestation cannot be read as certificates in DER, the key's first.
    AttestationUnreadable = "attestation-unreadable",
    /// The attestation is for another key than the certification request's.
    AttestationOtherKey = "attestation-other-key",
    /// The attestation does not come from an authority the template names.
    AttestationUntrusted = "attestation-untrusted",
    /// The attestation, or a certificate it comes from, is not valid now.
    AttestationExpired = "attestation-expired",
    /// A certificate was issued for this key before.
    KeyAlreadyCertified = "key-already-certified",
    /// The old key was not shown, and nothing stands in for it.
    PossessionNeeded = "possession-needed",
    /// What was signed is signed by a key that cannot be shown for this request.
    PossessionOfOther = "possession-of-other-key",
    /// The signature that should show an old key is not that key's, or over something else.
    PossessionWrong = "possession-wrong",
    /// An old key was shown to a server of another name.
    PossessionElsewhere = "possession-elsewhere",
    /// The card has not shown that it is there.
    PresenceNeeded = "presence-needed",
    /// The request's card has no key by which it could show that it is there.
    PresenceNothing = "presence-nothing-to-show",
    /// No authentication of the card is under way, or it took too long.
    PresenceOver = "presence-over",
    /// The request has opened more authentications of its card than it may.
    PresenceExhausted = "presence-exhausted",
    /// What should show that the card is there is not by the key that it should have.
    PresenceWrong = "presence-wrong",
    /// The key was revoked as compromised.
    KeyCompromised = "key-compromised",
    /// The certificates of this request were issued before, for another key.
    AlreadyIssued = "already-issued",
    /// The request can be completed only after a certificate was issued.
    NothingIssued = "nothing-issued",
    /// The person's record lacks what the template puts into the certificate.
    UserAttributeMissing = "user-attribute-missing",
    /// The request has answered another challenge already.
    ChallengeAnswered = "challenge-answered",
    /// The challenge does not have the length of the card's cipher block.
    ChallengeLength = "challenge-length",
    /// The code that was read out comes from another card than the request's.
    CodeOfOtherCard = "code-of-other-card",
    /// The card's own admin key is active; the client must first report that the key is being taken back.
    AdminKeyActive = "admin-key-active",
    /// The template does not let the admin key out for requests of this type.
    AdminKeyKept = "admin-key-kept",
    /// The card has the admin key of an earlier holder, and must be given its own before anything is certified on it.
    AdminKeySpoken = "admin-key-spoken",
    /// The code that was read out has a wrong digit.
    CodeMistyped = "code-mistyped",
    /// Another caller changed the same thing at the same moment; repeating the call may help.
    Conflict = "conflict",
    /// Too many calls, or too many failed attempts; the message says when to come back.
    TooManyRequests = "too-many-requests",
    /// The call took longer than the server allows.
    Timeout = "timeout",
    /// The server is stopping, or its store or CA cannot be reached; repeating the call later may help.
    Unavailable = "unavailable",
    /// The database may only be read, or its disk is full: nothing is changed until that is mended.
    DatabaseReadOnly = "database-read-only",
    /// The CA is elsewhere and has not decided; repeating the same call later collects the certificate.
    CaPending = "ca-pending",
    /// The CA is elsewhere and has refused, or issued another certificate than was ordered.
    CaRefused = "ca-refused",
    /// No certificate of the card will end that counts.
    NothingEnds = "nothing-ends",
    /// The person can be told on no way.
    NoWayToTell = "no-way-to-tell",
    /// The holder was told of this card within the last day.
    RemindedAlready = "reminded-already",
    /// The server takes no people over from a directory.
    NoDirectory = "no-directory",
    /// The directory of people cannot be reached, or has not answered in time; repeating the call later may help.
    DirectoryAway = "directory-away",
    /// The directory of people has refused the server, or its answer makes no sense.
    DirectoryRefused = "directory-refused",
    /// The person cannot be taken over as the directory has them.
    NotTakenOver = "not-taken-over",
    /// The server failed; the correlation id leads to the cause in its log.
    Internal = "internal",
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.pad(self.name())
    }
}

//! What a refusal looks like on the wire, and the stable codes scripts may rely on.

use super::wire::body::body;
use super::wire::{GuidOrNothing, Plain, Text};
use std::fmt;
use uuid::Uuid;

/// The JSON body of every refusal. MIM's own shape is not documented; `Message` is ASP.NET Web API's, and a body with
/// that alone is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What happened and what to do next, for people.
    pub message: String,
    /// Stable, for scripts: "request-pending", say. Empty: the server gave none.
    pub code: String,
    /// The same id stands in the server's log. `None`: the server gave none.
    pub correlation_id: Option<Uuid>,
}

body!(Problem {
    message: "Message" => Plain<String>,
    code: "Code" => Text,
    correlation_id: "CorrelationId" => GuidOrNothing,
});

impl Problem {
    /// Makes the body of a refusal. What a caller sent may be quoted in it, but nothing that could draw over a terminal.
    pub fn new(code: ProblemCode, message: &str, correlation_id: Uuid) -> Self {
        let message = message.replace(char::is_control, "\u{FFFD}");
        Self { message, code: code.name().into(), correlation_id: Some(correlation_id) }
    }

    /// Gives the code as one of the known ones; `None` when it is absent or another server's.
    pub fn known_code(&self) -> Option<ProblemCode> {
        ProblemCode::from_name(&self.code)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal),* $(,)?) => {
        /// Why a call was refused; the texts are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $($(#[$doc])* $code),*
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// Gives the text on the wire.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name),*
                }
            }

            /// Reads the text of the wire; `None` when it is not known.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }
        }
    };
}

codes! {
    /// No credentials came, or ones the server does not know.
    NotAuthenticated = "not-authenticated",
    /// The bearer token is past its time.
    TokenExpired = "token-expired",
    /// The user is known and was disabled.
    UserDisabled = "user-disabled",
    /// The client certificate was revoked or put on hold.
    CertificateRevoked = "certificate-revoked",
    /// A browser says that another site has made the call.
    CrossSite = "cross-site",
    /// There is a user of that name already.
    UserExists = "user-exists",
    /// The user has as many tokens as one may have.
    TooManyTokens = "too-many-tokens",
    /// Only who came in by a token of the server's own can have it renewed or revoked so.
    NotByToken = "not-by-token",
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
    /// A parameter of path or query is not there.
    MissingParameter = "missing-parameter",
    /// A parameter of path or query has no sense.
    BadParameter = "bad-parameter",
    /// A field of the body is missing, too long, or not as the policy demands.
    BadField = "bad-field",
    /// The request waits for approvals.
    RequestPending = "request-pending",
    /// The request was denied, for good.
    RequestDenied = "request-denied",
    /// The request is in a status that does not allow this; the message names the status.
    RequestNotExecutable = "request-not-executable",
    /// The request is of a type that does not have this step.
    WrongRequestType = "wrong-request-type",
    /// The card is not the one the request is about.
    WrongCard = "wrong-card",
    /// The card belongs to someone, or the request has another card already.
    CardAlreadyAssigned = "card-already-assigned",
    /// A card must be assigned to the request first.
    CardNotAssigned = "card-not-assigned",
    /// The card has, or by its template gets, no admin key of its own.
    NotDiversified = "not-diversified",
    /// The card is in a status that does not allow this; the message names the status.
    CardStatus = "card-status",
    /// The profile is in a status that does not allow this; the message names the status.
    ProfileStatus = "profile-status",
    /// The same is asked for in another request that is still open; the message names it.
    RequestOpen = "request-open",
    /// A person has as many of these as the template allows.
    LimitReached = "limit-reached",
    /// The certificate is good for too long yet to be renewed.
    TooEarly = "too-early",
    /// What is said of the card's loss does not go with what is asked for.
    LossReason = "loss-reason",
    /// The caller has approved this request before.
    AlreadyApproved = "already-approved",
    /// Nobody approves what they asked for themselves.
    SelfApproval = "self-approval",
    /// There is no such profile template.
    TemplateUnknown = "template-unknown",
    /// The template has no policy for this workflow, or it is switched off.
    WorkflowDisabled = "workflow-disabled",
    /// There is no such user, or several of that name.
    UserUnknown = "user-unknown",
    /// The policy demands a data item that was not given.
    DataItemMissing = "data-item-missing",
    /// The policy knows no such data item.
    DataItemUnknown = "data-item-unknown",
    /// A data item's value is not one the policy takes.
    DataItemInvalid = "data-item-invalid",
    /// The data item is another person's to give.
    DataItemNotYours = "data-item-not-yours",
    /// The data item was given already, and somebody has approved what was given.
    DataItemGiven = "data-item-given",
    /// Data items are missing that must be there before the request is executed.
    DataCollectionIncomplete = "data-collection-incomplete",
    /// Data items are taken until the execution begins.
    DataCollectionClosed = "data-collection-closed",
    /// The policy demands a comment.
    CommentMissing = "comment-missing",
    /// The policy lets nobody choose a priority.
    PriorityNotCollected = "priority-not-collected",
    /// The request's one-time password must be proven first.
    OneTimePasswordNeeded = "one-time-password-needed",
    /// The one-time password is wrong; the message says how many tries are left.
    OneTimePasswordWrong = "one-time-password-wrong",
    /// The one-time password has expired, or was tried too often, or was not made yet: an approver makes another.
    OneTimePasswordSpent = "one-time-password-spent",
    /// The request has no one-time password, or it was proven already.
    OneTimePasswordNotUsed = "one-time-password-not-used",
    /// The template lets people choose their PINs.
    PinNotProposed = "pin-not-proposed",
    /// The certification request is not PKCS#10.
    CsrUnreadable = "csr-unreadable",
    /// The certification request is not signed by the key it is about.
    CsrSignature = "csr-signature",
    /// More or fewer certification requests came than the template orders.
    CsrCount = "csr-count",
    /// Two certification requests are for the same key.
    KeyRepeated = "key-repeated",
    /// The password that is to protect private keys is missing or cannot do that.
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
    /// What came is no attestation: certificates in DER, the key's first.
    AttestationUnreadable = "attestation-unreadable",
    /// The attestation is about another key than the certification request's.
    AttestationOtherKey = "attestation-other-key",
    /// The attestation does not come from an authority the template names.
    AttestationUntrusted = "attestation-untrusted",
    /// The attestation, or a certificate it comes from, is not valid now.
    AttestationExpired = "attestation-expired",
    /// A certificate was issued for this key before.
    KeyAlreadyCertified = "key-already-certified",
    /// The certificates of this request were issued before, for another key.
    AlreadyIssued = "already-issued",
    /// The request is completed by a certificate, and none was issued yet.
    NothingIssued = "nothing-issued",
    /// The person's record lacks what the template puts into the certificate.
    UserAttributeMissing = "user-attribute-missing",
    /// The request has answered another challenge.
    ChallengeAnswered = "challenge-answered",
    /// The challenge is not as long as the card's cipher takes.
    ChallengeLength = "challenge-length",
    /// A code that was read out comes from another card than the request's.
    CodeOfOtherCard = "code-of-other-card",
    /// The card's own admin key is active: first it must be said that it is to be taken back.
    AdminKeyActive = "admin-key-active",
    /// The template does not let the admin key out for requests of this type.
    AdminKeyKept = "admin-key-kept",
    /// A code that was read out has a wrong digit.
    CodeMistyped = "code-mistyped",
    /// Another caller changed the same thing at the same moment; asking again may help.
    Conflict = "conflict",
    /// Too many calls, or too many failed attempts; the message says when to come back.
    TooManyRequests = "too-many-requests",
    /// The call took longer than the server allows.
    Timeout = "timeout",
    /// The server is stopping or its store or CA is away; asking again later may help.
    Unavailable = "unavailable",
    /// The CA is elsewhere and has not decided; repeating the very same call later collects the certificate.
    CaPending = "ca-pending",
    /// The CA is elsewhere and has refused, or what it made is not what was ordered.
    CaRefused = "ca-refused",
    /// The server failed; the correlation id leads to the cause in its log.
    Internal = "internal",
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.pad(self.name())
    }
}

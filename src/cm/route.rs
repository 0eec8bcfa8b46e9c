//! Every route, declared once: by the same table the server reads paths and the client writes them.
//!
//! MIM's routes follow its public pages. These contradict each other, so each pattern after the first is another
//! spelling of the same call. Routes beyond MIM are under [`EXTENSION`].

mod look_up;
mod param;
mod path;
mod table;

pub use table::{DECLARATIONS, Declaration};

use super::profile::ProfileStatus;
use super::report::ReportKind;
use super::request::{RequestStatus, RequestType};
use super::smartcard::SmartcardStatus;
use std::fmt;
use time::OffsetDateTime;
use uuid::Uuid;

/// Names the virtual directory that MIM's setup proposes. [`Route::parse`] takes paths with or without it; a server
/// under another one must cut that off first.
pub const VIRTUAL_DIRECTORY: &str = "/CertificateManagement";
/// Begins every route of MIM's, after the virtual directory.
pub const API: &str = "/api/v1.0";
/// Begins every route beyond MIM, after the virtual directory.
pub const EXTENSION: &str = "/api/cardwright/v1";

/// Names the verb of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
}

impl Method {
    /// Returns the verb as HTTP spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    /// Reads HTTP's spelling; `None` for other verbs and other letter cases (RFC 9110, 9.1).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put].into_iter().find(|method| method.name() == name)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Names a profile or a smart card, where a route serves both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    Profile(Uuid),
    Smartcard(Uuid),
}

/// Names what `GET profiles?status=` may ask for: the documented list mixes one profile status with those of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileFilter {
    Active,
    /// Profiles whose request has this status.
    Request(RequestStatus),
}

impl ProfileFilter {
    /// Returns the profile status that is asked for; `None` where a request status is.
    pub fn profile_status(self) -> Option<ProfileStatus> {
        match self {
            Self::Active => Some(ProfileStatus::Active),
            Self::Request(_) => None,
        }
    }
}

/// Names every call with its parameters from path and query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    ListProfileTemplates,
    GetProfileTemplate {
        template: Uuid,
    },
    GetPolicy {
        template: Uuid,
        workflow: RequestType,
    },
    GetSmartcardConfig {
        template: Uuid,
    },
    CreateRequest,
    /// `target_user_current` is the query `targetuser=current`, the only target a caller may name.
    ListRequests {
        target_user_current: bool,
        status: Option<RequestStatus>,
        /// The last request of the page before. MIM knows neither this nor the limit.
        before: Option<Uuid>,
        limit: Option<u32>,
    },
    GetRequest {
        request: Uuid,
    },
    CloseRequest {
        request: Uuid,
    },
    GetGenerationOptions {
        request: Uuid,
    },
    SubmitCertificateData {
        request: Uuid,
    },
    AssignSmartcard,
    ListSmartcards,
    FindSmartcard {
        card_id: Uuid,
    },
    GetSmartcard {
        smartcard: Uuid,
    },
    GetDiversifiedKey {
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        atr: Option<String>,
    },
    GetAuthenticationResponse {
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        atr: Option<String>,
        challenge: Vec<u8>,
        diversified: bool,
    },
    ListOperations {
        of: Holder,
    },
    GetServerProposedPin {
        request: Option<Uuid>,
        smartcard: Uuid,
        card_id: Option<Uuid>,
        atr: Option<String>,
        challenge: Option<Vec<u8>>,
    },
    UpdateSmartcard {
        request: Uuid,
        smartcard: Uuid,
    },
    GetRequestSmartcard {
        request: Uuid,
        smartcard: Uuid,
    },
    ListProfiles {
        status: Option<ProfileFilter>,
    },
    GetProfile {
        profile: Uuid,
    },
    ListRequestProfiles {
        request: Uuid,
    },
    GetRequestProfile {
        request: Uuid,
        profile: Uuid,
    },
    ListHolderCertificates {
        of: Holder,
    },
    ListCertificates,
    // Extension prefix.
    /// Lists every request type that may be asked for a card or profile; `operations` lists MIM's words only.
    ListRequestTypes {
        of: Holder,
    },
    /// Tells all that a template says, in facts.
    DescribeTemplate {
        template: Uuid,
    },
    /// Lists what a template has said, the newest first, as far as that is kept.
    ListTemplateVersions {
        template: Uuid,
    },
    /// Reads a template's file, and what a check says of it.
    GetTemplateFile {
        template: Uuid,
    },
    Whoami,
    FindUser {
        name: String,
    },
    /// Lists all requests that the caller may see, not only the caller's own.
    ListVisibleRequests {
        status: Option<RequestStatus>,
    },
    /// Lists them a page at a time, each with what a row of a table shows: what waits for a decision the most urgent first, all
    /// else the newest first.
    ListQueue {
        status: Option<RequestStatus>,
        /// Those about this card alone.
        smartcard: Option<Uuid>,
        /// The last request of the page before.
        after: Option<Uuid>,
        limit: Option<u32>,
    },
    /// Counts the requests of others that wait.
    CountWaiting,
    /// Lists the cards that the caller may see, those assigned last first.
    ListCards {
        owner: Option<Uuid>,
        status: Option<SmartcardStatus>,
        template: Option<Uuid>,
        /// The last card of the page before.
        before: Option<Uuid>,
        limit: Option<u32>,
    },
    /// Lists the cards whose certificates end within so many days, the first to end first.
    ListEndingCards {
        days: u32,
        /// The serial number of the last certificate of the page before.
        beyond: Option<Vec<u8>>,
        limit: Option<u32>,
    },
    /// Counts their certificates by month and template.
    CountEndingCards {
        days: u32,
    },
    /// Finds people of whom a name, UPN or e-mail address begins with a text.
    FindPeople {
        begins: String,
    },
    /// Finds people of the directory that the server takes people over from, by a part of a name, UPN or e-mail address.
    FindElsewhere {
        text: String,
    },
    /// Takes a person over from that directory.
    TakeOver,
    /// Finds whatever a text names: a name, UPN, e-mail address, printed serial, serial number, thumbprint or GUID.
    Search {
        text: String,
    },
    /// Tells what happened to a card, the latest first.
    GetCardHistory {
        smartcard: Uuid,
    },
    /// Tells what happened to what a person holds, the latest first.
    GetPersonHistory {
        user: Uuid,
        /// The last request of the page before.
        before: Option<Uuid>,
    },
    /// Tells what the server and its directory know of a card with which somebody is to log on.
    GetLogonView {
        smartcard: Uuid,
    },
    /// Reports a card as missing: it is suspended or its certificates are revoked, as its template says.
    ReportLost {
        smartcard: Uuid,
    },
    /// Has the holder of a card told again that its certificates end.
    Remind {
        smartcard: Uuid,
    },
    /// Takes a lent card back.
    TakeBack {
        smartcard: Uuid,
    },
    /// Tells all that a person has, and what would become of it if the person left.
    ForeseeLeaving {
        user: Uuid,
    },
    /// Ends all that a person has, as it was foreseen.
    Leave {
        user: Uuid,
    },
    /// Tells what a request with this body would come to, if it were made; it is not made.
    ForeseeOrder {
        card_id: Option<Uuid>,
    },
    /// Tells what an approved request would come to, if it were carried out on this card.
    ForeseeRequest {
        request: Uuid,
        card_id: Option<Uuid>,
    },
    /// Tells of a request what whoever decides on it, waits for it or carries it out wants to know.
    ReviewRequest {
        request: Uuid,
    },
    Approve {
        request: Uuid,
    },
    Deny {
        request: Uuid,
    },
    /// Gives data items for a request that exists already.
    CollectData {
        request: Uuid,
    },
    /// Lists the forms of a request, filled in.
    ListDocuments {
        request: Uuid,
    },
    /// Collects archived keys that are sealed to recovery agents.
    CollectSealedKeys {
        request: Uuid,
    },
    /// Shows that the old key of a card or profile is at hand.
    ShowPossession {
        request: Uuid,
    },
    /// Opens a mutual authentication of the request's card with the server, by which the card shows that it is there.
    OpenPresence {
        request: Uuid,
        smartcard: Uuid,
    },
    /// Hands in what the card has said in it.
    ShowPresence {
        request: Uuid,
        smartcard: Uuid,
    },
    ProveOneTimePassword {
        request: Uuid,
    },
    /// Makes new one-time passwords; the previous ones become invalid.
    DistributeOneTimePassword {
        request: Uuid,
    },
    GetAdminKeyState {
        smartcard: Uuid,
    },
    /// Reports what became of the admin key on the card.
    TellAdminKey {
        request: Uuid,
        smartcard: Uuid,
    },
    /// Returns the card's own admin key, so that the default one can be put back on a card that takes no response.
    SurrenderAdminKey {
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
    },
    /// Returns the card's next admin key, derived from the newest master key; `with_current` adds the one that holds.
    GetNextAdminKey {
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        with_current: bool,
    },
    /// Returns the card's PUKs; `digits`: the card has refused a next one with letters, and gets one of digits; `fresh`:
    /// only one that no earlier assignment knows, for a card that cannot show that it is there.
    GetPuk {
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        digits: bool,
        fresh: bool,
    },
    /// Reports what became of the PUK on the card.
    TellPuk {
        request: Uuid,
        smartcard: Uuid,
    },
    OfflineUnblock {
        request: Uuid,
    },
    /// Reports what happened in a period; `after` is what the page before says of the next.
    GetReport {
        report: ReportKind,
        from: Option<OffsetDateTime>,
        to: Option<OffsetDateTime>,
        after: Option<String>,
        limit: Option<u32>,
    },
    /// Tells how the server stands: what is well, what ends soon, what fails.
    GetHealth,
    /// Lists the acts of a chain of the log after this number.
    ListAudit {
        chain: Option<u32>,
        after: Option<u64>,
        limit: Option<u32>,
    },
    /// Lists the chains of the log and the last signature of each.
    ListAuditChains,
    /// Returns what a card attested about the key of the certificate with this serial number.
    GetAttestation {
        serial: Vec<u8>,
    },
    GetCaCertificate,
    GetCrl,
    ListUsers,
    AddUser,
    /// Shows what the rows of a list of people come to, and does it once that was seen.
    ImportUsers,
    ChangeUser {
        user: Uuid,
    },
    ListBearer {
        user: Uuid,
    },
    AddBearer {
        user: Uuid,
    },
    RevokeBearer {
        token: Uuid,
    },
    /// Makes a link by which a user signs in once.
    MakeLink {
        user: Uuid,
    },
    /// Lists the identities of issuers that stand for a user.
    ListIdentities {
        user: Uuid,
    },
    LinkIdentity {
        user: Uuid,
    },
    UnlinkIdentity {
        identity: Uuid,
    },
    /// Renews the bearer token that the call itself is made with.
    RenewOwnBearer,
    RevokeOwnBearer,
    /// Makes a bearer token for whoever shows its activation code; nobody logs in for it.
    ActivateBearer,
    /// Lists what administrators have proposed for another one to confirm.
    ListProposals,
    ConfirmProposal {
        proposal: Uuid,
    },
    RejectProposal {
        proposal: Uuid,
    },
    /// Lists what people and programs are told, newest first; the next page begins before the last one shown.
    ListNotices {
        state: Option<String>,
        before: Option<Uuid>,
        limit: Option<u32>,
    },
    RetryNotice {
        notice: Uuid,
    },
    DiscardNotice {
        notice: Uuid,
    },
    EndSession,
    /// Lets a person in at a kiosk.
    BeginVisit,
    /// Makes a challenge that a card signs for it.
    ChallengeVisit,
    /// Names a kiosk to somebody who is about to be let in there.
    GetKiosk {
        kiosk: Uuid,
    },
    /// Gives whoever calls a code by which a kiosk lets him in.
    HandOverVisit,
    /// Ends the visit that the call is made in, or all that the calling kiosk has begun.
    EndVisits,
    /// Has the results of a desk run confirmed and signed.
    SignDeskResults,
    /// Reads them back.
    GetDeskResults {
        results: Uuid,
    },
}

/// Says why path, verb and parameters are no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    #[error("there is nothing at this path")]
    NotFound,
    #[error("this path is called with {}", verbs(allowed))]
    WrongMethod { allowed: Vec<Method> },
    #[error("the parameter \"{name}\" must be {expected}")]
    BadParameter { name: &'static str, expected: &'static str },
    #[error("the parameter \"{name}\" is missing")]
    MissingParameter { name: &'static str },
}

fn verbs(allowed: &[Method]) -> String {
    allowed.iter().map(|method| method.name()).collect::<Vec<_>>().join(" or ")
}

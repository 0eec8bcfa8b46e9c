//! Knows the routes beyond MIM, and tells an answer of cardwright's server from that of one that has no such routes.

use crate::cm::route::{Method, Route};
use serde::de::IgnoredAny;

/// Describes a route beyond MIM.
#[derive(Clone, Copy)]
pub(super) struct Extension {
    /// What the route is for, for errors.
    pub purpose: &'static str,
    form: Form,
}

/// Names what cardwright's server answers with.
#[derive(Clone, Copy)]
enum Form {
    Json,
    /// A certificate or revocation list, DER or PEM.
    File,
}

/// Says what an answer without our server's own code tells of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The server has no such route, and did nothing.
    Absent,
    /// The server has no such route, or another fault lies behind the answer: what it says to other routes decides.
    Doubtful,
    /// The answer is about something else: who calls, how often, or a server behind a gateway.
    Nothing,
}

impl Extension {
    /// Returns the description of a route beyond MIM; `None` for MIM's own.
    pub fn of(route: &Route) -> Option<Self> {
        let purpose = purpose(route)?;
        let form = if matches!(route, Route::GetCaCertificate | Route::GetCrl) { Form::File } else { Form::Json };
        Some(Self { purpose, form })
    }

    /// Says whether a success may come from a server that has the route: an empty body or a web page does not.
    pub fn is_answered(self, status: u16, body: &[u8]) -> bool {
        match self.form {
            Form::Json => status == 204 || serde_json::from_slice::<IgnoredAny>(body).is_ok(),
            Form::File => body.first() == Some(&DER_SEQUENCE) || body.trim_ascii_start().starts_with(b"-----BEGIN"),
        }
    }
}

/// Begins a certificate or revocation list in DER.
const DER_SEQUENCE: u8 = 0x30;

/// Says what a refusal without a code tells of a route. IIS and what stands before it answer paths they do not know in
/// many ways: with a page that is not found, a method that is not allowed, a login page, or a failure.
pub(super) fn told_by(status: u16) -> Told {
    match status {
        404 | 405 | 410 | 501 => Told::Absent,
        401 | 407 | 408 | 413 | 429 | 502..=504 => Told::Nothing,
        _ => Told::Doubtful,
    }
}

/// Says whether an answer that leaves it doubtful may be taken as that of a server without the route when no other
/// route can be asked. What only reads does no harm; what changes something may have been done.
pub(super) fn harmless(route: &Route, status: u16) -> bool {
    route.method() == Method::Get || matches!(status, 300..=499)
}

/// Returns what a route beyond MIM is for; `None` for MIM's own routes.
fn purpose(route: &Route) -> Option<&'static str> {
    match route {
        Route::ListRequestTypes { .. } => Some("list of request types"),
        Route::DescribeTemplate { .. } => Some("description of templates"),
        Route::ListTemplateVersions { .. } | Route::GetTemplateFile { .. } => Some("files and versions of templates"),
        Route::Whoami => Some("answer to who the caller is"),
        Route::FindUser { .. } => Some("search for users"),
        Route::ListVisibleRequests { .. } | Route::ListQueue { .. } => Some("list of other people's requests"),
        Route::CountWaiting => Some("count of requests that wait"),
        Route::ListCards { .. } | Route::ListEndingCards { .. } => Some("list of cards"),
        Route::FindElsewhere { .. } | Route::TakeOver => Some("directory of people"),
        Route::FindPeople { .. } | Route::Search { .. } => Some("search"),
        Route::GetCardHistory { .. } | Route::GetPersonHistory { .. } => Some("history"),
        Route::GetLogonView { .. } => Some("view of logons"),
        Route::ReportLost { .. } => Some("report of missing cards"),
        Route::Remind { .. } => Some("way to have holders told"),
        Route::TakeBack { .. } => Some("way to take lent cards back"),
        Route::ForeseeLeaving { .. } | Route::Leave { .. } => Some("way to have a person leave"),
        Route::ForeseeOrder { .. } | Route::ForeseeRequest { .. } => Some("foresight"),
        Route::ReviewRequest { .. } => Some("review of requests"),
        Route::Approve { .. } | Route::Deny { .. } => Some("approval of requests"),
        Route::CollectData { .. } => Some("way to give data items later"),
        Route::ListDocuments { .. } => Some("list of forms"),
        Route::CollectSealedKeys { .. } => Some("archive of keys sealed to agents"),
        Route::ShowPossession { .. } => Some("proof of possession"),
        Route::OpenPresence { .. } | Route::ShowPresence { .. } => Some("proof of a card's presence"),
        Route::ProveOneTimePassword { .. } | Route::DistributeOneTimePassword { .. } => Some("one-time passwords"),
        Route::GetAdminKeyState { .. }
        | Route::TellAdminKey { .. }
        | Route::SurrenderAdminKey { .. }
        | Route::GetNextAdminKey { .. } => Some("record of admin keys"),
        Route::GetPuk { .. } | Route::TellPuk { .. } => Some("record of PUKs"),
        Route::OfflineUnblock { .. } => Some("offline unblock"),
        Route::GetReport { .. } | Route::CountEndingCards { .. } => Some("reports"),
        Route::GetHealth => Some("report of how it stands"),
        Route::ListAudit { .. } | Route::ListAuditChains => Some("log of acts"),
        Route::GetAttestation { .. } => Some("attestations of keys"),
        Route::GetCaCertificate => Some("CA certificate to fetch"),
        Route::GetCrl => Some("revocation list to fetch"),
        Route::ListUsers | Route::AddUser | Route::ImportUsers | Route::ChangeUser { .. } => Some("accounts"),
        Route::MakeLink { .. } => Some("links to sign in by"),
        Route::ListIdentities { .. } | Route::LinkIdentity { .. } | Route::UnlinkIdentity { .. } => Some("identities"),
        Route::ListBearer { .. }
        | Route::AddBearer { .. }
        | Route::RevokeBearer { .. }
        | Route::RenewOwnBearer
        | Route::RevokeOwnBearer
        | Route::ActivateBearer => Some("bearer tokens"),
        Route::ListProposals | Route::ConfirmProposal { .. } | Route::RejectProposal { .. } => Some("proposals"),
        Route::ListNotices { .. } | Route::RetryNotice { .. } | Route::DiscardNotice { .. } => Some("outbox"),
        Route::EndSession => Some("sessions"),
        Route::BeginVisit
        | Route::ChallengeVisit
        | Route::EndVisits
        | Route::GetKiosk { .. }
        | Route::HandOverVisit => Some("visits at a kiosk"),
        Route::SignDeskResults | Route::GetDeskResults { .. } => Some("signed results of a desk run"),
        Route::ListProfileTemplates
        | Route::GetProfileTemplate { .. }
        | Route::GetPolicy { .. }
        | Route::GetSmartcardConfig { .. }
        | Route::CreateRequest
        | Route::ListRequests { .. }
        | Route::GetRequest { .. }
        | Route::CloseRequest { .. }
        | Route::GetGenerationOptions { .. }
        | Route::SubmitCertificateData { .. }
        | Route::AssignSmartcard
        | Route::ListSmartcards
        | Route::FindSmartcard { .. }
        | Route::GetSmartcard { .. }
        | Route::GetDiversifiedKey { .. }
        | Route::GetAuthenticationResponse { .. }
        | Route::ListOperations { .. }
        | Route::GetServerProposedPin { .. }
        | Route::UpdateSmartcard { .. }
        | Route::GetRequestSmartcard { .. }
        | Route::ListProfiles { .. }
        | Route::GetProfile { .. }
        | Route::ListRequestProfiles { .. }
        | Route::GetRequestProfile { .. }
        | Route::ListHolderCertificates { .. }
        | Route::ListCertificates => None,
    }
}

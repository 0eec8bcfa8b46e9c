//! What a visit at a kiosk reaches that is for one request alone: that request, its card, its profile and its template.

use crate::cm::route::{Holder, Route};
use crate::store::RequestRecord;
use uuid::Uuid;

/// Holds what such a visit reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneRequest {
    pub request: Uuid,
    pub template: Uuid,
    /// The card that the request is about, and the one that it brings.
    smartcards: [Option<Uuid>; 2],
    profiles: [Option<Uuid>; 2],
}

/// Says what a visit for one request gets of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    Yes,
    /// The call is about something else of this kind, which the visitor does not see.
    Other(&'static str),
    /// No such visit makes this call.
    Never,
}

impl OneRequest {
    /// Takes the request.
    pub fn of(request: &RequestRecord) -> Self {
        Self {
            request: request.uuid,
            template: request.profile_template,
            smartcards: [request.old_smartcard, request.new_smartcard],
            profiles: [request.old_profile, request.new_profile],
        }
    }

    /// Says whether a card is one of the request's.
    pub fn has_smartcard(&self, smartcard: Uuid) -> bool {
        self.smartcards.contains(&Some(smartcard))
    }

    /// Says whether a profile is one of the request's.
    pub fn has_profile(&self, profile: Uuid) -> bool {
        self.profiles.contains(&Some(profile))
    }

    /// Says what the visit gets of a call. Lists, and what a body names, are judged where they are read.
    pub fn reached(&self, route: &Route) -> Reached {
        let request = |named: &Uuid| if *named == self.request { Reached::Yes } else { Reached::Other("request") };
        let smartcard = |named: &Uuid| match self.has_smartcard(*named) {
            true => Reached::Yes,
            false => Reached::Other("smart card"),
        };
        let template = |named: &Uuid| match *named == self.template {
            true => Reached::Yes,
            false => Reached::Other("profile template"),
        };
        let both = |named: &Uuid, card: &Uuid| match request(named) {
            Reached::Yes => smartcard(card),
            other => other,
        };
        match route {
            Route::Whoami
            | Route::ListProfileTemplates
            | Route::ListRequests { .. }
            | Route::ListVisibleRequests { .. }
            | Route::FindSmartcard { .. }
            | Route::AssignSmartcard
            | Route::GetCaCertificate
            | Route::GetCrl
            | Route::EndVisits => Reached::Yes,
            Route::GetProfileTemplate { template: named }
            | Route::GetPolicy { template: named, .. }
            | Route::GetSmartcardConfig { template: named }
            | Route::DescribeTemplate { template: named } => template(named),
            Route::GetRequest { request: named }
            | Route::CloseRequest { request: named }
            | Route::GetGenerationOptions { request: named }
            | Route::SubmitCertificateData { request: named }
            | Route::ListRequestProfiles { request: named }
            | Route::ForeseeRequest { request: named, .. }
            | Route::ReviewRequest { request: named }
            | Route::CollectData { request: named }
            | Route::ListDocuments { request: named }
            | Route::ShowPossession { request: named } => request(named),
            Route::GetSmartcard { smartcard: named }
            | Route::GetLogonView { smartcard: named }
            | Route::GetAdminKeyState { smartcard: named }
            | Route::ListOperations { of: Holder::Smartcard(named) }
            | Route::ListHolderCertificates { of: Holder::Smartcard(named) } => smartcard(named),
            Route::GetServerProposedPin { request: named, smartcard: card, .. } => {
                named.as_ref().map_or_else(|| smartcard(card), |named| both(named, card))
            }
            Route::GetProfile { profile } | Route::ListHolderCertificates { of: Holder::Profile(profile) } => {
                if self.has_profile(*profile) { Reached::Yes } else { Reached::Other("profile") }
            }
            Route::GetRequestProfile { request: named, profile } => match request(named) {
                Reached::Yes if !self.has_profile(*profile) => Reached::Other("profile"),
                reached => reached,
            },
            Route::GetDiversifiedKey { request: named, smartcard: card, .. }
            | Route::GetAuthenticationResponse { request: named, smartcard: card, .. }
            | Route::UpdateSmartcard { request: named, smartcard: card }
            | Route::GetRequestSmartcard { request: named, smartcard: card }
            | Route::OpenPresence { request: named, smartcard: card }
            | Route::ShowPresence { request: named, smartcard: card }
            | Route::TellAdminKey { request: named, smartcard: card }
            | Route::SurrenderAdminKey { request: named, smartcard: card, .. }
            | Route::GetNextAdminKey { request: named, smartcard: card, .. }
            | Route::GetPuk { request: named, smartcard: card, .. }
            | Route::TellPuk { request: named, smartcard: card } => both(named, card),
            Route::ListOperations { of: Holder::Profile(_) }
            | Route::CreateRequest
            | Route::ListSmartcards
            | Route::ListProfiles { .. }
            | Route::ListCertificates
            | Route::ListRequestTypes { .. }
            | Route::ListTemplateVersions { .. }
            | Route::GetTemplateFile { .. }
            | Route::FindUser { .. }
            | Route::ListQueue { .. }
            | Route::CountWaiting
            | Route::ListCards { .. }
            | Route::ListEndingCards { .. }
            | Route::CountEndingCards { .. }
            | Route::FindPeople { .. }
            | Route::FindElsewhere { .. }
            | Route::TakeOver
            | Route::Search { .. }
            | Route::GetCardHistory { .. }
            | Route::GetPersonHistory { .. }
            | Route::ReportLost { .. }
            | Route::Remind { .. }
            | Route::TakeBack { .. }
            | Route::ForeseeLeaving { .. }
            | Route::Leave { .. }
            | Route::ForeseeOrder { .. }
            | Route::Approve { .. }
            | Route::Deny { .. }
            | Route::CollectSealedKeys { .. }
            | Route::ProveOneTimePassword { .. }
            | Route::DistributeOneTimePassword { .. }
            | Route::OfflineUnblock { .. }
            | Route::GetReport { .. }
            | Route::GetHealth
            | Route::ListAudit { .. }
            | Route::ListAuditChains
            | Route::GetAttestation { .. }
            | Route::ListUsers
            | Route::AddUser
            | Route::ImportUsers
            | Route::ChangeUser { .. }
            | Route::ListBearer { .. }
            | Route::AddBearer { .. }
            | Route::RevokeBearer { .. }
            | Route::MakeLink { .. }
            | Route::ListIdentities { .. }
            | Route::LinkIdentity { .. }
            | Route::UnlinkIdentity { .. }
            | Route::RenewOwnBearer
            | Route::RevokeOwnBearer
            | Route::ActivateBearer
            | Route::ListProposals
            | Route::ConfirmProposal { .. }
            | Route::RejectProposal { .. }
            | Route::ListNotices { .. }
            | Route::RetryNotice { .. }
            | Route::DiscardNotice { .. }
            | Route::EndSession
            | Route::SignDeskResults
            | Route::GetDeskResults { .. }
            | Route::BeginVisit
            | Route::ChallengeVisit
            | Route::GetKiosk { .. }
            | Route::HandOverVisit => Reached::Never,
        }
    }
}

//! Every route, once.

use super::profile::Operation;
use super::request::{RequestStatus, RequestType};
use uuid::Uuid;

/// The verb of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
}

/// Profiles or smart cards, where a route serves both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    Profile(Uuid),
    Smartcard(Uuid),
}

/// Everything a caller can ask, with its parameters out of path and query (numbers: the table in MIM's reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    ListProfileTemplates,
    GetPolicy {
        template: Uuid,
        workflow: RequestType,
    },
    GetSmartcardConfig {
        template: Uuid,
    },
    CreateRequest,
    /// `target_user_current`: the query `targetuser=current`.
    ListRequests {
        target_user_current: bool,
        status: Option<RequestStatus>,
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
        status: Option<String>,
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
    Whoami,
    FindUser {
        name: String,
    },
    /// All requests the caller may see, not only the caller's own.
    ListVisibleRequests {
        status: Option<RequestStatus>,
    },
    Approve {
        request: Uuid,
    },
    Deny {
        request: Uuid,
    },
    GetAdminKeyState {
        smartcard: Uuid,
    },
    ConfirmAdminKey {
        request: Uuid,
        smartcard: Uuid,
    },
    OfflineUnblock {
        request: Uuid,
    },
    GetCaCertificate,
    GetCrl,
}

const _: Option<Operation> = None;

//! Every route, once: the same table takes a server's path apart and puts a client's together.
//!
//! MIM's routes after its public pages (which contradict each other: each pattern after the first is another spelling of
//! the same call), and those MIM lacks under [`EXTENSION`].

mod look_up;
mod param;
mod path;
mod table;

pub use table::{DECLARATIONS, Declaration};

use super::profile::ProfileStatus;
use super::request::{RequestStatus, RequestType};
use std::fmt;
use uuid::Uuid;

/// The virtual directory MIM's setup proposes. [`Route::parse`] takes paths with it or without; a server that stands
/// under another one cuts that off first.
pub const VIRTUAL_DIRECTORY: &str = "/CertificateManagement";
/// Where MIM's routes begin, after the virtual directory.
pub const API: &str = "/api/v1.0";
/// Where the routes begin that MIM does not have, after the virtual directory.
pub const EXTENSION: &str = "/api/cardwright/v1";

/// The verb of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
}

impl Method {
    /// Gives the verb as HTTP spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    /// Reads HTTP's spelling; verbs are case-sensitive (RFC 9110, 9.1).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put].into_iter().find(|method| method.name() == name)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Profiles or smart cards, where a route serves both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    Profile(Uuid),
    Smartcard(Uuid),
}

/// What `GET profiles?status=` may ask for: the documented list mixes one profile status with those of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileFilter {
    Active,
    /// Profiles whose request has this status.
    Request(RequestStatus),
}

impl ProfileFilter {
    /// Gives the profile status this asks for, if it asks for one.
    pub fn profile_status(self) -> Option<ProfileStatus> {
        match self {
            Self::Active => Some(ProfileStatus::Active),
            Self::Request(_) => None,
        }
    }
}

/// Everything a caller can ask, with its parameters out of path and query (numbers: the table in MIM's reference).
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
    /// `target_user_current`: the query `targetuser=current`, the only target a caller may name.
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
    /// Every request type that may be asked for a card or profile; `operations` has MIM's words only.
    ListRequestTypes {
        of: Holder,
    },
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
    /// Gives data items for a request that was made before.
    CollectData {
        request: Uuid,
    },
    /// The forms of a request, filled in.
    ListDocuments {
        request: Uuid,
    },
    /// Archived keys that recovery agents alone can open, sealed to them.
    CollectSealedKeys {
        request: Uuid,
    },
    ProveOneTimePassword {
        request: Uuid,
    },
    /// Makes one-time passwords anew; those before hold no longer.
    DistributeOneTimePassword {
        request: Uuid,
    },
    GetAdminKeyState {
        smartcard: Uuid,
    },
    /// Says what became of the admin key on the card.
    TellAdminKey {
        request: Uuid,
        smartcard: Uuid,
    },
    /// The card's own admin key, to put the default one back where the card cannot be given a response.
    SurrenderAdminKey {
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
    },
    /// The next of the card's own admin keys, from the newest master key; `with_current`: the one that holds, too.
    GetNextAdminKey {
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        with_current: bool,
    },
    GetPuk {
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
    },
    /// Says what became of the PUK on the card.
    TellPuk {
        request: Uuid,
        smartcard: Uuid,
    },
    OfflineUnblock {
        request: Uuid,
    },
    /// The acts of a chain of the log after this number.
    ListAudit {
        chain: Option<u32>,
        after: Option<u64>,
        limit: Option<u32>,
    },
    /// The chains of the log, and the last signature of each.
    ListAuditChains,
    /// What a card has said of the key of the certificate with this serial number.
    GetAttestation {
        serial: Vec<u8>,
    },
    GetCaCertificate,
    GetCrl,
    ListUsers,
    AddUser,
    ChangeUser {
        user: Uuid,
    },
    ListTokens {
        user: Uuid,
    },
    AddToken {
        user: Uuid,
    },
    RevokeToken {
        token: Uuid,
    },
    /// The token the call itself is made with.
    RenewOwnToken,
    RevokeOwnToken,
    EndSession,
}

/// A path, verb or parameter that is no call.
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

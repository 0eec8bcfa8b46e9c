//! Every route, once: the same table takes a server's path apart and puts a client's together.
//!
//! MIM's routes after its public pages (which contradict each other: each pattern after the first is another spelling of
//! the same call), and those MIM lacks under [`EXTENSION`].

mod param;
mod path;
mod table;

pub use table::{DECLARATIONS, Declaration};

use super::profile::ProfileStatus;
use super::request::{RequestStatus, RequestType};
use path::{PathText, fill};
use std::fmt;
use table::address;
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

impl Route {
    /// Reads what a caller asks: path with or without [`VIRTUAL_DIRECTORY`] and in any letter case, query without `?`.
    pub fn parse(method: Method, path: &str, query: Option<&str>) -> Result<Self, RouteError> {
        let path = PathText::new(path).ok_or(RouteError::NotFound)?;
        let mut allowed = Vec::new();
        let mut missing = None;
        for declaration in DECLARATIONS {
            let Some(mut given) = declaration.patterns.iter().find_map(|pattern| path.matched(pattern)) else {
                continue;
            };
            if declaration.method != method {
                if !allowed.contains(&declaration.method) {
                    allowed.push(declaration.method);
                }
                continue;
            }
            given.add_query(declaration.parameters, query.unwrap_or_default())?;
            match declaration.parameters.iter().find(|(name, required)| *required && !given.has(name)) {
                Some((name, _)) => missing = missing.or(Some(*name)),
                None => return (declaration.read)(&given),
            }
        }
        match (missing, allowed.is_empty()) {
            (Some(name), _) => Err(RouteError::MissingParameter { name }),
            (None, false) => Err(RouteError::WrongMethod { allowed }),
            (None, true) => Err(RouteError::NotFound),
        }
    }

    /// Gives the verbs a path is called with; none: there is nothing at it.
    pub fn methods(path: &str) -> Vec<Method> {
        let Some(path) = PathText::new(path) else { return Vec::new() };
        let there = |declaration: &&Declaration| declaration.patterns.iter().any(|at| path.matched(at).is_some());
        let mut methods = Vec::new();
        for declaration in DECLARATIONS.iter().filter(there) {
            if !methods.contains(&declaration.method) {
                methods.push(declaration.method);
            }
        }
        methods
    }

    /// Gives the pattern a client calls; names the route where its parameters must not stand.
    pub fn pattern(&self) -> &'static str {
        address(self).1
    }

    /// Gives the verb.
    pub fn method(&self) -> Method {
        address(self).0
    }

    /// Says whether question or answer bears a secret.
    pub fn bears_secret(&self) -> bool {
        let (method, pattern, _) = address(self);
        DECLARATIONS.iter().any(|line| line.secret && line.method == method && line.patterns.first() == Some(&pattern))
    }

    /// Gives the card the call is about, where path or query names one.
    pub fn card(&self) -> Option<Uuid> {
        let (_, _, parameters) = address(self);
        let named = parameters.into_iter().find(|(name, _)| *name == "smartcard");
        named.and_then(|(_, text)| text).and_then(|text| Uuid::parse_str(&text).ok())
    }

    /// Gives path and query after the virtual directory, percent-encoded; it begins with a slash.
    pub fn path_and_query(&self) -> String {
        let (_, pattern, parameters) = address(self);
        fill(pattern, &parameters)
    }
}

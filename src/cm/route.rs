//! Every route, once: the same table takes a server's path apart and puts a client's together.
//!
//! MIM's routes after its public pages (which contradict each other: each pattern after the first is another spelling of
//! the same call), and those MIM lacks under [`EXTENSION`].

mod param;
mod path;

use super::profile::ProfileStatus;
use super::request::{RequestStatus, RequestType};
use param::{Atr, Challenge, CurrentUser, Filter, Flag, Guid, Name, Number, Optional, Param, Serial, Status, Workflow};
use path::{Given, PathText, fill};
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

/// One line of the table.
pub struct Declaration {
    pub method: Method,
    /// What a client calls first, then what a server also takes; after the virtual directory, without its slash.
    pub patterns: &'static [&'static str],
    /// Parameters out of path and query, and whether each must be there.
    pub parameters: &'static [(&'static str, bool)],
    /// The parameters' JSON Schemas, in their order.
    pub schemas: &'static [fn() -> serde_json::Value],
    /// Question or answer bears a secret: a key, a PIN, a token. Such calls are counted and limited.
    pub secret: bool,
    read: fn(&Given) -> Result<Route, RouteError>,
}

/// Where a route leads: verb, first pattern, and the parameters' text.
type Address = (Method, &'static str, Vec<(&'static str, Option<String>)>);

/// A line is: verb, `(secret)` if it bears one, patterns, parameters with their spelling, and the route as both pattern and expression. A parameter
/// that no placeholder names is one of the query. The match in `address` is exhaustive, so no route can be forgotten.
macro_rules! routes {
    ($($method:ident $(($secret:ident))? [$first:literal $(, $other:literal)*] { $($key:ident: $param:ty),* } => ($($route:tt)+);)+) => {
        /// Every route; where two have the same verb and path, the first whose parameters are there is meant.
        pub const DECLARATIONS: &[Declaration] = &[$(
            Declaration {
                method: Method::$method,
                patterns: &[$first $(, $other)*],
                parameters: &[$((stringify!($key), <$param as Param>::REQUIRED)),*],
                schemas: &[$(<$param as Param>::schema),*],
                secret: {
                    let marks: &[&str] = &[$(stringify!($secret))?];
                    !marks.is_empty()
                },
                read: |_given| {
                    $(let $key = _given.take::<$param>(stringify!($key))?;)*
                    Ok(Route::$($route)+)
                },
            }
        ),+];

        fn address(route: &Route) -> Address {
            match route {
                $(Route::$($route)+ => {
                    (Method::$method, $first, vec![$((stringify!($key), <$param as Param>::write($key))),*])
                })+
            }
        }
    };
}

routes! {
    Get ["api/v1.0/profiletemplates"] {} => (ListProfileTemplates);
    Get ["api/v1.0/profiletemplates/{template}"] { template: Guid } => (GetProfileTemplate { template });
    // Microsoft's samples and table of controllers have the first, the page of the call the second.
    Get ["api/v1.0/profiletemplates/{template}/policies/{workflow}",
         "api/v1.0/profiletemplates/{template}/policy/workflow/{workflow}"]
        { template: Guid, workflow: Workflow } => (GetPolicy { template, workflow });
    Get ["api/v1.0/profiletemplates/{template}/configuration/smartcards"]
        { template: Guid } => (GetSmartcardConfig { template });
    Post ["api/v1.0/requests"] {} => (CreateRequest);
    Get ["api/v1.0/requests"] { targetuser: CurrentUser, status: Optional<Status> }
        => (ListRequests { target_user_current: targetuser, status });
    Get ["api/v1.0/requests/{request}"] { request: Guid } => (GetRequest { request });
    Put ["api/v1.0/requests/{request}"] { request: Guid } => (CloseRequest { request });
    Get ["api/v1.0/requests/{request}/certificaterequestgenerationoptions"]
        { request: Guid } => (GetGenerationOptions { request });
    Post ["api/v1.0/requests/{request}/certificatedata"] { request: Guid } => (SubmitCertificateData { request });
    Post ["api/v1.0/smartcards"] {} => (AssignSmartcard);
    Get ["api/v1.0/smartcards"] { cardid: Guid } => (FindSmartcard { card_id: cardid });
    Get ["api/v1.0/smartcards"] {} => (ListSmartcards);
    Get ["api/v1.0/smartcards/{smartcard}"] { smartcard: Guid } => (GetSmartcard { smartcard });
    Get(secret) ["api/v1.0/requests/{request}/smartcards/{smartcard}/diversifiedkey"]
        { request: Guid, smartcard: Guid, cardid: Guid, atr: Optional<Atr> }
        => (GetDiversifiedKey { request, smartcard, card_id: cardid, atr });
    Get(secret) ["api/v1.0/requests/{request}/smartcards/{smartcard}/authenticationresponse"]
        { request: Guid, smartcard: Guid, cardid: Guid, atr: Optional<Atr>, challenge: Challenge, diversified: Flag }
        => (GetAuthenticationResponse { request, smartcard, card_id: cardid, atr, challenge, diversified });
    Get ["api/v1.0/profiles/{profile}/operations"] { profile: Guid } => (ListOperations { of: Holder::Profile(profile) });
    Get ["api/v1.0/smartcards/{smartcard}/operations"]
        { smartcard: Guid } => (ListOperations { of: Holder::Smartcard(smartcard) });
    // The table of controllers has the first, the page of the call the second.
    Get(secret) ["api/v1.0/requests/{request}/smartcards/{smartcard}/serverproposedpin"]
        { request: Guid, smartcard: Guid, cardid: Optional<Guid>, atr: Optional<Atr>, challenge: Optional<Challenge> }
        => (GetServerProposedPin { request: Some(request), smartcard, card_id: cardid, atr, challenge });
    Get(secret) ["api/v1.0/smartcards/{smartcard}/serverproposedpin"]
        { smartcard: Guid, cardid: Optional<Guid>, atr: Optional<Atr>, challenge: Optional<Challenge> }
        => (GetServerProposedPin { request: None, smartcard, card_id: cardid, atr, challenge });
    // The table of controllers says GET, the example PUT.
    Put ["api/v1.0/requests/{request}/smartcards/{smartcard}"]
        { request: Guid, smartcard: Guid } => (UpdateSmartcard { request, smartcard });
    Get ["api/v1.0/requests/{request}/smartcards/{smartcard}"]
        { request: Guid, smartcard: Guid } => (GetRequestSmartcard { request, smartcard });
    Get ["api/v1.0/profiles"] { status: Optional<Filter> } => (ListProfiles { status });
    Get ["api/v1.0/profiles/{profile}"] { profile: Guid } => (GetProfile { profile });
    Get ["api/v1.0/requests/{request}/profiles"] { request: Guid } => (ListRequestProfiles { request });
    Get ["api/v1.0/requests/{request}/profiles/{profile}"]
        { request: Guid, profile: Guid } => (GetRequestProfile { request, profile });
    Get ["api/v1.0/profiles/{profile}/certificates"]
        { profile: Guid } => (ListHolderCertificates { of: Holder::Profile(profile) });
    Get ["api/v1.0/smartcards/{smartcard}/certificates"]
        { smartcard: Guid } => (ListHolderCertificates { of: Holder::Smartcard(smartcard) });
    Get ["api/v1.0/certificates"] {} => (ListCertificates);

    Get ["api/cardwright/v1/profiles/{profile}/requesttypes"]
        { profile: Guid } => (ListRequestTypes { of: Holder::Profile(profile) });
    Get ["api/cardwright/v1/smartcards/{smartcard}/requesttypes"]
        { smartcard: Guid } => (ListRequestTypes { of: Holder::Smartcard(smartcard) });
    Get ["api/cardwright/v1/whoami"] {} => (Whoami);
    Get ["api/cardwright/v1/users"] { name: Name } => (FindUser { name });
    Get ["api/cardwright/v1/requests"] { status: Optional<Status> } => (ListVisibleRequests { status });
    Post ["api/cardwright/v1/requests/{request}/approve"] { request: Guid } => (Approve { request });
    Post ["api/cardwright/v1/requests/{request}/deny"] { request: Guid } => (Deny { request });
    Put ["api/cardwright/v1/requests/{request}/datacollection"] { request: Guid } => (CollectData { request });
    Get ["api/cardwright/v1/requests/{request}/documents"] { request: Guid } => (ListDocuments { request });
    Post(secret) ["api/cardwright/v1/requests/{request}/onetimepassword"]
        { request: Guid } => (ProveOneTimePassword { request });
    Post(secret) ["api/cardwright/v1/requests/{request}/onetimepassword/distribution"]
        { request: Guid } => (DistributeOneTimePassword { request });
    Get ["api/cardwright/v1/smartcards/{smartcard}/adminkey"] { smartcard: Guid } => (GetAdminKeyState { smartcard });
    Put ["api/cardwright/v1/requests/{request}/smartcards/{smartcard}/adminkey"]
        { request: Guid, smartcard: Guid } => (TellAdminKey { request, smartcard });
    Get(secret) ["api/cardwright/v1/requests/{request}/smartcards/{smartcard}/adminkey"]
        { request: Guid, smartcard: Guid, cardid: Guid }
        => (SurrenderAdminKey { request, smartcard, card_id: cardid });
    Get(secret) ["api/cardwright/v1/requests/{request}/smartcards/{smartcard}/adminkey/next"]
        { request: Guid, smartcard: Guid, cardid: Guid, current: Flag }
        => (GetNextAdminKey { request, smartcard, card_id: cardid, with_current: current });
    Get(secret) ["api/cardwright/v1/requests/{request}/smartcards/{smartcard}/puk"]
        { request: Guid, smartcard: Guid, cardid: Guid } => (GetPuk { request, smartcard, card_id: cardid });
    Put ["api/cardwright/v1/requests/{request}/smartcards/{smartcard}/puk"]
        { request: Guid, smartcard: Guid } => (TellPuk { request, smartcard });
    Post(secret) ["api/cardwright/v1/requests/{request}/offlineunblock"] { request: Guid } => (OfflineUnblock { request });
    Get ["api/cardwright/v1/audit"]
        { chain: Optional<Number<u32>>, after: Optional<Number<u64>>, limit: Optional<Number<u32>> }
        => (ListAudit { chain, after, limit });
    Get ["api/cardwright/v1/audit/chains"] {} => (ListAuditChains);
    Get ["api/cardwright/v1/certificates/{serial}/attestation"] { serial: Serial } => (GetAttestation { serial });
    Get ["api/cardwright/v1/ca/certificate"] {} => (GetCaCertificate);
    Get ["api/cardwright/v1/ca/crl"] {} => (GetCrl);
    Get ["api/cardwright/v1/accounts"] {} => (ListUsers);
    Post ["api/cardwright/v1/accounts"] {} => (AddUser);
    Put ["api/cardwright/v1/accounts/{user}"] { user: Guid } => (ChangeUser { user });
    Get ["api/cardwright/v1/accounts/{user}/tokens"] { user: Guid } => (ListTokens { user });
    Post(secret) ["api/cardwright/v1/accounts/{user}/tokens"] { user: Guid } => (AddToken { user });
    Post ["api/cardwright/v1/tokens/{token}/revoke"] { token: Guid } => (RevokeToken { token });
    Post(secret) ["api/cardwright/v1/token/renew"] {} => (RenewOwnToken);
    Post ["api/cardwright/v1/token/revoke"] {} => (RevokeOwnToken);
    Post ["api/cardwright/v1/session/end"] {} => (EndSession);
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

//! The table of routes: verb, patterns and parameters of each.

use super::param::{
    Atr, CardStatus, Challenge, CurrentUser, Filter, Flag, Guid, Kind, Moment, Name, NoticeWord, Number, Optional,
    Param, Part, Raised, Serial, Sought, Status, Workflow,
};
use super::path::Given;
use super::{Holder, Method, Route, RouteError};

/// Declares one line of the table.
pub struct Declaration {
    pub method: Method,
    /// First the pattern that a client calls, then others that a server takes too; after the virtual directory, without
    /// a leading slash.
    pub patterns: &'static [&'static str],
    /// Parameters of path and query, and whether each is required.
    pub parameters: &'static [(&'static str, bool)],
    /// The parameters' JSON Schemas, in their order.
    pub schemas: &'static [fn() -> serde_json::Value],
    /// True if the call or its answer bears a secret (a key, a PIN, a bearer token). The server counts and limits such
    /// calls.
    pub secret: bool,
    pub(super) read: fn(&Given) -> Result<Route, RouteError>,
}

/// Holds where a route leads: verb, first pattern, and the text of the parameters.
pub(super) type Address = (Method, &'static str, Vec<(&'static str, Option<String>)>);

/// Declares the table and [`address`], which reads it the other way. A line is: verb, `(secret)` if it bears one,
/// patterns, parameters with their spelling, and the route as both pattern and expression. A parameter without a
/// placeholder belongs to the query. The match in `address` is exhaustive, so no route can be forgotten.
macro_rules! routes {
    ($($method:ident $(($secret:ident))? [$first:literal $(, $other:literal)*] { $($key:ident: $param:ty),* } => ($($route:tt)+);)+) => {
        /// Lists every route. Where two have the same verb and path, the first whose required parameters are given is
        /// meant.
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

        pub(super) fn address(route: &Route) -> Address {
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
    // Pages are ours: MIM names the first two alone.
    Get ["api/v1.0/requests"]
        { targetuser: CurrentUser, status: Optional<Status>, before: Optional<Guid>, limit: Optional<Number<u32>> }
        => (ListRequests { target_user_current: targetuser, status, before, limit });
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
    Get ["api/cardwright/v1/profiletemplates/{template}"] { template: Guid } => (DescribeTemplate { template });
    Get ["api/cardwright/v1/profiletemplates/{template}/versions"]
        { template: Guid } => (ListTemplateVersions { template });
    Get ["api/cardwright/v1/profiletemplates/{template}/file"] { template: Guid } => (GetTemplateFile { template });
    Get ["api/cardwright/v1/whoami"] {} => (Whoami);
    Get ["api/cardwright/v1/users"] { name: Name } => (FindUser { name });
    Get ["api/cardwright/v1/requests"] { status: Optional<Status> } => (ListVisibleRequests { status });
    Get ["api/cardwright/v1/requests/queue"]
        { status: Optional<Status>, smartcard: Optional<Guid>, after: Optional<Guid>, limit: Optional<Number<u32>> }
        => (ListQueue { status, smartcard, after, limit });
    Get ["api/cardwright/v1/requests/waiting"] {} => (CountWaiting);
    Get ["api/cardwright/v1/cards"]
        { owner: Optional<Guid>, status: Optional<CardStatus>, template: Optional<Guid>, before: Optional<Guid>,
          limit: Optional<Number<u32>> }
        => (ListCards { owner, status, template, before, limit });
    Get ["api/cardwright/v1/cards/ending"]
        { days: Number<u32>, beyond: Optional<Serial>, limit: Optional<Number<u32>> }
        => (ListEndingCards { days, beyond, limit });
    Get ["api/cardwright/v1/cards/ending/months"] { days: Number<u32> } => (CountEndingCards { days });
    Get ["api/cardwright/v1/people"] { begins: Sought } => (FindPeople { begins });
    Get ["api/cardwright/v1/people/elsewhere"] { text: Part } => (FindElsewhere { text });
    Post ["api/cardwright/v1/people/elsewhere"] {} => (TakeOver);
    Get ["api/cardwright/v1/people/{user}/history"]
        { user: Guid, before: Optional<Guid> } => (GetPersonHistory { user, before });
    Get ["api/cardwright/v1/search"] { text: Sought } => (Search { text });
    Get ["api/cardwright/v1/smartcards/{smartcard}/history"] { smartcard: Guid } => (GetCardHistory { smartcard });
    Get ["api/cardwright/v1/smartcards/{smartcard}/logon"] { smartcard: Guid } => (GetLogonView { smartcard });
    Get ["api/cardwright/v1/reports/{report}"]
        { report: Kind, from: Optional<Moment>, to: Optional<Moment>, after: Optional<Sought>, limit: Optional<Number<u32>> }
        => (GetReport { report, from, to, after, limit });
    Get ["api/cardwright/v1/health"] {} => (GetHealth);
    Post ["api/cardwright/v1/smartcards/{smartcard}/lost"] { smartcard: Guid } => (ReportLost { smartcard });
    Post ["api/cardwright/v1/smartcards/{smartcard}/remind"] { smartcard: Guid } => (Remind { smartcard });
    Post ["api/cardwright/v1/smartcards/{smartcard}/returned"] { smartcard: Guid } => (TakeBack { smartcard });
    Get ["api/cardwright/v1/people/{user}/leaving"] { user: Guid } => (ForeseeLeaving { user });
    Post ["api/cardwright/v1/people/{user}/leave"] { user: Guid } => (Leave { user });
    Post ["api/cardwright/v1/requests/foresight"]
        { cardid: Optional<Guid> } => (ForeseeOrder { card_id: cardid });
    Get ["api/cardwright/v1/requests/{request}/foresight"]
        { request: Guid, cardid: Optional<Guid> } => (ForeseeRequest { request, card_id: cardid });
    Get ["api/cardwright/v1/requests/{request}/review"] { request: Guid } => (ReviewRequest { request });
    Post ["api/cardwright/v1/requests/{request}/approve"] { request: Guid } => (Approve { request });
    Post ["api/cardwright/v1/requests/{request}/deny"] { request: Guid } => (Deny { request });
    Put ["api/cardwright/v1/requests/{request}/datacollection"] { request: Guid } => (CollectData { request });
    Get ["api/cardwright/v1/requests/{request}/documents"] { request: Guid } => (ListDocuments { request });
    Post(secret) ["api/cardwright/v1/requests/{request}/sealedkeys"] { request: Guid } => (CollectSealedKeys { request });
    Post ["api/cardwright/v1/requests/{request}/possession"] { request: Guid } => (ShowPossession { request });
    Post(secret) ["api/cardwright/v1/requests/{request}/smartcards/{smartcard}/presence"]
        { request: Guid, smartcard: Guid } => (OpenPresence { request, smartcard });
    Put(secret) ["api/cardwright/v1/requests/{request}/smartcards/{smartcard}/presence"]
        { request: Guid, smartcard: Guid } => (ShowPresence { request, smartcard });
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
        { request: Guid, smartcard: Guid, cardid: Guid, digits: Raised, fresh: Raised }
        => (GetPuk { request, smartcard, card_id: cardid, digits, fresh });
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
    Post ["api/cardwright/v1/people/import"] {} => (ImportUsers);
    Put ["api/cardwright/v1/accounts/{user}"] { user: Guid } => (ChangeUser { user });
    Get ["api/cardwright/v1/accounts/{user}/tokens"] { user: Guid } => (ListBearer { user });
    Post(secret) ["api/cardwright/v1/accounts/{user}/tokens"] { user: Guid } => (AddBearer { user });
    Post(secret) ["api/cardwright/v1/accounts/{user}/link"] { user: Guid } => (MakeLink { user });
    Post ["api/cardwright/v1/tokens/{token}/revoke"] { token: Guid } => (RevokeBearer { token });
    Get ["api/cardwright/v1/accounts/{user}/identities"] { user: Guid } => (ListIdentities { user });
    Post ["api/cardwright/v1/accounts/{user}/identities"] { user: Guid } => (LinkIdentity { user });
    Post ["api/cardwright/v1/identities/{identity}/unlink"] { identity: Guid } => (UnlinkIdentity { identity });
    Post(secret) ["api/cardwright/v1/token/renew"] {} => (RenewOwnBearer);
    Post ["api/cardwright/v1/token/revoke"] {} => (RevokeOwnBearer);
    Post(secret) ["api/cardwright/v1/token/activate"] {} => (ActivateBearer);
    Get ["api/cardwright/v1/proposals"] {} => (ListProposals);
    Post(secret) ["api/cardwright/v1/proposals/{proposal}/confirm"] { proposal: Guid } => (ConfirmProposal { proposal });
    Post ["api/cardwright/v1/proposals/{proposal}/reject"] { proposal: Guid } => (RejectProposal { proposal });
    Get ["api/cardwright/v1/outbox"]
        { state: Optional<NoticeWord>, before: Optional<Guid>, limit: Optional<Number<u32>> }
        => (ListNotices { state, before, limit });
    Post ["api/cardwright/v1/outbox/{notice}/retry"] { notice: Guid } => (RetryNotice { notice });
    Post ["api/cardwright/v1/outbox/{notice}/discard"] { notice: Guid } => (DiscardNotice { notice });
    Post ["api/cardwright/v1/session/end"] {} => (EndSession);
    Post(secret) ["api/cardwright/v1/visits"] {} => (BeginVisit);
    Post ["api/cardwright/v1/visits/challenge"] {} => (ChallengeVisit);
    Get ["api/cardwright/v1/visits/kiosks/{kiosk}"] { kiosk: Guid } => (GetKiosk { kiosk });
    Post(secret) ["api/cardwright/v1/visits/handover"] {} => (HandOverVisit);
    Post ["api/cardwright/v1/visits/end"] {} => (EndVisits);
    Post ["api/cardwright/v1/desk/results"] {} => (SignDeskResults);
    Get ["api/cardwright/v1/desk/results/{results}"] { results: Guid } => (GetDeskResults { results });
}

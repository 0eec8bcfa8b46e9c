//! The table of routes, taken apart and put together.

use cardwright::cm::report::ReportKind;
use cardwright::cm::request::{RequestStatus, RequestType};
use cardwright::cm::route::{API, DECLARATIONS, EXTENSION, Holder, Method, ProfileFilter, Route, RouteError};
use cardwright::cm::smartcard::SmartcardStatus;
use proptest::prelude::*;
use std::collections::HashSet;
use std::mem::discriminant;
use time::OffsetDateTime;
use uuid::{Uuid, uuid};

const A: Uuid = uuid!("a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099");
const B: Uuid = uuid!("17cf063d-e337-4aa9-a822-346554ddd3c9");

/// One of each line of the table, in its order.
fn one_of_each() -> Vec<Route> {
    let challenge = hex::decode("d61143f9ccffd2ca").unwrap();
    vec![
        Route::ListProfileTemplates,
        Route::GetProfileTemplate { template: A },
        Route::GetPolicy { template: A, workflow: RequestType::TemporaryCards },
        Route::GetSmartcardConfig { template: A },
        Route::CreateRequest,
        Route::ListRequests {
            target_user_current: true,
            status: Some(RequestStatus::Pending),
            before: Some(B),
            limit: Some(7),
        },
        Route::GetRequest { request: A },
        Route::CloseRequest { request: A },
        Route::GetGenerationOptions { request: A },
        Route::SubmitCertificateData { request: A },
        Route::AssignSmartcard,
        Route::FindSmartcard { card_id: A },
        Route::ListSmartcards,
        Route::GetSmartcard { smartcard: A },
        Route::GetDiversifiedKey { request: A, smartcard: B, card_id: A, atr: Some("3b8d01".into()) },
        Route::GetAuthenticationResponse {
            request: A,
            smartcard: B,
            card_id: A,
            atr: None,
            challenge: challenge.clone(),
            diversified: true,
        },
        Route::ListOperations { of: Holder::Profile(A) },
        Route::ListOperations { of: Holder::Smartcard(A) },
        Route::GetServerProposedPin {
            request: Some(A),
            smartcard: B,
            card_id: Some(A),
            atr: None,
            challenge: Some(challenge),
        },
        Route::GetServerProposedPin { request: None, smartcard: B, card_id: None, atr: None, challenge: None },
        Route::UpdateSmartcard { request: A, smartcard: B },
        Route::GetRequestSmartcard { request: A, smartcard: B },
        Route::ListProfiles { status: Some(ProfileFilter::Active) },
        Route::GetProfile { profile: A },
        Route::ListRequestProfiles { request: A },
        Route::GetRequestProfile { request: A, profile: B },
        Route::ListHolderCertificates { of: Holder::Profile(A) },
        Route::ListHolderCertificates { of: Holder::Smartcard(A) },
        Route::ListCertificates,
        Route::ListRequestTypes { of: Holder::Profile(A) },
        Route::ListRequestTypes { of: Holder::Smartcard(A) },
        Route::DescribeTemplate { template: A },
        Route::ListTemplateVersions { template: A },
        Route::GetTemplateFile { template: B },
        Route::Whoami,
        Route::FindUser { name: "Jörg & Co/100%".into() },
        Route::ListVisibleRequests { status: None },
        Route::ListQueue { status: Some(RequestStatus::Pending), smartcard: Some(A), after: Some(B), limit: Some(7) },
        Route::CountWaiting,
        Route::ListCards {
            owner: Some(A),
            status: Some(SmartcardStatus::Active),
            template: None,
            before: Some(B),
            limit: Some(7),
        },
        Route::ListEndingCards { days: 30, beyond: Some(vec![0x0A, 0xBC]), limit: None },
        Route::CountEndingCards { days: 30 },
        Route::FindPeople { begins: "jör".into() },
        Route::FindElsewhere { text: "jör *)(".into() },
        Route::TakeOver,
        Route::GetPersonHistory { user: A, before: Some(B) },
        Route::Search { text: "0A:BC & more".into() },
        Route::GetCardHistory { smartcard: A },
        Route::GetLogonView { smartcard: A },
        Route::GetReport {
            report: ReportKind::Decisions,
            from: Some(OffsetDateTime::UNIX_EPOCH),
            to: None,
            after: Some("a:b".into()),
            limit: Some(7),
        },
        Route::GetHealth,
        Route::ReportLost { smartcard: A },
        Route::Remind { smartcard: A },
        Route::TakeBack { smartcard: B },
        Route::ForeseeLeaving { user: A },
        Route::Leave { user: B },
        Route::ForeseeOrder { card_id: Some(A) },
        Route::ForeseeRequest { request: A, card_id: Some(B) },
        Route::ReviewRequest { request: A },
        Route::Approve { request: A },
        Route::Deny { request: A },
        Route::CollectData { request: A },
        Route::ListDocuments { request: A },
        Route::CollectSealedKeys { request: A },
        Route::ShowPossession { request: A },
        Route::OpenPresence { request: A, smartcard: B },
        Route::ShowPresence { request: A, smartcard: B },
        Route::ProveOneTimePassword { request: A },
        Route::DistributeOneTimePassword { request: A },
        Route::GetAdminKeyState { smartcard: A },
        Route::TellAdminKey { request: A, smartcard: B },
        Route::SurrenderAdminKey { request: A, smartcard: B, card_id: A },
        Route::GetNextAdminKey { request: A, smartcard: B, card_id: A, with_current: true },
        Route::GetPuk { request: A, smartcard: B, card_id: A, digits: false, fresh: false },
        Route::TellPuk { request: A, smartcard: B },
        Route::OfflineUnblock { request: A },
        Route::ListAudit { chain: Some(2), after: Some(41), limit: None },
        Route::ListAuditChains,
        Route::GetAttestation { serial: vec![0x0A, 0xBC] },
        Route::GetCaCertificate,
        Route::GetCrl,
        Route::ListUsers,
        Route::AddUser,
        Route::ImportUsers,
        Route::ChangeUser { user: A },
        Route::ListBearer { user: A },
        Route::AddBearer { user: A },
        Route::MakeLink { user: A },
        Route::RevokeBearer { token: B },
        Route::ListIdentities { user: A },
        Route::LinkIdentity { user: A },
        Route::UnlinkIdentity { identity: B },
        Route::RenewOwnBearer,
        Route::RevokeOwnBearer,
        Route::ActivateBearer,
        Route::ListProposals,
        Route::ConfirmProposal { proposal: A },
        Route::RejectProposal { proposal: B },
        Route::ListNotices { state: Some("failed".into()), before: Some(A), limit: Some(9) },
        Route::RetryNotice { notice: A },
        Route::DiscardNotice { notice: B },
        Route::EndSession,
        Route::BeginVisit,
        Route::ChallengeVisit,
        Route::GetKiosk { kiosk: A },
        Route::HandOverVisit,
        Route::EndVisits,
        Route::SignDeskResults,
        Route::GetDeskResults { results: A },
    ]
}

fn parse_uri(method: Method, uri: &str) -> Result<Route, RouteError> {
    match uri.split_once('?') {
        Some((path, query)) => Route::parse(method, path, Some(query)),
        None => Route::parse(method, uri, None),
    }
}

fn get(uri: &str) -> Result<Route, RouteError> {
    parse_uri(Method::Get, uri)
}

#[test]
fn every_route_comes_back_as_it_went() {
    let routes = one_of_each();
    assert_eq!(routes.len(), DECLARATIONS.len(), "a line of the table is not tried");
    for (route, declaration) in routes.iter().zip(DECLARATIONS) {
        let uri = route.path_and_query();
        assert_eq!(route.method(), declaration.method, "{uri}");
        assert_eq!(parse_uri(route.method(), &uri).as_ref(), Ok(route), "{uri}");
        assert!(uri.starts_with(API) || uri.starts_with(EXTENSION), "{uri}");
        let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
        for path in [
            format!("/CertificateManagement{path}"),
            format!("/certificatemanagement{}", path.to_ascii_lowercase()),
            format!("{}/", path.to_ascii_uppercase()),
        ] {
            assert_eq!(Route::parse(route.method(), &path, Some(query)).as_ref(), Ok(route), "{path}");
        }
    }
    assert_eq!(routes.iter().map(discriminant).collect::<HashSet<_>>().len(), 105);
}

#[test]
fn uris_are_spelt_as_in_the_samples() {
    let diversified = Route::GetAuthenticationResponse {
        request: A,
        smartcard: B,
        card_id: A,
        atr: Some("3b8d".into()),
        challenge: hex::decode("d61143f9ccffd2ca").unwrap(),
        diversified: false,
    };
    assert_eq!(
        diversified.path_and_query(),
        format!(
            "/api/v1.0/requests/{A}/smartcards/{B}/authenticationresponse\
             ?cardid={A}&atr=3b8d&challenge=1hFD%2Bcz%2F0so%3D&diversified=False"
        )
    );
    let policy = Route::GetPolicy { template: A, workflow: RequestType::Enroll };
    assert_eq!(policy.path_and_query(), format!("/api/v1.0/profiletemplates/{A}/policies/enroll"));
    let all = Route::ListRequests { target_user_current: false, status: None, before: None, limit: None };
    assert_eq!(all.path_and_query(), "/api/v1.0/requests", "as MIM has it");
}

#[test]
fn contradicting_pages_are_all_served() {
    let workflow = RequestType::TemporaryCards;
    for uri in [
        format!("/api/v1.0/profiletemplates/{A}/policy/workflow/TemporaryEnroll"),
        format!("/api/v1.0/ProfileTemplates/%20{{{A}}}/policies/temporarycards"),
    ] {
        assert_eq!(get(&uri), Ok(Route::GetPolicy { template: A, workflow }), "{uri}");
    }
    let pin =
        |request| Route::GetServerProposedPin { request, smartcard: B, card_id: Some(A), atr: None, challenge: None };
    assert_eq!(get(&format!("/api/v1.0/requests/{A}/smartcards/{B}/serverproposedpin?cardid={A}")), Ok(pin(Some(A))));
    assert_eq!(get(&format!("/api/v1.0/smartcards/{B}/serverproposedpin?CardId={A}&atr=")), Ok(pin(None)));
    assert_eq!(get(&format!("/api/v1.0/smartcards?cardid={{{A}}}")), Ok(Route::FindSmartcard { card_id: A }));
    assert_eq!(get("/api/v1.0/smartcards?other=1"), Ok(Route::ListSmartcards));
    assert_eq!(get("/api/v1.0/profiletemplates?targetuser=current"), Ok(Route::ListProfileTemplates));
}

#[test]
fn both_challenges_and_an_unencoded_plus_mean_the_same() {
    let uri = |challenge: &str| {
        format!(
            "/api/v1.0/requests/{A}/smartcards/{B}/authenticationresponse?cardid={A}&challenge={challenge}&diversified=true"
        )
    };
    let expected = get(&uri("1hFD%2bcz%2f0so%3d")).unwrap();
    for challenge in ["1hFD+cz/0so=", "D61143F9CCFFD2CA"] {
        assert_eq!(get(&uri(challenge)).as_ref(), Ok(&expected));
    }
}

/// Words of a path behind which a secret goes in or out, and the calls where none does for all that.
const SECRET_WORDS: &[&str] = &[
    "key",
    "pin",
    "puk",
    "password",
    "passphrase",
    "challenge",
    "response",
    "unblock",
    "token",
    "pfx",
    "secret",
    "otp",
];
const NO_SECRET: &[(Method, &str)] = &[
    // The state alone, or what became of the secret.
    (Method::Get, "api/cardwright/v1/smartcards/{smartcard}/adminkey"),
    (Method::Put, "api/cardwright/v1/requests/{request}/smartcards/{smartcard}/adminkey"),
    (Method::Put, "api/cardwright/v1/requests/{request}/smartcards/{smartcard}/puk"),
    // Labels and dates alone.
    (Method::Get, "api/cardwright/v1/accounts/{user}/tokens"),
    (Method::Post, "api/cardwright/v1/tokens/{token}/revoke"),
    (Method::Post, "api/cardwright/v1/token/revoke"),
    // It is worth nothing without a card's key.
    (Method::Post, "api/cardwright/v1/visits/challenge"),
];
/// Calls whose path does not say that a secret goes out.
const SECRET: &[(Method, &str)] = &[
    // What a card's key has decrypted or encrypted.
    (Method::Post, "api/cardwright/v1/requests/{request}/smartcards/{smartcard}/presence"),
    (Method::Put, "api/cardwright/v1/requests/{request}/smartcards/{smartcard}/presence"),
    // The code by which somebody signs in.
    (Method::Post, "api/cardwright/v1/accounts/{user}/link"),
    // A one-time password, and the bearer token of a visit.
    (Method::Post, "api/cardwright/v1/visits"),
    // The code by which a kiosk has that.
    (Method::Post, "api/cardwright/v1/visits/handover"),
    // The code of a bearer token that was proposed.
    (Method::Post, "api/cardwright/v1/proposals/{proposal}/confirm"),
];

#[test]
fn no_route_that_bears_a_secret_is_forgotten() {
    for line in DECLARATIONS {
        let pattern = line.patterns[0];
        let path: Vec<_> = pattern.split('/').filter(|part| !part.starts_with('{')).collect();
        let suspicious = SECRET_WORDS.iter().any(|word| path.iter().any(|part| part.contains(word)));
        let known = NO_SECRET.contains(&(line.method, pattern));
        let expected = (suspicious && !known) || SECRET.contains(&(line.method, pattern));
        assert_eq!(line.secret, expected, "{} {pattern}: mark it (secret), or say why not", line.method);
    }
    for (route, declaration) in one_of_each().iter().zip(DECLARATIONS) {
        assert_eq!(route.bears_secret(), declaration.secret, "{route:?}");
    }
    assert_eq!(Route::GetPuk { request: A, smartcard: B, card_id: A, digits: false, fresh: false }.card(), Some(B));
    assert_eq!(Route::OfflineUnblock { request: A }.card(), None);
}

#[test]
fn what_is_wrong_is_named() {
    let answer = format!("/api/v1.0/requests/{A}/smartcards/{B}/authenticationresponse");
    let bad = |uri: &str| match get(uri) {
        Err(RouteError::BadParameter { name, .. }) => name,
        other => panic!("{uri}: {other:?}"),
    };
    assert_eq!(
        get(&format!("{answer}?cardid={A}&diversified=true")),
        Err(RouteError::MissingParameter { name: "challenge" })
    );
    assert_eq!(get(&answer), Err(RouteError::MissingParameter { name: "cardid" }));
    assert_eq!(bad(&format!("{answer}?cardid=7&challenge=00&diversified=true")), "cardid");
    assert_eq!(bad(&format!("{answer}?cardid={A}&challenge=%%&diversified=true")), "challenge");
    assert_eq!(bad(&format!("{answer}?cardid={A}&challenge={}&diversified=true", "0".repeat(200))), "challenge");
    assert_eq!(bad(&format!("{answer}?cardid={A}&challenge=00&diversified=")), "diversified");
    assert_eq!(bad(&format!("{answer}?cardid={A}&challenge=00&diversified=true&atr=xyz")), "atr");
    assert_eq!(bad("/api/v1.0/requests/7"), "request");
    assert_eq!(bad(&format!("/api/v1.0/profiletemplates/{A}/policies/levitate")), "workflow");
    assert_eq!(bad("/api/v1.0/requests?targetuser=anna"), "targetuser");
    assert_eq!(bad("/api/v1.0/requests?status=Gone"), "status");
    assert_eq!(bad("/api/v1.0/requests?status=%FF"), "status");
    assert_eq!(bad("/api/v1.0/requests?status=Approved&Status=Pending"), "status");
    assert_eq!(bad("/api/cardwright/v1/audit?after=-1"), "after");
    assert_eq!(bad("/api/cardwright/v1/audit?chain=99999999999"), "chain");
    assert_eq!(bad("/api/cardwright/v1/reports/everything"), "report");
    assert_eq!(bad("/api/cardwright/v1/reports/issued?from=yesterday"), "from");
    assert_eq!(bad("/api/cardwright/v1/reports/issued?to=2026-13-01T00:00:00Z"), "to");
    assert_eq!(bad(&format!("/api/cardwright/v1/users?name={}", "x".repeat(257))), "name");
    assert_eq!(get("/api/cardwright/v1/users"), Err(RouteError::MissingParameter { name: "name" }));
}

#[test]
fn a_wrong_verb_is_told_the_right_ones() {
    assert_eq!(
        Route::parse(Method::Put, "/api/v1.0/requests", None),
        Err(RouteError::WrongMethod { allowed: vec![Method::Post, Method::Get] })
    );
    assert_eq!(
        Route::parse(Method::Get, &format!("/api/cardwright/v1/requests/{A}/approve"), None),
        Err(RouteError::WrongMethod { allowed: vec![Method::Post] })
    );
    assert_eq!(
        Route::parse(Method::Post, &format!("/api/v1.0/requests/{A}"), None).unwrap_err().to_string(),
        "this path is called with GET or PUT"
    );
}

#[test]
fn what_is_not_in_the_table_is_not_found() {
    for path in [
        "",
        "/",
        "/api",
        "/api/v1.0",
        "/api/v1.0/",
        "/api/v2.0/requests",
        "/v1.0/requests",
        "/other/api/v1.0/requests",
        "/CertificateManagement/CertificateManagement/api/v1.0/requests",
        "/api/v1.0/requests//profiles",
        "/api/v1.0/../v1.0/requests",
        "/api/v1.0/requests/x/y/z",
        "/api/v1.0/%FF",
        "/api/v1.0/whoami",
        "/api/cardwright/v1/certificates",
    ] {
        assert_eq!(get(path), Err(RouteError::NotFound), "{path}");
    }
    assert_eq!(get(&"/a".repeat(10_000)), Err(RouteError::NotFound));
}

proptest! {
    #[test]
    fn parsing_never_panics(path in "\\PC{0,60}", query in "\\PC{0,60}", tail in "[a-z0-9/%{}+ -]{0,60}") {
        for method in [Method::Get, Method::Post, Method::Put] {
            let _ = Route::parse(method, &path, Some(&query));
            let _ = Route::parse(method, &format!("/api/v1.0/{tail}"), Some(&tail));
            let _ = Route::parse(method, &format!("/api/v1.0/requests/{A}/{tail}"), None);
        }
    }

    #[test]
    fn any_name_and_challenge_survive_the_uri(name in "\\PC{1,60}", block in any::<[u8; 16]>(), aes in any::<bool>()) {
        let challenge = block[..if aes { 16 } else { 8 }].to_vec();
        prop_assume!(!name.trim().is_empty());
        let route = Route::FindUser { name: name.trim().into() };
        prop_assert_eq!(get(&route.path_and_query()), Ok(route));
        let route = Route::GetAuthenticationResponse {
            request: A, smartcard: B, card_id: A, atr: None, challenge, diversified: false,
        };
        prop_assert_eq!(get(&route.path_and_query()), Ok(route));
    }
}

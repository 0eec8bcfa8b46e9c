//! Every route, asked by everybody.

use super::support::{API, EXTENSION, Lab, Person, new_csr};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::cm::offline::{CodeKind, write_code};
use cardwright::cm::request::RequestType;
use cardwright::cm::route::{DECLARATIONS, Holder, Route, VIRTUAL_DIRECTORY};
use serde_json::{Value, json};
use std::collections::HashSet;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const WORKFLOWS: &str = r#"
[workflows.enroll]
self_service = true
approvals_needed = 1
approvers = ["group:approvers"]
enrollment_agents = ["group:agents"]
[workflows.unblock]
approvers = ["group:approvers"]
enrollment_agents = ["group:agents"]
one_time_password = { deliver = ["none"] }
[workflows.retire]
self_service = true
enrollment_agents = ["group:agents"]
[workflows.offline_unblock]
enrollment_agents = ["group:agents"]
enrollment_agent_required = true
"#;

fn template(template: String) -> String {
    let head = template.split("[workflows.enroll]").next().unwrap().to_owned();
    head.replace("user_pin_option = \"user-provided\"", "user_pin_option = \"server-proposed\"") + WORKFLOWS
}

/// How far an enrollment has come before it is asked about.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Stage {
    Pending,
    Approved,
    Assigned,
    Proposed,
    Enrolled,
}

struct People {
    owner: Person,
    approver: Person,
    agent: Person,
}

/// What a route may name.
#[derive(Default, Clone)]
struct Objects {
    request: Uuid,
    card_id: Uuid,
    smartcard: Uuid,
    profile: Uuid,
    /// A request of another type on the same card.
    second: Uuid,
}

fn prepared(lab: &Lab, people: &People, stage: Stage, second: Option<&str>) -> Objects {
    let mut objects = Objects { card_id: Uuid::new_v4(), ..Objects::default() };
    let request = lab.enroll_request(&people.owner);
    objects.request = request.parse().unwrap();
    if stage >= Stage::Approved {
        lab.post(&people.approver, &format!("{EXTENSION}/requests/{request}/approve"), json!({"Comment": ""})).ok();
    }
    if stage >= Stage::Assigned {
        objects.smartcard = lab.assign(&people.owner, &request, objects.card_id).parse().unwrap();
    }
    if stage >= Stage::Proposed {
        let card = format!("{API}/requests/{request}/smartcards/{}", objects.smartcard);
        lab.get(&people.owner, &format!("{card}/diversifiedkey?cardid={}", objects.card_id)).ok();
    }
    if stage >= Stage::Enrolled {
        lab.certificatedata(&people.owner, &request, &new_csr()).ok();
        let done = lab.complete(&people.owner, &request).ok();
        objects.profile = done["NewProfileUuid"].as_str().unwrap().parse().unwrap();
    }
    if let Some(kind) = second {
        let asker = if kind == "Retire" { &people.owner } else { &people.agent };
        let body = json!({"datacollection": [], "type": kind, "smartcard": objects.smartcard, "comment": ""});
        objects.second = lab.request(asker, body).parse().unwrap();
    }
    objects
}

struct Row {
    stage: Stage,
    second: Option<&'static str>,
    route: fn(&Lab, &Objects) -> Route,
    body: fn(&Lab, &Objects, &People) -> Value,
    /// Stranger, owner, approver, agent.
    expected: [u16; 4],
}

fn row(stage: Stage, expected: [u16; 4], route: fn(&Lab, &Objects) -> Route) -> Row {
    Row { stage, second: None, route, body: |_, _, _| Value::Null, expected }
}

fn rows() -> Vec<Row> {
    use Stage::{Approved, Assigned, Enrolled, Pending, Proposed};
    let with = |row: Row, body: fn(&Lab, &Objects, &People) -> Value| Row { body, ..row };
    let second = |row: Row, kind: &'static str| Row { second: Some(kind), ..row };
    vec![
        row(Pending, [200; 4], |_, _| Route::ListProfileTemplates),
        row(Pending, [200; 4], |lab, _| Route::GetProfileTemplate { template: lab.template }),
        row(Pending, [200; 4], |lab, _| Route::GetPolicy { template: lab.template, workflow: RequestType::Enroll }),
        row(Pending, [200; 4], |lab, _| Route::GetSmartcardConfig { template: lab.template }),
        row(Pending, [204, 200, 204, 204], |_, _| Route::ListRequests { target_user_current: false, status: None }),
        row(Pending, [404, 200, 200, 200], |_, o| Route::GetRequest { request: o.request }),
        with(
            row(Pending, [404, 200, 403, 200], |_, o| Route::CloseRequest { request: o.request }),
            |_, _, _| json!({"status": "Canceled"}),
        ),
        row(Assigned, [404, 200, 403, 200], |_, o| Route::GetGenerationOptions { request: o.request }),
        with(
            row(Assigned, [404, 200, 403, 200], |_, o| Route::SubmitCertificateData { request: o.request }),
            |_, _, _| json!({"certificaterequests": [STANDARD.encode(new_csr())], "comments": ""}),
        ),
        with(
            row(Approved, [404, 201, 403, 201], |_, _| Route::AssignSmartcard),
            |_, o, _| json!({"requestid": o.request, "cardid": o.card_id}),
        ),
        row(Enrolled, [204, 200, 204, 204], |_, _| Route::ListSmartcards),
        row(Enrolled, [404, 200, 404, 200], |_, o| Route::FindSmartcard { card_id: o.card_id }),
        row(Enrolled, [404, 200, 404, 200], |_, o| Route::GetSmartcard { smartcard: o.smartcard }),
        row(Assigned, [404, 200, 403, 200], |_, o| Route::GetDiversifiedKey {
            request: o.request,
            smartcard: o.smartcard,
            card_id: o.card_id,
            atr: None,
        }),
        row(Assigned, [404, 200, 403, 200], |_, o| Route::GetAuthenticationResponse {
            request: o.request,
            smartcard: o.smartcard,
            card_id: o.card_id,
            atr: None,
            challenge: vec![1; 8],
            diversified: true,
        }),
        row(Enrolled, [404, 204, 404, 204], |_, o| Route::ListOperations { of: Holder::Profile(o.profile) }),
        row(Enrolled, [404, 200, 404, 200], |_, o| Route::ListOperations { of: Holder::Smartcard(o.smartcard) }),
        row(Assigned, [404, 200, 403, 200], |_, o| Route::GetServerProposedPin {
            request: Some(o.request),
            smartcard: o.smartcard,
            card_id: None,
            atr: None,
            challenge: None,
        }),
        row(Assigned, [404, 200, 403, 200], |_, o| Route::GetServerProposedPin {
            request: None,
            smartcard: o.smartcard,
            card_id: None,
            atr: None,
            challenge: None,
        }),
        second(
            with(
                row(Enrolled, [404, 200, 404, 200], |_, o| Route::UpdateSmartcard {
                    request: o.second,
                    smartcard: o.smartcard,
                }),
                |_, _, _| json!({"status": "Retired"}),
            ),
            "Retire",
        ),
        row(Assigned, [404, 200, 200, 200], |_, o| Route::GetRequestSmartcard {
            request: o.request,
            smartcard: o.smartcard,
        }),
        row(Enrolled, [204, 200, 204, 204], |_, _| Route::ListProfiles { status: None }),
        row(Enrolled, [404, 200, 404, 200], |_, o| Route::GetProfile { profile: o.profile }),
        row(Enrolled, [404, 200, 200, 200], |_, o| Route::ListRequestProfiles { request: o.request }),
        row(Enrolled, [404, 200, 200, 200], |_, o| Route::GetRequestProfile { request: o.request, profile: o.profile }),
        row(Enrolled, [404, 200, 404, 200], |_, o| Route::ListHolderCertificates { of: Holder::Profile(o.profile) }),
        row(Enrolled, [404, 200, 404, 200], |_, o| Route::ListHolderCertificates {
            of: Holder::Smartcard(o.smartcard),
        }),
        row(Enrolled, [204, 200, 204, 204], |_, _| Route::ListCertificates),
        row(Enrolled, [404, 204, 404, 204], |_, o| Route::ListRequestTypes { of: Holder::Profile(o.profile) }),
        row(Enrolled, [404, 200, 404, 200], |_, o| Route::ListRequestTypes { of: Holder::Smartcard(o.smartcard) }),
        row(Pending, [200; 4], |_, _| Route::Whoami),
        row(Pending, [404, 200, 200, 200], |_, _| Route::FindUser { name: "owner".into() }),
        row(Pending, [204, 200, 200, 200], |_, _| Route::ListVisibleRequests { status: None }),
        with(
            row(Pending, [404, 403, 200, 403], |_, o| Route::Approve { request: o.request }),
            |_, _, _| json!({"Comment": ""}),
        ),
        with(
            row(Pending, [404, 403, 200, 403], |_, o| Route::Deny { request: o.request }),
            |_, _, _| json!({"Comment": ""}),
        ),
        with(
            row(Pending, [404, 200, 200, 200], |_, o| Route::CollectData { request: o.request }),
            |_, _, _| json!({"DataCollection": []}),
        ),
        row(Pending, [404, 204, 204, 204], |_, o| Route::ListDocuments { request: o.request }),
        second(
            with(
                // None was made yet.
                row(Enrolled, [404, 409, 403, 409], |_, o| Route::ProveOneTimePassword { request: o.second }),
                |_, _, _| json!({"OneTimePassword": "x"}),
            ),
            "Unblock",
        ),
        second(
            with(
                row(Enrolled, [404, 403, 200, 403], |_, o| Route::DistributeOneTimePassword { request: o.second }),
                |_, _, _| json!({}),
            ),
            "Unblock",
        ),
        row(Enrolled, [404, 200, 404, 200], |_, o| Route::GetAdminKeyState { smartcard: o.smartcard }),
        with(
            row(Proposed, [404, 200, 403, 200], |_, o| Route::TellAdminKey {
                request: o.request,
                smartcard: o.smartcard,
            }),
            |_, _, _| json!({}),
        ),
        second(
            row(Enrolled, [404, 200, 404, 200], |_, o| Route::SurrenderAdminKey {
                request: o.second,
                smartcard: o.smartcard,
                card_id: o.card_id,
            }),
            "Retire",
        ),
        second(
            row(Enrolled, [404, 200, 404, 200], |_, o| Route::GetNextAdminKey {
                request: o.second,
                smartcard: o.smartcard,
                card_id: o.card_id,
                with_current: true,
            }),
            "Retire",
        ),
        row(Assigned, [404, 409, 403, 409], |_, o| Route::CollectSealedKeys { request: o.request }),
        row(Assigned, [404, 200, 403, 200], |_, o| Route::GetPuk {
            request: o.request,
            smartcard: o.smartcard,
            card_id: o.card_id,
        }),
        second(
            with(
                row(Enrolled, [404, 200, 404, 200], |_, o| Route::TellPuk {
                    request: o.second,
                    smartcard: o.smartcard,
                }),
                |_, _, _| json!({"State": "Default"}),
            ),
            "Retire",
        ),
        second(
            with(
                row(Enrolled, [404, 403, 404, 200], |_, o| Route::OfflineUnblock { request: o.second }),
                |_, _, _| json!({"Challenge": *write_code(CodeKind::Challenge, [3; 8])}),
            ),
            "OfflineUnblock",
        ),
        row(Pending, [403; 4], |_, _| Route::ListAudit { chain: None, after: None, limit: None }),
        row(Pending, [403; 4], |_, _| Route::ListAuditChains),
        row(Pending, [200; 4], |_, _| Route::GetCaCertificate),
        row(Pending, [200; 4], |_, _| Route::GetCrl),
        row(Pending, [403; 4], |_, _| Route::ListUsers),
        with(row(Pending, [403; 4], |_, _| Route::AddUser), |_, _, _| json!({"Name": "one more"})),
        with(row(Pending, [403; 4], |_, _| Route::ChangeUser { user: Uuid::nil() }), |_, _, _| json!({"Groups": []})),
        row(Pending, [404; 4], |_, _| Route::ListTokens { user: Uuid::nil() }),
        with(
            row(Pending, [403; 4], |_, _| Route::AddToken { user: Uuid::nil() }),
            |_, _, _| json!({"Label": "", "Days": 1}),
        ),
        with(row(Pending, [404; 4], |_, _| Route::RevokeToken { token: Uuid::nil() }), |_, _, _| json!({})),
        with(row(Pending, [201; 4], |_, _| Route::RenewOwnToken), |_, _, _| json!({})),
        with(row(Pending, [204; 4], |_, _| Route::EndSession), |_, _, _| json!({})),
        with(row(Pending, [403, 201, 403, 201], |_, _| Route::CreateRequest), |lab, _, people| {
            json!({
                "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "",
                "target": people.owner.uuid,
            })
        }),
    ]
}

#[test]
fn everybody_gets_what_is_theirs_and_nothing_else() {
    let lab = Lab::plain(template);
    let people = People {
        owner: lab.user("owner", &[]),
        approver: lab.user("approver", &["approvers"]),
        agent: lab.user("agent", &["agents"]),
    };
    let stranger = lab.user("stranger", &["strangers"]);
    let expired = lab.user_until("expired", &["agents"], OffsetDateTime::now_utc() - Duration::hours(1));
    let mut asked = HashSet::new();
    for row in rows() {
        let everybody = [
            (None, 401),
            (Some(&expired), 401),
            (Some(&stranger), row.expected[0]),
            (Some(&people.owner), row.expected[1]),
            (Some(&people.approver), row.expected[2]),
            (Some(&people.agent), row.expected[3]),
        ];
        for (number, (who, expected)) in everybody.into_iter().enumerate() {
            // Its own objects for everybody who may change them.
            let objects = prepared(&lab, &people, row.stage, row.second);
            let route = (row.route)(&lab, &objects);
            let (verb, path) = (route.method().name(), VIRTUAL_DIRECTORY.to_owned() + &route.path_and_query());
            let body = (row.body)(&lab, &objects, &people);
            let body = Some(&body).filter(|body| !body.is_null());
            let answer = lab.call(who.map(|who| who.token.as_str()), verb, &path, body);
            let words = String::from_utf8_lossy(&answer.bytes);
            assert_eq!(answer.status, expected, "{verb} {path} as number {number}: {words}");
            asked.insert(std::mem::discriminant(&route));
        }
    }
    // Two declarations share a route each: operations, request types, certificates and the PIN, of cards and of profiles.
    // Whoever revokes the token of the call itself can ask nothing more.
    assert_eq!(asked.len() + 4 + 1, DECLARATIONS.len(), "a route was not asked");
}

#[test]
fn what_is_hidden_looks_like_what_is_not_there() {
    let lab = Lab::plain(template);
    let people = People {
        owner: lab.user("owner", &[]),
        approver: lab.user("approver", &["approvers"]),
        agent: lab.user("agent", &["agents"]),
    };
    let stranger = lab.user("stranger", &[]);
    let objects = prepared(&lab, &people, Stage::Enrolled, None);
    let without_id = |path: String| {
        let mut body = lab.get(&stranger, &path).json();
        body["CorrelationId"] = Value::Null;
        body
    };
    for (collection, hidden) in
        [("requests", objects.request), ("smartcards", objects.smartcard), ("profiles", objects.profile)]
    {
        let missing = Uuid::new_v4();
        assert_eq!(
            without_id(format!("{API}/{collection}/{hidden}")),
            without_id(format!("{API}/{collection}/{missing}"))
        );
    }
    let card = |card_id: Uuid| without_id(format!("{API}/smartcards?cardid={card_id}"));
    assert_eq!(card(objects.card_id), card(Uuid::new_v4()));
    let user = |name: &str| without_id(format!("{EXTENSION}/users?name={name}"));
    assert_eq!(user("owner"), user("nobody"));
}

#[test]
fn a_template_for_officers_is_hidden_from_others() {
    let lab = Lab::plain(|text| template(text).replace("self_service = true", "self_service = false"));
    let stranger = lab.user("stranger", &[]);
    let agent = lab.user("agent", &["agents"]);
    assert_eq!(lab.get(&stranger, &format!("{API}/profiletemplates")).status, 204);
    assert_eq!(
        lab.get(&stranger, &format!("{API}/profiletemplates/{}", lab.template)).refusal(),
        (404, "not-found".into())
    );
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": ""});
    assert_eq!(lab.post(&stranger, &format!("{API}/requests"), body).refusal(), (404, "not-found".into()));
    assert_eq!(lab.get(&agent, &format!("{API}/profiletemplates")).status, 200);
}

//! Every route with an object it can be asked about, a body that is good, and what each role is answered.

use super::super::support::{API, EXTENSION, Lab, Person, csr, new_csr};
use crate::attacks::site::possession;
use crate::support::attesting::Maker;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::cm::offline::{CodeKind, write_code};
use cardwright::cm::report::ReportKind;
use cardwright::cm::request::RequestType;
use cardwright::cm::route::{Holder, Route};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer};
use serde_json::{Value, json};
use uuid::Uuid;

/// Who may ask: what templates give, then what `[roles]` gives.
pub const ROLES: [&str; 9] =
    ["stranger", "owner", "initiator", "approver", "agent", "auditor", "operator", "administrator", "kiosk"];

const WORKFLOWS: &str = r#"
[workflows.enroll]
self_service = true
approvals_needed = 1
initiators = ["group:initiator"]
approvers = ["group:approver"]
enrollment_agents = ["group:agent"]
[workflows.unblock]
approvers = ["group:approver"]
enrollment_agents = ["group:agent"]
one_time_password = { deliver = ["none"] }
[workflows.renew]
approvals_needed = 0
enrollment_agents = ["group:agent"]
[workflows.retire]
self_service = true
enrollment_agents = ["group:agent"]
[workflows.revoke]
enrollment_agents = ["group:agent"]
[workflows.offline_unblock]
enrollment_agents = ["group:agent"]
enrollment_agent_required = true
"#;

/// Whoever is disabled or unknown here is so again and again.
const SETTINGS: &str = "\n[limits]\nfailures_per_address = { burst = 1, per_minute = 0 }\n\
                        failures_per_name = { burst = 1, per_minute = 0 }\n[people]\ncertificates_per_day = 0\n[roles]\nadmin = [\"group:administrator\"]\nauditor = [\"group:auditor\"]\n\
                        operator = [\"group:operator\"]\nkiosk = [\"group:kiosk\"]\n";

pub fn template(template: String) -> String {
    let head = template.split("[workflows.enroll]").next().unwrap().to_owned();
    head.replace("user_pin_option = \"user-provided\"", "user_pin_option = \"server-proposed\"") + WORKFLOWS
}

/// One person a role; each is in the group that is called like it.
pub struct People {
    all: Vec<Person>,
    /// An administrator beside the one who is asked as.
    deputy: Person,
    maker: Maker,
}

impl People {
    pub fn new(lab: &Lab) -> Self {
        let deputy = lab.user("deputy", &["administrator"]);
        Self { all: ROLES.map(|role| lab.user(role, &[role])).into(), deputy, maker: Maker::new("Maker") }
    }

    pub fn of(&self, role: &str) -> &Person {
        &self.all[ROLES.iter().position(|known| *known == role).unwrap()]
    }
}

/// A server where every role has somebody.
pub fn lab() -> (Lab, People) {
    let mut lab = Lab::plain(template);
    lab.stop();
    let path = lab.data().join("server.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings + SETTINGS).unwrap();
    lab.start();
    let people = People::new(&lab);
    (lab, people)
}

/// How far an enrollment has come before it is asked about.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Stage {
    Pending,
    Approved,
    Assigned,
    Proposed,
    Enrolled,
}

impl Stage {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Approved, Self::Assigned, Self::Proposed, Self::Enrolled];
}

/// What a route may name.
#[derive(Default, Clone)]
pub struct Objects {
    pub request: Uuid,
    pub card_id: Uuid,
    pub smartcard: Uuid,
    /// Whose card it is.
    pub owner: Uuid,
    pub profile: Uuid,
    /// A request of another type on the same card.
    pub second: Uuid,
    /// Of the certificate.
    pub serial: Vec<u8>,
    /// Somebody whom an administrator may manage, and a token of theirs.
    pub user: Uuid,
    pub token: Uuid,
    /// An identity of an issuer that stands for them.
    pub identity: Uuid,
    /// What shows the old key for the other request, where that is a renewal.
    pub possession: Value,
    /// The token's activation code.
    pub code: String,
    /// What another administrator has proposed.
    pub proposal: Uuid,
    /// What somebody is to be told.
    pub notice: Uuid,
    /// Where people are let in.
    pub kiosk: Uuid,
    /// Results of a desk run that the agent has had signed.
    pub results: Uuid,
}

pub fn prepared(lab: &Lab, people: &People, stage: Stage, second: Option<&str>) -> Objects {
    let mut objects = Objects { card_id: Uuid::new_v4(), kiosk: people.of("kiosk").uuid, ..Objects::default() };
    if second == Some("account") {
        account(lab, people, &mut objects);
        return objects;
    }
    if second == Some("notice") {
        objects.notice = notice(lab);
        return objects;
    }
    let owner = people.of("owner");
    objects.owner = owner.uuid;
    let request = lab.enroll_request(owner);
    objects.request = request.parse().unwrap();
    if stage >= Stage::Approved {
        let approve = format!("{EXTENSION}/requests/{request}/approve");
        lab.post(people.of("approver"), &approve, json!({"Comment": ""})).ok();
    }
    if stage >= Stage::Assigned {
        objects.smartcard = lab.assign(owner, &request, objects.card_id).parse().unwrap();
    }
    if stage >= Stage::Proposed {
        let card = format!("{API}/requests/{request}/smartcards/{}", objects.smartcard);
        lab.get(owner, &format!("{card}/diversifiedkey?cardid={}", objects.card_id)).ok();
    }
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    if stage >= Stage::Enrolled {
        let said = people.maker.attests(key.public_key());
        let body = json!({
            "certificaterequests": [STANDARD.encode(csr(&key))], "comments": "", "attestations": [STANDARD.encode(said)],
        });
        lab.post(owner, &format!("{API}/requests/{request}/certificatedata"), body).ok();
        let done = lab.complete(owner, &request).ok();
        objects.profile = done["NewProfileUuid"].as_str().unwrap().parse().unwrap();
        let listed = lab.get(owner, &format!("{API}/profiles/{}/certificates", objects.profile)).ok();
        objects.serial = hex::decode(listed[0]["SerialNumber"].as_str().unwrap()).unwrap();
    }
    if second == Some("results") {
        let signed = lab.post(people.of("agent"), &format!("{EXTENSION}/desk/results"), results(&objects)).ok();
        objects.results = signed["Uuid"].as_str().unwrap().parse().unwrap();
        return objects;
    }
    if let Some(kind) = second {
        let asker = people.of(if kind == "Retire" { "owner" } else { "agent" });
        let body = json!({"datacollection": [], "type": kind, "smartcard": objects.smartcard, "comment": ""});
        objects.second = lab.request(asker, body).parse().unwrap();
        if kind == "Renew" {
            let listed = lab.get(owner, &format!("{API}/profiles/{}/certificates", objects.profile)).ok();
            let thumbprint = listed[0]["Thumbprint"].as_str().unwrap().to_owned();
            objects.possession = possession(lab, owner, &objects.second.to_string(), &thumbprint, &key);
        }
    }
    objects
}

/// What a desk run says that has enrolled the card.
fn results(objects: &Objects) -> Value {
    let at = cardwright::cm::wire::moment_text(time::OffsetDateTime::now_utc());
    json!({"Rows": [{
        "Person": "owner", "Request": objects.request, "CardId": objects.card_id, "Serial": "", "Outcome": "Completed",
        "At": at, "Workstation": "desk",
    }]})
}

/// Puts a notice into the outbox of a server that has no way to send it.
fn notice(lab: &Lab) -> Uuid {
    let notice = Uuid::new_v4();
    let (uuid, no) = match &lab.database {
        Some(_) => (format!("'{notice}'"), "FALSE"),
        None => (format!("X'{}'", notice.simple()), "0"),
    };
    let statement = format!(
        "INSERT INTO outbox (uuid, kind, way, address, part, generation, facts, created, due, ends, attempts, doubtful, \
         state, reason) VALUES ({uuid}, 'failing', 'mail', 'ops@example.test', 0, 0, '{{}}', 1, 1, 4000000000000000, 0, \
         {no}, 'waiting', '')"
    );
    match &lab.database {
        Some(database) => drop(database.sql(&statement)),
        None => {
            let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
            database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
            database.execute(&statement, []).unwrap();
        }
    }
    notice
}

fn account(lab: &Lab, people: &People, objects: &mut Objects) {
    let administrator = people.of("administrator");
    let accounts = format!("{EXTENSION}/accounts");
    let uuid = |made: Value| made["Uuid"].as_str().unwrap().parse().unwrap();
    objects.user = uuid(lab.post(administrator, &accounts, json!({"Name": Uuid::new_v4().to_string()})).ok());
    let tokens = format!("{accounts}/{}/tokens", objects.user);
    let token = lab.post(administrator, &tokens, json!({"Label": "", "Days": 1})).ok();
    objects.code = token["Code"].as_str().unwrap().to_owned();
    objects.token = uuid(token);
    let identity = json!({"Issuer": "https://issuer.test", "Subject": Uuid::new_v4().to_string()});
    objects.identity = uuid(lab.post(administrator, &format!("{accounts}/{}/identities", objects.user), identity).ok());
    let puppet = json!({"Name": Uuid::new_v4().to_string(), "Groups": ["approver"]});
    let proposed = lab.post(&people.deputy, &accounts, puppet);
    assert_eq!(proposed.status, 202);
    objects.proposal = uuid(proposed.json());
}

pub struct Row {
    pub stage: Stage,
    /// The other request on the card; or "account": no request at all.
    pub second: Option<&'static str>,
    pub route: fn(&Lab, &Objects) -> Route,
    pub body: fn(&Lab, &Objects, &People) -> Value,
    /// In the order of [`ROLES`].
    pub expected: [u16; ROLES.len()],
}

/// A row for all roles but the kiosk, which gets no more than a stranger does.
fn row(stage: Stage, expected: [u16; ROLES.len() - 1], route: fn(&Lab, &Objects) -> Route) -> Row {
    let of = |place: usize| expected[if place < expected.len() { place } else { 0 }];
    let expected = std::array::from_fn(of);
    Row { stage, second: None, route, body: |_, _, _| Value::Null, expected }
}

pub fn rows() -> Vec<Row> {
    use Stage::{Approved, Assigned, Enrolled, Pending, Proposed};
    let with = |row: Row, body: fn(&Lab, &Objects, &People) -> Value| Row { body, ..row };
    let account = |row: Row| Row { second: Some("account"), ..row };
    let noticed = |row: Row| Row { second: Some("notice"), ..row };
    let second = |row: Row, kind: &'static str| Row { second: Some(kind), ..row };
    let kiosk = |row: Row, status: u16| {
        let mut expected = row.expected;
        expected[ROLES.len() - 1] = status;
        Row { expected, ..row }
    };
    vec![
        row(Pending, [200; 8], |_, _| Route::ListProfileTemplates),
        row(Pending, [200; 8], |lab, _| Route::GetProfileTemplate { template: lab.template }),
        row(Pending, [200; 8], |lab, _| Route::GetPolicy { template: lab.template, workflow: RequestType::Enroll }),
        row(Pending, [200; 8], |lab, _| Route::GetSmartcardConfig { template: lab.template }),
        row(Pending, [204, 200, 204, 204, 204, 204, 204, 204], |_, _| Route::ListRequests {
            target_user_current: false,
            status: None,
            before: None,
            limit: None,
        }),
        row(Pending, [404, 200, 404, 200, 200, 200, 200, 200], |_, o| Route::GetRequest { request: o.request }),
        with(
            row(Pending, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::CloseRequest { request: o.request }),
            |_, _, _| json!({"status": "Canceled"}),
        ),
        row(Assigned, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::GetGenerationOptions {
            request: o.request,
        }),
        with(
            row(Assigned, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::SubmitCertificateData {
                request: o.request,
            }),
            |_, _, _| json!({"certificaterequests": [STANDARD.encode(new_csr())], "comments": ""}),
        ),
        with(
            row(Approved, [404, 201, 404, 403, 201, 403, 403, 403], |_, _| Route::AssignSmartcard),
            |_, o, _| json!({"requestid": o.request, "cardid": o.card_id}),
        ),
        row(Enrolled, [204, 200, 204, 204, 204, 204, 204, 204], |_, _| Route::ListSmartcards),
        row(Enrolled, [404, 200, 200, 404, 200, 200, 200, 200], |_, o| Route::FindSmartcard { card_id: o.card_id }),
        row(Enrolled, [404, 200, 200, 404, 200, 200, 200, 200], |_, o| Route::GetSmartcard { smartcard: o.smartcard }),
        row(Assigned, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::GetDiversifiedKey {
            request: o.request,
            smartcard: o.smartcard,
            card_id: o.card_id,
            atr: None,
        }),
        row(Assigned, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::GetAuthenticationResponse {
            request: o.request,
            smartcard: o.smartcard,
            card_id: o.card_id,
            atr: None,
            challenge: vec![1; 8],
            diversified: true,
        }),
        row(Enrolled, [404, 204, 204, 404, 200, 204, 204, 204], |_, o| Route::ListOperations {
            of: Holder::Profile(o.profile),
        }),
        row(Enrolled, [404, 200, 204, 404, 200, 204, 204, 204], |_, o| Route::ListOperations {
            of: Holder::Smartcard(o.smartcard),
        }),
        row(Assigned, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::GetServerProposedPin {
            request: Some(o.request),
            smartcard: o.smartcard,
            card_id: None,
            atr: None,
            challenge: None,
        }),
        row(Assigned, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::GetServerProposedPin {
            request: None,
            smartcard: o.smartcard,
            card_id: None,
            atr: None,
            challenge: None,
        }),
        second(
            with(
                row(Enrolled, [404, 200, 404, 404, 200, 403, 403, 403], |_, o| Route::UpdateSmartcard {
                    request: o.second,
                    smartcard: o.smartcard,
                }),
                |_, _, _| json!({"status": "Retired"}),
            ),
            "Retire",
        ),
        row(Assigned, [404, 200, 404, 200, 200, 200, 200, 200], |_, o| Route::GetRequestSmartcard {
            request: o.request,
            smartcard: o.smartcard,
        }),
        row(Enrolled, [204, 200, 204, 204, 204, 204, 204, 204], |_, _| Route::ListProfiles { status: None }),
        row(Enrolled, [404, 200, 200, 404, 200, 200, 200, 200], |_, o| Route::GetProfile { profile: o.profile }),
        row(Enrolled, [404, 200, 404, 200, 200, 200, 200, 200], |_, o| Route::ListRequestProfiles {
            request: o.request,
        }),
        row(Enrolled, [404, 200, 404, 200, 200, 200, 200, 200], |_, o| Route::GetRequestProfile {
            request: o.request,
            profile: o.profile,
        }),
        row(Enrolled, [404, 200, 200, 404, 200, 200, 200, 200], |_, o| Route::ListHolderCertificates {
            of: Holder::Profile(o.profile),
        }),
        row(Enrolled, [404, 200, 200, 404, 200, 200, 200, 200], |_, o| Route::ListHolderCertificates {
            of: Holder::Smartcard(o.smartcard),
        }),
        row(Enrolled, [204, 200, 204, 204, 204, 204, 204, 204], |_, _| Route::ListCertificates),
        row(Enrolled, [404, 204, 204, 404, 200, 204, 204, 204], |_, o| Route::ListRequestTypes {
            of: Holder::Profile(o.profile),
        }),
        row(Enrolled, [404, 200, 204, 404, 200, 204, 204, 204], |_, o| Route::ListRequestTypes {
            of: Holder::Smartcard(o.smartcard),
        }),
        row(Pending, [200; 8], |lab, _| Route::DescribeTemplate { template: lab.template }),
        row(Pending, [200; 8], |lab, _| Route::ListTemplateVersions { template: lab.template }),
        row(Pending, [403, 403, 403, 403, 403, 200, 200, 200], |lab, _| Route::GetTemplateFile {
            template: lab.template,
        }),
        row(Pending, [200; 8], |_, _| Route::Whoami),
        row(Pending, [404, 200, 200, 200, 200, 404, 404, 404], |_, _| Route::FindUser { name: "owner".into() }),
        row(Enrolled, [204, 200, 200, 204, 200, 200, 200, 200], |_, _| Route::ListCards {
            owner: None,
            status: None,
            template: None,
            before: None,
            limit: None,
        }),
        row(Enrolled, [204, 200, 200, 204, 200, 200, 200, 200], |_, _| Route::ListEndingCards {
            days: 366,
            beyond: None,
            limit: None,
        }),
        row(Enrolled, [200; 8], |_, _| Route::CountEndingCards { days: 366 }),
        row(Pending, [204, 200, 200, 200, 200, 200, 200, 200], |_, _| Route::FindPeople { begins: "own".into() }),
        // This server has no directory, which is told to those alone who may look for people in one.
        row(Pending, [403, 403, 409, 409, 409, 409, 409, 409], |_, _| Route::FindElsewhere { text: "own".into() }),
        with(
            row(Pending, [403, 403, 409, 403, 403, 403, 403, 403], |_, _| Route::TakeOver),
            |_, _, _| json!({"Id": "00000000-0000-0000-0000-000000000001"}),
        ),
        row(Enrolled, [404, 200, 200, 200, 200, 200, 200, 200], |_, o| Route::GetPersonHistory {
            user: o.owner,
            before: None,
        }),
        row(Enrolled, [204, 200, 200, 204, 200, 200, 200, 200], |_, o| Route::Search { text: o.smartcard.to_string() }),
        row(Enrolled, [404, 200, 200, 404, 200, 200, 200, 200], |_, o| Route::GetCardHistory {
            smartcard: o.smartcard,
        }),
        row(Enrolled, [404, 200, 200, 404, 200, 200, 200, 200], |_, o| Route::GetLogonView { smartcard: o.smartcard }),
        row(Pending, [204, 200, 204, 200, 200, 200, 200, 200], |_, _| Route::ListVisibleRequests { status: None }),
        row(Pending, [204, 200, 204, 200, 200, 200, 200, 200], |_, _| Route::ListQueue {
            status: None,
            smartcard: None,
            after: None,
            limit: None,
        }),
        row(Pending, [200; 8], |_, _| Route::CountWaiting),
        row(Pending, [404, 200, 404, 200, 200, 200, 200, 200], |_, o| Route::ReviewRequest { request: o.request }),
        with(
            row(Pending, [404, 403, 404, 200, 403, 403, 403, 403], |_, o| Route::Approve { request: o.request }),
            |_, _, _| json!({"Comment": ""}),
        ),
        with(
            row(Pending, [404, 403, 404, 200, 403, 403, 403, 403], |_, o| Route::Deny { request: o.request }),
            |_, _, _| json!({"Comment": ""}),
        ),
        with(
            row(Pending, [404, 200, 404, 200, 200, 403, 403, 403], |_, o| Route::CollectData { request: o.request }),
            |_, _, _| json!({"DataCollection": []}),
        ),
        row(Pending, [404, 204, 404, 204, 204, 204, 204, 204], |_, o| Route::ListDocuments { request: o.request }),
        second(
            with(
                row(Enrolled, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::ShowPossession {
                    request: o.second,
                }),
                |_, o, _| {
                    let none = json!({"Server": "", "Thumbprint": "", "Signature": ""});
                    if o.possession.is_null() { none } else { o.possession.clone() }
                },
            ),
            "Renew",
        ),
        second(
            with(
                // None was made yet.
                row(Enrolled, [404, 409, 404, 403, 409, 403, 403, 403], |_, o| Route::ProveOneTimePassword {
                    request: o.second,
                }),
                |_, _, _| json!({"OneTimePassword": "x"}),
            ),
            "Unblock",
        ),
        second(
            with(
                row(Enrolled, [404, 403, 404, 200, 403, 403, 403, 403], |_, o| Route::DistributeOneTimePassword {
                    request: o.second,
                }),
                |_, _, _| json!({}),
            ),
            "Unblock",
        ),
        row(Enrolled, [404, 200, 200, 404, 200, 200, 200, 200], |_, o| Route::GetAdminKeyState {
            smartcard: o.smartcard,
        }),
        with(
            row(Proposed, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::TellAdminKey {
                request: o.request,
                smartcard: o.smartcard,
            }),
            |_, _, _| json!({}),
        ),
        second(
            row(Enrolled, [404, 200, 404, 404, 200, 403, 403, 403], |_, o| Route::SurrenderAdminKey {
                request: o.second,
                smartcard: o.smartcard,
                card_id: o.card_id,
            }),
            "Retire",
        ),
        second(
            row(Enrolled, [404, 200, 404, 404, 200, 403, 403, 403], |_, o| Route::GetNextAdminKey {
                request: o.second,
                smartcard: o.smartcard,
                card_id: o.card_id,
                with_current: true,
            }),
            "Retire",
        ),
        with(
            // Nothing is sealed to the agents alone.
            row(Assigned, [404, 409, 404, 403, 409, 403, 403, 403], |_, o| Route::CollectSealedKeys {
                request: o.request,
            }),
            |_, _, _| json!({}),
        ),
        row(Assigned, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::GetPuk {
            request: o.request,
            smartcard: o.smartcard,
            card_id: o.card_id,
            digits: false,
            fresh: false,
        }),
        second(
            with(
                row(Enrolled, [404, 200, 404, 404, 200, 403, 403, 403], |_, o| Route::OpenPresence {
                    request: o.second,
                    smartcard: o.smartcard,
                }),
                |_, o, _| json!({"CardId": o.card_id, "Protocol": "Gids"}),
            ),
            "Retire",
        ),
        second(
            with(
                // None was opened.
                row(Enrolled, [404, 409, 404, 404, 409, 403, 403, 403], |_, o| Route::ShowPresence {
                    request: o.second,
                    smartcard: o.smartcard,
                }),
                |_, o, _| json!({"CardId": o.card_id, "Answer": "AAAAAAAAAAA="}),
            ),
            "Retire",
        ),
        second(
            with(
                row(Enrolled, [404, 200, 404, 404, 200, 403, 403, 403], |_, o| Route::TellPuk {
                    request: o.second,
                    smartcard: o.smartcard,
                }),
                |_, _, _| json!({"State": "Default"}),
            ),
            "Retire",
        ),
        second(
            with(
                row(Enrolled, [404, 403, 404, 404, 200, 403, 403, 403], |_, o| Route::OfflineUnblock {
                    request: o.second,
                }),
                |_, _, _| json!({"Challenge": *write_code(CodeKind::Challenge, [3; 8])}),
            ),
            "OfflineUnblock",
        ),
        row(Enrolled, [403, 403, 403, 403, 403, 200, 403, 200], |_, _| Route::GetReport {
            report: ReportKind::Issued,
            from: None,
            to: None,
            after: None,
            limit: None,
        }),
        row(Pending, [403, 403, 403, 403, 403, 200, 200, 200], |_, _| Route::GetHealth),
        row(Pending, [403, 403, 403, 403, 403, 200, 403, 200], |_, _| Route::ListAudit {
            chain: None,
            after: None,
            limit: None,
        }),
        row(Pending, [403, 403, 403, 403, 403, 200, 403, 200], |_, _| Route::ListAuditChains),
        row(Enrolled, [403, 403, 403, 403, 403, 200, 403, 200], |_, o| Route::GetAttestation {
            serial: o.serial.clone(),
        }),
        with(
            row(Enrolled, [404, 200, 403, 404, 200, 403, 403, 403], |_, o| Route::ReportLost {
                smartcard: o.smartcard,
            }),
            |_, _, _| json!({"Comment": "left on a train"}),
        ),
        with(
            // This server has no way to tell anybody, which is told to those alone who may have it done.
            row(Enrolled, [404, 403, 409, 404, 409, 409, 409, 409], |_, o| Route::Remind { smartcard: o.smartcard }),
            |_, _, _| json!({}),
        ),
        with(
            // It is nobody's loan.
            row(Enrolled, [404, 409, 403, 404, 409, 403, 403, 403], |_, o| Route::TakeBack { smartcard: o.smartcard }),
            |_, _, _| json!({}),
        ),
        account(row(Pending, [403, 403, 403, 403, 403, 403, 403, 200], |_, o| Route::ForeseeLeaving { user: o.user })),
        account(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 200], |_, o| Route::Leave { user: o.user }),
            |lab, o, people| {
                let seen = lab.get(people.of("administrator"), &format!("{EXTENSION}/people/{}/leaving", o.user));
                json!({"Seen": seen.json()["Mark"].as_str().unwrap_or_default()})
            },
        )),
        row(Pending, [200; 8], |_, _| Route::GetCaCertificate),
        row(Pending, [200; 8], |_, _| Route::GetCrl),
        row(Pending, [403, 403, 403, 403, 403, 403, 403, 200], |_, _| Route::ListUsers),
        account(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 201], |_, _| Route::AddUser),
            |_, o, _| json!({"Name": o.card_id.to_string()}),
        )),
        with(row(Pending, [403, 403, 403, 403, 403, 403, 403, 200], |_, _| Route::ImportUsers), |lab, o, people| {
            let mut list = json!({"Rows": [{"Name": o.card_id.to_string()}]});
            let path = format!("{EXTENSION}/people/import");
            let seen = lab.post(people.of("administrator"), &path, list.clone()).json();
            list["Seen"] = seen["Mark"].clone();
            list
        }),
        account(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 200], |_, o| Route::ChangeUser { user: o.user }),
            |_, _, _| json!({"Groups": []}),
        )),
        account(row(Pending, [404, 404, 404, 404, 404, 404, 404, 200], |_, o| Route::ListBearer { user: o.user })),
        account(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 201], |_, o| Route::AddBearer { user: o.user }),
            |_, _, _| json!({"Label": "", "Days": 1}),
        )),
        account(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 201], |_, o| Route::MakeLink { user: o.user }),
            |_, _, _| json!({"Minutes": 5}),
        )),
        account(with(
            row(Pending, [404, 404, 404, 404, 404, 404, 404, 204], |_, o| Route::RevokeBearer { token: o.token }),
            |_, _, _| json!({}),
        )),
        account(row(Pending, [404, 404, 404, 404, 404, 404, 404, 200], |_, o| Route::ListIdentities { user: o.user })),
        account(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 201], |_, o| Route::LinkIdentity { user: o.user }),
            |_, o, _| json!({"Issuer": "https://issuer.test", "Subject": o.card_id.to_string()}),
        )),
        account(with(
            row(Pending, [404, 404, 404, 404, 404, 404, 404, 204], |_, o| Route::UnlinkIdentity {
                identity: o.identity,
            }),
            |_, _, _| json!({}),
        )),
        with(row(Pending, [201; 8], |_, _| Route::RenewOwnBearer), |_, _, _| json!({})),
        account(with(row(Pending, [201; 8], |_, _| Route::ActivateBearer), |_, o, _| json!({"Code": o.code}))),
        account(row(Pending, [403, 403, 403, 403, 403, 403, 403, 200], |_, _| Route::ListProposals)),
        account(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 200], |_, o| Route::ConfirmProposal {
                proposal: o.proposal,
            }),
            |_, _, _| json!({}),
        )),
        account(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 204], |_, o| Route::RejectProposal {
                proposal: o.proposal,
            }),
            |_, _, _| json!({}),
        )),
        noticed(row(Pending, [403, 403, 403, 403, 403, 403, 403, 200], |_, _| Route::ListNotices {
            state: None,
            before: None,
            limit: None,
        })),
        noticed(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 204], |_, o| Route::RetryNotice { notice: o.notice }),
            |_, _, _| json!({}),
        )),
        noticed(with(
            row(Pending, [403, 403, 403, 403, 403, 403, 403, 204], |_, o| Route::DiscardNotice { notice: o.notice }),
            |_, _, _| json!({}),
        )),
        with(row(Pending, [204; 8], |_, _| Route::EndSession), |_, _, _| json!({})),
        with(row(Pending, [204; 8], |_, _| Route::RevokeOwnBearer), |_, _, _| json!({})),
        kiosk(
            second(
                with(row(Enrolled, [403; 8], |_, _| Route::BeginVisit), |lab, o, people| {
                    let path = format!("{EXTENSION}/requests/{}/onetimepassword/distribution", o.second);
                    let made = lab.post(people.of("approver"), &path, json!({})).json();
                    json!({"User": "owner", "OneTimePassword": made["OneTimePassword"].as_str().unwrap_or("none")})
                }),
                "Unblock",
            ),
            200,
        ),
        with(row(Enrolled, [409, 201, 409, 409, 201, 409, 409, 409], |_, _| Route::SignDeskResults), |_, o, _| {
            results(o)
        }),
        second(
            row(Enrolled, [404, 404, 404, 404, 200, 200, 404, 200], |_, o| Route::GetDeskResults {
                results: o.results,
            }),
            "results",
        ),
        kiosk(with(row(Pending, [403; 8], |_, _| Route::ChallengeVisit), |_, _, _| json!({})), 200),
        row(Pending, [200; 8], |_, o| Route::GetKiosk { kiosk: o.kiosk }),
        with(row(Pending, [200; 8], |_, _| Route::HandOverVisit), |_, o, _| json!({ "Kiosk": o.kiosk })),
        kiosk(with(row(Pending, [403; 8], |_, _| Route::EndVisits), |_, _, _| json!({})), 204),
        with(row(Pending, [403, 201, 201, 403, 201, 403, 403, 403], |_, _| Route::CreateRequest), |lab, _, people| {
            json!({
                "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "",
                "target": people.of("owner").uuid,
            })
        }),
        // Whoever may make the request, or carry it out, may know what it would come to.
        with(
            row(Pending, [403, 200, 200, 403, 200, 403, 403, 403], |_, _| Route::ForeseeOrder { card_id: None }),
            |lab, _, people| {
                json!({
                    "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "",
                    "target": people.of("owner").uuid,
                })
            },
        ),
        row(Approved, [404, 200, 404, 403, 200, 403, 403, 403], |_, o| Route::ForeseeRequest {
            request: o.request,
            card_id: None,
        }),
    ]
}

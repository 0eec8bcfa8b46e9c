//! The description of all calls (OpenAPI 3.1), made from the table of routes, the bodies' own schemas and the codes.

use crate::cm::account::{
    Account, AccountChange, BearerEntry, Confirmed, GivenBearer, GivenCode, GivenLink, LinkedIdentity, NewAccount,
    NewBearer, NewIdentity, NewLink, Proposal, ShownCode,
};
use crate::cm::acts::{LeaveOrder, Leaving, LossOutcome, LossReport, Reminded, ReturnOutcome};
use crate::cm::audit::{AttestationReport, LogChain, LoggedAct};
use crate::cm::beyond_mim::{
    DataCollection, Decision, FilledDocument, Myself, OfferedType, OneTimePasswords, SealedKey, User,
};
use crate::cm::card_secrets::{AdminKeyNews, AdminKeyReport, NextAdminKey, PukNews, PukReport};
use crate::cm::certificate::{Certificate, CertificateData, ListedCertificate};
use crate::cm::desk::{DeskResults, SignedResults};
use crate::cm::foresight::Foresight;
use crate::cm::found::{Found, FoundCard, FoundElsewhere, HistoryEntry, TakeOver};
use crate::cm::health::Health;
use crate::cm::logon::LogonView;
use crate::cm::offline::{OfflineChallenge, OfflineResponse};
use crate::cm::outbox::OutboxEntry;
use crate::cm::people::{PeopleList, PeopleOutcome};
use crate::cm::possession::Possession;
use crate::cm::presence::{PresenceAnswer, PresenceChallenge, PresenceOpening, PresenceStep};
use crate::cm::problem::{Problem, ProblemCode};
use crate::cm::profile::Profile;
use crate::cm::report::Report;
use crate::cm::request::{CloseRequest, CreateRequest, Request};
use crate::cm::review::{Queued, Review, Waiting};
use crate::cm::route::{DECLARATIONS, Declaration, Method};
use crate::cm::smartcard::{AssignSmartcard, Smartcard, UpdateSmartcard};
use crate::cm::template::{GenerationOptions, Policy, ProfileTemplateView, SmartcardConfig};
use crate::cm::template_facts::{TemplateFacts, TemplateFile, TemplateVersion};
use crate::cm::visit::{HandOver, HandedOver, Visit, VisitChallenge, VisitOrder, VisitingUser};
use crate::cm::wire::Described;
use serde_json::{Map, Value, json};

/// Names the media type of bodies.
const JSON: &str = "application/json";

/// Lists the statuses that may refuse any call; every other one is covered by "default".
const REFUSALS: [(&str, &str); 11] = [
    ("400", "A parameter, the body or a field of it makes no sense"),
    ("401", "No credentials, or ones that are not known or have expired"),
    ("403", "The caller may not do this"),
    ("404", "Nothing is there that the caller may see"),
    ("405", "The path is called with other verbs"),
    ("408", "The body did not arrive in time"),
    ("409", "The object's state does not allow this"),
    ("413", "The body is too large"),
    ("415", "The body is not application/json"),
    ("429", "Too many calls, or too many failed attempts"),
    ("503", "The server is busy or stopping"),
];

/// Names the call that nobody logs in for.
const ACTIVATION: &str = "api/cardwright/v1/token/activate";

/// Lists the calls of one administrator that another one may have to confirm.
const PROPOSABLE: [(Method, &str); 5] = [
    (Method::Post, "api/cardwright/v1/accounts"),
    (Method::Put, "api/cardwright/v1/accounts/{user}"),
    (Method::Post, "api/cardwright/v1/accounts/{user}/tokens"),
    (Method::Post, "api/cardwright/v1/accounts/{user}/link"),
    (Method::Post, "api/cardwright/v1/accounts/{user}/identities"),
];

/// Holds the schemas of what a call takes and gives.
struct Bodies {
    takes: Option<Taken>,
    gives: Gives,
}

/// Holds the schema of what a call takes, and whether it must come.
struct Taken {
    schema: Value,
    required: bool,
}

/// Returns what a call takes that does not go without.
fn required(schema: Value) -> Option<Taken> {
    Some(Taken { schema, required: true })
}

/// Says what a call answers with when it succeeds.
enum Gives {
    /// 200 with a body of this schema.
    One(Value),
    /// The same, or 204 when there is nothing.
    OneOrNothing(Value),
    /// 200 with a list of this schema, or 204 when it is empty.
    List(Value),
    /// 201 with a location; described by this text.
    Created(&'static str),
    /// 201 with what was made, which other calls name by this parameter.
    Made(Value, &'static str),
    /// 204.
    Nothing,
    /// 200 with a file of this media type.
    File(&'static str),
}

/// Returns the description; its paths stand under this virtual directory.
pub fn document(virtual_directory: &str) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for declaration in DECLARATIONS {
        for (spelling, pattern) in declaration.patterns.iter().enumerate() {
            let item = paths.entry(format!("/{pattern}")).or_insert_with(|| json!({}));
            let verb = declaration.method.name().to_ascii_lowercase();
            match item.get_mut(&verb) {
                // Two calls of one path and verb differ by a parameter: it is described, and nobody must give it.
                Some(known) => add_call(known, declaration, pattern),
                None => drop(item.as_object_mut().map(|item| item.insert(verb, operation(declaration, spelling)))),
            }
        }
    }
    let codes: Vec<_> = ProblemCode::ALL.iter().map(|code| code.name()).collect();
    let mut problem = Problem::schema();
    if let Some(code) = problem.pointer_mut("/properties/Code") {
        *code = json!({ "type": "string", "enum": codes });
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "cardwright, a MIM CM server",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Keys of bodies are read in any letter case, and unknown ones are passed over. HEAD and \
                            OPTIONS are answered wherever GET is.",
        },
        "servers": [{ "url": format!("/{virtual_directory}") }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": { "Problem": problem },
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
            "responses": { "Refusal": {
                "description": "Why the call was refused",
                "content": { JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
        },
    })
}

/// Adds another call of the same path and verb: its parameters, and what it answers with.
fn add_call(known: &mut Value, declaration: &Declaration, pattern: &str) {
    let more = parameters(declaration, pattern, false);
    if let Some(parameters) = known.get_mut("parameters").and_then(Value::as_array_mut) {
        for mut parameter in more {
            if !parameters.iter().any(|known| known["name"] == parameter["name"]) {
                parameter["required"] = false.into();
                parameters.push(parameter);
            }
        }
        for parameter in parameters.iter_mut().filter(|parameter| parameter["in"] == "query") {
            parameter["required"] = false.into();
        }
    }
    let (answers, gives) = responses(&bodies(declaration).gives);
    if let Some(known) = known.get_mut("responses").and_then(Value::as_object_mut) {
        for (status, answer) in answers {
            known.entry(status).or_insert(answer);
        }
    }
    if let Some(schema) = known.pointer_mut("/responses/200/content/application~1json/schema") {
        *schema = json!({ "anyOf": [schema.clone(), gives] });
    }
}

/// Describes one call in one of its spellings.
fn operation(declaration: &Declaration, spelling: usize) -> Value {
    let pattern = declaration.patterns.get(spelling).copied().unwrap_or_default();
    let Bodies { takes, gives } = bodies(declaration);
    let (mut answers, _) = responses(&gives);
    for (status, description) in REFUSALS {
        let refusal = json!({
            "description": description,
            "content": { JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        answers.insert(status.into(), refusal);
    }
    if PROPOSABLE.contains(&(declaration.method, pattern)) {
        let what = "Another administrator is to confirm it: nothing was changed yet";
        let answer = json!({ "description": what, "content": { JSON: { "schema": Proposal::schema() } } });
        answers.insert("202".into(), answer);
    }
    answers.insert("default".into(), json!({ "$ref": "#/components/responses/Refusal" }));
    let mut operation = json!({
        "operationId": format!("{} {pattern}", declaration.method),
        "parameters": parameters(declaration, pattern, true),
        "responses": answers,
    });
    if pattern == ACTIVATION {
        operation["security"] = json!([]);
    }
    if declaration.method != Method::Get {
        let Taken { schema, required } = takes.unwrap_or(Taken { schema: json!({}), required: true });
        operation["requestBody"] = json!({ "required": required, "content": { JSON: { "schema": schema } } });
    }
    operation
}

/// Describes the parameters of a call; those in its path are always required.
fn parameters(declaration: &Declaration, pattern: &str, may_be_required: bool) -> Vec<Value> {
    let each = declaration.parameters.iter().zip(declaration.schemas);
    each.map(|((name, required), schema)| {
        let in_path = pattern.contains(&format!("{{{name}}}"));
        json!({
            "name": name,
            "in": if in_path { "path" } else { "query" },
            "required": in_path || (*required && may_be_required),
            "schema": schema(),
        })
    })
    .collect()
}

/// Returns the answers of success by status, and the schema of the one with a body.
fn responses(gives: &Gives) -> (Map<String, Value>, Value) {
    let content = |media_type: &str, schema: &Value| json!({ media_type: { "schema": schema } });
    let mut answers = Map::new();
    let schema = match gives {
        Gives::One(schema) | Gives::OneOrNothing(schema) | Gives::Made(schema, _) => schema.clone(),
        Gives::List(schema) => json!({ "type": "array", "items": schema }),
        Gives::Created(_) => json!({ "type": "string" }),
        Gives::File(_) | Gives::Nothing => json!({}),
    };
    let (status, answer) = match gives {
        Gives::Created(what) => ("201", json!({ "description": what, "content": content(JSON, &schema) })),
        Gives::Made(_, name) => {
            let links = links(name);
            ("201", json!({ "description": "Made", "content": content(JSON, &schema), "links": links }))
        }
        Gives::Nothing => ("204", json!({ "description": "Done" })),
        Gives::File(media_type) => {
            ("200", json!({ "description": "The file", "content": content(media_type, &schema) }))
        }
        _ => ("200", json!({ "description": "Done", "content": content(JSON, &schema) })),
    };
    answers.insert(status.into(), answer);
    if matches!(gives, Gives::OneOrNothing(_) | Gives::List(_)) {
        answers.insert("204".into(), json!({ "description": "There is nothing" }));
    }
    (answers, schema)
}

/// Links to the calls about what was just made: those with this parameter in their path.
fn links(name: &str) -> Value {
    let placeholder = format!("{{{name}}}");
    let about = DECLARATIONS.iter().filter_map(|declaration| {
        let pattern = declaration.patterns.first().filter(|pattern| pattern.contains(&placeholder))?;
        let operation = format!("{} {pattern}", declaration.method);
        let link = json!({ "operationId": operation, "parameters": { name: "$response.body#/Uuid" } });
        Some((operation.replace(['/', ' ', '{', '}'], "_"), link))
    });
    Value::Object(about.collect())
}

/// Returns the bodies of a call, which the end of its first pattern tells: MIM's calls here, others below.
fn bodies(declaration: &Declaration) -> Bodies {
    let pattern = declaration.patterns.first().copied().unwrap_or_default();
    let tail = pattern.strip_prefix("api/v1.0/").or_else(|| pattern.strip_prefix("api/")).unwrap_or(pattern);
    let text = || json!({ "type": "string" });
    let one = |schema: Value| Bodies { takes: None, gives: Gives::One(schema) };
    let list = |schema: Value| Bodies { takes: None, gives: Gives::List(schema) };
    let maybe = |schema: Value| Bodies { takes: None, gives: Gives::OneOrNothing(schema) };
    let takes = |takes: Value, gives: Gives| Bodies { takes: required(takes), gives };
    match (declaration.method, tail) {
        (Method::Get, "profiletemplates") => list(ProfileTemplateView::schema()),
        (Method::Get, "profiletemplates/{template}") => one(ProfileTemplateView::schema()),
        (Method::Get, "profiletemplates/{template}/policies/{workflow}") => maybe(Policy::schema()),
        (Method::Get, "profiletemplates/{template}/configuration/smartcards") => maybe(SmartcardConfig::schema()),
        (Method::Post, "requests") => takes(CreateRequest::schema(), Gives::Created("The request's location")),
        (Method::Get, "requests" | "cardwright/v1/requests") => list(Request::schema()),
        (Method::Get, "requests/{request}") => one(Request::schema()),
        (Method::Put, "requests/{request}") => takes(CloseRequest::schema(), Gives::One(Request::schema())),
        (Method::Get, "requests/{request}/certificaterequestgenerationoptions") => list(GenerationOptions::schema()),
        (Method::Post, "requests/{request}/certificatedata") => {
            takes(CertificateData::schema(), Gives::List(Certificate::schema()))
        }
        (Method::Post, "smartcards") => takes(AssignSmartcard::schema(), Gives::Created("The card's location")),
        (Method::Get, "smartcards") if declaration.parameters.is_empty() => list(Smartcard::schema()),
        (Method::Get, "smartcards" | "smartcards/{smartcard}" | "requests/{request}/smartcards/{smartcard}") => {
            one(Smartcard::schema())
        }
        (Method::Put, "requests/{request}/smartcards/{smartcard}") => {
            // A card can only be retired: this may go without a body, as Microsoft's example does.
            let takes = Some(Taken { schema: UpdateSmartcard::schema(), required: false });
            Bodies { takes, gives: Gives::One(Smartcard::schema()) }
        }
        (Method::Get, tail) if tail.ends_with("/diversifiedkey") => one(text()),
        (Method::Get, tail) if tail.ends_with("/authenticationresponse") => one(text()),
        (Method::Get, tail) if tail.ends_with("/serverproposedpin") => one(text()),
        (Method::Get, tail) if tail.ends_with("/operations") => maybe(Vec::<String>::schema()),
        (Method::Get, "profiles" | "requests/{request}/profiles") => list(Profile::schema()),
        (Method::Get, "profiles/{profile}" | "requests/{request}/profiles/{profile}") => one(Profile::schema()),
        (Method::Get, "certificates" | "profiles/{profile}/certificates" | "smartcards/{smartcard}/certificates") => {
            list(ListedCertificate::schema())
        }
        _ => bodies_beyond_mim(declaration.method, tail),
    }
}

/// Returns the bodies of calls that MIM does not have.
fn bodies_beyond_mim(method: Method, tail: &str) -> Bodies {
    let one = |schema: Value| Bodies { takes: None, gives: Gives::One(schema) };
    let list = |schema: Value| Bodies { takes: None, gives: Gives::List(schema) };
    let takes = |takes: Value, gives: Value| Bodies { takes: required(takes), gives: Gives::One(gives) };
    let file = |media_type| Bodies { takes: None, gives: Gives::File(media_type) };
    let tail = tail.strip_prefix("cardwright/v1/").unwrap_or(tail);
    match (method, tail) {
        (Method::Get, "profiletemplates/{template}") => one(TemplateFacts::schema()),
        (Method::Get, "profiletemplates/{template}/versions") => list(TemplateVersion::schema()),
        (Method::Get, "profiletemplates/{template}/file") => one(TemplateFile::schema()),
        (Method::Get, "whoami") => one(Myself::schema()),
        (Method::Get, "users") => one(User::schema()),
        (Method::Get, "cards" | "cards/ending") => list(FoundCard::schema()),
        (Method::Get, "people") => list(Account::schema()),
        (Method::Get, "people/elsewhere") => one(FoundElsewhere::schema()),
        (Method::Post, "people/elsewhere") => takes(TakeOver::schema(), Account::schema()),
        (Method::Get, "search") => list(Found::schema()),
        (Method::Get, "health") => one(Health::schema()),
        (Method::Get, "reports/{report}" | "cards/ending/months") => one(Report::schema()),
        (Method::Get, "smartcards/{smartcard}/logon") => one(LogonView::schema()),
        (Method::Post, "smartcards/{smartcard}/lost") => takes(LossReport::schema(), LossOutcome::schema()),
        (Method::Post, "smartcards/{smartcard}/remind") => takes(ignored_object(), Reminded::schema()),
        (Method::Post, "smartcards/{smartcard}/returned") => takes(ignored_object(), ReturnOutcome::schema()),
        (Method::Get, "people/{user}/leaving") => one(Leaving::schema()),
        (Method::Post, "people/{user}/leave") => takes(LeaveOrder::schema(), Leaving::schema()),
        (Method::Get, tail) if tail.ends_with("/history") => list(HistoryEntry::schema()),
        (Method::Get, tail) if tail.ends_with("/requesttypes") => list(OfferedType::schema()),
        (Method::Post, "requests/foresight") => takes(CreateRequest::schema(), Foresight::schema()),
        (Method::Get, "requests/{request}/foresight") => one(Foresight::schema()),
        (Method::Get, "requests/{request}/review") => one(Review::schema()),
        (Method::Get, "requests/queue") => list(Queued::schema()),
        (Method::Get, "requests/waiting") => one(Waiting::schema()),
        (Method::Post, "requests/{request}/approve" | "requests/{request}/deny") => {
            takes(Decision::schema(), Request::schema())
        }
        (Method::Put, "requests/{request}/datacollection") => takes(DataCollection::schema(), Request::schema()),
        (Method::Get, "requests/{request}/documents") => list(FilledDocument::schema()),
        (Method::Post, "requests/{request}/possession") => takes(Possession::schema(), Request::schema()),
        (Method::Post, tail) if tail.ends_with("/presence") => {
            takes(PresenceOpening::schema(), PresenceChallenge::schema())
        }
        (Method::Put, tail) if tail.ends_with("/presence") => takes(PresenceStep::schema(), PresenceAnswer::schema()),
        (Method::Post, "requests/{request}/onetimepassword") => takes(OneTimePasswords::schema(), Request::schema()),
        (Method::Post, "requests/{request}/onetimepassword/distribution") => {
            takes(ignored_object(), OneTimePasswords::schema())
        }
        (Method::Post, "requests/{request}/sealedkeys") => {
            Bodies { takes: required(ignored_object()), gives: Gives::List(SealedKey::schema()) }
        }
        (Method::Get, "smartcards/{smartcard}/adminkey") => one(AdminKeyReport::schema()),
        (Method::Put, tail) if tail.ends_with("/adminkey") => takes(AdminKeyNews::schema(), AdminKeyReport::schema()),
        (Method::Get, tail) if tail.ends_with("/adminkey") => one(String::schema()),
        (Method::Get, tail) if tail.ends_with("/adminkey/next") => one(NextAdminKey::schema()),
        (Method::Put, tail) if tail.ends_with("/puk") => takes(PukNews::schema(), PukNews::schema()),
        (Method::Get, tail) if tail.ends_with("/puk") => one(PukReport::schema()),
        (Method::Post, tail) if tail.ends_with("/offlineunblock") => {
            takes(OfflineChallenge::schema(), OfflineResponse::schema())
        }
        (Method::Get, "audit") => list(LoggedAct::schema()),
        (Method::Get, "audit/chains") => list(LogChain::schema()),
        (Method::Get, "certificates/{serial}/attestation") => one(AttestationReport::schema()),
        (Method::Get, "ca/certificate") => file("application/pkix-cert"),
        (Method::Get, "ca/crl") => file("application/pkix-crl"),
        _ => bodies_of_accounts(method, tail),
    }
}

/// Returns the bodies of calls about users, bearer tokens and sessions.
fn bodies_of_accounts(method: Method, tail: &str) -> Bodies {
    let list = |schema: Value| Bodies { takes: None, gives: Gives::List(schema) };
    let takes = |takes: Value, gives: Gives| Bodies { takes: required(takes), gives };
    match (method, tail) {
        (Method::Get, "accounts") => list(Account::schema()),
        (Method::Post, "accounts") => takes(NewAccount::schema(), Gives::Made(Account::schema(), "user")),
        (Method::Post, "people/import") => takes(PeopleList::schema(), Gives::One(PeopleOutcome::schema())),
        (Method::Put, "accounts/{user}") => takes(AccountChange::schema(), Gives::One(Account::schema())),
        (Method::Get, "accounts/{user}/tokens") => list(BearerEntry::schema()),
        (Method::Post, "accounts/{user}/tokens") => {
            takes(NewBearer::schema(), Gives::Made(GivenCode::schema(), "token"))
        }
        (Method::Post, "accounts/{user}/link") => takes(NewLink::schema(), Gives::Made(GivenLink::schema(), "link")),
        (Method::Get, "accounts/{user}/identities") => list(LinkedIdentity::schema()),
        (Method::Post, "accounts/{user}/identities") => {
            takes(NewIdentity::schema(), Gives::Made(LinkedIdentity::schema(), "identity"))
        }
        (Method::Post, "identities/{identity}/unlink") => takes(ignored_object(), Gives::Nothing),
        (Method::Get, "proposals") => list(Proposal::schema()),
        (Method::Post, "proposals/{proposal}/confirm") => takes(ignored_object(), Gives::One(Confirmed::schema())),
        (Method::Post, "proposals/{proposal}/reject") => takes(ignored_object(), Gives::Nothing),
        (_, "token/activate") => takes(ShownCode::schema(), Gives::Made(GivenBearer::schema(), "token")),
        (_, "token/renew") => takes(ignored_object(), Gives::Made(GivenBearer::schema(), "token")),
        (Method::Post, "visits") => takes(VisitOrder::schema(), Gives::One(Visit::schema())),
        (Method::Get, "visits/kiosks/{kiosk}") => Bodies { takes: None, gives: Gives::One(VisitingUser::schema()) },
        (Method::Post, "visits/handover") => takes(HandOver::schema(), Gives::One(HandedOver::schema())),
        (Method::Post, "visits/challenge") => takes(ignored_object(), Gives::One(VisitChallenge::schema())),
        (Method::Post, "desk/results") => takes(DeskResults::schema(), Gives::Made(SignedResults::schema(), "results")),
        (Method::Get, "desk/results/{results}") => Bodies { takes: None, gives: Gives::One(SignedResults::schema()) },
        (Method::Get, "outbox") => list(OutboxEntry::schema()),
        (Method::Post, "outbox/{notice}/retry" | "outbox/{notice}/discard") => takes(ignored_object(), Gives::Nothing),
        (Method::Post, "tokens/{token}/revoke" | "token/revoke" | "session/end" | "visits/end") => {
            takes(ignored_object(), Gives::Nothing)
        }
        // A test sees to it that nothing is left over.
        _ => Bodies { takes: None, gives: Gives::One(json!({})) },
    }
}

/// Returns the schema of an object whose content is ignored.
fn ignored_object() -> Value {
    json!({ "type": "object" })
}

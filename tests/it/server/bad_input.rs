//! What no call takes, tried on every call that changes something: a clear refusal, and nothing changed.
//!
//! Routes come from the table of routes, fields from the bodies' own descriptions: a new one is tried without being
//! named here.

use super::openapi::whole;
use super::permission::rows::{Objects, People, ROLES, Row, Stage, lab, prepared, rows};
use super::permission::{Line, line_asked, line_of};
use super::support::{Answer, Lab};
use cardwright::cm::route::{DECLARATIONS, Method, Route, VIRTUAL_DIRECTORY};
use cardwright::server::openapi;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};
use uuid::Uuid;

/// What the server writes by itself, whoever calls: signatures of the log, lists, how far its rounds have come, and when a
/// token was last used.
const OWN: [&str; 5] = ["audit_signatures", "audit_sent", "crls", "counters", "told"];

/// A look at the store from beside the server.
struct Watch {
    database: Connection,
    /// Whether acts of the log count.
    log: bool,
    seen: (i64, u64),
}

impl Watch {
    fn new(lab: &Lab, log: bool) -> Self {
        let database = Connection::open(lab.data().join("cardwright.db")).unwrap();
        let mut watch = Self { database, log, seen: (0, 0) };
        watch.has_changed();
        watch
    }

    /// Has the store changed since it was last asked?
    fn has_changed(&mut self) -> bool {
        let version = self.database.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap();
        if version == self.seen.0 {
            return false;
        }
        let digest = self.digest();
        std::mem::replace(&mut self.seen, (version, digest)).1 != digest
    }

    /// All that the store holds, as a number.
    fn digest(&self) -> u64 {
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let mut names = self.database.prepare(names).unwrap();
        let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
        let mut hasher = DefaultHasher::new();
        for name in names.filter(|name| !OWN.contains(&&**name) && (self.log || !name.starts_with("audit"))) {
            let mut rows = self.database.prepare(&format!("SELECT * FROM {name}")).unwrap();
            // How often a row was written is in the log's number of acts.
            let counts = |column: &usize| match rows.column_name(*column).unwrap() {
                "last_used" => false,
                "changes" => self.log,
                _ => true,
            };
            let columns: Vec<usize> = (0..rows.column_count()).filter(counts).collect();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                name.hash(&mut hasher);
                columns.iter().for_each(|column| match row.get_ref(*column).unwrap() {
                    ValueRef::Null => 0u8.hash(&mut hasher),
                    ValueRef::Integer(number) => number.hash(&mut hasher),
                    ValueRef::Real(number) => number.to_bits().hash(&mut hasher),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.hash(&mut hasher),
                });
            }
        }
        hasher.finish()
    }
}

/// A call that changes something, with objects of its own and somebody who may make it.
struct Call<'l> {
    lab: &'l Lab,
    people: &'l People,
    row: &'l Row,
    who: &'static str,
    objects: Objects,
    route: Route,
}

impl<'l> Call<'l> {
    fn new(lab: &'l Lab, people: &'l People, row: &'l Row, stage: Stage) -> Self {
        let objects = prepared(lab, people, stage, row.second);
        // Who is let through last: the administrator, else the agent; both see other people's objects.
        let may = |status: &u16| *status < 300 || *status == 409;
        let who = ROLES[row.expected.iter().rposition(may).unwrap()];
        Self { lab, people, row, who, route: (row.route)(lab, &objects), objects }
    }

    fn body(&self) -> Value {
        (self.row.body)(self.lab, &self.objects, self.people)
    }

    fn bytes(&self, path: &str, body: &[u8]) -> Answer {
        let token = &self.people.of(self.who).token;
        self.lab.call_raw(Some(token), self.route.method().name(), path, Some(body), "application/json")
    }

    fn path(&self) -> String {
        VIRTUAL_DIRECTORY.to_owned() + &self.route.path_and_query()
    }

    fn send(&self, body: &Value) -> Answer {
        self.bytes(&self.path(), &serde_json::to_vec(body).unwrap())
    }

    /// What the call takes, by the description that the server serves.
    fn schema(&self) -> Map<String, Value> {
        let document = whole(&openapi("CertificateManagement"));
        let operation = &document["paths"][format!("/{}", self.route.pattern())];
        let verb = self.route.method().name().to_ascii_lowercase();
        let schema = &operation[verb]["requestBody"]["content"]["application/json"]["schema"];
        schema.as_object().unwrap().clone()
    }
}

/// Collects what went wrong, so that one run tells all of it.
struct Findings {
    watch: Watch,
    wrong: Vec<String>,
}

impl Findings {
    fn new(lab: &Lab) -> Self {
        Self { watch: Watch::new(lab, true), wrong: Vec::new() }
    }

    /// The answer refuses with a code and a message fit for a terminal, and the store is as it was.
    fn refused(&mut self, what: &str, answer: &Answer) {
        let message = answer.json()["Message"].as_str().unwrap_or("").to_owned();
        let clear = !answer.code().is_empty() && !message.is_empty() && !message.chars().any(char::is_control);
        if !(400..500).contains(&answer.status) || !clear {
            let said = String::from_utf8_lossy(&answer.bytes).chars().take(200).collect::<String>();
            self.wrong.push(format!("{what}: {} {said}", answer.status));
        }
        self.unchanged(what);
    }

    fn unchanged(&mut self, what: &str) {
        if self.watch.has_changed() {
            self.wrong.push(format!("{what}: something was changed"));
        }
    }

    fn none(self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

/// Values that a field of this schema does not take.
fn wrong_for(schema: &Value) -> Vec<Value> {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        // Data items: an array of objects, or the same as text.
        _ => vec!["array", "object", "string"],
    };
    let takes = |kind: &str| types.contains(&kind);
    let controls = json!("a\u{0}\u{1b}[2J\u{7}");
    let long = "x".repeat(70_000);
    let mut wrong = vec![json!([[1]])];
    if !takes("object") {
        wrong.push(json!({ "a": { "b": 1 } }));
    }
    if !takes("boolean") {
        wrong.push(json!(true));
    }
    if !takes("integer") {
        wrong.extend([json!(1.5), json!(-1)]);
    } else {
        wrong.extend([json!(-1), json!(1.5), json!(u64::MAX), json!("seven")]);
    }
    wrong.extend([json!(long), controls.clone(), json!([long]), json!([controls]), json!(vec!["x"; 5000])]);
    if schema["format"] == "uuid" {
        wrong.extend([json!("not-a-guid"), json!(Uuid::new_v4()), json!(Uuid::nil())]);
    }
    if schema["enum"].is_array() {
        wrong.extend([json!("Exploded"), json!(""), json!(99)]);
    }
    wrong
}

/// What is taken on purpose though its description does not say so; each with its reason.
fn tolerated(line: Line, field: &str, value: &Value) -> bool {
    let (_, pattern, _) = line;
    let priority = ["priority", "Priority"].contains(&field);
    // The empty GUID is MIM's word for none.
    let none = value == &json!(Uuid::nil()) && ["smartcard", "profile", "target", "CardId"].contains(&field);
    // A card's own id is whatever the card says.
    let own =
        field == "cardid" && value.as_str().is_some_and(|text| Uuid::parse_str(text).is_ok_and(|id| !id.is_nil()));
    // Without a request to be about, a password that is wrong is one more guess: counted, and refused.
    let guess = pattern.ends_with("/onetimepassword") || (pattern.ends_with("/visits") && field.ends_with("Password"));
    // MIM's samples leave the key out; what is in it is not looked at where nothing is protected.
    let unused = field == "pfxpassword" && value.as_str().is_some_and(|text| text.len() < 1024);
    (priority && value == &json!("")) || none || own || (guess && value.is_string()) || unused
}

#[test]
fn no_field_takes_what_is_not_documented() {
    let (lab, people) = lab();
    let mut tried = 0;
    let mut findings = Findings::new(&lab);
    for row in rows().iter() {
        let call = Call::new(&lab, &people, row, row.stage);
        if call.route.method() == Method::Get || call.route == Route::RevokeOwnBearer {
            continue;
        }
        let (good, schema, line) = (call.body(), call.schema(), line_asked(&call.route));
        let name = format!("{} {}", call.route.method(), call.route.pattern());
        findings.watch.has_changed();
        let required: Vec<&str> = schema
            .get("required")
            .map_or(Vec::new(), |names| names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect());
        let fields = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        for (field, of) in &fields {
            let mut values: Vec<Value> =
                wrong_for(of).into_iter().filter(|value| !tolerated(line, field, value)).collect();
            if required.contains(&field.as_str()) {
                values.push(Value::Null);
                let mut without = good.clone();
                without.as_object_mut().unwrap().remove(field);
                findings.refused(&format!("{name} without {field}"), &call.send(&without));
            }
            for value in values {
                let mut body = good.clone();
                body[field] = value.clone();
                let told: String = value.to_string().chars().take(40).collect();
                findings.refused(&format!("{name} {field} = {told}"), &call.send(&body));
                tried += 1;
            }
            let deep = format!("{{\"{field}\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
            findings.refused(&format!("{name} {field} deep"), &call.bytes(&call.path(), deep.as_bytes()));
            let twice = format!("{{\"{field}\":null,\"{}\":null}}", field.to_uppercase());
            findings.refused(&format!("{name} {field} twice"), &call.bytes(&call.path(), twice.as_bytes()));
        }
        // Microsoft's example of this call has no body.
        let none = (call.route.pattern() != "api/v1.0/requests/{request}/smartcards/{smartcard}").then_some("");
        let odd = ["null", "[]", "7", "\"x\"", "{", "{\"a\":}", "\u{feff}", "{}{}", "\u{0}"];
        for odd in none.into_iter().chain(odd) {
            findings.refused(&format!("{name} body {odd:?}"), &call.bytes(&call.path(), odd.as_bytes()));
        }
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(300_000));
        findings.refused(&format!("{name} a large body"), &call.bytes(&call.path(), large.as_bytes()));
        // Letter case of keys, strangers' keys: forgiven, and the call does what it does.
        let mut odd = Map::new();
        good.as_object().unwrap().iter().for_each(|(key, value)| drop(odd.insert(key.to_uppercase(), value.clone())));
        odd.insert("unknown".into(), json!({ "deep": [1, { "ж": "\u{1F4A3}" }] }));
        let done = call.send(&Value::Object(odd)).status;
        let expected = row.expected[ROLES.iter().position(|role| *role == call.who).unwrap()];
        if done != expected {
            findings.wrong.push(format!("{name} in another case: {done}, not {expected}"));
        }
    }
    findings.none();
    assert!(tried > 300, "{tried}");
}

#[test]
fn no_parameter_of_a_query_takes_nonsense() {
    let (lab, people) = lab();
    let mut findings = Findings::new(&lab);
    let (mut tried, long) = (0, "x".repeat(5000));
    for row in rows().iter() {
        let call = Call::new(&lab, &people, row, row.stage);
        findings.watch.has_changed();
        let line = line_asked(&call.route);
        let declaration = DECLARATIONS.iter().find(|declaration| line_of(declaration) == line).unwrap();
        let (path, query) = (call.path(), call.path());
        let (path, given) = (path.split('?').next().unwrap(), query.split_once('?').map_or("", |(_, query)| query));
        let in_query = declaration.parameters.iter().filter(|(name, _)| !line.1.contains(&format!("{{{name}}}")));
        for (name, required) in in_query {
            let others = given.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with(&format!("{name}=")));
            let others = others.map(|pair| format!("{pair}&")).collect::<String>();
            let of_value = |value: &str| format!("{path}?{others}{name}={value}");
            let mut wrong = ["-1", "%00", "%FF", "Exploded%1B[2J", &long].map(of_value).to_vec();
            // Whatever can be seen may be searched for.
            if matches!(line.1, "api/cardwright/v1/people" | "api/cardwright/v1/search") {
                wrong.remove(0);
            }
            wrong.push(format!("{path}?{others}{name}=1&{}=1", name.to_uppercase()));
            // One path may be another call without the parameter: all cards, and the one with this id.
            if *required && Route::parse(Method::Get, path, Some(&others)).is_err() {
                wrong.extend([format!("{path}?{others}"), of_value("")]);
            }
            for path in wrong {
                let answer = lab.call(Some(&people.of(call.who).token), line.0, &path, None);
                findings.refused(&path.chars().take(200).collect::<String>(), &answer);
                tried += 1;
            }
        }
    }
    findings.none();
    assert!(tried > 60, "{tried}");
}

/// The path with one of its GUIDs replaced by each of `others`.
fn misled(path: &str, others: &[Uuid]) -> Vec<String> {
    let parts: Vec<&str> = path.split(['/', '?', '=', '&']).filter(|part| Uuid::parse_str(part).is_ok()).collect();
    let replaced = |part: &str| {
        let part = part.to_owned();
        others.iter().map(move |other| path.replacen(&part, &other.to_string(), 1)).collect::<Vec<_>>()
    };
    parts.into_iter().flat_map(replaced).filter(|misled| misled != path).collect()
}

/// Calls by which whoever has a role for others does something with anybody's card.
const ANYBODYS: [&str; 1] = ["api/cardwright/v1/smartcards/{smartcard}/lost"];

#[test]
fn the_guids_of_others_lead_nowhere() {
    let (lab, people) = lab();
    let others = prepared(&lab, &people, Stage::Enrolled, Some("Retire"));
    let template = lab.template;
    let of_others =
        [others.smartcard, others.profile, others.card_id, template, Uuid::new_v4(), Uuid::nil(), Uuid::max()];
    let mut findings = Findings::new(&lab);
    for row in rows().iter() {
        let call = Call::new(&lab, &people, row, row.stage);
        findings.watch.has_changed();
        let body = call.body();
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(&body).unwrap() };
        for path in misled(&call.path(), &of_others) {
            if ANYBODYS.contains(&call.route.pattern())
                && path.to_ascii_lowercase().contains(&others.smartcard.to_string())
            {
                continue;
            }
            // The same kind of object of somebody else's is theirs to see who see everybody's.
            let reads = call.route.method() == Method::Get
                && Route::parse(Method::Get, path.split('?').next().unwrap(), path.split_once('?').map(|it| it.1))
                    .is_ok();
            let token = &people.of(call.who).token;
            let verb = call.route.method().name();
            let answer =
                lab.call_raw(Some(token), verb, &path, (!bytes.is_empty()).then_some(&bytes), "application/json");
            if reads && answer.status < 300 {
                findings.unchanged(&path);
            } else {
                findings.refused(&format!("{verb} {path}"), &answer);
            }
        }
    }
    findings.none();
}

/// Calls that do the same thing anew each time, by their nature.
const ANEW: [&str; 11] = [
    "api/v1.0/requests",
    "api/cardwright/v1/accounts/{user}/tokens",
    "api/cardwright/v1/accounts/{user}/link",
    "api/cardwright/v1/token/renew",
    "api/cardwright/v1/requests/{request}/onetimepassword/distribution",
    "api/cardwright/v1/requests/{request}/onetimepassword",
    "api/cardwright/v1/requests/{request}/smartcards/{smartcard}/presence",
    "api/cardwright/v1/desk/results",
    "api/cardwright/v1/visits",
    "api/cardwright/v1/visits/challenge",
    "api/cardwright/v1/visits/handover",
];

#[test]
fn a_call_made_twice_changes_nothing_the_second_time() {
    let (lab, people) = lab();
    // That it was said once more may stand in the log.
    let mut findings = Findings { watch: Watch::new(&lab, false), wrong: Vec::new() };
    for row in rows().iter() {
        let call = Call::new(&lab, &people, row, row.stage);
        let pattern = call.route.pattern();
        if call.route.method() == Method::Get || call.route == Route::RevokeOwnBearer || ANEW.contains(&pattern) {
            continue;
        }
        let body = call.body();
        let first = call.send(&body);
        if first.status == 409 {
            continue;
        }
        assert!(first.status < 300, "{pattern}: {}", first.status);
        findings.watch.has_changed();
        let again = call.send(&body);
        match again.status {
            200..300 => findings.unchanged(&format!("{pattern} again")),
            _ => findings.refused(&format!("{pattern} again"), &again),
        }
    }
    findings.none();
}

#[test]
fn a_call_made_too_early_is_refused() {
    let (lab, people) = lab();
    let mut findings = Findings::new(&lab);
    for row in rows().iter().filter(|row| row.second.is_none()) {
        for stage in Stage::ALL.into_iter().filter(|stage| *stage < row.stage) {
            let call = Call::new(&lab, &people, row, stage);
            let names = call.route.pattern().contains("{request}") || call.route == Route::AssignSmartcard;
            if call.route.method() == Method::Get || !names {
                continue;
            }
            findings.watch.has_changed();
            findings.refused(&format!("{} when {stage:?}", call.route.pattern()), &call.send(&call.body()));
        }
    }
    findings.none();
}

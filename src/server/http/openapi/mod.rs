//! The description of all calls (OpenAPI 3.1), made from the table of routes, the bodies' own schemas and the codes.

mod bodies;
mod components;

use crate::cm::account::Proposal;
use crate::cm::problem::{Problem, ProblemCode};
use crate::cm::route::{DECLARATIONS, Declaration, Method};
use crate::cm::wire::Described;
use bodies::{Bodies, Gives, Taken, bodies};
use components::Components;
use serde_json::{Map, Value, json};

/// Names the media type of bodies.
const JSON: &str = "application/json";

/// Lists the answers that may refuse any call; "default" covers every status that is not named.
const REFUSALS: [(&str, &str); 12] = [
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
    ("default", "Why the call was refused"),
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
    let mut components = Components::default();
    let mut problem = Problem::schema();
    if let Some(code) = problem.pointer_mut("/properties/Code") {
        *code = json!({ "type": "string", "enum": codes });
    }
    components.add("Problem", problem);
    let mut paths = Value::Object(paths);
    components.gather(&mut paths);
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
            "schemas": components.schemas(),
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
            "responses": refusals(),
        },
    })
}

/// Describes each refusal once.
fn refusals() -> Value {
    let content = json!({ JSON: { "schema": components::reference("Problem") } });
    let each = REFUSALS.map(|(status, what)| (status.to_owned(), json!({ "description": what, "content": content })));
    Value::Object(each.into_iter().collect())
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
    for (status, _) in REFUSALS {
        answers.insert(status.into(), json!({ "$ref": format!("#/components/responses/{status}") }));
    }
    if PROPOSABLE.contains(&(declaration.method, pattern)) {
        let what = "Another administrator is to confirm it: nothing was changed yet";
        let answer = json!({ "description": what, "content": { JSON: { "schema": Proposal::schema() } } });
        answers.insert("202".into(), answer);
    }
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

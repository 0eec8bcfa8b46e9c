//! The description of all calls, and a tool that believes it.

use super::support::{Enrolled, Lab, Person};
use crate::support::program::{Program, end};
use cardwright::cm::route::{DECLARATIONS, Method};
use cardwright::server::openapi;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The description with each reference to a schema or an answer replaced by what it refers to.
pub fn whole(document: &Value) -> Value {
    fn resolved(part: &Value, document: &Value) -> Value {
        match part {
            Value::Object(parts) => match parts.get("$ref").and_then(Value::as_str) {
                Some(to) => resolved(document.pointer(to.trim_start_matches('#')).expect(to), document),
                None => Value::Object(parts.iter().map(|(key, it)| (key.clone(), resolved(it, document))).collect()),
            },
            Value::Array(parts) => parts.iter().map(|part| resolved(part, document)).collect(),
            other => other.clone(),
        }
    }
    resolved(document, document)
}

#[test]
fn a_schema_that_many_calls_share_stands_in_the_description_once() {
    let document = openapi("CertificateManagement");
    let text = document["paths"].to_string();
    assert!(!text.contains("\"title\""), "two schemas share a title");
    assert!(text.len() * 3 < whole(&document)["paths"].to_string().len(), "{}", text.len());
}

#[test]
fn every_route_is_described_in_every_spelling() {
    let document = whole(&openapi("CertificateManagement"));
    assert_eq!(document["openapi"], "3.1.0");
    for declaration in DECLARATIONS {
        for pattern in declaration.patterns {
            let verb = declaration.method.name().to_ascii_lowercase();
            let operation = &document["paths"][format!("/{pattern}")][&verb];
            assert!(operation["responses"]["default"].is_object(), "{verb} {pattern}");
            assert_eq!(operation["requestBody"].is_object(), declaration.method != Method::Get, "{verb} {pattern}");
            let known: Vec<&str> =
                operation["parameters"].as_array().unwrap().iter().filter_map(|known| known["name"].as_str()).collect();
            assert!(declaration.parameters.iter().all(|(name, _)| known.contains(name)), "{verb} {pattern}: {known:?}");
        }
    }
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            let taken = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert!(verb == "get" || taken["type"] == "object", "{verb} {path} takes {taken}");
            let given = ["200", "201"].map(|status| &operation["responses"][status]["content"]["application/json"]);
            let anything = |content: &&&Value| content.is_object() && content["schema"] == serde_json::json!({});
            assert_eq!(given.iter().find(anything), None, "{verb} {path} is described as any JSON");
        }
    }
    let requests = &document["paths"]["/api/v1.0/requests"]["post"]["requestBody"]["content"]["application/json"];
    assert_eq!(requests["schema"]["properties"]["profiletemplateuuid"]["format"], "uuid", "{requests}");
}

#[test]
fn the_program_prints_what_the_server_serves() {
    let lab = Lab::plain(|template| template);
    let served = lab.call(None, "GET", "/openapi.json", None).ok();
    let printed = end(&mut Program::new().command(["--json", "server", "openapi"]));
    assert_eq!(serde_json::from_str::<Value>(&printed.stdout).unwrap(), served);
}

/// The description, with objects that exist for its parameters: calls get beyond "not found".
fn with_objects(lab: &Lab, mut document: Value, card: &Enrolled, managed: &Person) -> Value {
    let known = |name: &str| match name {
        "template" => lab.template.to_string(),
        "request" => card.request.clone(),
        "smartcard" => card.smartcard.clone(),
        "cardid" => card.card_id.to_string(),
        "user" => managed.uuid.to_string(),
        _ => String::new(),
    };
    for operation in document["paths"].as_object_mut().unwrap().values_mut() {
        for parameters in operation.as_object_mut().unwrap().values_mut() {
            for parameter in parameters["parameters"].as_array_mut().unwrap() {
                let object = known(parameter["name"].as_str().unwrap());
                if !object.is_empty() {
                    parameter["schema"] = serde_json::json!({ "enum": [object, uuid::Uuid::nil()] });
                }
            }
        }
    }
    document
}

/// Not asked for: what is tolerant on purpose (`negative_data_rejection`: null for absent, unknown keys, keys in any
/// case; a table of our own tries what is not), what a state machine refuses (`positive_data_acceptance`), what needs a
/// call that deletes (`use_after_free`), and `missing_required_header`, as no call has one. OPTIONS is answered without
/// credentials, so `ignored_auth` holds for the described verbs.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method,ignored_auth,ensure_resource_availability";

/// The call after which nothing else could be asked with the same token.
const LAST: &str = "/token/revoke";

/// Runs the tool on the paths that are wanted; it follows what one call says of another.
fn judge(tool: &str, lab: &Lab, person: &Person, described: &Value, wanted: impl Fn(&str) -> bool, checks: &str) {
    let mut described = described.clone();
    described["paths"].as_object_mut().unwrap().retain(|path, _| wanted(path));
    let file = lab.directory.path().join("openapi.json");
    std::fs::write(&file, described.to_string()).unwrap();
    let run = Command::new(tool)
        .arg("run")
        .arg(&file)
        .args(["--url", &format!("{}/CertificateManagement", lab.base())])
        .args(["--header", &format!("Authorization: Bearer {}", person.token)])
        .args(["--checks", checks, "--phases", "examples,coverage,fuzzing,stateful"])
        .args(["--max-examples", "8", "--seed", "4"])
        .args(["--generation-database", "none", "--no-color", "--continue-on-failure"])
        .current_dir(lab.directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    println!("{said}");
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn schemathesis_finds_no_failure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = Command::new(root.join("scripts/schemathesis")).output().unwrap();
    if !made.status.success() {
        println!("skipped: schemathesis cannot be installed: {}", String::from_utf8_lossy(&made.stderr));
        return;
    }
    let tool = String::from_utf8(made.stdout).unwrap();
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    let settings = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let unlimited = ["secrets_per_caller", "secrets_per_card", "failures_per_address", "failures_per_name"]
        .map(|limit| format!("{limit} = {{ burst = 1, per_minute = 0 }}\n"))
        .concat();
    let roles = "[roles]\nadmin = [\"group:administrators\"]\n";
    std::fs::write(&settings, format!("{text}\n{roles}[limits]\n{unlimited}")).unwrap();
    lab.start();
    let person = lab.user("alice", &["operators", "approvers", "auditors", "administrators"]);
    let managed = lab.user("bob", &[]);
    let card = lab.enrolled(&person);
    let served = lab.call(None, "GET", "/openapi.json", None).ok();
    let described = with_objects(&lab, served, &card, &managed);
    judge(tool.trim(), &lab, &person, &described, |path| !path.ends_with(LAST), CHECKS);
    // From the first answer on the caller is nobody: what is described of that is all that can be held.
    let conformance = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    judge(tool.trim(), &lab, &managed, &described, |path| path.ends_with(LAST), conformance);
}

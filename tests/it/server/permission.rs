//! Every route, asked by everybody.

pub mod rows;

use super::support::{API, EXTENSION, Lab, Person};
use cardwright::cm::route::{DECLARATIONS, Declaration, Method, Route, VIRTUAL_DIRECTORY};
use rows::{ROLES, Stage, lab, prepared, rows, template};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Verb, first pattern, and whether the query must name something: what tells two lines of the table from each other.
pub type Line = (&'static str, &'static str, bool);

pub fn line_of(declaration: &Declaration) -> Line {
    let pattern = declaration.patterns[0];
    let in_query = |(name, required): &(&str, bool)| *required && !pattern.contains(&format!("{{{name}}}"));
    (declaration.method.name(), pattern, declaration.parameters.iter().any(in_query))
}

pub fn line_asked(route: &Route) -> Line {
    (route.method().name(), route.pattern(), route.path_and_query().contains('?'))
}

#[test]
fn every_line_of_the_table_has_a_row() {
    let (lab, people) = lab();
    let objects = prepared(&lab, &people, Stage::Pending, None);
    let asked: Vec<Line> = rows().iter().map(|row| line_asked(&(row.route)(&lab, &objects))).collect();
    let known: Vec<Line> = DECLARATIONS.iter().map(line_of).collect();
    let (asked, distinct) = (BTreeSet::from_iter(asked), BTreeSet::from_iter(known.clone()));
    assert_eq!(distinct.len(), known.len(), "two lines of the table are alike");
    assert_eq!(asked, distinct, "a route has no row, or a row no route");
    for row in rows() {
        let takes = (row.route)(&lab, &objects).method() != Method::Get;
        assert_eq!((row.body)(&lab, &objects, &people).is_object(), takes, "{:?}", (row.route)(&lab, &objects));
        assert!(row.expected.iter().any(|status| *status < 300 || *status == 409), "nobody may: no success is shown");
    }
}

#[test]
fn everybody_gets_what_is_theirs_and_nothing_else() {
    let (lab, people) = lab();
    let expired = lab.user_until("expired", &["agent"], OffsetDateTime::now_utc() - Duration::hours(1));
    let disabled = lab.user("disabled", &["agent"]);
    let path = format!("{EXTENSION}/accounts/{}", disabled.uuid);
    lab.put(people.of("administrator"), &path, json!({"Disabled": true})).ok();
    let mut wrong = Vec::new();
    for row in rows() {
        let strangers = [("nobody", None, 401), ("expired", Some(&expired), 401), ("disabled", Some(&disabled), 403)];
        let known = ROLES.iter().zip(row.expected).map(|(role, status)| (*role, Some(people.of(role)), status));
        for (role, who, expected) in strangers.into_iter().chain(known) {
            // Its own objects for everybody who may change them.
            let objects = prepared(&lab, &people, row.stage, row.second);
            let route = (row.route)(&lab, &objects);
            let (verb, path) = (route.method().name(), VIRTUAL_DIRECTORY.to_owned() + &route.path_and_query());
            let body = (row.body)(&lab, &objects, &people);
            let body = Some(&body).filter(|body| !body.is_null());
            let own = who.filter(|_| route == Route::RevokeOwnBearer && expected < 300).map(|who| another(&lab, who));
            let token = own.as_deref().or(who.map(|who| who.token.as_str()));
            // Whoever activates a token has none yet.
            let expected = if route == Route::ActivateBearer { 201 } else { expected };
            let answer = lab.call(token, verb, &path, body);
            if answer.status != expected || (expected >= 400 && answer.code().is_empty()) {
                wrong.push(format!(
                    "{} as {role}: {} {}, not {expected}",
                    route.pattern(),
                    answer.status,
                    answer.code()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Another token of the same person: whoever revokes the one of the call can ask nothing more.
fn another(lab: &Lab, person: &Person) -> String {
    let fresh = lab.post(person, &format!("{EXTENSION}/token/renew"), json!({})).ok();
    fresh["Bearer"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_hidden_looks_like_what_is_not_there() {
    let (lab, people) = lab();
    let stranger = people.of("stranger");
    let objects = prepared(&lab, &people, Stage::Enrolled, None);
    let without_id = |path: String| {
        let mut body = lab.get(stranger, &path).json();
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

/// The serial of a certificate is told by a history to those alone who are shown the card's certificates.
#[test]
fn a_history_tells_nobody_what_the_lists_hide() {
    let (lab, people) = lab();
    let objects = prepared(&lab, &people, Stage::Enrolled, None);
    let path = format!("{API}/smartcards/{}/certificates", objects.smartcard);
    let answers = ROLES.map(|role| {
        let who = people.of(role);
        let listed = lab.get(who, &path).status == 200;
        let told = lab.get(who, &format!("{EXTENSION}/people/{}/history", objects.owner));
        let entries = if told.status == 200 { told.ok() } else { json!([]) };
        let is_told = entries.as_array().unwrap().iter().any(|entry| entry["What"] == "Issued");
        (role, listed, is_told)
    });
    assert_eq!(
        answers.map(|(_, listed, _)| listed),
        [false, true, true, false, true, true, true, true, false],
        "{answers:?}"
    );
    assert!(answers.iter().all(|(_, listed, told)| listed == told), "{answers:?}");
}

/// Who has a part finds people, and is not told by which identifier Windows knows them.
#[test]
fn security_identifiers_are_told_to_those_who_see_everything() {
    let (lab, people) = lab();
    let path = format!("{EXTENSION}/accounts/{}", people.of("owner").uuid);
    lab.put(people.of("administrator"), &path, json!({"Sid": "S-1-5-21-1-2-3-1104"})).ok();
    let told = |role: &str| {
        let answer = lab.get(people.of(role), &format!("{EXTENSION}/people?begins=owner"));
        if answer.status == 200 { answer.ok().to_string() } else { String::new() }
    };
    for (role, found, sid) in [
        ("stranger", false, false),
        ("initiator", true, false),
        ("approver", true, false),
        ("agent", true, false),
        ("owner", true, true),
        ("auditor", true, true),
        ("administrator", true, true),
    ] {
        let told = told(role);
        assert_eq!((told.contains("owner"), told.contains("S-1-5-21")), (found, sid), "{role}: {told}");
    }
}

/// What cards come with from the factory is for those who open cards with it.
#[test]
fn default_keys_are_told_to_those_alone_who_can_execute() {
    let key = "0102030405060708".repeat(3);
    let edit = |required: &str| {
        let (key, required) = (key.clone(), required.to_owned());
        move |template: String| {
            let head = template.split("[workflows.enroll]").next().unwrap().to_owned();
            let head = head.replace("default_admin_key_hex = \"\"", &format!("default_admin_key_hex = {key:?}"));
            head.replace("default_value = \"\"", "default_value = \"76543210\"")
                + "[workflows.enroll]\nself_service = true\napprovers = [\"group:approvers\"]\napprovals_needed = 1\n\
                   enrollment_agents = [\"group:agents\"]\nenrollment_agent_required = "
                + &required
                + "\n"
        }
    };
    let told = |lab: &Lab, who: &Person| {
        let path = format!("{API}/profiletemplates/{}/configuration/smartcards", lab.template);
        let config = lab.get(who, &path).ok();
        (config["DefaultAdminKeyHex"].clone(), config["AdminPinPolicy"]["DefaultValue"].clone())
    };
    let (all, nothing) = ((json!(key), json!("76543210")), (json!(""), json!("")));
    let lab = Lab::plain(edit("true"));
    for (name, groups, expected) in
        [("alice", &[][..], &nothing), ("boris", &["approvers"], &nothing), ("agnes", &["agents"], &all)]
    {
        assert_eq!(&told(&lab, &lab.user(name, groups)), expected, "{name}");
    }
    let lab = Lab::plain(edit("false"));
    assert_eq!(told(&lab, &lab.user("alice", &[])), all, "her own request is hers to execute");
}

#[test]
fn a_template_for_officers_is_hidden_from_others() {
    let lab = Lab::plain(|text| template(text).replace("self_service = true", "self_service = false"));
    let stranger = lab.user("stranger", &[]);
    let agent = lab.user("agent", &["agent"]);
    assert_eq!(lab.get(&stranger, &format!("{API}/profiletemplates")).status, 204);
    assert_eq!(
        lab.get(&stranger, &format!("{API}/profiletemplates/{}", lab.template)).refusal(),
        (404, "not-found".into())
    );
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": ""});
    assert_eq!(lab.post(&stranger, &format!("{API}/requests"), body).refusal(), (404, "not-found".into()));
    assert_eq!(lab.get(&agent, &format!("{API}/profiletemplates")).status, 200);
}

//! People of the directory that the server takes people over from.

use crate::cli::connection::several;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::client::CmClient;
use crate::cm::found::{FoundElsewhere, PersonElsewhere};
use serde_json::{Value, json};
use uuid::Uuid;

/// Prints whom a text has found.
pub fn print(found: &FoundElsewhere, output: &Output) -> Result<(), Failure> {
    let people: Vec<Value> = found.people.iter().map(document).collect();
    output.result(&json!({ "people": people, "more": found.more }), || {
        if found.people.is_empty() {
            return "nobody".into();
        }
        let mut text = Text::default();
        text.append(Output::table(
            ["NAME", "DISPLAY NAME", "UPN", "E-MAIL", "DEPARTMENT", ""],
            found.people.iter().map(row),
        ));
        if found.more {
            text.line("and more: type more of the name");
        }
        text
    })
}

/// Finds the one person whom a text names: exactly, or as the only one.
pub fn one(client: &CmClient, what: &str) -> Result<Uuid, Failure> {
    let FoundElsewhere { mut people, more } = client.people_elsewhere(what)?;
    let is_named = |person: &PersonElsewhere| {
        [&person.name, &person.upn, &person.email].into_iter().any(|name| name.eq_ignore_ascii_case(what))
    };
    let exactly = people.iter().any(is_named);
    if exactly {
        people.retain(is_named);
    }
    match people.as_slice() {
        [PersonElsewhere { id: Some(id), .. }] if exactly || !more => Ok(*id),
        [] => Err(Failure::new("not-found", Exit::Usage, format!("nobody in the directory is called \"{what}\""))
            .remedy("`cardwright person find --directory` takes a part of a name, UPN or e-mail address.")),
        [..] => Err(several("people of the directory", what, people.iter().map(|person| person.name.clone()))),
    }
}

/// Lays a person out; of one who cannot be taken over the entry and why.
fn row(person: &PersonElsewhere) -> [String; 6] {
    let PersonElsewhere { name, display_name, upn, email, department, known, disabled, dn, problem, .. } = person;
    let said = [
        if known.is_some() { "known here" } else { "" },
        if *disabled { "disabled there" } else { "" },
        problem.as_str(),
    ];
    let said: Vec<&str> = said.into_iter().filter(|said| !said.is_empty()).collect();
    let name = if name.is_empty() { dn } else { name };
    [name.clone(), display_name.clone(), upn.clone(), email.clone(), department.clone(), said.join(", ")]
}

fn document(person: &PersonElsewhere) -> Value {
    let PersonElsewhere { id, name, display_name, upn, email, department, known, disabled, dn, problem } = person;
    json!({
        "id": id, "name": name, "display_name": display_name, "upn": upn, "email": email, "department": department,
        "known": known, "disabled": disabled, "dn": dn, "problem": problem,
    })
}

//! `cardwright card`, `person`, `search` and `report`: finds cards and people by what somebody knows of them.

mod cards;
mod elsewhere;
mod history;
mod leaving;
mod lending;
mod missing;
mod report;
mod which;

use crate::cli::args::{FoundArgs, PersonCommand};
use crate::cli::connection::client;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Text};
use crate::cli::settings::Settings;
use crate::client::{CardChoice, CmClient};
use crate::cm::account::Account;
use serde_json::{Value, json};

pub use cards::run as card;
pub use report::run as report;

/// Bounds the cards that are shown with a person.
const MOST_CARDS: u32 = 100;
/// Bounds the entries of a history that are shown with a person.
const LATEST: usize = 10;

/// Carries a command about people out.
pub fn person(command: PersonCommand, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    match command {
        PersonCommand::Find { text, directory: false, server } => find(&client(&settings, &server)?, &text, output),
        PersonCommand::Find { text, directory: true, server } => {
            elsewhere::print(&client(&settings, &server)?.people_elsewhere(&text)?, output)
        }
        PersonCommand::Add { text, server } => {
            let client = client(&settings, &server)?;
            let person = client.take_over(elsewhere::one(&client, &text)?)?;
            output.result(&person_document(&person), || format!("{} has an account here", person.name))
        }
        PersonCommand::Show(args) => show(&client(&settings, &args.server)?, &args.what, output),
        PersonCommand::Leave(args) => leaving::leave(&client(&settings, &args.server)?, &args, output),
        PersonCommand::History(args) => {
            let client = client(&settings, &args.server)?;
            let person = which::person(&client, &args.what)?;
            history::print(&client.person_history(person.uuid, None)?, output)
        }
    }
}

/// Searches for whatever a text names.
pub fn search(args: &FoundArgs, output: &Output) -> Result<(), Failure> {
    let found = client(&Settings::load()?, &args.server)?.search(&args.what)?;
    let documents: Vec<Value> = found.iter().map(which::document).collect();
    output.result(&documents, || match found.is_empty() {
        true => "nothing".into(),
        false => which::table(&found),
    })
}

/// Finds people by how a name begins.
fn find(client: &CmClient, text: &str, output: &Output) -> Result<(), Failure> {
    let people = client.people(text)?;
    let documents: Vec<Value> = people.iter().map(person_document).collect();
    output.result(&documents, || {
        if people.is_empty() {
            return "nobody".into();
        }
        let rows = people.iter().map(|person| {
            let Account { name, upn, email, groups, disabled, .. } = person;
            let state = if *disabled { "disabled" } else { "" };
            let named = |text: &Option<String>| text.clone().unwrap_or_default();
            [name.clone(), named(upn), named(email), groups.join(", "), state.into()]
        });
        Output::table(["NAME", "UPN", "E-MAIL", "GROUPS", ""], rows)
    })
}

/// Returns a person as scripts get one.
fn person_document(person: &Account) -> Value {
    let Account { uuid, name, groups, upn, email, sid, disabled } = person;
    json!({
        "person": uuid, "name": name, "groups": groups, "upn": upn, "email": email, "sid": sid, "disabled": disabled,
    })
}

/// Shows a person, with cards and what happened last.
fn show(client: &CmClient, what: &str, output: &Output) -> Result<(), Failure> {
    let person = which::person(client, what)?;
    let choice = CardChoice { owner: Some(person.uuid), ..CardChoice::default() };
    let cards = client.cards(choice, None, MOST_CARDS)?;
    let mut latest = client.person_history(person.uuid, None)?;
    latest.truncate(LATEST);
    let mut document = person_document(&person);
    let lists = [
        ("cards", cards.iter().map(cards::document).collect::<Vec<_>>()),
        ("history", latest.iter().map(history::document).collect()),
    ];
    if let Value::Object(fields) = &mut document {
        fields.extend(lists.map(|(name, list)| (name.to_owned(), list.into())));
    }
    output.result(&document, || {
        let Account { uuid, name, groups, upn, email, disabled, .. } = &person;
        let mut text = Text::default();
        text.line(format!("{name}{}", if *disabled { " (disabled)" } else { "" }));
        let named = [("UPN", upn.clone()), ("e-mail", email.clone()), ("groups", Some(groups.join(", ")))];
        for (label, value) in named.into_iter().filter_map(|(label, value)| Some((label, value?))) {
            text.line(format!("{label:8}{value}"));
        }
        text.line(format!("{:8}{uuid}", "GUID"));
        if !cards.is_empty() {
            text.append(cards::table(&cards));
        }
        if !latest.is_empty() {
            text.append(history::table(&latest));
        }
        text
    })
}

//! `cardwright template`: lists and shows a server's profile templates; checks and imports template files.

mod file;

use crate::cli::args::TemplateCommand;
use crate::cli::connection::client;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::settings::Settings;
use crate::client::CmClient;
use crate::cm::request::RequestType;
use crate::cm::template::ProfileTemplateView;
use serde_json::{Value, json};

/// Lists the workflows whose policy `template show` prints.
const WORKFLOWS: [RequestType; 5] =
    [RequestType::Enroll, RequestType::Renew, RequestType::Unblock, RequestType::OfflineUnblock, RequestType::Retire];

/// Carries a command of `cardwright template` out.
pub fn run(command: TemplateCommand, output: &Output) -> Result<(), Failure> {
    match command {
        TemplateCommand::Check { path } => file::check(&path, output),
        TemplateCommand::Import { files, out } => file::import(&files, out.as_deref(), output),
        TemplateCommand::List { server } => list(&client(&Settings::load()?, &server)?, output),
        TemplateCommand::Show { template, server } => show(&client(&Settings::load()?, &server)?, &template, output),
    }
}

/// Prints the templates that the caller may use.
fn list(client: &CmClient, output: &Output) -> Result<(), Failure> {
    let templates = client.list_profile_templates()?;
    output.result(&templates, || {
        if templates.is_empty() {
            return "no template is offered to you".into();
        }
        let rows = templates.iter().map(|t| {
            let kind = if t.is_smartcard { "smart card" } else { "software" };
            [t.name.clone(), kind.to_string(), t.uuid.to_string(), t.description.clone()]
        });
        Output::table(["NAME", "KIND", "UUID", "DESCRIPTION"], rows)
    })
}

/// Prints a template, found by name or UUID: its view, smart card configuration and policies.
fn show(client: &CmClient, wanted: &str, output: &Output) -> Result<(), Failure> {
    let templates = client.list_profile_templates()?;
    let named = |t: &&ProfileTemplateView| t.name == wanted || t.uuid.to_string().eq_ignore_ascii_case(wanted);
    let Some(template) = templates.iter().find(named) else {
        let known: Vec<&str> = templates.iter().map(|t| t.name.as_str()).collect();
        let message = format!("no template is called {wanted:?}; there are: {}", known.join(", "));
        return Err(Failure::new("template-unknown", Exit::Usage, message).remedy("Name one of these templates."));
    };
    let mut policies = serde_json::Map::new();
    for workflow in WORKFLOWS {
        match client.policy(template.uuid, workflow) {
            Ok(policy) => policies.insert(format!("{workflow:?}"), json!(policy)),
            // A template need not offer every workflow.
            Err(crate::client::Error::Refused { .. }) => None,
            Err(error) => return Err(error.into()),
        };
    }
    let configuration =
        if template.is_smartcard { json!(client.smartcard_config(template.uuid)?) } else { Value::Null };
    let document = json!({ "template": template, "configuration": configuration, "policies": policies });
    output.result(&document, || Text::document(&document))
}

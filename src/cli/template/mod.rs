//! `cardwright template`: lists and shows a server's profile templates; checks and imports template files.

mod file;
mod sentences;

use crate::cli::args::TemplateCommand;
use crate::cli::connection::client;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::settings::Settings;
use crate::client::{self, CmClient};
use crate::cm::request::RequestType;
use crate::cm::template::{Policy, ProfileTemplateView, SmartcardConfig};
use crate::cm::template_facts::TemplateFacts;
use serde_json::json;

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
    let mut policies = Vec::new();
    for workflow in RequestType::ALL {
        match client.policy_if_any(template.uuid, *workflow) {
            // A template need not offer every workflow.
            Ok(policy) => policies.extend(policy.map(|policy| (*workflow, policy))),
            Err(client::Error::Refused { .. }) => (),
            Err(error) => return Err(error.into()),
        }
    }
    let configuration = if template.is_smartcard { Some(client.smartcard_config(template.uuid)?) } else { None };
    // A server that is not cardwright's tells no more than MIM does.
    let facts = match client.template_facts(template.uuid) {
        Ok(facts) => Some(facts),
        Err(client::Error::ExtensionAbsent { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let by_name: serde_json::Map<_, _> =
        policies.iter().map(|(workflow, policy)| (workflow.name().to_owned(), json!(policy))).collect();
    let document = json!({ "template": template, "configuration": configuration, "policies": by_name, "facts": facts });
    output.result(&document, || in_sentences(template, configuration.as_ref(), &policies, facts.as_ref()))
}

fn in_sentences(
    template: &ProfileTemplateView,
    configuration: Option<&SmartcardConfig>,
    policies: &[(RequestType, Policy)],
    facts: Option<&TemplateFacts>,
) -> Text {
    let (offered, others): (Vec<_>, Vec<_>) = policies.iter().partition(|(_, policy)| policy.enabled);
    let mut lines = sentences::kind(template);
    lines.extend(facts.into_iter().flat_map(sentences::certificates));
    lines.extend(configuration.into_iter().flat_map(sentences::card));
    lines.extend(offered.iter().flat_map(|(kind, policy)| sentences::workflow(*kind, policy)));
    lines.extend(facts.into_iter().flat_map(sentences::lifecycle));
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|(kind, _)| kind.name()).collect();
        lines.push(format!("Not offered: {}", names.join(", ")));
    }
    lines.into_iter().collect()
}

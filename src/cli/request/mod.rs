//! `cardwright request`: lists, shows, creates, decides, completes and cancels requests; gives what policies ask for.

mod answer;
mod approve;
mod create;
mod decision;

use crate::cli::args::RequestCommand;
use crate::cli::connection::client;
use crate::cli::data_item::data_items;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, date};
use crate::cli::review::{Patience, document, patience, show, show_reviewed};
use crate::cli::secrets;
use crate::cli::settings::Settings;
use crate::client::CmClient;
use crate::cm::beyond_mim::{DataCollection, OneTimePasswords};
use crate::cm::request::RequestStatus;
use crate::enrollment::own_words;
use approve::passwords_told;
use decision::decision;
use serde_json::Value;

/// Carries a command about requests out.
pub fn run(command: RequestCommand, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    match command {
        RequestCommand::List { server, status } => list(&client(&settings, &server)?, status.as_deref(), output),
        RequestCommand::Create(args) => create::run(&settings, &args, output),
        RequestCommand::Complete(args) => create::complete(&settings, &args, output),
        RequestCommand::Answer(args) => answer::run(&settings, &args, output),
        RequestCommand::Show(args) => {
            let client = client(&settings, &args.request.server)?;
            Patience::new(&client, patience(args.wait)).until_decided(args.request.request, output)?;
            show_reviewed(&client, args.request.request, output)
        }
        RequestCommand::Approve(args) => approve::run(&settings, &args, output),
        RequestCommand::Deny(args) => {
            let client = client(&settings, &args.decision.server)?;
            show(&client.deny(args.request, &decision(&args.decision)?)?, output)
        }
        RequestCommand::Collect { request, server, data } => {
            let items = DataCollection { items: data_items(&data)? };
            show(&client(&settings, &server)?.collect_data(request, &items)?, output)
        }
        RequestCommand::Prove { request, server, password_from, second_password_from } => {
            let first = Some(secrets::one_time_password(password_from.as_ref())?);
            let second = second_password_from.as_ref().map(|source| secrets::one_time_password(Some(source)));
            let passwords = OneTimePasswords { first, second: second.transpose()? };
            show(&client(&settings, &server)?.prove_one_time_password(request, &passwords)?, output)
        }
        RequestCommand::Distribute(args) => {
            let passwords = client(&settings, &args.server)?.distribute_one_time_password(args.request)?;
            let text = || match passwords_told(&passwords) {
                told if told.is_empty() => "the one-time password is on its way".into(),
                told => told.into_iter().collect::<Text>(),
            };
            output.once(&passwords, text, || "Distribute it again: the server makes another.".into())
        }
        RequestCommand::Documents(args) => {
            let documents = client(&settings, &args.server)?.documents(args.request)?;
            output.result(&documents, || {
                let mut text = Text::default();
                documents.iter().for_each(|form| text.append(Text::block(&form.text)));
                text
            })
        }
        RequestCommand::Cancel(args) => {
            let client = client(&settings, &args.server)?;
            client.cancel(args.request)?;
            show(&client.request(args.request)?, output)
        }
    }
}

fn list(client: &CmClient, status: Option<&str>, output: &Output) -> Result<(), Failure> {
    let status = status.map(status_named).transpose()?;
    let requests = match client.visible_requests(status) {
        // Microsoft's server lists only the caller's own requests.
        Err(crate::client::Error::ExtensionAbsent { .. }) => client.requests(status)?,
        other => other?,
    };
    let documents: Vec<Value> = requests.iter().map(document).collect();
    output.result(&documents, || {
        if requests.is_empty() {
            return "no request".into();
        }
        let rows = requests.iter().map(|r| {
            [
                r.uuid.to_string(),
                format!("{:?}", r.request_type),
                format!("{:?}", r.status),
                date(r.submitted),
                r.target.to_string(),
                own_words(&r.comment).to_string(),
            ]
        });
        Output::table(["REQUEST", "TYPE", "STATUS", "SUBMITTED", "TARGET", "COMMENT"], rows)
    })
}

fn status_named(name: &str) -> Result<RequestStatus, Failure> {
    RequestStatus::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = RequestStatus::ALL.iter().map(|status| status.name()).collect();
        let known = names.join(", ");
        Failure::new("status-unknown", Exit::Usage, format!("{name:?} is no status of a request; there are: {known}"))
            .remedy("Give --status one of these, or leave it out for all.")
    })
}

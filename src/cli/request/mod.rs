//! `cardwright request`: lists, shows, creates, decides, completes and cancels requests; gives what policies ask for.

mod answer;
mod create;
mod document;

use crate::cli::args::{ApprovalArgs, DecisionArgs, RequestCommand};
use crate::cli::connection::client;
use crate::cli::data_item::data_items;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, date};
use crate::cli::prompt::confirm;
use crate::cli::secrets;
use crate::cli::settings::Settings;
use crate::client::CmClient;
use crate::cm::beyond_mim::{DataCollection, Decided, Decision, OneTimePasswords};
use crate::cm::problem::ProblemCode;
use crate::cm::request::RequestStatus;
use crate::enrollment::own_words;
use document::{document, mark, show, text_of};
use serde_json::Value;
use uuid::Uuid;

/// Carries a command about requests out.
pub fn run(command: RequestCommand, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    match command {
        RequestCommand::List { server, status } => list(&client(&settings, &server)?, status.as_deref(), output),
        RequestCommand::Create(args) => create::run(&settings, &args, output),
        RequestCommand::Complete(args) => create::complete(&settings, &args, output),
        RequestCommand::Answer(args) => answer::run(&settings, &args, output),
        RequestCommand::Show(args) => show(&client(&settings, &args.server)?.request(args.request)?, output),
        RequestCommand::Approve(args) => approve(&settings, &args, output),
        RequestCommand::Deny(args) => {
            show(&client(&settings, &args.server)?.deny(args.request, &decision(&args)?)?, output)
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

fn decision(args: &DecisionArgs) -> Result<Decision, Failure> {
    let data_collection = data_items(&args.data)?;
    Ok(Decision { comment: args.comment.clone(), data_collection, priority: args.priority, seen: None })
}

/// Approves a request, as it was shown, and shows it together with its one-time passwords if the server gives them.
fn approve(settings: &Settings, args: &ApprovalArgs, output: &Output) -> Result<(), Failure> {
    let ApprovalArgs { decision: args, seen, yes } = args;
    let (client, decision) = (client(settings, &args.server)?, decision(args)?);
    let shown = client.request(args.request)?;
    match seen {
        Some(seen) if *seen != mark(&shown) => return Err(changed(args.request)),
        Some(_) => {}
        None if output.has_a_person() && !yes => {
            text_of(&document(&shown)).lines().for_each(|line| output.tell(line));
            confirm(false, "Approve this request?")?;
        }
        None => {}
    }
    // The server refuses it where the items have become others since.
    let decision = Decision { seen: Some(shown.data_collection), ..decision };
    let Decided { request, passwords } = client.approve(args.request, &decision)?;
    let mut shown = document(&request);
    if let Value::Object(with) = &mut shown
        && let Ok(Value::Object(secrets)) = serde_json::to_value(&passwords)
    {
        with.extend(secrets);
    }
    let text = || {
        let mut text = text_of(&document(&request));
        text.append(passwords_told(&passwords).into_iter().collect());
        text
    };
    if passwords_told(&passwords).is_empty() {
        return output.result(&shown, text);
    }
    output.once(&shown, text, || {
        format!("The request is approved. For another password: cardwright request distribute {}", request.uuid)
    })
}

/// Makes the failure of data items that are others than those that were seen; nothing was sent.
fn changed(request: Uuid) -> Failure {
    let message = "the data items of this request are others than those that you have seen; it was not approved";
    Failure::new(ProblemCode::DataChanged.name(), Exit::Refused, message)
        .about(request)
        .remedy(format!("Look at it again (cardwright request show {request}), then approve it with its new mark."))
}

/// Writes one-time passwords for the approver who hands them over. No other text shows them.
fn passwords_told(passwords: &OneTimePasswords) -> Vec<String> {
    let told = [&passwords.first, &passwords.second].into_iter().flatten();
    told.map(|password| format!("one-time password {}", password.expose())).collect()
}

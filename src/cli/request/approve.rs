//! `cardwright request approve`: shows what is to be approved, asks once, and approves one request after the other.

use super::decision::decision;
use crate::cli::args::ApprovalArgs;
use crate::cli::connection::{client, person};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, counted};
use crate::cli::prompt::confirm;
use crate::cli::review::{document, mark, text, text_of};
use crate::cli::settings::Settings;
use crate::client::{self, CmClient};
use crate::cm::beyond_mim::{Decided, Decision, OneTimePasswords};
use crate::cm::problem::ProblemCode;
use crate::cm::request::{Request, RequestStatus};
use crate::cm::review::Review;
use serde_json::{Value, json};
use uuid::Uuid;

/// Bounds the requests that one command approves.
const MOST: usize = 100;

/// Holds a request as it was shown.
struct Shown {
    request: Request,
    /// `None` at a server that has no reviews.
    review: Option<Review>,
}

/// Approves what is named, as it was shown, and prints it with the one-time passwords that the server gives.
pub fn run(settings: &Settings, args: &ApprovalArgs, output: &Output) -> Result<(), Failure> {
    let client = client(settings, &args.decision.server)?;
    let decision = decision(&args.decision)?;
    let shown = match &args.all_for {
        Some(named) => waiting_for(&client, named)?,
        None if args.requests.len() > MOST => {
            let message = format!("at most {MOST} requests are taken at once");
            return Err(Failure::new("too-many", Exit::Usage, message).remedy("Approve them in several goes."));
        }
        None => args.requests.iter().map(|request| read(&client, *request)).collect::<Result<_, _>>()?,
    };
    if let (Some(seen), [one]) = (&args.seen, shown.as_slice())
        && *seen != mark(&one.request)
    {
        return Err(changed(one.request.uuid));
    }
    if shown.is_empty() {
        return output.result(&Vec::<Value>::new(), || "nothing waits for your approval there");
    }
    let confirmed = args.seen.is_some() && shown.len() == 1;
    if !confirmed && (output.has_a_person() || args.all_for.is_some()) && !args.yes {
        shown.iter().for_each(|one| tell(one, output));
        let question = match shown.len() {
            1 => "Approve this request?".to_owned(),
            many => format!("Approve these {}?", counted(u64::try_from(many).unwrap_or(u64::MAX), "request")),
        };
        confirm(false, &question)?;
    }
    match <[Shown; 1]>::try_from(shown) {
        Ok([one]) if args.all_for.is_none() => approve_one(&client, one, &decision, output),
        Ok([one]) => approve_all(&client, vec![one], &decision, output),
        Err(several) => approve_all(&client, several, &decision, output),
    }
}

/// Reads a request as it is shown; one that can be approved no more is refused before anybody is asked.
fn read(client: &CmClient, request: Uuid) -> Result<Shown, Failure> {
    match client.review(request) {
        Ok(review) => Ok(Shown { request: review.request.clone(), review: Some(review) }),
        Err(client::Error::ExtensionAbsent { .. }) => Ok(Shown { request: client.request(request)?, review: None }),
        Err(error) => Err(Failure::from(error).about(request)),
    }
}

/// Finds the pending requests of a person or template on which the caller may decide.
fn waiting_for(client: &CmClient, named: &str) -> Result<Vec<Shown>, Failure> {
    let id = named.trim().parse::<Uuid>().ok();
    let templates = client.list_profile_templates()?;
    let template = templates
        .iter()
        .find(|template| Some(template.uuid) == id || template.name.eq_ignore_ascii_case(named.trim()))
        .map(|template| template.uuid);
    let of: Box<dyn Fn(&Request) -> bool> = match template {
        Some(template) => Box::new(move |request| request.profile_template == template),
        None => {
            let target = person(client, named)?;
            Box::new(move |request| request.target == target)
        }
    };
    let pending = client.visible_requests(Some(RequestStatus::Pending))?;
    let mut shown = Vec::new();
    for request in pending.iter().filter(|request| of(request)) {
        let one = read(client, request.uuid)?;
        if one.review.as_ref().is_none_or(|review| review.may_decide) {
            shown.push(one);
        }
        if shown.len() == MOST {
            break;
        }
    }
    Ok(shown)
}

/// Shows a request before its approval.
fn tell(shown: &Shown, output: &Output) {
    let text = match &shown.review {
        Some(review) => text(review),
        None => text_of(&document(&shown.request)),
    };
    text.lines().for_each(|line| output.tell(line));
}

/// Approves a request as it was shown; the server refuses it where the items have become others since.
fn approved(client: &CmClient, shown: Shown, decision: &Decision) -> Result<Decided, Failure> {
    let request = shown.request.uuid;
    if let Some(obstacle) = shown.review.and_then(|review| review.obstacle) {
        return Err(Failure::new(&obstacle.code, Exit::Refused, obstacle.text).about(request).remedy(
            "It can be approved no more: deny it, or have it canceled, and a new one made where it is wanted.",
        ));
    }
    let decision = Decision { seen: Some(shown.request.data_collection), ..decision.clone() };
    client.approve(request, &decision).map_err(|error| Failure::from(error).about(request))
}

/// Approves one request, and prints it.
fn approve_one(client: &CmClient, shown: Shown, decision: &Decision, output: &Output) -> Result<(), Failure> {
    let Decided { request, passwords } = approved(client, shown, decision)?;
    let text = || {
        let mut text = text_of(&document(&request));
        text.append(passwords_told(&passwords).into_iter().collect());
        text
    };
    let told = told(&request, &passwords);
    if passwords_told(&passwords).is_empty() {
        return output.result(&told, text);
    }
    output.once(&told, text, || {
        format!("The request is approved. For another password: cardwright request distribute {}", request.uuid)
    })
}

/// Approves one after the other, and prints what became of each; fails where one could not be approved.
fn approve_all(client: &CmClient, shown: Vec<Shown>, decision: &Decision, output: &Output) -> Result<(), Failure> {
    let (mut documents, mut text, mut refused, mut secret) = (Vec::new(), Text::default(), 0_u32, false);
    for one in shown {
        let uuid = one.request.uuid;
        match approved(client, one, decision) {
            Ok(Decided { request, passwords }) => {
                text.line(format!("{uuid}  {}", request.status));
                passwords_told(&passwords).into_iter().for_each(|line| {
                    secret = true;
                    text.line(format!("  {line}"));
                });
                documents.push(told(&request, &passwords));
            }
            Err(failure) => {
                refused += 1;
                text.line(format!("{uuid}  not approved"));
                failure.lines().into_iter().for_each(|line| text.line(format!("  {line}")));
                let mut document = failure.document();
                document["request"] = json!(uuid);
                documents.push(document);
            }
        }
    }
    if secret {
        let lost = || "They are approved. For other passwords: cardwright request distribute".into();
        output.once(&documents, || text, lost)?;
    } else {
        output.result(&documents, || text)?;
    }
    if refused > 0 { Err(Failure::told("some-not-approved", Exit::Refused)) } else { Ok(()) }
}

/// Returns an approved request as scripts get it, with its one-time passwords.
fn told(request: &Request, passwords: &OneTimePasswords) -> Value {
    let mut told = document(request);
    if let Value::Object(with) = &mut told
        && let Ok(Value::Object(secrets)) = serde_json::to_value(passwords)
    {
        with.extend(secrets);
    }
    told
}

/// Makes the failure of data items that are others than those that were seen; nothing was sent.
fn changed(request: Uuid) -> Failure {
    let message = "the data items of this request are others than those that you have seen; it was not approved";
    Failure::new(ProblemCode::DataChanged.name(), Exit::Refused, message)
        .about(request)
        .remedy(format!("Look at it again (cardwright request show {request}), then approve it with its new mark."))
}

/// Writes one-time passwords for the approver who hands them over. No other text shows them.
pub fn passwords_told(passwords: &OneTimePasswords) -> Vec<String> {
    let told = [&passwords.first, &passwords.second].into_iter().flatten();
    told.map(|password| format!("one-time password {}", password.expose())).collect()
}

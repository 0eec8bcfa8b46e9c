//! `cardwright request create` and `complete`: makes a request of any type, and carries out what needs no card.

use crate::cli::args::{AwaitedArgs, RequestCreateArgs, RequestKind};
use crate::cli::connection::{self, person, template};
use crate::cli::data_item::data_items;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::review::{Patience, next_of, patience, show_reviewed};
use crate::cli::settings::Settings;
use crate::client::{self, CmClient};
use crate::cm::foresight::OpenRequest;
use crate::cm::request::{CreateRequest, CreateTerms, RequestType};
use crate::enrollment::{self, Cause, Stage};

impl RequestKind {
    /// Returns MIM's type; suspending and reinstating are one type there, told apart by [`Self::effect`].
    fn request_type(self) -> RequestType {
        match self {
            Self::Enroll => RequestType::Enroll,
            Self::Duplicate => RequestType::Duplicate,
            Self::Renew => RequestType::Renew,
            Self::Recover => RequestType::Recover,
            Self::RecoverOnBehalf => RequestType::RecoverOnBehalf,
            Self::OnlineUpdate => RequestType::OnlineUpdate,
            Self::Unblock => RequestType::Unblock,
            Self::OfflineUnblock => RequestType::OfflineUnblock,
            Self::Retire => RequestType::Retire,
            Self::Revoke => RequestType::Revoke,
            Self::Suspend | Self::Reinstate => RequestType::Reinstate,
            Self::TemporaryCard => RequestType::TemporaryCards,
        }
    }

    /// Returns what a `Reinstate` request is to do; empty for other types.
    fn effect(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            _ => "",
        }
    }

    /// Says whether completing the request is all there is to do.
    fn is_done_by_completing(self) -> bool {
        matches!(self, Self::Revoke | Self::Suspend | Self::Reinstate)
    }
}

/// Makes the request and shows it; with `--now` completes it, which only some types allow.
pub fn run(settings: &Settings, args: &RequestCreateArgs, output: &Output) -> Result<(), Failure> {
    if args.now && !args.kind.is_done_by_completing() {
        let failure = Failure::new("not-at-once", Exit::Usage, "--now goes with revoke, suspend and reinstate only");
        return Err(failure.remedy("Leave --now out; the request is then carried out once it is approved."));
    }
    let client = connection::client(settings, &args.server)?;
    let order = order(&client, args)?;
    if !args.another {
        refuse_beside_another(&client, &order)?;
    }
    let request = client.create_request(&order)?;
    if args.now {
        client.complete(request)?;
    }
    show_reviewed(&client, request, output)
}

/// Refuses to make a request where another one is open for the same person or card, as far as the server tells.
fn refuse_beside_another(client: &CmClient, order: &CreateRequest) -> Result<(), Failure> {
    let open = match client.foresee(order, None) {
        Ok(foresight) => foresight.open,
        // What would be refused is refused when it is made, for the reason that is known then.
        Err(client::Error::Refused { .. } | client::Error::ExtensionAbsent { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let Some(OpenRequest { request, request_type, status }) = open.first().copied() else { return Ok(()) };
    let cause = Cause::AnotherOpen { request, request_type, status };
    let error = enrollment::Error { stage: Stage::MakeRequest, request: Some(request), cause };
    Err(Failure::from(error).next(next_of(request, request_type, status)))
}

/// Completes a request whose work is done, or that needs no other work, and shows it.
pub fn complete(settings: &Settings, args: &AwaitedArgs, output: &Output) -> Result<(), Failure> {
    let client = connection::client(settings, &args.request.server)?;
    Patience::new(&client, patience(args.wait)).until_decided(args.request.request, output)?;
    client.complete(args.request.request)?;
    show_reviewed(&client, args.request.request, output)
}

/// Builds the body of the call; looks the target up where it is named. Terms are left out where none was given.
fn order(client: &CmClient, args: &RequestCreateArgs) -> Result<CreateRequest, Failure> {
    let target = args.target.as_deref().map(|name| person(client, name)).transpose()?;
    let profile_template = args.template.as_deref().map(|name| template(client, name)).transpose()?;
    let terms = CreateTerms {
        loss_reason: args.loss_reason.clone(),
        revocation_reason: args.revocation_reason.clone(),
        revocation_delay_hours: args.revocation_delay_hours,
        effect: args.kind.effect().to_owned(),
    };
    Ok(CreateRequest {
        profile_template,
        data_collection: data_items(&args.data)?,
        target,
        request_type: args.kind.request_type(),
        comment: args.comment.clone(),
        priority: None,
        smartcard: args.smartcard,
        profile: args.profile,
        terms: Some(terms).filter(|terms| *terms != CreateTerms::default()),
    })
}

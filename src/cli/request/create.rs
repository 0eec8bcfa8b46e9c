//! `cardwright request create` and `complete`: makes a request of any type, and carries out what needs no card.

use super::document::show;
use crate::cli::args::{RequestArgs, RequestCreateArgs, RequestKind};
use crate::cli::connection::{client, person, template};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::client::CmClient;
use crate::cm::request::{CreateRequest, CreateTerms, RequestType};

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
    let client = client(settings, &args.server)?;
    let request = client.create_request(&order(&client, args)?)?;
    if args.now {
        client.complete(request)?;
    }
    show(&client.request(request)?, output)
}

/// Completes a request whose work is done, or that needs no other work, and shows it.
pub fn complete(settings: &Settings, args: &RequestArgs, output: &Output) -> Result<(), Failure> {
    let client = client(settings, &args.server)?;
    client.complete(args.request)?;
    show(&client.request(args.request)?, output)
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
        data_collection: Vec::new(),
        target,
        request_type: args.kind.request_type(),
        comment: args.comment.clone(),
        priority: None,
        smartcard: args.smartcard,
        profile: args.profile,
        terms: Some(terms).filter(|terms| *terms != CreateTerms::default()),
    })
}

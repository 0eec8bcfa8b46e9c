//! `cardwright request create`: asks for any request type, and carries out what needs no card in a reader.

use super::args::{RequestArgs, ServerArgs};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::request::{client, show, user_named};
use super::settings::Settings;
use crate::client::CmClient;
use crate::cm::request::{CreateRequest, CreateTerms, RequestType};
use clap::{Args, ValueEnum};
use uuid::Uuid;

/// What may be asked for; suspending and reinstating are one type of MIM's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Enroll,
    Duplicate,
    Renew,
    Recover,
    RecoverOnBehalf,
    OnlineUpdate,
    Unblock,
    OfflineUnblock,
    Retire,
    Revoke,
    Suspend,
    Reinstate,
    TemporaryCard,
}

impl Kind {
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

    fn effect(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            _ => "",
        }
    }

    /// Whether completing it is all there is to do.
    fn is_done_by_completing(self) -> bool {
        matches!(self, Self::Revoke | Self::Suspend | Self::Reinstate)
    }
}

#[derive(Args)]
pub struct CreateArgs {
    /// What is asked for.
    #[arg(long = "type", value_enum)]
    pub kind: Kind,
    /// The card it is about: its UUID on the server, not its card id.
    #[arg(long, conflicts_with = "profile")]
    pub smartcard: Option<Uuid>,
    /// The profile it is about, where there is no card.
    #[arg(long)]
    pub profile: Option<Uuid>,
    /// The profile template; needed where neither card nor profile is named.
    #[arg(long)]
    pub template: Option<Uuid>,
    /// For whom, by name; the owner of the card or profile otherwise, or you.
    #[arg(long = "for", value_name = "USER")]
    pub target: Option<String>,
    /// Why the card is missing, in the template's words: lost, say.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub loss_reason: String,
    /// Why certificates are revoked, where the policy lets you choose: keyCompromise, say.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub revocation_reason: String,
    /// After how many hours certificates are revoked, where the policy lets you choose.
    #[arg(long, value_name = "HOURS")]
    pub revocation_delay_hours: Option<u32>,
    #[arg(long, default_value = "")]
    pub comment: String,
    /// Carry it out at once, where that needs no card: revoke, suspend, reinstate.
    #[arg(long)]
    pub now: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Makes the request and shows it.
pub fn run(settings: &Settings, args: &CreateArgs, output: &Output) -> Result<(), Failure> {
    if args.now && !args.kind.is_done_by_completing() {
        return Err(Failure::new("not-at-once", Exit::Usage, "--now goes with revoke, suspend and reinstate only"));
    }
    let client = client(settings, &args.server)?;
    let request = client.create_request(&order(&client, args)?)?;
    if args.now {
        client.complete(request)?;
    }
    show(&client.request(request)?, output)
}

/// Completes a request whose work is done, or that has no other.
pub fn complete(settings: &Settings, args: &RequestArgs, output: &Output) -> Result<(), Failure> {
    let client = client(settings, &args.server)?;
    client.complete(args.request)?;
    show(&client.request(args.request)?, output)
}

fn order(client: &CmClient, args: &CreateArgs) -> Result<CreateRequest, Failure> {
    let target = args.target.as_deref().map(|name| user_named(client, name)).transpose()?;
    let terms = CreateTerms {
        loss_reason: args.loss_reason.clone(),
        revocation_reason: args.revocation_reason.clone(),
        revocation_delay_hours: args.revocation_delay_hours,
        effect: args.kind.effect().to_owned(),
    };
    Ok(CreateRequest {
        profile_template: args.template,
        data_collection: Vec::new(),
        target: target.map(|user| user.uuid),
        request_type: args.kind.request_type(),
        comment: args.comment.clone(),
        priority: None,
        smartcard: args.smartcard,
        profile: args.profile,
        terms: Some(terms).filter(|terms| *terms != CreateTerms::default()),
    })
}

//! What can be typed about requests.

use super::ServerArgs;
use crate::cli::secrets::Source;
use clap::{Args, Subcommand};
use uuid::Uuid;

#[derive(Subcommand)]
pub enum RequestCommand {
    /// List the requests you may see.
    List {
        #[command(flatten)]
        server: ServerArgs,
        /// Only those with this status: Pending, Approved, Executing, Completed, Denied, Canceled or Failed.
        #[arg(long)]
        status: Option<String>,
    },
    /// Make a request of any type, for yourself or for others.
    Create(crate::cli::request_create::CreateArgs),
    /// Show a request.
    Show(RequestArgs),
    /// Approve a pending request; a one-time password to be handed over is shown once.
    Approve(DecisionArgs),
    /// Deny a pending request.
    Deny(DecisionArgs),
    /// Say that a request is carried out; a revocation or suspension is carried out by that.
    Complete(RequestArgs),
    /// Cancel a request.
    Cancel(RequestArgs),
    /// Give data items for a request that waits.
    Collect {
        request: Uuid,
        #[command(flatten)]
        server: ServerArgs,
        /// A data item the template asks for.
        #[arg(long = "data", value_name = "NAME=VALUE", required = true)]
        data: Vec<String>,
    },
    /// Prove a request's one-time password, so that the request can be executed.
    Prove {
        request: Uuid,
        #[command(flatten)]
        server: ServerArgs,
        /// Where the one-time password comes from [default: env:CARDWRIGHT_ONE_TIME_PASSWORD, else a prompt].
        #[arg(long, value_name = "SOURCE")]
        password_from: Option<Source>,
        /// Where the second one comes from, if the template has two.
        #[arg(long, value_name = "SOURCE")]
        second_password_from: Option<Source>,
    },
    /// Have one-time passwords made anew, as an approver; those before hold no longer.
    Distribute(RequestArgs),
    /// Print the forms of a request, filled in.
    Documents(RequestArgs),
}

#[derive(Args)]
pub struct RequestArgs {
    pub request: Uuid,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Args)]
pub struct DecisionArgs {
    pub request: Uuid,
    #[command(flatten)]
    pub server: ServerArgs,
    /// A comment that is kept with the decision.
    #[arg(long, default_value = "")]
    pub comment: String,
    /// A data item the template wants of managers; kept with an approval.
    #[arg(long = "data", value_name = "NAME=VALUE")]
    pub data: Vec<String>,
    /// Another priority for the request, 0 is the highest; kept with an approval.
    #[arg(long)]
    pub priority: Option<u8>,
}

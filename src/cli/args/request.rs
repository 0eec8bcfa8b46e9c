//! What can be typed after `request`.

use super::source::Source;
use super::which::{ServerArgs, WaitArgs};
use clap::{Args, Subcommand, ValueEnum};
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
    Create(RequestCreateArgs),
    /// Show a request: who asks, for whom, what it brings, who has decided and who may.
    Show(AwaitedArgs),
    /// Approve pending requests; a one-time password to be handed over is shown once.
    ///
    /// At a terminal they are shown first. What has changed since it was shown is refused. Of several, one that cannot be
    /// approved does not stop the others; the exit code is then that of a refusal.
    Approve(ApprovalArgs),
    /// Deny a pending request.
    Deny(DenialArgs),
    /// Say that a request is carried out; a revocation or suspension is carried out by that.
    Complete(AwaitedArgs),
    /// Answer the code that a user reads out over the telephone, to be read back; for the help desk.
    Answer(RequestAnswerArgs),
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
pub struct AwaitedArgs {
    #[command(flatten)]
    pub request: RequestArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Args)]
pub struct ApprovalArgs {
    /// The requests.
    #[arg(required_unless_present = "all_for")]
    pub requests: Vec<Uuid>,
    /// All that wait for you and are for this person or of this profile template, by name or UUID.
    #[arg(long, value_name = "PERSON|TEMPLATE", conflicts_with_all = ["requests", "seen"])]
    pub all_for: Option<String>,
    #[command(flatten)]
    pub decision: DecisionArgs,
    /// Approve the one request only if the data items still are those that "request show" has shown, by the mark that it told
    /// as "seen".
    #[arg(long, value_name = "MARK")]
    pub seen: Option<String>,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Args)]
pub struct DenialArgs {
    pub request: Uuid,
    #[command(flatten)]
    pub decision: DecisionArgs,
}

#[derive(Args)]
pub struct DecisionArgs {
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

/// What may be asked for; suspending and reinstating are one type of MIM's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RequestKind {
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

#[derive(Args)]
pub struct RequestCreateArgs {
    /// What is asked for.
    #[arg(long = "type", value_enum)]
    pub kind: RequestKind,
    /// The card it is about: its UUID on the server, not its card id.
    #[arg(long, conflicts_with = "profile")]
    pub smartcard: Option<Uuid>,
    /// The profile it is about, where there is no card.
    #[arg(long)]
    pub profile: Option<Uuid>,
    /// The profile template, by name or UUID; needed where neither card nor profile is named.
    #[arg(long)]
    pub template: Option<String>,
    /// For whom, by name or GUID; the owner of the card or profile otherwise, or you.
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
    /// A data item the template asks for.
    #[arg(long = "data", value_name = "NAME=VALUE")]
    pub data: Vec<String>,
    /// Make it even where another one is open for the same person or card.
    #[arg(long)]
    pub another: bool,
    /// Carry it out at once, where that needs no card: revoke, suspend, reinstate.
    #[arg(long)]
    pub now: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Args)]
pub struct RequestAnswerArgs {
    /// The request to unblock offline.
    pub request: Uuid,
    /// The code as it is read out, with or without its dashes, or the sixteen digits of Windows' own screen; it is no
    /// secret [default: a prompt].
    #[arg(long)]
    pub code: Option<String>,
    #[command(flatten)]
    pub server: ServerArgs,
}

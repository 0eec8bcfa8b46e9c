//! What can be typed after `card`, `person` and `search`.

use super::which::ServerArgs;
use clap::{Args, Subcommand, ValueEnum};

#[derive(Subcommand)]
pub enum CardCommand {
    /// List cards, those assigned last first.
    List(CardListArgs),
    /// Show a card and its certificates.
    Show(FoundArgs),
    /// Tell what happened to a card: who asked, who approved, what was issued and revoked.
    History(FoundArgs),
}

#[derive(Subcommand)]
pub enum PersonCommand {
    /// Find people by the beginning of a name, UPN or e-mail address.
    Find {
        /// How a name, UPN or e-mail address begins.
        text: String,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show a person, with cards and what happened last.
    Show(FoundArgs),
    /// Tell what happened to what a person holds.
    History(FoundArgs),
}

#[derive(Args)]
pub struct FoundArgs {
    /// A name, UPN, e-mail address, printed serial, serial number or thumbprint of a certificate, or GUID.
    pub what: String,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Names what is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reported {
    /// How many cards are in which state, by template.
    Cards,
    /// Certificates that were issued.
    Issued,
    /// Certificates that were revoked or are held.
    Revoked,
    /// What approvers have said to requests: who, for whom, when, and why.
    Decisions,
    /// Private keys that have left the server, to whom.
    Recovered,
}

#[derive(Args)]
pub struct ReportArgs {
    /// What to report.
    pub report: Reported,
    #[command(flatten)]
    pub server: ServerArgs,
    /// From this day or moment on, such as 2026-01-31 or 2026-01-31T08:00:00Z (UTC) [default: from the beginning].
    #[arg(long, value_name = "WHEN")]
    pub from: Option<String>,
    /// Before this day or moment [default: up to now].
    #[arg(long, value_name = "WHEN")]
    pub to: Option<String>,
    /// Print comma-separated values (RFC 4180) with a head; each row says as of when.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

#[derive(Args)]
pub struct CardListArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    /// Only this person's cards.
    #[arg(long, value_name = "PERSON", conflicts_with = "expiring_within")]
    pub owner: Option<String>,
    /// Only cards in this state: New, Assigned, Active, Disabled, Suspended or Retired.
    #[arg(long, conflicts_with = "expiring_within")]
    pub state: Option<String>,
    /// Only cards of this profile template (its name or GUID).
    #[arg(long, conflicts_with = "expiring_within")]
    pub template: Option<String>,
    /// Only cards with certificates that end within so many days, the first to end first.
    #[arg(long, value_name = "DAYS")]
    pub expiring_within: Option<u32>,
    /// How many at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Print comma-separated values (RFC 4180) with a head.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

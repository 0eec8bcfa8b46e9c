//! What can be typed after `card`, `person` and `search`.

use super::source::Source;
use super::which::{PinArgs, ServerArgs, TokenArgs};
use crate::cm::acts::LOST;
use clap::{Args, Subcommand, ValueEnum};

#[derive(Subcommand)]
pub enum CardCommand {
    /// List cards, those assigned last first.
    List(CardListArgs),
    /// Show a card and its certificates.
    Show(FoundArgs),
    /// Tell what happened to a card: who asked, who approved, what was issued and revoked.
    History(FoundArgs),
    /// Report a card as missing: it is suspended or revoked at once, as its template says of the reason.
    ///
    /// What was asked for the card and cannot be carried out any more is closed. People may report their own cards, whoever
    /// may suspend or revoke them those of others.
    Lost(CardLostArgs),
    /// Have the holder of a card told again that its certificates end, at most once a day.
    Remind(FoundArgs),
    /// Lift a card's suspension: it was found.
    ///
    /// Whoever holds it lifts only a suspension of his own, and only with the card in a reader where its template wants
    /// that; others need a role. What is revoked stays revoked.
    Found(CardFoundArgs),
    /// Ask for a card in place of one that is lost, damaged or worn.
    Replace(CardReplaceArgs),
    /// Lend a temporary card, beside one that was left at home or instead of one that is to come.
    Lend(CardLendArgs),
    /// Take a lent card back: its certificates end, and the suspension of the card beside it if it was for this loan.
    Return(CardReturnArgs),
}

#[derive(Args)]
pub struct CardLostArgs {
    /// Whose card, or which: a name, UPN, e-mail address, printed serial, serial number, thumbprint or GUID.
    pub what: String,
    #[command(flatten)]
    pub server: ServerArgs,
    /// Why it is missing, in the words of its template.
    #[arg(long, value_name = "NAME", default_value = LOST)]
    pub reason: String,
    /// A comment that is kept with what is done.
    #[arg(long, default_value = "")]
    pub comment: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Args)]
pub struct CardFoundArgs {
    /// Whose card, or which: a name, UPN, e-mail address, printed serial, serial number, thumbprint or GUID.
    pub what: String,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub token: TokenArgs,
    /// A comment that is kept with what is done.
    #[arg(long, default_value = "")]
    pub comment: String,
}

/// The card that a request puts keys on, if it is in a reader already.
#[derive(Args)]
pub struct AtHandArgs {
    /// Enroll the card in the reader at once, where the request waits for nobody.
    #[arg(long)]
    pub at_hand: bool,
    #[command(flatten)]
    pub token: TokenArgs,
    #[command(flatten)]
    pub pin: PinArgs,
    /// Where the PIN to be set comes from, on a token that has none yet [default: the PIN itself].
    #[arg(long, value_name = "SOURCE")]
    pub new_pin_from: Option<Source>,
}

#[derive(Args)]
pub struct CardReplaceArgs {
    /// Whose card, or which: a name, UPN, e-mail address, printed serial, serial number, thumbprint or GUID.
    pub what: String,
    #[command(flatten)]
    pub server: ServerArgs,
    /// Why it is replaced, in the words of its template: lost, damaged.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub reason: String,
    /// A comment for those who approve.
    #[arg(long, default_value = "")]
    pub comment: String,
    #[command(flatten)]
    pub at_hand: AtHandArgs,
}

#[derive(Args)]
pub struct CardLendArgs {
    /// To whom, or beside which card: a name, UPN, e-mail address, printed serial, serial number, thumbprint or GUID.
    pub what: String,
    #[command(flatten)]
    pub server: ServerArgs,
    /// Lend one of this profile template (its name or GUID) beside no card.
    #[arg(long)]
    pub template: Option<String>,
    /// Have the card beside which it is lent suspended until the lent one is handed back.
    #[arg(long, conflicts_with = "template")]
    pub suspend: bool,
    /// A comment for those who approve.
    #[arg(long, default_value = "")]
    pub comment: String,
    #[command(flatten)]
    pub at_hand: AtHandArgs,
}

#[derive(Args)]
pub struct CardReturnArgs {
    /// Who returns it, or which card: a name, UPN, e-mail address, printed serial, serial number, thumbprint or GUID.
    pub what: String,
    #[command(flatten)]
    pub server: ServerArgs,
    /// Take the keys off the card in the reader as well.
    #[arg(long)]
    pub at_hand: bool,
    #[command(flatten)]
    pub token: TokenArgs,
    #[command(flatten)]
    pub pin: PinArgs,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Args)]
pub struct PersonLeaveArgs {
    /// Who leaves: a name, UPN, e-mail address or GUID.
    pub what: String,
    #[command(flatten)]
    pub server: ServerArgs,
    /// Only tell what would be ended, with the mark for --seen.
    #[arg(long, conflicts_with_all = ["seen", "yes"])]
    pub preview: bool,
    /// Go on only if all still is as the preview has told, by the mark that it told as "seen".
    #[arg(long, value_name = "MARK")]
    pub seen: Option<String>,
    /// A comment that is kept with what is done.
    #[arg(long, default_value = "")]
    pub comment: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Subcommand)]
pub enum PersonCommand {
    /// Find people by the beginning of a name, UPN or e-mail address.
    Find {
        /// How a name, UPN or e-mail address begins.
        text: String,
        /// Look in the directory that the server takes people over from, by any part of a name: who is not here yet.
        #[arg(long)]
        directory: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Take a person over from the directory, for whoever asks for others, where the server's settings allow it.
    Add {
        /// A name, UPN or e-mail address in the directory, or a part that only one person has.
        text: String,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show a person, with cards and what happened last.
    Show(FoundArgs),
    /// Tell what happened to what a person holds.
    History(FoundArgs),
    /// End all that a person has here, for administrators: cards, certificates, requests, tokens, sessions, the account.
    ///
    /// First tells what becomes of everything, then does it in one piece, if it still is as it was told. Repeated, it does
    /// what is left.
    Leave(PersonLeaveArgs),
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
    /// How many certificates were issued in each month, by template.
    IssuedByMonth,
    /// How many certificates were revoked or are held since each month, by template.
    RevokedByMonth,
    /// How many requests were approved and denied in each month, by template.
    DecisionsByMonth,
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

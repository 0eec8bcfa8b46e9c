//! What auditors are reported: cards by state, what was issued, revoked, decided and recovered in a period. MIM has no
//! calls for this.

use super::wire::body::body;
use super::wire::{GuidOrNothing, Moment, MomentOrUnset, PlainOr, PlainOrNothing, TextOrNothing, moment_text};
use time::OffsetDateTime;
use uuid::Uuid;

/// Names what is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportKind {
    /// How many cards are in which state, by template.
    Cards,
    /// Certificates that were issued.
    Issued,
    /// Certificates that were revoked or are held.
    Revoked,
    /// What approvers have said to requests.
    Decisions,
    /// Private keys that have left the server.
    Recovered,
    /// How many certificates were issued in each month, by template.
    IssuedByMonth,
    /// How many were revoked or are held since each month.
    RevokedByMonth,
    /// How many requests were approved and denied in each month, by template.
    DecisionsByMonth,
}

impl ReportKind {
    /// Lists all kinds.
    pub const ALL: [Self; 8] = [
        Self::Cards,
        Self::Issued,
        Self::Revoked,
        Self::Decisions,
        Self::Recovered,
        Self::IssuedByMonth,
        Self::RevokedByMonth,
        Self::DecisionsByMonth,
    ];
    /// Bounds what is counted by month, the earliest of it: so many stand for themselves or more.
    pub const MOST_COUNTED: u64 = 100_000;

    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cards => "cards",
            Self::Issued => "issued",
            Self::Revoked => "revoked",
            Self::Decisions => "decisions",
            Self::Recovered => "recovered",
            Self::IssuedByMonth => "issued-by-month",
            Self::RevokedByMonth => "revoked-by-month",
            Self::DecisionsByMonth => "decisions-by-month",
        }
    }

    /// Finds the kind that a word names, in whatever letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

/// Holds a page of a report. Whoever asks for the next one repeats the period, and names what `next` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The server's time; nothing later is in the report.
    pub as_of: OffsetDateTime,
    /// `None`: from the beginning.
    pub from: Option<OffsetDateTime>,
    /// What happened before this moment is in it.
    pub to: OffsetDateTime,
    pub rows: Vec<ReportRow>,
    /// Empty: this was the last page.
    pub next: String,
}

body!(Report {
    as_of: "AsOf" => Moment,
    from: "From" => MomentOrUnset,
    to: "To" => Moment,
    rows: "Rows" => PlainOr<Vec<ReportRow>>,
    next: "Next" => TextOrNothing,
});

/// Holds a row of a report; what a kind does not tell is empty.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReportRow {
    /// Of what is counted by month: its beginning (UTC).
    pub at: Option<OffsetDateTime>,
    /// A card's state, a decision, an act.
    pub what: String,
    pub request: Option<Uuid>,
    pub request_type: String,
    /// Who did it.
    pub by: String,
    /// For whom.
    pub holder: String,
    /// Of profiles, or of certificates.
    pub template: String,
    pub smartcard: Option<Uuid>,
    /// Of certificates, upper-case hexadecimal, blanks between several.
    pub serial: String,
    /// The comment or reason.
    pub why: String,
    pub count: Option<u64>,
}

body!(ReportRow {
    at: "At" => MomentOrUnset,
    what: "What" => TextOrNothing,
    request: "RequestUuid" => GuidOrNothing,
    request_type: "Type" => TextOrNothing,
    by: "By" => TextOrNothing,
    holder: "For" => TextOrNothing,
    template: "Template" => TextOrNothing,
    smartcard: "SmartcardUuid" => GuidOrNothing,
    serial: "SerialNumber" => TextOrNothing,
    why: "Why" => TextOrNothing,
    count: "Count" => PlainOrNothing<u64>,
});

/// Names the columns of a report that is written as a table into a file.
pub const COLUMNS: [&str; 12] =
    ["at", "what", "for", "by", "template", "type", "request", "card", "serial", "why", "count", "as of"];

impl ReportRow {
    /// Returns the row's cells, one for each of [`COLUMNS`]; what is not told is empty.
    pub fn cells(&self, as_of: &str) -> [String; COLUMNS.len()] {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        [
            self.at.map(moment_text).unwrap_or_default(),
            self.what.clone(),
            self.holder.clone(),
            self.by.clone(),
            self.template.clone(),
            self.request_type.clone(),
            id(self.request),
            id(self.smartcard),
            self.serial.clone(),
            self.why.clone(),
            self.count.map(|count| count.to_string()).unwrap_or_default(),
            as_of.to_owned(),
        ]
    }
}

/// Marks a cell that a spreadsheet would take for a formula as text: a person's name may be one.
pub fn no_formula(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

//! The lifecycle of requests, cards and profiles as tables: from, event, to, and what the operator is told.
//!
//! A change without a row is refused, and the refusal says what can be done instead. The statuses are MIM's; a row that
//! its documentation does not settle has a comment.

use super::profile::ProfileStatus;
use super::request::{RequestClosing, RequestStatus};
use super::smartcard::SmartcardStatus;
use std::fmt;

/// Names what happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestEvent {
    /// An approval that is not the last.
    Approve,
    /// The last approval that is needed.
    ApproveLast,
    Deny,
    /// The first act of carrying it out: a card assigned, a certification request submitted, a card's key asked for.
    StartExecution,
    Complete,
    Cancel,
    Abandon,
    /// It cannot be carried out any more.
    Fail,
}

impl RequestEvent {
    /// Returns the word a person would use: "approve".
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve | Self::ApproveLast => "approve",
            Self::Deny => "deny",
            Self::StartExecution => "execute",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
            Self::Abandon => "abandon",
            Self::Fail => "fail",
        }
    }
}

impl From<RequestClosing> for RequestEvent {
    fn from(closing: RequestClosing) -> Self {
        match closing {
            RequestClosing::Completed => Self::Complete,
            RequestClosing::Canceled => Self::Cancel,
            RequestClosing::Abandoned => Self::Abandon,
        }
    }
}

/// Names what happens to a smart card or a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HolderEvent {
    /// A card is bound to a request; profiles skip this.
    Assign,
    /// Its certificates are issued.
    Activate,
    Suspend,
    Reinstate,
    Disable,
    Retire,
}

impl HolderEvent {
    /// Returns the word a person would use: "retire".
    pub fn word(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Activate => "activate",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            Self::Disable => "disable",
            Self::Retire => "retire",
        }
    }
}

/// Holds one row of a table: in state `from`, `event` leads to `to`.
#[derive(Clone, Copy, Debug)]
pub struct Edge<S, E> {
    pub from: S,
    pub event: E,
    pub to: S,
    /// What the operator is told.
    pub words: &'static str,
}

const fn edge<S: Copy, E: Copy>(from: S, event: E, to: S, words: &'static str) -> Edge<S, E> {
    Edge { from, event, to, words }
}

/// Lists every change of a request's status after its creation ([`first_status`]).
pub const REQUEST_EDGES: &[Edge<RequestStatus, RequestEvent>] = {
    use RequestEvent::{Abandon, Approve, ApproveLast, Cancel, Complete, Deny, Fail, StartExecution};
    use RequestStatus::{Approved, Canceled, Completed, Denied, Executing, Failed, Pending};
    &[
        edge(Pending, Approve, Pending, "approved; more approvals are needed"),
        edge(Pending, ApproveLast, Approved, "approved; it can be carried out"),
        edge(Pending, Deny, Denied, "denied"),
        // Documented is the cancelling of an execution; a request withdrawn earlier has no other word.
        edge(Pending, Cancel, Canceled, "withdrawn before it was decided"),
        edge(Approved, StartExecution, Executing, "being carried out"),
        edge(Approved, Cancel, Canceled, "canceled before it was carried out"),
        // MIM has no status Abandoned: what an abandoned request becomes is inferred.
        edge(Approved, Abandon, Canceled, "abandoned before it was carried out"),
        edge(Approved, Fail, Failed, "failed before it was carried out"),
        // An interrupted client comes back to where it was.
        edge(Executing, StartExecution, Executing, "still being carried out"),
        edge(Executing, Complete, Completed, "completed"),
        edge(Executing, Cancel, Canceled, "canceled while it was carried out"),
        edge(Executing, Abandon, Canceled, "abandoned while it was carried out"),
        edge(Executing, Fail, Failed, "failed while it was carried out"),
        // A client that did not hear the answer asks again.
        edge(Completed, Complete, Completed, "already completed; nothing was changed"),
        edge(Canceled, Cancel, Canceled, "already canceled; nothing was changed"),
        edge(Canceled, Abandon, Canceled, "already abandoned; nothing was changed"),
    ]
};

/// Lists every change of a smart card's status.
pub const SMARTCARD_EDGES: &[Edge<SmartcardStatus, HolderEvent>] = {
    use HolderEvent::{Activate, Assign, Disable, Reinstate, Retire, Suspend};
    use SmartcardStatus::{Active, Assigned, Disabled, New, Retired, Suspended};
    &[
        edge(New, Assign, Assigned, "assigned to its user"),
        edge(New, Retire, Retired, "retired unused"),
        edge(Assigned, Activate, Active, "active"),
        edge(Assigned, Disable, Disabled, "disabled before it was used"),
        edge(Assigned, Retire, Retired, "retired before it was used"),
        edge(Active, Activate, Active, "carries new certificates"),
        edge(Active, Suspend, Suspended, "suspended; its certificates are on hold"),
        edge(Active, Disable, Disabled, "disabled; its certificates are revoked"),
        edge(Active, Retire, Retired, "retired; its certificates are revoked"),
        edge(Suspended, Reinstate, Active, "reinstated; its certificates are valid again"),
        edge(Suspended, Disable, Disabled, "disabled for good; its certificates are revoked"),
        edge(Suspended, Retire, Retired, "retired; its certificates are revoked"),
        edge(Disabled, Retire, Retired, "retired"),
    ]
};

/// Lists every change of a profile's status.
pub const PROFILE_EDGES: &[Edge<ProfileStatus, HolderEvent>] = {
    use HolderEvent::{Activate, Disable, Reinstate, Retire, Suspend};
    use ProfileStatus::{Active, Disabled, New, Retired, Suspended};
    &[
        edge(New, Activate, Active, "active"),
        edge(New, Disable, Disabled, "disabled before it was used"),
        edge(New, Retire, Retired, "retired before it was used"),
        edge(Active, Activate, Active, "carries new certificates"),
        edge(Active, Suspend, Suspended, "suspended; its certificates are on hold"),
        edge(Active, Disable, Disabled, "disabled; its certificates are revoked"),
        edge(Active, Retire, Retired, "retired with its card"),
        edge(Suspended, Reinstate, Active, "reinstated; its certificates are valid again"),
        edge(Suspended, Disable, Disabled, "disabled for good; its certificates are revoked"),
        edge(Suspended, Retire, Retired, "retired with its card"),
        edge(Disabled, Retire, Retired, "retired with its card"),
    ]
};

/// Says what a status does not allow, and what it does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {what} that is {status} cannot be told to {event}; {}", remedy(instead))]
pub struct Refusal<S: fmt::Debug + fmt::Display> {
    /// "request", "smart card" or "profile".
    pub what: &'static str,
    pub status: S,
    /// The event refused, as a word.
    pub event: &'static str,
    /// The events that lead to another status, as words, each once; empty where the status is final.
    pub instead: Vec<&'static str>,
}

fn remedy(instead: &[&'static str]) -> String {
    match instead.split_last() {
        None => "nothing more can be done with it: make a new request".into(),
        Some((only, [])) => format!("what can be done is {only}"),
        Some((last, others)) => format!("what can be done is {} or {last}", others.join(", ")),
    }
}

fn follow<S, E>(
    edges: &'static [Edge<S, E>],
    from: S,
    event: E,
    what: &'static str,
    word: fn(E) -> &'static str,
    allowed: impl Fn(&Edge<S, E>) -> bool,
) -> Result<&'static Edge<S, E>, Refusal<S>>
where
    S: Copy + PartialEq + fmt::Debug + fmt::Display,
    E: Copy + PartialEq,
{
    let leaving = || edges.iter().filter(|edge| edge.from == from && allowed(edge));
    if let Some(edge) = leaving().find(|edge| edge.event == event) {
        return Ok(edge);
    }
    let mut instead = Vec::new();
    for edge in leaving().filter(|edge| edge.to != from) {
        if !instead.contains(&word(edge.event)) {
            instead.push(word(edge.event));
        }
    }
    Err(Refusal { what, status: from, event: word(event), instead })
}

/// Returns the edge that a request takes on an event, with the operator's words.
pub fn request_edge(
    status: RequestStatus,
    event: RequestEvent,
) -> Result<&'static Edge<RequestStatus, RequestEvent>, Refusal<RequestStatus>> {
    follow(REQUEST_EDGES, status, event, "request", RequestEvent::word, |_| true)
}

/// Returns the status of a request after an event.
pub fn request_after(status: RequestStatus, event: RequestEvent) -> Result<RequestStatus, Refusal<RequestStatus>> {
    request_edge(status, event).map(|edge| edge.to)
}

/// Returns the edge that a smart card takes on an event, with the operator's words.
pub fn smartcard_edge(
    status: SmartcardStatus,
    event: HolderEvent,
) -> Result<&'static Edge<SmartcardStatus, HolderEvent>, Refusal<SmartcardStatus>> {
    Narrowing::NONE.smartcard_edge(status, event)
}

/// Returns the status of a smart card after an event.
pub fn smartcard_after(
    status: SmartcardStatus,
    event: HolderEvent,
) -> Result<SmartcardStatus, Refusal<SmartcardStatus>> {
    smartcard_edge(status, event).map(|edge| edge.to)
}

/// Returns the edge that a profile takes on an event, with the operator's words.
pub fn profile_edge(
    status: ProfileStatus,
    event: HolderEvent,
) -> Result<&'static Edge<ProfileStatus, HolderEvent>, Refusal<ProfileStatus>> {
    Narrowing::NONE.profile_edge(status, event)
}

/// Returns the status of a profile after an event.
pub fn profile_after(status: ProfileStatus, event: HolderEvent) -> Result<ProfileStatus, Refusal<ProfileStatus>> {
    profile_edge(status, event).map(|edge| edge.to)
}

/// Returns the status of a new request: Pending, or Approved where no approval is needed.
pub fn first_status(approvals_needed: u32) -> RequestStatus {
    if approvals_needed == 0 { RequestStatus::Approved } else { RequestStatus::Pending }
}

impl RequestStatus {
    /// Lists the statuses of a request that has not ended.
    pub const OPEN: [Self; 3] = [Self::Pending, Self::Approved, Self::Executing];

    /// Says whether no event leads to another status.
    pub fn is_final(self) -> bool {
        !REQUEST_EDGES.iter().any(|edge| edge.from == self && edge.to != self)
    }

    /// Says whether cards may be changed for the request: it is approved or being carried out.
    pub fn is_executable(self) -> bool {
        request_after(self, RequestEvent::StartExecution).is_ok()
    }
}

/// Holds the changes of status that a template takes out of the tables of cards and profiles. It cannot add any.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    /// From and to, for cards and profiles alike.
    forbidden: Vec<(SmartcardStatus, SmartcardStatus)>,
}

/// Says why a text names no change of status that could be forbidden.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTransition {
    #[error("a transition is written \"suspended -> active\"")]
    Unreadable,
    #[error("no card or profile ever goes from {from} to {to}")]
    Absent { from: SmartcardStatus, to: SmartcardStatus },
}

impl Narrowing {
    /// Forbids nothing.
    pub const NONE: Self = Self { forbidden: Vec::new() };

    /// Forbids the change of status that `text` names ("suspended -> active"); refuses one that no table has.
    pub fn forbid(&mut self, text: &str) -> Result<(), NoTransition> {
        let (from, to) = text.split_once("->").ok_or(NoTransition::Unreadable)?;
        let status = |name: &str| SmartcardStatus::from_name(name.trim()).ok_or(NoTransition::Unreadable);
        let (from, to) = (status(from)?, status(to)?);
        // Whatever a profile can become, a card can become too.
        if !SMARTCARD_EDGES.iter().any(|edge| edge.from == from && edge.to == to) {
            return Err(NoTransition::Absent { from, to });
        }
        self.forbidden.push((from, to));
        Ok(())
    }

    fn allows(&self, from: SmartcardStatus, to: SmartcardStatus) -> bool {
        !self.forbidden.contains(&(from, to))
    }

    /// Returns the edge that a smart card takes on an event, unless it is forbidden.
    pub fn smartcard_edge(
        &self,
        status: SmartcardStatus,
        event: HolderEvent,
    ) -> Result<&'static Edge<SmartcardStatus, HolderEvent>, Refusal<SmartcardStatus>> {
        let allowed = |edge: &Edge<SmartcardStatus, HolderEvent>| self.allows(edge.from, edge.to);
        follow(SMARTCARD_EDGES, status, event, "smart card", HolderEvent::word, allowed)
    }

    /// Returns the edge that a profile takes on an event, unless it is forbidden.
    pub fn profile_edge(
        &self,
        status: ProfileStatus,
        event: HolderEvent,
    ) -> Result<&'static Edge<ProfileStatus, HolderEvent>, Refusal<ProfileStatus>> {
        let allowed = |edge: &Edge<ProfileStatus, HolderEvent>| self.allows(edge.from.into(), edge.to.into());
        follow(PROFILE_EDGES, status, event, "profile", HolderEvent::word, allowed)
    }
}

impl From<ProfileStatus> for SmartcardStatus {
    fn from(status: ProfileStatus) -> Self {
        match status {
            ProfileStatus::New => Self::New,
            ProfileStatus::Active => Self::Active,
            ProfileStatus::Disabled => Self::Disabled,
            ProfileStatus::Suspended => Self::Suspended,
            ProfileStatus::Retired => Self::Retired,
            ProfileStatus::Other(number) => Self::Other(number),
        }
    }
}

//! The requests of a run: made once, found again, and looked at.
//!
//! A request is never made twice: the run's id stands in the comments of its requests, so that one whose answer was lost, or
//! that another workstation has made, is found and taken up; so is one that was open before.

use super::PinMode;
use super::error::Error;
use super::run::{Book, Entry, PinFate, Run, Stand, Trouble};
use super::trouble::of_server;
use crate::client::{self, CmClient};
use crate::cm::data_item::DataItem;
use crate::cm::request::{CreateRequest, Request, RequestStatus, RequestType};
use crate::enrollment::{Journal, Stage};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Bounds the pages of requests that are looked through for those of the run, the newest first.
pub(super) const MOST_PAGES: usize = 20;
const PAGE: u32 = 500;
/// Says how many requests are dearer to ask for one by one than a page of them.
const WORTH_A_PAGE: usize = 10;
/// Is the code of a row that waits for approval.
const WAITS: &str = "request-pending";
/// Bounds the names of approvers in a message.
const MOST_APPROVERS: usize = 4;

/// Makes the requests that are missing, or takes up those that are there; a row for which none can be made is refused, and
/// the others go on.
pub fn ask(client: &CmClient, book: &mut Book) -> Result<(), Error> {
    let unasked = |run: &Run| run.rows.iter().position(|row| row.stand == Stand::Unasked);
    if unasked(book.run()).is_none() {
        return Ok(());
    }
    let tag = book.run().tag();
    let mut made = tagged(client, &tag)?;
    // Each pass takes one row out of those that are not asked for.
    while let Some(index) = unasked(book.run()) {
        let row = &book.run().rows[index];
        let found = match made.remove(&row.person) {
            Some((request, _)) if request.profile_template == row.template => Ok(request.uuid),
            _ => make(client, row, &tag),
        };
        match found {
            Ok(request) => book.change(|run| {
                let row = &mut run.rows[index];
                (row.request, row.stand, row.trouble) = (Some(request), Stand::Pending, None);
            })?,
            Err(error @ client::Error::Refused { .. }) => {
                let trouble = of_server(Stage::MakeRequest, error);
                book.change(|run| refuse(&mut run.rows[index], trouble))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Looks how far the requests have come: what was approved can go, what has ended is refused or done. `pins` says what a card
/// that was done while nobody wrote it down still wants.
pub fn look(client: &CmClient, journal: &Journal, book: &mut Book, pins: PinMode) -> Result<(), Error> {
    let unfinished = journal.unfinished()?;
    let mut rows = book.run().rows.clone();
    let wanted = rows.iter().filter(|row| !row.is_over()).filter_map(|row| row.request).collect();
    let mut listed = listed(client, &wanted)?;
    for row in &mut rows {
        let Some(request) = row.request.filter(|_| !row.is_over()) else { continue };
        let read = match listed.remove(&request).map_or_else(|| client.request(request), Ok) {
            Ok(read) => read,
            Err(error @ client::Error::Refused { .. }) => {
                refuse(row, of_server(Stage::ReadRequest, error));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let was_begun = row.stand == Stand::Begun;
        let is_unfinished = unfinished.iter().any(|record| record.request() == Some(request));
        settle(client, row, &read, is_unfinished)?;
        if was_begun && row.stand == Stand::Done {
            row.pin = match pins {
                PinMode::HandOver => PinFate::OpeningOwed,
                PinMode::Letter => PinFate::Lost,
                PinMode::Now => PinFate::None,
            };
        }
    }
    book.change(|run| run.rows = rows)
}

/// Reads those of the requests that are among the newest, as long as a page of them costs less than asking for each.
fn listed(client: &CmClient, wanted: &HashSet<Uuid>) -> Result<HashMap<Uuid, Request>, Error> {
    let mut found = HashMap::new();
    pages(client, None, MOST_PAGES.min(wanted.len() / WORTH_A_PAGE), |seen| {
        if wanted.contains(&seen.request.uuid) {
            found.insert(seen.request.uuid, seen.request);
        }
        found.len() < wanted.len()
    })?;
    Ok(found)
}

fn refuse(row: &mut Entry, trouble: Trouble) {
    (row.stand, row.trouble) = (Stand::Refused, Some(trouble));
}

/// Brings a row to what its request says. `is_unfinished`: the journal here has work on it.
fn settle(client: &CmClient, row: &mut Entry, read: &Request, is_unfinished: bool) -> Result<(), Error> {
    let ended = |code: &str, how: &str| Trouble {
        code: code.to_owned(),
        message: format!("the request {how}"),
        remedy: "Take the row out of the list, or have a new request made: run the list once more.".into(),
    };
    match read.status {
        RequestStatus::Pending | RequestStatus::None | RequestStatus::Other(_) => {
            row.stand = Stand::Pending;
            // Whose approval is waited for is asked once, and not at each look.
            if row.trouble.as_ref().is_none_or(|known| known.code != WAITS) {
                row.trouble = Some(waits(client, read.uuid));
            }
        }
        RequestStatus::Approved if row.stand == Stand::Begun => {}
        RequestStatus::Approved => (row.stand, row.trouble) = (Stand::Ready, None),
        RequestStatus::Executing => {
            bind(client, row, read)?;
            row.trouble = None;
            row.stand = if row.card_id.is_some() { Stand::Begun } else { Stand::Ready };
        }
        RequestStatus::Completed if is_unfinished => row.stand = Stand::Begun,
        RequestStatus::Completed => {
            bind(client, row, read)?;
            (row.stand, row.trouble) = (Stand::Done, None);
            row.data.clear();
        }
        RequestStatus::Denied => end(row, ended("request-denied", "was denied")),
        RequestStatus::Canceled => end(row, ended("request-canceled", "was canceled")),
        RequestStatus::Failed => end(row, ended("request-failed", "failed")),
    }
    Ok(())
}

/// Refuses a row whose request is over; another try makes another request.
fn end(row: &mut Entry, trouble: Trouble) {
    row.request = None;
    refuse(row, trouble);
}

/// Binds the row to the card that the server has assigned to its request.
fn bind(client: &CmClient, row: &mut Entry, read: &Request) -> Result<(), Error> {
    if let Some(smartcard) = read.new_smartcard {
        row.card_id = Some(client.smartcard(smartcard)?.serial_number);
    }
    Ok(())
}

/// Says whose approval a request waits for.
fn waits(client: &CmClient, request: Uuid) -> Trouble {
    let whose = client.review(request).ok().filter(|review| !review.approvers.is_empty()).map(|review| {
        let more = review.more_approvers || review.approvers.len() > MOST_APPROVERS;
        let names: Vec<_> = review.approvers.into_iter().take(MOST_APPROVERS).collect();
        format!(" of {}{}", names.join(", "), if more { " or others" } else { "" })
    });
    Trouble {
        code: WAITS.into(),
        message: format!("waits for the approval{}", whose.unwrap_or_default()),
        remedy: "Have it approved, then run the same again, or wait for it (--wait).".into(),
    }
}

/// Makes the request of a row, or takes up one that is open for the same.
fn make(client: &CmClient, row: &Entry, tag: &str) -> Result<Uuid, client::Error> {
    let data = row.data.iter().map(|(name, value)| DataItem { name: name.clone(), value: Some(value.clone()) });
    let order = CreateRequest {
        profile_template: Some(row.template),
        data_collection: data.collect(),
        target: Some(row.person),
        request_type: RequestType::Enroll,
        comment: format!("{} {tag}", row.comment).trim_start().to_owned(),
        priority: None,
        smartcard: None,
        profile: None,
        terms: None,
    };
    match client.foresee(&order, None) {
        Ok(foresight) => {
            let open = foresight.open.iter().find(|open| open.request_type == RequestType::Enroll);
            if let Some(open) = open {
                return Ok(open.request);
            }
        }
        Err(client::Error::ExtensionAbsent { .. }) => {}
        Err(error) => return Err(error),
    }
    client.create_request(&order)
}

/// Finds the run's enrollments at the server, by whom they are for; of several the newest, and none that came to nothing.
pub(super) fn tagged(client: &CmClient, tag: &str) -> Result<HashMap<Uuid, (Request, String)>, Error> {
    let mut found = HashMap::new();
    pages(client, None, MOST_PAGES, |Seen { request, target_name }| {
        let ended = matches!(request.status, RequestStatus::Denied | RequestStatus::Canceled | RequestStatus::Failed);
        // Requests that open its cards have the tag, too.
        if request.request_type == RequestType::Enroll && request.comment.contains(tag) && !ended {
            found.entry(request.target).or_insert((request, target_name));
        }
        true
    })?;
    Ok(found)
}

/// Reads the requests that the caller may see, the newest first, so many pages at most and as long as `goes_on` takes more;
/// a MIM CM tells only the caller's own, all at once.
pub(super) fn pages(
    client: &CmClient,
    status: Option<RequestStatus>,
    most: usize,
    mut goes_on: impl FnMut(Seen) -> bool,
) -> Result<(), Error> {
    let mut after = None;
    for _ in 0..most {
        let page = match client.queue(status, after, Some(PAGE)) {
            Ok(page) => page,
            Err(client::Error::ExtensionAbsent { .. }) => {
                let own = client.requests(status)?.into_iter();
                own.map(|request| Seen { target_name: request.target.to_string(), request }).all(goes_on);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let is_last = page.len() < PAGE as usize;
        after = page.last().map(|queued| queued.request.uuid);
        let mut seen = page.into_iter().map(|queued| Seen { target_name: queued.target_name, request: queued.request });
        if !seen.all(&mut goes_on) || is_last {
            break;
        }
    }
    Ok(())
}

/// Holds a request, and the name of whom it is for.
pub(super) struct Seen {
    pub request: Request,
    pub target_name: String,
}

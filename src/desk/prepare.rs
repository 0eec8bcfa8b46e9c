//! Decides before the first card what can be decided: who is meant, of which template, by which request. Asks for all
//! approvals at once.
//!
//! A request is never made twice: the run's id stands in the comments of its requests, so that one whose answer was lost, or
//! that another workstation has made, is found and taken up; so is one that was open before.

use super::PinMode;
use super::error::Error;
use super::letter::Letters;
use super::list::{Fault, Row, Wrong};
use super::run::{Book, Entry, PinFate, Run, Stand, Trouble};
use crate::client::{self, Called, CmClient};
use crate::cm::data_item::DataItem;
use crate::cm::request::{CreateRequest, Request, RequestStatus, RequestType};
use crate::cm::template::{ProfileTemplateView, UserPinOption};
use crate::enrollment::{self, Journal, Stage, Workflow};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Bounds the pages of requests that are looked through for those of the run, the newest first.
const MOST_PAGES: usize = 20;
const PAGE: u32 = 500;
/// Bounds the names of approvers in a message.
const MOST_APPROVERS: usize = 4;

/// Tells what is to be known of a list that has run before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The list names a person who was not in the run.
    Added { name: String },
    /// The list names a person of the run no more. `begun`: the row is gone on with all the same.
    Dropped { name: String, begun: bool },
}

/// Says where a list comes from and how it is taken.
pub struct ListOrder<'a> {
    /// Where the list stands, as the run remembers it.
    pub path: &'a Path,
    pub rows: &'a [Row],
    /// The template of rows that name none; `None`: the only one there is.
    pub template: Option<&'a str>,
    /// Another run is begun, even if the same list has run before.
    pub anew: bool,
}

/// Opens the run of a list: the one that was begun with it and is not over, or else the one of the same people, or a new one.
/// Nothing is asked of the server but who and what is meant.
///
/// # Errors
/// [`Error::List`] with all people who are unknown or named twice.
pub fn of_list(client: &CmClient, runs: &Path, order: &ListOrder<'_>) -> Result<(Book, Vec<Note>), Error> {
    let entries = entries(client, order)?;
    let server = client.base_url().to_string();
    let is_it = |run: &&Run| run.list.as_deref() == Some(order.path) && run.server == server && !run.is_over();
    let known = if order.anew { None } else { Book::all(runs)?.iter().find(is_it).map(|run| run.id) };
    let mut book = match known.map(|id| Book::find(runs, id)).transpose()?.flatten() {
        Some(book) => book,
        None => {
            let run = Run::new(server, Some(order.path.to_owned()), entries.clone(), order.anew);
            Book::begin(runs, run)?
        }
    };
    let mut notes = Vec::new();
    book.change(|run| notes = merge(run, entries))?;
    Ok((book, notes))
}

/// Makes a run of the enrollments that are approved at the server and that the caller may carry out.
pub fn of_queue(client: &CmClient, runs: &Path, template: Option<&str>) -> Result<Book, Error> {
    let template = template.map(|asked| chosen(&client.list_profile_templates()?, Some(asked))).transpose()?;
    let mut entries = Vec::new();
    for status in [RequestStatus::Executing, RequestStatus::Approved] {
        for queued in pages(client, Some(status))? {
            let request = queued.request;
            let fits = template.is_none_or(|template| template == request.profile_template);
            if !fits || Workflow::of(&request) != Some(Workflow::Enroll) || entries.len() >= super::list::MOST_ROWS {
                continue;
            }
            match client.foresee_request(request.uuid, None) {
                Ok(_) => {}
                Err(client::Error::Refused { .. }) => continue,
                Err(error) => return Err(error.into()),
            }
            let name = queued.target_name;
            let mut entry = entry(request.target, name, request.profile_template);
            entry.request = Some(request.uuid);
            entries.push(entry);
        }
    }
    Book::begin(runs, Run::new(client.base_url().to_string(), None, entries, true))
}

/// Takes up a run: of this workstation, or else of another, whose requests are found at the server.
pub fn again(client: &CmClient, runs: &Path, id: Uuid) -> Result<Book, Error> {
    let server = client.base_url().to_string();
    if let Some(mut book) = Book::find(runs, id)? {
        if book.run().server != server {
            return Err(Error::OtherServer { begun_at: book.run().server.clone() });
        }
        book.change(|run| run.rows.iter_mut().for_each(give_another_chance))?;
        return Ok(book);
    }
    let mut run = Run::elsewhere(id, server, Vec::new());
    for (queued, name) in tagged(client, &run.tag())?.into_values() {
        let mut entry = entry(queued.target, name, queued.profile_template);
        (entry.request, entry.stand) = (Some(queued.uuid), Stand::Pending);
        run.rows.push(entry);
    }
    if run.rows.is_empty() {
        return Err(Error::RunUnknown { run: id });
    }
    run.rows.sort_by(|one, other| one.name.cmp(&other.name));
    Book::begin(runs, run)
}

/// Makes the requests that are missing, or takes up those that are there; a row for which none can be made is refused, and
/// the others go on. `rows` says what the list gives besides.
pub fn ask(client: &CmClient, book: &mut Book, rows: &[Row]) -> Result<(), Error> {
    let unasked = |run: &Run| run.rows.iter().position(|row| row.stand == Stand::Unasked);
    if unasked(book.run()).is_none() {
        return Ok(());
    }
    let tag = book.run().tag();
    let mut made = tagged(client, &tag)?;
    // Each pass takes one row out of those that are not asked for.
    while let Some(index) = unasked(book.run()) {
        let row = &book.run().rows[index];
        let data = rows.iter().find(|listed| listed.line == row.line).map(|listed| listed.data.clone());
        let found = match made.remove(&row.person) {
            Some((request, _)) => Ok(request.uuid),
            None => make(client, row, data.unwrap_or_default(), &tag),
        };
        match found {
            Ok(request) => book.change(|run| {
                let row = &mut run.rows[index];
                (row.request, row.stand, row.trouble) = (Some(request), Stand::Pending, None);
            })?,
            Err(error @ client::Error::Refused { .. }) => {
                let trouble = of_server(error);
                book.change(|run| refuse(&mut run.rows[index], trouble))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Looks how far the requests have come: what was approved can go, what has ended is refused or done.
pub fn look(client: &CmClient, journal: &Journal, book: &mut Book) -> Result<(), Error> {
    let unfinished = journal.unfinished()?;
    for index in 0..book.run().rows.len() {
        let row = &book.run().rows[index];
        let Some(request) = row.request.filter(|_| !row.is_over()) else { continue };
        let read = match client.request(request) {
            Ok(read) => read,
            Err(error @ client::Error::Refused { .. }) => {
                let trouble = of_server(error);
                book.change(|run| refuse(&mut run.rows[index], trouble))?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let is_unfinished = unfinished.iter().any(|record| record.request() == Some(request));
        let mut row = row.clone();
        settle(client, &mut row, &read, is_unfinished)?;
        book.change(|run| run.rows[index] = row)?;
    }
    Ok(())
}

/// Refuses before the first card what its template makes impossible: PINs at the hand-over where holders are offered no way to
/// open their cards, and PINs that the server tells where no letters are made.
pub fn check_pins(client: &CmClient, run: &Run, pins: PinMode, letters: Option<&Letters>) -> Result<(), Error> {
    let mut templates: Vec<_> = run.rows.iter().filter(|row| !row.is_over()).map(|row| row.template).collect();
    templates.sort_unstable();
    templates.dedup();
    for template in templates {
        let named = || -> Result<String, Error> {
            let named = client.list_profile_templates()?.into_iter().find(|known| known.uuid == template);
            Ok(named.map_or_else(|| template.to_string(), |known| known.name))
        };
        let config = client.smartcard_config(template)?;
        let told = config.proposes_pin() && config.user_pin_option != UserPinOption::Randomized;
        if told && letters.is_none() {
            let what = format!("the server chooses the PINs of {:?}, and nothing says where letters go", named()?);
            return Err(Error::Letters { what });
        }
        if pins == PinMode::HandOver && !told {
            let policy = client.policy_if_any(template, RequestType::Unblock)?;
            if !policy.is_some_and(|policy| policy.enabled && policy.one_time_password_policy.is_some()) {
                return Err(Error::NoOpening { template: named()? });
            }
        }
    }
    Ok(())
}

/// Makes the trouble of what the server has refused.
pub(super) fn of_server(error: client::Error) -> Trouble {
    of_workflow(&enrollment::Error { stage: Stage::MakeRequest, request: None, cause: error.into() })
}

/// Makes the trouble of what has ended a workflow: the last error beneath says most.
pub(super) fn of_workflow(error: &enrollment::Error) -> Trouble {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    Trouble { code: error.code().to_owned(), message, remedy: error.remedy().to_owned() }
}

/// Finds who is meant by each row, and of which template the cards are.
fn entries(client: &CmClient, order: &ListOrder<'_>) -> Result<Vec<Entry>, Error> {
    let templates = client.list_profile_templates()?;
    let (mut entries, mut faults): (Vec<Entry>, _) = (Vec::new(), Vec::new());
    let mut fault = |line, what| faults.push(Fault { line, what });
    for row in order.rows {
        let template = match chosen(&templates, row.template.as_deref().or(order.template)) {
            Ok(template) => template,
            Err(error @ Error::TemplateNeeded { .. }) => return Err(error),
            Err(error) => {
                fault(row.line, Wrong::Person(error.to_string()));
                continue;
            }
        };
        let (person, name) = match row.person.parse() {
            Ok(person) => (person, row.person.clone()),
            Err(_) => match client.person_called(&row.person)? {
                Called::One { uuid, name } => (uuid, name),
                other => {
                    fault(row.line, Wrong::Person(nobody(&row.person, &other)));
                    continue;
                }
            },
        };
        if let Some(first) = entries.iter().find(|entry| entry.person == person) {
            fault(row.line, Wrong::Repeated { what: format!("{name:?}"), first: first.line });
            continue;
        }
        let (wish, comment) = (row.wish.clone(), row.comment.clone());
        entries.push(Entry { line: row.line, wish, comment, ..entry(person, name, template) });
    }
    if faults.is_empty() { Ok(entries) } else { Err(Error::List { faults }) }
}

/// Says why a name names nobody.
fn nobody(named: &str, called: &Called) -> String {
    let names = |people: &[crate::cm::account::Account]| {
        let names: Vec<_> = people.iter().take(MOST_APPROVERS).map(|person| person.name.clone()).collect();
        names.join(", ")
    };
    match called {
        Called::Nobody { alike } if alike.is_empty() => {
            format!("the server knows no user {named:?}, or does not tell you")
        }
        Called::Nobody { alike } => format!("the server knows no user {named:?}; alike are: {}", names(alike)),
        Called::Several(people) => format!("{named:?} is a name of several people: {}", names(people)),
        Called::NotLookedUp | Called::One { .. } => {
            format!("the server looks nobody up by name: give the GUID of {named:?} instead")
        }
    }
}

/// Finds a template for smart cards by name or id, or the only one there is.
fn chosen(templates: &[ProfileTemplateView], asked: Option<&str>) -> Result<Uuid, Error> {
    let known = || templates.iter().filter(|it| it.is_smartcard).map(|it| it.name.clone()).collect::<Vec<_>>();
    let mut fitting = templates.iter().filter(|template| template.is_smartcard);
    let found = match asked {
        Some(asked) => {
            let id = asked.parse::<Uuid>().ok();
            fitting.find(|it| Some(it.uuid) == id || it.name.eq_ignore_ascii_case(asked.trim()))
        }
        None => fitting.next().filter(|_| fitting.next().is_none()),
    };
    found.map(|template| template.uuid).ok_or_else(|| match asked {
        Some(asked) => Error::TemplateUnknown { asked: asked.to_owned(), known: known() },
        None => Error::TemplateNeeded { known: known() },
    })
}

fn entry(person: Uuid, name: String, template: Uuid) -> Entry {
    Entry {
        line: 0,
        person,
        name,
        template,
        wish: Default::default(),
        comment: String::new(),
        stand: Stand::Unasked,
        request: None,
        card_id: None,
        serial: String::new(),
        pin: PinFate::None,
        begun: String::new(),
        ended: String::new(),
        trouble: None,
    }
}

/// Brings a run to what its list says now. What was begun stays as it was begun.
fn merge(run: &mut Run, entries: Vec<Entry>) -> Vec<Note> {
    let mut notes = Vec::new();
    for row in &mut run.rows {
        let listed = entries.iter().find(|entry| entry.person == row.person);
        let begun = row.stand == Stand::Begun;
        match listed {
            Some(listed) => {
                row.line = listed.line;
                give_another_chance(row);
                if !begun && row.stand != Stand::Done {
                    (row.wish, row.comment) = (listed.wish.clone(), listed.comment.clone());
                }
            }
            None if row.stand == Stand::Done => {}
            None => {
                notes.push(Note::Dropped { name: row.name.clone(), begun });
                if !begun {
                    row.stand = Stand::Dropped;
                }
            }
        }
    }
    for entry in entries {
        if !run.rows.iter().any(|row| row.person == entry.person) {
            notes.push(Note::Added { name: entry.name.clone() });
            run.rows.push(entry);
        }
    }
    notes
}

/// Has a row that could not go, or was set aside, tried again.
fn give_another_chance(row: &mut Entry) {
    if matches!(row.stand, Stand::Refused | Stand::SetAside | Stand::Dropped) {
        row.trouble = None;
        row.stand = match row.request {
            Some(_) => Stand::Pending,
            None => Stand::Unasked,
        };
    }
    if row.pin == PinFate::LetterOwed {
        // The process that knew it is gone.
        row.pin = PinFate::Lost;
    }
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
            (row.stand, row.trouble) = (Stand::Pending, Some(waits(client, read.uuid)));
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
        code: "request-pending".into(),
        message: format!("waits for the approval{}", whose.unwrap_or_default()),
        remedy: "Have it approved, then run the same again, or wait for it (--wait).".into(),
    }
}

/// Makes the request of a row, or takes up one that is open for the same.
fn make(client: &CmClient, row: &Entry, data: Vec<DataItem>, tag: &str) -> Result<Uuid, client::Error> {
    let order = CreateRequest {
        profile_template: Some(row.template),
        data_collection: data,
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

/// Finds the run's requests at the server, by whom they are for; of several the newest, and none that came to nothing.
fn tagged(client: &CmClient, tag: &str) -> Result<HashMap<Uuid, (Request, String)>, Error> {
    let mut found = HashMap::new();
    for queued in pages(client, None)? {
        let ended =
            matches!(queued.request.status, RequestStatus::Denied | RequestStatus::Canceled | RequestStatus::Failed);
        if queued.request.comment.contains(tag) && !ended {
            found.entry(queued.request.target).or_insert((queued.request, queued.target_name));
        }
    }
    Ok(found)
}

/// Reads the requests that the caller may see, the newest first; a MIM CM tells only the caller's own.
fn pages(client: &CmClient, status: Option<RequestStatus>) -> Result<Vec<Seen>, Error> {
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let page = match client.queue(status, after, Some(PAGE)) {
            Ok(page) => page,
            Err(client::Error::ExtensionAbsent { .. }) => {
                let own = client.requests(status)?;
                return Ok(own
                    .into_iter()
                    .map(|request| Seen { target_name: request.target.to_string(), request })
                    .collect());
            }
            Err(error) => return Err(error.into()),
        };
        let is_last = page.len() < PAGE as usize;
        after = page.last().map(|queued| queued.request.uuid);
        seen.extend(page.into_iter().map(|queued| Seen { target_name: queued.target_name, request: queued.request }));
        if is_last {
            break;
        }
    }
    Ok(seen)
}

/// Holds a request, and the name of whom it is for.
struct Seen {
    request: Request,
    target_name: String,
}

/// Returns where runs are kept below a state directory.
pub fn runs_in(state: &Path) -> PathBuf {
    state.join("desk")
}

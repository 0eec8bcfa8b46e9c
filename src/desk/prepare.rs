//! Decides before the first card what can be decided: who is meant, of which template, in which run.

use super::PinMode;
use super::error::Error;
use super::letter::{self, Letters};
use super::list::{Fault, Row, Wrong};
use super::requests::{MOST_PAGES, Seen, pages, tagged};
use super::run::{Book, Entry, PinFate, Run, Stand};
use crate::client::{self, Called, CmClient};
use crate::cm::found::FoundKind;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::template::{ProfileTemplateView, UserPinOption};
use crate::enrollment::Workflow;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Bounds the names in a message.
const MOST_NAMES: usize = 4;

/// Tells what is to be known of a list that has run before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The list names a person who was not in the run.
    Added { name: String },
    /// The list names another template for a person whose request is made already, and keeps its own.
    OtherTemplate { name: String },
    /// The list gives other data items for a person whose request is made already, and keeps its own.
    OtherData { name: String },
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

/// Opens the run of a list: the one that was begun with it and is not over or has somebody of it, or else the one of the same people,
/// or a new one. So nobody who has a card by a list gets another when it grows. Nothing is asked of the server but who and what is
/// meant.
///
/// # Errors
/// [`Error::List`] with all people who are unknown or named twice.
pub fn of_list(client: &CmClient, runs: &Path, order: &ListOrder<'_>) -> Result<(Book, Vec<Note>), Error> {
    let entries = entries(client, order)?;
    let server = client.base_url().to_string();
    let has_somebody = |run: &Run| run.rows.iter().any(|row| entries.iter().any(|entry| entry.person == row.person));
    let is_it = |run: &&Run| {
        run.list.as_deref() == Some(order.path) && run.server == server && (!run.is_over() || has_somebody(run))
    };
    // One that cannot be read has an id, too: if it is of the same people, it is found under that, and told.
    let known = match order.anew {
        true => None,
        false => Book::all(runs)?.0.iter().filter(is_it).min_by_key(|run| run.is_over()).map(|run| run.id),
    };
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
///
/// # Errors
/// [`Error::NothingApproved`] where there are none.
pub fn of_queue(client: &CmClient, runs: &Path, template: Option<&str>) -> Result<Book, Error> {
    let template = template.map(|asked| chosen(&client.list_profile_templates()?, Some(asked))).transpose()?;
    let mut queued = Vec::new();
    for status in [RequestStatus::Approved, RequestStatus::Executing] {
        pages(client, Some(status), MOST_PAGES, |Seen { request, target_name }| {
            let fits = template.is_none_or(|template| template == request.profile_template);
            if fits && Workflow::of(&request) == Some(Workflow::Enroll) {
                queued.push(Entry {
                    request: Some(request.uuid),
                    ..entry(request.target, target_name, request.profile_template)
                });
            }
            true
        })?;
    }
    let mut entries = Vec::new();
    // Who has waited longest comes first.
    for entry in queued.into_iter().rev() {
        let may = entry.request.map(|request| client.foresee_request(request, None));
        match may {
            // A MIM CM does not tell, and refuses in its time.
            Some(Ok(_) | Err(client::Error::ExtensionAbsent { .. })) => entries.push(entry),
            None | Some(Err(client::Error::Refused { .. })) => {}
            Some(Err(error)) => return Err(error.into()),
        }
        if entries.len() >= super::list::MOST_ROWS {
            break;
        }
    }
    if entries.is_empty() {
        return Err(Error::NothingApproved);
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

/// Refuses before anything is asked for what cannot come to an end: PINs at the hand-over where holders are offered no way to
/// open their cards, PINs that the server tells where no letters are made, letters that cannot be made.
pub fn check_pins(client: &CmClient, run: &Run, pins: PinMode, letters: Option<&Letters>) -> Result<(), Error> {
    letter::check(letters, run)?;
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
            Ok(person) => (person, name_of(client, person)?.unwrap_or_else(|| row.person.clone())),
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
        let data = row.data.iter().map(|item| (item.name.clone(), item.value.clone().unwrap_or_default())).collect();
        entries.push(Entry { line: row.line, wish, comment, data, ..entry(person, name, template) });
    }
    if faults.is_empty() { Ok(entries) } else { Err(Error::List { faults }) }
}

/// Returns the name of whoever has this id, as far as the server tells.
fn name_of(client: &CmClient, person: Uuid) -> Result<Option<String>, Error> {
    match client.search(&person.to_string()) {
        Ok(found) => {
            Ok(found.into_iter().find(|it| it.kind == FoundKind::Person && it.uuid == person).map(|it| it.owner_name))
        }
        Err(client::Error::ExtensionAbsent { .. } | client::Error::Refused { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Says why a name names nobody.
fn nobody(named: &str, called: &Called) -> String {
    let names = |people: &[crate::cm::account::Account]| {
        let names: Vec<_> = people.iter().take(MOST_NAMES).map(|person| person.name.clone()).collect();
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

pub(super) fn entry(person: Uuid, name: String, template: Uuid) -> Entry {
    Entry {
        line: 0,
        person,
        name,
        template,
        wish: Default::default(),
        comment: String::new(),
        data: Vec::new(),
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
                    match row.request {
                        None => (row.template, row.data) = (listed.template, listed.data.clone()),
                        Some(_) if row.template != listed.template => {
                            notes.push(Note::OtherTemplate { name: row.name.clone() });
                        }
                        Some(_) if row.data != listed.data => {
                            notes.push(Note::OtherData { name: row.name.clone() });
                        }
                        Some(_) => {}
                    }
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
    if row.stand == Stand::Pending {
        // Whose approval it waits for may have changed.
        row.trouble = None;
    }
    if row.pin == PinFate::LetterOwed {
        // The process that knew it is gone.
        row.pin = PinFate::Lost;
    }
}

/// Returns where runs are kept below a state directory.
pub fn runs_in(state: &Path) -> PathBuf {
    state.join("desk")
}

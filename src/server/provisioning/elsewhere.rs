//! Finds people of the directory by a part of a name, few and in time, and takes one over who is needed.

use super::pass::{Pass, PassError};
use super::plan::account;
use super::report::Standing;
use super::source::{Source, SourceError};
use crate::cm::found::{FoundElsewhere, PersonElsewhere};
use crate::cm::hidden::is_hidden;
use crate::directory::{self, DEPARTMENT, DISPLAY_NAME, LogonEntry, Page, Person, Refused};
use crate::server::error::{ApiError, Internal};
use crate::store::{self, NameKind, Store, UserRecord};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Bounds the people who are found.
const MOST_FOUND: u32 = 20;
/// Bounds how long one search may take, and wait for its turn, in seconds.
const PATIENCE: u32 = 5;
/// Bounds how long a taking over may take, in seconds: groups are read for it.
const TAKING: u32 = 30;
/// Bounds the searches at one time: whoever types much keeps the directory from nobody.
const AT_ONCE: usize = 4;
/// Bounds what is told of an entry's name, in characters.
const MOST_OF_DN: usize = 256;

/// Holds where people are looked for who are not here yet.
pub struct Elsewhere {
    /// As the settings have it.
    source: Source,
    /// The same, for searches.
    hurried: Source,
    places: Semaphore,
    /// Those who ask about a logon keep nobody from searching.
    logons: Semaphore,
}

impl Elsewhere {
    /// Looks where people come from.
    pub fn new(source: Source) -> Self {
        // One more, so that it can be said that there are more.
        let hurried = source.clone().hurried(PATIENCE, MOST_FOUND + 1);
        Self { source, hurried, places: Semaphore::new(AT_ONCE), logons: Semaphore::new(AT_ONCE) }
    }

    /// Takes a person over, as the settings mean, judged as by a pass; returns the account, and whether revocation lists are
    /// to be made.
    pub async fn take_over(&self, pass: &Pass, id: Uuid) -> Result<(UserRecord, bool), ApiError> {
        if !self.source.on_use {
            return Err(ApiError::Forbidden("take people over from the directory: on_use of [directory] is not set"));
        }
        let taking = async {
            let _place = self.places.acquire().await.map_err(|_| ApiError::Busy)?;
            let mut connection = self.source.connect().await.map_err(told)?;
            let taken = pass.one(&mut connection, &self.source, id).await.map_err(failed)?;
            connection.close().await;
            taken.ok_or(ApiError::NotFound("person in the directory"))
        };
        let (standing, outdated) = self.in_time(TAKING, Box::pin(taking)).await?;
        match standing {
            Standing::Refused(reason) => Err(ApiError::NotTakenOver(reason.to_string())),
            Standing::Gone => Err(ApiError::NotTakenOver("the directory has disabled them".into())),
            Standing::New | Standing::Changed(_) | Standing::Adopted | Standing::Same => {
                let user = account(&pass.store, id).await?;
                Ok((user.ok_or(ApiError::NotFound("user"))?, outdated))
            }
        }
    }

    /// Waits for an answer for so many seconds. What is waited for is large, and best lies on the heap.
    async fn in_time<T>(&self, seconds: u32, asking: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let late = || directory::Error::TooSlow { place: self.source.url().to_owned(), seconds: seconds.into() };
        let answered = tokio::time::timeout(Duration::from_secs(seconds.into()), asking).await;
        answered.map_err(|_| ApiError::DirectoryAway(Box::new(late())))?
    }

    /// Finds the people, of those whom the settings mean, of whom each word of a text stands in a name, UPN or e-mail
    /// address. Nothing is written.
    pub async fn find(&self, store: &Store, text: &str, now: OffsetDateTime) -> Result<FoundElsewhere, ApiError> {
        let searching = async {
            let _place = self.places.acquire().await.map_err(|_| ApiError::Busy)?;
            self.search(text, now).await.map_err(told)
        };
        let page = self.in_time(PATIENCE, Box::pin(searching)).await?;
        let most = usize::try_from(MOST_FOUND).unwrap_or(usize::MAX);
        let more = page.people.len() > most || !page.next.is_empty();
        let mut people = Vec::with_capacity(page.people.len());
        for read in page.people.into_iter().take(most) {
            people.push(shown(store, read).await?);
        }
        Ok(FoundElsewhere { people, more })
    }

    /// Reads what decides on the logon of a person of the directory; `None` where it has nobody of this id.
    pub async fn logon_of(&self, id: Uuid, now: OffsetDateTime) -> Result<Option<LogonEntry>, ApiError> {
        let reading = async {
            let _place = self.logons.acquire().await.map_err(|_| ApiError::Busy)?;
            let Source { schema, base, .. } = &self.hurried;
            let mut connection = self.hurried.connect().await.map_err(told)?;
            let read =
                directory::logon_of(&mut connection, schema, base, now, id).await.map_err(|it| told(it.into()))?;
            connection.close().await;
            Ok(read)
        };
        self.in_time(PATIENCE, Box::pin(reading)).await
    }

    async fn search(&self, text: &str, now: OffsetDateTime) -> Result<Page, SourceError> {
        let Source { schema, base, filter, .. } = &self.hurried;
        let mut connection = self.hurried.connect().await?;
        let page = directory::people_holding(&mut connection, schema, (base, filter), now, text).await?;
        connection.close().await;
        Ok(page)
    }
}

/// Says what a caller is told of a pass that came to no end.
fn failed(error: PassError) -> ApiError {
    match error {
        PassError::Source(error) => told(error),
        PassError::Directory(error) => told(error.into()),
        PassError::Store(error) => error.into(),
        PassError::Write(error) => *error,
    }
}

/// Says what a caller is told of a directory that does not answer as it should.
fn told(error: SourceError) -> ApiError {
    match error {
        SourceError::Directory(error) if error.is_away() => ApiError::DirectoryAway(Box::new(error)),
        SourceError::Directory(error) => ApiError::DirectoryRefused(Box::new(error)),
        error @ (SourceError::None
        | SourceError::Setting(_)
        | SourceError::File(_)
        | SourceError::Password { .. }
        | SourceError::NoPassword(_)) => ApiError::Internal(Internal::Directory(Box::new(error))),
    }
}

/// Shows a person of the directory, and who that is here.
async fn shown(store: &Store, read: Result<Person, Refused>) -> Result<PersonElsewhere, store::Error> {
    let person = match read {
        Ok(person) => person,
        Err(Refused { id, dn, disabled, problem, ends: _ }) => {
            let known = match id {
                Some(id) => account(store, id).await?.map(|user| user.uuid),
                None => None,
            };
            let dn = dn.chars().filter(|character| !is_hidden(*character)).take(MOST_OF_DN).collect();
            return Ok(PersonElsewhere { id, known, disabled, dn, problem: problem.to_string(), ..Default::default() });
        }
    };
    let known = known(store, &person).await?;
    let Person { id, name, upn, email, mut attributes, disabled, dn: _, sid: _, ends: _ } = person;
    Ok(PersonElsewhere {
        id: Some(id),
        name,
        display_name: attributes.remove(DISPLAY_NAME).unwrap_or_default(),
        upn: upn.unwrap_or_default(),
        email: email.unwrap_or_default(),
        department: attributes.remove(DEPARTMENT).unwrap_or_default(),
        known,
        disabled,
        ..Default::default()
    })
}

/// Returns the account of a person; also one that does not come from the directory and has the same UPN or security
/// identifier.
async fn known(store: &Store, person: &Person) -> Result<Option<Uuid>, store::Error> {
    if let Some(user) = account(store, person.id).await? {
        return Ok(Some(user.uuid));
    }
    for (kind, text) in [(NameKind::Upn, &person.upn), (NameKind::Sid, &person.sid)] {
        let Some(text) = text else { continue };
        if let Some(user) = store.users_named(kind, text).await?.first() {
            return Ok(Some(user.uuid));
        }
    }
    Ok(None)
}

//! Reads everybody, or who has changed, and writes what they come to, a page at a time: what is kept meanwhile does not
//! grow with what people are called.

use super::apply::{Asker, Writer};
use super::plan::{Judge, Names, Told, Write};
use super::report::{Reason, Report, Row, Standing};
use super::source::{Source, SourceError};
use crate::directory::{self, Connection, Filter, Memberships, Person, Refused};
use crate::server::error::ApiError;
use crate::server::users::domains::Domains;
use crate::server::users::rules::DIRECTORY as ISSUER;
use crate::store::{self, Store, UserRecord};
use std::collections::HashSet;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Sets how many people may be gone at once, whatever part of all they are.
const FEW_GONE: usize = 10;
/// Sets which part of all people may be gone at once.
const PART_GONE: usize = 5;

/// Says why a pass came to no end; what was written before stays, and the next pass goes on.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Directory(#[from] directory::Error),
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error("what the directory tells could not be written")]
    Write(#[source] Box<ApiError>),
}

/// Says what a pass does.
#[derive(Clone)]
pub struct Pass {
    pub store: Store,
    pub domains: Arc<Domains>,
    /// The templates that have the certificates of disabled people held.
    pub holding: Vec<Uuid>,
    pub now: OffsetDateTime,
    /// Where it is done, for the log, if not by the server itself.
    pub at: Option<&'static str>,
    /// Who has asked for it, if not the server itself.
    pub asker: Option<Asker>,
    /// False: nothing is written.
    pub apply: bool,
    /// New people are added.
    pub add: bool,
    pub adopt: bool,
    /// Disables people however many are gone.
    pub many_gone: bool,
}

/// Says who is read.
pub struct Reach<'a> {
    pub filter: &'a Filter,
    /// Who is in which group.
    pub memberships: &'a Memberships,
    /// Whoever is not found is gone.
    pub everybody: bool,
}

impl Pass {
    /// Reads people and writes what they come to.
    pub async fn run(
        &self,
        connection: &mut Connection,
        source: &Source,
        reach: Reach<'_>,
    ) -> Result<Report, PassError> {
        let among = (source.base.as_str(), reach.filter);
        let missing_groups = reach.memberships.missing.clone();
        let mut report = Report { missing_groups, everybody: reach.everybody, ..Report::default() };
        let mut names = Names::default();
        let mut ids = HashSet::new();
        let mut cookie = Vec::new();
        // First who is there at all: of two who share a name neither is taken over.
        let mut count = 0usize;
        loop {
            let page = directory::people(connection, &source.schema, among, self.now, &cookie).await?;
            ids.extend(page.ids());
            page.people.iter().flatten().for_each(|person| names.add(person));
            count = count.saturating_add(page.people.len().max(1));
            counted(connection, count)?;
            cookie = page.next;
            if cookie.is_empty() {
                break;
            }
        }
        let judge = Judge { store: &self.store, domains: &self.domains, names: &names, adopt: self.adopt };
        count = 0;
        loop {
            let page = directory::people(connection, &source.schema, among, self.now, &cookie).await?;
            report.first_end = report.first_end.into_iter().chain(page.first_end()).min();
            count = count.saturating_add(page.people.len().max(1));
            counted(connection, count)?;
            let mut planned = Vec::with_capacity(page.people.len());
            for read in page.people {
                let (row, write) = judge.person(read, |dn, name| reach.memberships.of(dn, name)).await?;
                if self.add || !matches!(row.standing, Standing::New) {
                    planned.push((row, write));
                }
            }
            self.settle(planned, &mut report).await?;
            cookie = page.next;
            if cookie.is_empty() {
                break;
            }
        }
        if reach.everybody {
            self.gone(&ids, &mut report).await?;
        }
        Ok(report)
    }

    /// Takes over the person whom an id identifies, judged as among everybody; `None`: nobody of those who are meant has it.
    pub async fn one(
        &self,
        connection: &mut Connection,
        source: &Source,
        id: Uuid,
    ) -> Result<Option<(Standing, bool)>, PassError> {
        let (schema, among) = (&source.schema, (source.base.as_str(), &source.filter));
        let found = directory::person_identified(connection, schema, among, self.now, id).await?;
        let Some((read, namesakes)) = found else { return Ok(None) };
        let memberships = directory::memberships(connection, schema, &source.base, &source.rules).await?;
        let mut names = Names::default();
        namesakes.people.iter().flatten().for_each(|person| names.add(person));
        let judge = Judge { store: &self.store, domains: &self.domains, names: &names, adopt: self.adopt };
        let disabled = matches!(&read, Ok(Person { disabled: true, .. }));
        let planned = judge.person(read, |dn, name| memberships.of(dn, name)).await?;
        if disabled && matches!(planned.0.standing, Standing::New) {
            return Ok(Some((Standing::Gone, false)));
        }
        let (mut rows, outdated) = self.written(vec![planned]).await?;
        Ok(rows.pop().map(|row| (row.standing, outdated)))
    }

    /// Says what people come to who were read, and writes nothing.
    pub async fn shown(
        &self,
        read: Vec<Result<Person, Refused>>,
        memberships: &Memberships,
    ) -> Result<Vec<Row>, PassError> {
        let mut names = Names::default();
        read.iter().flatten().for_each(|person| names.add(person));
        let judge = Judge { store: &self.store, domains: &self.domains, names: &names, adopt: self.adopt };
        let mut rows = Vec::with_capacity(read.len());
        for read in read {
            rows.push(judge.person(read, |dn, name| memberships.of(dn, name)).await?.0);
        }
        Ok(rows)
    }

    /// Writes a page where that is asked for, and counts it.
    async fn settle(&self, page: Vec<(Row, Write)>, report: &mut Report) -> Result<(), PassError> {
        let rows = if self.apply {
            let (rows, outdated) = self.written(page).await?;
            report.outdate_list |= outdated;
            rows
        } else {
            page.into_iter().map(|(row, _)| row).collect()
        };
        rows.into_iter().for_each(|row| report.add(row));
        Ok(())
    }

    /// Writes a page; says whether revocation lists are to be made.
    async fn written(&self, page: Vec<(Row, Write)>) -> Result<(Vec<Row>, bool), PassError> {
        let Self { store, domains, holding, now, at, asker, .. } = self.clone();
        let writer = Writer { store, domains, holding, now, at, asker };
        writer.write(page).await.map_err(|error| PassError::Write(Box::new(error)))
    }

    /// Disables those whom the directory shows no more; refuses where they are suspiciously many.
    async fn gone(&self, ids: &HashSet<Uuid>, report: &mut Report) -> Result<(), PassError> {
        let mut gone: Vec<UserRecord> = Vec::new();
        let (mut after, mut known) = (Uuid::nil(), 0usize);
        loop {
            let page = self.store.users_of_directory(after).await?;
            let Some(last) = page.last() else { break };
            after = last.uuid;
            known += page.len();
            for user in page {
                // Whom an administrator has disabled nothing more is taken from once the groups are gone.
                let is_done = user.disabled && user.groups.is_empty();
                if !is_done && !ids.contains(&user.uuid) && !self.adopted(&user, ids).await? {
                    gone.push(user);
                }
            }
        }
        let many = gone.len() > FEW_GONE && gone.len() * PART_GONE > known;
        if many && !self.many_gone {
            let standing = Standing::Refused(Reason::ManyGone { gone: gone.len(), known });
            report.add(Row { line: None, dn: String::new(), name: String::new(), groups: Vec::new(), standing });
            return Ok(());
        }
        let page = gone.into_iter().map(|user| {
            let (name, groups, standing) = (user.name, Vec::new(), Standing::Gone);
            let row = Row { line: None, dn: String::new(), name, groups, standing };
            (row, Write::Change(user.uuid, Told::Gone))
        });
        self.settle(page.collect(), report).await
    }

    /// Says whether the directory still shows somebody whose account was handed over to it.
    async fn adopted(&self, user: &UserRecord, ids: &HashSet<Uuid>) -> Result<bool, PassError> {
        let known = self.store.identities_of(user.uuid).await?;
        let there = |subject: &str| Uuid::parse_str(subject).is_ok_and(|id| ids.contains(&id));
        let mut standing = known.iter().filter(|identity| identity.issuer == ISSUER && identity.unlinked.is_none());
        Ok(standing.any(|identity| there(&identity.subject)))
    }
}

/// Refuses more people than the settings let be read.
fn counted(connection: &Connection, count: usize) -> Result<(), directory::Error> {
    if count > connection.most_entries() { Err(directory::Error::TooMany(connection.most_entries())) } else { Ok(()) }
}

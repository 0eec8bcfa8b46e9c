//! Reads people, memberships and changes, a page at a time.

use super::connection::Connection;
use super::entry::Entry;
use super::error::Error;
use super::filter::Filter;
use super::groups::{GroupLists, Members, Memberships};
use super::person::{Person, Refused};
use super::schema::{DISPLAY_NAME, IN_CHAIN, Kind, Schema};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Sets by how much the clock of a directory that does not count its changes may be slower than ours.
const SKEW: Duration = Duration::minutes(5);

/// Bounds the words of a text that somebody looks for.
const MOST_WORDS: usize = 8;

/// Says which group of a directory makes whom a member of which group of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub dn: String,
    pub group: String,
}

/// Holds a page of people.
pub struct Page {
    pub people: Vec<Result<Person, Refused>>,
    /// Leads to the next page; empty after the last.
    pub next: Vec<u8>,
}

/// Says how far the changes of a directory went at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The directory server whose count it is; another one counts otherwise.
    server: String,
    /// `highestCommittedUSN`; of another kind of directory a time, its digits as one number.
    number: u64,
}

/// Says what has changed since a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Nothing that tells of people or groups.
    Nothing,
    /// People, and no group.
    People,
    /// Groups, and perhaps people; or nobody can say.
    Anything,
}

/// Reads a page of people below the base, as they are at the time `now`; an empty cookie leads to the first.
pub async fn people(
    connection: &mut Connection,
    schema: &Schema,
    (base, filter): (&str, &Filter),
    now: OffsetDateTime,
    cookie: &[u8],
) -> Result<Page, Error> {
    let (entries, next) = connection.page(base, true, filter, &schema.of_people(), cookie).await?;
    Ok(Page { people: entries.iter().map(|entry| Person::read(entry, schema, now)).collect(), next })
}

/// Reads the people of this name, UPN or e-mail address; the first page of them.
pub async fn person_named(
    connection: &mut Connection,
    schema: &Schema,
    (base, filter): (&str, &Filter),
    now: OffsetDateTime,
    text: &str,
) -> Result<Vec<Result<Person, Refused>>, Error> {
    let named = [&schema.name, &schema.upn, &schema.email].map(|attribute| Filter::equal(attribute, text.as_bytes()));
    let named = Filter::any(&named.iter().collect::<Vec<_>>());
    let page = people(connection, schema, (base, &Filter::all(&[filter, &named])), now, &[]).await?;
    Ok(page.people)
}

/// Reads the person whom this identifies, and everybody of the same name, UPN or e-mail address; the first page of them.
pub async fn person_identified(
    connection: &mut Connection,
    schema: &Schema,
    (base, filter): (&str, &Filter),
    now: OffsetDateTime,
    id: Uuid,
) -> Result<Option<(Result<Person, Refused>, Page)>, Error> {
    let identified = Filter::all(&[filter, &schema.identified(id)]);
    let mut found = people(connection, schema, (base, &identified), now, &[]).await?.people;
    let Some(read) = found.pop().filter(|_| found.is_empty()) else { return Ok(None) };
    let names = match &read {
        Ok(Person { name, upn, email, .. }) => {
            [(&schema.name, Some(name)), (&schema.upn, upn.as_ref()), (&schema.email, email.as_ref())]
        }
        Err(_) => return Ok(Some((read, Page { people: Vec::new(), next: Vec::new() }))),
    };
    let same = names.into_iter().filter_map(|(attribute, text)| Some(Filter::equal(attribute, text?.as_bytes())));
    let same = Filter::any(&same.collect::<Vec<_>>().iter().collect::<Vec<_>>());
    let namesakes = people(connection, schema, (base, &Filter::all(&[filter, &same])), now, &[]).await?;
    Ok(Some((read, namesakes)))
}

/// Reads the people of whom each word of a text stands in a name, UPN or e-mail address; the first page of them.
pub async fn people_holding(
    connection: &mut Connection,
    schema: &Schema,
    (base, filter): (&str, &Filter),
    now: OffsetDateTime,
    text: &str,
) -> Result<Page, Error> {
    let shown = schema.attributes.get(DISPLAY_NAME);
    let names: Vec<&String> = [&schema.name, &schema.upn, &schema.email].into_iter().chain(shown).collect();
    let mut all = vec![filter.clone()];
    for word in text.split_whitespace().take(MOST_WORDS) {
        let holding: Vec<Filter> = names.iter().map(|attribute| Filter::holding(attribute, word)).collect();
        all.push(Filter::any(&holding.iter().collect::<Vec<_>>()));
    }
    people(connection, schema, (base, &Filter::all(&all.iter().collect::<Vec<_>>())), now, &[]).await
}

/// Reads all entries that a filter finds, page by page, each given to `take`.
async fn each(
    connection: &mut Connection,
    base: &str,
    filter: &Filter,
    attributes: &[&str],
    mut take: impl FnMut(Entry),
) -> Result<(), Error> {
    let (mut cookie, mut count) = (Vec::new(), 0usize);
    loop {
        let (entries, next) = connection.page(base, true, filter, attributes, &cookie).await?;
        // An empty page counts as well, so that pages without end come to one.
        count = count.saturating_add(entries.len().max(1));
        if count > connection.most_entries() {
            return Err(Error::TooMany(connection.most_entries()));
        }
        entries.into_iter().for_each(&mut take);
        if next.is_empty() {
            return Ok(());
        }
        cookie = next;
    }
}

/// Reads who is in the groups that the rules name. A group that is not there has nobody in it.
pub async fn memberships(
    connection: &mut Connection,
    schema: &Schema,
    base: &str,
    rules: &[Rule],
) -> Result<Memberships, Error> {
    let mut found = Memberships::default();
    if rules.is_empty() {
        return Ok(found);
    }
    let mut lists = GroupLists::default();
    if schema.kind == Kind::Ldap {
        each(connection, base, &schema.groups(), &["member", "uniqueMember", "memberUid"], |group| lists.add(&group))
            .await?;
    }
    for rule in rules {
        let members = match schema.kind {
            Kind::Ldap => lists.knows(&rule.dn).then(|| lists.closure(&rule.dn)),
            Kind::ActiveDirectory => in_chain(connection, schema, base, &rule.dn).await?,
        };
        match members {
            Some(members) => found.groups.push((rule.group.clone(), members)),
            None => found.missing.push(rule.dn.clone()),
        }
    }
    Ok(found)
}

/// Reads who is in a group of Active Directory, through groups in it too; `None` where there is no such group.
async fn in_chain(
    connection: &mut Connection,
    schema: &Schema,
    base: &str,
    group: &str,
) -> Result<Option<Members>, Error> {
    match connection.page(group, false, &schema.groups(), &["objectClass"], &[]).await {
        Ok((entries, _)) if !entries.is_empty() => {}
        Ok(_) | Err(Error::NoBase(_) | Error::Elsewhere(_)) => return Ok(None),
        Err(error) => return Err(error),
    }
    let filter = Filter::all(&[
        &Filter::equal("objectCategory", b"person"),
        &Filter::by_rule("memberOf", IN_CHAIN, group.as_bytes()),
    ]);
    let mut members = Members::default();
    // No attribute is needed (RFC 4511, 4.5.1.8).
    each(connection, base, &filter, &["1.1"], |entry| members.add(&entry.dn)).await?;
    Ok(Some(members))
}

/// Reads how far the changes of a directory go. One that does not count them says when; its clock may be slower than
/// ours, so that a while before counts as after.
pub async fn mark(connection: &mut Connection, schema: &Schema, now: OffsetDateTime) -> Result<Mark, Error> {
    if schema.kind == Kind::Ldap {
        let then = now - SKEW;
        let digits = [u32::from(u8::from(then.month())), then.day().into(), then.hour().into(), then.minute().into()];
        let year = u64::from(then.year().unsigned_abs());
        let number = digits.into_iter().chain([then.second().into()]).fold(year, |all, two| all * 100 + u64::from(two));
        return Ok(Mark { server: String::new(), number });
    }
    let filter = Filter::present("objectClass");
    let (entries, _) = connection.page("", false, &filter, &["dsServiceName", "highestCommittedUSN"], &[]).await?;
    let root = entries.first().ok_or(Error::NoMark)?;
    let number = root.text("highestCommittedUSN").and_then(|number| number.parse().ok()).ok_or(Error::NoMark)?;
    Ok(Mark { server: root.text("dsServiceName").unwrap_or_default().to_owned(), number })
}

/// Says what has changed below the base since a mark.
pub async fn changes(
    connection: &mut Connection,
    schema: &Schema,
    base: &str,
    (before, now): (&Mark, &Mark),
) -> Result<Since, Error> {
    if before == now {
        return Ok(Since::Nothing);
    }
    if before.server != now.server || now.number < before.number {
        return Ok(Since::Anything);
    }
    let changed = changed_after(schema, before);
    let groups = Filter::all(&[&schema.groups(), &changed]);
    if !connection.page(base, true, &groups, &["1.1"], &[]).await?.0.is_empty() {
        return Ok(Since::Anything);
    }
    let users = Filter::all(&[&schema.users(), &changed]);
    let (found, _) = connection.page(base, true, &users, &["1.1"], &[]).await?;
    Ok(if found.is_empty() { Since::Nothing } else { Since::People })
}

/// Returns the filter for what has changed after a mark.
fn changed_after(schema: &Schema, mark: &Mark) -> Filter {
    match schema.kind {
        Kind::ActiveDirectory => Filter::at_least("uSNChanged", &mark.number.saturating_add(1).to_string()),
        Kind::Ldap => Filter::at_least("modifyTimestamp", &format!("{}Z", mark.number)),
    }
}

impl Mark {
    /// Narrows a filter to what has changed after this mark.
    pub fn narrowed(&self, schema: &Schema, filter: &Filter) -> Filter {
        Filter::all(&[filter, &changed_after(schema, self)])
    }
}

impl Page {
    /// Returns when the first account of the page ends.
    pub fn first_end(&self) -> Option<OffsetDateTime> {
        let ends = self.people.iter().filter_map(|person| match person {
            Ok(person) => person.ends,
            Err(refused) => refused.ends,
        });
        ends.min()
    }

    /// Lists what identifies the entries of the page for good, of those who can be identified.
    pub fn ids(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.people.iter().filter_map(|person| match person {
            Ok(person) => Some(person.id),
            Err(refused) => refused.id,
        })
    }
}

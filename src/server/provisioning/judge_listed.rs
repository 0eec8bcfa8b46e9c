//! Says what a person of a list comes to, by what is known here and by who else is in the list.

use super::listed::{DISPLAY_NAME, Listed, ListedPerson};
use super::plan::{from_here, named, telling};
use super::report::{Reason, Row, Standing};
use crate::server::users::domains::Domains;
use crate::server::users::rules::{AccountRefusal, check, check_email, local_user};
use crate::store::{BearerRecord, Error, NameKind, Store, UserRecord, folded};
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Says what is written for a row.
pub enum Plan {
    Nothing,
    Add {
        user: Box<UserRecord>,
        token: bool,
    },
    /// Only while the account is as it was.
    Change {
        before: Box<UserRecord>,
        after: Box<UserRecord>,
        token: bool,
    },
}

/// Holds on which lines the names of a list stand: the first one, and the last one besides.
#[derive(Default)]
pub struct Lines(HashMap<[u8; 16], (u64, Option<u64>)>);

impl Lines {
    /// Notes the names of a row.
    pub fn add(&mut self, listed: &Listed) {
        let Ok(person) = &listed.person else { return };
        for (kind, text) in names(person) {
            let lines = self.0.entry(named(kind, text)).or_insert((listed.line, None));
            if lines.0 != listed.line {
                lines.1 = Some(listed.line);
            }
        }
    }

    /// Returns a name of a row that another row has too.
    fn shared(&self, line: u64, person: &ListedPerson) -> Option<Reason> {
        names(person).find_map(|(kind, text)| {
            let (first, Some(last)) = *self.0.get(&named(kind, text))? else { return None };
            let line = if first == line { last } else { first };
            Some(Reason::Repeated { what: kind.told(), text: text.to_owned(), line })
        })
    }
}

fn names(person: &ListedPerson) -> impl Iterator<Item = (NameKind, &str)> {
    telling(&person.name, [&person.upn, &person.email, &person.sid])
}

/// Says by what a row is judged.
pub struct Judge<'a> {
    pub store: &'a Store,
    pub domains: &'a Domains,
    pub lines: &'a Lines,
    pub now: OffsetDateTime,
}

impl Judge<'_> {
    /// Says what a row comes to.
    pub async fn row(&self, listed: Listed) -> Result<(Row, Plan), Error> {
        let Listed { line, person } = listed;
        let row = |name, groups, standing| Row { line: Some(line), dn: String::new(), name, groups, standing };
        let person = match person {
            Ok(person) => person,
            Err(fault) => return Ok((row(String::new(), vec![], Standing::Refused(fault.into())), Plan::Nothing)),
        };
        let (name, groups) = (person.name.clone(), person.groups.clone().unwrap_or_default());
        let judged = match self.lines.shared(line, &person) {
            Some(reason) => Err(reason),
            None => self.person(person).await?,
        };
        Ok(match judged {
            Ok((standing, plan)) => (row(name, groups, standing), plan),
            Err(reason) => (row(name, groups, Standing::Refused(reason)), Plan::Nothing),
        })
    }

    async fn person(&self, person: ListedPerson) -> Result<Result<(Standing, Plan), Reason>, Error> {
        let account = self.store.users_named(NameKind::Name, &person.name).await?.into_iter().next();
        let own = account.as_ref().map(|account| account.uuid);
        for (kind, text) in names(&person).filter(|(kind, _)| *kind != NameKind::Name) {
            if self.store.users_named(kind, text).await?.iter().any(|other| Some(other.uuid) != own) {
                return Ok(Err(AccountRefusal::NotUnique(kind.told()).into()));
            }
        }
        let Some(before) = account else { return Ok(self.newcomer(person)) };
        let token = person.token && !self.has_token(before.uuid).await?;
        let after = applied(&person, before.clone());
        let mut changes = changes(&before, &after);
        if token {
            changes.push("a token".to_owned());
        }
        Ok(match (changes.is_empty(), self.allowed(&person, &before, &after)) {
            (true, _) => Ok((Standing::Same, Plan::Nothing)),
            (false, Err(reason)) => Err(reason),
            (false, Ok(())) => {
                let plan = Plan::Change { before: Box::new(before), after: Box::new(after), token };
                Ok((Standing::Changed(changes), plan))
            }
        })
    }

    fn newcomer(&self, person: ListedPerson) -> Result<(Standing, Plan), Reason> {
        let nobody = local_user(Uuid::now_v7(), person.name.clone(), Vec::new(), [None, None, None]);
        let user = applied(&person, nobody);
        check(&user, None)?;
        check_email(&user, None)?;
        self.domains.check(&user, None)?;
        Ok((Standing::New, Plan::Add { user: Box::new(user), token: person.token }))
    }

    /// Refuses a change that an account's rules or the directory do not allow, and one of another person's account.
    fn allowed(&self, person: &ListedPerson, before: &UserRecord, after: &UserRecord) -> Result<(), Reason> {
        if from_here(before) && before != after {
            return Err(AccountRefusal::FromDirectory(before.name.clone()).into());
        }
        let display = |of: &UserRecord| of.attributes.get(DISPLAY_NAME).cloned();
        let told = [
            (person.upn.clone(), before.upn.clone()),
            (person.email.clone(), before.email.clone()),
            (person.sid.clone(), before.sid.clone()),
            (person.attributes.get(DISPLAY_NAME).cloned(), display(before)),
        ];
        let both: Vec<_> = told.into_iter().filter_map(|(new, old)| Some((new?, old?))).collect();
        // One thing alone may have changed of the same person; where two and all of them differ, it is another.
        if both.len() > 1 && both.iter().all(|(new, old)| folded(new) != folded(old)) {
            let known = both.into_iter().map(|(_, old)| old).collect::<Vec<_>>().join(", ");
            return Err(Reason::Another { account: before.name.clone(), known });
        }
        check(after, Some(before))?;
        check_email(after, Some(before))?;
        Ok(self.domains.check(after, Some(before))?)
    }

    /// Says whether a person has a bearer token, or a code to make one with.
    async fn has_token(&self, user: Uuid) -> Result<bool, Error> {
        let holds = |bearer: &BearerRecord| {
            let awaits = bearer.activation.as_ref().filter(|activation| activation.used.is_none());
            bearer.revoked.is_none()
                && bearer.expires > self.now
                && awaits.is_none_or(|activation| activation.ends > self.now)
        };
        Ok(self.store.bearers_of(user).await?.iter().any(holds))
    }
}

/// Returns an account as it is after what a row says.
fn applied(person: &ListedPerson, user: UserRecord) -> UserRecord {
    let ListedPerson { name: _, upn, email, sid, groups, attributes, token: _ } = person.clone();
    let mut all = user.attributes;
    all.extend(attributes);
    UserRecord {
        groups: groups.unwrap_or(user.groups),
        upn: upn.or(user.upn),
        email: email.or(user.email),
        sid: sid.or(user.sid),
        attributes: all,
        ..user
    }
}

/// Says what of an account changes, from what to what.
fn changes(before: &UserRecord, after: &UserRecord) -> Vec<String> {
    let said = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
    let told =
        |what: &str, old: &str, new: &str| (old != new).then(|| format!("{what}: {} -> {}", said(old), said(new)));
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut changes = vec![
        told("groups", &before.groups.join(", "), &after.groups.join(", ")),
        told("UPN", &text(&before.upn), &text(&after.upn)),
        told("e-mail address", &text(&before.email), &text(&after.email)),
        told("security identifier", &text(&before.sid), &text(&after.sid)),
    ];
    changes.extend(after.attributes.iter().map(|(name, new)| {
        let old = before.attributes.get(name).map(String::as_str).unwrap_or_default();
        told(name, old, new)
    }));
    changes.into_iter().flatten().collect()
}

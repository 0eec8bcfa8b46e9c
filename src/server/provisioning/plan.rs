//! Says what a person of the directory comes to, by what is known here.

use super::report::{Reason, Row, Standing};
use crate::directory::{Person, Refused};
use crate::server::users::domains::Domains;
use crate::server::users::rules::{DIRECTORY as ISSUER, check};
use crate::store::{Error, NameKind, Store, UserRecord, UserSource, folded};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Says what is written of an account.
#[derive(Clone, Debug)]
pub enum Told {
    /// Everything.
    Whole(Box<Person>, Vec<String>),
    /// What takes rights away, of somebody who is not taken over as he is.
    Rights { disabled: bool, groups: Vec<String> },
    /// The directory knows nobody like that any more.
    Gone,
}

impl Told {
    /// Returns the record as it is after what was told.
    pub fn applied(self, user: UserRecord) -> UserRecord {
        match self {
            Self::Whole(person, groups) => {
                let Person { name, upn, email, sid, attributes, disabled, id: _, dn: _, ends: _ } = *person;
                let user = UserRecord { name, groups, upn, email, sid, attributes, ..user };
                set(user, disabled)
            }
            Self::Rights { disabled, groups } => {
                let kept = user.groups.iter().filter(|group| groups.contains(group)).cloned().collect();
                // Nobody comes in again whom nobody can read.
                let disabled = disabled || user.source == UserSource::DirectoryDisabled;
                set(UserRecord { groups: kept, ..user }, disabled)
            }
            Self::Gone => set(UserRecord { groups: Vec::new(), ..user }, true),
        }
    }
}

/// Disables or enables an account as the directory has changed it; what an administrator has disabled here stays so.
fn set(user: UserRecord, disabled: bool) -> UserRecord {
    match (user.source, disabled) {
        (UserSource::DirectoryDisabled, false) => UserRecord { disabled: false, source: UserSource::Directory, ..user },
        (UserSource::Directory | UserSource::Local | UserSource::Issuer, true) if !user.disabled => {
            UserRecord { disabled: true, source: UserSource::DirectoryDisabled, ..user }
        }
        // Noted as disabled by the directory, it would come in again as soon as the directory has it enabled.
        (UserSource::Local | UserSource::Issuer, _) => UserRecord { source: UserSource::Directory, ..user },
        (UserSource::Directory, _) | (UserSource::DirectoryDisabled, true) => user,
    }
}

/// Says what is to be written.
pub enum Write {
    Nothing,
    Add(Box<UserRecord>),
    Change(Uuid, Told),
    /// Likewise, and the directory's id stands for the account from now on.
    Adopt(Uuid, Uuid, Told),
}

/// Holds which names the people of the directory share.
#[derive(Default)]
pub struct Names(HashMap<[u8; 16], bool>);

impl Names {
    /// Counts the names of a person.
    pub fn add(&mut self, person: &Person) {
        for (kind, text) in names(person) {
            self.0.entry(named(kind, text)).and_modify(|shared| *shared = true).or_insert(false);
        }
    }

    /// Returns a name of the person that another has too.
    fn shared(&self, person: &Person) -> Option<Reason> {
        let shared = |(kind, text): &(NameKind, &str)| self.0.get(&named(*kind, text)).copied().unwrap_or_default();
        let found = names(person).find(shared);
        found.map(|(kind, text)| Reason::Shared { what: kind.told(), text: text.to_owned() })
    }
}

fn names(person: &Person) -> impl Iterator<Item = (NameKind, &str)> {
    telling(&person.name, [&person.upn, &person.email, &person.sid])
}

/// Lists what tells a person from another: name, UPN, e-mail address and security identifier.
pub fn telling<'a>(
    name: &'a str,
    [upn, email, sid]: [&'a Option<String>; 3],
) -> impl Iterator<Item = (NameKind, &'a str)> {
    let texts = [
        (NameKind::Name, Some(name)),
        (NameKind::Upn, upn.as_deref()),
        (NameKind::Email, email.as_deref()),
        (NameKind::Sid, sid.as_deref()),
    ];
    texts.into_iter().filter_map(|(kind, text)| Some((kind, text?)))
}

/// Returns a digest of a name, folded: a directory may have very many.
pub fn named(kind: NameKind, text: &str) -> [u8; 16] {
    let mut short = [0; 16];
    let hash = digest(&SHA256, format!("{}:{}", kind.told(), folded(text)).as_bytes());
    short.copy_from_slice(&hash.as_ref()[..16]);
    short
}

/// Says by what a person is judged.
pub struct Judge<'a> {
    pub store: &'a Store,
    pub domains: &'a Domains,
    pub names: &'a Names,
    /// Accounts of the same UPN or security identifier are handed over.
    pub adopt: bool,
}

/// Returns the account that a person of the directory has.
pub async fn account(store: &Store, id: Uuid) -> Result<Option<UserRecord>, Error> {
    match store.user(id).await? {
        Some(user) => Ok(Some(user)),
        None => store.user_by_identity(ISSUER, &id.to_string()).await,
    }
}

impl Judge<'_> {
    /// Says what a person comes to.
    pub async fn person(
        &self,
        read: Result<Person, Refused>,
        groups_of: impl Fn(&str, &str) -> Vec<String>,
    ) -> Result<(Row, Write), Error> {
        let person = match read {
            Ok(person) => person,
            Err(Refused { id, dn, disabled, problem, ends: _ }) => {
                let account = match id {
                    Some(id) => account(self.store, id).await?.filter(from_here),
                    None => None,
                };
                let name = account.as_ref().map(|user| user.name.clone()).unwrap_or_default();
                let groups = groups_of(&dn, &name);
                let standing = Standing::Refused(problem.into());
                let row = Row { line: None, dn, name, groups: groups.clone(), standing };
                return Ok((row, rights(account, disabled, groups)));
            }
        };
        let groups = groups_of(&person.dn, &person.name);
        let account = account(self.store, person.id).await?;
        let (dn, name) = (&person.dn, &person.name);
        let row = |standing| Row { line: None, dn: dn.clone(), name: name.clone(), groups: groups.clone(), standing };
        let told = || Told::Whole(Box::new(person.clone()), groups.clone());
        match account {
            Some(user) if !from_here(&user) => {
                Ok((row(Standing::Refused(Reason::NotFromHere { account: user.name })), Write::Nothing))
            }
            Some(user) => match self.changed(&person, &user, told()) {
                Ok(changes) if changes.is_empty() => Ok((row(Standing::Same), Write::Nothing)),
                Ok(changes) => Ok((row(Standing::Changed(changes)), Write::Change(user.uuid, told()))),
                Err(reason) => {
                    Ok((row(Standing::Refused(reason)), rights(Some(user), person.disabled, groups.clone())))
                }
            },
            None => self.newcomer(&person, told()).await.map(|(standing, write)| (row(standing), write)),
        }
    }

    /// Lists what of an account changes.
    fn changed(&self, person: &Person, user: &UserRecord, told: Told) -> Result<Vec<String>, Reason> {
        let after = told.applied(user.clone());
        if after == *user {
            return Ok(Vec::new());
        }
        self.names.shared(person).map_or(Ok(()), Err)?;
        check(&after, Some(user))?;
        self.domains.check(&after, Some(user))?;
        let changes = [
            ("name", after.name != user.name),
            ("groups", after.groups != user.groups),
            ("UPN", after.upn != user.upn),
            ("e-mail address", after.email != user.email),
            ("security identifier", after.sid != user.sid),
            ("attributes", after.attributes != user.attributes),
            ("disabled", after.disabled != user.disabled),
            ("source", after.source != user.source),
        ];
        Ok(changes.into_iter().filter(|(_, changes)| *changes).map(|(what, _)| what.to_owned()).collect())
    }

    /// Says what a person comes to who has no account.
    async fn newcomer(&self, person: &Person, told: Told) -> Result<(Standing, Write), Error> {
        let refused = |reason| Ok((Standing::Refused(reason), Write::Nothing));
        if let Some(reason) = self.names.shared(person) {
            return refused(reason);
        }
        let mut taken: Option<(NameKind, UserRecord)> = None;
        let mut others = HashSet::new();
        for (kind, text) in names(person) {
            for user in self.store.users_named(kind, text).await? {
                others.insert(user.uuid);
                // A UPN or security identifier says more than a name.
                if taken.as_ref().is_none_or(|(known, _)| matches!(known, NameKind::Name | NameKind::Email)) {
                    taken = Some((kind, user));
                }
            }
        }
        let Some((kind, user)) = taken else {
            let record = told.applied(UserRecord {
                uuid: person.id,
                name: String::new(),
                groups: Vec::new(),
                upn: None,
                email: None,
                sid: None,
                attributes: Default::default(),
                disabled: false,
                source: UserSource::Directory,
            });
            return match check(&record, None).and_then(|()| self.domains.check(&record, None)) {
                Ok(()) => Ok((Standing::New, Write::Add(Box::new(record)))),
                Err(refusal) => refused(refusal.into()),
            };
        };
        let same = others.len() == 1 && matches!(kind, NameKind::Upn | NameKind::Sid) && !from_here(&user);
        if !self.adopt || !same {
            return refused(Reason::Taken { what: kind.told(), account: user.name });
        }
        match self.changed(person, &user, told.clone()) {
            Ok(_) => Ok((Standing::Adopted, Write::Adopt(user.uuid, person.id, told))),
            Err(reason) => refused(reason),
        }
    }
}

/// Says whether the directory changes an account.
pub fn from_here(user: &UserRecord) -> bool {
    match user.source {
        UserSource::Directory | UserSource::DirectoryDisabled => true,
        UserSource::Local | UserSource::Issuer => false,
    }
}

/// Returns what takes rights away from the account of somebody who is not taken over as he is.
fn rights(account: Option<UserRecord>, disabled: bool, groups: Vec<String>) -> Write {
    let Some(user) = account else { return Write::Nothing };
    let told = Told::Rights { disabled, groups };
    if told.clone().applied(user.clone()) == user { Write::Nothing } else { Write::Change(user.uuid, told) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::users::rules::local_user;

    fn person(disabled: bool) -> Told {
        let (id, dn, name) = (Uuid::nil(), String::new(), "alice".to_owned());
        let (upn, email, sid, attributes) = (None, None, None, Default::default());
        Told::Whole(
            Box::new(Person { id, dn, name, upn, email, sid, attributes, disabled, ends: None }),
            vec!["staff".into()],
        )
    }

    #[test]
    fn who_is_disabled_here_is_not_enabled_by_a_directory_that_never_disabled_him() {
        let local = local_user(Uuid::nil(), "alice".into(), vec!["admins".into()], [None, None, None]);
        let taken = person(false).applied(local);
        assert_eq!(
            (taken.source, taken.disabled, taken.groups.clone()),
            (UserSource::Directory, false, vec!["staff".into()])
        );
        let by_us = UserRecord { disabled: true, ..taken.clone() };
        assert_eq!(person(false).applied(by_us.clone()), by_us);
        // Not even by one that disables him too, or shows him no more, and then has him again.
        assert_eq!(person(false).applied(person(true).applied(by_us.clone())), by_us);
        assert!(person(false).applied(Told::Gone.applied(by_us.clone())).disabled);
        let by_it = person(true).applied(taken.clone());
        assert_eq!((by_it.source, by_it.disabled), (UserSource::DirectoryDisabled, true));
        assert_eq!(person(false).applied(by_it), taken);
    }

    #[test]
    fn who_cannot_be_read_loses_rights_and_gains_none() {
        let groups = vec!["staff".to_owned(), "admins".to_owned()];
        let user =
            local_user(Uuid::nil(), "alice".into(), vec!["staff".into(), "operators".into()], [None, None, None]);
        let user = UserRecord { source: UserSource::Directory, ..user };
        let after = Told::Rights { disabled: false, groups: groups.clone() }.applied(user.clone());
        assert_eq!((after.groups, after.disabled), (vec!["staff".to_owned()], false));
        let off = Told::Gone.applied(user);
        assert!(off.disabled && off.groups.is_empty());
        assert!(Told::Rights { disabled: false, groups }.applied(off).disabled);
    }
}

//! Who has a part that a template or a role gives, and which changes of accounts give or take one: those that need a
//! second administrator.

use super::caller::{Duty, Roles};
use crate::server::data_directory::settings::identity::RoleSettings;
use crate::store::{self, Store, UserRecord};
use crate::template::{Principal, Templates};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Holds what names people: the templates, and the roles of `server.toml`.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    pub templates: &'a Templates,
    pub roles: &'a RoleSettings,
}

impl Standing<'_> {
    /// Lists the users and groups that are named and mean this person.
    pub fn named(&self, user: &UserRecord) -> BTreeSet<String> {
        let workflows = self.templates.iter().flat_map(|template| template.workflows());
        let by_templates = workflows.flat_map(|workflow| {
            workflow.initiators.iter().chain(&workflow.approvers).chain(&workflow.enrollment_agents)
        });
        let RoleSettings { admin, auditor, operator, kiosk, second_administrator: _ } = self.roles;
        let by_roles = admin.iter().chain(auditor).chain(operator).chain(kiosk);
        let meant = |principal: &&Principal| principal.includes(&user.name, &user.groups);
        by_templates.chain(by_roles).filter(meant).map(ToString::to_string).collect()
    }

    /// Says whether a change gives or takes a part, or changes by what somebody who has one comes in. To disable
    /// somebody is no such change: it must be quick.
    pub fn weighs(&self, before: Option<&UserRecord>, after: &UserRecord) -> bool {
        let had = before.map(|before| self.named(before)).unwrap_or_default();
        let has = self.named(after);
        let ways = |user: &UserRecord| (user.upn.clone(), user.email.clone(), user.sid.clone());
        let other_ways =
            before.is_some_and(|before| ways(before) != ways(after) || (before.disabled && !after.disabled));
        had != has || (!has.is_empty() && other_ways)
    }

    /// Lists those who manage users. Who is disabled counts as well: else one administrator could disable the others,
    /// and be alone.
    pub async fn administrators(&self, store: &Store) -> Result<BTreeSet<Uuid>, store::Error> {
        let mut found = BTreeSet::new();
        for principal in &self.roles.admin {
            let users = match principal {
                Principal::User(name) => store.user_by_name(name).await?.into_iter().collect(),
                Principal::Group(group) => store.users_in(group).await?,
            };
            let manages =
                |user: &UserRecord| Roles::of(self.roles, &user.name, &user.groups).include(Duty::ManageUsers);
            found.extend(users.into_iter().filter(manages).map(|user| user.uuid));
        }
        Ok(found)
    }

    /// Says whether such a change needs a second administrator: as the settings say, else where there are two.
    pub async fn wants_second(&self, store: &Store) -> Result<bool, store::Error> {
        match self.roles.second_administrator {
            Some(wanted) => Ok(wanted),
            None => Ok(self.administrators(store).await?.len() > 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::UserSource;

    fn person() -> UserRecord {
        UserRecord {
            uuid: Uuid::from_u128(1),
            name: "somebody".into(),
            groups: Vec::new(),
            upn: None,
            email: None,
            sid: None,
            attributes: Default::default(),
            disabled: false,
            source: UserSource::Local,
        }
    }

    #[test]
    fn a_change_weighs_that_gives_or_takes_a_part_or_changes_the_way_in_of_who_has_one() {
        let roles = RoleSettings { auditor: vec![Principal::Group("auditors".into())], ..RoleSettings::default() };
        let templates = Templates::default();
        let standing = Standing { templates: &templates, roles: &roles };
        let plain = person();
        let part = UserRecord { groups: vec!["auditors".into()], ..person() };
        let renamed = |user: &UserRecord| {
            let told = Some("another".to_owned());
            [
                UserRecord { upn: told.clone(), ..user.clone() },
                UserRecord { email: told.clone(), ..user.clone() },
                UserRecord { sid: told, ..user.clone() },
            ]
        };
        let off = |user: &UserRecord| UserRecord { disabled: true, ..user.clone() };
        assert!(!standing.weighs(None, &plain) && standing.weighs(None, &part), "a new person");
        assert!(standing.weighs(Some(&plain), &part) && standing.weighs(Some(&part), &plain), "another group");
        for (user, has_part) in [(&plain, false), (&part, true)] {
            assert!(!standing.weighs(Some(user), user), "nothing changes: {has_part}");
            for after in renamed(user) {
                assert_eq!(standing.weighs(Some(user), &after), has_part, "{after:?}");
            }
            assert!(!standing.weighs(Some(user), &off(user)), "disabled: {has_part}");
            assert!(!standing.weighs(Some(&off(user)), &off(user)), "stays disabled: {has_part}");
            assert_eq!(standing.weighs(Some(&off(user)), user), has_part, "enabled again");
        }
    }
}

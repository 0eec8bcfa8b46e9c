//! Says whom a setting means in a matter.

use super::draft::Reader;
use super::teller::Teller;
use crate::server::data_directory::settings::identity::RoleSettings;
use crate::server::data_directory::settings::notices::{Audience, NoticeKind, NoticeSettings};
use crate::store::{self, RequestRecord, Store, UserRecord};
use crate::template::{Principal, ProfileTemplate, Templates};
use uuid::Uuid;

/// Bounds whom one notice goes to.
const MOST_READERS: usize = 100;

/// Names the people whom a matter concerns.
#[derive(Clone, Copy, Default)]
pub struct Concerned<'a> {
    pub request: Option<&'a RequestRecord>,
    pub holder: Option<Uuid>,
}

/// Holds what says whom a setting means.
#[derive(Clone, Copy)]
pub struct Audiences<'a> {
    pub store: &'a Store,
    pub templates: &'a Templates,
    pub roles: &'a RoleSettings,
    pub settings: &'a NoticeSettings,
}

impl Teller {
    /// Lists who is mailed a kind, as [`Audiences::readers`] does.
    pub async fn readers(&self, kind: NoticeKind, concerned: Concerned<'_>) -> Result<Vec<Reader>, store::Error> {
        let (store, templates) = (&self.store, &*self.templates);
        Audiences { store, templates, roles: &self.roles, settings: &self.settings }.readers(kind, concerned).await
    }
}

impl Audiences<'_> {
    /// Lists who is mailed a kind, each once; people without an address, and disabled ones, are left out.
    pub async fn readers(&self, kind: NoticeKind, concerned: Concerned<'_>) -> Result<Vec<Reader>, store::Error> {
        let mut readers = Vec::new();
        for audience in self.settings.mail.of(kind) {
            let people = match audience {
                Audience::Address(address) => {
                    readers.push(Reader::Address(address.clone()));
                    continue;
                }
                Audience::Approvers => self.approvers(concerned.request).await?,
                Audience::Agents => self.agents(concerned.request).await?,
                Audience::Originator => self.person(concerned.request.map(|request| request.originator)).await?,
                Audience::Holder => {
                    let target = concerned.request.map(|request| request.target);
                    self.person(concerned.holder.or(target)).await?
                }
                Audience::Administrators => self.named(&self.roles.admin).await?,
                Audience::Operators => self.named(&self.roles.operator).await?,
            };
            let reachable = people.into_iter().filter(|person| !person.disabled && person.email.is_some());
            readers.extend(reachable.map(|person| Reader::Person(person.uuid)));
        }
        readers.sort();
        readers.dedup();
        if readers.len() > MOST_READERS {
            tracing::warn!(
                kind = kind.word(),
                readers = readers.len(),
                "a notice goes to the first {MOST_READERS} only"
            );
            readers.truncate(MOST_READERS);
        }
        Ok(readers)
    }

    async fn person(&self, uuid: Option<Uuid>) -> Result<Vec<UserRecord>, store::Error> {
        match uuid {
            Some(uuid) => Ok(self.store.user(uuid).await?.into_iter().collect()),
            None => Ok(Vec::new()),
        }
    }

    /// Lists the people whom principals name.
    async fn named(&self, principals: &[Principal]) -> Result<Vec<UserRecord>, store::Error> {
        let mut found = Vec::new();
        for principal in principals {
            match principal {
                Principal::User(name) => found.extend(self.store.user_by_name(name).await?),
                Principal::Group(group) => {
                    let members = self.store.users_in(group).await?;
                    found.extend(members.into_iter().filter(|user| principal.includes(&user.name, &user.groups)));
                }
            }
        }
        Ok(found)
    }

    /// Lists who may decide a request and has not.
    async fn approvers(&self, request: Option<&RequestRecord>) -> Result<Vec<UserRecord>, store::Error> {
        let Some(request) = request else { return Ok(Vec::new()) };
        let workflow = self.template(request).and_then(|template| template.workflow(request.request_type));
        let Some(workflow) = workflow else { return Ok(Vec::new()) };
        let decided = self.store.approvals(request.uuid).await?;
        let may = |person: &UserRecord| {
            ![request.originator, request.target].contains(&person.uuid)
                && !decided.iter().any(|decision| decision.approver == person.uuid)
        };
        Ok(self.named(&workflow.approvers).await?.into_iter().filter(may).collect())
    }

    /// Lists who may carry a request out for its holder.
    async fn agents(&self, request: Option<&RequestRecord>) -> Result<Vec<UserRecord>, store::Error> {
        let workflow = request.and_then(|request| self.template(request)?.workflow(request.request_type));
        match workflow {
            Some(workflow) => self.named(&workflow.enrollment_agents).await,
            None => Ok(Vec::new()),
        }
    }

    fn template(&self, request: &RequestRecord) -> Option<&ProfileTemplate> {
        self.templates.get(request.profile_template).map(AsRef::as_ref)
    }
}

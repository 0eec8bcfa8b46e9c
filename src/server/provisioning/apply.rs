//! Writes what people come to, each in a job of its own with its act for the log; many at a time, so that they share
//! commits.

use super::plan::{Told, Write};
use super::report::{Row, Standing};
use crate::server::audit::deed::{self, Deed};
use crate::server::error::ApiError;
use crate::server::users::domains::Domains;
use crate::server::users::jobs;
use crate::server::users::rules::DIRECTORY as ISSUER;
use crate::server::workflow::disabling::{self, Rules};
use crate::server::workflow::effects::Effects;
use crate::store::{AuditEntry, IdentityRecord, Store, Tx, UserRecord};
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Names who has asked for somebody to be taken over, for the log.
#[derive(Clone)]
pub struct Asker {
    pub uuid: Uuid,
    pub name: String,
    /// The correlation id of the call.
    pub call: Uuid,
}

/// Holds what writing goes by.
#[derive(Clone)]
pub struct Writer {
    pub store: Store,
    pub domains: Arc<Domains>,
    /// The templates that have the certificates of disabled people held.
    pub holding: Vec<Uuid>,
    pub now: OffsetDateTime,
    /// Where it is done, for the log, if not by the server itself.
    pub at: Option<&'static str>,
    /// Who has asked for it, for the log, if not the server itself.
    pub asker: Option<Asker>,
}

impl Writer {
    fn entry(&self, deed: Deed, user: Uuid) -> AuditEntry {
        let entry = deed::own(deed, self.now).user(user).with("by", ISSUER);
        let entry = match self.at {
            Some(at) => entry.with("at", at),
            None => entry,
        };
        match self.asker.clone() {
            Some(Asker { uuid, name, call }) => {
                AuditEntry { actor: Some(uuid), actor_name: name, correlation: Some(call), ..entry }
            }
            None => entry,
        }
    }

    /// Writes what a page of people comes to. What an account's rules refuse becomes a refused row; says whether
    /// revocation lists are to be made.
    pub async fn write(&self, page: Vec<(Row, Write)>) -> Result<(Vec<Row>, bool), ApiError> {
        let mut tasks = JoinSet::new();
        let mut rows = Vec::with_capacity(page.len());
        let mut outdated = false;
        for (row, write) in page {
            match write {
                Write::Nothing => rows.push(row),
                write => {
                    let writer = self.clone();
                    tasks.spawn(async move { (row, writer.one(write).await) });
                }
            }
        }
        while let Some(done) = tasks.join_next().await {
            // A task that was taken down with the server has written all or nothing.
            let Ok((mut row, done)) = done else { continue };
            match done {
                Ok(effects) => outdated |= effects.outdate_list(),
                Err(ApiError::Account(refusal)) => row.standing = Standing::Refused(refusal.into()),
                Err(error) => return Err(error),
            }
            rows.push(row);
        }
        Ok((rows, outdated))
    }

    /// Writes what one person comes to.
    async fn one(self, write: Write) -> Result<Effects, ApiError> {
        let store = self.store.clone();
        match write {
            Write::Nothing => Ok(Effects::default()),
            Write::Add(user) => {
                let job = async move |tx: &mut Tx| self.add(tx, *user).await;
                store.write(move |tx| Box::pin(job(tx))).await
            }
            Write::Change(user, told) => {
                let job = async move |tx: &mut Tx| self.change(tx, user, told).await;
                store.write(move |tx| Box::pin(job(tx))).await
            }
            Write::Adopt(user, id, told) => {
                let job = async move |tx: &mut Tx| {
                    let (issuer, subject) = (ISSUER.to_owned(), id.to_string());
                    let (uuid, unlinked) = (Uuid::now_v7(), None);
                    let identity = IdentityRecord { uuid, owner: user, issuer, subject, unlinked };
                    jobs::linked(tx, &identity, self.entry(Deed::IdentityLinked, user)).await?;
                    self.change(tx, user, told).await
                };
                store.write(move |tx| Box::pin(job(tx))).await
            }
        }
    }

    async fn add(&self, tx: &mut Tx, user: UserRecord) -> Result<Effects, ApiError> {
        let entry =
            self.entry(Deed::UserAdded, user.uuid).with("name", &user.name).with("groups", user.groups.join(" "));
        jobs::added(tx, &user, None, &self.domains, &entry).await?;
        Ok(Effects::default())
    }

    async fn change(&self, tx: &mut Tx, user: Uuid, told: Told) -> Result<Effects, ApiError> {
        let disables = match &told {
            Told::Whole(person, _) => person.disabled,
            Told::Rights { disabled, .. } => *disabled,
            Told::Gone => true,
        };
        let entry = self.entry(Deed::UserChanged, user);
        let entry = match &told {
            Told::Whole(person, _) => entry.with("name", &person.name),
            Told::Rights { .. } => entry,
            Told::Gone => entry.with("gone", true),
        };
        let rules = Rules { domains: &self.domains, holding: self.holding.clone(), now: self.now };
        let changing = |user| told.applied(user);
        Ok(disabling::changed_by(tx, user, disables, changing, rules, entry).await?.1)
    }
}

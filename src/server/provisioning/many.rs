//! Goes through a list of people, a page at a time, and writes what was said of each row and nothing else.

use super::judge_listed::{Judge, Lines, Plan};
use super::listed::Listed;
use super::report::{Reason, Report, Row, Standing};
use crate::secret::ActivationCode;
use crate::server::audit::deed::Deed;
use crate::server::users::bearer::AwaitedBearer;
use crate::server::users::domains::Domains;
use crate::server::users::jobs::{self, JobError};
use crate::store::{self, AuditEntry, BearerRecord, Store, Tx, UserRecord};
use aws_lc_rs::digest::{Context, SHA256};
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Counts the bytes of a digest that make a mark.
const MARK_BYTES: usize = 16;
/// Bounds the rows of one transaction: its last act says what all of their rows have become.
const PAGE: usize = 100;

/// Holds the activation code of a person's bearer token, before it can be used.
pub struct IssuedCode {
    pub name: String,
    pub code: ActivationCode,
    pub ends: OffsetDateTime,
}

/// Says why people of a list were not taken over; what was written before stays.
#[derive(Debug, thiserror::Error)]
pub enum ManyError {
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error("the system gave no random bytes")]
    Random,
    #[error("the activation codes could not be written")]
    Codes(#[source] std::io::Error),
}

/// Holds what a list is taken over by.
pub struct Many {
    pub store: Store,
    pub domains: Arc<Domains>,
    pub now: OffsetDateTime,
    /// False: nothing is written.
    pub apply: bool,
    /// When the bearer tokens of the list end.
    pub token_ends: OffsetDateTime,
    /// The list's SHA-256, hexadecimal, for the log.
    pub source: String,
    /// Begins the acts of the log: who does it, and where.
    pub base: AuditEntry,
}

/// Refuses a change of an account, from what it was to what it would be, besides an account's rules.
pub type Guard<'a> = &'a (dyn Fn(Option<&UserRecord>, &UserRecord) -> Option<Reason> + Sync);

/// Returns a text that is another as soon as a row comes to something else.
pub fn mark(judged: &[(Row, Plan)]) -> String {
    let mut context = Context::new(&SHA256);
    for (Row { line, name, groups, standing, .. }, plan) in judged {
        let written = match plan {
            Plan::Nothing => String::new(),
            // A new account has another uuid each time.
            Plan::Add { user, token } => format!("{:?} {token}", UserRecord { uuid: Uuid::nil(), ..(**user).clone() }),
            Plan::Change { before, after, token } => format!("{before:?} {after:?} {token}"),
        };
        context.update(format!("{line:?} {name:?} {groups:?} {standing:?} {written}\n").as_bytes());
    }
    hex::encode(&context.finish().as_ref()[..MARK_BYTES])
}

/// Takes codes before the records exist that they belong to, so that none is lost with the program.
pub type Codes<'a> = &'a mut (dyn FnMut(&[IssuedCode]) -> std::io::Result<()> + Send);

impl Many {
    /// Goes through the rows, which are read twice: of two rows that share a name neither is taken over. `done` is told
    /// how many rows are through.
    pub async fn run<I: Iterator<Item = Listed>>(
        &self,
        rows: impl Fn() -> I,
        codes: Codes<'_>,
        done: &mut dyn FnMut(usize),
    ) -> Result<Report, ManyError> {
        let mut lines = Lines::default();
        rows().for_each(|listed| lines.add(&listed));
        let judge = Judge { store: &self.store, domains: &self.domains, lines: &lines, now: self.now };
        let (mut report, mut count) = (Report::default(), 0);
        let mut rows = rows();
        loop {
            let mut page = Vec::with_capacity(PAGE);
            for listed in rows.by_ref().take(PAGE) {
                page.push(judge.row(listed).await?);
            }
            if page.is_empty() {
                return Ok(report);
            }
            count += page.len();
            for row in self.settled(page, codes).await? {
                report.add(row);
            }
            done(count);
        }
    }

    /// Says what the rows of a short list come to.
    pub async fn judged(&self, rows: Vec<Listed>, guard: Guard<'_>) -> Result<Vec<(Row, Plan)>, ManyError> {
        let mut lines = Lines::default();
        rows.iter().for_each(|listed| lines.add(listed));
        let judge = Judge { store: &self.store, domains: &self.domains, lines: &lines, now: self.now };
        let mut judged = Vec::with_capacity(rows.len());
        for listed in rows {
            let (row, plan) = judge.row(listed).await?;
            let refused = match &plan {
                Plan::Nothing => None,
                Plan::Add { user, .. } => guard(None, user),
                Plan::Change { before, after, .. } => guard(Some(before), after),
            };
            judged.push(match refused {
                Some(reason) => (Row { standing: Standing::Refused(reason), ..row }, Plan::Nothing),
                None => (row, plan),
            });
        }
        Ok(judged)
    }

    /// Writes what was judged where that is asked for, a page at a time; returns what the rows have come to.
    pub async fn written(&self, judged: Vec<(Row, Plan)>) -> Result<Vec<Row>, ManyError> {
        let mut rows = Vec::with_capacity(judged.len());
        let mut judged = judged.into_iter().peekable();
        while judged.peek().is_some() {
            rows.extend(self.settled(judged.by_ref().take(PAGE).collect(), &mut |_| Ok(())).await?);
        }
        Ok(rows)
    }

    /// Writes a page where that is asked for; returns its rows.
    async fn settled(&self, page: Vec<(Row, Plan)>, codes: Codes<'_>) -> Result<Vec<Row>, ManyError> {
        if !self.apply || page.iter().all(|(_, plan)| matches!(plan, Plan::Nothing)) {
            return Ok(page.into_iter().map(|(row, _)| row).collect());
        }
        let mut issued = Vec::new();
        let mut orders = Vec::with_capacity(page.len());
        for (row, plan) in page {
            let bearer = match &plan {
                Plan::Add { user, token: true } | Plan::Change { before: user, token: true, .. } => {
                    let made = AwaitedBearer::new(user.uuid, "list", self.now, self.token_ends);
                    let AwaitedBearer { record, code } = made.ok_or(ManyError::Random)?;
                    let ends = record.activation.as_ref().map_or(self.now, |activation| activation.ends);
                    issued.push(IssuedCode { name: user.name.clone(), code, ends });
                    Some(record)
                }
                Plan::Nothing | Plan::Add { token: false, .. } | Plan::Change { token: false, .. } => None,
            };
            orders.push(Order { row, plan, bearer });
        }
        if !issued.is_empty() {
            codes(&issued).map_err(ManyError::Codes)?;
        }
        let (domains, source, base) = (Arc::clone(&self.domains), self.source.clone(), self.base.clone());
        let writing = Writing { domains, source, base };
        let job = async move |tx: &mut Tx| writing.page(tx, orders).await;
        Ok(self.store.write(move |tx| Box::pin(job(tx))).await?)
    }
}

/// Holds a row with what is written for it.
struct Order {
    row: Row,
    plan: Plan,
    bearer: Option<BearerRecord>,
}

/// Holds what a page is written by.
struct Writing {
    domains: Arc<Domains>,
    source: String,
    base: AuditEntry,
}

impl Writing {
    /// Writes a page; a row that an account's rules refuse by now keeps none of the others from it.
    async fn page(&self, tx: &mut Tx, orders: Vec<Order>) -> Result<Vec<Row>, store::Error> {
        let mut rows = Vec::with_capacity(orders.len());
        for Order { mut row, plan, bearer } in orders {
            match self.one(tx, plan, bearer).await {
                Ok(None) => {}
                Ok(Some(reason)) => row.standing = Standing::Refused(reason),
                Err(JobError::Refused(refusal)) => row.standing = Standing::Refused(refusal.into()),
                Err(JobError::Store(error)) => return Err(error),
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// Begins the entry of an act that comes of the list.
    fn entry(&self, deed: Deed, user: &UserRecord) -> AuditEntry {
        let entry = AuditEntry { act: deed.name(), ..self.base.clone() }.user(user.uuid);
        entry.with("name", &user.name).with("file_sha256", &self.source)
    }

    /// Writes what one row comes to; returns why not, where the account is not as it was judged.
    async fn one(&self, tx: &mut Tx, plan: Plan, bearer: Option<BearerRecord>) -> Result<Option<Reason>, JobError> {
        let with_token = |entry: AuditEntry| match &bearer {
            Some(bearer) => entry.with("token", bearer.uuid),
            None => entry,
        };
        match plan {
            Plan::Nothing => {}
            Plan::Add { user, token: _ } => {
                let entry = self.entry(Deed::UserAdded, &user).with("groups", user.groups.join(" "));
                jobs::added(tx, &user, bearer.as_ref(), &self.domains, &with_token(entry)).await?;
            }
            Plan::Change { before, after, token: _ } => {
                if tx.user(before.uuid).await?.as_ref() != Some(&*before) {
                    return Ok(Some(Reason::Meanwhile { account: before.name }));
                }
                let entry = self.entry(Deed::UserChanged, &before);
                jobs::changed(tx, before.uuid, |_| *after, &self.domains, entry).await?;
                if let Some(bearer) = &bearer {
                    let entry = with_token(self.entry(Deed::BearerAdded, &before));
                    jobs::bearer_added(tx, bearer, &entry).await?;
                }
            }
        }
        Ok(None)
    }
}

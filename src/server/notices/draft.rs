//! Puts notices into the outbox: one for each person and program, within bounds.

use super::teller::Teller;
use crate::cm::hidden::is_hidden;
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::server::mail::outbox::LIFETIME;
use crate::server::mail::shared::{MAIL, due_now};
use crate::server::mail::texts::LIST;
use crate::store::{self, NoticeRecord, Tx};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Bounds what waits on one way; what is beyond is not told, and that is an error of the server's.
const MOST_WAITING: u64 = 10_000;
/// Bounds the lines of a list.
pub const MOST_LINES: usize = 50;
/// Bounds a fact, in characters.
const MOST_FACT: usize = 300;

/// Names somebody who is mailed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    Person(Uuid),
    Address(String),
}

/// Holds what is to be told to some.
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: NoticeKind,
    pub request: Option<Uuid>,
    pub facts: BTreeMap<String, String>,
    pub readers: Vec<Reader>,
    /// Programs are told too.
    pub hooks: bool,
}

impl Draft {
    /// Begins one for nobody yet.
    pub fn new(kind: NoticeKind, request: Option<Uuid>) -> Self {
        Self { kind, request, facts: BTreeMap::new(), readers: Vec::new(), hooks: true }
    }

    /// Adds a fact, on one line.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        let value = value.to_string().chars().take(MOST_FACT).collect();
        self.facts.insert(name.to_owned(), value);
        self
    }

    /// Adds the list, of which the first lines are kept, how many more there are, and their number.
    pub fn with_list(mut self, lines: &[String]) -> Self {
        let more = lines.len().checked_sub(MOST_LINES).filter(|more| *more > 0).map(|more| format!("(+ {more})"));
        let kept = lines.iter().take(MOST_LINES).map(|line| one_line(line)).chain(more).collect::<Vec<_>>().join("\n");
        self.facts.insert(LIST.to_owned(), kept);
        self.facts.insert("count".to_owned(), lines.len().to_string());
        self
    }

    /// Says on one line what it is, for a digest.
    fn line(&self) -> String {
        let told = ["type", "holder", "card", "days", "what", "request"];
        let facts = told.iter().filter_map(|name| self.facts.get(*name)).cloned().collect::<Vec<_>>().join(", ");
        one_line(&format!("{}: {facts}", self.kind.word()))
    }
}

/// Writes others' words without what would end their line.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if is_hidden(character) { ' ' } else { character }).take(MOST_FACT).collect()
}

/// Puts drafts into the outbox, in the transaction that notes how far was told; returns how many were too many for a way.
pub async fn put(tx: &mut Tx, teller: &Bounds, drafts: &[Draft], now: OffsetDateTime) -> Result<usize, store::Error> {
    let mut too_many = 0;
    for draft in drafts {
        for reader in draft.readers.iter().filter(|_| teller.mails) {
            if tx.notices_waiting(MAIL).await? >= MOST_WAITING {
                too_many += 1;
                continue;
            }
            mail(tx, teller.per_hour, draft, reader, now).await?;
        }
        for (way, kinds) in teller.hooks.iter().filter(|_| draft.hooks) {
            if !kinds.contains(&draft.kind) {
                continue;
            }
            if tx.notices_waiting(way).await? >= MOST_WAITING {
                too_many += 1;
                continue;
            }
            let (facts, request) = (draft.facts.clone(), draft.request);
            tx.insert_notice(&NoticeRecord { facts, request, ..due_now(draft.kind, way, now, LIFETIME) }).await?;
        }
    }
    Ok(too_many)
}

/// Holds what bounds the notices, for a job.
#[derive(Clone)]
pub struct Bounds {
    mails: bool,
    per_hour: u64,
    hooks: Vec<(String, Vec<NoticeKind>)>,
}

impl Teller {
    /// Returns what bounds the notices.
    pub fn bounds(&self) -> Bounds {
        let takes = |webhook: &crate::server::mail::webhook::Webhook| {
            NoticeKind::ALL.iter().copied().filter(|kind| webhook.takes(*kind)).collect()
        };
        Bounds {
            mails: self.outbox.mail.is_some(),
            per_hour: self.settings.per_hour.into(),
            hooks: self.outbox.webhooks.iter().map(|webhook| (webhook.way(), takes(webhook))).collect(),
        }
    }
}

/// Puts one mail into the outbox; what is too much for an hour goes into one digest at its end.
async fn mail(
    tx: &mut Tx,
    per_hour: u64,
    draft: &Draft,
    reader: &Reader,
    now: OffsetDateTime,
) -> Result<(), store::Error> {
    let (recipient, address) = match reader {
        Reader::Person(uuid) => (Some(*uuid), ""),
        Reader::Address(address) => (None, address.as_str()),
    };
    if tx.notices_since(recipient, address, now - Duration::hours(1)).await? < per_hour {
        let (facts, request, address) = (draft.facts.clone(), draft.request, address.to_owned());
        let notice = NoticeRecord { recipient, address, facts, request, ..due_now(draft.kind, MAIL, now, LIFETIME) };
        return tx.insert_notice(&notice).await;
    }
    match tx.digest_of(recipient, address).await? {
        Some(mut digest) => {
            let count = digest.facts.get("count").and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
            digest.facts.insert("count".to_owned(), count.saturating_add(1).to_string());
            let list = digest.facts.remove(LIST).unwrap_or_default();
            // The latest are kept.
            let mut lines: Vec<_> = list.lines().map(str::to_owned).chain([draft.line()]).collect();
            lines.drain(..lines.len().saturating_sub(MOST_LINES));
            digest.facts.insert(LIST.to_owned(), lines.join("\n"));
            tx.reword_notice(&digest).await
        }
        None => {
            let first = Draft::new(NoticeKind::Digest, None).with_list(&[draft.line()]);
            let (address, due) = (address.to_owned(), now + Duration::hours(1));
            let digest = NoticeRecord {
                recipient,
                address,
                facts: first.facts,
                due,
                ends: due + LIFETIME,
                ..due_now(NoticeKind::Digest, MAIL, now, LIFETIME)
            };
            tx.insert_notice(&digest).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_cut_says_how_many_more_there_are() {
        for (lines, kept, last) in [(50, 50, "line 49"), (51, 51, "(+ 1)"), (1230, 51, "(+ 1180)")] {
            let all: Vec<String> = (0..lines).map(|number| format!("line {number}")).collect();
            let draft = Draft::new(NoticeKind::CertificatesEnd, None).with_list(&all);
            assert_eq!(draft.facts["count"], lines.to_string());
            let list: Vec<_> = draft.facts[LIST].lines().collect();
            assert_eq!((list.len(), list[49], *list.last().unwrap()), (kept, "line 49", last));
        }
    }
}

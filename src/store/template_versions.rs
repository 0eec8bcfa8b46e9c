//! Keeps what profile templates have said: the latest versions of each, among the facts about the database.

use super::error::Error;
use super::open::Store;
use super::writer::Tx;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Begins the names of the facts; the template's UUID follows.
const KEPT: &str = "kept-template-";
/// Bounds the versions of a template that are kept.
pub const MOST_VERSIONS: usize = 20;

/// Holds what a template has said from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVersionRecord {
    pub version: u32,
    /// Tells one content from another, whatever version it names.
    pub digest: String,
    /// When a server has first worked by it, in microseconds since 1970.
    pub since: i64,
    /// What it says, as its caller spells it.
    pub said: String,
}

fn read(value: &[u8]) -> Result<Vec<TemplateVersionRecord>, Error> {
    serde_json::from_slice(value).map_err(|_| Error::Damaged { table: "meta", column: 1 })
}

impl Store {
    /// Lists the versions of a template that are kept, the oldest first.
    pub async fn template_versions(&self, template: Uuid) -> Result<Vec<TemplateVersionRecord>, Error> {
        let kept = self.facts(&format!("{KEPT}{template}")).await?;
        kept.first().map_or(Ok(Vec::new()), |(_, value)| read(value))
    }
}

impl Tx {
    /// Keeps a version of a template, unless the newest that is kept says the same; the oldest beyond `MOST_VERSIONS` are given up.
    pub async fn keep_template(&mut self, template: Uuid, newest: TemplateVersionRecord) -> Result<(), Error> {
        let name = format!("{KEPT}{template}");
        let mut versions = read(&self.first_said(&name, b"[]").await?)?;
        if versions.last().is_some_and(|last| last.digest == newest.digest) {
            return Ok(());
        }
        versions.push(newest);
        versions.drain(..versions.len().saturating_sub(MOST_VERSIONS));
        let value = serde_json::to_vec(&versions).map_err(|_| Error::Damaged { table: "meta", column: 1 })?;
        self.say_instead(&name, &value).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn each_content_is_kept_once_and_the_oldest_are_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("test.db")).await.unwrap();
        let (template, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let keep = async |template: Uuid, number: u32| {
            let (digest, since) = (number.to_string(), i64::from(number));
            let record = TemplateVersionRecord { version: 1, digest, since, said: String::new() };
            store.write(move |tx| Box::pin(async move { tx.keep_template(template, record).await })).await
        };
        for number in [1, 1, 2, 1] {
            keep(template, number).await.unwrap();
        }
        let since = async |template| -> Vec<i64> {
            store.template_versions(template).await.unwrap().iter().map(|version| version.since).collect()
        };
        assert_eq!(since(template).await, [1, 2, 1], "one that comes back is a change, too");
        assert_eq!(since(other).await, [0; 0]);
        for number in 10..40 {
            keep(template, number).await.unwrap();
        }
        assert_eq!(since(template).await, (20..40).collect::<Vec<i64>>());
    }
}

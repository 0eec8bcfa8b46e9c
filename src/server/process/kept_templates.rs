//! Keeps what the templates say by which the server works from now on, so that it can be told later what has changed.

use crate::store::{self, Store, TemplateVersionRecord, micros};
use crate::template::Templates;
use time::OffsetDateTime;

/// Keeps each template that says something else than it did when a server of this database last started.
pub async fn keep(store: &Store, templates: &Templates, now: OffsetDateTime) -> Result<(), store::Error> {
    let mut kept = Vec::new();
    for template in templates.iter() {
        let record = TemplateVersionRecord {
            version: template.version,
            digest: hex::encode(template.digest),
            since: micros(now),
            said: serde_json::json!(template.facts()).to_string(),
        };
        kept.push((template.uuid, record));
    }
    let job = store.write(move |tx| {
        Box::pin(async move {
            for (template, record) in kept {
                tx.keep_template(template, record).await?;
            }
            Ok(())
        })
    });
    job.await
}

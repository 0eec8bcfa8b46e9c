//! Makes sure that all servers of one database have the same keys and work by the same templates.
//!
//! In: the CA, master keys and templates of a server that starts; what the database remembers of them. Out: agreement,
//! or the reason that stops the start.
//! A template is changed on purpose by raising its version, one server after the other; servers that still run go on
//! with what they have read. Another content of the same version stops the start, and so does an older version.

use crate::ca::CertificateAuthority;
use crate::pkix::{MemoryKey, Signer};
use crate::server::audit::deed::{Deed, own};
use crate::server::keys::diversify::{KeyError, MasterKeys};
use crate::store::{Error, Store, Tx};
use crate::template::{ProfileTemplate, Templates};
use crate::{pkix, store};
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::OffsetDateTime;

/// Begins the name of the fact that remembers a template; the template's UUID follows.
const TEMPLATE_FACT: &str = "template-";

/// Holds what the database remembers of a template, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KnownTemplate {
    name: String,
    version: u32,
    /// Of what the template says: comments, blanks and order do not count.
    sha256: String,
}

impl KnownTemplate {
    fn of(template: &ProfileTemplate) -> Self {
        let (name, version) = (template.name.clone(), template.version);
        Self { name, version, sha256: hex::encode(template.digest) }
    }
}

/// Says why a template is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Disagreement {
    #[error("the store failed")]
    Store(#[from] Error),
    #[error("what is known of a template cannot be written or read")]
    Fact(#[from] serde_json::Error),
    #[error(
        "the template \"{name}\" is not what the other servers of this database have as version {version}: copy their file, \
         or raise the version to change it on purpose"
    )]
    Differs { name: String, version: u32 },
    #[error(
        "the template \"{name}\" has version {here}, and the other servers of this database have taken up version {there}: \
         copy their file, or go on from it with a higher version"
    )]
    Older { name: String, here: u32, there: u32 },
}

/// Says why a server and the other servers of its database do not agree.
#[derive(Debug, thiserror::Error)]
pub enum AgreementError {
    #[error(transparent)]
    Template(#[from] Disagreement),
    #[error("the {0} is not the one that the other servers of this database have: copy their data directory")]
    Keys(&'static str),
    #[error("the CA's certificate cannot be read")]
    Pkix(#[from] pkix::Error),
    #[error("the master key cannot be used")]
    MasterKey(#[from] KeyError),
    #[error("the store cannot be opened")]
    Store(#[from] Error),
}

/// Compares every template with what the servers of this database have agreed on, and records those that are newer.
/// Returns the names of templates that others have and this server lacks.
pub async fn agree_on_templates(
    store: &Store,
    templates: &Templates,
    now: OffsetDateTime,
) -> Result<Vec<String>, Disagreement> {
    for template in templates.iter() {
        let template = Arc::clone(template);
        store.write(move |tx| Box::pin(async move { take_up(tx, &template, now).await })).await?;
    }
    let mut lacking = Vec::new();
    for (name, value) in store.facts(TEMPLATE_FACT).await? {
        let uuid = name.strip_prefix(TEMPLATE_FACT).and_then(|text| text.parse().ok());
        if uuid.is_none_or(|uuid| templates.get(uuid).is_none()) {
            lacking.push(serde_json::from_slice::<KnownTemplate>(&value)?.name);
        }
    }
    Ok(lacking)
}

/// Records a template that is new or newer; refuses one that differs or is older.
async fn take_up(tx: &mut Tx, template: &ProfileTemplate, now: OffsetDateTime) -> Result<(), Disagreement> {
    let mine = KnownTemplate::of(template);
    let (fact, value) = (format!("{TEMPLATE_FACT}{}", template.uuid), serde_json::to_vec(&mine)?);
    let said = tx.first_said(&fact, &value).await?;
    let known: KnownTemplate = serde_json::from_slice(&said)?;
    if known.version > mine.version {
        return Err(Disagreement::Older { name: mine.name, here: mine.version, there: known.version });
    }
    if known.version == mine.version {
        let same = known.sha256 == mine.sha256;
        return if same { Ok(()) } else { Err(Disagreement::Differs { name: mine.name, version: mine.version }) };
    }
    tx.say_instead(&fact, &value).await?;
    let entry = own(Deed::TemplateChanged, now).with("template", template.uuid).with("name", &mine.name);
    Ok(tx.audit(&entry.with("version", mine.version).with("sha256", &mine.sha256)).await?)
}

/// Refuses a server whose CA key, master keys or key of the log are not those of the other servers of its database.
///
/// The first server decides which they are; the database remembers no more than fingerprints.
pub async fn claim_keys(
    store: &Store,
    authority: &dyn CertificateAuthority,
    master_keys: &MasterKeys,
    audit_key: &MemoryKey,
) -> Result<(), AgreementError> {
    let mut facts = Vec::new();
    if let Some(own) = authority.chain().first() {
        let key = own.public_key()?;
        facts.push(("CA's key", "ca-key".to_owned(), digest(&SHA256, key.spki()).as_ref().to_vec()));
    }
    for version in master_keys.versions() {
        facts.push(("master key", format!("master-key-{version}"), master_keys.fingerprint(version)?));
    }
    facts.push(("log's key", "audit-key".to_owned(), audit_key.public_key().sha256().to_vec()));
    for (what, name, mine) in facts {
        let is_mine = store
            .write(move |tx| Box::pin(async move { Ok::<_, store::Error>(tx.first_said(&name, &mine).await? == mine) }))
            .await?;
        if !is_mine {
            return Err(AgreementError::Keys(what));
        }
    }
    Ok(())
}

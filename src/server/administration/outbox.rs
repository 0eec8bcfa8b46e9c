//! `server outbox` and `server mail`: what people and programs are to be told, looked after at the data directory itself,
//! where a server that does not start can be helped as well; and whether texts, webhooks and mail server will do.

use super::records;
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::database::{self, DatabaseError};
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::server::mail::outbox::LIFETIME;
use crate::server::mail::smtp::{Letter, LetterError, MailError, MailServer};
use crate::server::mail::texts::{TextFault, Texts};
use crate::server::mail::webhook::{Webhook, WebhookError};
use crate::store::{self, NoticeRecord, NoticeState, Store, Tx};
use std::collections::BTreeMap;
use std::path::Path;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds the notices that are listed.
const MOST_LISTED: u32 = 500;

/// Says why nothing was read or changed.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error("there is no notice {0}")]
    NotThere(Uuid),
    #[error("the notice {0} was sent or discarded already")]
    Settled(Uuid),
    #[error("server.toml has no [smtp] table")]
    NoSmtp,
    #[error("the [smtp] table of server.toml cannot be used")]
    Mail(#[from] MailError),
    #[error("a webhook of server.toml cannot be used")]
    Webhook(#[from] WebhookError),
    #[error(transparent)]
    Letter(#[from] LetterError),
    #[error("{0}")]
    NotTaken(String),
    #[error("no runtime could be started")]
    Runtime(#[source] std::io::Error),
}

/// Says what a notice is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redress {
    /// It is sent now, even if it was given up.
    Retry,
    /// It is not sent any more.
    Discard,
}

/// Holds a notice, and the name of whom it goes to.
#[derive(Debug)]
pub struct ListedNotice {
    pub notice: NoticeRecord,
    /// A name, an address, or empty.
    pub to: String,
}

/// Opens the store of a data directory for the length of one piece of work.
fn with_store<T>(data_dir: &Path, work: impl AsyncFnOnce(&Store) -> Result<T, OutboxError>) -> Result<T, OutboxError> {
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    records::with_store(&directory, &settings, work)?
}

/// Lists the newest notices, of all states or of one.
pub fn outbox_list(data_dir: &Path, state: Option<NoticeState>) -> Result<Vec<ListedNotice>, OutboxError> {
    with_store(data_dir, async |store| {
        let mut listed = Vec::new();
        for notice in store.notices(state, None, MOST_LISTED).await? {
            let to = match notice.recipient {
                Some(recipient) => store.user(recipient).await?.map(|user| user.name).unwrap_or_default(),
                None => notice.address.clone(),
            };
            listed.push(ListedNotice { notice, to });
        }
        Ok(listed)
    })
}

/// Has a notice sent by the server that runs, or sent no more.
pub fn outbox_redress(data_dir: &Path, uuid: Uuid, redress: Redress) -> Result<(), OutboxError> {
    with_store(data_dir, async |store| {
        let now = OffsetDateTime::now_utc();
        let deed = match redress {
            Redress::Retry => Deed::NoticeRetried,
            Redress::Discard => Deed::NoticeDiscarded,
        };
        let entry = deed::at_the_data_directory(deed, now).with("notice", uuid);
        let job = async move |tx: &mut Tx| {
            let notice = tx.notice(uuid).await?.ok_or(OutboxError::NotThere(uuid))?;
            let done = match redress {
                Redress::Retry => tx.retry_notice(uuid, now, now + LIFETIME).await?,
                Redress::Discard => {
                    tx.settle_notice(uuid, NoticeState::Discarded, "discarded at the data directory", now).await?
                }
            };
            if !done {
                return Err(OutboxError::Settled(uuid));
            }
            Ok(tx.audit(&entry.with("kind", notice.kind)).await?)
        };
        store.write(move |tx| Box::pin(job(tx))).await
    })
}

/// Reads the texts of a data directory, and what is needed to mail and to tell programs; returns which texts are wrong.
pub fn mail_check(data_dir: &Path) -> Result<Vec<TextFault>, OutboxError> {
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    if let Some(smtp) = &settings.smtp {
        MailServer::new(smtp)?;
    }
    for (name, webhook) in &settings.notices.webhook {
        Webhook::new(name, webhook, &directory)?;
    }
    Ok(Texts::load(&directory.notices(), &settings.notices.language, None).1)
}

/// Sends one mail to an address now, past the outbox.
pub fn mail_test(data_dir: &Path, address: &str) -> Result<(), OutboxError> {
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    let mail = MailServer::new(settings.smtp.as_ref().ok_or(OutboxError::NoSmtp)?)?;
    let (texts, _) =
        Texts::load(&directory.notices(), &settings.notices.language, settings.pages(settings.listen, false));
    let host = settings.public_names.first().map_or("localhost", String::as_str);
    let facts = BTreeMap::from([("server".to_owned(), host.to_owned())]);
    let text = texts.written(None, NoticeKind::Test, "", &facts);
    let text = text.ok_or_else(|| OutboxError::NotTaken("there is no text for a test".to_owned()))?;
    let id = Uuid::new_v4().to_string();
    let letter = Letter { name: "", address, id: &id, kind: NoticeKind::Test.word(), repeated: false };
    let message = mail.written(&letter, text)?;
    let runtime = database::runtime().map_err(OutboxError::Runtime)?;
    runtime.block_on(mail.send(message)).map_err(|failed| OutboxError::NotTaken(failed.reason))
}

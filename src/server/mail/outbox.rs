//! Sends what is in the outbox: mail to people, and HTTPS to programs, each way in a task of its own.
//!
//! A notice is claimed in one transaction before it is sent, so several servers share an outbox; until its end is noted it
//! counts as one that may have arrived, so that a sending after a kill says so. It keeps its id however often it is sent.
//! What fails is tried again at growing intervals, until it ends; one that fails keeps no other from being sent.

use super::one_time;
use super::sent::Failed;
use super::shared::{LANGUAGE, MAIL, Shared, claim, pause};
use super::smtp::{Letter, MailServer};
use super::texts::Texts;
use super::webhook::{WAY, Webhook};
use crate::cm::request::RequestStatus;
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::server::error::{ApiError, Internal};
use crate::server::monitoring::clock;
use crate::server::monitoring::metrics::Metrics;
use crate::store::{NoticeRecord, NoticeState, Store, UserRecord};
use crate::template::Templates;
use lettre::Message;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Bounds for how long a notice is tried.
pub const LIFETIME: time::Duration = time::Duration::days(3);
/// Bounds the attempts of one notice.
const MAX_ATTEMPTS: u32 = 60;
/// Sets how often the outbox is read when nobody says that something is in it.
const ROUND: Duration = Duration::from_secs(5);
/// Bounds the pause while a mail server is away.
const LONGEST_ROUND: Duration = Duration::from_secs(60);

/// Holds the ways out, and what is said.
pub struct Outbox {
    shared: Shared,
    /// `None`: the settings name no mail server.
    pub mail: Option<MailServer>,
    pub webhooks: Vec<Arc<Webhook>>,
    /// For how long what was settled is remembered.
    pub kept: time::Duration,
    wakes: BTreeMap<String, Notify>,
}

/// Says what is to be done with a notice.
enum Prepared {
    Send(Message),
    /// It is not to be sent; why, and what becomes of it.
    Not(NoticeState, String),
}

impl Outbox {
    /// Gathers the ways out.
    pub fn new(
        store: Store,
        templates: Arc<Templates>,
        texts: Texts,
        (mail, webhooks): (Option<MailServer>, Vec<Webhook>),
        kept: time::Duration,
    ) -> Self {
        let ways = mail.iter().map(|_| MAIL.to_owned()).chain(webhooks.iter().map(Webhook::way));
        let wakes = ways.map(|way| (way, Notify::new())).collect();
        Self {
            shared: Shared { store, templates, texts },
            mail,
            webhooks: webhooks.into_iter().map(Arc::new).collect(),
            kept,
            wakes,
        }
    }

    /// Has the outbox read at once, because something was put into it.
    pub fn wake(&self) {
        self.wakes.values().for_each(Notify::notify_one);
    }

    /// Lists the ways out.
    pub fn ways(&self) -> Vec<String> {
        self.wakes.keys().cloned().collect()
    }

    /// Gives up what waits for longer than it may, and forgets what was settled long ago; neither by a clock that was set.
    pub async fn tidy(&self, now: OffsetDateTime) -> Result<(), ApiError> {
        if !clock::is_trusted(&self.shared.store, now).await? {
            return Ok(());
        }
        for notice in self.shared.store.overdue_notices(now).await? {
            tracing::error!(notice = %notice.uuid, kind = notice.kind, way = notice.way, "a notice was given up");
            let reason = format!("not sent in {} attempts until its end; {}", notice.attempts, notice.reason);
            self.ended(&notice, NoticeState::Failed, &reason).await?;
        }
        let before = now - self.kept;
        self.shared.store.write(move |tx| Box::pin(async move { tx.forget_notices(before).await })).await?;
        Ok(())
    }

    /// Ends a notice; a one-time password's end is an act as well.
    async fn ended(&self, notice: &NoticeRecord, state: NoticeState, reason: &str) -> Result<(), ApiError> {
        if notice.kind == NoticeKind::OneTimePassword.word() {
            return one_time::undelivered(&self.shared, notice, state, reason).await;
        }
        let (uuid, reason) = (notice.uuid, reason.to_owned());
        let now = OffsetDateTime::now_utc();
        self.shared
            .store
            .write(move |tx| Box::pin(async move { tx.settle_notice(uuid, state, &reason, now).await }))
            .await?;
        Ok(())
    }

    /// Notes what came of an attempt that was claimed.
    async fn noted(&self, notice: &NoticeRecord, sent: Result<(), Failed>) -> Result<bool, ApiError> {
        let failed = match sent {
            Ok(()) if notice.kind == NoticeKind::OneTimePassword.word() => {
                one_time::delivered(&self.shared, notice).await?;
                return Ok(true);
            }
            Ok(()) => {
                self.ended(notice, NoticeState::Sent, "").await?;
                return Ok(true);
            }
            Err(failed) => failed,
        };
        let reason = if notice.kind == NoticeKind::OneTimePassword.word() {
            // Who takes mail could answer with what it says.
            failed.code.map_or_else(|| "no answer".to_owned(), |code| format!("the mail server answered {code}"))
        } else {
            failed.reason
        };
        tracing::warn!(notice = %notice.uuid, kind = notice.kind, way = notice.way, reason, "a notice was not sent");
        if failed.is_final || notice.attempts + 1 >= MAX_ATTEMPTS {
            self.ended(notice, NoticeState::Failed, &reason).await?;
            return Ok(failed.is_final);
        }
        let due = OffsetDateTime::now_utc() + pause(notice.attempts);
        let (notice, doubtful) = (notice.clone(), notice.doubtful || failed.doubtful);
        self.shared
            .store
            .write(move |tx| Box::pin(async move { tx.put_back_notice(&notice, due, doubtful, &reason).await }))
            .await?;
        Ok(false)
    }

    /// Takes a notice for an attempt; `false`: another server was quicker.
    async fn claimed(&self, notice: &NoticeRecord) -> Result<bool, ApiError> {
        let notice = notice.clone();
        let next = OffsetDateTime::now_utc() + claim(notice.attempts);
        let claimed =
            self.shared.store.write(move |tx| Box::pin(async move { tx.claim_notice(&notice, next).await })).await;
        match claimed.map_err(ApiError::from) {
            Ok(()) => Ok(true),
            Err(ApiError::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends one mail, if it is still to be sent; returns whether the mail server took one, `None` where none was tried.
    async fn mail_one(&self, mail: &MailServer, notice: &NoticeRecord) -> Result<Option<bool>, ApiError> {
        if notice.kind == NoticeKind::OneTimePassword.word() {
            let message = match one_time::prepared(&self.shared, mail, notice).await? {
                one_time::Prepared::Send(message) => message,
                one_time::Prepared::Not(reason) => {
                    one_time::undelivered(&self.shared, notice, NoticeState::Failed, &reason).await?;
                    return Ok(None);
                }
                one_time::Prepared::Taken => return Ok(None),
            };
            return self.noted(notice, mail.send(message).await).await.map(Some);
        }
        match self.prepared(mail, notice).await? {
            Prepared::Not(state, reason) => {
                if state == NoticeState::Failed {
                    tracing::warn!(notice = %notice.uuid, kind = notice.kind, reason, "a notice cannot be sent");
                }
                self.ended(notice, state, &reason).await?;
                Ok(None)
            }
            Prepared::Send(_) if !self.claimed(notice).await? => Ok(None),
            Prepared::Send(message) => self.noted(notice, mail.send(message).await).await.map(Some),
        }
    }

    /// Writes a mail, or says why it is not to be sent.
    async fn prepared(&self, mail: &MailServer, notice: &NoticeRecord) -> Result<Prepared, ApiError> {
        let Some(kind) = NoticeKind::of_word(&notice.kind) else {
            return Ok(Prepared::Not(NoticeState::Failed, "this release has no text for it".into()));
        };
        let recipient = match notice.recipient {
            Some(recipient) => self.shared.store.user(recipient).await?,
            None => None,
        };
        if recipient.as_ref().is_some_and(|recipient| recipient.disabled) {
            return Ok(Prepared::Not(NoticeState::Discarded, "the person is disabled".into()));
        }
        if let Some(reason) = self.outdated(kind, notice).await? {
            return Ok(Prepared::Not(NoticeState::Discarded, reason.into()));
        }
        let address = recipient.as_ref().map_or(Some(&notice.address), |recipient| recipient.email.as_ref());
        let Some(address) = address else {
            return Ok(Prepared::Not(NoticeState::Failed, "the person has no e-mail address any more".into()));
        };
        let language = recipient.as_ref().and_then(|recipient| recipient.attributes.get(LANGUAGE)).map(String::as_str);
        let name = recipient.as_ref().map_or("", |recipient: &UserRecord| recipient.name.as_str());
        let text = self.shared.texts.written(language, kind, name, &notice.facts);
        let mut text = text.ok_or(ApiError::Internal(Internal::Dangling("text")))?;
        if notice.doubtful {
            text.body += &format!("\n-- \n{}", self.shared.texts.repeated(language));
        }
        let id = notice.uuid.to_string();
        let letter = Letter { name, address, id: &id, kind: kind.word(), repeated: notice.doubtful };
        Ok(match mail.written(&letter, text) {
            Ok(message) => Prepared::Send(message),
            Err(error) => Prepared::Not(NoticeState::Failed, error.to_string()),
        })
    }

    /// Says why a notice means nothing any more.
    async fn outdated(&self, kind: NoticeKind, notice: &NoticeRecord) -> Result<Option<&'static str>, ApiError> {
        let wanted: &[RequestStatus] = match kind {
            NoticeKind::RequestWaits => &[RequestStatus::Pending],
            NoticeKind::RequestReady => &[RequestStatus::Approved, RequestStatus::Executing],
            _ => return Ok(None),
        };
        let Some(request) = notice.request else { return Ok(None) };
        let request = self.shared.store.request(request).await?;
        let holds = request.is_some_and(|request| wanted.contains(&request.status));
        Ok((!holds).then_some("the request has gone on"))
    }

    /// Tells one program, if the notice is still to be sent.
    async fn call_one(&self, webhook: &Arc<Webhook>, notice: &NoticeRecord) -> Result<Option<bool>, ApiError> {
        if !self.claimed(notice).await? {
            return Ok(None);
        }
        let (webhook, sent) = (Arc::clone(webhook), notice.clone());
        let now = OffsetDateTime::now_utc();
        let task = tokio::task::spawn_blocking(move || webhook.send(&sent, now)).await;
        let ended = |_| {
            let reason = "the task that told the receiver ended unexpectedly".into();
            Err(Failed { reason, is_final: false, doubtful: true, code: None })
        };
        self.noted(notice, task.unwrap_or_else(ended)).await.map(Some)
    }
}

/// Sends on one way what is due, round after round, until told to end; what was begun is finished.
pub async fn run(outbox: Arc<Outbox>, way: String, metrics: Arc<Metrics>, ending: CancellationToken) {
    let Some(wake) = outbox.wakes.get(&way) else { return };
    let task = if way == MAIL { MAIL } else { "webhook" };
    let mut round = ROUND;
    let mut told = String::new();
    // A timeout is a round like any other: what failed before may be due again.
    while ending.run_until_cancelled(tokio::time::timeout(round, wake.notified())).await.is_some() {
        let now = OffsetDateTime::now_utc();
        let due = outbox.shared.store.due_notices(&way, now).await;
        metrics.upkeep_ended("outbox", due.is_ok());
        let due = match due {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                continue;
            }
        };
        round = ROUND;
        if due.is_empty() {
            continue;
        }
        if let Some(away) = away(&outbox, &way).await {
            metrics.upkeep_ended(task, false);
            round = (round * 2).min(LONGEST_ROUND);
            if told != away.reason {
                tracing::warn!(way, reason = away.reason, "nothing can be sent; it is kept and tried again");
                told.clone_from(&away.reason);
            }
            let (way, reason) = (way.clone(), away.reason);
            let noted =
                outbox.shared.store.write(move |tx| Box::pin(async move { tx.note_delay(&way, now, &reason).await }));
            if let Err(error) = noted.await {
                tracing::warn!(%error, "why nothing is sent could not be noted");
            }
            continue;
        }
        told.clear();
        // `None`: nothing was sent, so that nothing new is known of the receiver.
        if let Some(taken) = send_all(&outbox, &way, due, &ending).await {
            metrics.upkeep_ended(task, taken);
        }
    }
}

/// Asks a mail server whether it is there, so that what it cannot be given is neither claimed nor doubtful.
async fn away(outbox: &Outbox, way: &str) -> Option<Failed> {
    let mail = outbox.mail.as_ref().filter(|_| way == MAIL)?;
    mail.answers().await.err()
}

/// Sends what is due; returns whether the receiver took the last of it, `None` where nothing was tried.
async fn send_all(outbox: &Outbox, way: &str, due: Vec<NoticeRecord>, ending: &CancellationToken) -> Option<bool> {
    let webhook = outbox.webhooks.iter().find(|webhook| Some(webhook.name.as_str()) == way.strip_prefix(WAY));
    let mut taken = None;
    for notice in due {
        if ending.is_cancelled() {
            break;
        }
        let sent = match (webhook, &outbox.mail) {
            (Some(webhook), _) => outbox.call_one(webhook, &notice).await,
            (None, Some(mail)) => outbox.mail_one(mail, &notice).await,
            (None, None) => Ok(None),
        };
        match sent {
            Ok(sent) => taken = sent.or(taken),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, notice = %notice.uuid, "the outbox cannot be worked on");
            }
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::super::shared::due_now;
    use super::*;
    use time::Duration;

    /// What became of the notices, by their kinds.
    async fn states(outbox: &Outbox) -> Vec<(String, NoticeState)> {
        let mut all = outbox.shared.store.notices(None, None, 10).await.unwrap();
        all.sort_by(|one, other| one.kind.cmp(&other.kind));
        all.into_iter().map(|notice| (notice.kind, notice.state)).collect()
    }

    #[test]
    fn by_a_clock_that_was_set_nothing_is_given_up_and_nothing_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let store = Store::open(&directory.path().join("records.db")).await.unwrap();
            let texts = Texts::load(&directory.path().join("notices"), "en", None).0;
            let outbox = Outbox::new(store.clone(), Arc::default(), texts, (None, Vec::new()), Duration::days(30));
            let (begun, now) = (OffsetDateTime::now_utc() - Duration::days(40), OffsetDateTime::now_utc());
            let waiting = due_now(NoticeKind::Failing, MAIL, begun, LIFETIME);
            let sent = due_now(NoticeKind::Recovered, MAIL, begun, LIFETIME);
            let job = async move |tx: &mut crate::store::Tx| {
                let (waiting, sent) = (waiting, sent);
                tx.insert_notice(&waiting).await?;
                tx.insert_notice(&sent).await?;
                tx.settle_notice(sent.uuid, NoticeState::Sent, "", begun).await.map(drop)
            };
            store.write(move |tx| Box::pin(job(tx))).await.unwrap();
            let before = states(&outbox).await;
            // No clock was trusted yet; then one was, to which forty days do not pass at once.
            outbox.tidy(now).await.unwrap();
            assert_eq!(states(&outbox).await, before);
            for trusted in [begun, now + Duration::days(400)] {
                clock::note_trusted(&store, trusted).await.unwrap();
                outbox.tidy(now).await.unwrap();
                assert_eq!(states(&outbox).await, before);
            }
            clock::note_trusted(&store, now - Duration::minutes(1)).await.unwrap();
            outbox.tidy(now).await.unwrap();
            assert_eq!(states(&outbox).await, [("failing".to_owned(), NoticeState::Failed)]);
            store.close().await;
        });
    }
}

//! Holds the `[notices]` table: what people and programs are told, by what way, and in which language.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Bounds the webhooks.
const MOST_WEBHOOKS: usize = 8;
/// Bounds the steps before the end of a certificate.
const MOST_STEPS: usize = 8;
/// Bounds how long before its end a certificate is told of, in days.
const LONGEST_STEP: u16 = 3660;
/// Bounds `per_hour` and `keep_days`.
const MOST: u16 = 3660;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal [$($fact:literal)*]),* $(,)?) => {
        /// Names what is told; the words are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum NoticeKind {
            $($(#[$doc])* $kind),*
        }

        impl NoticeKind {
            /// Lists all kinds.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Returns the word that settings, texts and the outbox have for it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word),*
                }
            }

            /// Lists what a text may say of it, besides the name of the person who is told.
            pub fn facts(self) -> &'static [&'static str] {
                match self {
                    $(Self::$kind => &[$($fact),*]),*
                }
            }
        }
    };
}

kinds! {
    /// A request waits for the decision of whoever is told.
    RequestWaits = "request-waits" ["request" "type" "template" "requester" "holder"],
    RequestApproved = "request-approved" ["request" "type" "template" "requester" "holder" "by"],
    RequestDenied = "request-denied" ["request" "type" "template" "requester" "holder" "by" "why"],
    /// A request can be carried out.
    RequestReady = "request-ready" ["request" "type" "template" "requester" "holder"],
    /// A request has ended by itself, as nobody has finished it in its template's time.
    RequestExpired = "request-expired" ["request" "type" "template" "requester" "holder" "submitted"],
    /// A request has ended with its card, or with a person.
    RequestClosed = "request-closed" ["request" "type" "template" "requester" "holder" "by"],
    /// Certificates of the one who is told end soon.
    CertificateEnds = "certificate-ends" ["days" "count" "list"],
    /// Certificates of several people end soon.
    CertificatesEnd = "certificates-end" ["days" "count" "list"],
    CardLost = "card-lost" ["card" "template" "by" "at"],
    CardSuspended = "card-suspended" ["card" "template" "by" "at"],
    /// It is no longer suspended.
    CardRestored = "card-restored" ["card" "template" "by" "at"],
    CardUnblocked = "card-unblocked" ["card" "template" "by" "at"],
    /// Something of the server's fails.
    Failing = "failing" ["what" "since" "server"],
    /// It does so no more.
    Recovered = "recovered" ["what" "server"],
    /// What would have been too many notices within an hour.
    Digest = "digest" ["count" "list"],
    /// A one-time password, which is made when it is sent.
    OneTimePassword = "one-time-password" ["password" "request" "type" "template" "hours" "tries"],
    /// Whether mail goes out at all.
    Test = "test" ["server"],
}

impl NoticeKind {
    /// Returns the kind that a word names.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// Names whom a mail goes to, among those whom the matter concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Audience {
    /// Whoever may decide the request.
    Approvers,
    /// Whoever may carry it out for others.
    Agents,
    /// Whoever made the request.
    Originator,
    /// The person whom the request, card or certificate is for.
    Holder,
    /// `[roles] admin`.
    Administrators,
    /// `[roles] operator`.
    Operators,
    /// This address, in the language of the settings.
    Address(String),
}

/// Says that a text names nobody who can be told.
#[derive(Debug, thiserror::Error)]
#[error(
    "\"{0}\" is none of approvers, agents, originator, holder, administrators, operators, and no e-mail address either"
)]
pub struct NoAudience(String);

impl TryFrom<String> for Audience {
    type Error = NoAudience;

    fn try_from(text: String) -> Result<Self, NoAudience> {
        match text.as_str() {
            "approvers" => Ok(Self::Approvers),
            "agents" => Ok(Self::Agents),
            "originator" => Ok(Self::Originator),
            "holder" => Ok(Self::Holder),
            "administrators" => Ok(Self::Administrators),
            "operators" => Ok(Self::Operators),
            address if address.parse::<lettre::Address>().is_ok() => Ok(Self::Address(text)),
            _ => Err(NoAudience(text)),
        }
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Approvers => "approvers".into(),
            Audience::Agents => "agents".into(),
            Audience::Originator => "originator".into(),
            Audience::Holder => "holder".into(),
            Audience::Administrators => "administrators".into(),
            Audience::Operators => "operators".into(),
            Audience::Address(address) => address,
        }
    }
}

/// Holds `[notices.mail]`: who is mailed what; nobody where a list is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailedTo {
    pub request_waits: Vec<Audience>,
    pub request_decided: Vec<Audience>,
    pub request_ready: Vec<Audience>,
    pub request_ended: Vec<Audience>,
    pub certificate_ends: Vec<Audience>,
    pub card_lost: Vec<Audience>,
    pub card_suspended: Vec<Audience>,
    pub card_restored: Vec<Audience>,
    pub card_unblocked: Vec<Audience>,
    pub failing: Vec<Audience>,
}

impl Default for MailedTo {
    fn default() -> Self {
        let holder = || vec![Audience::Holder];
        Self {
            request_waits: vec![Audience::Approvers],
            request_decided: vec![Audience::Originator],
            request_ready: holder(),
            request_ended: vec![Audience::Holder, Audience::Originator],
            certificate_ends: vec![Audience::Holder, Audience::Operators],
            card_lost: holder(),
            card_suspended: holder(),
            card_restored: holder(),
            card_unblocked: holder(),
            failing: vec![Audience::Administrators],
        }
    }
}

impl MailedTo {
    /// Lists who is mailed this kind.
    pub fn of(&self, kind: NoticeKind) -> &[Audience] {
        match kind {
            NoticeKind::RequestWaits => &self.request_waits,
            NoticeKind::RequestApproved | NoticeKind::RequestDenied => &self.request_decided,
            NoticeKind::RequestReady => &self.request_ready,
            NoticeKind::RequestExpired | NoticeKind::RequestClosed => &self.request_ended,
            NoticeKind::CertificateEnds | NoticeKind::CertificatesEnd => &self.certificate_ends,
            NoticeKind::CardLost => &self.card_lost,
            NoticeKind::CardSuspended => &self.card_suspended,
            NoticeKind::CardRestored => &self.card_restored,
            NoticeKind::CardUnblocked => &self.card_unblocked,
            NoticeKind::Failing | NoticeKind::Recovered => &self.failing,
            NoticeKind::Digest | NoticeKind::OneTimePassword | NoticeKind::Test => &[],
        }
    }
}

/// Holds `[notices.webhook.NAME]`: a program that is told over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    pub url: String,
    /// `whsec_` and the key in base64, 24 to 64 bytes; a relative path begins at the data directory.
    pub secret_file: PathBuf,
    /// PEM of those whom the receiver's TLS certificate must come from; absent: those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<NoticeKind>>,
}

/// Holds the `[notices]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoticeSettings {
    /// The language of whoever has none of his own.
    pub language: String,
    /// How many mails a person is sent within an hour; what is beyond comes as one digest.
    pub per_hour: u16,
    /// For how many days the outbox remembers what was sent, given up or discarded.
    pub keep_days: u16,
    /// How many days before its end a certificate is told of, once each.
    pub days: Vec<u16>,
    /// How many minutes something must have failed before it is told.
    pub failing_minutes: u16,
    pub mail: MailedTo,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub webhook: BTreeMap<String, WebhookSettings>,
}

impl Default for NoticeSettings {
    fn default() -> Self {
        Self {
            language: "en".into(),
            per_hour: 20,
            keep_days: 30,
            days: vec![60, 30, 14, 3],
            failing_minutes: 5,
            mail: MailedTo::default(),
            webhook: BTreeMap::new(),
        }
    }
}

/// Says what is wrong in the `[notices]` table.
#[derive(Debug, thiserror::Error)]
pub enum NoticeFault {
    #[error("the [notices] language \"{0}\" is no tag of two or three small letters, such as \"en\" or \"de\"")]
    Language(String),
    #[error("the [notices] per_hour and keep_days are from 1 to {MOST}")]
    Range,
    #[error(
        "the [notices] days are at most {MOST_STEPS} numbers from 1 to {LONGEST_STEP}, each smaller than the one before"
    )]
    Days,
    #[error("[notices] has at most {MOST_WEBHOOKS} webhooks")]
    Webhooks,
    #[error("the webhook \"{0}\" is not named by up to 32 small letters, digits and hyphens")]
    WebhookName(String),
    #[error("the url of the webhook \"{0}\" does not begin with https://, or holds a password")]
    WebhookUrl(String),
}

/// Says whether a text is a language tag as texts and settings have it.
pub fn is_language(text: &str) -> bool {
    matches!(text.len(), 2 | 3) && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

impl NoticeSettings {
    /// Refuses what cannot hold.
    pub fn check(&self) -> Result<(), NoticeFault> {
        if !is_language(&self.language) {
            return Err(NoticeFault::Language(self.language.clone()));
        }
        if ![self.per_hour, self.keep_days].iter().all(|number| (1..=MOST).contains(number)) {
            return Err(NoticeFault::Range);
        }
        let falls = self.days.iter().zip(self.days.iter().skip(1)).all(|(before, after)| before > after);
        let within = self.days.iter().all(|days| (1..=LONGEST_STEP).contains(days));
        if !falls || !within || self.days.len() > MOST_STEPS {
            return Err(NoticeFault::Days);
        }
        if self.webhook.len() > MOST_WEBHOOKS {
            return Err(NoticeFault::Webhooks);
        }
        for (name, webhook) in &self.webhook {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || name.len() > 32 || !name.bytes().all(plain) {
                return Err(NoticeFault::WebhookName(name.clone()));
            }
            let url = url::Url::parse(&webhook.url).ok();
            if !url.is_some_and(|url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none())
            {
                return Err(NoticeFault::WebhookUrl(name.clone()));
            }
        }
        Ok(())
    }
}

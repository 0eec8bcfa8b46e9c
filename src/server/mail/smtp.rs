//! Speaks to the mail server that the `[smtp]` table names (RFC 5321), and writes mail (RFC 5322).

use super::plain::plain;
use super::sent::Failed;
use super::texts::Text;
use crate::secret::{Passphrase, meant};
use crate::server::data_directory::settings::mail::{SmtpSettings, SmtpTls};
use lettre::message::header::{self, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::PathBuf;
use std::time::Duration;

/// Bounds how long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Bounds how long one mail may take, from the connection to the last answer; the transport bounds the connection alone.
const MAIL_TIMEOUT: Duration = Duration::from_secs(30);
/// Lists the answers that are about this mail or its address, so that another attempt would be answered alike (RFC 5321,
/// 4.2.3; RFC 7504).
const ABOUT_THE_MAIL: [u16; 6] = [501, 550, 551, 552, 553, 556];
/// Says what kind of notice a mail is.
const KIND: HeaderName = HeaderName::new_from_ascii_str("X-Cardwright-Notice");
/// Says that an earlier sending of the mail may have arrived.
const REPEATED: HeaderName = HeaderName::new_from_ascii_str("X-Cardwright-Repeated");
/// Says that no answer is wanted from a program (RFC 3834, 5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// Holds the way to one mail server, and the sender of the mail.
pub struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Describes a mail beside its text.
pub struct Letter<'a> {
    /// The name of whoever is to read it; may be empty.
    pub name: &'a str,
    pub address: &'a str,
    /// Stands before the "@" of the Message-ID.
    pub id: &'a str,
    pub kind: &'a str,
    /// An earlier sending may have arrived.
    pub repeated: bool,
}

/// Says why a mail could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    #[error("the address \"{}\" cannot be used: {error}", plain(address))]
    Address { address: String, error: lettre::address::AddressError },
    #[error("the mail cannot be written: {0}")]
    Message(#[source] lettre::error::Error),
}

/// Says why the `[smtp]` table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("the sender \"{0}\" is no e-mail address")]
    Sender(String),
    #[error("mail goes without TLS to this computer only, not to {0}; set tls to \"starttls\" or \"implicit\"")]
    PlainAfar(String),
    #[error("a password is not sent to a mail server without TLS")]
    PlainPassword,
    #[error("the password of the mail server cannot be read: password_from is \"file:PATH\" or \"env:NAME\"")]
    Password(#[source] Option<std::io::Error>),
    #[error("{} cannot be read", path.display())]
    Roots { path: PathBuf, source: std::io::Error },
    #[error("TLS to the mail server cannot be set up")]
    Tls(#[from] lettre::transport::smtp::Error),
}

impl MailServer {
    /// Checks the settings and prepares the connection; connects to nobody yet. Without TLS only a mail server on this
    /// computer is taken, and no password.
    pub fn new(settings: &SmtpSettings) -> Result<Self, MailError> {
        let from = settings.from.parse().map_err(|_| MailError::Sender(settings.from.clone()))?;
        let host = settings.host.as_str();
        let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|host| host.is_loopback());
        let tls = match settings.tls {
            SmtpTls::None if !loopback => return Err(MailError::PlainAfar(host.to_owned())),
            SmtpTls::None if settings.user.is_some() => return Err(MailError::PlainPassword),
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters(settings)?),
            SmtpTls::Implicit => Tls::Wrapper(parameters(settings)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(CONNECT_TIMEOUT));
        if let Some(user) = &settings.user {
            let password = password(settings.password_from.as_deref())?;
            transport = transport.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: transport.build(), from })
    }

    /// Writes a mail.
    pub fn written(&self, letter: &Letter<'_>, text: Text) -> Result<Message, LetterError> {
        let address: Address = letter
            .address
            .parse()
            .map_err(|error| LetterError::Address { address: letter.address.to_owned(), error })?;
        let name = Some(plain(letter.name)).filter(|name| !name.is_empty());
        let id = format!("<{}@{}>", letter.id, self.from.email.domain());
        let builder: MessageBuilder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(name, address))
            .subject(text.subject)
            .message_id(Some(id))
            .header(header::ContentType::TEXT_PLAIN);
        let mut message = builder.body(text.body.replace('\n', "\r\n")).map_err(LetterError::Message)?;
        let headers = message.headers_mut();
        headers.insert_raw(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()));
        headers.insert_raw(HeaderValue::new(KIND, letter.kind.to_owned()));
        if letter.repeated {
            headers.insert_raw(HeaderValue::new(REPEATED, "perhaps; the first sending may have arrived".to_owned()));
        }
        Ok(message)
    }

    /// Sends a mail.
    pub async fn send(&self, message: Message) -> Result<(), Failed> {
        in_time(self.transport.send(message)).await.map(drop)
    }

    /// Asks the mail server whether it takes mail, without sending any.
    pub async fn answers(&self) -> Result<(), Failed> {
        match in_time(self.transport.test_connection()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failed {
                reason: "the mail server does not answer".into(),
                is_final: false,
                doubtful: false,
                code: None,
            }),
            Err(failed) => Err(Failed { doubtful: false, is_final: false, ..failed }),
        }
    }
}

/// Waits for an exchange with a mail server, but not for one that says nothing or never ends what it says.
async fn in_time<T>(exchange: impl Future<Output = Result<T, lettre::transport::smtp::Error>>) -> Result<T, Failed> {
    match tokio::time::timeout(MAIL_TIMEOUT, exchange).await {
        Ok(done) => done.map_err(|error| failed(&error)),
        Err(_) => Err(Failed {
            reason: format!("the mail server was not through with it in {} seconds", MAIL_TIMEOUT.as_secs()),
            is_final: false,
            doubtful: true,
            code: None,
        }),
    }
}

/// Says what a failure means: whether another attempt makes sense, and whether the mail may have arrived. Where the mail
/// server has answered, it has not.
fn failed(error: &lettre::transport::smtp::Error) -> Failed {
    let code = error.status().map(u16::from);
    let sent_before_it_failed = code.is_none() && !error.is_client() && !error.is_tls();
    Failed {
        reason: plain(&format!("the mail server did not take it: {error}")),
        is_final: code.is_some_and(|code| ABOUT_THE_MAIL.contains(&code)),
        doubtful: sent_before_it_failed,
        code,
    }
}

/// Returns the settings of TLS: the one CA that `ca_file` names is trusted, or those of the system.
fn parameters(settings: &SmtpSettings) -> Result<TlsParameters, MailError> {
    let builder = TlsParameters::builder(settings.host.clone());
    let Some(path) = &settings.ca_file else { return Ok(builder.build_rustls()?) };
    let pem = std::fs::read(path).map_err(|source| MailError::Roots { path: path.clone(), source })?;
    let builder = builder.certificate_store(CertificateStore::None);
    Ok(builder.add_root_certificate(Certificate::from_pem(&pem)?).build_rustls()?)
}

/// Reads the mail server's password from `file:PATH` or `env:NAME`.
fn password(from: Option<&str>) -> Result<Passphrase, MailError> {
    let text = match from.and_then(|from| from.split_once(':')) {
        Some(("file", path)) => std::fs::read_to_string(path).map_err(|error| MailError::Password(Some(error)))?,
        Some(("env", name)) => std::env::var(name).map_err(|_| MailError::Password(None))?,
        _ => return Err(MailError::Password(None)),
    };
    let unfit = |unfit| MailError::Password(Some(std::io::Error::new(std::io::ErrorKind::InvalidData, unfit)));
    Ok(Passphrase::new(meant(&text).map_err(unfit)?.to_owned()))
}

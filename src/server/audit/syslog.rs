//! Sends the log of acts to a syslog receiver (RFC 5424; over TCP with octet counting, RFC 6587, 3.4.1).
//!
//! The log itself is the queue: a receiver that is away is waited for, and after a restart sending goes on where it
//! ended. A message may arrive twice. None is lost but one that is longer than a datagram, which is counted and logged.

use crate::server::data_directory::settings::operation::Target;
use crate::server::monitoring::metrics::Metrics;
use crate::store::{AuditRecord, SentRecord, Store};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram};
use tokio_util::sync::CancellationToken;

/// Bounds the records that are read and sent before it is noted how far sending came.
const PAGE: u32 = 200;
/// Sets how often new records are looked for.
const INTERVAL: Duration = Duration::from_millis(500);
/// Bounds how long connecting or one message may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Bounds the wait for a receiver that is away; it doubles from [`INTERVAL`] up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Bounds a datagram (IPv4), in bytes.
const LONGEST_DATAGRAM: usize = 65_507;
/// Gives the priority of every message: facility "log audit", severity notice (RFC 5424, 6.2.1), 13 * 8 + 5.
const PRIORITY: u8 = 109;
/// Names the structured data; 32473 is the example enterprise number of RFC 5612, and the names within are ours.
const DATA_ID: &str = "cardwright@32473";
/// Bounds the host name in a message, in characters (RFC 5424, 6).
const LONGEST_HOST: usize = 255;
/// Bounds the message's type, in characters (RFC 5424, 6).
const LONGEST_MESSAGE_ID: usize = 32;

/// Holds a connection to the receiver.
pub enum Link {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Unix(UnixDatagram),
}

impl Link {
    /// Connects to the receiver.
    pub async fn open(target: &Target) -> io::Result<Self> {
        let opened = async {
            Ok(match target {
                Target::Tcp(address) => Self::Tcp(TcpStream::connect(address).await?),
                Target::Unix(path) => {
                    let socket = UnixDatagram::unbound()?;
                    socket.connect(path)?;
                    Self::Unix(socket)
                }
                Target::Udp(address) => {
                    let to = tokio::net::lookup_host(address).await?.next();
                    let to = to.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
                    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    let socket = UdpSocket::bind(any).await?;
                    socket.connect(to).await?;
                    Self::Udp(socket)
                }
            })
        };
        tokio::time::timeout(SEND_TIMEOUT, opened).await?
    }

    /// Sends a message; false: it is too long for a datagram and was not sent.
    pub async fn send(&self, message: &[u8]) -> io::Result<bool> {
        tokio::time::timeout(SEND_TIMEOUT, self.put(message)).await?
    }

    /// Sends a message, without a bound of time.
    async fn put(&self, message: &[u8]) -> io::Result<bool> {
        match self {
            Self::Udp(_) | Self::Unix(_) if message.len() > LONGEST_DATAGRAM => return Ok(false),
            Self::Udp(socket) => drop(socket.send(message).await?),
            Self::Unix(socket) => drop(socket.send(message).await?),
            Self::Tcp(stream) => {
                let framed = [format!("{} ", message.len()).as_bytes(), message].concat();
                let mut rest = framed.as_slice();
                while !rest.is_empty() {
                    stream.writable().await?;
                    match stream.try_write(rest) {
                        Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                        Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(true)
    }
}

/// Holds the parts of a record that stand in the head of its message.
#[derive(Deserialize)]
struct Head {
    at: String,
    act: String,
}

/// Writes a record as a message (RFC 5424, 6); the record's text stands in it byte for byte.
pub fn message(record: &AuditRecord, host: &str) -> Vec<u8> {
    let head = serde_json::from_str::<Head>(&record.record).ok();
    let nil = || "-".to_owned();
    let (at, act) = head.map_or_else(|| (nil(), nil()), |head| (at_most_micros(&head.at), head.act));
    let act: String = act.chars().filter(char::is_ascii_graphic).take(LONGEST_MESSAGE_ID).collect();
    let host: String = host.chars().filter(char::is_ascii_graphic).take(LONGEST_HOST).collect();
    let host = if host.is_empty() { nil() } else { host };
    format!(
        "<{PRIORITY}>1 {at} {host} cardwright {} {act} [{DATA_ID} chain=\"{}\" number=\"{}\" hash=\"{}\"] {}",
        std::process::id(),
        record.chain,
        record.number,
        hex::encode(&record.hash),
        record.record
    )
    .into_bytes()
}

/// Cuts the fraction of a second to six digits, the most that a message has.
fn at_most_micros(at: &str) -> String {
    match at.split_once('.') {
        None => at.to_owned(),
        Some((seconds, rest)) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, zone) = rest.split_at(digits);
            format!("{seconds}.{}{zone}", fraction.get(..6).unwrap_or(fraction))
        }
    }
}

/// Sends on what is logged until told to end, and then once what is left.
pub async fn follow(store: Store, metrics: Arc<Metrics>, target: Target, host: String, ending: CancellationToken) {
    let receiver = String::from(target.clone());
    let mut sender = Sender { store, metrics, target, host, receiver, link: None, sent: None };
    let mut wait = INTERVAL;
    loop {
        let last = ending.is_cancelled();
        let sent = sender.send_new().await;
        sender.metrics.upkeep_ended("syslog", sent.is_ok());
        match sent {
            Ok(()) => wait = INTERVAL,
            Err(error) => {
                tracing::warn!(receiver = sender.receiver, %error, "the log of acts cannot be sent on; it is kept");
                sender.link = None;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        if last {
            return;
        }
        ending.run_until_cancelled(tokio::time::sleep(wait)).await;
    }
}

/// Sends the log to one receiver and remembers how far it came.
struct Sender {
    store: Store,
    metrics: Arc<Metrics>,
    target: Target,
    host: String,
    receiver: String,
    link: Option<Link>,
    /// How far each chain was sent; `None`: not looked up yet.
    sent: Option<BTreeMap<i64, i64>>,
}

impl Sender {
    /// Sends what was logged since the last time.
    async fn send_new(&mut self) -> io::Result<()> {
        let store = self.store.clone();
        let mut sent = match self.sent.take() {
            Some(sent) => sent,
            None => {
                let kept = store.audit_sent(&self.receiver).await.map_err(io::Error::other)?;
                kept.into_iter().map(|sent| (sent.chain, sent.number)).collect()
            }
        };
        let chains = store.audit_chains().await.map_err(io::Error::other)?;
        for chain in chains {
            let from = sent.entry(chain.chain).or_insert(0);
            while *from < chain.length {
                let records = store.audit_records(chain.chain, *from, PAGE).await.map_err(io::Error::other)?;
                let Some(last) = records.last().map(|record| record.number) else { break };
                for record in &records {
                    self.send(record).await?;
                }
                *from = last;
                self.keep(SentRecord { chain: chain.chain, number: last }).await?;
            }
        }
        self.sent = Some(sent);
        Ok(())
    }

    /// Sends a record over the open link, or a new one; one that is too long is left out.
    async fn send(&mut self, record: &AuditRecord) -> io::Result<()> {
        let link = match self.link.take() {
            Some(link) => link,
            None => Link::open(&self.target).await?,
        };
        let sent = link.send(&message(record, &self.host)).await?;
        self.link = Some(link);
        self.metrics.sent_on(sent);
        if !sent {
            tracing::error!(
                chain = record.chain,
                number = record.number,
                "an act is too long for a datagram and was not sent on; it is in the log"
            );
        }
        Ok(())
    }

    /// Notes in the store how far the receiver was sent a chain.
    async fn keep(&self, sent: SentRecord) -> io::Result<()> {
        let receiver = self.receiver.clone();
        let kept = self.store.write(move |tx| Box::pin(async move { tx.keep_audit_sent(&receiver, sent).await }));
        kept.await.map_err(io::Error::other)
    }
}

//! A connection to a directory: one question at a time. Each answer must come in time and
//! within its bounds, and must answer what was asked.

use super::ber::{SEQUENCE, announced};
use super::entry::Entry;
use super::error::{Error, Outcome};
use super::filter::Filter;
use super::message::{self, Answer, Search};
use super::place::Place;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bounds an answer from a directory that is not known yet, in bytes.
pub const MOST_BEFORE: usize = 64 * 1024;
/// Bounds one answer, in bytes: a group with all its members is one.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Sets how much is read at a time, in bytes.
const CHUNK: usize = 16 * 1024;
/// Bounds how long the end of a connection is waited for.
const END: Duration = Duration::from_secs(1);

/// Names how operations end (RFC 4511, A.1).
pub mod code {
    pub const SUCCESS: u32 = 0;
    pub const REFERRAL: u32 = 10;
    pub const IN_PROGRESS: u32 = 14;
    pub const NO_SUCH_OBJECT: u32 = 32;
}

/// Is what a connection goes through: TCP, or TLS in it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Holds a connection whose directory has let this server in.
pub struct Connection {
    stream: Box<dyn Stream>,
    /// What was read and is part of no answer yet.
    read: Vec<u8>,
    most_bytes: usize,
    next: u32,
    place: String,
    patience: Duration,
    page: u32,
    most_entries: usize,
}

impl Connection {
    /// Holds a stream to a directory that is not known yet.
    pub fn new(stream: Box<dyn Stream>, place: &Place) -> Self {
        Self {
            stream,
            read: Vec::new(),
            most_bytes: MOST_BEFORE,
            next: 1,
            place: place.told(),
            patience: place.bounds.patience,
            page: place.bounds.page,
            most_entries: place.bounds.most,
        }
    }

    /// Takes whatever comes from now on as from a directory that is known.
    pub fn known(self) -> Self {
        Self { most_bytes: MOST_BYTES, ..self }
    }

    /// Sends a message with a number of its own, and returns the first answer to it.
    pub async fn ask<M: AsRef<[u8]>>(&mut self, message: impl FnOnce(u32) -> M) -> Result<Answer, Error> {
        let id = self.take_id();
        self.send(message(id).as_ref()).await?;
        self.answer(id).await
    }

    /// Returns the entries of one page, and the cookie that leads to the next; an empty one leads to the first and comes
    /// with the last.
    pub async fn page(
        &mut self,
        base: &str,
        subtree: bool,
        filter: &Filter,
        attributes: &[&str],
        cookie: &[u8],
    ) -> Result<(Vec<Entry>, Vec<u8>), Error> {
        let seconds = u32::try_from(self.patience.as_secs()).unwrap_or(u32::MAX);
        let search = Search { base, subtree, filter, attributes, seconds };
        let id = self.take_id();
        self.send(&message::search(id, &search, self.page, cookie)).await?;
        let mut entries = Vec::new();
        let mut bytes = 0usize;
        loop {
            let before = self.read.len();
            match self.answer(id).await? {
                Answer::Entry(entry) => {
                    bytes = bytes.saturating_add(size(&entry));
                    if bytes > MOST_BYTES {
                        return Err(Error::TooLarge(MOST_BYTES));
                    }
                    entries.push(entry);
                    if entries.len() > usize::try_from(self.page).unwrap_or(usize::MAX) {
                        return Err(Error::Unpaged(self.page));
                    }
                }
                // Each takes bytes of the same bound, so that they come to an end.
                Answer::Reference => {
                    bytes = bytes.saturating_add(before.max(64));
                    if bytes > MOST_BYTES {
                        return Err(Error::TooLarge(MOST_BYTES));
                    }
                }
                Answer::Done(Outcome { code: code::SUCCESS, .. }, cookie) => return Ok((entries, cookie)),
                Answer::Done(Outcome { code: code::REFERRAL, .. }, _) => return Err(Error::Elsewhere(base.to_owned())),
                Answer::Done(Outcome { code: code::NO_SUCH_OBJECT, .. }, _) => {
                    return Err(Error::NoBase(base.to_owned()));
                }
                Answer::Done(outcome, _) => return Err(Error::Search(outcome)),
                Answer::Bound(..) | Answer::Extended(_) => return Err(Error::NoLdap),
            }
        }
    }

    /// Returns how many entries a search may bring.
    pub fn most_entries(&self) -> usize {
        self.most_entries
    }

    /// Takes leave.
    pub async fn close(mut self) {
        let id = self.take_id();
        let leaving = async {
            let _ = self.stream.write_all(&message::unbind(id)).await;
            let _ = self.stream.shutdown().await;
        };
        // Whoever does not listen is left all the same.
        let _ = tokio::time::timeout(END, leaving).await;
    }

    fn take_id(&mut self) -> u32 {
        let id = self.next;
        self.next = if id == i32::MAX.unsigned_abs() { 1 } else { id + 1 };
        id
    }

    /// Returns how long an answer may take.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Says that an answer took too long.
    pub fn late(&self) -> Error {
        Error::TooSlow { place: self.place.clone(), seconds: self.patience.as_secs() }
    }

    async fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        let sending = async {
            self.stream.write_all(message).await?;
            self.stream.flush().await
        };
        let sent = tokio::time::timeout(self.patience, sending).await;
        sent.map_err(|_| self.late())?.map_err(Error::Broken)
    }

    /// Waits for the next answer, which must be one to `id`.
    async fn answer(&mut self, id: u32) -> Result<Answer, Error> {
        let patience = self.patience;
        let reading = tokio::time::timeout(patience, whole(&mut self.stream, &mut self.read, self.most_bytes)).await;
        let length = reading.map_err(|_| self.late())??;
        let (answered, answer) = message::read(self.read.get(..length).ok_or(Error::NoLdap)?)?;
        self.read.drain(..length);
        if answered == id { Ok(answer) } else { Err(Error::NoLdap) }
    }
}

/// Reads until a whole message of at most `most` bytes is there; returns its length.
pub async fn whole(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    read: &mut Vec<u8>,
    most: usize,
) -> Result<usize, Error> {
    let mut chunk = [0; CHUNK];
    loop {
        if read.first().is_some_and(|tag| *tag != SEQUENCE) {
            return Err(Error::NoLdap);
        }
        match announced(read)? {
            Some(length) if length > most => return Err(Error::TooLarge(most)),
            Some(length) if read.len() >= length => return Ok(length),
            Some(_) | None => {}
        }
        match stream.read(&mut chunk).await.map_err(Error::Broken)? {
            0 => return Err(Error::Closed),
            count => read.extend_from_slice(chunk.get(..count).unwrap_or_default()),
        }
    }
}

/// Counts the bytes that an entry takes.
fn size(entry: &Entry) -> usize {
    let values = entry.attributes.iter().map(|(name, values)| {
        name.len() + values.iter().map(|value| value.len() + std::mem::size_of::<Vec<u8>>()).sum::<usize>()
    });
    entry.dn.len() + values.sum::<usize>()
}

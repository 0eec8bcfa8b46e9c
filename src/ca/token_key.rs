//! Signs with the authority's key in a PKCS#11 token. A login borrows the token, so both live on one thread, which
//! signs what it is sent, one message after the other.

use super::error::Error;
use crate::pkcs11::{Module, Pkcs11Token, Selector};
use crate::pkix::{KeyAlgorithm, PublicKey, SignError, SignatureAlgorithm, Signer};
use crate::secret::Pin;
use crate::token::{Credentials, Error as TokenError, KeyId, KeyOrder, LastTry, Session, Token};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Limits the messages that wait for the token.
const QUEUE: usize = 64;
/// Limits how long a caller waits for a signature, or for a key to be generated.
const PATIENCE: Duration = Duration::from_secs(120);

/// Says in which token the key is, and under which label.
pub(super) struct Place {
    pub module: PathBuf,
    pub selector: Selector,
    pub pin: Pin,
    /// Label of the key: CKA_LABEL, and as UTF-8 CKA_ID.
    pub label: String,
}

/// Holds a key in a token; logged in until it is dropped.
pub(super) struct TokenKey {
    /// `None` only during the drop.
    messages: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
    public_key: PublicKey,
    algorithm: SignatureAlgorithm,
}

/// Holds what is to be done within the login, and where the result goes.
struct Message {
    work: Work,
    reply: SyncSender<Result<Vec<u8>, TokenError>>,
}

/// Says what is to be done within the login.
enum Work {
    /// Results in the signature.
    Sign(Vec<u8>),
    /// Results in the note of this name; empty: there is none.
    Note(String),
    /// Results in nothing.
    WriteNote(String, Vec<u8>),
}

impl Work {
    fn done(
        &self,
        session: &mut dyn Session,
        id: &KeyId,
        algorithm: SignatureAlgorithm,
    ) -> Result<Vec<u8>, TokenError> {
        match self {
            Self::Sign(bytes) => session.sign(id, algorithm, bytes),
            Self::Note(name) => Ok(session.note(name)?.unwrap_or_default()),
            Self::WriteNote(name, content) => session.write_note(name, content).map(|()| Vec::new()),
        }
    }
}

impl TokenKey {
    /// Logs in and finds the key. One that is not there is generated if `make` names its kind, else it is
    /// [`Error::NoTokenKey`].
    pub fn open(place: Place, make: Option<KeyAlgorithm>) -> Result<Self, Error> {
        let (messages, queue) = sync_channel(QUEUE);
        let (ready, found) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("ca-token".into())
            .spawn(move || work(&place, make, &ready, &queue))
            .map_err(Error::Thread)?;
        let (public_key, algorithm) = found.recv_timeout(PATIENCE).map_err(|_| Error::TokenSilent)??;
        Ok(Self { messages: Some(messages), thread: Some(thread), public_key, algorithm })
    }

    /// Has work done within the login.
    fn within(&self, work: Work) -> Result<Vec<u8>, Error> {
        let (reply, result) = sync_channel(1);
        let messages = self.messages.as_ref().ok_or(Error::TokenSilent)?;
        messages.send(Message { work, reply }).map_err(|_| Error::TokenSilent)?;
        result.recv_timeout(PATIENCE).map_err(|_| Error::TokenSilent)?.map_err(Error::Token)
    }

    /// Returns the note of this name in the token; `None` when there is none.
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let note = self.within(Work::Note(name.to_owned()))?;
        Ok(Some(note).filter(|note| !note.is_empty()))
    }

    /// Writes a note into the token in place of the one of this name, which must be less.
    pub fn write_note(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        self.within(Work::WriteNote(name.to_owned(), content.to_vec())).map(drop)
    }
}

impl Signer for TokenKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.within(Work::Sign(message.to_vec())).map_err(|error| match error {
            Error::Token(error) => SignError(error.into()),
            error => SignError(error.into()),
        })
    }
}

impl Drop for TokenKey {
    /// Waits for the logout.
    fn drop(&mut self) {
        drop(self.messages.take());
        if let Some(thread) = self.thread.take() {
            // The thread itself has reported a panic.
            let _ = thread.join();
        }
    }
}

/// Carries the key that was found, or why there is none.
type Ready = SyncSender<Result<(PublicKey, SignatureAlgorithm), Error>>;

/// Runs on the thread: logs in, reports the key, signs.
fn work(place: &Place, make: Option<KeyAlgorithm>, ready: &Ready, queue: &Receiver<Message>) {
    let id = KeyId(place.label.clone().into_bytes());
    let found = Module::load(&place.module).and_then(|module| module.find(&place.selector)).map_err(Error::Module);
    let started = found.and_then(|mut token| {
        let mut session = token.log_in(Credentials::user(&place.pin, LastTry::Keep)).map_err(Error::Token)?;
        let (public_key, algorithm) = key(&mut *session, &id, &place.label, make)?;
        // A caller that no longer waits for the key sends no message either.
        let _ = ready.send(Ok((public_key, algorithm)));
        let again = sign_until_error(session, &id, algorithm, queue);
        Ok(again.then_some((token, algorithm)))
    });
    match started {
        Ok(Some((mut token, algorithm))) => log_in_again(&mut token, place, &id, algorithm, queue),
        Ok(None) => {}
        Err(error) => {
            let _ = ready.send(Err(error));
        }
    }
}

/// Serves messages after a failure, for example a removed token: each logs in anew until one succeeds. Ends when the
/// PIN is refused, so that it is not sent twice.
fn log_in_again(
    token: &mut Pkcs11Token,
    place: &Place,
    id: &KeyId,
    algorithm: SignatureAlgorithm,
    queue: &Receiver<Message>,
) {
    while let Ok(message) = queue.recv() {
        let error = match token.log_in(Credentials::user(&place.pin, LastTry::Keep)) {
            Ok(mut session) => match message.work.done(&mut *session, id, algorithm) {
                Ok(signature) => {
                    let _ = message.reply.send(Ok(signature));
                    if !sign_until_error(session, id, algorithm, queue) {
                        return;
                    }
                    continue;
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        let refused = matches!(error, TokenError::SecretRefused { .. });
        let _ = message.reply.send(Err(error));
        if refused {
            return;
        }
    }
}

/// Does the work of messages until a signature fails. Returns true when a new login should be tried, false when no caller is left.
fn sign_until_error(
    mut session: Box<dyn Session + '_>,
    id: &KeyId,
    algorithm: SignatureAlgorithm,
    queue: &Receiver<Message>,
) -> bool {
    while let Ok(message) = queue.recv() {
        let done = message.work.done(&mut *session, id, algorithm);
        // A token that keeps no notes has failed in nothing.
        let failed = done.is_err() && matches!(message.work, Work::Sign(_));
        // A caller that has stopped waiting needs no result.
        let _ = message.reply.send(done);
        if failed {
            return true;
        }
    }
    false
}

/// Finds the key, or generates it.
fn key(
    session: &mut dyn Session,
    id: &KeyId,
    label: &str,
    make: Option<KeyAlgorithm>,
) -> Result<(PublicKey, SignatureAlgorithm), Error> {
    let found = session.find(id).map_err(Error::Token)?.filter(|key| key.has_private_key);
    let public_key = match (found.and_then(|key| key.public_key), make) {
        (Some(public_key), _) => public_key,
        (None, Some(algorithm)) => {
            let order = KeyOrder { id: id.clone(), label: label.into(), algorithm, decrypts: false, replace: false };
            session.generate(&order).map_err(Error::Token)?
        }
        (None, None) => return Err(Error::NoTokenKey { label: label.into() }),
    };
    let algorithm = public_key.algorithm().ok_or(Error::WeakKey { kind: public_key.kind() })?;
    Ok((public_key, SignatureAlgorithm::default_for(algorithm)))
}

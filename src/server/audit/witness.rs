//! Remembers outside the database what this server has signed of the log of acts, and which lists it has made.
//!
//! Whoever can write the database can make its log anew from any record on, or put an older database back; but not
//! this file, which is signed with the log's key. It is written after what it remembers is on the database's disk, so a
//! crash leaves it behind the database, never ahead of it.

use super::act_keys;
use super::contradiction::{Contradiction, WitnessError};
use super::deed::{self, Deed};
use super::note::TokenNote;
use super::remembered::{Remembered, RememberedHead};
use super::walk::{Demand, NOTHING_BEFORE, walk};
use crate::pkix::{MemoryKey, SignatureAlgorithm, Signer};
use crate::server::data_directory::files;
use crate::server::data_directory::layout::DataDirectory;
use crate::store::{ActKeys, AuditSignature, ChainHead, ListKind, Store, audit_hash, signed_text};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use time::OffsetDateTime;
use tokio::sync::Mutex;

/// Signs the log, and remembers outside the database how far.
pub struct Witness {
    path: PathBuf,
    key: MemoryKey,
    /// The keys that vouch for acts.
    acts: ActKeys,
    remembered: Mutex<Remembered>,
    token: Option<TokenNote>,
    doubts: AtomicBool,
}

impl Witness {
    /// Reads what the directory remembers. Where it remembers nothing yet, the log is taken as it is, unless this
    /// server's key alone has signed it so that something must be remembered: `alone` says that no other server of the
    /// database has the key.
    pub async fn open(
        directory: &DataDirectory,
        key: MemoryKey,
        store: &Store,
        alone: bool,
        token: Option<TokenNote>,
    ) -> Result<Self, WitnessError> {
        let path = directory.witness();
        let remembered = match files::read_if_there(&path)? {
            Some(text) => {
                Remembered::read(&text, key.public_key()).ok_or_else(|| Contradiction::Forged(path.clone()))?
            }
            None => {
                if alone && signed_before(store, &key).await? {
                    return Err(Contradiction::Gone(path).into());
                }
                Remembered { acts_vouched: vouched_before(store, &key, alone).await?, ..Remembered::default() }
            }
        };
        let token = token.filter(TokenNote::is_kept);
        let noted = token.as_ref().map_or(0, TokenNote::generation);
        if noted > remembered.generation {
            return Err(Contradiction::PutBack { path, noted, found: remembered.generation }.into());
        }
        Ok(Self { token, ..Self::with(path, key, remembered)? })
    }

    /// Takes what is to be remembered from now on, without regard to the file that is there. What the log has is taken
    /// as it is.
    pub fn with(path: PathBuf, key: MemoryKey, remembered: Remembered) -> Result<Self, WitnessError> {
        let acts = act_keys::all(&key).map_err(WitnessError::ActKey)?;
        let (remembered, doubts) = (Mutex::new(remembered), AtomicBool::new(false));
        Ok(Self { path, key, acts, remembered, token: None, doubts })
    }

    /// Refuses a log with a record that does not follow from the one before it, or with another end than is recorded.
    pub async fn check_links(store: &Store) -> Result<(), WitnessError> {
        for end in store.audit_chains().await? {
            walk(store, &end, (0, NOTHING_BEFORE.to_owned()), 0, None).await?;
        }
        Ok(())
    }

    /// Has the log say what the rows of an earlier release are; once, for afterwards it says of each what it became.
    pub async fn take_over_rows(&self, store: &Store) -> Result<(), WitnessError> {
        let mut remembered = self.remembered.lock().await;
        if store.has_unlogged_rows().await? {
            if remembered.rows_logged {
                return Err(Contradiction::RowsUnlogged.into());
            }
            let entry = || deed::own(Deed::RowsTakenOver, OffsetDateTime::now_utc());
            store.log_rows(entry).await?;
        }
        if !remembered.rows_logged {
            remembered.rows_logged = true;
            self.keep(&mut remembered).await?;
        }
        Ok(())
    }

    /// Says whether the log has contradicted what is remembered when it was looked at last.
    pub fn doubts(&self) -> bool {
        self.doubts.load(Ordering::Relaxed)
    }

    /// Refuses a database that does not go on from what is remembered: a chain that is shorter or another, a signature
    /// that is missing, a list with a lower number.
    pub async fn confirm(&self, store: &Store) -> Result<(), WitnessError> {
        let remembered = self.remembered.lock().await;
        let confirmed = confirmed(&remembered, store).await;
        self.doubts.store(is_contradiction(&confirmed), Ordering::Relaxed);
        confirmed
    }

    /// Refuses to have a list signed whose number is none that follows, or on a log that contradicts what is remembered.
    pub async fn may_sign_list(&self, store: &Store, kind: ListKind, number: u64) -> Result<(), WitnessError> {
        self.confirm(store).await?;
        let made = self.remembered.lock().await.list(kind);
        if number > made { Ok(()) } else { Err(Contradiction::ListNumber { kind, made, found: number }.into()) }
    }

    /// Remembers a list that is in the database.
    pub async fn saw_list(&self, kind: ListKind, number: u64) -> Result<(), WitnessError> {
        let mut remembered = self.remembered.lock().await;
        if number > remembered.list(kind) {
            remembered.set_list(kind, number);
            self.keep(&mut remembered).await?;
            self.note(remembered.generation);
        }
        Ok(())
    }

    /// Signs each chain that has grown, if it goes on from what is remembered, and remembers its end. An act that was not
    /// written by a server or at its data directory is not signed. The log of a release that did not vouch for acts is
    /// taken as it is, once.
    pub async fn sign_heads(&self, store: &Store) -> Result<(), WitnessError> {
        let mut remembered = self.remembered.lock().await;
        let signed = self.sign_each(store, &mut remembered).await;
        self.doubts.store(is_contradiction(&signed), Ordering::Relaxed);
        let new = signed?;
        let first = !std::mem::replace(&mut remembered.acts_vouched, true);
        if new || first {
            self.keep(&mut remembered).await?;
        }
        if self.token.as_ref().is_some_and(TokenNote::is_due) {
            self.note(remembered.generation);
        }
        Ok(())
    }

    /// Notes at the end in the token what was remembered.
    pub async fn end(&self) {
        self.note(self.remembered.lock().await.generation);
    }

    /// Signs what has grown; returns whether there is something new to remember.
    async fn sign_each(&self, store: &Store, remembered: &mut Remembered) -> Result<bool, WitnessError> {
        let chains = store.audit_chains().await?;
        if let Some((chain, head)) = remembered.heads().find(|(chain, _)| chains.iter().all(|it| it.chain != *chain)) {
            return Err(Contradiction::Shorter { chain, signed: head.number, found: 0 }.into());
        }
        let mut new = false;
        for end in chains {
            let vouched = remembered.acts_vouched;
            if let Some(head) = self.sign_chain(store, remembered.head(end.chain), &end, vouched).await? {
                remembered.set_head(end.chain, head);
                new = true;
            }
        }
        Ok(new)
    }

    /// Signs a chain's end unless it is signed; returns what is new to remember of it.
    async fn sign_chain(
        &self,
        store: &Store,
        known: Option<&RememberedHead>,
        end: &ChainHead,
        vouched: bool,
    ) -> Result<Option<RememberedHead>, WitnessError> {
        let chain = end.chain;
        let signed_up_to = known.map_or(0, |known| known.number);
        if end.length == 0 && signed_up_to == 0 {
            return Ok(None);
        }
        if end.length < signed_up_to {
            return Err(Contradiction::Shorter { chain, signed: signed_up_to, found: end.length }.into());
        }
        if let Some(known) = known.filter(|known| known.number == end.length) {
            let same = known.hash == hex::encode(&end.head);
            return if same { Ok(None) } else { Err(Contradiction::Other { chain, number: end.length }.into()) };
        }
        let last = store.last_audit_signature(chain).await?;
        let last_number = last.as_ref().map_or(0, |last| last.number);
        if last_number > end.length {
            // Another server has signed what was added since the chain's end was read.
            return Ok(None);
        }
        // Where nothing is remembered, what is signed already stands as it is.
        let from = match (known, &last) {
            (Some(known), _) => (known.number, known.hash.clone()),
            (None, Some(last)) => (last.number, said_hash(last)?),
            (None, None) => (0, NOTHING_BEFORE.to_owned()),
        };
        // Whoever has signed has seen to what came before; that it was a server is judged below.
        let demand = vouched.then_some(Demand { keys: &self.acts, after: last_number });
        let at_last = walk(store, end, from, last_number, demand).await?;
        if let Some(known) = known {
            self.follows(chain, known, last.as_ref(), at_last.as_deref())?;
        }
        let signature = match last {
            Some(last) if last.number == end.length => last,
            before => match self.sign(store, end, before).await? {
                Some(signature) => signature,
                None => return Ok(None),
            },
        };
        Ok(Some(RememberedHead { number: end.length, hash: hex::encode(&end.head), signed: signature.digest() }))
    }

    /// Refuses a last signature that is neither the remembered one nor a later one by the log's key over this chain.
    fn follows(
        &self,
        chain: i64,
        known: &RememberedHead,
        last: Option<&AuditSignature>,
        hash: Option<&str>,
    ) -> Result<(), Contradiction> {
        let refused = Contradiction::Unsigned { chain, number: known.number };
        let Some(last) = last.filter(|last| last.number >= known.number) else { return Err(refused) };
        let good = if last.number == known.number {
            last.digest() == known.signed
        } else {
            is_by(&self.key, last) && last.said().is_some_and(|said| Some(said.hash.as_str()) == hash)
        };
        if good { Ok(()) } else { Err(refused) }
    }

    /// Signs a chain's end and keeps the signature in the database; `None` where another server was quicker.
    async fn sign(
        &self,
        store: &Store,
        end: &ChainHead,
        before: Option<AuditSignature>,
    ) -> Result<Option<AuditSignature>, WitnessError> {
        let text = signed_text(end, before.as_ref(), OffsetDateTime::now_utc()).ok_or(WitnessError::Time)?;
        let signature = self.key.sign(text.as_bytes())?;
        let key = self.key.public_key().sha256().to_vec();
        let signature = AuditSignature { chain: end.chain, number: end.length, signed: text, key, signature };
        let prior = before.map_or(0, |before| before.number);
        let kept = signature.clone();
        let kept = store.write(move |tx| Box::pin(async move { tx.keep_audit_signature(&kept, prior).await }));
        Ok(kept.await?.then_some(signature))
    }

    /// Notes the generation of the file in the token, if there is one. Without the note a later start notices less.
    fn note(&self, generation: u64) {
        let Some(token) = &self.token else { return };
        if let Err(error) = tokio::task::block_in_place(|| token.write(generation)) {
            tracing::error!(error = &error as &dyn std::error::Error, "the token of the CA's key took no note");
        }
    }

    /// Writes the file anew.
    async fn keep(&self, remembered: &mut Remembered) -> Result<(), WitnessError> {
        let generation = remembered.generation + 1;
        let text = Remembered { generation, ..remembered.clone() }.signed_by(&self.key)?;
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || files::replace(&path, text.as_bytes())).await;
        written.map_err(|_| WitnessError::Ended)??;
        // What the token notes is in the file.
        remembered.generation = generation;
        Ok(())
    }
}

/// Says whether the outcome is a contradiction, not a failure to look.
fn is_contradiction(outcome: &Result<impl Sized, WitnessError>) -> bool {
    matches!(outcome, Err(WitnessError::Contradiction(_)))
}

/// Says whether some chain's last signature is by this key and chained, so that something was remembered with it.
async fn signed_before(store: &Store, key: &MemoryKey) -> Result<bool, WitnessError> {
    for head in store.audit_chains().await? {
        let Some(last) = store.last_audit_signature(head.chain).await? else { continue };
        let chained = last.said().is_some_and(|said| said.before.is_some());
        if chained && last.key == key.public_key().sha256() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Says whether a signature is by this key.
fn is_by(key: &MemoryKey, signature: &AuditSignature) -> bool {
    let verified =
        key.public_key().verify(SignatureAlgorithm::EcdsaSha256, signature.signed.as_bytes(), &signature.signature);
    verified.is_ok()
}

/// Says for a server that remembers nothing yet whether acts were vouched for before. Servers of one database have one
/// key: a chain whose last signature is another's is refused, for nobody has seen to what that covers.
async fn vouched_before(store: &Store, key: &MemoryKey, alone: bool) -> Result<bool, WitnessError> {
    let mut vouched = false;
    for head in store.audit_chains().await? {
        let Some(last) = store.last_audit_signature(head.chain).await? else { continue };
        let mine = is_by(key, &last);
        if !mine && !alone {
            return Err(Contradiction::Unsigned { chain: head.chain, number: last.number }.into());
        }
        vouched |= mine && last.said().is_some_and(|said| said.vouched);
    }
    Ok(vouched)
}

/// Refuses a database that does not have what is remembered.
async fn confirmed(remembered: &Remembered, store: &Store) -> Result<(), WitnessError> {
    let chains = store.audit_chains().await?;
    for (chain, known) in remembered.heads() {
        let number = known.number;
        let found = chains.iter().find(|it| it.chain == chain).map_or(0, |it| it.length);
        if found < number {
            return Err(Contradiction::Shorter { chain, signed: number, found }.into());
        }
        let record = store.audit_records(chain, number - 1, 1).await?.pop().filter(|record| record.number == number);
        if record.is_none_or(|record| audit_hash(&record.record) != known.hash) {
            return Err(Contradiction::Other { chain, number }.into());
        }
        let signature = store.audit_signature(chain, number).await?;
        if signature.is_none_or(|signature| signature.digest() != known.signed) {
            return Err(Contradiction::Unsigned { chain, number }.into());
        }
    }
    for kind in [ListKind::Base, ListKind::Delta] {
        let (made, found) = (remembered.list(kind), store.list(kind).await?.map_or(0, |list| list.number));
        if found < made {
            return Err(Contradiction::ListNumber { kind, made, found }.into());
        }
    }
    Ok(())
}

/// Returns the hash that a signature of an earlier start names.
fn said_hash(signature: &AuditSignature) -> Result<String, Contradiction> {
    let (chain, number) = (signature.chain, signature.number);
    signature.said().map(|said| said.hash).ok_or(Contradiction::Unsigned { chain, number })
}

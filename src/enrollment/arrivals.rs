//! Puts the private keys that the server sends onto the token, before the request is ended.
//!
//! They come with the certificates of the card's own keys, as PKCS#12 under a password of this call. None is ever written to
//! the journal: work that was broken off asks the server again, which answers the same certification requests with the
//! same keys.

use super::driver::Enrollment;
use super::error::{Cause, Error};
use super::record::{HexBytes, ReceivedWork, SignedWork, Tie};
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::cm::certificate::Certificate as Answer;
use crate::pkix::{self, Certificate, MemoryKey, Signer, pfx};
use crate::secret::Passphrase;
use crate::token::{self, Arrival, KeyId, KeyOrder, Session};
use uuid::Uuid;

/// Begins the index of a received key, so that no key of the token's own has it.
const FIRST_INDEX: u8 = 0x80;

/// Holds a private key that the server sent.
struct Sent {
    /// The name of the certificate's template.
    name: String,
    is_history: bool,
    key: MemoryKey,
    certificate: Certificate,
    id: Vec<u8>,
}

/// Holds what else comes to the token with a key.
struct Around {
    /// Ids of the keys that have their places.
    given: Vec<KeyId>,
    /// Thumbprints of the certificates whose keys come as history.
    history: Vec<String>,
    /// Thumbprints of the certificates whose places may be taken.
    ours: Vec<String>,
}

impl Enrollment<'_> {
    /// Returns the password under which private keys are to come: the face's, or one that nobody ever sees.
    pub(super) fn pfx_password(&mut self) -> Passphrase {
        if let Some(receiver) = &self.receiver {
            return receiver.password();
        }
        let random = || Uuid::new_v4().simple().to_string();
        let made = self.facts.pfx_password.get_or_insert_with(|| Passphrase::new(random() + &random()));
        Passphrase::new(made.expose().to_owned())
    }

    /// Has the private keys of an answer kept by the face, if it wants them, and writes them to the token. A token that
    /// cannot take one is refused ([`Cause::KeyNotTaken`]), unless the face has it. `old`: thumbprints of the certificates
    /// that are renewed.
    pub(super) fn bring(
        &mut self,
        tie: Tie,
        answers: &[Answer],
        (own, old): (&[SignedWork], &[String]),
        session: &mut dyn Session,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        if !answers.iter().any(|answer| answer.pfx.is_some()) {
            return Ok(());
        }
        if let Some(receiver) = &mut self.receiver {
            receiver.keep_all(answers, observer)?;
        }
        let mut sent = self.opened(tie, answers)?;
        // What one of today may take the place of is written first.
        sent.sort_by_key(|sent| !sent.is_history);
        observer(Event::Doing(Stage::BringKey));
        let history = sent.iter().filter(|sent| sent.is_history).map(|sent| sent.certificate.thumbprint_sha1());
        let history: Vec<_> = history.collect();
        let ours = [old, &history].concat();
        let given = own.iter().map(|work| KeyId(work.key.id.0.clone())).collect();
        let mut around = Around { given, history, ours };
        for sent in sent {
            match self.bring_one(&sent, &around, session) {
                Ok(id) => {
                    observer(Event::KeyBrought { key: id.clone(), name: sent.name });
                    around.given.push(id);
                }
                Err(Cause::KeyNotTaken { .. }) if self.receiver.is_some() => {}
                Err(cause) => return Err(Error::new(Stage::BringKey, cause)),
            }
        }
        Ok(())
    }

    /// Opens the private keys of an answer. Those that cannot be opened are left to the face, if it keeps them.
    fn opened(&mut self, tie: Tie, answers: &[Answer]) -> Result<Vec<Sent>, Error> {
        let password = self.pfx_password();
        let kept = self.receiver.is_some();
        let answers = answers.iter().filter_map(|answer| Some((answer, answer.pfx.as_deref()?)));
        let mut sent = Vec::new();
        for (index, (answer, bytes)) in (FIRST_INDEX..=u8::MAX).zip(answers) {
            match open(bytes, &password) {
                Ok((key, certificate)) => sent.push(Sent {
                    name: answer.template_common_name.clone(),
                    is_history: answer.is_key_history,
                    key,
                    certificate,
                    id: super::key_order::key_id(tie.request, Some(index)).0,
                }),
                Err(_) if kept => {}
                Err(source) => return Err(Error::new(Stage::BringKey, source)),
            }
        }
        Ok(sent)
    }

    /// Writes one key and its certificate, and reads the certificate back; a key that is there already is left, and what is
    /// somebody else's stays unless the order lets it be replaced.
    fn bring_one(&mut self, sent: &Sent, around: &Around, session: &mut dyn Session) -> Result<KeyId, Cause> {
        let not_taken = |source: token::Error| match source {
            source @ (token::Error::NotOffered(_)
            | token::Error::Algorithm(_)
            | token::Error::Full
            | token::Error::KeyIdTaken(_)
            | token::Error::CertificateTooLarge { .. }) => Cause::KeyNotTaken { name: sent.name.clone(), source },
            other => other.into(),
        };
        let der = sent.certificate.der();
        let arrival = Arrival { name: &sent.id, certificate: der, is_history: sent.is_history, given: &around.given };
        let mut id = session.place_of(&arrival).map_err(not_taken)?;
        let there = session.find(&id)?;
        let is_there = session.holds(&id, sent.key.public_key())?;
        self.note_received(sent, &id, is_there)?;
        if !is_there {
            let taken = there.as_ref().is_some_and(|stored| stored.has_private_key || stored.certificate.is_some());
            let old = there.as_ref().and_then(|stored| stored.certificate.as_deref());
            if taken && !self.gives_way(old, &around.ours) {
                return Err(not_taken(token::Error::KeyIdTaken(id)));
            }
            self.give_way(&id, old, &around.history, session)?;
            session.import(&order(sent, &id, taken)?, &sent.key).map_err(not_taken)?;
            let named = session.named(&id);
            if named != id {
                self.note_received(sent, &named, false)?;
                id = named;
            }
        }
        if !is_there || session.read_certificate(&id)?.as_deref() != Some(der) {
            session.write_certificate(&id, &sent.name, der).map_err(not_taken)?;
        }
        match session.read_certificate(&id)? {
            Some(read) if read == der => Ok(id),
            _ => Err(Cause::ReadBackDiffers),
        }
    }

    /// Makes sure that the key in a place may be overwritten: it keeps no secrets, comes back as history, was moved, or
    /// was given up.
    fn give_way(
        &mut self,
        id: &KeyId,
        old: Option<&[u8]>,
        history: &[String],
        session: &mut dyn Session,
    ) -> Result<(), Cause> {
        let Some(old) = old.and_then(|der| Certificate::from_der(der).ok()) else { return Ok(()) };
        let secret = old.keeps_secrets().unwrap_or(true) && !history.contains(&old.thumbprint_sha1());
        if !secret || session.keep(id)? || self.order.gives_up_old_key() {
            return Ok(());
        }
        Err(Cause::OldKeyLost { key: id.clone() })
    }

    /// Notes in the journal which key is about to be written.
    fn note_received(&mut self, sent: &Sent, id: &KeyId, is_there: bool) -> Result<(), Cause> {
        let entry = self.entry.as_mut().ok_or(Cause::NoProgress)?;
        let certificate = HexBytes(sent.certificate.der().to_vec());
        let known = entry.record().received.iter().find(|work| work.certificate == certificate);
        let was_there = known.map_or(is_there, |work| work.was_there);
        let work = ReceivedWork { id: HexBytes(id.0.clone()), label: sent.name.clone(), certificate, was_there };
        entry.receive(work).map_err(Cause::from)
    }
}

/// Opens a private key and its certificate; refuses a certificate of another key.
fn open(bytes: &[u8], password: &Passphrase) -> Result<(MemoryKey, Certificate), pkix::Error> {
    let (key, chain) = pfx::read(bytes, password.expose())?;
    let certificate = chain.into_iter().find(|certificate| certificate.is_for(key.public_key()));
    Ok((key, certificate.ok_or(pkix::Error::NoCertificate)?))
}

fn order(sent: &Sent, id: &KeyId, replace: bool) -> Result<KeyOrder, Cause> {
    let algorithm = sent.key.public_key().algorithm().ok_or(Cause::OtherKeyKind)?;
    let decrypts = sent.certificate.may_decrypt().unwrap_or(true);
    Ok(KeyOrder { id: id.clone(), label: sent.name.clone(), algorithm, decrypts, replace })
}

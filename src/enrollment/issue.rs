//! Makes the chosen keys, requests their certificates, and goes on to install them, all in one login.

use super::driver::{Enrollment, Leg};
use super::elsewhere::{certified, held};
use super::error::{Cause, Error};
use super::foresight::expected_length;
use super::key_order::{decrypts, is_as_ours, key_algorithm, signature_algorithm};
use super::login::{AHEAD, Login};
use super::proven::Listed;
use super::record::{HexBytes, IssuedWork, KeyWork, Milestone, SignedWork, Tie};
use super::showing::holds_any;
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::cm::certificate::{Certificate, CertificateData};
use crate::pkix::{self, CertificationRequest, PublicKey, SignError, SignatureAlgorithm, Signer};
use crate::token::{self, KeyId, KeyOrder, Session, Token};
use std::cell::RefCell;

impl Enrollment<'_> {
    /// Makes the keys that are missing, signs their certification requests, and goes on to the end in the same login.
    pub(super) fn make_keys(
        &mut self,
        tie: Tie,
        keys: &[KeyWork],
        old: Vec<String>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        if let Some(leg) = self.choose_certified(tie)? {
            return Ok(leg);
        }
        let certified = keys.iter().map(certified).collect::<Result<Vec<_>, Error>>()?;
        let mut old_keys = match self.facts.old_key.take() {
            Some(old_key) => vec![old_key],
            None if self.owes_key() => {
                self.candidates(&Listed { thumbprints: old.clone(), keys: Vec::new() }, token)?
            }
            None => Vec::new(),
        };
        old_keys.extend(certified.iter().flatten().cloned());
        let mut session = match self.log_in_for(tie, AHEAD, token, observer)? {
            Login::In(session) => session,
            Login::Need(leg) => return Ok(leg),
        };
        if self.owes_key() {
            if !holds_any(session.as_mut(), &old_keys)? {
                drop(session);
                return self.show_admin_key(tie, token, observer);
            }
            self.note(|record| record.owes_key = false)?;
        }
        // Places that were chosen in this process hold no key of this work yet.
        let just_placed = std::mem::take(&mut self.facts.just_placed);
        let reserves = !std::mem::take(&mut self.facts.room_tried);
        let mut signed = Vec::new();
        let mut keys = self.clear_strays(tie, keys.to_vec(), &old, session.as_mut(), observer)?;
        let again = certified.iter().any(Option::is_some);
        for (at, certified) in certified.into_iter().enumerate() {
            let Some(key) = keys.get_mut(at) else { break };
            let ordered = key.id.clone();
            let found = match certified {
                Some(certified) => Found::Ours(held(session.as_mut(), &certified, observer)?),
                None if just_placed => Found::Nothing,
                None => find(session.as_mut(), key, observer)?,
            };
            let public_key = match found {
                Found::Ours(public_key) => public_key,
                Found::Nothing => generate(session.as_mut(), key, (key.takes_a_place(), reserves), observer)?,
                Found::Unknown => generate(session.as_mut(), key, (true, reserves), observer)?,
            };
            key.id = HexBytes(session.named(&KeyId(key.id.0.clone())).0);
            let key = key.clone();
            if key.id != ordered {
                // Some modules choose ids themselves.
                self.reach(Milestone::KeysChosen { tie, keys: keys.clone(), old: old.clone() })?;
            }
            let request = sign(session.as_mut(), &key, public_key, observer)?;
            let attestation = attest(session.as_mut(), &key, observer)?;
            let certification_request = HexBytes(request.der().to_vec());
            signed.push(SignedWork { key, certification_request, attestation });
        }
        self.reach(Milestone::Signed { tie, keys: signed.clone(), old: old.clone() })?;
        session.pause();
        let issued = self.submit(tie, &signed, &old, session.as_mut(), observer)?;
        self.install(tie, &issued, old, session.as_mut(), again, observer)
    }

    /// Sends the same certification requests again that the journal holds, after a check that their keys are still
    /// there.
    pub(super) fn finish_signed(
        &mut self,
        tie: Tie,
        keys: &[SignedWork],
        old: Vec<String>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let mut session = match self.log_in_for(tie, AHEAD, token, observer)? {
            Login::In(session) => session,
            Login::Need(leg) => return Ok(leg),
        };
        observer(Event::Doing(Stage::FindKey));
        for work in keys {
            let failed = |cause: Cause| Error::new(Stage::FindKey, cause);
            let request = CertificationRequest::from_der(&work.certification_request.0);
            let request = request.map_err(|source| failed(source.into()))?;
            let holds = session.holds(&KeyId(work.key.id.0.clone()), request.public_key());
            if !holds.map_err(|source| failed(source.into()))? {
                drop(session);
                return self.choose_certified(tie)?.ok_or_else(|| failed(Cause::KeyGone));
            }
        }
        session.pause();
        let issued = self.submit(tie, keys, &old, session.as_mut(), observer)?;
        self.install(tie, &issued, old, session.as_mut(), false, observer)
    }

    /// Sends the certification requests, puts private keys of the answer onto the token, and notes the certificates in
    /// the journal.
    fn submit(
        &mut self,
        tie: Tie,
        signed: &[SignedWork],
        old: &[String],
        session: &mut dyn Session,
        observer: Observer<'_>,
    ) -> Result<Vec<IssuedWork>, Error> {
        observer(Event::Doing(Stage::SubmitRequest));
        let data = CertificateData {
            pfx_password: Some(self.pfx_password()),
            certificate_requests: signed.iter().map(|work| work.certification_request.0.clone()).collect(),
            comments: String::new(),
            attestations: attestations(signed),
        };
        let answers = self.client.submit_certificate_data(tie.request, &data);
        let answers = answers.map_err(|source| Error::new(Stage::SubmitRequest, source))?;
        let mut issued = Vec::new();
        for work in signed {
            let request = CertificationRequest::from_der(&work.certification_request.0)
                .map_err(|source| Error::new(Stage::ReadCertificate, source))?;
            let certificate = pick(&answers, request.public_key()).map_err(|cause| {
                let stage = if matches!(cause, Cause::NotIssued { .. }) {
                    Stage::SubmitRequest
                } else {
                    Stage::ReadCertificate
                };
                Error::new(stage, cause)
            })?;
            issued.push(IssuedWork { key: work.key.clone(), certificate: HexBytes(certificate) });
        }
        if signed.is_empty() && answers.iter().all(|answer| answer.pfx.is_none()) {
            return Err(Error::new(Stage::SubmitRequest, Cause::NothingOrdered));
        }
        self.bring(tie, &answers, (signed, old), session, observer)?;
        self.keep_authorities(tie, &answers, &issued, observer)?;
        self.reach(Milestone::Issued { tie, keys: issued.clone(), old: old.to_vec() })?;
        Ok(issued)
    }
}

/// Says what is on the token where a key is to be.
enum Found {
    Nothing,
    /// The key that this work made before it was broken off.
    Ours(PublicKey),
    /// A key whose public half the token does not tell: the old one, or half of a key pair.
    Unknown,
}

/// Looks what is under the key's id, or under one that the token chose instead; removes half a key pair.
fn find(session: &mut dyn Session, key: &mut KeyWork, observer: Observer<'_>) -> Result<Found, Error> {
    let id = KeyId(key.id.0.clone());
    observer(Event::Doing(Stage::FindKey));
    let failed = |source| Error::new(Stage::FindKey, source);
    match session.find(&id).map_err(failed)? {
        None => match find_renamed(session, key)? {
            Some((id, public_key)) => {
                key.id = HexBytes(id.0.clone());
                observer(Event::KeyFound { key: id });
                Ok(Found::Ours(public_key))
            }
            None => Ok(Found::Nothing),
        },
        Some(stored) => match (stored.has_private_key, stored.public_key) {
            // It is not known which key was there before, and a card of the plain standard shows only what its
            // certificate says.
            (true, _) if key.occupied && key.replaces.is_none() => Ok(Found::Unknown),
            (true, Some(public_key)) if key.is_replaced(&public_key) => Ok(Found::Nothing),
            (true, Some(public_key)) => {
                if public_key.kind() != key_algorithm(&key.options)?.kind() {
                    return Err(Error::new(Stage::FindKey, Cause::OtherKeyKind));
                }
                observer(Event::KeyFound { key: id });
                Ok(Found::Ours(public_key))
            }
            (true, None) => Ok(Found::Unknown),
            // The certificate of the old key stays until it is replaced.
            (false, _) if key.takes_a_place() => Ok(Found::Nothing),
            // A token that loses power while generating leaves half a key pair.
            (false, _) => {
                session.delete(&id).map_err(failed)?;
                Ok(Found::Nothing)
            }
        },
    }
}

/// Finds a key without a certificate that has the ordered kind and label and an id of another shape than ours: a module
/// that chooses ids itself has made it before the work was broken off.
pub(super) fn find_renamed(session: &mut dyn Session, key: &KeyWork) -> Result<Option<(KeyId, PublicKey)>, Error> {
    if key.takes_a_place() {
        return Ok(None);
    }
    let kind = key_algorithm(&key.options)?.kind();
    let stored = session.list().map_err(|source| Error::new(Stage::FindKey, source))?;
    let found = stored.into_iter().find_map(|stored| {
        let bare = stored.has_private_key && stored.certificate.is_none();
        let renamed = bare && stored.label == key.label && !is_as_ours(&stored.id);
        let public_key = stored.public_key.filter(|public_key| renamed && public_key.kind() == kind)?;
        Some((stored.id, public_key))
    });
    Ok(found)
}

/// Makes the key, after the token has reserved room for the certificate unless that was tried before.
fn generate(
    session: &mut dyn Session,
    key: &KeyWork,
    (replace, reserves): (bool, bool),
    observer: Observer<'_>,
) -> Result<PublicKey, Error> {
    let id = KeyId(key.id.0.clone());
    let algorithm = key_algorithm(&key.options)?;
    if reserves {
        observer(Event::Doing(Stage::ReserveRoom));
        session.reserve(&id, expected_length(algorithm)).map_err(|source| Error::new(Stage::ReserveRoom, source))?;
    }
    if key.keeps.unwrap_or_else(|| key.takes_a_place() && decrypts(&key.options)) {
        session.keep(&id).map_err(|source| Error::new(Stage::PlaceKeys, source))?;
    }
    observer(Event::Generating { algorithm });
    let decrypts = decrypts(&key.options);
    let order = KeyOrder { id: id.clone(), label: key.label.clone(), algorithm, decrypts, replace };
    let public_key = session.generate(&order).map_err(|source| Error::new(Stage::GenerateKey, source))?;
    observer(Event::KeyMade { key: id });
    Ok(public_key)
}

/// Signs with a key on the token, for [`pkix::csr::build`].
struct TokenSigner<'s> {
    session: RefCell<&'s mut dyn Session>,
    id: KeyId,
    public_key: PublicKey,
    algorithm: SignatureAlgorithm,
    /// What the token said, kept apart because the signing error holds only text.
    refusal: RefCell<Option<token::Error>>,
}

impl Signer for TokenSigner<'_> {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.session.borrow_mut().sign(&self.id, self.algorithm, message).map_err(|error| {
            let text = error.to_string();
            self.refusal.replace(Some(error));
            SignError(text.into())
        })
    }
}

/// Signs the certification request of one key, with the subject that the server ordered.
fn sign(
    session: &mut dyn Session,
    key: &KeyWork,
    public_key: PublicKey,
    observer: Observer<'_>,
) -> Result<CertificationRequest, Error> {
    observer(Event::Doing(Stage::SignRequest));
    let failed = |cause: Cause| Error::new(Stage::SignRequest, cause);
    let subject = pkix::name::parse(&key.options.subject).map_err(|source| failed(source.into()))?;
    let signer = TokenSigner {
        session: RefCell::new(session),
        id: KeyId(key.id.0.clone()),
        algorithm: signature_algorithm(key_algorithm(&key.options)?, &key.options)?,
        public_key,
        refusal: RefCell::new(None),
    };
    let content = pkix::csr::RequestContent { subject, ..Default::default() };
    pkix::csr::build(&content, &signer).map_err(|source| match signer.refusal.take() {
        Some(refusal) => failed(refusal.into()),
        None => failed(source.into()),
    })
}

/// Has the card attest the key it has made, where the server wants that: certificates in DER, one after the other.
fn attest(session: &mut dyn Session, key: &KeyWork, observer: Observer<'_>) -> Result<Option<HexBytes>, Error> {
    if !key.options.attestation_needed {
        return Ok(None);
    }
    observer(Event::Doing(Stage::AttestKey));
    let certificates = session.attest(&KeyId(key.id.0.clone()));
    let certificates = certificates.map_err(|source| Error::new(Stage::AttestKey, source))?;
    Ok(Some(HexBytes(certificates.concat())))
}

/// Returns one attestation a certification request, empty where that key has none; nothing at all where no key has one.
fn attestations(signed: &[SignedWork]) -> Vec<Vec<u8>> {
    if signed.iter().all(|work| work.attestation.is_none()) {
        return Vec::new();
    }
    signed.iter().map(|work| work.attestation.as_ref().map(|bytes| bytes.0.clone()).unwrap_or_default()).collect()
}

/// Finds the certificate for `key` among the answers; servers may send more than was asked for.
fn pick(answers: &[Certificate], key: &PublicKey) -> Result<Vec<u8>, Cause> {
    let mut cause = Cause::NotIssued { reason: "the answer holds no certificate".to_owned() };
    for answer in answers {
        let found = match (&answer.pkcs7, answer.error.as_deref().filter(|error| !error.is_empty())) {
            (Some(pkcs7), _) => pkix::cmc::read(pkcs7).and_then(|response| response.leaf_for(key).cloned()),
            (None, Some(reason)) => {
                cause = Cause::NotIssued { reason: reason.to_owned() };
                continue;
            }
            (None, None) => continue,
        };
        match found {
            Ok(certificate) => return Ok(certificate.der().to_vec()),
            Err(error) => cause = error.into(),
        }
    }
    Err(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkix::{KeyAlgorithm, MemoryKey};

    #[test]
    fn why_nothing_was_issued_is_what_the_server_says_last() {
        let answer = |error: Option<&str>| {
            let text = format!(
                r#"{{"TemplateCommonName": "", "CertificateId": 0, "Flags": 0, "UseLocalMachineStore": false, "Error": {},
                    "Pkcs7": null, "Pfx": null, "IsExternal": false, "isServerGenerated": false, "isPfx": false,
                    "isPkcs7": false, "isKeyHistory": false}}"#,
                serde_json::to_string(&error).unwrap()
            );
            serde_json::from_str::<Certificate>(&text).unwrap()
        };
        let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
        let nothing = "the answer holds no certificate";
        for (answers, expected) in [
            (vec![], nothing),
            (vec![answer(None), answer(Some(""))], nothing),
            (vec![answer(Some("the CA is away")), answer(Some(""))], "the CA is away"),
        ] {
            let picked = pick(&answers, key.public_key());
            assert!(matches!(&picked, Err(Cause::NotIssued { reason }) if reason == expected), "{picked:?}");
        }
    }
}

//! From key orders to certificates on the token: one login, one key each, one certificate each.

use super::error::{Cause, Error, Stage};
use super::key_order::{decrypts, key_algorithm, key_id, key_label, signature_algorithm};
use super::record::{HexBytes, IssuedWork, KeyWork, Milestone, SignedWork, Tie};
use super::{Enrollment, Event, Installed, Leg, Observer, OldKey, Outcome, Step, Workflow};
use crate::cm::certificate::{Certificate, CertificateData};
use crate::cm::route::Holder;
use crate::pkix::{self, CertificationRequest, PublicKey, SignError, SignatureAlgorithm, Signer};
use crate::token::{self, Credentials, KeyId, KeyOrder, Session, Token};
use std::cell::RefCell;

/// More keys than any template orders for one card.
const MOST_KEYS: usize = 16;

/// A login, or the step that asks for the PIN.
pub(super) enum Login<'t> {
    In(Box<dyn Session + 't>),
    Need(Leg),
}

impl Enrollment<'_> {
    /// Asks which keys are to be made and chooses their ids, before any of them exists.
    pub(super) fn choose_keys(&mut self, tie: Tie, observer: Observer<'_>) -> Result<Leg, Error> {
        observer(Event::Doing(Stage::ReadKeyOrders));
        let failed = |cause| Error::new(Stage::ReadKeyOrders, cause);
        let orders = self.client.generation_options(tie.request).map_err(|source| failed(source.into()))?;
        if orders.is_empty() {
            return Err(failed(Cause::NothingOrdered));
        }
        if orders.len() > MOST_KEYS {
            return Err(failed(Cause::TooManyOrdered { count: orders.len() }));
        }
        let alone = orders.len() == 1;
        let card_label = self.card_label(tie, observer)?;
        let mut keys = Vec::new();
        for (index, options) in (0u8..).zip(orders) {
            let kind = key_algorithm(&options)?;
            signature_algorithm(kind, &options)?;
            pkix::name::parse(&options.subject).map_err(|source| Error::new(Stage::SignRequest, source))?;
            let id = HexBytes(key_id(tie.request, (!alone).then_some(index)).0);
            keys.push(KeyWork { id, label: key_label(&card_label, &options, (!alone).then_some(index)), options });
        }
        let old = match self.order.workflow() {
            Workflow::Renew => self.thumbprints(tie, observer)?,
            _ => Vec::new(),
        };
        self.reach(Milestone::KeysChosen { tie, keys, old })
    }

    /// What the template calls its cards' certificates; its own name where the pattern asks for more than that.
    fn card_label(&mut self, tie: Tie, observer: Observer<'_>) -> Result<String, Error> {
        let pattern = self.config(tie, observer)?.certificate_label;
        let template = self.request(tie.request, observer)?.profile_template;
        if self.facts.template_name.is_none() {
            let templates = self.client.list_profile_templates();
            let templates = templates.map_err(|source| Error::new(Stage::FindTemplate, source))?;
            self.facts.template_name =
                templates.into_iter().find(|known| known.uuid == template).map(|known| known.name);
        }
        let name = self.facts.template_name.as_deref().unwrap_or("cardwright");
        let label = pattern.replace("{Template!cn}", name);
        let usable = !label.trim().is_empty() && !label.contains('{');
        Ok(if usable { label } else { name.to_owned() })
    }

    /// The thumbprints of what the server holds to be on the card, upper-case hexadecimal.
    pub(super) fn thumbprints(&mut self, tie: Tie, observer: Observer<'_>) -> Result<Vec<String>, Error> {
        observer(Event::Doing(Stage::ListCertificates));
        let listed = self.client.certificates_of(Holder::Smartcard(tie.smartcard));
        let listed = listed.map_err(|source| Error::new(Stage::ListCertificates, source))?;
        Ok(listed.into_iter().map(|certificate| certificate.thumbprint.to_ascii_uppercase()).collect())
    }

    pub(super) fn log_in<'t>(&mut self, token: &'t mut dyn Token, observer: Observer<'_>) -> Result<Login<'t>, Error> {
        if let Some(need) = self.need_pin(token)? {
            return Ok(Login::Need(need));
        }
        let Some((pin, last_try)) = self.inputs.pin.take() else {
            return Err(Error::new(Stage::LogIn, Cause::NoProgress));
        };
        observer(Event::Doing(Stage::LogIn));
        let session = token.log_in(Credentials::user(&pin, last_try));
        self.inputs.pin = Some((pin, last_try));
        session.map(Login::In).map_err(|source| Error::new(Stage::LogIn, source))
    }

    /// Makes what keys are missing, signs their certification requests, and goes on to the end in the same login.
    pub(super) fn make_keys(
        &mut self,
        tie: Tie,
        keys: &[KeyWork],
        old: Vec<String>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let mut session = match self.log_in(token, observer)? {
            Login::In(session) => session,
            Login::Need(leg) => return Ok(leg),
        };
        let mut signed = Vec::new();
        for key in keys {
            let public_key = find_or_generate(session.as_mut(), key, observer)?;
            let request = sign(session.as_mut(), key, public_key, observer)?;
            signed.push(SignedWork { key: key.clone(), certification_request: HexBytes(request.der().to_vec()) });
        }
        self.reach(Milestone::Signed { tie, keys: signed.clone(), old: old.clone() })?;
        let issued = self.submit(tie, &signed, &old, observer)?;
        self.install(tie, &issued, old, session.as_mut(), false, observer)
    }

    /// Sends the very requests that were signed, once more if need be.
    pub(super) fn finish_signed(
        &mut self,
        tie: Tie,
        keys: &[SignedWork],
        old: Vec<String>,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        self.submit(tie, keys, &old, observer).map(|_| Leg::Onward)
    }

    pub(super) fn finish_issued(
        &mut self,
        tie: Tie,
        keys: &[IssuedWork],
        old: Vec<String>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        match self.log_in(token, observer)? {
            Login::In(mut session) => self.install(tie, keys, old, session.as_mut(), true, observer),
            Login::Need(leg) => Ok(leg),
        }
    }

    fn submit(
        &mut self,
        tie: Tie,
        signed: &[SignedWork],
        old: &[String],
        observer: Observer<'_>,
    ) -> Result<Vec<IssuedWork>, Error> {
        observer(Event::Doing(Stage::SubmitRequest));
        let data = CertificateData {
            pfx_password: None,
            certificate_requests: signed.iter().map(|work| work.certification_request.0.clone()).collect(),
            comments: String::new(),
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
        self.reach(Milestone::Issued { tie, keys: issued.clone(), old: old.to_vec() })?;
        Ok(issued)
    }

    /// Writes the certificates, reads them back, and tells the server. `again`: some may be there already.
    fn install(
        &mut self,
        tie: Tie,
        issued: &[IssuedWork],
        old: Vec<String>,
        session: &mut dyn Session,
        again: bool,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        for work in issued {
            observer(Event::Doing(Stage::WriteCertificate));
            install_one(session, work, again).map_err(|cause| Error::new(Stage::WriteCertificate, cause))?;
            observer(Event::CertificateWritten { key: KeyId(work.key.id.0.clone()) });
        }
        self.complete(tie.request, observer)?;
        if self.order.workflow() == Workflow::Renew {
            self.reach(Milestone::Superseding { tie, keys: issued.to_vec(), old: old.clone() })?;
            return self.remove_superseded(tie, issued, &old, session, observer);
        }
        self.close()?;
        let installed = issued.iter().map(installed).collect();
        Ok(Leg::Stop(Step::Done(Outcome::Enrolled { request: tie.request, smartcard: tie.smartcard, installed })))
    }

    pub(super) fn supersede(
        &mut self,
        tie: Tie,
        issued: &[IssuedWork],
        old: &[String],
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        match self.log_in(token, observer)? {
            Login::In(mut session) => self.remove_superseded(tie, issued, old, session.as_mut(), observer),
            Login::Need(leg) => Ok(leg),
        }
    }

    /// Removes the keys that were renewed; those that can decrypt stay, or old messages could never be read again.
    fn remove_superseded(
        &mut self,
        tie: Tie,
        issued: &[IssuedWork],
        old: &[String],
        session: &mut dyn Session,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        observer(Event::Doing(Stage::RemoveKeys));
        let failed = |source: token::Error| Error::new(Stage::RemoveKeys, source);
        let mut gone = Vec::new();
        for stored in session.list().map_err(failed)? {
            let new = issued.iter().any(|work| work.key.id.0 == stored.id.0);
            let Some(certificate) = stored.certificate.as_deref().and_then(|der| pkix::Certificate::from_der(der).ok())
            else {
                continue;
            };
            if new || !old.contains(&certificate.thumbprint_sha1()) {
                continue;
            }
            if certificate.can_decrypt().unwrap_or(true) {
                gone.push(OldKey::KeptForDecryption(stored.id));
            } else {
                session.delete(&stored.id).map_err(failed)?;
                observer(Event::KeyRemoved { key: stored.id.clone() });
                gone.push(OldKey::Removed(stored.id));
            }
        }
        self.close()?;
        Ok(Leg::Stop(Step::Done(Outcome::Renewed {
            request: tie.request,
            smartcard: tie.smartcard,
            installed: issued.iter().map(installed).collect(),
            old: gone,
        })))
    }
}

fn installed(work: &IssuedWork) -> Installed {
    Installed {
        key: KeyId(work.key.id.0.clone()),
        label: work.key.label.clone(),
        certificate: work.certificate.0.clone(),
    }
}

fn find_or_generate(session: &mut dyn Session, key: &KeyWork, observer: Observer<'_>) -> Result<PublicKey, Error> {
    let id = KeyId(key.id.0.clone());
    let algorithm = key_algorithm(&key.options)?;
    observer(Event::Doing(Stage::FindKey));
    let found = session.find(&id).map_err(|source| Error::new(Stage::FindKey, source))?;
    if let Some(stored) = found {
        if let (true, Some(public_key)) = (stored.has_private_key, stored.public_key) {
            if public_key.kind() != algorithm.kind() {
                return Err(Error::new(Stage::FindKey, Cause::OtherKeyKind));
            }
            observer(Event::KeyFound { key: id });
            return Ok(public_key);
        }
        // Half a key pair is what a token leaves that lost power while generating.
        session.delete(&id).map_err(|source| Error::new(Stage::FindKey, source))?;
    }
    observer(Event::Generating { algorithm });
    let decrypts = decrypts(&key.options);
    let order = KeyOrder { id: id.clone(), label: key.label.clone(), algorithm, decrypts, replace: false };
    let public_key = session.generate(&order).map_err(|source| Error::new(Stage::GenerateKey, source))?;
    observer(Event::KeyMade { key: id });
    Ok(public_key)
}

/// A key on the token, as [`pkix::csr::build`] wants it.
struct TokenSigner<'s> {
    session: RefCell<&'s mut dyn Session>,
    id: KeyId,
    public_key: PublicKey,
    algorithm: SignatureAlgorithm,
    /// What the token said, kept apart so that its facts are not lost in the wrapping.
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

/// The certificate for `key` among all that was answered; servers may send more than was asked for.
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

fn install_one(session: &mut dyn Session, work: &IssuedWork, again: bool) -> Result<(), Cause> {
    let id = KeyId(work.key.id.0.clone());
    let certificate = &work.certificate.0;
    if again {
        match session.find(&id)? {
            None => return Err(Cause::KeyGone),
            Some(stored) if !stored.has_private_key => return Err(Cause::KeyGone),
            Some(stored) => match stored.certificate {
                Some(there) if there == *certificate => return Ok(()),
                Some(_) => return Err(Cause::ReadBackDiffers),
                None => {}
            },
        }
    }
    session.write_certificate(&id, &work.key.label, certificate)?;
    match session.read_certificate(&id)? {
        Some(there) if there == *certificate => Ok(()),
        _ => Err(Cause::ReadBackDiffers),
    }
}

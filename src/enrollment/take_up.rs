//! Takes up what the journal has begun, only on the card it was begun on; gives a nameless token its id.

use super::card::card_id;
use super::driver::{Enrollment, Facts, Leg, present};
use super::error::{Cause, Error};
use super::inputs::PinEntry;
use super::proven::Listed;
use super::record::{IssuedWork, KeyWork, Milestone};
use super::showing::shows;
use super::stage::Stage;
use super::step::{Event, Observer};
use super::workflow::Workflow;
use crate::pkix::{Certificate, CertificationRequest};
use crate::token::{self, Origin, Token, Tries};
use uuid::Uuid;

/// Counts the bytes from which an id is the name of a key and not the number of its place.
const NAME_BYTES: usize = 16;

impl Enrollment<'_> {
    /// Makes sure, once in a process, that the work in the journal was begun on this card. Work on a card that had the
    /// same name in earlier versions is left alone by one that now has a name of its own.
    pub(super) fn take_up(
        &mut self,
        milestone: &Milestone,
        token: &mut Option<&mut dyn Token>,
        observer: Observer<'_>,
    ) -> Result<Option<Leg>, Error> {
        // A card that was reset may have another name, and what is left to do does not need it.
        let beyond = matches!(milestone, Milestone::Removed { .. }) || self.order.workflow() == Workflow::RetireLost;
        if self.facts.taken_up || beyond {
            return Ok(None);
        }
        let token = present(token)?;
        let untouched = matches!(milestone, Milestone::Asking | Milestone::Requested { .. });
        let identity = token.identity().clone();
        let by_name = identity.is_named() && card_id(&identity) == self.card_id;
        if untouched && self.order.workflow() != Workflow::Enroll {
            let card = self.find_card(observer)?;
            self.prove_card(&card, token, observer)?;
            let owes = self.owes_by_proof();
            self.note(|record| record.owes_key = owes)?;
        } else if by_name {
            match self.check_installed(milestone, token) {
                Err(Error { cause: Cause::KeyGone, .. }) if self.is_completed() => {
                    return self.begin_after_completed().map(Some);
                }
                checked => checked?,
            }
        } else if !(untouched && identity.origin == Origin::Maker || self.shows_work(milestone, token)?) {
            if identity.origin != Origin::Written {
                return Err(Error::new(Stage::TakeUp, Cause::WorkUnproven));
            }
            // It stays in the journal, for the token it was begun on.
            self.entry = None;
            return Ok(Some(self.begin_anew()));
        }
        if !by_name {
            token.go_by_earlier_serial();
        }
        self.facts.taken_up = true;
        Ok(None)
    }

    /// Forgets what was learned of the work in the journal, which is not gone on with.
    pub(super) fn begin_anew(&mut self) -> Leg {
        (self.unsettled, self.card_id, self.marker) = (false, self.present_id, Uuid::new_v4());
        self.facts = Facts { taken_up: true, counters: self.facts.counters, ..Facts::default() };
        Leg::Onward
    }

    /// Gives up work whose request is completed and whose keys are gone: the card has been renewed or retired since, at
    /// another workstation, and only the file has come back.
    pub(super) fn begin_after_completed(&mut self) -> Result<Leg, Error> {
        self.close()?;
        Ok(self.begin_anew())
    }

    /// Refuses to complete a request whose certificates should be on the card and are not.
    fn check_installed(&mut self, milestone: &Milestone, token: &mut dyn Token) -> Result<(), Error> {
        let Milestone::Superseding { keys, .. } = milestone else { return Ok(()) };
        let stored = self.stored(token)?;
        let is_there =
            |work: &IssuedWork| stored.iter().any(|stored| stored.certificate.as_ref() == Some(&work.certificate.0));
        if keys.iter().all(is_there) {
            return Ok(());
        }
        Err(Error::new(Stage::FindKey, Cause::KeyGone))
    }

    /// Says whether the token shows a key or certificate that the work has made or found on it.
    fn shows_work(&mut self, milestone: &Milestone, token: &mut dyn Token) -> Result<bool, Error> {
        let listed = match milestone {
            Milestone::KeysChosen { old, .. }
            | Milestone::Signed { old, .. }
            | Milestone::Issued { old, .. }
            | Milestone::Superseding { old, .. } => Listed { thumbprints: old.clone(), keys: Vec::new() },
            Milestone::Removing { thumbprints, listed, .. } => {
                Listed { thumbprints: thumbprints.clone(), keys: listed.clone() }
            }
            _ => Listed::default(),
        };
        let spkis = public_keys(milestone);
        let named: Vec<KeyWork> = milestone.keys().into_iter().filter(|key| key.id.0.len() >= NAME_BYTES).collect();
        self.stored(token)?;
        let tells = token.tells_keys();
        Ok(self.stored(token)?.iter().any(|stored| {
            shows(stored, &listed, tells)
                || named.iter().any(|key| key.id.0 == stored.id.0)
                || stored.public_key.as_ref().is_some_and(|key| spkis.iter().any(|spki| spki == key.spki()))
        }))
    }

    /// Gives a token that nothing names an id of its own before it is enrolled, where it can keep one. Returns the step
    /// that asks for the PIN, if the token takes nothing before a login.
    pub(super) fn name_token(&mut self, token: &mut dyn Token, observer: Observer<'_>) -> Result<Option<Leg>, Error> {
        if token.identity().is_named() || self.order.workflow() != Workflow::Enroll {
            return Ok(None);
        }
        observer(Event::Doing(Stage::NameToken));
        let failed = |source: token::Error| Error::new(Stage::NameToken, source);
        let id = Uuid::new_v4();
        match token.write_card_id(id, None) {
            Ok(()) => {}
            Err(token::Error::NotOffered(_)) => return Err(failed(token::Error::NoSerial)),
            Err(error) if error.is_loss() || matches!(error, token::Error::Busy) => return Err(failed(error)),
            // Modules differ in whether a public object may be written before a login (PKCS#11 v2.40 base, 2.4).
            Err(_) => {
                if self.counters(token)?.user == Tries::NotSet {
                    return Err(self.nameless(token, token::Error::NotSet { secret: token::SecretKind::Pin }));
                }
                if let Some(need) = self.need_pin(token)? {
                    return Ok(Some(need));
                }
                let written = token.write_card_id(id, self.inputs.pin.as_ref().map(PinEntry::as_user));
                self.facts.counters = None;
                match written {
                    Ok(()) => {}
                    Err(source @ (token::Error::Device { .. } | token::Error::Full | token::Error::NotOffered(_))) => {
                        return Err(self.nameless(token, source));
                    }
                    Err(error) => return Err(failed(error)),
                }
            }
        }
        let named = card_id(token.identity());
        observer(Event::TokenNamed { card_id: named });
        let lock = self.journal.lock(named).map_err(|source| Error::new(Stage::ReadJournal, source))?;
        self.locks.push(lock);
        (self.card_id, self.present_id) = (named, named);
        Ok(None)
    }

    /// Makes the error for a token that nothing names and that keeps no id of ours.
    fn nameless(&self, token: &dyn Token, source: token::Error) -> Error {
        Error::new(Stage::NameToken, Cause::Nameless { serial: token.identity().serial.clone(), source })
    }
}

/// Lists the public keys (SubjectPublicKeyInfo) that the work has made.
fn public_keys(milestone: &Milestone) -> Vec<Vec<u8>> {
    let spki = |key: crate::pkix::PublicKey| key.spki().to_vec();
    match milestone {
        Milestone::Signed { keys, .. } => {
            let requests = keys.iter().map(|work| CertificationRequest::from_der(&work.certification_request.0));
            requests.flatten().map(|request| request.public_key().spki().to_vec()).collect()
        }
        Milestone::Issued { keys, .. } | Milestone::Superseding { keys, .. } => {
            let certificates = keys.iter().map(|work| Certificate::from_der(&work.certificate.0));
            certificates.flatten().filter_map(|certificate| certificate.public_key().ok()).map(spki).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrollment::record::{HexBytes, SignedWork, Tie};
    use crate::pkix::{KeyAlgorithm, MemoryKey, Signer, csr};

    #[test]
    fn work_is_known_by_the_keys_it_asked_certificates_for() {
        let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
        let spki = key.public_key().spki().to_vec();
        let request = csr::build(&csr::RequestContent::default(), &key).unwrap();
        let pair = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&pair).unwrap().der().to_vec();
        let certified = Certificate::from_der(&certificate).unwrap().public_key().unwrap().spki().to_vec();
        let options =
            serde_json::from_str(r#"{"KeyAlgorithmName": "RSA", "KeySize": 2048, "HashAlgorithmName": "SHA256"}"#);
        let (id, label) = (HexBytes(vec![9]), String::new());
        let key = KeyWork {
            id,
            label,
            options: options.unwrap(),
            replaces: None,
            occupied: false,
            keeps: None,
            stray: false,
        };
        let tie = Tie { request: Uuid::nil(), smartcard: Uuid::nil() };
        let certification_request = HexBytes(request.der().to_vec());
        let signed = SignedWork { key: key.clone(), certification_request, attestation: None };
        let issued = IssuedWork { key: key.clone(), certificate: HexBytes(certificate) };
        for (milestone, known) in [
            (Milestone::KeysChosen { tie, keys: vec![key], old: Vec::new() }, vec![]),
            (Milestone::Signed { tie, keys: vec![signed], old: Vec::new() }, vec![spki]),
            (Milestone::Issued { tie, keys: vec![issued.clone()], old: Vec::new() }, vec![certified.clone()]),
            (Milestone::Superseding { tie, keys: vec![issued], old: Vec::new() }, vec![certified]),
        ] {
            assert_eq!(public_keys(&milestone), known);
        }
    }
}

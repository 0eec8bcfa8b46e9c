//! Refuses, while nothing has begun, private keys that the server will send and the token cannot take.

use super::driver::Enrollment;
use super::error::{Cause, Error};
use super::foreseen::KeyPlan;
use super::key_order::{decrypts_by, key_id, named_algorithm};
use super::stage::Stage;
use super::step::{Event, Observer};
use super::workflow::Workflow;
use crate::cm::foresight::{ForeseenKey, Foresight};
use crate::pkix::Certificate;
use crate::token::{self, Expected, KeyId, Prospect, Token, Whence};
use uuid::Uuid;

/// Holds which keys will come to the token, besides those that are made on it.
struct Coming<'f> {
    /// Those that the server sends.
    keys: Vec<&'f ForeseenKey>,
    /// The places of those that are made.
    given: Vec<KeyId>,
    /// How many keys of the token move to a place for earlier keys.
    moving: usize,
    /// Thumbprints of the certificates whose places may be taken.
    ours: Vec<String>,
}

impl Enrollment<'_> {
    /// Refuses keys that will come and that the token cannot take, unless the face keeps them ([`Cause::KeyNotTaken`]),
    /// and a loss that nobody has agreed to ([`Cause::OldKeyLost`]). The keys that are made must be planned already.
    pub(super) fn foresee_arrivals(
        &mut self,
        foresight: &Foresight,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        let keys: Vec<_> = foresight.keys_to_come.iter().flatten().collect();
        self.check_pfx_password(foresight.shortest_pfx_password.filter(|_| !keys.is_empty()))?;
        let Some(KeyPlan { keys: made, old }) = &self.facts.keys else { return Ok(()) };
        let given = made.iter().map(|key| key.placement.id.clone()).collect();
        let mut moving = 0;
        for key in made.iter().filter(|key| key.keeps == Some(true)) {
            moving += usize::from(!loses(&key.placement.id, token)?);
        }
        let mut ours = if self.order.workflow() == Workflow::Renew { old.clone() } else { Vec::new() };
        ours.extend(keys.iter().map(|key| key.thumbprint.clone()));
        let mut coming = Coming { keys, given, moving, ours };
        if coming.keys.is_empty() && coming.moving == 0 {
            return Ok(());
        }
        observer(Event::Doing(Stage::PlaceKeys));
        let mut found = coming.ask(self.marker, token)?;
        let displaced = self.displaced(&coming, &found, token)?;
        if displaced > 0 {
            coming.moving += displaced;
            found = coming.ask(self.marker, token)?;
        }
        self.check_prospects(&coming, found)
    }

    /// Refuses the first key that has no place.
    fn check_prospects(&self, coming: &Coming<'_>, found: Vec<Prospect>) -> Result<(), Error> {
        let mut found = found.into_iter();
        for prospect in found.by_ref().take(coming.moving) {
            if let Prospect::Refused(source) = prospect {
                return Err(Error::new(Stage::PlaceKeys, source));
            }
        }
        for (key, prospect) in coming.keys.iter().zip(found) {
            let source = match prospect {
                Prospect::IsThere | Prospect::Free(_) => continue,
                // Its certificate was not written there any more; whether it is the key shows in the login.
                Prospect::Taken { certificate: None, .. } if self.is_elsewhere() && !key.thumbprint.is_empty() => {
                    continue;
                }
                Prospect::Taken { certificate, .. } if self.gives_way(certificate.as_deref(), &coming.ours) => continue,
                Prospect::Taken { id, .. } => token::Error::KeyIdTaken(id),
                Prospect::Refused(source) => source,
            };
            if self.receiver.is_none() {
                let name = key.template_common_name.clone();
                return Err(Error::new(Stage::PlaceKeys, Cause::KeyNotTaken { name, source }));
            }
        }
        Ok(())
    }

    /// Refuses a password that the server would refuse to send keys under.
    fn check_pfx_password(&self, least: Option<u32>) -> Result<(), Error> {
        let (Some(receiver), Some(least)) = (&self.receiver, least) else { return Ok(()) };
        let length = receiver.password.expose().chars().count();
        if u32::try_from(length).is_ok_and(|length| length < least) {
            return Err(Error::new(Stage::Foresee, Cause::PfxPasswordShort { least }));
        }
        Ok(())
    }

    /// Says whether a key that the server sends may take the place of what has this certificate: the order says so, or
    /// it is one of `ours`, by its thumbprint.
    pub(super) fn gives_way(&self, certificate: Option<&[u8]>, ours: &[String]) -> bool {
        let certificate = certificate.and_then(|der| Certificate::from_der(der).ok());
        self.order.replaces() || certificate.is_some_and(|certificate| ours.contains(&certificate.thumbprint_sha1()))
    }

    /// Counts the keys that may have to decrypt, do not come back as history, and must move for one that the server sends;
    /// refuses where one would be lost.
    fn displaced(&self, coming: &Coming<'_>, found: &[Prospect], token: &mut dyn Token) -> Result<usize, Error> {
        let mut count = 0;
        for prospect in found.iter().skip(coming.moving) {
            let Prospect::Taken { id, certificate: Some(der) } = prospect else { continue };
            let Ok(old) = Certificate::from_der(der) else { continue };
            let thumbprint = old.thumbprint_sha1();
            let comes_back = coming.keys.iter().any(|key| key.thumbprint == thumbprint);
            if comes_back || !old.keeps_secrets().unwrap_or(true) || !self.gives_way(Some(der), &coming.ours) {
                continue;
            }
            if !loses(id, token)? {
                count += 1;
            } else if !self.order.gives_up_old_key() {
                return Err(Error::new(Stage::PlaceKeys, Cause::OldKeyLost { key: id.clone() }));
            }
        }
        Ok(count)
    }
}

impl Coming<'_> {
    /// Has the token say where all of them would go; those that move come first.
    fn ask(&self, marker: Uuid, token: &mut dyn Token) -> Result<Vec<Prospect>, Error> {
        let moved = std::iter::repeat_n(None, self.moving);
        let all = moved.chain(self.keys.iter().map(|key| Some(*key)));
        let expected: Vec<_> =
            (0x80..=u8::MAX).zip(all).map(|(index, key)| expected(key_id(marker, Some(index)).0, key)).collect();
        token.prospects(&expected, &self.given).map_err(|source| Error::new(Stage::PlaceKeys, source))
    }
}

/// Describes a key to the token; `None`: one that moves.
fn expected(name: Vec<u8>, key: Option<&ForeseenKey>) -> Expected {
    let Some(key) = key else {
        return Expected { name, thumbprint: None, algorithm: None, decrypts: true, whence: Whence::Moved };
    };
    Expected {
        name,
        thumbprint: Some(key.thumbprint.to_ascii_uppercase()).filter(|thumbprint| !thumbprint.is_empty()),
        algorithm: named_algorithm(&key.key_algorithm_name, key.key_size),
        decrypts: decrypts_by(key.key_usages),
        whence: if key.is_key_history { Whence::History } else { Whence::Today },
    }
}

/// Says whether a key in this place is lost when another takes it.
fn loses(id: &KeyId, token: &mut dyn Token) -> Result<bool, Error> {
    token.loses_replaced(id).map_err(|source| Error::new(Stage::PlaceKeys, source))
}

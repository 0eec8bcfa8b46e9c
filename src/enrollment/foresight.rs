//! Refuses, while nothing has begun, what could not come to its end: by what card, template and server say.
//!
//! In: the card's condition, the template's configuration, the keys that are ordered. Out: a refusal, or nothing. It is
//! called before a request is made, as far as the server tells then what it will order, and again before the card is
//! assigned to the request. Free memory is tried in [`super::room`]; a PUK without a counter shows later.

use super::driver::Enrollment;
use super::error::{Cause, Error};
use super::key_order::{key_algorithm, signature_algorithm};
use super::new_pin::pin_form;
use super::pin::is_unusable;
use super::stage::Stage;
use super::workflow::Workflow;
use crate::cm::template::{GenerationOptions, SmartcardConfig};
use crate::pkix::{self, KeyAlgorithm};
use crate::secret::AdminKey;
use crate::token::{self, Authority, Counters, KeyOffer, Operation, Placement, SecretForm, SecretKind, Token, Tries};

/// Counts the characters of an SO PIN that stands for an admin key: the hexadecimal digits of 24 bytes.
const ADMIN_KEY_DIGITS: usize = 48;

/// Holds what a card's secrets allow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Secrets {
    pub counters: Counters,
    /// A PIN that does not hold any more is set by the PUK, and only by it.
    pub puk_sets_pin: bool,
    /// A new PIN is to be set.
    pub sets_pin: bool,
    pub pin: Option<SecretForm>,
    /// What the token takes as its SO PIN.
    pub admin: Option<SecretForm>,
}

/// Refuses a template whose PIN or admin key the card does not take, and a new PIN that only a locked PUK could set: a
/// PIN that holds can be changed without it.
pub(super) fn check_secrets(card: &Secrets, config: &SmartcardConfig) -> Result<(), Cause> {
    if card.sets_pin {
        pin_form(card.pin, &config.user_pin_policy)?;
        if card.puk_sets_pin && is_locked(card.counters.puk) && is_unusable(card.counters.user) {
            return Err(match card.counters.user {
                Tries::NotSet => token::Error::Locked { secret: SecretKind::Puk }.into(),
                _ => Cause::PinAndPukLocked,
            });
        }
    }
    match card.admin {
        Some(form) if config.diversify_admin_key && !form.takes_length(ADMIN_KEY_DIGITS) => {
            Err(Cause::AdminKeyLength { wanted: ADMIN_KEY_DIGITS, token: form })
        }
        _ => Ok(()),
    }
}

/// Says whether a PUK is known to be locked. Some are locked on purpose: Yubico's minidriver does that.
pub(super) fn is_locked(puk: Option<Tries>) -> bool {
    matches!(puk, Some(Tries::Locked | Tries::Left(0)))
}

/// Refuses an order for a key that the card does not make, cannot attest, or has no room for the certificate of.
fn check_offer(ordered: KeyAlgorithm, attestation: bool, offer: KeyOffer) -> Result<(), Error> {
    if offer.makes == Some(false) {
        return Err(Error::new(Stage::ReadKeyOrders, token::Error::Algorithm(ordered)));
    }
    if attestation && offer.attests == Some(false) {
        return Err(Error::new(Stage::AttestKey, token::Error::NotOffered("attestation")));
    }
    let length = expected_length(ordered);
    match offer.largest_certificate {
        Some(largest) if length > largest => {
            Err(Error::new(Stage::ReserveRoom, token::Error::CertificateTooLarge { length, largest }))
        }
        _ => Ok(()),
    }
}

/// Refuses a place that is taken, by a certificate or by a key alone, unless what is there may be replaced.
pub(super) fn check_place(placement: &Placement, replaces: bool) -> Result<(), Error> {
    if (placement.occupied || placement.keyed) && !replaces {
        return Err(Error::new(Stage::PlaceKeys, token::Error::KeyIdTaken(placement.id.clone())));
    }
    Ok(())
}

/// Returns how many bytes the certificate of such a key may have.
///
/// SubjectPublicKeyInfo and signature are as long as their algorithms make them, with RSA-4096 as the largest key of a
/// CA; names, dates and extensions of what CM servers issue fit into a kilobyte. So a lack of room shows while nothing
/// is lost: before the old key is replaced, and before the CA is asked.
pub(super) fn expected_length(algorithm: KeyAlgorithm) -> usize {
    const SIGNATURE: usize = 512;
    const REST: usize = 1024;
    let public_key = match algorithm {
        KeyAlgorithm::Rsa2048 => 294,
        KeyAlgorithm::Rsa3072 => 422,
        KeyAlgorithm::Rsa4096 => 550,
        KeyAlgorithm::P256 => 91,
        KeyAlgorithm::P384 => 120,
    };
    public_key + SIGNATURE + REST
}

/// Returns how many bytes a key pair takes at most: an RSA key is kept with all its numbers (RFC 8017, A.1.2).
pub(super) fn key_length(algorithm: KeyAlgorithm) -> usize {
    match algorithm {
        KeyAlgorithm::Rsa2048 => 1500,
        KeyAlgorithm::Rsa3072 => 2200,
        KeyAlgorithm::Rsa4096 => 2900,
        KeyAlgorithm::P256 => 256,
        KeyAlgorithm::P384 => 320,
    }
}

impl Enrollment<'_> {
    /// Refuses an order that is malformed, or that the token is known not to carry out.
    pub(super) fn check_order(&mut self, options: &GenerationOptions, token: &mut dyn Token) -> Result<(), Error> {
        let ordered = key_algorithm(options)?;
        signature_algorithm(ordered, options)?;
        pkix::name::parse(&options.subject).map_err(|source| Error::new(Stage::SignRequest, source))?;
        let offer = token.offer(ordered).map_err(|source| Error::new(Stage::ReadToken, source))?;
        let Err(refused) = check_offer(ordered, options.attestation_needed, offer) else { return Ok(()) };
        match refused.cause {
            // What the token makes instead is asked only now.
            Cause::Token(token::Error::Algorithm(ordered)) => {
                let offered = self.condition(token)?.algorithms.unwrap_or_default();
                Err(Error::new(refused.stage, Cause::AlgorithmLacking { ordered, offered }))
            }
            _ => Err(refused),
        }
    }

    /// Checks the card's secrets against the template, once in a process.
    pub(super) fn foresee_secrets(&mut self, config: &SmartcardConfig, token: &mut dyn Token) -> Result<(), Error> {
        if self.order.workflow() != Workflow::Enroll || self.facts.secrets_fit {
            return Ok(());
        }
        if let Some((digits, _)) = self.inputs.so_pin.as_ref().filter(|_| token.has_admin_key())
            && AdminKey::from_digits(digits.expose()).is_none()
        {
            return Err(Error::new(Stage::ReadConfiguration, token::Error::AdminKeyForm));
        }
        self.refuse_given_pin(config)?;
        let card = Secrets {
            counters: self.counters(token)?,
            puk_sets_pin: token.authority(Operation::Unblock) == Authority::Puk,
            sets_pin: self.sets_pin(config, token)?,
            pin: token.form(SecretKind::Pin),
            admin: token.form(SecretKind::Admin),
        };
        check_secrets(&card, config).map_err(|cause| Error::new(Stage::ReadConfiguration, cause))?;
        self.facts.secrets_fit = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::KeyId;

    const PIV: SecretForm = SecretForm { shortest: 6, longest: 8, digits_only: true };

    fn config(least: u32, most: u32, own_admin_key: bool) -> SmartcardConfig {
        let policy = format!(r#"{{"MinLength": {least}, "MaxLength": {most}}}"#);
        let text = format!(
            r#"{{"UserPinOption": 3, "UserPinPolicy": {policy}, "AdminPinPolicy": {policy}, "DiversifyAdminKey": {own_admin_key}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    /// The stage, and the code of the refusal; nothing where none is refused.
    fn code(checked: Result<(), Cause>) -> Option<&'static str> {
        checked.err().map(|cause| Error::new(Stage::ReadConfiguration, cause).code())
    }

    #[test]
    fn secrets_are_refused_only_where_they_must_be_set_and_cannot() {
        let card = |sets_pin, user, puk, pin, admin| Secrets {
            counters: Counters { user, admin: Tries::Untold, puk },
            puk_sets_pin: puk.is_some(),
            sets_pin,
            pin,
            admin,
        };
        let short = Some(SecretForm { shortest: 4, longest: 32, digits_only: false });
        let (full, locked) = (Some(Tries::Full), Some(Tries::Locked));
        // The card, the template's lengths, whether it wants an own admin key; the refusal.
        let rows = [
            (card(true, Tries::Full, full, Some(PIV), None), (6, 16), true, None),
            (card(true, Tries::Full, full, Some(PIV), None), (9, 16), true, Some("pin-bounds")),
            (card(false, Tries::Full, full, Some(PIV), None), (9, 16), true, None),
            (card(true, Tries::Locked, locked, Some(PIV), None), (6, 16), true, Some("puk-locked")),
            (card(true, Tries::NotSet, Some(Tries::Left(0)), Some(PIV), None), (6, 16), true, Some("puk-locked")),
            (card(true, Tries::Full, locked, Some(PIV), None), (6, 16), true, None),
            (card(true, Tries::Locked, Some(Tries::Untold), Some(PIV), None), (6, 16), true, None),
            (card(false, Tries::Full, None, short, short), (6, 16), true, Some("admin-key-length")),
            (card(false, Tries::Full, None, short, short), (6, 16), false, None),
        ];
        for (card, (least, most), own_admin_key, refused) in rows {
            let checked = check_secrets(&card, &config(least, most, own_admin_key));
            assert_eq!(code(checked), refused, "{card:?} {least} to {most}");
        }
        // Only where there was a PIN is it said to be locked as well.
        for (user, both) in [(Tries::Locked, true), (Tries::NotSet, false)] {
            let checked = check_secrets(&card(true, user, locked, Some(PIV), None), &config(6, 16, true));
            assert_eq!(matches!(checked, Err(Cause::PinAndPukLocked)), both, "{checked:?}");
        }
    }

    #[test]
    fn a_key_is_taken_to_be_as_long_as_its_numbers() {
        use KeyAlgorithm::{P256, P384, Rsa2048, Rsa3072, Rsa4096};
        // The modulus, the private exponent, and five numbers of half their length; a point and a scalar.
        let numbers = [(Rsa2048, 2048 / 8 * 9 / 2), (Rsa3072, 3072 / 8 * 9 / 2), (Rsa4096, 4096 / 8 * 9 / 2)];
        for (algorithm, least) in numbers.into_iter().chain([(P256, 3 * 32), (P384, 3 * 48)]) {
            assert!((least..3 * least).contains(&key_length(algorithm)), "{algorithm:?}");
        }
    }

    #[test]
    fn an_order_is_refused_where_the_card_is_known_not_to_carry_it_out() {
        use KeyAlgorithm::P256;
        let offer = |makes, attests, largest_certificate| KeyOffer { makes, attests, largest_certificate };
        // What the card offers, whether an attestation is demanded; the refusal.
        let rows = [
            (KeyOffer::default(), true, None),
            (offer(Some(true), Some(true), Some(1627)), true, None),
            (offer(Some(false), None, None), false, Some("algorithm-unsupported")),
            (offer(None, Some(false), None), true, Some("not-offered")),
            (offer(None, Some(false), None), false, None),
            (offer(Some(true), None, Some(1626)), false, Some("certificate-too-large")),
        ];
        for (offer, attestation, refused) in rows {
            let checked = check_offer(P256, attestation, offer);
            assert_eq!(checked.err().map(|error| error.code()), refused, "{offer:?}");
        }
    }

    #[test]
    fn a_taken_place_is_refused_unless_it_may_be_replaced() {
        for (occupied, keyed) in [(false, false), (true, false), (false, true), (true, true)] {
            let placement = Placement { id: KeyId(vec![0x9A]), replaces: None, occupied, keyed };
            assert_eq!(check_place(&placement, false).is_err(), occupied || keyed, "{occupied} {keyed}");
            assert!(check_place(&placement, true).is_ok());
        }
    }
}

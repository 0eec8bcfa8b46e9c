//! One PIV card as a [`Token`]: its counters, its secrets, its condition.

use super::application::Application;
use super::command::{self, PinBlock};
use super::manager::Manager;
use super::objects::{self, GuidName, draw_id};
use super::offer::ATTESTS_KEYS;
use super::place::Places;
use super::reference::{KeyReference, MANAGEMENT_KEY, ObjectTag, SecretReference};
use super::serial::Serial;
use super::session::{Login, PivSession};
use crate::iso7816::{Card, EndWith, StatusWord};
use crate::pkix::KeyAlgorithm;
use crate::secret::{AdminKey, Pin, Puk};
use crate::token::{
    Admin, Authority, CardIdentifier, Condition, Counterpart, Counters, Credentials, Error, Expected, Factory,
    Identity, KeyId, KeyOffer, KeyWish, LastTry, LogonKey, Operation, Placement, Prospect, Room, SecretForm,
    SecretKind, Session, StoredKey, Token, User,
};

/// Holds a PIV card.
pub struct PivToken {
    application: Application,
    identity: Identity,
    places: Places,
}

impl PivToken {
    /// Selects the application and reads what names the card. A card without the application returns
    /// [`Error::NotOffered`]; one that nothing names has an empty serial until [`PivToken::initialise`].
    pub fn open(card: Card) -> Result<Self, Error> {
        let mut application = Application::new(card);
        application.serial = application.within(EndWith::Leave, Application::identify)?;
        let identity = application.serial.identity();
        Ok(Self { application, identity, places: Places::default() })
    }

    /// Gives the card a Card Capability Container with a random card identifier, if it has none, and a fresh CHUID. The
    /// management key authorises it. Keys, certificates and secrets stay.
    pub fn initialise(&mut self, admin: Admin<'_>) -> Result<(), Error> {
        let serial = self.application.within(EndWith::Reset, |card| {
            card.authenticate(admin, LastTry::Keep)?;
            if card.capability_card_id()?.is_none() {
                let id = match card.serial {
                    Serial::Chuid(GuidName { id, .. }) => id,
                    _ => draw_id()?,
                };
                card.put(ObjectTag::CARD_CAPABILITY_CONTAINER, &objects::write_card_capability(&id))?;
                if !matches!(card.serial, Serial::Hardware(_)) {
                    card.serial = Serial::Capability(id);
                }
            }
            card.renew_chuid()?;
            Ok(card.serial.clone())
        })?;
        self.identity = serial.identity();
        Ok(())
    }

    /// Returns the certificate (DER) by which the card's own authority says that the key under `reference` was made on
    /// it (YubiKey; made anew each time). Nothing is verified here.
    pub fn attest(&mut self, reference: KeyReference) -> Result<Vec<u8>, Error> {
        self.application.within(EndWith::Leave, |card| card.attestation(reference))
    }

    /// Reads how the user will log in, before anything is sent.
    fn claim(&mut self, user: User<'_>) -> Result<Claim, Error> {
        match user {
            User::Pin(pin, last_try) => Ok(Claim::Pin(fitting(SecretReference::Pin, PinBlock::pin(pin))?, last_try)),
            User::PinPad(_) if !self.has_pin_pad() => Err(Error::NotOffered("a PIN pad")),
            User::PinPad(last_try) => Ok(Claim::PinPad(last_try)),
        }
    }

    /// Changes a secret that CHANGE REFERENCE DATA compares.
    fn change(
        &mut self,
        secret: SecretReference,
        current: Option<PinBlock>,
        new: Option<PinBlock>,
        last_try: LastTry,
    ) -> Result<(), Error> {
        let (current, new) = (fitting(secret, current)?, fitting(secret, new)?);
        self.application.within(EndWith::Reset, |card| {
            card.may_send(secret, &current, last_try)?;
            let word = card.ask(command::change_reference_data(secret, &current, &new))?.status;
            characters(secret, word)?;
            card.judge(secret, command::CHANGE_REFERENCE_DATA, word)
        })
    }
}

/// Refuses a PIN or PUK that is not six to eight bytes long (SP 800-73-4 part 2, 2.4.3).
fn fitting(secret: SecretReference, block: Option<PinBlock>) -> Result<PinBlock, Error> {
    let (minimum, maximum) = (PinBlock::SHORTEST, PinBlock::LENGTH);
    block.ok_or(Error::SecretLength { secret: secret.kind(), minimum, maximum })
}

/// Refuses where the card does not take the characters of a new secret; nothing was compared or changed then (SP
/// 800-73-4 part 2, 3.2.2).
fn characters(secret: SecretReference, word: StatusWord) -> Result<(), Error> {
    match word {
        StatusWord::INCORRECT_DATA => Err(Error::SecretCharacters { secret: secret.kind() }),
        _ => Ok(()),
    }
}

/// Says how the user will log in; checked before anything is sent.
enum Claim {
    Pin(PinBlock, LastTry),
    PinPad(LastTry),
}

fn prove(card: &mut Application, admin: Option<Admin<'_>>, user: Option<Claim>) -> Result<Option<Login>, Error> {
    if let Some(admin) = admin {
        // Credentials cannot say that the administrator's last try may be spent.
        card.authenticate(admin, LastTry::Keep)?;
    }
    match user {
        None => Ok(None),
        Some(Claim::Pin(pin, last_try)) => {
            card.may_send(SecretReference::Pin, &pin, last_try)?;
            card.verify(&pin)?;
            Ok(Some(Login::Pin(pin)))
        }
        Some(Claim::PinPad(last_try)) => {
            card.may_try(SecretReference::Pin, last_try)?;
            card.verify_by_pin_pad()?;
            Ok(Some(Login::PinPad))
        }
    }
}

impl Token for PivToken {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn go_by_earlier_serial(&mut self) {
        let earlier =
            self.identity.earlier_serial.as_deref().and_then(|serial| self.application.serial.earlier(serial));
        if let Some(earlier) = earlier {
            self.identity = earlier.identity();
            self.application.serial = earlier;
        }
    }

    fn atr(&self) -> Vec<u8> {
        self.application.atr()
    }

    /// Returns the counters. The standard gives the management key no counter, and the PUK none that can be read; what
    /// a refusal told of the management key is remembered.
    fn counters(&mut self) -> Result<Counters, Error> {
        self.application.within(EndWith::Leave, Application::counters)
    }

    fn public_objects(&mut self) -> Result<Vec<StoredKey>, Error> {
        self.application.within(EndWith::Leave, Application::certified)
    }

    /// A card of the plain standard tells nothing of its keys; one with metadata does.
    fn tells_keys(&self) -> bool {
        self.application.tells_metadata()
    }

    /// Names 9A: the standard's key for logging on.
    fn logon_key(&mut self) -> Result<LogonKey, Error> {
        Ok(LogonKey::Named(KeyReference::AUTHENTICATION.id()))
    }

    fn overview(&mut self) -> Result<(Counters, Vec<StoredKey>), Error> {
        self.application.within(EndWith::Leave, |card| Ok((card.counters()?, card.certified()?)))
    }

    fn authority(&self, operation: Operation) -> Authority {
        match operation {
            Operation::Generate | Operation::WriteCertificate | Operation::Delete | Operation::ChangeAdminKey => {
                Authority::Admin
            }
            Operation::Sign => Authority::User,
            Operation::Unblock => Authority::Puk,
        }
    }

    /// Returns the form of PIN and PUK: the standard's PIN consists of digits and its PUK of eight bytes (SP 800-73-4
    /// part 2, 2.4.3); a YubiKey takes six to eight bytes of any kind for both.
    fn form(&self, secret: SecretKind) -> Option<SecretForm> {
        let yubikey = matches!(self.application.serial, Serial::Hardware(_));
        let (shortest, longest) = (PinBlock::SHORTEST, PinBlock::LENGTH);
        match secret {
            SecretKind::Pin => Some(SecretForm { shortest, longest, digits_only: !yubikey }),
            SecretKind::Puk if yubikey => Some(SecretForm { shortest, longest, digits_only: false }),
            SecretKind::Puk => Some(SecretForm { shortest: longest, longest, digits_only: false }),
            SecretKind::Admin => None,
        }
    }

    fn condition(&mut self) -> Result<Condition, Error> {
        self.application.within(EndWith::Leave, |card| {
            let version = card.version()?;
            let card_identifier = match card.read_chuid()? {
                None => CardIdentifier::Absent,
                Some(Ok(chuid)) => CardIdentifier::Present { expires: chuid.expires() },
                Some(Err(_)) => CardIdentifier::Broken,
            };
            Ok(Condition {
                pin_is_default: card.is_default(SecretReference::Pin.byte())?,
                puk_is_default: card.is_default(SecretReference::Puk.byte())?,
                admin_key_is_default: card.is_default(MANAGEMENT_KEY)?,
                algorithms: card.algorithms()?,
                largest_certificate: Some(card.container().largest_certificate()),
                card_identifier,
                version: version.map(|[major, minor, patch]| format!("{major}.{minor}.{patch}")),
            })
        })
    }

    fn factory(&self) -> Factory {
        Factory::PIV
    }

    fn has_admin_key(&self) -> bool {
        true
    }

    fn keeps_admin_key(&mut self) -> Result<bool, Error> {
        self.application.within(EndWith::Leave, |card| Ok(card.manager()?.is_some_and(|manager| manager.keeps_key())))
    }

    /// Returns the copy in the printed information, or derives the key from the PIN, as Yubico's manager does.
    fn kept_admin_key(&mut self, user: User<'_>) -> Result<Option<AdminKey>, Error> {
        let claim = self.claim(user)?;
        self.application.within(EndWith::Reset, |card| {
            let Some(manager) = card.manager()?.filter(Manager::keeps_key) else { return Ok(None) };
            prove(card, None, Some(claim))?;
            card.kept_key(&manager, user)
        })
    }

    /// Tells what SELECT has told, or what the firmware is known for; attestation came with firmware 4.3.
    fn offer(&mut self, algorithm: KeyAlgorithm) -> Result<KeyOffer, Error> {
        self.application.within(EndWith::Leave, |card| {
            let makes = card.algorithms()?.map(|offered| offered.contains(&algorithm));
            let attests = Some(card.version()?.is_some_and(|version| version >= ATTESTS_KEYS));
            Ok(KeyOffer { makes, attests, largest_certificate: Some(card.container().largest_certificate()) })
        })
    }

    fn has_pin_pad(&mut self) -> bool {
        self.application.has_pin_pad()
    }

    fn place(&mut self, wish: &KeyWish) -> Result<Placement, Error> {
        let places = &mut self.places;
        self.application.within(EndWith::Leave, |card| places.choose(card, wish))
    }

    fn loses_replaced(&mut self, id: &KeyId) -> Result<bool, Error> {
        if KeyReference::of(id).is_none() {
            return Ok(false);
        }
        self.application.within(EndWith::Leave, |card| Ok(!card.moves_keys()?))
    }

    fn prospects(&mut self, expected: &[Expected], given: &[KeyId]) -> Result<Vec<Prospect>, Error> {
        self.application.within(EndWith::Leave, |card| card.prospects(expected, given))
    }

    /// Logs in. Either may log in alone: the administrator generates and writes, the user signs.
    fn log_in(&mut self, credentials: Credentials<'_>) -> Result<Box<dyn Session + '_>, Error> {
        if !self.identity.is_named() {
            return Err(Error::NoSerial);
        }
        let user = credentials.user.map(|user| self.claim(user)).transpose()?;
        let card = &mut self.application;
        let admin = credentials.admin.is_some();
        card.enter()?;
        match prove(card, credentials.admin, user) {
            Ok(login) => Ok(Box::new(PivSession::new(card, admin, login))),
            Err(error) => {
                card.leave(EndWith::Reset);
                Err(error)
            }
        }
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin, last_try: LastTry) -> Result<(), Error> {
        self.change(SecretReference::Pin, PinBlock::pin(current), PinBlock::pin(new), last_try)
    }

    /// Sets the PIN by the PUK alone; the management key cannot do it.
    fn set_pin(&mut self, admin: Admin<'_>, new: &Pin, last_try: LastTry) -> Result<(), Error> {
        let puk = match admin {
            Admin::Puk(puk) => fitting(SecretReference::Puk, PinBlock::puk(puk))?,
            Admin::Responder(_) => return Err(Error::NoChallenge),
            Admin::Key(_) | Admin::SoPin(_) => {
                return Err(Error::NotOffered("a new PIN by its management key; the PUK is the way"));
            }
        };
        let new = fitting(SecretReference::Pin, PinBlock::pin(new))?;
        self.application.within(EndWith::Reset, |card| {
            card.may_send(SecretReference::Puk, &puk, last_try)?;
            let word = card.ask(command::reset_retry_counter(&puk, &new))?.status;
            characters(SecretReference::Pin, word)?;
            card.judge(SecretReference::Puk, command::RESET_RETRY_COUNTER, word)
        })
    }

    fn prove_admin(&mut self, admin: Admin<'_>, last_try: LastTry) -> Result<(), Error> {
        self.application.within(EndWith::Reset, |card| card.authenticate(admin, last_try).map(drop))
    }

    fn show_presence(&mut self, counterpart: &mut dyn Counterpart, last_try: LastTry) -> Result<(), Error> {
        let answer =
            self.application.within(EndWith::Reset, |card| card.authenticate_mutually(counterpart, last_try))?;
        counterpart.judge(&answer).map_err(Error::Responder)
    }

    fn try_room(&mut self, admin: Admin<'_>, rooms: &[Room], last_try: LastTry) -> Result<(), Error> {
        self.application.check_room(rooms)?;
        self.application.within(EndWith::Reset, |card| {
            card.authenticate(admin, last_try)?;
            card.try_room(rooms)
        })
    }

    fn change_admin_key(&mut self, current: Admin<'_>, new: &AdminKey, last_try: LastTry) -> Result<(), Error> {
        self.application.within(EndWith::Reset, |card| {
            let algorithm = card.authenticate(current, last_try)?;
            card.set_management_key(algorithm, new)?;
            card.forget_kept_key()
        })
    }

    fn admin_key_is_fixed(&mut self) -> Result<bool, Error> {
        self.application.within(EndWith::Leave, Application::management_key_is_fixed)
    }

    fn change_puk(&mut self, current: &Puk, new: &Puk, last_try: LastTry) -> Result<(), Error> {
        self.change(SecretReference::Puk, PinBlock::puk(current), PinBlock::puk(new), last_try)
    }

    /// Resets the card, which locks PIN and PUK first. The card's serial stays if it is the hardware's.
    fn reset_to_factory(&mut self) -> Result<(), Error> {
        self.application.within(EndWith::Reset, Application::reset_to_factory)?;
        self.identity = self.application.serial.identity();
        Ok(())
    }
}

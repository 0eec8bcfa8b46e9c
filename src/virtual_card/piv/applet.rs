//! The application on the card: what each command of the standard does (SP 800-73-4 part 2, 3).

use super::bytes::Bytes;
use super::command::{Command, Order, Template};
use super::keys::{Algorithm, FAILURE, Key, PinPolicy};
use super::objects::{self, AID, RID_LENGTH};
use super::options::ManagementAlgorithm;
use super::security::{Step, Volatile, is_well_formed};
use super::state::Persistent;
use crate::iso7816::{StatusWord, tlv};
use crate::virtual_card::wire::WireCommand;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

const PIN: u8 = 0x80;
const PUK: u8 = 0x81;
const MANAGEMENT_KEY: u8 = 0x9B;
const SIGNATURE_KEY: u8 = 0x9C;
const CARD_AUTHENTICATION_KEY: u8 = 0x9E;

type Answer = Result<Zeroizing<Vec<u8>>, StatusWord>;

/// Holds the whole card behind its wire.
pub(super) struct Applet {
    pub persistent: Persistent,
    pub volatile: Volatile,
    /// Bytes of room, if it differs from the card's own.
    pub capacity: Option<usize>,
}

impl Applet {
    /// Answers a whole command.
    pub fn execute(&mut self, wire: &WireCommand) -> Answer {
        let pin_just_now = std::mem::take(&mut self.volatile.pin_just_now);
        let command = Command::read(wire, self.persistent.profile.yubikey)?;
        if !self.volatile.selected && !matches!(command, Command::Select { .. }) {
            return Err(StatusWord::INSTRUCTION_NOT_SUPPORTED);
        }
        let nothing = |()| Zeroizing::default();
        match command {
            Command::Select { aid } => self.select(aid),
            Command::GetData { tag } => self.get_data(tag),
            Command::PutData { tag, value } => self.put_data(tag, value).map(nothing),
            Command::VerifyStatus { reference } => self.verify_status(reference).map(nothing),
            Command::Verify { reference, pin } => self.verify(reference, pin).map(nothing),
            Command::ForgetVerified { reference } => {
                require_pin_reference(reference)?;
                self.volatile.pin = false;
                Ok(nothing(()))
            }
            Command::ChangeReferenceData { reference, data } => self.change(reference, data).map(nothing),
            Command::ResetRetryCounter { reference, data } => self.unblock(reference, data).map(nothing),
            Command::GeneralAuthenticate { algorithm, reference: MANAGEMENT_KEY, template } => {
                self.authenticate_administrator(algorithm, &template)
            }
            Command::GeneralAuthenticate { algorithm, reference, template } => {
                self.use_key(algorithm, reference, &template, pin_just_now)
            }
            Command::GenerateKeyPair { reference, order } => self.generate(reference, &order),
            Command::Extension(extension) => self.extension(extension),
        }
    }

    pub fn require_administrator(&self) -> Result<(), StatusWord> {
        if self.volatile.administrator { Ok(()) } else { Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED) }
    }

    fn is_yubikey(&self) -> bool {
        self.persistent.profile.yubikey
    }

    /// Selects the application. Another AID is not found, and selection and login stay.
    fn select(&mut self, aid: &[u8]) -> Answer {
        if aid.len() < RID_LENGTH || !AID.starts_with(aid) {
            return Err(StatusWord::FILE_NOT_FOUND);
        }
        self.volatile.selected = true;
        let keys = [Algorithm::Rsa2048, Algorithm::Rsa3072, Algorithm::P256, Algorithm::P384].map(Algorithm::id);
        let algorithms = [&[self.persistent.management.algorithm.id()], keys.as_slice()].concat();
        Ok(Zeroizing::new(objects::property_template(self.is_yubikey(), &algorithms)))
    }

    fn get_data(&self, tag: u32) -> Answer {
        if objects::needs_pin(tag) && !self.volatile.pin {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        let value = match self.persistent.objects.get(&tag) {
            Some(object) => object.0.clone(),
            None if tag == objects::DISCOVERY => objects::discovery(),
            None => return Err(StatusWord::FILE_NOT_FOUND),
        };
        Ok(Zeroizing::new(objects::wrapped(tag, &value)))
    }

    fn put_data(&mut self, tag: u32, value: &[u8]) -> Result<(), StatusWord> {
        self.require_administrator()?;
        let most = objects::capacity(tag, self.is_yubikey()).ok_or(StatusWord::FILE_NOT_FOUND)?;
        let replaced = self.persistent.objects.get(&tag).map_or(0, |object| object.0.len());
        if value.len() > most || !self.has_room(value.len(), replaced) {
            return Err(StatusWord::NOT_ENOUGH_MEMORY);
        }
        if value.is_empty() {
            self.persistent.objects.remove(&tag);
        } else {
            self.persistent.objects.insert(tag, Bytes(value.to_vec()));
        }
        Ok(())
    }

    /// Says whether so many bytes fit in place of `replaced` bytes. What does not grow always fits.
    fn has_room(&self, wanted: usize, replaced: usize) -> bool {
        let objects: usize = self.persistent.objects.values().map(|object| object.0.len()).sum();
        let keys: usize = self.persistent.keys.values().map(Key::size).sum();
        let capacity = self.capacity.unwrap_or(self.persistent.profile.capacity);
        wanted <= replaced || objects + keys - replaced + wanted <= capacity
    }

    fn verify_status(&self, reference: u8) -> Result<(), StatusWord> {
        require_pin_reference(reference)?;
        let pin = &self.persistent.pin;
        if self.volatile.pin {
            Ok(())
        } else if self.is_yubikey() && pin.left == 0 {
            Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED)
        } else {
            Err(pin.told())
        }
    }

    /// Verifies the PIN. A malformed PIN is refused without counting a try (3.2.1).
    fn verify(&mut self, reference: u8, pin: &[u8]) -> Result<(), StatusWord> {
        require_pin_reference(reference)?;
        self.persistent.pin.refuse_blocked()?;
        if !is_well_formed(pin, !self.is_yubikey()) {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let compared = self.persistent.pin.compare(pin);
        self.volatile.pin = compared.is_ok();
        self.volatile.pin_just_now = compared.is_ok();
        compared
    }

    fn change(&mut self, reference: u8, data: &[u8]) -> Result<(), StatusWord> {
        let digits_only = reference == PIN && !self.is_yubikey();
        let any_puk = reference == PUK && !self.is_yubikey();
        let secret = match reference {
            PIN => &mut self.persistent.pin,
            PUK => &mut self.persistent.puk,
            _ => return Err(StatusWord::REFERENCE_DATA_NOT_FOUND),
        };
        secret.refuse_blocked()?;
        let (old, new) = two_references(data)?;
        if ![old, new].into_iter().all(|half| any_puk || is_well_formed(half, digits_only)) {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let compared = secret.compare(old);
        if compared.is_ok() {
            secret.set(new);
        }
        if reference == PIN {
            self.volatile.pin = compared.is_ok();
        }
        compared
    }

    fn unblock(&mut self, reference: u8, data: &[u8]) -> Result<(), StatusWord> {
        require_pin_reference(reference)?;
        self.persistent.puk.refuse_blocked()?;
        let (puk, pin) = two_references(data)?;
        if !is_well_formed(pin, !self.is_yubikey()) {
            return Err(StatusWord::INCORRECT_DATA);
        }
        if let Err(word) = self.persistent.puk.compare(puk) {
            self.volatile.pin = false;
            return Err(word);
        }
        self.persistent.pin.set(pin);
        Ok(())
    }

    /// Proves the administrator by external or mutual authentication with 9B. What the card sent is good for one try.
    fn authenticate_administrator(&mut self, algorithm: u8, template: &Template<'_>) -> Answer {
        let named = ManagementAlgorithm::from_id(algorithm);
        let step = self.volatile.step.take();
        let management = &mut self.persistent.management;
        if named != Some(management.algorithm) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        management.refuse_blocked()?;
        let Template { witness, challenge, response, exponentiation: None } = *template else {
            return Err(StatusWord::INCORRECT_DATA);
        };
        match (witness, challenge, response, step) {
            (Some([]), None, None, _) => {
                let witness = random(management.algorithm.block_length())?;
                let hidden = management.encrypt(&witness).ok_or(FAILURE)?;
                self.volatile.step = Some(Step::Witness(witness));
                Ok(templated(0x80, &hidden))
            }
            (None, Some([]), None, _) => {
                let challenge = random(management.algorithm.block_length())?;
                let sent = templated(0x81, &challenge);
                self.volatile.step = Some(Step::Challenge(challenge));
                Ok(sent)
            }
            (Some(witness), Some(challenge), None | Some([]), Some(Step::Witness(wanted))) => {
                let answer = management.encrypt(challenge).ok_or(StatusWord::INCORRECT_DATA)?;
                management.compare(&wanted, witness)?;
                self.volatile.administrator = true;
                Ok(templated(0x82, &answer))
            }
            (None, None, Some(response), Some(Step::Challenge(sent))) => {
                let wanted = management.encrypt(&sent).ok_or(FAILURE)?;
                management.compare(&wanted, response)?;
                self.volatile.administrator = true;
                Ok(Zeroizing::default())
            }
            _ => Err(StatusWord::INCORRECT_DATA),
        }
    }

    fn use_key(&self, algorithm: u8, reference: u8, template: &Template<'_>, pin_just_now: bool) -> Answer {
        let absent = if self.is_yubikey() { StatusWord::INCORRECT_DATA } else { StatusWord::INCORRECT_P1_P2 };
        if !holds_keys(reference) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let key = self.persistent.keys.get(&reference).ok_or(absent)?;
        if key.algorithm.id() != algorithm {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let allowed = match key.pin_policy {
            PinPolicy::Never => true,
            PinPolicy::Once => self.volatile.pin,
            PinPolicy::Always => self.volatile.pin && pin_just_now,
        };
        if !allowed {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        match template {
            Template { witness: None, challenge: Some(data), response: Some([]), exponentiation: None } => {
                key.sign(data).map(|signature| templated(0x82, &signature))
            }
            Template { witness: None, challenge: None, response: Some([]), exponentiation: Some(point) }
                if self.is_yubikey() || !matches!(reference, 0x9A | 0x9C | 0x9E) =>
            {
                key.agree(point).map(|shared| templated(0x82, &shared))
            }
            _ => Err(StatusWord::INCORRECT_DATA),
        }
    }

    fn generate(&mut self, reference: u8, order: &Order<'_>) -> Answer {
        self.require_administrator()?;
        let algorithm = self.algorithm(order.mechanism)?;
        let policy = self.pin_policy(reference, order.pin_policy)?;
        let exponent = order.parameter.map(|bytes| bytes.iter().fold(0, |e: u64, byte| e << 8 | u64::from(*byte)));
        if exponent.is_some_and(|exponent| exponent != 65_537) {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let mut key = Key::generate(algorithm, policy)?;
        key.touch_policy = order.touch_policy.unwrap_or(key.touch_policy);
        let public = Zeroizing::new(tlv::write(0x7F49, &key.public.0));
        self.store_key(reference, key)?;
        Ok(public)
    }

    /// Returns the algorithm if this card has it: a YubiKey has RSA-3072 only from 5.7 on, a plain card always; only
    /// YubiKeys from 5.7 on have RSA-4096.
    pub fn algorithm(&self, id: u8) -> Result<Algorithm, StatusWord> {
        let profile = &self.persistent.profile;
        let offered = |algorithm: &Algorithm| match algorithm {
            Algorithm::Rsa3072 => !profile.yubikey || profile.is_5_7(),
            Algorithm::Rsa4096 => profile.is_5_7(),
            Algorithm::Rsa2048 | Algorithm::P256 | Algorithm::P384 => true,
        };
        Algorithm::from_id(id).filter(offered).ok_or(StatusWord::INCORRECT_DATA)
    }

    /// Returns the policy that the standard sets for the reference, or the one that was asked for; only YubiKeys can be
    /// asked.
    pub fn pin_policy(&self, reference: u8, asked: Option<u8>) -> Result<PinPolicy, StatusWord> {
        let standard = match reference {
            SIGNATURE_KEY => PinPolicy::Always,
            CARD_AUTHENTICATION_KEY => PinPolicy::Never,
            _ => PinPolicy::Once,
        };
        match asked {
            None => Ok(standard),
            Some(_) if !self.is_yubikey() => Err(StatusWord::INCORRECT_DATA),
            Some(0) => Ok(standard),
            Some(1) => Ok(PinPolicy::Never),
            Some(2) => Ok(PinPolicy::Once),
            Some(3) => Ok(PinPolicy::Always),
            Some(_) => Err(StatusWord::INCORRECT_DATA),
        }
    }

    /// Stores a key, replacing one under the same reference.
    pub fn store_key(&mut self, reference: u8, key: Key) -> Result<(), StatusWord> {
        if !holds_keys(reference) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let replaced = self.persistent.keys.get(&reference).map_or(0, Key::size);
        if !self.has_room(key.size(), replaced) {
            return Err(StatusWord::NOT_ENOUGH_MEMORY);
        }
        self.persistent.keys.insert(reference, key);
        Ok(())
    }
}

/// Says whether the card has a place for a key under this reference (part 1, table 4b).
pub(super) const fn holds_keys(reference: u8) -> bool {
    matches!(reference, 0x9A | 0x9C..=0x9E | 0x82..=0x95)
}

fn require_pin_reference(reference: u8) -> Result<(), StatusWord> {
    if reference == PIN { Ok(()) } else { Err(StatusWord::REFERENCE_DATA_NOT_FOUND) }
}

/// Splits two references of 8 bytes, one behind the other.
fn two_references(data: &[u8]) -> Result<(&[u8], &[u8]), StatusWord> {
    if data.len() == 16 { Ok(data.split_at(8)) } else { Err(StatusWord::INCORRECT_DATA) }
}

fn random(length: usize) -> Result<Zeroizing<Vec<u8>>, StatusWord> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    rand::fill(&mut bytes).map_err(|_| FAILURE)?;
    Ok(bytes)
}

/// Wraps one object into a dynamic authentication template.
fn templated(tag: u32, value: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(tlv::write(0x7C, &tlv::write(tag, value)))
}

//! The card management key 9B: proven by answering a challenge (SP 800-73-4 part 2, 3.2.4), and replaced.

use super::algorithm::ManagementAlgorithm;
use super::application::{Application, VERIFICATION_FAILED, counted};
use super::command::{self, GENERAL_AUTHENTICATE};
use super::error::{Error, malformed, refused_with};
use super::facts::agree;
use super::metadata::Metadata;
use super::objects::one;
use super::offer::is_not_offered;
use super::reference::MANAGEMENT_KEY;
use crate::iso7816::tlv::{TlvError, read_all, read_one};
use crate::iso7816::{Continuity, EndWith, ResponseApdu, StatusWord};
use crate::secret::AdminKey;
use crate::token::{self, Admin, Counterpart, Factory, LastTry, SecretKind, Tries};
use zeroize::Zeroizing;

/// Bounds the key lengths that some algorithm takes, in bytes.
const SHORTEST: usize = 16;
const LONGEST: usize = 32;

impl Application {
    /// Proves the administrator to the card, once, and returns the algorithm of the key. While a responder is asked,
    /// the transaction is ended. The application is not selected again after that, because the card might forget its
    /// challenge. The standard gives the key no readable counter; a counter that a refusal told is remembered until the
    /// next right answer.
    pub fn authenticate(&mut self, admin: Admin<'_>, last_try: LastTry) -> Result<ManagementAlgorithm, token::Error> {
        self.management_tries.may_try(SecretKind::Admin, last_try)?;
        let typed;
        let (algorithm, response) = match admin {
            Admin::Key(key) => self.answer(key, last_try)?,
            Admin::SoPin(text) => {
                typed = AdminKey::from_digits(text.expose()).ok_or(token::Error::AdminKeyForm)?;
                self.answer(&typed, last_try)?
            }
            Admin::Responder(responder) => {
                let (algorithm, challenge) = self.challenge(None)?;
                self.leave(EndWith::Leave);
                let response = Zeroizing::new(responder.respond(&challenge).map_err(token::Error::Responder)?);
                if response.len() != challenge.len() {
                    let error = Error::Response { length: response.len(), challenge: challenge.len() };
                    return Err(error.at(GENERAL_AUTHENTICATE));
                }
                self.resume()?;
                (algorithm, response)
            }
            Admin::Puk(_) => return Err(token::Error::NotOffered("its administrator's authority to who has the PUK")),
        };
        let word = self.ask(command::response(algorithm, &response))?.status;
        self.note_tries(word);
        self.judge_response(word)?;
        self.forget_others();
        Ok(algorithm)
    }

    /// Has the card and whoever has its key authenticate each other, up to the card's answer, which is returned. While
    /// the other side is asked, the transaction is ended, and the application is not selected again after that. What
    /// another program may have spoilt meanwhile is [`token::Error::Reset`].
    pub fn authenticate_mutually(
        &mut self,
        counterpart: &mut dyn Counterpart,
        last_try: LastTry,
    ) -> Result<Zeroizing<Vec<u8>>, token::Error> {
        self.management_tries.may_try(SecretKind::Admin, last_try)?;
        let (algorithm, hidden) = self.witness()?;
        self.leave(EndWith::Leave);
        let (witness, challenge) = counterpart.reveal(&hidden).map_err(token::Error::Responder)?;
        let (witness, challenge) = (Zeroizing::new(witness), Zeroizing::new(challenge));
        for part in [&witness, &challenge] {
            if part.len() != hidden.len() {
                let error = Error::Response { length: part.len(), challenge: hidden.len() };
                return Err(error.at(GENERAL_AUTHENTICATE));
            }
        }
        let continuity = self.resume()?;
        let answer = self.ask(command::mutual(algorithm, &witness, &challenge))?;
        self.note_tries(answer.status);
        match answer.status {
            StatusWord::OK => block_in(algorithm, &answer.data, 0x82),
            _ if continuity != Continuity::Unbroken => Err(token::Error::Reset),
            word => Err(self.judge_response(word).err().unwrap_or_else(|| self.refusal(GENERAL_AUTHENTICATE, word))),
        }
    }

    /// Asks for a witness; only the key's own algorithm gets one, and asking spends no try.
    fn witness(&mut self) -> Result<(ManagementAlgorithm, Zeroizing<Vec<u8>>), token::Error> {
        let (candidates, _) = self.management_algorithms()?;
        for algorithm in candidates {
            let answer = self.ask(command::witness(algorithm))?;
            match answer.status {
                StatusWord::OK => return Ok((algorithm, block_in(algorithm, &answer.data, 0x80)?)),
                StatusWord::AUTHENTICATION_METHOD_BLOCKED => {
                    return Err(token::Error::Locked { secret: SecretKind::Admin });
                }
                _ => {}
            }
        }
        Err(token::Error::NotOffered("mutual authentication by its management key"))
    }

    /// Remembers what the answer to a response tells of the tries of the management key.
    fn note_tries(&mut self, word: StatusWord) {
        self.management_tries = match (word, word.tries_left()) {
            (StatusWord::OK, _) => Tries::Untold,
            (_, Some(left)) => counted(left),
            _ => self.management_tries,
        };
    }

    fn answer(
        &mut self,
        key: &AdminKey,
        last_try: LastTry,
    ) -> Result<(ManagementAlgorithm, Zeroizing<Vec<u8>>), token::Error> {
        let (algorithm, challenge) = self.challenge(Some((key, last_try)))?;
        let response = algorithm.encrypt(key, &challenge).ok_or_else(|| key_length(algorithm))?;
        Ok((algorithm, response))
    }

    /// Asks for a challenge. Refuses a key that cannot answer it before anything is sent for it.
    fn challenge(
        &mut self,
        given: Option<(&AdminKey, LastTry)>,
    ) -> Result<(ManagementAlgorithm, Zeroizing<Vec<u8>>), token::Error> {
        let key = given.map(|(key, _)| key.expose().len());
        let fits = |algorithm: ManagementAlgorithm| key.is_none_or(|length| length == algorithm.key_length());
        if key.is_some_and(|length| !ManagementAlgorithm::ALL.iter().any(|known| known.key_length() == length)) {
            return Err(token::Error::SecretLength { secret: SecretKind::Admin, minimum: SHORTEST, maximum: LONGEST });
        }
        let (candidates, is_default) = self.management_algorithms()?;
        if let Some((key, last_try)) = given {
            agree(SecretKind::Admin, is_default, Factory::PIV.has_admin_key(key), last_try)?;
        }
        if let [algorithm] = candidates.as_slice() {
            if !fits(*algorithm) {
                return Err(key_length(*algorithm));
            }
            let answer = self.ask_challenge(*algorithm)?;
            if !answer.status.is_ok() {
                return Err(self.refusal(GENERAL_AUTHENTICATE, answer.status));
            }
            return Ok((*algorithm, block_in(*algorithm, &answer.data, 0x81)?));
        }
        // Asking for a challenge spends no try, and only the key's own algorithm gets one.
        for algorithm in candidates {
            let answer = self.ask_challenge(algorithm)?;
            if answer.status.is_ok() {
                let challenge = block_in(algorithm, &answer.data, 0x81)?;
                return if fits(algorithm) { Ok((algorithm, challenge)) } else { Err(key_length(algorithm)) };
            }
        }
        Err(Error::NoManagementAlgorithm.at(GENERAL_AUTHENTICATE))
    }

    /// Sends the question for a challenge. A card that counts wrong responses gives no challenge once the key is
    /// locked.
    fn ask_challenge(&mut self, algorithm: ManagementAlgorithm) -> Result<ResponseApdu, token::Error> {
        let answer = self.ask(command::challenge(algorithm))?;
        match answer.status {
            StatusWord::AUTHENTICATION_METHOD_BLOCKED => Err(token::Error::Locked { secret: SecretKind::Admin }),
            _ => Ok(answer),
        }
    }

    /// Returns the algorithms that the key may have, exactly one if the card tells; and whether it is the factory's key.
    fn management_algorithms(&mut self) -> Result<(Vec<ManagementAlgorithm>, Option<bool>), token::Error> {
        let Metadata { algorithm, is_default, .. } = self.metadata(MANAGEMENT_KEY)?.unwrap_or_default();
        if let Some(identifier) = algorithm {
            let algorithm = ManagementAlgorithm::from_identifier(identifier);
            let unknown = || Error::ManagementAlgorithm { identifier }.at(command::GET_METADATA);
            return algorithm.map(|algorithm| (vec![algorithm], is_default)).ok_or_else(unknown);
        }
        let told: Vec<_> =
            self.property.algorithms.iter().filter_map(|it| ManagementAlgorithm::from_identifier(*it)).collect();
        let all = ManagementAlgorithm::ALL.into_iter();
        Ok((all.filter(|algorithm| told.is_empty() || told.contains(algorithm)).collect(), is_default))
    }

    fn judge_response(&self, word: StatusWord) -> Result<(), token::Error> {
        let secret = SecretKind::Admin;
        match (word, word.tries_left()) {
            (StatusWord::OK, _) => Ok(()),
            (_, Some(left)) => Err(token::Error::SecretRefused { secret, left: counted(left) }),
            // The response is well formed; so if the card calls the data field incorrect (Nitrokey does), it means the
            // response.
            (StatusWord::SECURITY_STATUS_NOT_SATISFIED | VERIFICATION_FAILED | StatusWord::INCORRECT_DATA, _) => {
                Err(token::Error::SecretRefused { secret, left: Tries::Untold })
            }
            (StatusWord::AUTHENTICATION_METHOD_BLOCKED, _) => Err(token::Error::Locked { secret }),
            (word, _) => Err(self.refusal(GENERAL_AUTHENTICATE, word)),
        }
    }

    /// Says whether the card lacks the command that replaces its management key, which the standard does not have. The
    /// command is sent without data and without authority, so it can change nothing.
    pub fn management_key_is_fixed(&mut self) -> Result<bool, token::Error> {
        Ok(is_not_offered(self.ask(command::no_management_key())?.status))
    }

    /// Replaces the management key, which was proven with the algorithm `current`.
    pub fn set_management_key(&mut self, current: ManagementAlgorithm, new: &AdminKey) -> Result<(), token::Error> {
        let algorithm = algorithm_for(current, new)?;
        match self.done(command::set_management_key(algorithm, new)) {
            Err(error) => Err(match refused_with(&error) {
                Some(word) if is_not_offered(word) => token::Error::NotOffered("a change of its management key"),
                Some(StatusWord::INCORRECT_DATA) if algorithm != current => {
                    token::Error::NotOffered("a management key of this length")
                }
                _ => error,
            }),
            Ok(_) => Ok(()),
        }
    }
}

/// Returns the card's present algorithm if `new` fits it, else the AES algorithm whose keys have its length.
pub(super) fn algorithm_for(current: ManagementAlgorithm, new: &AdminKey) -> Result<ManagementAlgorithm, token::Error> {
    let length = new.expose().len();
    let aes = [ManagementAlgorithm::Aes128, ManagementAlgorithm::Aes192, ManagementAlgorithm::Aes256];
    let fitting = [current].into_iter().chain(aes).find(|algorithm| algorithm.key_length() == length);
    fitting.ok_or(token::Error::SecretLength { secret: SecretKind::Admin, minimum: SHORTEST, maximum: LONGEST })
}

fn key_length(algorithm: ManagementAlgorithm) -> token::Error {
    let length = algorithm.key_length();
    token::Error::SecretLength { secret: SecretKind::Admin, minimum: length, maximum: length }
}

/// Returns what is under `tag` in `7C`, which must be one block long.
fn block_in(algorithm: ManagementAlgorithm, answer: &[u8], tag: u32) -> Result<Zeroizing<Vec<u8>>, token::Error> {
    let read = || -> Result<_, TlvError> {
        let template = read_one(answer)?;
        if template.tag != 0x7C {
            return Err(TlvError::Unexpected { tag: template.tag });
        }
        one(&read_all(template.value)?, tag)?.ok_or(TlvError::Missing { wanted: tag })
    };
    let block = read().map_err(malformed(GENERAL_AUTHENTICATE))?;
    if block.len() != algorithm.block_length() {
        let error = TlvError::ValueLength { tag, length: block.len() };
        return Err(malformed(GENERAL_AUTHENTICATE)(error));
    }
    Ok(Zeroizing::new(block.to_vec()))
}

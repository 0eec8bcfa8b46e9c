//! The administrator: authentication with a 3DES key by challenge and response (GENERAL AUTHENTICATE, INS 87).
//!
//! External: the host returns the card's 8 bytes encrypted, one block. Mutual: host and card choose 16 bytes each, and
//! each sends 40 bytes in CBC mode, IV zero: the other's 16, its own 16, 7 random bytes and the padding byte 80.

use super::applet::{Answer, Applet, nothing};
use super::file::Key;
use super::pin::Tries;
use super::session::{Admin, BLOCK, Challenge, MUTUAL_CHALLENGE};
use crate::iso7816::{StatusWord, tlv};
use crate::virtual_card::wire::WireCommand;
use cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::TdesEde3;
use zeroize::Zeroizing;

/// Names the usage of an administrator's key: authentication.
pub(super) const AUTHENTICATION: u8 = 0xA4;
/// Names the mechanism of an administrator's key: 3DES.
pub(super) const TRIPLE_DES: u8 = 0x02;

/// Names the administrator's key. A user may create a similar key file, but its key makes nobody administrator.
pub(super) const ADMIN_KEY: u8 = 0x80;

const CRYPTOGRAM: usize = 40;
const NO_DIAGNOSIS: StatusWord = StatusWord(0x6F00);
const DYNAMIC_AUTHENTICATION: u32 = 0x7C;
const CHALLENGE: u32 = 0x81;
const RESPONSE: u32 = 0x82;

impl Applet {
    /// Answers GENERAL AUTHENTICATE: gives a challenge, or checks a response. Either way an earlier login of the
    /// administrator ends.
    pub(super) fn general_authenticate(&mut self, command: &WireCommand) -> Answer {
        self.wants_activated()?;
        if (command.p1, command.p2) != (0x00, 0x00) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let malformed = StatusWord::INCORRECT_DATA;
        let template = tlv::read_one(&command.data).map_err(|_| malformed)?;
        let inner = tlv::read_one(template.value).map_err(|_| malformed)?;
        match (template.tag, inner.tag, inner.value.len()) {
            (DYNAMIC_AUTHENTICATION, CHALLENGE, 0 | MUTUAL_CHALLENGE) => self.challenge(inner.value),
            (DYNAMIC_AUTHENTICATION, RESPONSE, 1..) => self.response(inner.value),
            _ => Err(malformed),
        }
    }

    fn challenge(&mut self, host: &[u8]) -> Answer {
        self.session.admin = Admin::Unknown;
        self.admin_key()?;
        if self.held.admin_tries.is_some_and(|tries| tries.left == 0) {
            return Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED);
        }
        let (challenge, told) = match <[u8; MUTUAL_CHALLENGE]>::try_from(host) {
            Ok(host) => {
                let card = random()?;
                (Challenge::Mutual { card, host }, card.to_vec())
            }
            Err(_) => {
                let card = random()?;
                (Challenge::External(card), card.to_vec())
            }
        };
        self.session.admin = Admin::Challenged(challenge);
        Ok(answer(CHALLENGE, &told))
    }

    fn response(&mut self, response: &[u8]) -> Answer {
        let Admin::Challenged(challenge) = std::mem::take(&mut self.session.admin) else {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        };
        let key = self.admin_key()?;
        if let Some(tries) = &mut self.held.admin_tries {
            tries.spend()?;
        }
        let proof = match &challenge {
            Challenge::External(card) => (encrypt(&key, card)[..] == *response).then(Zeroizing::default),
            Challenge::Mutual { card, host } => mutual(&key, card, host, response)?,
        };
        let Some(proof) = proof else {
            return Err(self.held.admin_tries.map_or(StatusWord::SECURITY_STATUS_NOT_SATISFIED, Tries::told));
        };
        if let Some(tries) = &mut self.held.admin_tries {
            tries.restore();
        }
        self.session.admin = Admin::Proven;
        if proof.is_empty() { nothing() } else { Ok(answer(RESPONSE, &proof)) }
    }

    /// Returns the key that MANAGE SECURITY ENVIRONMENT chose for authentication.
    fn admin_key(&self) -> Result<Zeroizing<[u8; 24]>, StatusWord> {
        match self.environment_key(AUTHENTICATION)? {
            (Key::TripleDes(key), _) => Ok(key.clone()),
            (Key::Rsa(_), _) => Err(StatusWord::CONDITIONS_NOT_SATISFIED),
        }
    }
}

/// Returns the card's own cryptogram if the host's is right; `None` if it is wrong.
fn mutual(
    key: &[u8; 24],
    card: &[u8; MUTUAL_CHALLENGE],
    host: &[u8; MUTUAL_CHALLENGE],
    cryptogram: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, StatusWord> {
    if cryptogram.len() != CRYPTOGRAM {
        return Ok(None);
    }
    let plain = decrypt(key, cryptogram);
    if plain[..32] != [*card, *host].concat() || plain[39] != 0x80 {
        return Ok(None);
    }
    let half: [u8; 7] = random()?;
    let mine = Zeroizing::new([&host[..], card, &half, &[0x80]].concat());
    Ok(Some(encrypt(key, &mine)))
}

fn answer(tag: u32, value: &[u8]) -> Zeroizing<Vec<u8>> {
    tlv::Writer::new().nest(DYNAMIC_AUTHENTICATION, tlv::Writer::new().put(tag, value)).finish()
}

fn random<const N: usize>() -> Result<[u8; N], StatusWord> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NO_DIAGNOSIS)?;
    Ok(bytes)
}

/// Encrypts with 3DES in CBC mode, IV zero, no padding; for one block this is ECB. `text` must be whole blocks.
fn encrypt(key: &[u8; 24], text: &[u8]) -> Zeroizing<Vec<u8>> {
    let cipher = TdesEde3::new(key.into());
    let mut done = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut previous = [0; BLOCK];
    for block in text.chunks_exact(BLOCK) {
        let mut mixed = Block::<TdesEde3>::default();
        mixed.iter_mut().zip(block).zip(previous).for_each(|((mixed, plain), before)| *mixed = plain ^ before);
        cipher.encrypt_block(&mut mixed);
        previous = mixed.into();
        done.extend_from_slice(&previous);
    }
    done
}

/// Decrypts what [`encrypt`] encrypted.
fn decrypt(key: &[u8; 24], text: &[u8]) -> Zeroizing<Vec<u8>> {
    let cipher = TdesEde3::new(key.into());
    let mut done = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut previous = [0; BLOCK];
    for block in text.chunks_exact(BLOCK) {
        let mut plain = Block::<TdesEde3>::default();
        plain.copy_from_slice(block);
        cipher.decrypt_block(&mut plain);
        done.extend(plain.iter().zip(previous).map(|(plain, before)| plain ^ before));
        previous.copy_from_slice(block);
    }
    done
}

//! PIN, PUK and the management key: comparing, counting, proving (SP 800-73-4 part 2, 2.4 and 3.2).

use super::bytes::Secret;
use super::options::ManagementAlgorithm;
use crate::iso7816::StatusWord;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use cipher::{Block, BlockCipherEncrypt, KeyInit};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Gives the length of PIN and PUK as they are presented, padded with FF (2.4.3), in bytes.
pub(super) const REFERENCE_LENGTH: usize = 8;

/// Holds a PIN or a PUK with its retry counter.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    pub value: Secret,
    pub left: u8,
    pub most: u8,
}

impl Reference {
    /// Pads `text`; `None` if it is longer than the reference data.
    pub fn new(text: &str, most: u8, left: Option<u8>) -> Option<Self> {
        Some(Self { value: Secret(padded(text)?), left: left.unwrap_or(most).min(most), most })
    }

    /// Compares and counts the try; refuses with 63Cx, or with 6983 if no try is left.
    pub fn compare(&mut self, presented: &[u8]) -> Result<(), StatusWord> {
        self.refuse_blocked()?;
        if verify_slices_are_equal(&self.value.0, presented).is_err() {
            self.left -= 1;
            return Err(self.told());
        }
        self.left = self.most;
        Ok(())
    }

    pub fn refuse_blocked(&self) -> Result<(), StatusWord> {
        if self.left == 0 { Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED) } else { Ok(()) }
    }

    /// Sets new reference data and gives all tries back.
    pub fn set(&mut self, presented: &[u8]) {
        self.value = Secret(Zeroizing::new(presented.to_vec()));
        self.left = self.most;
    }

    /// Returns the status word that tells the tries left.
    pub fn told(&self) -> StatusWord {
        StatusWord(0x63C0 | u16::from(self.left & 0x0F))
    }

    pub fn is(&self, text: &str) -> bool {
        padded(text).is_some_and(|padded| verify_slices_are_equal(&self.value.0, &padded).is_ok())
    }
}

fn padded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut padded = Zeroizing::new(vec![0xFF; REFERENCE_LENGTH]);
    padded.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some(padded)
}

/// Says whether it is six to eight bytes with FF behind them; `digits_only` is the standard's rule for PINs (2.4.3).
pub(super) fn is_well_formed(presented: &[u8], digits_only: bool) -> bool {
    let length = presented.iter().position(|byte| *byte == 0xFF).unwrap_or(presented.len());
    let (content, padding) = presented.split_at(length);
    presented.len() == REFERENCE_LENGTH
        && length >= 6
        && padding.iter().all(|byte| *byte == 0xFF)
        && (!digits_only || content.iter().all(u8::is_ascii_digit))
}

/// Holds the management key 9B.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManagementKey {
    pub algorithm: ManagementAlgorithm,
    pub key: Secret,
    /// Tries left and at most, on a card that counts them.
    pub tries: Option<(u8, u8)>,
}

impl ManagementKey {
    pub fn encrypt(&self, block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self.algorithm {
            ManagementAlgorithm::TripleDes => encrypt::<des::TdesEde3>(&self.key.0, block),
            ManagementAlgorithm::Aes128 => encrypt::<aes::Aes128>(&self.key.0, block),
            ManagementAlgorithm::Aes192 => encrypt::<aes::Aes192>(&self.key.0, block),
            ManagementAlgorithm::Aes256 => encrypt::<aes::Aes256>(&self.key.0, block),
        }
    }

    /// Refuses if the two differ; counts the try on a card that counts them.
    pub fn compare(&mut self, wanted: &[u8], presented: &[u8]) -> Result<(), StatusWord> {
        let same = verify_slices_are_equal(wanted, presented).is_ok();
        if let Some((left, most)) = &mut self.tries {
            *left = if same { *most } else { left.saturating_sub(1) };
        }
        if same { Ok(()) } else { Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED) }
    }

    pub fn refuse_blocked(&self) -> Result<(), StatusWord> {
        match self.tries {
            Some((0, _)) => Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED),
            _ => Ok(()),
        }
    }
}

fn encrypt<C: BlockCipherEncrypt + KeyInit>(key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut block = Block::<C>::try_from(block).ok()?;
    C::new_from_slice(key).ok()?.encrypt_block(&mut block);
    Some(Zeroizing::new(block.to_vec()))
}

/// Says how far an authentication with 9B has come (2.4, and the examples of appendix A.1).
pub(super) enum Step {
    /// The card sent this witness encrypted.
    Witness(Zeroizing<Vec<u8>>),
    /// The card sent this challenge.
    Challenge(Zeroizing<Vec<u8>>),
}

/// Holds what is forgotten at reset.
#[derive(Default)]
pub(super) struct Volatile {
    pub selected: bool,
    pub pin: bool,
    /// Whether VERIFY was the last command and right.
    pub pin_just_now: bool,
    pub administrator: bool,
    pub step: Option<Step>,
}

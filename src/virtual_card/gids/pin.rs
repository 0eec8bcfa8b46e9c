//! The user's PIN and retry counters.

use crate::iso7816::StatusWord;
use zeroize::Zeroizing;

/// Bounds the length of a PIN, in bytes.
pub(super) const PIN_LENGTHS: std::ops::RangeInclusive<usize> = 4..=16;

/// Holds a retry counter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Tries {
    pub left: u8,
    pub limit: u8,
}

impl Tries {
    /// Makes a full counter of `limit` tries, 1 to 15, which is the most that 63Cx can tell.
    pub fn new(limit: u8) -> Self {
        let limit = limit.clamp(1, 15);
        Self { left: limit, limit }
    }

    /// Spends a try. It must be called before the secret is compared, so that a power cut cannot save the try.
    pub fn spend(&mut self) -> Result<(), StatusWord> {
        self.left = self.left.checked_sub(1).ok_or(StatusWord::AUTHENTICATION_METHOD_BLOCKED)?;
        Ok(())
    }

    /// Gives all tries back.
    pub fn restore(&mut self) {
        self.left = self.limit;
    }

    /// Returns the status word that tells the tries left.
    pub fn told(self) -> StatusWord {
        StatusWord(0x63C0 | u16::from(self.left))
    }
}

/// Holds the user's PIN; a card fresh from the factory has none.
pub(super) struct Pin {
    pub value: Option<Zeroizing<Vec<u8>>>,
    pub tries: Tries,
}

impl Pin {
    /// Spends a try, and gives it back if the PIN is right.
    pub fn check(&mut self, presented: &[u8]) -> Result<(), StatusWord> {
        self.tries.spend()?;
        let value = self.value.as_ref().ok_or(StatusWord::REFERENCE_DATA_NOT_USABLE)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(value, presented).map_err(|_| self.tries.told())?;
        self.tries.restore();
        Ok(())
    }

    pub fn set(&mut self, value: &[u8]) {
        self.value = Some(Zeroizing::new(value.to_vec()));
    }

    /// Returns the length of the present PIN in bytes, which tells old from new PIN in CHANGE REFERENCE DATA.
    pub fn length(&self) -> usize {
        self.value.as_ref().map_or(0, |value| value.len())
    }
}

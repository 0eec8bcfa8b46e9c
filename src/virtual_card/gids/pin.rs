//! The user's PIN and retry counters.

use crate::iso7816::StatusWord;
use zeroize::Zeroizing;

/// Fewest and most bytes of a PIN.
pub(super) const PIN_LENGTHS: std::ops::RangeInclusive<usize> = 4..=16;

/// A retry counter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Tries {
    pub left: u8,
    pub limit: u8,
}

impl Tries {
    /// 63Cx can tell of 15 tries at most.
    pub fn new(limit: u8) -> Self {
        let limit = limit.clamp(1, 15);
        Self { left: limit, limit }
    }

    /// Spends a try before what was presented is looked at, so that a power cut cannot save it.
    pub fn spend(&mut self) -> Result<(), StatusWord> {
        self.left = self.left.checked_sub(1).ok_or(StatusWord::AUTHENTICATION_METHOD_BLOCKED)?;
        Ok(())
    }

    pub fn restore(&mut self) {
        self.left = self.limit;
    }

    pub fn told(self) -> StatusWord {
        StatusWord(0x63C0 | u16::from(self.left))
    }
}

/// The user's PIN; a card fresh from the factory has none.
pub(super) struct Pin {
    pub value: Option<Zeroizing<Vec<u8>>>,
    pub tries: Tries,
}

impl Pin {
    /// Spends a try; gives it back when the PIN is right.
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

    /// The bytes of the PIN in force, which is how old and new are told apart in CHANGE REFERENCE DATA.
    pub fn length(&self) -> usize {
        self.value.as_ref().map_or(0, |value| value.len())
    }
}

//! The kinds of virtual card, and how a card is restored from its state.

use crate::virtual_card::{GidsCard, GidsCardError, PivCard, PivCardError, VirtualCard};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Names the standard that a card follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Piv,
    Gids,
    /// A TPM behind a PKCS#11 module; it is in no reader.
    Tpm,
}

impl Kind {
    /// Restores the card that has this state; [`CardError::NoReader`] for a TPM.
    pub(super) fn card_of(self, state: &[u8]) -> Result<Box<dyn VirtualCard>, CardError> {
        Ok(match self {
            Self::Piv => Box::new(PivCard::from_state(state)?),
            Self::Gids => Box::new(GidsCard::from_state(state)?),
            Self::Tpm => return Err(CardError::NoReader),
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Piv => "PIV",
            Self::Gids => "GIDS",
            Self::Tpm => "TPM",
        })
    }
}

/// Says why a card could not be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    #[error(transparent)]
    Piv(#[from] PivCardError),
    #[error(transparent)]
    Gids(#[from] GidsCardError),
    #[error("a card backed by a TPM is in no reader")]
    NoReader,
    #[error("a card in a reader has no TPM to run")]
    NoTpm,
}

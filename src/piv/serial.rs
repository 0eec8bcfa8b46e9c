//! What a card is named by.

use super::objects::CardId;
use crate::token::Identity;

/// What a card is named by, and with it what must not be lost when its CHUID is renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Serial {
    Unread,
    /// GET SERIAL.
    Hardware(u32),
    /// The card identifier of the Card Capability Container.
    Capability(CardId),
    /// The first 14 bytes of the CHUID's GUID, which goes with the next certificate.
    Chuid(CardId),
    Nothing,
}

impl Serial {
    /// The seam's serial; empty where nothing names the card.
    pub fn text(&self) -> String {
        match self {
            Self::Hardware(number) => number.to_string(),
            Self::Capability(id) | Self::Chuid(id) => hex::encode(id),
            Self::Unread | Self::Nothing => String::new(),
        }
    }

    /// The card in the seam's words.
    pub fn identity(&self) -> Identity {
        let serial = self.text();
        let (manufacturer, model) = match self {
            Self::Hardware(_) => ("Yubico", "YubiKey"),
            _ => ("", "PIV"),
        };
        Identity {
            kind: "PIV",
            label: format!("PIV {serial}").trim_end().into(),
            serial,
            manufacturer: manufacturer.into(),
            model: model.into(),
            card_id: None,
        }
    }
}

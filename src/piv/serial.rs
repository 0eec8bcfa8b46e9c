//! What a card is named by.

use super::objects::CardId;
use crate::token::Identity;

/// Says what a card is named by; this name must survive a renewal of its CHUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Serial {
    Unread,
    /// The number that GET SERIAL answers.
    Hardware(u32),
    /// The card identifier of the Card Capability Container.
    Capability(CardId),
    /// The first 14 bytes of the CHUID's GUID, which the next certificate replaces.
    Chuid(CardId),
    Nothing,
}

impl Serial {
    /// Returns the serial as text; empty if nothing names the card.
    pub fn text(&self) -> String {
        match self {
            Self::Hardware(number) => number.to_string(),
            Self::Capability(id) | Self::Chuid(id) => hex::encode(id),
            Self::Unread | Self::Nothing => String::new(),
        }
    }

    /// Returns the card's identity for [`crate::token`].
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

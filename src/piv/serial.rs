//! What a card is named by.

use super::objects::{self, CardId, GuidName};
use crate::token::{Identity, Origin};

/// Says what a card is named by; this name must survive a renewal of its CHUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Serial {
    Unread,
    /// The number that GET SERIAL answers.
    Hardware(u32),
    /// The card identifier of the Card Capability Container.
    Capability(CardId),
    /// The CHUID's GUID, which the next certificate replaces.
    Chuid(GuidName),
    Nothing,
}

impl Serial {
    /// Returns the serial as text; empty if nothing names the card.
    pub fn text(&self) -> String {
        match self {
            Self::Hardware(number) => number.to_string(),
            Self::Capability(id) | Self::Chuid(GuidName { id, .. }) => hex::encode(id),
            Self::Unread | Self::Nothing => String::new(),
        }
    }

    /// Says whether a card that is named by `found` now can be the one that had this name.
    pub fn is_still(&self, found: &Self) -> bool {
        match (self, found) {
            (Self::Chuid(known), Self::Chuid(found)) => [found.id, found.earlier].contains(&known.id),
            _ => self.text() == found.text(),
        }
    }

    /// Returns the name by which earlier versions knew the card, if `serial` is that; else `None`.
    pub fn earlier(&self, serial: &str) -> Option<Self> {
        let Self::Chuid(GuidName { earlier, .. }) = *self else { return None };
        (hex::encode(earlier) == serial).then_some(Self::Chuid(GuidName { id: earlier, earlier }))
    }

    /// Returns the card's identity for [`crate::token`].
    pub fn identity(&self) -> Identity {
        let serial = self.text();
        let (manufacturer, model) = match self {
            Self::Hardware(_) => ("Yubico", "YubiKey"),
            _ => ("", "PIV"),
        };
        let origin = match self {
            Self::Unread | Self::Nothing => Origin::Nothing,
            Self::Capability(id) if objects::is_own_id(id) => Origin::Written,
            Self::Hardware(_) | Self::Capability(_) | Self::Chuid(_) => Origin::Maker,
        };
        let earlier_serial = match self {
            Self::Chuid(GuidName { id, earlier }) if id != earlier => Some(hex::encode(earlier)),
            _ => None,
        };
        Identity {
            kind: "PIV",
            label: format!("PIV {serial}").trim_end().into(),
            serial,
            manufacturer: manufacturer.into(),
            model: model.into(),
            card_id: None,
            origin,
            earlier_serial,
        }
    }
}

//! Key references and the data objects that go with them (SP 800-73-4 part 1, tables 3 and 4b).

use crate::token::{Factory, KeyId};

/// Names a key pair's place on the card; its one byte is the [`KeyId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyReference(u8);

impl KeyReference {
    /// Names 9A, the key for logging on; it needs the PIN once.
    pub const AUTHENTICATION: Self = Self(0x9A);
    /// Names 9C, the key for signing documents; it needs the PIN immediately before each use.
    pub const SIGNATURE: Self = Self(0x9C);
    /// Names 9D, the key for decryption; it needs the PIN once.
    pub const KEY_MANAGEMENT: Self = Self(0x9D);
    /// Names 9E, the key for doors; it needs no PIN.
    pub const CARD_AUTHENTICATION: Self = Self(0x9E);

    /// Lists the four places that every card has, in the order in which they are searched.
    pub const PRINCIPAL: [Self; 4] =
        [Self::AUTHENTICATION, Self::SIGNATURE, Self::KEY_MANAGEMENT, Self::CARD_AUTHENTICATION];

    const FIRST_RETIRED: u8 = 0x82;
    const LAST_RETIRED: u8 = 0x95;

    /// Returns the twenty places for earlier key management keys, 82 to 95.
    pub fn retired() -> impl Iterator<Item = Self> {
        (Self::FIRST_RETIRED..=Self::LAST_RETIRED).map(Self)
    }

    /// Reads the byte of a key reference; `None` if it names no key pair.
    pub fn new(byte: u8) -> Option<Self> {
        let retired = (Self::FIRST_RETIRED..=Self::LAST_RETIRED).contains(&byte);
        (retired || Self::PRINCIPAL.contains(&Self(byte))).then_some(Self(byte))
    }

    /// Returns the place that `id` names; `None` if it names none.
    pub fn of(id: &KeyId) -> Option<Self> {
        match id.0.as_slice() {
            [byte] => Self::new(*byte),
            _ => None,
        }
    }

    /// Returns the place as a [`KeyId`].
    pub fn id(self) -> KeyId {
        KeyId(vec![self.0])
    }

    /// Returns the byte that stands in P2.
    pub fn byte(self) -> u8 {
        self.0
    }

    /// Says whether this is a place for earlier key management keys.
    pub fn is_retired(self) -> bool {
        (Self::FIRST_RETIRED..=Self::LAST_RETIRED).contains(&self.0)
    }

    /// Returns the number of a retired place, 1 to 20; meaningless for other places.
    pub(super) fn retired_number(self) -> u8 {
        self.0.saturating_sub(Self::FIRST_RETIRED - 1)
    }

    /// Returns the data object of the certificate that goes with the key.
    pub(super) fn certificate_object(self) -> ObjectTag {
        ObjectTag(match self {
            Self::AUTHENTICATION => 0x5F_C105,
            Self::SIGNATURE => 0x5F_C10A,
            Self::KEY_MANAGEMENT => 0x5F_C10B,
            Self::CARD_AUTHENTICATION => 0x5F_C101,
            Self(retired) => 0x5F_C10D + u32::from(retired.saturating_sub(Self::FIRST_RETIRED)),
        })
    }

    /// Returns the standard's name of the key.
    pub fn label(self) -> String {
        match self {
            Self::AUTHENTICATION => "PIV Authentication".into(),
            Self::SIGNATURE => "Digital Signature".into(),
            Self::KEY_MANAGEMENT => "Key Management".into(),
            Self::CARD_AUTHENTICATION => "Card Authentication".into(),
            retired => format!("Retired Key Management {}", retired.retired_number()),
        }
    }

    /// Returns when the PIN is needed, unless the card says otherwise (SP 800-73-4 part 1, table 4b).
    pub(super) fn pin_policy(self) -> PinPolicy {
        match self {
            Self::CARD_AUTHENTICATION => PinPolicy::Never,
            Self::SIGNATURE => PinPolicy::Always,
            _ => PinPolicy::Once,
        }
    }
}

impl std::fmt::Display for KeyReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

/// Says when a key needs the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PinPolicy {
    Never,
    Once,
    /// Immediately before each use.
    Always,
}

/// Holds the tag by which GET DATA and PUT DATA name a data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ObjectTag(pub u32);

impl ObjectTag {
    pub const CHUID: Self = Self(0x5F_C102);
    pub const CARD_CAPABILITY_CONTAINER: Self = Self(0x5F_C107);
    pub const KEY_HISTORY: Self = Self(0x5F_C10C);
    /// Names the printed information, which is read with the PIN.
    pub const PRINTED_INFORMATION: Self = Self(0x5F_C109);
    /// Names what Yubico's manager and minidriver note of a card.
    pub const MANAGER: Self = Self(0x5F_FF00);
    /// Names the certificate of the key that attests (YubiKey).
    pub const ATTESTATION: Self = Self(0x5F_FF01);

    /// Returns the three bytes behind the tag list's `5C 03`.
    pub fn bytes(self) -> [u8; 3] {
        let [_, bytes @ ..] = self.0.to_be_bytes();
        bytes
    }
}

/// Names a secret that PIV compares, by its key reference (SP 800-73-4 part 1, table 4b).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretReference {
    /// 80, the application PIN.
    Pin,
    /// 81, the PIN unblocking key.
    Puk,
}

impl SecretReference {
    pub fn byte(self) -> u8 {
        match self {
            Self::Pin => 0x80,
            Self::Puk => 0x81,
        }
    }

    /// Returns what cards come with.
    pub fn factory(self) -> Option<&'static str> {
        match self {
            Self::Pin => Factory::PIV.pin,
            Self::Puk => Factory::PIV.puk,
        }
    }

    pub fn kind(self) -> crate::token::SecretKind {
        match self {
            Self::Pin => crate::token::SecretKind::Pin,
            Self::Puk => crate::token::SecretKind::Puk,
        }
    }
}

/// Names the card management key, 9B.
pub(super) const MANAGEMENT_KEY: u8 = 0x9B;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_one_byte_and_have_their_own_objects() {
        for byte in 0..=u8::MAX {
            let named = KeyReference::new(byte);
            let known = matches!(byte, 0x9A | 0x9C | 0x9D | 0x9E | 0x82..=0x95);
            assert_eq!(named.is_some(), known, "{byte:02X}");
            assert_eq!(named.map(KeyReference::byte), known.then_some(byte));
        }
        assert_eq!(KeyReference::of(&KeyId(vec![0x9A, 0x9A])), None);
        assert_eq!(KeyReference::of(&KeyId(vec![])), None);
        let last = KeyReference::new(0x95).unwrap();
        assert_eq!(last.certificate_object().bytes(), [0x5F, 0xC1, 0x20]);
        assert_eq!(last.label(), "Retired Key Management 20");
        let mut tags: Vec<u32> = KeyReference::retired()
            .chain(KeyReference::PRINCIPAL)
            .map(|reference| reference.certificate_object().0)
            .collect();
        tags.sort_unstable();
        tags.dedup();
        assert_eq!(tags.len(), 24);
    }
}

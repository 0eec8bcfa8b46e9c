//! What kind of token a token in memory is.

use super::memory_token::Slot;
use cardwright::pkix::{Certificate, KeyAlgorithm, Signer};
use cardwright::token::{Authority, Factory, KeyId, KeyWish, Operation, SecretForm, StoredKey};
use cipher::{Block, BlockCipherEncrypt, KeyInit};

/// What a PIV card comes with (SP 800-73 names none; these are what vendors set).
pub const FACTORY_PIN: &str = "123456";
pub const FACTORY_PUK: &str = "12345678";

/// The places of a PIV-like card.
pub const PLACES: [u8; 4] = [0x9A, 0x9D, 0x9C, 0x9E];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    Des,
    Aes,
}

impl Cipher {
    pub fn challenge(self) -> Vec<u8> {
        let random = uuid::Uuid::new_v4();
        let length = if self == Cipher::Aes { 16 } else { 8 };
        random.as_bytes()[..length].to_vec()
    }

    pub fn encrypt(self, key: &[u8], challenge: &[u8]) -> Vec<u8> {
        match self {
            Cipher::Des => block::<des::TdesEde3>(key, challenge),
            Cipher::Aes => block::<aes::Aes192>(key, challenge),
        }
    }
}

fn block<C: BlockCipherEncrypt + KeyInit>(key: &[u8], challenge: &[u8]) -> Vec<u8> {
    let mut block = Block::<C>::try_from(challenge).unwrap();
    C::new_from_slice(key).unwrap().encrypt_block(&mut block);
    block.to_vec()
}

#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Ids are places, as on PIV.
    pub places: bool,
    /// The administrator makes and deletes keys and writes certificates.
    pub admin_makes: bool,
    /// How the administrator is challenged; `None`: the key itself is needed.
    pub challenge: Option<Cipher>,
    pub has_puk: bool,
    /// It tells the public half of its keys.
    pub tells_keys: bool,
    /// It tells how many tries of admin key and PUK are left.
    pub tells_tries: bool,
    /// It tells whether PIN and PUK are those it came with.
    pub tells_defaults: bool,
    pub fixed_admin_key: bool,
    /// It keeps keys under ids of its own, as long as a hash.
    pub renames: bool,
    /// It has an SO PIN or a PUK, by which a new PIN can be set.
    pub has_helper: bool,
    /// It keeps a copy of its admin key for whoever has its PIN.
    pub keeps_admin_key: bool,
    pub resets: bool,
    /// Its PUK consists of digits.
    pub puk_digits: bool,
    pub pin_pad: bool,
    /// Which PIN it takes; `None`: it does not tell.
    pub pin: Option<SecretForm>,
    /// Which SO PIN it takes; `None`: it does not tell.
    pub so_pin: Option<SecretForm>,
    /// The kinds of keys it makes; `None`: it does not tell.
    pub makes: Option<&'static [KeyAlgorithm]>,
    /// The longest certificate it takes.
    pub room: usize,
    /// The administrator can try whether keys will fit.
    pub tries_room: bool,
    /// How many bytes it says that it still takes.
    pub free: Option<usize>,
}

impl Rules {
    pub fn pkcs11() -> Self {
        Self {
            places: false,
            admin_makes: false,
            challenge: None,
            has_puk: false,
            tells_keys: true,
            tells_tries: true,
            tells_defaults: false,
            fixed_admin_key: false,
            renames: false,
            has_helper: true,
            keeps_admin_key: false,
            resets: false,
            puk_digits: false,
            pin_pad: false,
            pin: None,
            so_pin: None,
            makes: None,
            room: 4096,
            tries_room: false,
            free: None,
        }
    }

    /// A PIV card that tells all that metadata can tell.
    pub fn piv(cipher: Cipher) -> Self {
        Self {
            places: true,
            admin_makes: true,
            challenge: Some(cipher),
            has_puk: true,
            pin: Some(SecretForm { shortest: 6, longest: 8, digits_only: true }),
            tells_defaults: true,
            room: 1856,
            ..Self::pkcs11()
        }
    }

    /// A PIV card of the standard alone: it tells nothing but the tries of its PIN.
    pub fn bare_piv(cipher: Cipher) -> Self {
        Self { tells_keys: false, tells_tries: false, tells_defaults: false, ..Self::piv(cipher) }
    }

    pub fn gids() -> Self {
        Self { challenge: Some(Cipher::Des), ..Self::pkcs11() }
    }

    pub fn factory(&self) -> Factory {
        if self.has_puk { Factory::PIV } else { Factory::BLANK }
    }

    /// The digits of the admin key that such a card comes with.
    pub fn default_key(&self) -> String {
        hex::encode(self.factory().admin_key().expose())
    }

    pub fn authority(&self, operation: Operation) -> Authority {
        match operation {
            Operation::Unblock if !self.has_helper => Authority::User,
            Operation::Unblock if self.has_puk => Authority::Puk,
            Operation::Unblock | Operation::ChangeAdminKey => Authority::Admin,
            Operation::Sign => Authority::User,
            _ if self.admin_makes => Authority::Admin,
            _ => Authority::User,
        }
    }

    pub fn place(&self, wish: &KeyWish) -> Vec<u8> {
        match wish.supersedes.first() {
            Some(old) if self.places => old.0.clone(),
            None if self.places => vec![PLACES[usize::from(wish.index)]],
            _ => wish.name.clone(),
        }
    }

    /// A card that does not tell its keys shows what its certificates say, and nothing where there is none.
    pub fn stored(&self, id: &[u8], slot: &Slot) -> Option<StoredKey> {
        let certified = slot.certificate.as_ref().map(|der| Certificate::from_der(der).unwrap().public_key().unwrap());
        let public_key = match self.tells_keys {
            true => slot.key.as_ref().map(|key| key.public_key().clone()),
            false => Some(certified?),
        };
        Some(StoredKey {
            id: KeyId(id.to_vec()),
            label: slot.label.clone(),
            has_private_key: public_key.is_some(),
            public_key,
            certificate: slot.certificate.clone(),
            odd: None,
        })
    }
}

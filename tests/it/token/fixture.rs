//! Tokens for the contract, and what each kind asks of who uses it.

use cardwright::pkix::KeyAlgorithm;
use cardwright::secret::{AdminKey, Pin, Puk};
use cardwright::token::{
    Admin, Authority, Credentials, Error, KeyId, KeyOrder, KeyWish, LastTry, Operation, Session, Token, Tries, User,
};
use cardwright::virtual_card::{GidsOptions, SharedCard};

use super::{PIN, SO_PIN, pin};
use crate::support::piv_authenticator::PivAuthenticator;
use crate::support::{gids, kryoptic, piv, softhsm};

/// A token whose PIN is [`PIN`].
pub struct Fixture {
    pub token: Box<dyn Token>,
    pub kind: &'static str,
    /// The administrator's secret as it is typed: the SO PIN, or the admin key's digits.
    pub admin: String,
    /// What sets a forgotten PIN, as it is typed: the administrator's secret, or the PUK.
    pub unblocks: String,
    /// What the user's counter shows while no wrong try was made.
    pub fresh: Tries,
    /// Objects that go with a key that has a certificate, and with one that has none.
    pub objects: [usize; 2],
    /// What people see beside a key is what the order said.
    pub labels: bool,
    pub algorithms: Vec<KeyAlgorithm>,
    /// Two of them that are made quickly.
    pub quick: [KeyAlgorithm; 2],
    /// An id under which there never is a key.
    pub nowhere: KeyId,
}

impl Fixture {
    pub fn softhsm(label: &str) -> Self {
        Self::pkcs11(softhsm::token(label, SO_PIN, PIN))
    }

    pub fn kryoptic(label: &str) -> Self {
        Self::pkcs11(kryoptic::token(label, SO_PIN, PIN))
    }

    pub fn pkcs11(token: impl Token + 'static) -> Self {
        Self {
            token: Box::new(token),
            kind: "PKCS#11",
            admin: SO_PIN.into(),
            unblocks: SO_PIN.into(),
            fresh: Tries::Full,
            objects: [3, 2],
            labels: true,
            algorithms: KeyAlgorithm::ALL.into(),
            quick: [KeyAlgorithm::P256, KeyAlgorithm::P384],
            nowhere: KeyId(vec![0xca, 9]),
        }
    }

    /// A YubiKey of our own.
    pub fn yubikey() -> Self {
        Self::piv(&piv::card(piv::yubikey()), [2, 1], KeyAlgorithm::ALL.into())
    }

    /// A card of our own that knows the standard alone.
    pub fn plain_piv() -> Self {
        let algorithms = vec![KeyAlgorithm::Rsa2048, KeyAlgorithm::P256, KeyAlgorithm::P384];
        Self::piv(&piv::card(piv::plain()), [2, 1], algorithms)
    }

    /// Nitrokey's PIV card.
    pub fn nitrokey() -> Self {
        let algorithms = vec![KeyAlgorithm::Rsa2048, KeyAlgorithm::P256, KeyAlgorithm::P384];
        Self::piv(&SharedCard::new(Box::new(PivAuthenticator::new())), [2, 1], algorithms)
    }

    fn piv(card: &SharedCard, objects: [usize; 2], algorithms: Vec<KeyAlgorithm>) -> Self {
        Self {
            token: Box::new(piv::open(card)),
            kind: "PIV",
            admin: piv::ADMIN_KEY.into(),
            unblocks: piv::PUK.into(),
            fresh: Tries::Left(3),
            objects,
            labels: false,
            algorithms,
            quick: [KeyAlgorithm::P256, KeyAlgorithm::P384],
            nowhere: KeyId(vec![0x95]),
        }
    }

    /// A GIDS card of our own.
    pub fn gids() -> Self {
        Self {
            token: Box::new(gids::open(&gids::ready(GidsOptions::default()))),
            kind: "GIDS",
            admin: gids::ADMIN_KEY.into(),
            unblocks: gids::ADMIN_KEY.into(),
            fresh: Tries::Left(3),
            objects: [2, 1],
            labels: false,
            algorithms: vec![KeyAlgorithm::Rsa2048],
            quick: [KeyAlgorithm::Rsa2048; 2],
            nowhere: KeyId(vec![0xca; 16]),
        }
    }

    /// Where the `index`th key of a request goes.
    pub fn place(&mut self, index: u8, decrypts: bool) -> KeyId {
        let name = [[0xca; 16].as_slice(), &[index]].concat();
        let wish = KeyWish { name, index, decrypts_only: decrypts, supersedes: vec![] };
        let placement = self.token.place(&wish).unwrap();
        assert!(!placement.occupied && placement.replaces.is_none());
        assert_eq!(self.token.place(&wish).unwrap(), placement, "a wish was given two places");
        placement.id
    }

    /// The user with `pin`, and the administrator where this kind wants one for keys and certificates.
    pub fn log_in(&mut self, pin: &Pin) -> Result<Box<dyn Session + '_>, Error> {
        let key = AdminKey::from_hex(&self.admin);
        let admin = match (self.token.authority(Operation::Generate), &key) {
            (Authority::Admin, Some(key)) => Some(Admin::Key(key)),
            _ => None,
        };
        self.token.log_in(Credentials { user: Some(User::Pin(pin, LastTry::Keep)), admin })
    }

    pub fn session(&mut self) -> Box<dyn Session + '_> {
        self.log_in(&pin(PIN)).unwrap()
    }

    /// Sets a forgotten PIN by who may, whose secret is `secret`.
    pub fn set_pin(&mut self, secret: &str, new: &Pin) -> Result<(), Error> {
        let (typed, puk) = (pin(secret), Puk::new(secret.into()));
        let admin = match self.token.authority(Operation::Unblock) {
            Authority::Puk => Admin::Puk(&puk),
            Authority::Admin | Authority::User => Admin::SoPin(&typed),
        };
        self.token.set_pin(admin, new, LastTry::Keep)
    }
}

pub fn order(id: &KeyId, algorithm: KeyAlgorithm) -> KeyOrder {
    let label = format!("key {}", hex::encode(&id.0));
    KeyOrder { id: id.clone(), label, algorithm, decrypts: false, replace: false }
}

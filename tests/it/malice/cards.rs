//! Cards that turn on who speaks to them, channels that keep what was said, and the cards' own word on their counters.

use cardwright::iso7816::{Card, CardChannel, ChannelError, Continuity, EndWith, Limits, PinPad};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use cardwright::secret::AdminKey;
use cardwright::token::{KeyId, KeyOrder};
use cardwright::virtual_card::{
    Dial, GidsCard, GidsOptions, Initialised, PivCard, PivOptions, SharedCard, VirtualCard,
};
use std::sync::{Arc, LazyLock, Mutex};
use zeroize::Zeroizing;

use crate::support::piv;

// Other secrets than cards come with: of those a card may tell that they are wrong before one is sent.
pub const PIN: &str = "246810";
pub const PUK: &str = "86420975";
/// What nothing here has as its secret.
pub const WRONG: &str = "99999999";

/// An RSA key pair made once: cards take seconds for one.
pub static RSA: LazyLock<MemoryKey> = LazyLock::new(|| MemoryKey::generate(KeyAlgorithm::Rsa2048).unwrap());

pub fn admin_key() -> AdminKey {
    AdminKey::from_hex("0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978").unwrap()
}

/// A PIV card whose secrets are those above.
pub fn own(options: PivOptions) -> PivOptions {
    PivOptions { pin: piv::pin(PIN), puk: piv::puk(PUK), management_key: Some(admin_key()), ..options }
}

pub fn wrong_admin_key() -> AdminKey {
    AdminKey::new(vec![0x42; 24])
}

/// A card, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    YubiKey,
    PlainPiv,
    Gids,
}

pub const KINDS: [Kind; 3] = [Kind::YubiKey, Kind::PlainPiv, Kind::Gids];

impl Kind {
    pub fn card(self) -> Box<dyn VirtualCard> {
        match self {
            Kind::YubiKey => Box::new(PivCard::new(own(piv::yubikey())).unwrap()),
            Kind::PlainPiv => {
                Box::new(PivCard::new(own(PivOptions { guid: Some(*b"cardwright plain"), ..piv::plain() })).unwrap())
            }
            Kind::Gids => gids(GidsOptions::default()),
        }
    }

    /// The card that `state` tells of.
    pub fn restored(self, state: &[u8]) -> Box<dyn VirtualCard> {
        match self {
            Kind::YubiKey | Kind::PlainPiv => Box::new(PivCard::from_state(state).unwrap()),
            Kind::Gids => Box::new(GidsCard::from_state(state).unwrap()),
        }
    }

    pub fn slot(self) -> SharedCard {
        SharedCard::new(self.card())
    }

    /// Where the first key of an enrollment goes, and how it is ordered.
    pub fn order(self) -> KeyOrder {
        let (id, algorithm) = match self {
            Kind::YubiKey | Kind::PlainPiv => (KeyId(vec![0x9A]), KeyAlgorithm::P256),
            Kind::Gids => (KeyId(vec![0x5A; 16]), KeyAlgorithm::Rsa2048),
        };
        KeyOrder { id, label: "a key".into(), algorithm, decrypts: false, replace: false }
    }
}

/// A GIDS card that its maker made ready.
pub fn gids(options: GidsOptions) -> Box<dyn VirtualCard> {
    gids_named(options, *b"cardwright malic")
}

pub fn gids_named(options: GidsOptions, card_id: [u8; 16]) -> Box<dyn VirtualCard> {
    let initialised = Initialised { pin: piv::pin(PIN), admin_key: admin_key(), card_id };
    Box::new(GidsCard::new(GidsOptions { initialised: Some(initialised), ..options }).unwrap())
}

/// Commands of one channel, whole; secrets of tests among them.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<Vec<Vec<u8>>>>);

impl Said {
    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub fn all(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().clone()
    }

    /// A card of one program whose words are kept here.
    pub fn card(&self, slot: &SharedCard) -> Card {
        Card::new(Box::new(Witness { channel: slot.channel(), said: self.clone() }))
    }
}

struct Witness {
    channel: Box<dyn CardChannel>,
    said: Said,
}

impl CardChannel for Witness {
    fn limits(&self) -> Limits {
        self.channel.limits()
    }

    fn begin(&mut self) -> Result<Continuity, ChannelError> {
        self.channel.begin()
    }

    fn end(&mut self, with: EndWith) -> Result<(), ChannelError> {
        self.channel.end(with)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        self.said.0.lock().unwrap().push(command.to_vec());
        self.channel.transmit(command)
    }

    fn pin_pad(&mut self) -> Option<&mut dyn PinPad> {
        self.channel.pin_pad()
    }
}

/// Gives `Some` answer where it has one of its own, and else the card's, which it is shown.
pub type Forger = Box<dyn FnMut(&[u8], &mut dyn VirtualCard) -> Option<Vec<u8>> + Send>;

/// A card that answers as it likes.
pub struct Forged {
    card: Box<dyn VirtualCard>,
    forger: Forger,
}

impl Forged {
    pub fn slot(
        card: Box<dyn VirtualCard>,
        forger: impl FnMut(&[u8], &mut dyn VirtualCard) -> Option<Vec<u8>> + Send + 'static,
    ) -> SharedCard {
        SharedCard::new(Box::new(Self { card, forger: Box::new(forger) }))
    }
}

impl VirtualCard for Forged {
    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn reset(&mut self) {
        self.card.reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let forged = (self.forger)(command, self.card.as_mut());
        forged.unwrap_or_else(|| self.card.transmit(command))
    }

    fn state(&self) -> Zeroizing<Vec<u8>> {
        self.card.state()
    }
}

/// Tries of the PIN and, where the card tells, of the PUK: what the card itself says to somebody who has just come.
pub fn counters(kind: Kind, slot: &SharedCard) -> (u8, Option<u8>) {
    slot.set_dial(Dial::default());
    slot.insert_again();
    let mut channel = slot.channel();
    channel.begin().unwrap();
    let mut send = |command: &str| {
        let answer = channel.transmit(&hex::decode(command).unwrap()).unwrap();
        let (data, word) = answer.split_last_chunk::<2>().unwrap();
        (data.to_vec(), u16::from_be_bytes(*word))
    };
    let by_verify = |word: u16| if word == 0x6983 { 0 } else { u8::try_from(word - 0x63C0).unwrap() };
    let told = match kind {
        Kind::Gids => {
            assert_eq!(send("00A4040009A0000003974254465900").1, 0x9000);
            let (counters, word) = send("00CB3FFF045C027F7100");
            // 7F71 06, 97 01 tries left, 93 01 of how many.
            assert_eq!((word, &counters[..5]), (0x9000, &[0x7F, 0x71, 0x06, 0x97, 0x01][..]));
            (counters[5], None)
        }
        Kind::PlainPiv | Kind::YubiKey => {
            assert_eq!(send("00A4040009A0000003080000100000").1, 0x9000);
            let pin = by_verify(send("00200080").1);
            let puk = (kind == Kind::YubiKey).then(|| {
                let (metadata, word) = send("00F7008100");
                let at = metadata.windows(2).position(|window| window == [0x06, 0x02]).unwrap();
                assert_eq!(word, 0x9000);
                metadata[at + 3]
            });
            (pin, puk)
        }
    };
    channel.end(EndWith::Reset).unwrap();
    told
}

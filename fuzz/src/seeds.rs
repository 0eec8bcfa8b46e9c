//! What fuzzing begins with, beside the inputs kept in `tests/data/fuzz`: samples of `tests/data`, and what the virtual
//! cards say and hear in honest conversations.

use crate::targets::cards::{Played, ask_gids, ask_piv};
use crate::targets::parts;
use cardwright::gids::GidsToken;
use cardwright::iso7816::{Card, CardChannel, ChannelError, Continuity, EndWith, Limits};
use cardwright::piv::PivToken;
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use cardwright::secret::{AdminKey, Pin};
use cardwright::token::{self, Admin, Credentials, KeyId, KeyOrder, LastTry, Token, User};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, PivCard, PivOptions, SharedCard};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// How many types a body or an answer may be read as, rounded up.
const TYPES: u8 = 24;
const PIN: &str = "123456";
/// The management key that cards leave the factory with.
const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";

/// The most bytes of a target's corpus that are kept in the repository.
const MOST_KEPT: usize = 24 * 1024;

/// Packs what a directory holds into the corpus that is kept for a target, the shortest inputs first, as many as fit.
pub fn pack(target: &str, directory: &Path) -> std::io::Result<()> {
    let mut inputs = files(directory);
    inputs.sort_by(|one, other| one.len().cmp(&other.len()).then(one.cmp(other)));
    let mut packed = Vec::new();
    for input in inputs.iter().take_while(|input| input.len() <= usize::from(u16::MAX)) {
        if packed.len() + 2 + input.len() > MOST_KEPT {
            break;
        }
        packed.extend((input.len() as u16).to_be_bytes());
        packed.extend(input);
    }
    std::fs::write(kept(target).join("corpus"), packed)
}

/// Names where inputs of a target are kept.
fn kept(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/fuzz").join(target)
}

/// Writes the seeds of a target into a directory, those that were packed among them.
pub fn write(target: &str, directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let corpus = std::fs::read(kept(target).join("corpus")).unwrap_or_default();
    let seeds = of(target).into_iter().chain(parts(&corpus).map(<[u8]>::to_vec));
    for (number, seed) in seeds.enumerate() {
        std::fs::write(directory.join(format!("seed-{number:03}")), seed)?;
    }
    Ok(())
}

fn of(target: &str) -> Vec<Vec<u8>> {
    let under = |folder: &str| files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(folder));
    match target {
        "body" | "answer" => {
            let samples = under("mim-cm/samples");
            let typed =
                |sample: &Vec<u8>| (0..TYPES).map(|choice| [&[choice], sample.as_slice()].concat()).collect::<Vec<_>>();
            samples.iter().flat_map(typed).collect()
        }
        "import" => under("mim-cm/samples"),
        "template" => under("templates"),
        "certification-request" => under("csr"),
        "tlv" | "lenient" => under("piv"),
        "piv-card" => talks(&piv_cards()).into_iter().map(|talk| talk.heard).collect(),
        "gids-card" => talks(&gids_cards()).into_iter().map(|talk| talk.heard).collect(),
        "piv-commands" => talks(&piv_cards()).into_iter().map(|talk| talk.said).collect(),
        "gids-commands" => talks(&gids_cards()).into_iter().map(|talk| talk.said).collect(),
        "card-state" => {
            let cards = [piv_cards(), gids_cards()].concat();
            cards.iter().filter_map(|(card, _)| card.with_card(|card| card.state().to_vec())).collect()
        }
        _ => Vec::new(),
    }
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// A card, and how it is asked for all that it has.
type Asked = (SharedCard, fn(Box<dyn CardChannel>));

/// PIV cards as they come, and such that hold something.
fn piv_cards() -> Vec<Asked> {
    let options = || {
        let plain = PivOptions { guid: Some(*b"cardwright fuzz!"), ..PivOptions::default() };
        let newer = PivOptions { version: [5, 7, 1], ..PivOptions::yubikey() };
        [plain, PivOptions::yubikey(), newer]
    };
    let cards = [options(), options()].into_iter().flatten().map(PivCard::new).enumerate();
    let slot = |(number, card)| {
        let slot = SharedCard::new(Box::new(card));
        if number >= options().len() {
            furnish(PivToken::open(Card::new(slot.channel())), KeyId(vec![0x9A]));
        }
        (slot, ask_piv as fn(_))
    };
    cards.filter_map(|(number, card)| Some(slot((number, card.ok()?)))).collect()
}

/// A GIDS card as it comes, one that is ready, and one that holds something.
fn gids_cards() -> Vec<Asked> {
    let ready = || {
        let admin_key = AdminKey::from_hex(ADMIN_KEY);
        admin_key.map(|admin_key| Initialised { pin: Pin::new(PIN.into()), admin_key, card_id: *b"cardwright fuzz!" })
    };
    let card = |initialised| GidsCard::new(GidsOptions { initialised, ..GidsOptions::default() });
    let cards = [None, ready(), ready()].map(card).into_iter().flatten().map(|card| SharedCard::new(Box::new(card)));
    let slots: Vec<_> = cards.map(|slot| (slot, ask_gids as fn(_))).collect();
    if let Some((last, _)) = slots.last() {
        furnish(GidsToken::open(Card::new(last.channel())), KeyId(vec![0x5A; 16]));
    }
    slots
}

/// Puts a key and a certificate on a card, where it takes them.
fn furnish(token: Result<impl Token, token::Error>, id: KeyId) -> Option<()> {
    const CERTIFICATE: &[u8] = include_bytes!("../../tests/data/fuzz/certificate/rsa.der");
    let key = MemoryKey::from_pkcs8(include_bytes!("../../tests/data/fuzz/private-key/rsa.der")).ok()?;
    let (pin, admin) = (Pin::new(PIN.into()), AdminKey::from_hex(ADMIN_KEY)?);
    let credentials = Credentials { user: Some(User::Pin(&pin, LastTry::Keep)), admin: Some(Admin::Key(&admin)) };
    let mut token = token.ok()?;
    let mut session = token.log_in(credentials).ok()?;
    let algorithm = KeyAlgorithm::Rsa2048;
    let order = KeyOrder { id, label: "fuzz".into(), algorithm, decrypts: false, replace: false };
    if session.import(&order, &key).is_err() {
        session.generate(&KeyOrder { algorithm: KeyAlgorithm::P256, ..order.clone() }).ok()?;
    }
    session.write_certificate(&order.id, "fuzz", CERTIFICATE).ok()
}

/// A conversation as [`Played`] reads it, and the commands of it.
#[derive(Clone, Default)]
struct Talk {
    heard: Vec<u8>,
    said: Vec<u8>,
}

fn talks(cards: &[Asked]) -> Vec<Talk> {
    let talk = |(card, ask): &Asked| {
        let talk = Arc::new(Mutex::new(Talk { heard: vec![2 | 4], said: Vec::new() }));
        ask(Box::new(Witness { channel: card.channel(), talk: Arc::clone(&talk) }));
        let talk = talk.lock().map(|talk| talk.clone()).unwrap_or_default();
        ask(Box::new(Played::new(&talk.heard)));
        talk
    };
    cards.iter().map(talk).collect()
}

struct Witness {
    channel: Box<dyn CardChannel>,
    talk: Arc<Mutex<Talk>>,
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
        let answer = self.channel.transmit(command)?;
        if let Ok(mut talk) = self.talk.lock() {
            talk.said.extend((command.len() as u16).to_be_bytes());
            talk.said.extend(command);
            talk.heard.extend((answer.len() as u16).to_be_bytes());
            talk.heard.extend(&*answer);
        }
        Ok(answer)
    }
}

//! One GIDS card as a [`Token`]: who it is, its counters and its secrets.

use super::admin::{self, Answers, Cipher};
use super::application::{Application, read};
use super::cardcf::{CacheFile, Change};
use super::compression;
use super::contents::{Contents, master_file};
use super::error::Error as GidsError;
use super::files::{MasterFile, Place};
use super::initialise;
use super::key;
use super::pin;
use super::room;
use super::roots;
use super::session::GidsSession;
use crate::iso7816::{Card, Continuity, EndWith};
use crate::pkix::KeyAlgorithm;
use crate::secret::{AdminKey, Pin};
use crate::token::{
    Admin, Authority, CardIdentifier, Condition, Counterpart, Counters, Credentials, Error, Expected, Identity, KeyId,
    KeyOffer, KeyWish, LastTry, LogonKey, Operation, Origin, Placement, Prospect, Room, SecretForm, SecretKind,
    Session, StoredKey, Token, Tries, User, names_nothing,
};
use uuid::{Uuid, Version};

/// Holds a GIDS card.
pub struct GidsToken {
    application: Application,
    identity: Identity,
    version: Option<String>,
    /// Where `cardid` is and what it holds; `None` on a card without a file system.
    card_id: Option<(Place, [u8; 16])>,
    /// The tries of the admin key, as the card last told them.
    admin: Tries,
}

/// Holds what opening a card finds.
struct Found {
    version: Option<String>,
    cardcf: Option<Place>,
    card_id: Option<(Place, [u8; 16])>,
}

impl GidsToken {
    /// Selects the application and reads who the card is. A card without a file system has an empty serial; one without
    /// the application returns [`Error::NotOffered`].
    pub fn open(card: Card) -> Result<Self, Error> {
        let mut application = Application::new(card);
        application.begin()?;
        let found = look(&mut application);
        let ended = application.end(EndWith::Leave);
        let found = found?;
        ended?;
        application.settle();
        application.cardcf = found.cardcf.unwrap_or(application.cardcf);
        let identity = identity(found.version.as_deref(), found.card_id.map(|(_, id)| id));
        Ok(Self { application, identity, version: found.version, card_id: found.card_id, admin: Tries::Untold })
    }

    /// Gives a new card its secrets, its `cardid` and its file system. The admin key must have 24 bytes (3DES). A card
    /// that has a file system already is refused ([`GidsError::AlreadyInitialised`]).
    pub fn initialise(card: Card, admin_key: &AdminKey, pin: &Pin, serial: [u8; 16]) -> Result<Self, Error> {
        initialise::check_key(admin_key)?;
        pin::check_length(pin)?;
        let mut token = Self::open(card)?;
        if token.card_id.is_some() {
            return Err(initialise::already_initialised());
        }
        token.within(EndWith::Reset, |application| initialise::initialise(application, admin_key, pin, serial))?;
        Self::open(token.application.into_card())
    }

    /// Begins a transaction with the application selected, on the card that was opened.
    fn begin(&mut self) -> Result<(), Error> {
        let continuity = self.application.take_up()?;
        if continuity == Continuity::Reset
            && let Err(error) = self.recognise()
        {
            // The first error says more than one from the transaction's end.
            let _ = self.application.end(EndWith::Leave);
            return Err(error);
        }
        self.application.settle();
        Ok(())
    }

    /// Checks by `cardid` that a card that was reset was not exchanged for another.
    fn recognise(&mut self) -> Result<(), Error> {
        let Some((place, id)) = self.card_id else { return Ok(()) };
        match self.application.get(place)? {
            Some(now) if **now == id => Ok(()),
            _ => Err(Error::Removed),
        }
    }

    /// Does `work` in a transaction of its own, which ends `with`.
    fn within<T>(
        &mut self,
        with: EndWith,
        work: impl FnOnce(&mut Application) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.begin()?;
        let done = work(&mut self.application);
        let ended = self.application.end(with);
        let done = done?;
        ended?;
        Ok(done)
    }

    /// Does `work` with the administrator proven, in a transaction of its own; the proof ends with it.
    fn as_admin(
        &mut self,
        answers: Answers<'_>,
        last_try: LastTry,
        work: impl FnOnce(&mut Application, Cipher) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut told = self.admin;
        let done = self.within(EndWith::Reset, |application| {
            let cipher = admin::authenticate(application, answers, last_try, &mut told)?;
            work(application, cipher)
        });
        self.admin = told;
        done
    }

    fn must_be_initialised(&self) -> Result<(), Error> {
        if self.card_id.is_some() { Ok(()) } else { Err(Error::NoSerial) }
    }
}

impl Token for GidsToken {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn atr(&self) -> Vec<u8> {
        self.application.atr()
    }

    /// Returns the counters. The admin key's is known only from its last refusal, as GIDS has no object for it.
    fn counters(&mut self) -> Result<Counters, Error> {
        if self.card_id.is_none() {
            return Ok(Counters { user: Tries::NotSet, admin: Tries::NotSet, puk: None });
        }
        let user = self.within(EndWith::Leave, pin::tries)?;
        Ok(Counters { user, admin: self.admin, puk: None })
    }

    fn public_objects(&mut self) -> Result<Vec<StoredKey>, Error> {
        if self.card_id.is_none() {
            return Ok(Vec::new());
        }
        self.within(EndWith::Leave, |application| Contents::read(application)?.all(application))
    }

    fn tells_keys(&self) -> bool {
        true
    }

    fn authority(&self, operation: Operation) -> Authority {
        match operation {
            Operation::Generate | Operation::Sign | Operation::WriteCertificate | Operation::Delete => Authority::User,
            Operation::Unblock | Operation::ChangeAdminKey => Authority::Admin,
        }
    }

    fn form(&self, secret: SecretKind) -> Option<SecretForm> {
        (secret == SecretKind::Pin).then_some(pin::FORM)
    }

    /// Returns the card's condition. Every GIDS card makes RSA-2048; whether it makes longer keys shows only when it is
    /// asked to.
    fn condition(&mut self) -> Result<Condition, Error> {
        let algorithms = Some(vec![KeyAlgorithm::Rsa2048]);
        let version = self.version.clone();
        let card_identifier = match self.card_id {
            // A blank card has no files at all.
            None => CardIdentifier::None,
            Some(_) => self.within(EndWith::Leave, |application| {
                let place = application.cardcf;
                Ok(match application.get(place)?.map(|bytes| CacheFile::read(&bytes)) {
                    None => CardIdentifier::Absent,
                    Some(Ok(_)) => CardIdentifier::Present { expires: None },
                    Some(Err(_)) => CardIdentifier::Broken,
                })
            })?,
        };
        Ok(Condition { algorithms, version, card_identifier, ..Condition::default() })
    }

    /// Names the default container, with which Windows logs on.
    fn logon_key(&mut self) -> Result<LogonKey, Error> {
        if self.card_id.is_none() {
            return Ok(LogonKey::Unnamed);
        }
        self.within(EndWith::Leave, |application| {
            let contents = Contents::read(application)?;
            let default = contents.containers.default();
            Ok(default.map_or(LogonKey::Unnamed, |(_, container)| LogonKey::Named(container.id())))
        })
    }

    fn ca_certificates(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        if self.card_id.is_none() {
            return Ok(Vec::new());
        }
        self.within(EndWith::Leave, |application| {
            let contents = Contents::read(application)?;
            Ok(roots::all(application, &contents)?.iter().map(|authority| authority.der().to_vec()).collect())
        })
    }

    fn has_admin_key(&self) -> bool {
        true
    }

    /// Tells that RSA-2048 is made and elliptic curves are not; longer RSA keys show only when they are asked for.
    fn offer(&mut self, algorithm: KeyAlgorithm) -> Result<KeyOffer, Error> {
        let makes = match algorithm {
            KeyAlgorithm::Rsa2048 => Some(true),
            KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => None,
            KeyAlgorithm::P256 | KeyAlgorithm::P384 => Some(false),
        };
        Ok(KeyOffer { makes, attests: Some(false), largest_certificate: Some(compression::LARGEST) })
    }

    fn has_pin_pad(&mut self) -> bool {
        self.application.pin_pad().is_some()
    }

    /// Returns the wish's own name, which is unique: ids are names on these cards.
    fn place(&mut self, wish: &KeyWish) -> Result<Placement, Error> {
        Ok(Placement { id: KeyId(wish.name.clone()), replaces: None, occupied: false, keyed: false })
    }

    /// Counts the containers that are free: ids are names here, so that nothing is in a key's place.
    fn prospects(&mut self, expected: &[Expected], given: &[KeyId]) -> Result<Vec<Prospect>, Error> {
        self.must_be_initialised()?;
        self.within(EndWith::Leave, |application| {
            let contents = Contents::read(application)?;
            let known = expected.iter().any(|expected| expected.thumbprint.is_some());
            let there = if known { contents.all(application)? } else { Vec::new() };
            let mut free = contents.containers.count_free().saturating_sub(given.len());
            let prospects = expected.iter().map(|expected| {
                let curve = expected.algorithm.filter(|algorithm| key::rsa_bits(*algorithm).is_none());
                if expected.is_among(&there) {
                    Prospect::IsThere
                } else if let Some(algorithm) = curve {
                    Prospect::Refused(Error::Algorithm(algorithm))
                } else if free == 0 {
                    Prospect::Refused(Error::Full)
                } else {
                    free = free.saturating_sub(1);
                    Prospect::Free(KeyId(expected.name.clone()))
                }
            });
            Ok(prospects.collect())
        })
    }

    /// Logs in the user. The administrator is not logged in, because he may do nothing more in a session.
    fn log_in(&mut self, credentials: Credentials<'_>) -> Result<Box<dyn Session + '_>, Error> {
        let card_id = self.card_id.ok_or(Error::NoSerial)?;
        let user = credentials.user.ok_or(Error::UserNeeded)?;
        if let User::Pin(pin, _) = &user {
            pin::check_length(pin)?;
        }
        self.begin()?;
        let proven = match user {
            User::Pin(pin, last_try) => pin::verify(&mut self.application, pin, last_try),
            User::PinPad(last_try) => pin::verify_at_pad(&mut self.application, last_try),
        };
        if let Err(error) = proven {
            // Why the PIN was refused matters more than how the transaction ended.
            let _ = self.application.end(EndWith::Leave);
            return Err(error);
        }
        Ok(Box::new(GidsSession::new(&mut self.application, card_id)))
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin, last_try: LastTry) -> Result<(), Error> {
        self.must_be_initialised()?;
        pin::check_length(current)?;
        pin::check_length(new)?;
        self.within(EndWith::Reset, |application| {
            pin::verify(application, current, last_try)?;
            // Windows must not try the PIN that it has cached.
            application.announce(Change::Pin)?;
            pin::change(application, current, new)
        })
    }

    fn set_pin(&mut self, admin: Admin<'_>, new: &Pin, last_try: LastTry) -> Result<(), Error> {
        self.must_be_initialised()?;
        pin::check_length(new)?;
        self.as_admin(Answers::of(admin)?, last_try, |application, _| {
            application.announce(Change::Pin)?;
            pin::set(application, new)
        })
    }

    fn prove_admin(&mut self, admin: Admin<'_>, last_try: LastTry) -> Result<(), Error> {
        self.must_be_initialised()?;
        self.as_admin(Answers::of(admin)?, last_try, |_, _| Ok(()))
    }

    fn show_presence(&mut self, counterpart: &mut dyn Counterpart, last_try: LastTry) -> Result<(), Error> {
        self.must_be_initialised()?;
        let challenge = counterpart.challenge().map_err(Error::Responder)?;
        let mut told = self.admin;
        let answer = self.within(EndWith::Reset, |application| {
            admin::authenticate_mutually(application, &challenge, counterpart, last_try, &mut told)
        });
        self.admin = told;
        counterpart.judge(&answer?).map_err(Error::Responder)
    }

    /// Tries with the admin key, which may write where the user may.
    fn try_room(&mut self, admin: Admin<'_>, rooms: &[Room], last_try: LastTry) -> Result<(), Error> {
        self.must_be_initialised()?;
        let lengths = room::objects(rooms)?;
        self.as_admin(Answers::of(admin)?, last_try, |application, _| {
            let contents = Contents::read(application)?;
            if contents.containers.count_free() < rooms.len() {
                return Err(Error::Full);
            }
            match room::try_objects(application, &contents, &lengths) {
                Err(Error::UserNeeded) => Err(Error::NotOffered("a trial of its room to the administrator")),
                tried => tried,
            }
        })
    }

    fn change_admin_key(&mut self, current: Admin<'_>, new: &AdminKey, last_try: LastTry) -> Result<(), Error> {
        self.must_be_initialised()?;
        Answers::of(Admin::Key(new))?;
        let answers = Answers::of(current)?;
        self.as_admin(answers, last_try, |application, cipher| admin::replace(application, cipher, new))
    }
}

fn look(application: &mut Application) -> Result<Found, Error> {
    let version = application.select()?;
    let master = master_file(application)?;
    let cardcf = master.as_ref().and_then(|master| master.find("", "cardcf"));
    let card_id = master.map(|master| card_id(application, &master)).transpose()?.flatten();
    Ok(Found { version, cardcf, card_id })
}

/// Reads `cardid`. It is written last when a card is initialised; without it, the initialisation was cut off.
fn card_id(application: &mut Application, master: &MasterFile) -> Result<Option<(Place, [u8; 16])>, Error> {
    let Some(place) = master.find("", "cardid") else { return Ok(None) };
    let Some(bytes) = application.get(place)? else { return Ok(None) };
    let id = read("cardid", &bytes, |bytes| {
        bytes.try_into().map_err(|_| GidsError::Layout { file: "cardid", length: bytes.len() })
    })?;
    Ok(Some((place, id)))
}

fn identity(version: Option<&str>, card_id: Option<[u8; 16]>) -> Identity {
    let serial = card_id.map(hex::encode).unwrap_or_default();
    // Whoever numbers cards does not write a random UUID (RFC 9562, 5.4).
    let random = |id| Uuid::from_bytes(id).get_version() == Some(Version::Random);
    let origin = match card_id {
        None => Origin::Nothing,
        Some(_) if names_nothing(&serial) => Origin::Nothing,
        Some(id) if random(id) => Origin::Written,
        Some(_) => Origin::Maker,
    };
    Identity {
        kind: "GIDS",
        label: serial.get(..8).map(|start| format!("GIDS {start}")).unwrap_or_default(),
        manufacturer: String::new(),
        model: version.map(|version| format!("GIDS {version}")).unwrap_or_else(|| "GIDS".into()),
        card_id: card_id.map(Uuid::from_bytes_le),
        origin,
        earlier_serial: None,
        serial,
    }
}

//! Work on a card that is pulled at each of its commands, put back, and done again by the same command.

use super::bench::{End, Face, PIN};
use super::keys::{lab, settled};
use super::real::Lab;
use super::received::{OWN_MAIL, log_in, mail_keys, old_yubikey, with_mail};
use super::ways::{enroll, renew, retire};
use crate::support::site::{self, set};
use crate::support::{gids, piv, torture};
use cardwright::client::CmClient;
use cardwright::enrollment::{Enrollment, Error, Journal, Order};
use cardwright::gids::GidsToken;
use cardwright::iso7816::Card;
use cardwright::piv::PivToken;
use cardwright::pkix::{Certificate, PublicKey};
use cardwright::secret::Pin;
use cardwright::token::{Credentials, KeyId, LastTry, Token, Tries};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, PivOptions, SharedCard};
use uuid::Uuid;

const GENERATE: u8 = 0x47;

/// Makes the card of one person; the server tells cards apart by their serials.
type Make = Box<dyn Fn(u32) -> SharedCard>;
type Open = fn(&SharedCard) -> Result<Box<dyn Token>, cardwright::token::Error>;

fn open_piv(card: &SharedCard) -> Result<Box<dyn Token>, cardwright::token::Error> {
    Ok(Box::new(PivToken::open(Card::new(card.channel()))?))
}

fn open_gids(card: &SharedCard) -> Result<Box<dyn Token>, cardwright::token::Error> {
    Ok(Box::new(GidsToken::open(Card::new(card.channel()))?))
}

fn numbered_piv(options: fn() -> PivOptions) -> Make {
    Box::new(move |number| piv::card(PivOptions { serial: 10_000_000 + number, ..options() }))
}

/// A PIV card whose user has chosen a PIN.
fn settled_piv(options: fn() -> PivOptions) -> Make {
    let make = numbered_piv(options);
    Box::new(move |number| {
        let card = make(number);
        settled(&mut piv::open(&card));
        card
    })
}

fn numbered_gids() -> Make {
    Box::new(|_| {
        let card_id = *Uuid::new_v4().as_bytes();
        let initialised =
            Initialised { pin: gids::pin(gids::PIN), admin_key: gids::admin_key(gids::ADMIN_KEY), card_id };
        let options = GidsOptions { initialised: Some(initialised), ..GidsOptions::default() };
        SharedCard::new(Box::new(GidsCard::new(options).unwrap()))
    })
}

/// A work during which the card is pulled.
struct Pulled<'l> {
    lab: &'l Lab,
    card: Make,
    open: Open,
    /// What is done with the card before.
    before: &'l [fn() -> Order],
    work: fn() -> Order,
    face: fn() -> Face,
    /// The last command that is of interest; `None`: all are.
    until: Option<u8>,
}

/// What is looked at when the work has come to its end.
struct Seen<'s> {
    token: &'s mut dyn Token,
    /// The keys that the card had before the work.
    before: &'s [PublicKey],
    /// The PIN that the operator was told last.
    told: Option<Pin>,
    dial: &'s str,
}

impl Pulled<'_> {
    /// Does the work with the card pulled at its commands, before each or after it, then again until it is done.
    fn everywhere(&self, check: impl Fn(Seen<'_>)) {
        let (client, card, _) = self.prepared(0);
        self.run(&client, &mut *(self.open)(&card).unwrap(), &mut None).unwrap().done();
        let headers = card.headers();
        let last = self.until.and_then(|until| headers.iter().position(|header| header[1] == until));
        let commands = last.map_or(headers.len(), |last| last + 1);
        let (mut tried, mut cut_off) = (0, 0);
        for point in torture::points(0..2 * commands) {
            tried += 1;
            let (client, card, before) = self.prepared(tried);
            let dial = format!("{}@{}", ["remove", "remove-after"][point % 2], point / 2 + 1);
            card.set_dial(dial.parse().unwrap());
            let mut told = None;
            let cut = (self.open)(&card).ok().map(|mut token| self.run(&client, &mut *token, &mut told));
            card.set_dial("".parse().unwrap());
            card.insert_again();
            let mut token = (self.open)(&card).unwrap();
            if !matches!(cut, Some(Ok(_))) {
                cut_off += 1;
                let ended = self.run(&client, &mut *token, &mut told);
                drop(ended.unwrap_or_else(|error| panic!("{dial}: {cut:?}, then {error:?}")).done());
            }
            check(Seen { token: &mut *token, before: &before, told, dial: &dial });
        }
        assert!(cut_off > tried / 2, "{cut_off} of {tried} were cut off");
        assert_eq!(self.lab.unfinished(), 0);
    }

    /// A person of their own with a card on which all that comes before was done, and the keys on it.
    fn prepared(&self, person: u32) -> (CmClient, SharedCard, Vec<PublicKey>) {
        let client = self.lab.client(&format!("p{person} {}", Uuid::new_v4()), &[], None);
        let card = (self.card)(person);
        let mut token = (self.open)(&card).unwrap();
        for order in self.before {
            self.lab.run(&client, &mut *token, order(), &mut (self.face)()).unwrap().done();
        }
        let keys = token.public_objects().unwrap();
        let keys = keys.into_iter().filter_map(|stored| stored.public_key).collect();
        drop(token);
        card.forget_headers();
        (client, card, keys)
    }

    /// One process's life.
    fn run(&self, client: &CmClient, token: &mut dyn Token, told: &mut Option<Pin>) -> Result<End, Error> {
        let journal = Journal::open(self.lab.journal()).unwrap();
        let mut work = Enrollment::begin(client, &journal, token.identity(), (self.work)())?;
        let ended = (self.face)().pump(&mut work, token);
        if let Some(pin) = work.proposed_pin() {
            *told = Some(pin);
        }
        ended
    }
}

#[test]
fn keys_from_the_server_arrive_once_wherever_the_card_is_pulled() {
    let lab = with_mail("P-256");
    let card = settled_piv(old_yubikey);
    let (open, face) = (open_piv as Open, Face::default as fn() -> Face);
    let pulled = Pulled { lab: &lab, card, open, before: &[], work: enroll, face, until: None };
    pulled.everywhere(|Seen { token, dial, .. }| {
        let keys = mail_keys(token);
        assert_eq!(keys.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [KeyId(vec![0x9D])], "{dial}");
    });
}

/// Renews a card that has a key for mail in 9D, which goes to the first retired place.
fn renewal(lab: &Lab, options: fn() -> PivOptions) {
    let card = settled_piv(options);
    let (open, face) = (open_piv as Open, Face::default as fn() -> Face);
    let pulled = Pulled { lab, card, open, before: &[enroll], work: renew, face, until: None };
    pulled.everywhere(|Seen { token, before, dial, .. }| {
        let keys = mail_keys(token);
        assert_eq!(keys.iter().map(|(id, _)| id.0[0]).collect::<Vec<_>>(), [0x9D, 0x82], "{dial}");
        assert!(before.contains(&keys[1].1) && !before.contains(&keys[0].1), "{dial}");
        assert_eq!(token.public_objects().unwrap().len(), 3, "{dial}");
        assert_eq!(token.counters().unwrap().user, Tries::Left(3), "{dial}");
    });
}

#[test]
fn a_renewal_brings_the_old_key_and_the_new_one_once_wherever_the_card_is_pulled() {
    renewal(&with_mail("P-256"), old_yubikey);
}

#[test]
fn a_renewal_moves_the_old_key_once_wherever_the_card_is_pulled() {
    renewal(&lab(|template| template.replacen("\n[revocation]", OWN_MAIL, 1)), piv::yubikey);
}

/// Up to the making of the new key, in whose place on a card of the plain standard the old one is.
fn shown((lab, card, open): (&Lab, Make, Open), face: fn() -> Face) {
    let pulled = Pulled { lab, card, open, before: &[enroll], work: renew, face, until: Some(GENERATE) };
    pulled.everywhere(|Seen { token, before, dial, .. }| {
        let stored = token.public_objects().unwrap();
        let certificates: Vec<_> = stored.iter().filter_map(|stored| stored.certificate.as_ref()).collect();
        assert_eq!(certificates.len(), 1, "{dial}");
        let key = Certificate::from_der(certificates[0]).unwrap().public_key().unwrap();
        assert!(!before.contains(&key), "{dial}: it is not renewed");
        assert_eq!(token.counters().unwrap().user, Tries::Left(3), "{dial}");
    });
}

#[test]
fn an_old_key_is_shown_and_replaced_wherever_the_card_is_pulled() {
    shown((&lab(|template| template), settled_piv(piv::plain), open_piv), Face::default);
    let rsa = lab(|template| site::keys(template, "RSA-2048"));
    shown((&rsa, numbered_gids(), open_gids), of_gids);
}

fn of_gids() -> Face {
    Face { pins: [gids::PIN].into(), ..Face::default() }
}

#[test]
fn a_retirement_that_overwrites_leaves_no_key_that_signs_wherever_the_card_is_pulled() {
    let lab = lab(|template| template);
    let card = settled_piv(piv::plain);
    let (open, face) = (open_piv as Open, Face::default as fn() -> Face);
    let pulled = Pulled { lab: &lab, card, open, before: &[enroll], work: retire, face, until: None };
    pulled.everywhere(|Seen { token, before, dial, .. }| {
        assert!(token.public_objects().unwrap().is_empty(), "{dial}");
        let mut session = log_in(token);
        assert!(!session.holds(&KeyId(vec![0x9A]), &before[0]).unwrap(), "{dial}: the key still signs");
    });
}

/// The template's PIN option, what the card has before, and the PIN that the user would choose.
fn pin_by_policy(option: &str, (card, open): (Make, Open), algorithm: &str, until: Option<u8>) {
    let lab = lab(|template| {
        let template = set(template, "[smartcard]", "user_pin_option", &format!("{option:?}"));
        set(site::keys(template, algorithm), "[smartcard]", "diversify_admin_key", "false")
    });
    // Who sits there has the PIN before, chooses another where asked, and knows what was chosen.
    let face: fn() -> Face = || Face { pins: [PIN].into(), new_pin: PIN, ..Face::default() };
    let chosen = option == "user-provided";
    Pulled { lab: &lab, card, open, before: &[], work: enroll, face, until }.everywhere(|seen| {
        let Seen { token, told, dial, .. } = seen;
        let counters = token.counters().unwrap();
        assert_eq!((counters.user, counters.puk.unwrap_or(Tries::Left(3))), (Tries::Left(3), Tries::Left(3)), "{dial}");
        assert_eq!(told.is_some(), option == "server-proposed", "{dial}");
        let pin = if chosen { Some(Pin::new(PIN.into())) } else { told };
        if let Some(pin) = pin {
            token.log_in(Credentials::user(&pin, LastTry::Keep)).unwrap_or_else(|error| panic!("{dial}: {error:?}"));
        }
        assert_eq!(token.public_objects().unwrap().len(), 1, "{dial}");
    });
}

#[test]
fn a_pin_set_by_policy_is_known_wherever_the_card_is_pulled() {
    pin_by_policy("user-provided", (numbered_piv(PivOptions::yubikey), open_piv), "P-256", None);
    pin_by_policy("server-proposed", (numbered_piv(PivOptions::yubikey), open_piv), "P-256", None);
    pin_by_policy("random", (settled_piv(piv::yubikey), open_piv), "P-256", None);
}

#[test]
fn a_pin_set_by_the_admin_key_is_known_wherever_the_card_is_pulled() {
    let card = || (numbered_gids(), open_gids as Open);
    pin_by_policy("server-proposed", card(), "RSA-2048", Some(GENERATE));
}

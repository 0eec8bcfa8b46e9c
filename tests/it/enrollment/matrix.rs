//! The matrix of cuts: each flow on each kind of card, cut at each of its points, and taken up again.
//!
//! A row is a flow, a column a kind of card; a point is a command to the card, or a change of a PKCS#11 token, with the card
//! pulled before it or after it, or a call to the server that is lost before it is carried out or after. The work is
//! taken up by the journal, or at another workstation, which has none. Each end is the undisturbed one: the same objects,
//! counters and secrets, and not one certificate more.

use super::bench::{End, Face, PIN};
use super::keys::{lab, settled};
use super::memory_token::{Cut, MemoryToken};
use super::real::{Lab, Proxy};
use super::ways;
use crate::support::{directory, gids, piv, site, torture};
use cardwright::client::CmClient;
use cardwright::cm::request::RequestStatus;
use cardwright::cm::route::Holder;
use cardwright::enrollment::{Enrollment, Error, Journal, Order, card_id};
use cardwright::gids::GidsToken;
use cardwright::iso7816::Card;
use cardwright::piv::PivToken;
use cardwright::pkix::Certificate;
use cardwright::token::{self, Token};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, PivOptions, SharedCard};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The flows, and what is done with the card before.
const FLOWS: [Flow; 4] = [
    Flow { name: "enroll", before: &[], order: ways::enroll },
    Flow { name: "renew", before: &[ways::enroll], order: ways::renew },
    Flow { name: "unblock", before: &[ways::enroll], order: ways::unblock },
    Flow { name: "retire", before: &[ways::enroll], order: ways::retire },
];

/// The kinds of card.
pub const KINDS: [Kind; 4] = [
    Kind { name: "PIV", lab: of_cards, pin: PIN, make: plain, flows: 4 },
    Kind { name: "YubiKey", lab: of_cards, pin: PIN, make: yubikey, flows: 4 },
    Kind {
        name: "GIDS",
        lab: || lab(|template| site::keys(template, "RSA-2048")),
        pin: gids::PIN,
        make: gids_card,
        flows: 2,
    },
    Kind {
        name: "PKCS#11",
        lab: || Lab::new(true, 0),
        pin: PIN,
        make: || Device::Memory(Box::new(MemoryToken::fresh())),
        flows: 4,
    },
];

/// More points than any flow has, of one kind.
const MOST: usize = 400;

struct Flow {
    name: &'static str,
    before: &'static [fn() -> Order],
    order: fn() -> Order,
}

pub struct Kind {
    name: &'static str,
    lab: fn() -> Lab,
    pin: &'static str,
    make: fn() -> Device,
    /// The first so many flows are tried.
    flows: usize,
}

/// What harms the work.
#[derive(Clone, Copy, Debug)]
pub enum Harm {
    /// The card is pulled before or after its command or change of this number.
    Pulled { at: usize, after: bool },
    /// The call to the server of this number gets no answer, carried out or not.
    Unanswered { at: usize, carried_out: bool },
}

/// Where a work that was cut off is taken up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Again {
    Here,
    /// At another workstation, whose state directory is empty.
    Elsewhere,
}

/// A card with what opens it, or a PKCS#11 token in memory.
enum Device {
    Card(SharedCard, fn(&SharedCard) -> Result<Box<dyn Token>, token::Error>),
    Memory(Box<MemoryToken>),
}

fn open_piv(card: &SharedCard) -> Result<Box<dyn Token>, token::Error> {
    Ok(Box::new(PivToken::open(Card::new(card.channel()))?))
}

fn open_gids(card: &SharedCard) -> Result<Box<dyn Token>, token::Error> {
    Ok(Box::new(GidsToken::open(Card::new(card.channel()))?))
}

fn of_piv(options: PivOptions) -> Device {
    let card = piv::card(options);
    settled(&mut piv::open(&card));
    Device::Card(card, open_piv)
}

/// A server whose template names the admin key that cards come with.
fn of_cards() -> Lab {
    lab(|template| template)
}

fn plain() -> Device {
    of_piv(piv::plain())
}

fn yubikey() -> Device {
    of_piv(PivOptions { serial: Uuid::new_v4().as_fields().0 >> 1, ..piv::yubikey() })
}

fn gids_card() -> Device {
    let card_id = *Uuid::new_v4().as_bytes();
    let initialised = Initialised { pin: gids::pin(gids::PIN), admin_key: gids::admin_key(gids::ADMIN_KEY), card_id };
    let options = GidsOptions { initialised: Some(initialised), ..GidsOptions::default() };
    Device::Card(SharedCard::new(Box::new(GidsCard::new(options).unwrap())), open_gids)
}

impl Device {
    /// Sets what will happen to it.
    fn harm(&mut self, at: usize, after: bool) {
        match self {
            Device::Card(card, _) => {
                let fault = if after { "remove-after" } else { "remove" };
                card.set_dial(format!("{fault}@{}", at + 1).parse().unwrap());
            }
            Device::Memory(token) => token.repair(Some(if after { Cut::After(at) } else { Cut::Before(at) })),
        }
    }

    fn mend(&mut self) {
        match self {
            Device::Card(card, _) => {
                card.set_dial("".parse().unwrap());
                card.insert_again();
            }
            Device::Memory(token) => token.repair(None),
        }
    }

    /// Does something with the token, opened anew.
    fn with<T>(&mut self, act: impl FnOnce(&mut dyn Token) -> T) -> Result<T, token::Error> {
        match self {
            Device::Card(card, open) => Ok(act(&mut *open(card)?)),
            Device::Memory(token) => Ok(act(&mut **token)),
        }
    }
}

/// What is there at the end. Names of keys and requests differ from run to run.
#[derive(Debug, PartialEq)]
struct Portrait {
    /// Of each object: whether there are a key and a certificate, and whether the server lists that for the card.
    objects: Vec<(bool, bool, bool)>,
    counters: token::Counters,
    card: String,
    admin_key: String,
    issued: usize,
    requests: Vec<String>,
}

/// A person with a card, and the workstation.
struct Person {
    client: CmClient,
    pin: &'static str,
    device: Device,
    home: PathBuf,
}

impl Person {
    fn new(lab: &Lab, kind: &Kind, flow: &Flow, proxy: Option<&Proxy>) -> Self {
        let client = lab.client(&Uuid::new_v4().to_string(), &[], proxy.map(|proxy| proxy.addr));
        let mut person = Self { client, pin: kind.pin, device: (kind.make)(), home: directory::fresh("matrix") };
        for order in flow.before {
            person.works(order()).unwrap().unwrap().done();
        }
        if let Device::Card(card, _) = &person.device {
            card.forget_headers();
        }
        person
    }

    /// One process's life.
    fn works(&mut self, order: Order) -> Result<Result<End, Error>, token::Error> {
        self.carries_out(order, None)
    }

    fn carries_out(&mut self, order: Order, request: Option<Uuid>) -> Result<Result<End, Error>, token::Error> {
        let journal = Journal::open(self.home.clone()).unwrap();
        let (client, pin) = (&self.client, self.pin);
        self.device.with(|token| {
            let mut work = Enrollment::begin(client, &journal, token.identity(), order)?;
            if let Some(request) = request {
                work.go_on_with(request);
            }
            let mut face = Face { pins: [pin].into(), new_pin: pin, ..Face::default() };
            face.pump(&mut work, token)
        })
    }

    /// Takes the card to another workstation, where the request that is open is gone on with. Where the server has all,
    /// there is nothing to do; where nobody there can know the card (`unprovable`), it is taken back.
    fn works_elsewhere(&mut self, order: fn() -> Order, requests: usize, unprovable: bool) -> Result<(), Error> {
        let first = std::mem::replace(&mut self.home, directory::fresh("matrix"));
        let made = self.client.requests(None).unwrap();
        let open = made.iter().find(|request| request.status != RequestStatus::Completed);
        let mut ended = Ok(());
        if open.is_some() || made.len() < requests {
            ended = self.carries_out(order(), open.map(|open| open.uuid)).unwrap().map(|end| drop(end.done()));
        }
        let other = std::mem::replace(&mut self.home, first);
        assert_eq!(Journal::open(other.clone()).unwrap().unfinished().unwrap(), [], "{ended:?}");
        std::fs::remove_dir_all(other).unwrap();
        match ended {
            Err(error) if unprovable && error.code() == "card-unproven" => {
                self.works(order()).unwrap().map(|end| drop(end.done()))
            }
            ended => ended,
        }
    }

    fn portrait(&mut self) -> Portrait {
        let (stored, counters, id) = self
            .device
            .with(|token| (token.public_objects().unwrap(), token.counters().unwrap(), card_id(token.identity())))
            .unwrap();
        let card = self.client.find_smartcard(id).unwrap().unwrap();
        let listed = self.client.certificates_of(Holder::Smartcard(card.uuid)).unwrap();
        let is_listed = |der: &[u8]| {
            let thumbprint = Certificate::from_der(der).unwrap().thumbprint_sha1();
            listed.iter().any(|row| row.thumbprint == thumbprint)
        };
        let object = |stored: &token::StoredKey| {
            let known = stored.certificate.as_deref().is_some_and(is_listed);
            (stored.has_private_key, stored.certificate.is_some(), known)
        };
        // A container that lost both keeps its name alone.
        let holds = |stored: &&token::StoredKey| stored.has_private_key || stored.certificate.is_some();
        let mut objects: Vec<_> = stored.iter().filter(holds).map(object).collect();
        objects.sort_unstable();
        let requests = self.client.requests(None).unwrap();
        let mut requests: Vec<_> =
            requests.iter().map(|request| format!("{:?} {:?}", request.request_type, request.status)).collect();
        requests.sort_unstable();
        let admin_key = format!("{:?}", self.client.admin_key_state(card.uuid).unwrap());
        Portrait { objects, counters, card: format!("{:?}", card.status), admin_key, issued: listed.len(), requests }
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.home));
    }
}

/// One flow on one kind of card, and what is there when nothing disturbs it.
struct Trial<'t> {
    lab: &'t Lab,
    kind: &'t Kind,
    flow: &'t Flow,
    proxy: Proxy,
    again: Again,
    expected: Portrait,
    /// The commands to the card, where it has any.
    headers: Vec<[u8; 4]>,
}

impl<'t> Trial<'t> {
    fn new(lab: &'t Lab, kind: &'t Kind, flow: &'t Flow, again: Again) -> Self {
        let mut undisturbed = Person::new(lab, kind, flow, None);
        undisturbed.works((flow.order)()).unwrap().unwrap().done();
        let headers = match &undisturbed.device {
            Device::Card(card, _) => card.headers(),
            Device::Memory(_) => Vec::new(),
        };
        let proxy = Proxy::before(lab.server.addr);
        Self { lab, kind, flow, proxy, again, expected: undisturbed.portrait(), headers }
    }

    /// Harms the work, and has it taken up if that cut it off; says whether it did.
    fn is_cut_off_by(&self, harm: Harm) -> bool {
        let told = format!("{} of {}, {harm:?}", self.flow.name, self.kind.name);
        let mut person = Person::new(self.lab, self.kind, self.flow, Some(&self.proxy));
        match harm {
            Harm::Pulled { at, after } => person.device.harm(at, after),
            Harm::Unanswered { at, carried_out } => self.proxy.set(Some(at), carried_out),
        }
        let first = person.works((self.flow.order)());
        self.proxy.set(None, false);
        person.device.mend();
        let cut_off = !matches!(first, Ok(Ok(_)));
        if cut_off {
            let again = match self.again {
                Again::Here => person.works((self.flow.order)()).unwrap().map(|end| drop(end.done())),
                // A card of the plain standard with everybody's admin key may have lost its old key, while nobody has
                // certified the new one; or all of its keys.
                Again::Elsewhere => {
                    let unprovable = self.kind.name == "PIV" && matches!(self.flow.name, "renew" | "retire");
                    person.works_elsewhere(self.flow.order, self.expected.requests.len(), unprovable)
                }
            };
            again.unwrap_or_else(|error| panic!("{told}: {first:?}, then {error:?}"));
        }
        assert_eq!(person.portrait(), self.expected, "{told}: {first:?}");
        cut_off
    }

    /// Pulls the card before and after each of its commands that is of this kind.
    fn pulled_at(&self, is_meant: fn(&[u8; 4]) -> bool) {
        let meant: Vec<_> = (0..self.headers.len()).filter(|at| is_meant(&self.headers[*at])).collect();
        assert!(!meant.is_empty(), "{:02X?}", self.headers);
        for at in meant {
            assert!(self.is_cut_off_by(Harm::Pulled { at, after: false }));
            assert!(self.is_cut_off_by(Harm::Pulled { at, after: true }));
        }
    }
}

pub const PULLED: [fn(usize) -> Harm; 2] =
    [|at| Harm::Pulled { at, after: false }, |at| Harm::Pulled { at, after: true }];
pub const UNANSWERED: [fn(usize) -> Harm; 2] =
    [|at| Harm::Unanswered { at, carried_out: false }, |at| Harm::Unanswered { at, carried_out: true }];

/// All flows on a kind of card.
pub fn column(kind: &Kind, again: Again, harms: &[fn(usize) -> Harm]) {
    let lab = (kind.lab)();
    for flow in FLOWS.iter().take(kind.flows) {
        let trial = Trial::new(&lab, kind, flow, again);
        let mut cut_off = 0;
        for harm in harms {
            cut_off += torture::points(0..MOST).take_while(|at| trial.is_cut_off_by(harm(*at))).count();
        }
        assert!(cut_off > 0, "{} of {} was never cut off", flow.name, kind.name);
    }
}

#[test]
fn a_card_that_keeps_the_admin_key_it_came_with_goes_on_at_the_change_of_its_puk() {
    let lab = of_cards();
    Trial::new(&lab, &KINDS[0], &FLOWS[0], Again::Here).pulled_at(|header| header[1] == 0x24 && header[3] == 0x81);
}

#[test]
fn a_renewed_key_is_removed_even_where_its_certificate_went_before() {
    let lab = (KINDS[2].lab)();
    Trial::new(&lab, &KINDS[2], &FLOWS[1], Again::Here).pulled_at(|header| header[1] == 0xE4);
}

#[test]
fn a_pulled_piv_card_comes_to_the_undisturbed_end() {
    column(&KINDS[0], Again::Here, &PULLED);
}

#[test]
fn a_pulled_yubikey_comes_to_the_undisturbed_end() {
    column(&KINDS[1], Again::Here, &PULLED);
}

#[test]
fn a_pulled_gids_card_comes_to_the_undisturbed_end() {
    column(&KINDS[2], Again::Here, &PULLED);
}

#[test]
fn a_pulled_pkcs11_token_comes_to_the_undisturbed_end() {
    column(&KINDS[3], Again::Here, &PULLED);
}

#[test]
fn a_server_that_does_not_answer_leaves_a_card_with_the_undisturbed_end() {
    // A PKCS#11 token has tests of its own for that.
    for kind in &KINDS[..3] {
        column(kind, Again::Here, &UNANSWERED);
    }
}

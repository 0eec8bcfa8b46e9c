//! A person with a card and the workstation: what they do, and what is there in the end.

use super::device::Device;
use super::{Act, Kind};
use crate::enrollment::bench::{Face, PIN};
use crate::enrollment::cards::Officer;
use crate::enrollment::real::{Lab, Proxy};
use crate::enrollment::ways;
use crate::support::directory;
use anyhow::Result;
use cardwright::client::CmClient;
use cardwright::cm::acts::LossReport;
use cardwright::cm::request::{CreateRequest, CreateTerms, Request, RequestStatus, RequestType};
use cardwright::cm::route::Holder;
use cardwright::enrollment::{self, EnrollOrder, Enrollment, Input, Journal, Order, Step, card_id, unblock_offline};
use cardwright::pkix::Certificate;
use cardwright::secret::{BearerToken, Pin};
use cardwright::token::{self, Counters, Credentials, LastTry, SecretKind};
use std::path::PathBuf;
use uuid::Uuid;

/// The PIN that somebody chooses in place of another.
pub const NEW_PIN: &str = "864209";

/// A person with a card.
pub struct Person {
    client: CmClient,
    pub bearer: String,
    /// Who helps them: the operator at the desk, and at the telephone.
    desk: CmClient,
    pub bearer_of_desk: String,
    /// The PIN that they know.
    pub pin: &'static str,
    make: fn() -> Device,
    pub device: Device,
    pub home: PathBuf,
    /// What the desk has asked for, for this person.
    pub request: Option<Uuid>,
    /// The work was broken off before.
    pub was_cut_off: bool,
    /// The request that the next work is told to go on with.
    goes_on_with: Option<Uuid>,
}

impl Person {
    /// A person whose calls go through the proxy.
    pub fn new(lab: &Lab, kind: &Kind, proxy: &Proxy) -> Self {
        let bearer = |groups: &[&str]| lab.bearer(&Uuid::new_v4().to_string(), groups).expose().to_owned();
        let client = |bearer: &str| lab.client_by(BearerToken::new(bearer.to_owned()), Some(proxy.addr));
        let (bearer, bearer_of_desk) = (bearer(&[]), bearer(&["operators"]));
        Self {
            client: client(&bearer),
            bearer,
            desk: client(&bearer_of_desk),
            bearer_of_desk,
            pin: PIN,
            make: kind.make,
            device: (kind.make)(),
            home: directory::fresh("matrix"),
            request: None,
            was_cut_off: false,
            goes_on_with: None,
        }
    }

    /// One process's life.
    fn works(&mut self, order: Order) -> Result<()> {
        let journal = Journal::open(self.home.clone()).unwrap();
        let (client, pin, request) = (&self.client, self.pin, self.goes_on_with);
        self.device.with(|token| -> Result<()> {
            let mut work = Enrollment::begin(client, &journal, token.identity(), order)?;
            if let Some(request) = request {
                work.go_on_with(request);
            }
            let mut face = Face { pins: [pin].into(), new_pin: pin, ..Face::default() };
            face.pump(&mut work, token)?.done();
            Ok(())
        })?
    }

    /// Takes the card to another workstation, where the request that is open is gone on with. Where the server has all,
    /// there is nothing to do; where nobody there can know the card (`unprovable`), it is taken back.
    pub fn works_elsewhere(&mut self, work: Act, requests: usize, unprovable: bool) -> Result<()> {
        let first = std::mem::replace(&mut self.home, directory::fresh("matrix"));
        let made = self.client.requests(None)?;
        let open = made.iter().find(|request| request.status != RequestStatus::Completed);
        let mut ended = Ok(());
        if open.is_some() || made.len() < requests {
            self.goes_on_with = open.map(|open| open.uuid);
            ended = work(self);
            self.goes_on_with = None;
        }
        let other = std::mem::replace(&mut self.home, first);
        assert_eq!(Journal::open(other.clone()).unwrap().unfinished().unwrap(), [], "{ended:?}");
        std::fs::remove_dir_all(other).unwrap();
        let is_unproven = |error: &anyhow::Error| {
            error.downcast_ref::<enrollment::Error>().is_some_and(|error| error.code() == "card-unproven")
        };
        match ended {
            Err(error) if unprovable && is_unproven(&error) => work(self),
            ended => ended,
        }
    }

    /// The card as the server knows it.
    pub fn smartcard(&mut self) -> Result<Uuid> {
        let id = self.device.with(|token| card_id(token.identity()))?;
        Ok(self.desk.find_smartcard(id)?.unwrap().uuid)
    }

    /// What is there, as the server and the card tell it.
    pub fn portrait(&mut self) -> Portrait {
        let pin = Pin::new(self.pin.to_owned());
        let (stored, counters, id, takes_pin) = self
            .device
            .with(|token| {
                let counters = token.counters().unwrap();
                let takes_pin = token.log_in(Credentials::user(&pin, LastTry::Keep)).is_ok();
                (token.public_objects().unwrap(), counters, card_id(token.identity()), takes_pin)
            })
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
        // Each call by telephone is a request of its own.
        let requests = self.client.requests(None).unwrap();
        let requests = requests.iter().filter(|request| request.request_type != RequestType::OfflineUnblock);
        let mut requests: Vec<_> =
            requests.map(|request| format!("{:?} {:?}", request.request_type, request.status)).collect();
        requests.sort_unstable();
        let mut cards: Vec<_> =
            self.client.smartcards().unwrap().iter().map(|card| format!("{:?}", card.status)).collect();
        cards.sort_unstable();
        let admin_key = format!("{:?}", self.client.admin_key_state(card.uuid).unwrap());
        let issued = self.client.certificates().unwrap().len();
        Portrait { objects, counters, takes_pin, cards, admin_key, issued, requests }
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// What is there at the end. Names of keys and requests differ from run to run.
#[derive(Debug, PartialEq)]
pub struct Portrait {
    /// Of each object: whether there are a key and a certificate, and whether the server lists that for the card.
    objects: Vec<(bool, bool, bool)>,
    counters: Counters,
    /// The person knows the PIN.
    takes_pin: bool,
    /// How the person's cards stand.
    cards: Vec<String>,
    admin_key: String,
    /// How many certificates the person has.
    issued: usize,
    pub requests: Vec<String>,
}

pub fn enroll(person: &mut Person) -> Result<()> {
    person.works(ways::enroll())
}

pub fn renew(person: &mut Person) -> Result<()> {
    person.works(ways::renew())
}

pub fn unblock(person: &mut Person) -> Result<()> {
    person.works(ways::unblock())
}

pub fn retire(person: &mut Person) -> Result<()> {
    person.works(ways::retire())
}

/// The desk retires the card, which is not at hand.
pub fn retire_lost(person: &mut Person) -> Result<()> {
    let id = person.device.with(|token| card_id(token.identity()))?;
    let journal = Journal::open(person.home.clone()).unwrap();
    let mut work = Enrollment::begin_lost(&person.desk, &journal, id, "gone".into(), "lost".into())?;
    let step = work.advance(None, Input::Nothing, &mut |_| {})?;
    anyhow::ensure!(matches!(step, Step::Done(_)), "{step:?}");
    Ok(())
}

/// The card is lost, and its certificates are revoked.
pub fn lose(person: &mut Person) -> Result<()> {
    let card = person.smartcard()?;
    person.desk.report_lost(card, &LossReport::default())?;
    Ok(())
}

/// Another card is asked for in place of the one that is lost, and is at hand.
pub fn get_another(person: &mut Person) -> Result<()> {
    let lost = person.smartcard()?;
    let order = CreateRequest::of_card(RequestType::Recover, Some(lost), "lost", CreateTerms::default());
    person.request = Some(person.desk.create_request(&order)?);
    person.device = (person.make)();
    Ok(())
}

/// The card is left at home, and suspended.
pub fn forget(person: &mut Person) -> Result<()> {
    let report = LossReport { reason: "forgotten".into(), ..LossReport::default() };
    let card = person.smartcard()?;
    person.desk.report_lost(card, &report)?;
    Ok(())
}

/// Puts keys onto the card that takes the place of the one that is lost.
pub fn replace(person: &mut Person) -> Result<()> {
    let request = person.request;
    person.works(Order::Enroll(EnrollOrder { request, ..EnrollOrder::default() }))
}

/// The person chooses another PIN. Whoever was cut off while it was changed tries the old one; where that is refused, the
/// card has the new one.
pub fn change_pin(person: &mut Person) -> Result<()> {
    let [old, new] = [person.pin, NEW_PIN].map(|pin| Pin::new(pin.to_owned()));
    let was_cut_off = person.was_cut_off;
    person.device.with(|token| match token.change_pin(&old, &new, LastTry::Keep) {
        Err(token::Error::SecretRefused { secret: SecretKind::Pin, .. }) if was_cut_off => {
            token.log_in(Credentials::user(&new, LastTry::Keep)).map(drop)
        }
        changed => changed,
    })??;
    person.pin = NEW_PIN;
    Ok(())
}

/// A new PIN in place of a forgotten one, with the desk at the telephone.
pub fn unblock_by_telephone(person: &mut Person) -> Result<()> {
    let card = person.smartcard()?;
    // A call that broke off has answered another code.
    let open = |request: &Request| matches!(request.status, RequestStatus::Approved | RequestStatus::Executing);
    for request in person.client.requests(None)?.iter().filter(|request| open(request)) {
        person.desk.cancel(request.uuid)?;
    }
    let mut officer = Officer::called(&person.desk, card)?;
    let new = Pin::new(NEW_PIN.to_owned());
    person.device.with(|token| unblock_offline(token, &mut officer, &new, LastTry::Keep))??;
    officer.end()?;
    person.pin = NEW_PIN;
    Ok(())
}

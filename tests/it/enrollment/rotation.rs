//! A newer master key reaches the cards at their next contact, wherever that breaks.

use super::bench::{End, Face, PIN};
use super::memory_rules::{Cipher, Rules};
use super::memory_token::{MemoryToken, TRIES};
use super::real::Proxy;
use super::ways::{enroll, renew, retire, unblock};
use crate::support::{data_directory, directory, gids, kryoptic, piv, torture};
use cardwright::client::{ClientConfig, CmClient, Login, Timeouts, Trust};
use cardwright::cm::request::{CreateRequest, RequestType};
use cardwright::cm::smartcard::AssignSmartcard;
use cardwright::enrollment::{Enrollment, Error, Event, Journal, Order, card_id};
use cardwright::pkix::Certificate;
use cardwright::secret::{BearerToken, Passphrase};
use cardwright::server::{self, Config, NewUser, RunningServer, Server};
use cardwright::token::Token;
use cardwright::virtual_card::GidsOptions;
use std::net::SocketAddr;
use std::path::PathBuf;
use time::OffsetDateTime;
use uuid::Uuid;

struct Lab {
    server: Option<RunningServer>,
    directory: PathBuf,
}

fn passphrase() -> Passphrase {
    Passphrase::new("a passphrase for tests".into())
}

impl Lab {
    fn new(default_key: &str, algorithm: &str) -> Self {
        let directory = directory::fresh("rotation");
        let made = data_directory::make(&directory.join("data"), passphrase().expose());
        let template = std::fs::read_to_string(&made.template).unwrap();
        let template = template
            .replacen("approvals_needed = 1", "approvals_needed = 0", 1)
            .replace("default_admin_key_hex = \"\"", &format!("default_admin_key_hex = \"{default_key}\""))
            .replace("generate = \"P-256\"", &format!("generate = {algorithm:?}"))
            .replace("\"keyEncipherment\"", "\"nonRepudiation\"");
        std::fs::write(&made.template, template).unwrap();
        let mut lab = Self { server: None, directory };
        lab.start();
        lab
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn start(&mut self) {
        let config =
            Config { data_dir: self.data(), listen: None, plain_http: true, passphrase: passphrase(), ca_pin: None };
        self.server = Some(Server::start(config).unwrap());
    }

    /// One more version of the master key, known to the server from now on.
    fn newer(&mut self) -> u32 {
        self.server.take().unwrap().stop().unwrap();
        let version = server::add_master_key(&self.data(), &passphrase(), None).unwrap();
        data_directory::seal_cheaply(&self.data(), passphrase().expose());
        self.start();
        version
    }

    fn addr(&self) -> SocketAddr {
        self.server.as_ref().unwrap().addr
    }

    fn person(&self, name: &str) -> String {
        let user = NewUser { name: name.into(), ..NewUser::default() };
        let expires = OffsetDateTime::now_utc() + time::Duration::days(1);
        server::user_add(&self.data(), user, expires).unwrap().token.expose().to_owned()
    }

    fn client(&self, bearer: &str, addr: SocketAddr) -> CmClient {
        let ca = Certificate::from_der(&self.server.as_ref().unwrap().ca_certificate).unwrap().to_pem().into_bytes();
        CmClient::new(ClientConfig {
            base_url: format!("http://{addr}").parse().unwrap(),
            trust: Trust::Pem(ca),
            login: Login::Bearer(BearerToken::new(bearer.into())),
            timeouts: Timeouts::default(),
        })
        .unwrap()
    }

    fn run(&self, client: &CmClient, token: &mut dyn Token, order: Order, face: &mut Face) -> Result<End, Error> {
        let journal = Journal::open(self.directory.join("journal")).unwrap();
        let mut enrollment = Enrollment::begin(client, &journal, token.identity(), order)?;
        face.pump(&mut enrollment, token)
    }

    /// Version and cards that need it.
    fn uses(&self) -> Vec<(u32, u64)> {
        let versions = server::master_key_versions(&self.data()).unwrap();
        versions.iter().map(|it| (it.version, it.cards)).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// More calls than any of these orders makes.
const CALLS: usize = 34;

/// Cards of the first master key, each cut at another call of the order that brings the second.
fn cut_everywhere(rules: Rules, order: fn() -> Order) {
    let mut lab = Lab::new("", "P-256");
    let addr = lab.addr();
    // The last of all lies beyond the end.
    let last = 2 * CALLS - 1;
    let mut people: Vec<_> = torture::points(0..last)
        .chain([last])
        .map(|number| {
            let bearer = lab.person(&format!("user{number}"));
            let mut token = MemoryToken::of(rules);
            lab.run(&lab.client(&bearer, addr), &mut token, enroll(), &mut Face::default()).unwrap().done();
            (number, bearer, token)
        })
        .collect();
    lab.newer();
    let proxy = Proxy::before(lab.addr());
    let mut ended = 0;
    for (number, bearer, token) in &mut people {
        let client = lab.client(bearer, proxy.addr);
        let before = (token.so_pin().to_owned(), token.puk().to_owned());
        proxy.set(Some(*number / 2), *number % 2 == 1);
        let broken = lab.run(&client, token, order(), &mut Face::default()).is_err();
        proxy.set(None, false);
        if broken {
            let again = lab.run(&client, token, order(), &mut Face::default());
            again.unwrap_or_else(|error| panic!("cut {number}: {error:?}")).done();
        } else {
            ended += 1;
        }
        assert_ne!(token.so_pin(), before.0, "cut {number}");
        if rules.has_puk {
            assert_ne!(token.puk(), before.1, "cut {number}");
        }
        assert_eq!(token.left(), (TRIES, TRIES, TRIES), "cut {number}");
    }
    assert!(ended > 0, "the orders make more than {CALLS} calls");
    assert_eq!(lab.uses(), [(1, 0), (2, people.len() as u64)]);
    // Every card answers by what the server thinks it has.
    for (_, bearer, token) in &mut people[..6] {
        lab.run(&lab.client(bearer, lab.addr()), token, retire(), &mut Face::default()).unwrap().done();
        assert_eq!(token.so_pin(), token.rules.default_key());
    }
}

/// A card for which an enrollment was given up by hand: what was let out there, and whether the card has it.
fn given_up(client: &CmClient, token: &mut MemoryToken, set: bool) -> String {
    let card_id = card_id(token.identity());
    let order = CreateRequest {
        data_collection: Vec::new(),
        request_type: RequestType::Enroll,
        profile_template: Some(client.list_profile_templates().unwrap()[0].uuid),
        smartcard: None,
        profile: None,
        target: None,
        comment: String::new(),
        priority: None,
        terms: None,
    };
    let request = client.create_request(&order).unwrap();
    let smartcard =
        client.assign_smartcard(&AssignSmartcard { request, card_id, atr: None, ..Default::default() }).unwrap();
    let key = hex::encode(client.diversified_key(request, smartcard, card_id, None).unwrap().expose());
    let puk = client.puk(request, smartcard, card_id, false).unwrap().next.unwrap();
    if set {
        token.set_so_pin(&key);
        token.set_puk(puk.expose());
    }
    client.abandon(request).unwrap();
    key
}

#[test]
fn an_enrollment_after_one_that_was_given_up_brings_keys_of_its_own_wherever_it_breaks() {
    let lab = Lab::new("", "P-256");
    let proxy = Proxy::before(lab.addr());
    for rules in [Rules::piv(Cipher::Aes), Rules::gids(), Rules::pkcs11()] {
        let mut ended = 0;
        for number in torture::points(0..4 * CALLS) {
            let (at, after, set) = (number / 4, number % 2 == 1, number % 4 > 1);
            let bearer = lab.person(&format!("user{}", Uuid::new_v4()));
            let mut token = MemoryToken::of(rules);
            let left_behind = given_up(&lab.client(&bearer, lab.addr()), &mut token, set);
            let puk = token.puk().to_owned();
            let client = lab.client(&bearer, proxy.addr);
            proxy.set(Some(at), after);
            let broken = lab.run(&client, &mut token, enroll(), &mut Face::default()).is_err();
            proxy.set(None, false);
            if broken {
                let again = lab.run(&client, &mut token, enroll(), &mut Face::default());
                assert!(
                    matches!(again, Ok(End::Done(_))),
                    "cut {at} {after} {set}: {again:?}, left {:?}",
                    token.left()
                );
            } else {
                ended += 1;
            }
            assert_ne!(token.so_pin(), left_behind, "cut {at} {after} {set}");
            assert_ne!(token.so_pin(), token.rules.default_key(), "cut {at} {after} {set}");
            if rules.has_puk {
                assert_ne!(token.puk(), puk, "cut {at} {after} {set}");
            }
            assert_eq!(token.left(), (TRIES, TRIES, TRIES), "cut {at} {after} {set}");
        }
        assert!(ended > 0, "the orders make more than {CALLS} calls");
    }
}

#[test]
fn a_renewal_brings_the_newest_keys_wherever_it_breaks() {
    cut_everywhere(Rules::piv(Cipher::Aes), renew);
    cut_everywhere(Rules::pkcs11(), renew);
}

#[test]
fn an_unblock_brings_the_newest_keys_wherever_it_breaks() {
    cut_everywhere(Rules::gids(), unblock);
    cut_everywhere(Rules::pkcs11(), unblock);
}

/// A card's life over three master keys, the first of which is removed when nothing needs it.
fn lives(default_key: &str, algorithm: &str, first_pin: &'static str, open: &mut dyn FnMut() -> Box<dyn Token>) {
    let mut lab = Lab::new(default_key, algorithm);
    let bearer = lab.person("alice");
    let run = |lab: &Lab, token: &mut dyn Token, order, pin: &'static str| {
        let mut face = Face { pins: [pin].into(), ..Face::default() };
        lab.run(&lab.client(&bearer, lab.addr()), token, order, &mut face).unwrap().done();
        face
    };
    run(&lab, &mut *open(), enroll(), first_pin);
    assert_eq!(lab.newer(), 2);
    assert_eq!(lab.uses(), [(1, 1), (2, 0)]);
    let renewed = run(&lab, &mut *open(), renew(), PIN);
    assert!(renewed.events.contains(&Event::AdminKeyChanged));
    assert_eq!(lab.uses(), [(1, 0), (2, 1)]);
    let again = run(&lab, &mut *open(), renew(), PIN);
    assert!(!again.events.contains(&Event::AdminKeyChanged));
    assert_eq!(lab.newer(), 3);
    lab.server.take().unwrap().stop().unwrap();
    server::remove_master_key(&lab.data(), 1).unwrap();
    lab.start();
    run(&lab, &mut *open(), unblock(), PIN);
    assert_eq!(lab.uses(), [(2, 0), (3, 1)]);
    run(&lab, &mut *open(), retire(), PIN);
    assert_eq!(lab.uses(), [(2, 0), (3, 0)]);
}

#[test]
fn a_piv_card_takes_up_the_newest_key() {
    let card = piv::card(piv::yubikey());
    lives(piv::ADMIN_KEY, "P-256", piv::PIN, &mut || Box::new(piv::open(&card)));
}

#[test]
fn a_gids_card_takes_up_the_newest_key() {
    let card = gids::ready(GidsOptions::default());
    let mut token = gids::open(&card);
    let (old, new) = (gids::pin(gids::PIN), gids::pin(PIN));
    token.change_pin(&old, &new, cardwright::token::LastTry::Keep).unwrap();
    drop(token);
    lives(gids::ADMIN_KEY, "RSA-2048", PIN, &mut || Box::new(gids::open(&card)));
}

#[test]
fn a_kryoptic_token_takes_up_the_newest_key() {
    let label = "rotation";
    let default_key = hex::encode([0x5A; 24]);
    drop(kryoptic::token(label, &default_key, PIN));
    let selector = cardwright::pkcs11::Selector::label(label);
    lives(&default_key, "P-256", PIN, &mut || Box::new(kryoptic::module().find(&selector).unwrap()));
}

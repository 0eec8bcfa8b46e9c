//! The driver against cardwright's own server: over TLS, and through a proxy that breaks connections.

use super::bench::{End, Face, PIN};
use super::memory_rules::{Cipher, FACTORY_PUK, Rules};
use super::memory_token::{MemoryToken, TRIES};
use super::softhsm::{content, fresh};
use super::ways::{enroll, renew, retire, unblock};
use crate::support::{data_directory, directory, torture};
use cardwright::client::{ClientConfig, CmClient, Login, Timeouts, Trust};
use cardwright::cm::beyond_mim::Decision;
use cardwright::cm::card_secrets::AdminKeyState;
use cardwright::cm::request::RequestStatus;
use cardwright::cm::route::Holder;
use cardwright::cm::smartcard::SmartcardStatus;
use cardwright::enrollment::{EnrollOrder, Enrollment, Error, Journal, Order, Outcome, card_id};
use cardwright::pkix::Certificate;
use cardwright::secret::{BearerToken, Passphrase};
use cardwright::server::{self, Config, NewUser, RunningServer, Server};
use cardwright::token::Token;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use time::OffsetDateTime;

pub struct Lab {
    pub server: RunningServer,
    directory: PathBuf,
}

impl Lab {
    /// The example template, with so many approvals needed for an enrollment.
    pub fn new(plain_http: bool, approvals: u32) -> Self {
        Self::with(plain_http, |template| {
            template.replacen("approvals_needed = 1", &format!("approvals_needed = {approvals}"), 1)
        })
    }

    /// The example template, edited.
    pub fn with(plain_http: bool, edit: impl FnOnce(String) -> String) -> Self {
        let directory = directory::fresh("real");
        let data_dir = directory.join("data");
        let passphrase = || Passphrase::new("a passphrase for tests".into());
        let made = data_directory::make(&data_dir, passphrase().expose());
        let template = std::fs::read_to_string(&made.template).unwrap();
        std::fs::write(&made.template, edit(template)).unwrap();
        let config = Config { data_dir, listen: None, plain_http, passphrase: passphrase(), ca_pin: None };
        Self { server: Server::start(config).unwrap(), directory }
    }

    pub fn client(&self, name: &str, groups: &[&str], proxy: Option<SocketAddr>) -> CmClient {
        self.client_by(self.bearer(name, groups), proxy)
    }

    /// Makes an account, and gives its bearer token.
    pub fn bearer(&self, name: &str, groups: &[&str]) -> BearerToken {
        let user = NewUser {
            name: name.into(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..NewUser::default()
        };
        let expires = OffsetDateTime::now_utc() + time::Duration::days(1);
        server::user_add(&self.directory.join("data"), user, expires).unwrap().token
    }

    /// Calls the server as whose token this is.
    pub fn client_by(&self, token: BearerToken, proxy: Option<SocketAddr>) -> CmClient {
        let ca = Certificate::from_der(&self.server.ca_certificate).unwrap().to_pem().into_bytes();
        self.client_of(token, Trust::Pem(ca), proxy)
    }

    fn client_of(&self, token: BearerToken, trust: Trust, proxy: Option<SocketAddr>) -> CmClient {
        let address = proxy.unwrap_or(self.server.addr);
        CmClient::new(ClientConfig {
            base_url: format!("{}://{address}", self.server.scheme).parse().unwrap(),
            trust,
            login: Login::Bearer(token),
            timeouts: Timeouts::default(),
        })
        .unwrap()
    }

    pub fn run(&self, client: &CmClient, token: &mut dyn Token, order: Order, face: &mut Face) -> Result<End, Error> {
        let journal = Journal::open(self.directory.join("journal")).unwrap();
        let mut enrollment = Enrollment::begin(client, &journal, token.identity(), order)?;
        face.pump(&mut enrollment, token)
    }

    pub fn journal(&self) -> PathBuf {
        self.directory.join("journal")
    }

    pub fn unfinished(&self) -> usize {
        Journal::open(self.journal()).unwrap().unfinished().unwrap().len()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[test]
fn a_softhsm_token_lives_with_our_own_server_over_tls() {
    let lab = Lab::new(false, 0);
    let client = lab.client("alice", &[], None);
    let mut token = fresh("enrollment real life");
    let run = |token: &mut dyn Token, order, face: &mut Face| lab.run(&client, token, order, face).unwrap().done();
    let done = run(&mut token, enroll(), &mut Face::default());
    let Outcome::Enrolled { installed, smartcard, .. } = done else { panic!() };
    let leaf = Certificate::from_der(&installed[0].certificate).unwrap();
    let ca = Certificate::from_der(&lab.server.ca_certificate).unwrap();
    leaf.verify_issued_by(&ca).unwrap();
    assert_eq!(leaf.subject(), "CN=alice");
    assert_eq!(client.admin_key_state(smartcard).unwrap(), AdminKeyState::Active);
    assert_eq!(content(&mut token, PIN)[0].certificate.as_deref(), Some(leaf.der()));

    let mut other = Face { new_pin: "8642097", ..Face::default() };
    run(&mut token, unblock(), &mut other);
    let face = || Face { pins: ["8642097"].into(), ..Face::default() };
    let Outcome::Renewed { installed, old, .. } = run(&mut token, renew(), &mut face()) else { panic!() };
    assert_eq!((installed.len(), old.len()), (1, 1));
    run(&mut token, retire(), &mut face());
    assert!(content(&mut token, "8642097").is_empty());
    let card = client.smartcard(smartcard).unwrap();
    assert_eq!((card.status, card.serial_number), (SmartcardStatus::Retired, card_id(token.identity())));
    let statuses: Vec<_> = client.requests(None).unwrap().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [RequestStatus::Completed; 4]);
    assert_eq!(lab.unfinished(), 0);
}

#[test]
fn an_approved_request_is_taken_up_and_a_denied_one_is_over() {
    let lab = Lab::new(false, 1);
    let client = lab.client("alice", &[], None);
    let officer = lab.client("bob", &["approvers"], None);
    for approve in [true, false] {
        let mut token = MemoryToken::fresh();
        let mut run = || lab.run(&client, &mut token, enroll(), &mut Face::default());
        let End::Pending { approvals_needed } = run().unwrap() else { panic!() };
        assert_eq!(approvals_needed, Some(1));
        let pending = officer.visible_requests(Some(RequestStatus::Pending)).unwrap();
        let decision = Decision { comment: "seen".into(), ..Decision::default() };
        if approve {
            officer.approve(pending[0].uuid, &decision).unwrap();
            run().unwrap().done();
        } else {
            officer.deny(pending[0].uuid, &decision).unwrap();
            assert_eq!(run().unwrap_err().code(), "request-denied");
        }
    }
}

#[test]
fn whoever_is_not_let_in_is_told_so() {
    let lab = Lab::new(false, 0);
    let mut token = MemoryToken::fresh();
    let ca = || Trust::Pem(Certificate::from_der(&lab.server.ca_certificate).unwrap().to_pem().into_bytes());
    let stranger = lab.client_of(BearerToken::new("nobody".into()), ca(), None);
    let error = lab.run(&stranger, &mut token, enroll(), &mut Face::default()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("not-authenticated", 6));
    let other_ca = Trust::Pem(crate::support::certificates::authority().as_bytes().to_vec());
    let client = lab.client_of(BearerToken::new("nobody".into()), other_ca, None);
    let error = lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("server-not-trusted", 5));
}

#[test]
fn a_card_of_somebody_else_is_refused() {
    let lab = Lab::new(false, 0);
    let (alice, bob) = (lab.client("alice", &[], None), lab.client("bob", &[], None));
    let mut token = MemoryToken::fresh();
    lab.run(&alice, &mut token, enroll(), &mut Face::default()).unwrap().done();
    let error = lab.run(&bob, &mut token, enroll(), &mut Face::default()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("card-already-assigned", 6));
    assert_eq!(token.keys().len(), 1);
    let error = lab.run(&bob, &mut token, unblock(), &mut Face::default()).unwrap_err();
    assert_eq!(error.code(), "card-unknown");
}

/// Passes calls on, one connection each, until it is told to lose one.
pub struct Proxy {
    pub addr: SocketAddr,
    dial: Arc<Mutex<Dial>>,
}

#[derive(Default)]
struct Dial {
    calls: usize,
    /// From this call on nothing passes.
    cut: Option<usize>,
    /// From the first call on whose path ends so, nothing passes.
    cut_at: Option<&'static str>,
    /// Whether the call itself still reaches the server.
    carried_out: bool,
}

impl Proxy {
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { addr: listener.local_addr().unwrap(), dial: Arc::default() };
        let dial = proxy.dial.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                pass_on(stream, server, &dial);
            }
        });
        proxy
    }

    pub fn set(&self, cut: Option<usize>, carried_out: bool) {
        *self.dial.lock().unwrap() = Dial { calls: 0, cut, cut_at: None, carried_out };
    }

    pub fn cut_at(&self, path: &'static str, carried_out: bool) {
        *self.dial.lock().unwrap() = Dial { calls: 0, cut: None, cut_at: Some(path), carried_out };
    }
}

fn pass_on(mut client: TcpStream, server: SocketAddr, dial: &Mutex<Dial>) {
    let Some(call) = read_call(&client) else { return };
    let (reaches, answers) = {
        let mut dial = dial.lock().unwrap();
        let number = dial.calls;
        dial.calls += 1;
        let line = call.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let path = String::from_utf8_lossy(line).replace(" HTTP/1.1", "");
        if dial.cut.is_none() && dial.cut_at.is_some_and(|end| path.ends_with(end)) {
            dial.cut = Some(number);
        }
        let cut = dial.cut.unwrap_or(usize::MAX);
        (number < cut || (number == cut && dial.carried_out), number < cut)
    };
    if !reaches {
        return;
    }
    let mut upstream = TcpStream::connect(server).unwrap();
    upstream.write_all(&call).unwrap();
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).unwrap();
    if answers {
        let _ = client.write_all(&answer);
    }
}

/// One call, told to be the last of its connection.
fn read_call(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let (mut call, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        call.push_str(&line);
    }
    call.push_str("Connection: close\r\n\r\n");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some([call.into_bytes(), body].concat())
}

/// Cuts the order at every call, before it reaches the server or after, and has it taken up.
fn cut_everywhere(enrolled: bool, order: fn() -> Order, check: fn(&CmClient, &MemoryToken)) {
    cut_everywhere_on(Rules::pkcs11(), enrolled, order, check);
}

fn cut_everywhere_on(rules: Rules, enrolled: bool, order: fn() -> Order, check: fn(&CmClient, &MemoryToken)) {
    let lab = Lab::new(true, 0);
    let proxy = Proxy::before(lab.server.addr);
    let mut user = 0;
    for carried_out in [false, true] {
        for cut in torture::points(0..) {
            assert!(cut < 60);
            user += 1;
            let client = lab.client(&format!("user{user}"), &[], Some(proxy.addr));
            let mut token = MemoryToken::of(rules);
            if rules.has_puk && !rules.tells_defaults {
                token.set_pin_to(PIN);
            }
            let mut run = |order: Order| lab.run(&client, &mut token, order, &mut Face::default());
            if enrolled {
                run(enroll()).unwrap().done();
            }
            proxy.set(Some(cut), carried_out);
            let broken = run(order()).is_err();
            proxy.set(None, false);
            if broken {
                run(order()).unwrap_or_else(|error| panic!("cut {cut}: {error:?}")).done();
            }
            let requests = client.requests(None).unwrap();
            assert_eq!(requests.len(), 1 + usize::from(enrolled), "cut {cut}");
            assert!(requests.iter().all(|request| request.status == RequestStatus::Completed), "cut {cut}");
            assert_eq!(lab.unfinished(), 0, "cut {cut}");
            assert_eq!(token.left(), (TRIES, TRIES, TRIES), "cut {cut}");
            check(&client, &token);
            if !broken {
                break;
            }
        }
    }
}

/// The thumbprints the server lists for the card, and those on the token.
fn listed_and_there(client: &CmClient, token: &MemoryToken) -> (Vec<String>, Vec<String>) {
    let card = client.find_smartcard(card_id(token.identity())).unwrap().unwrap();
    let listed = client.certificates_of(Holder::Smartcard(card.uuid)).unwrap();
    let there = token.certificates().iter().map(|der| Certificate::from_der(der).unwrap().thumbprint_sha1()).collect();
    (listed.into_iter().map(|certificate| certificate.thumbprint).collect(), there)
}

#[test]
fn nothing_is_made_twice_wherever_an_enrollment_breaks() {
    cut_everywhere(false, enroll, |client, token| {
        let (listed, there) = listed_and_there(client, token);
        assert_eq!((listed, token.generated, there.len()), (there.clone(), 1, 1));
    });
}

#[test]
fn nothing_is_made_twice_wherever_a_renewal_breaks() {
    cut_everywhere(true, renew, |client, token| {
        let (listed, there) = listed_and_there(client, token);
        // The example template's keys log on, and nothing is stored that they decrypt: the old one goes.
        assert_eq!((listed.len(), token.generated, there.len()), (2, 2, 1));
        assert!(there.iter().all(|thumbprint| listed.contains(thumbprint)));
    });
}

#[test]
fn an_unblock_and_a_retirement_come_to_their_end_wherever_they_break() {
    cut_everywhere(true, unblock, |_, token| assert_eq!(token.pin(), Some(PIN)));
    cut_everywhere(true, retire, |client, token| {
        assert_eq!(token.keys(), []);
        let card = client.find_smartcard(card_id(token.identity())).unwrap().unwrap();
        assert_eq!(card.status, SmartcardStatus::Retired);
    });
}

#[test]
fn a_card_over_pcsc_comes_to_its_end_wherever_its_work_breaks() {
    let rules = Rules::bare_piv(Cipher::Aes);
    let in_order = |client: &CmClient, token: &MemoryToken| {
        let (listed, there) = listed_and_there(client, token);
        assert!(there.len() == 1 && listed.contains(&there[0]));
        assert_eq!(token.puk().len(), 8);
        assert_ne!((token.puk(), token.so_pin()), (FACTORY_PUK, token.rules.default_key().as_str()));
    };
    cut_everywhere_on(rules, false, enroll, in_order);
    cut_everywhere_on(rules, true, renew, in_order);
    cut_everywhere_on(rules, true, unblock, in_order);
    cut_everywhere_on(rules, true, retire, |client, token| {
        let card = client.find_smartcard(card_id(token.identity())).unwrap().unwrap();
        assert_eq!(card.status, SmartcardStatus::Retired);
        assert_eq!((token.puk(), token.so_pin()), (FACTORY_PUK, token.rules.default_key().as_str()));
        assert_eq!(client.admin_key_state(card.uuid).unwrap(), AdminKeyState::Default);
    });
}

#[test]
fn an_order_for_an_existing_request_finds_it() {
    let lab = Lab::new(true, 0);
    let client = lab.client("alice", &[], None);
    let known = client.list_profile_templates().unwrap();
    let request = client
        .create_request(&cardwright::cm::request::CreateRequest {
            profile_template: Some(known[0].uuid),
            data_collection: Vec::new(),
            target: None,
            request_type: cardwright::cm::request::RequestType::Enroll,
            comment: String::new(),
            priority: None,
            smartcard: None,
            profile: None,
            terms: None,
        })
        .unwrap();
    let mut token = MemoryToken::fresh();
    let order = Order::Enroll(EnrollOrder { request: Some(request), ..Default::default() });
    lab.run(&client, &mut token, order, &mut Face::default()).unwrap().done();
    assert_eq!(client.request(request).unwrap().status, RequestStatus::Completed);
}

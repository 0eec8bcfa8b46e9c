//! The authorities' certificates come onto a GIDS card as the template says, and nothing ever fails for their sake.

use super::bench::{Face, PIN};
use super::keys::{lab, settled};
use super::real::Lab;
use super::ways::{enroll, renew, retire};
use crate::malice::cards::Forged;
use crate::support::certificates::{authority, named};
use crate::support::gids::{self, ready};
use crate::support::{msroots, site};
use cardwright::client::CmClient;
use cardwright::enrollment::{Event, Journal, Outcome};
use cardwright::gids::GidsToken;
use cardwright::pkix::Certificate;
use cardwright::secret::Pin;
use cardwright::token::{Credentials, LastTry, Token};
use cardwright::virtual_card::{Dial, GidsCard, GidsOptions, SharedCard};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

struct Bench {
    lab: Lab,
    client: CmClient,
    card: SharedCard,
    token: GidsToken,
}

impl Bench {
    fn new(do_not_install: bool) -> Self {
        let lab = lab(|template| {
            let said = format!("{do_not_install}");
            site::keys(site::set(template, "[smartcard]", "do_not_install_ca_certificates", &said), "RSA-2048")
        });
        let client = lab.client("alice", &[], None);
        let card = ready(GidsOptions::default());
        let mut token = gids::open(&card);
        settled(&mut token);
        Self { lab, client, card, token }
    }

    /// The events of an order that is carried out.
    fn done(&mut self, order: cardwright::enrollment::Order) -> (Outcome, Vec<Event>) {
        let mut face = Face::default();
        let outcome = self.lab.run(&self.client, &mut self.token, order, &mut face).unwrap().done();
        (outcome, face.events)
    }

    /// The site's CA, as OpenSSL prints it.
    fn ca(&self) -> String {
        Certificate::from_der(&self.lab.server.ca_certificate).unwrap().subject()
    }

    fn write(&mut self, certificates: &[Vec<u8>]) {
        let pin = Pin::new(PIN.into());
        let mut session = self.token.log_in(Credentials::user(&pin, LastTry::Keep)).unwrap();
        session.write_ca_certificates(certificates).unwrap();
    }
}

fn left(events: &[Event]) -> Option<&str> {
    events.iter().find_map(|event| match event {
        Event::AuthoritiesLeft { reason } => Some(reason.as_str()),
        _ => None,
    })
}

#[test]
fn they_come_with_the_first_certificate_and_go_with_the_last() {
    let mut bench = Bench::new(false);
    let theirs = Certificate::from_pem(authority()).unwrap();
    bench.write(&[theirs.der().to_vec()]);
    let theirs = theirs.subject();
    let (_, events) = bench.done(enroll());
    assert!(events.contains(&Event::AuthoritiesWritten { count: 1 }), "{events:?}");
    let mut both = vec![bench.ca(), theirs.clone()];
    both.sort();
    assert_eq!(msroots::subjects(&bench.card), both);
    let (_, events) = bench.done(renew());
    assert!(!events.iter().any(|event| matches!(event, Event::AuthoritiesWritten { .. })), "they were there");
    assert_eq!(msroots::subjects(&bench.card), both);
    let (_, events) = bench.done(retire());
    assert!(events.contains(&Event::AuthoritiesRemoved { count: 1 }), "{events:?}");
    assert_eq!(msroots::subjects(&bench.card), [theirs]);
}

#[test]
fn none_comes_where_the_template_wants_none() {
    let mut bench = Bench::new(true);
    bench.done(enroll());
    assert_eq!(msroots::place(&bench.card), None);
}

#[test]
fn a_file_that_cannot_be_read_stays_and_the_card_is_enrolled_and_retired() {
    let mut bench = Bench::new(false);
    bench.write(&[Certificate::from_pem(authority()).unwrap().der().to_vec()]);
    let (file, tag) = msroots::place(&bench.card).unwrap();
    bench.token.change_pin(&Pin::new(PIN.into()), &gids::pin(gids::PIN), LastTry::Keep).unwrap();
    gids::put_object(&bench.card, file, tag, b"no bundle");
    settled(&mut bench.token);
    let (outcome, events) = bench.done(enroll());
    assert!(matches!(outcome, Outcome::Enrolled { .. }));
    assert!(left(&events).unwrap().contains("stays as it is"), "{events:?}");
    let (outcome, events) = bench.done(retire());
    assert!(matches!(outcome, Outcome::Retired { .. }));
    assert!(left(&events).unwrap().contains("stays as it is"), "{events:?}");
    assert_eq!(msroots::file(&bench.card).unwrap(), b"no bundle");
}

#[test]
fn a_card_that_was_pulled_at_any_command_has_them_when_it_is_enrolled() {
    let mut bench = Bench::new(false);
    let blank = bench.card.with_card(|card| card.state()).unwrap();
    bench.card.forget_headers();
    bench.done(enroll());
    let commands = bench.card.headers().len();
    bench.done(retire());
    let ca = bench.ca();
    // The certificate and all that comes after it is at the end.
    for at in commands - 12..=commands - 2 {
        bench.card = SharedCard::new(Box::new(GidsCard::from_state(&blank).unwrap()));
        bench.token = gids::open(&bench.card);
        bench.card.set_dial(format!("remove-after@{at}").parse().unwrap());
        let cut = bench.lab.run(&bench.client, &mut bench.token, enroll(), &mut Face::default());
        bench.card.set_dial(Dial::default());
        bench.card.insert_again();
        if cut.is_err() {
            let journal = Journal::open(bench.lab.journal()).unwrap();
            assert_eq!(journal.unfinished().unwrap().len(), 1, "{at}");
            bench.done(enroll());
        }
        assert_eq!(msroots::subjects(&bench.card), std::slice::from_ref(&ca), "{at}: {cut:?}");
        bench.done(retire());
        assert_eq!(msroots::place(&bench.card), None, "{at}");
    }
}

#[test]
fn a_card_without_room_for_them_is_enrolled_all_the_same() {
    let mut bench = Bench::new(false);
    let blank = bench.card.with_card(|card| card.state()).unwrap();
    let mut packed = 0;
    // What is packed is the certificate first, and then the file.
    bench.card = Forged::slot(Box::new(GidsCard::from_state(&blank).unwrap()), move |command, _| {
        let writes = command[1] == 0xDB && command.windows(5).take(16).any(|it| it[..2] == [1, 0] && it[4] == 0x78);
        packed += usize::from(writes);
        (writes && packed == 2).then(|| vec![0x6A, 0x84])
    });
    bench.token = gids::open(&bench.card);
    let (outcome, events) = bench.done(enroll());
    assert!(matches!(outcome, Outcome::Enrolled { .. }));
    assert_eq!(left(&events), Some("the token is full"));
    assert_eq!(msroots::place(&bench.card), None);
    bench.done(retire());
}

#[test]
fn a_name_that_stands_in_a_circle_ends() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = named("ring");
    let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    let ring = Certificate::from_pem(&pem).unwrap();
    let found = cardwright::pkix::authorities_above(std::slice::from_ref(&ring), std::slice::from_ref(&ring));
    assert_eq!(found.len(), 1);
}

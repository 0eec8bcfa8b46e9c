//! A renewal that breaks off where the old key was shown, or was about to be: it is taken up, or refused in words, and
//! the old key is still there.

use super::bench::{End, Face, PIN};
use super::keys::{lab, settled};
use super::memory_rules::{Cipher, Rules};
use super::memory_token::{Cut, MemoryToken, TRIES};
use super::real::{Lab, Proxy};
use super::softhsm::fresh;
use super::ways::{enroll, renew};
use crate::support::{gids, piv, site, torture};
use cardwright::client::CmClient;
use cardwright::cm::request::{CreateRequest, RequestStatus, RequestType};
use cardwright::enrollment::{Enrollment, Error, Event, Journal};
use cardwright::pkix::Certificate;
use cardwright::token::{Token, Tries};
use cardwright::virtual_card::{GidsOptions, PivOptions, SharedCard};
use uuid::Uuid;

/// More cuts than a renewal has steps.
const MOST: usize = 60;

type Holder = Box<dyn Token>;

/// A card of each kind that a person has begun to use, with a server whose keys it makes.
fn kinds() -> Vec<(Lab, Holder)> {
    let of_piv = |options| {
        let mut token = piv::open(&piv::card(options));
        settled(&mut token);
        (lab(|template| template), Box::new(token) as Holder)
    };
    let of_gids = || {
        let lab = lab(|template| site::keys(template, "RSA-2048"));
        (lab, Box::new(gids::open(&gids::ready(GidsOptions::default()))) as Holder)
    };
    let softhsm = || (Lab::new(true, 0), Box::new(fresh(&Uuid::new_v4().simple().to_string())) as Holder);
    vec![of_piv(piv::plain()), of_piv(piv::yubikey()), of_gids(), softhsm()]
}

fn pin_of(token: &dyn Token) -> &'static str {
    if token.identity().kind == "GIDS" { gids::PIN } else { PIN }
}

/// One process's life of a renewal, and what it told.
fn renewed(lab: &Lab, client: &CmClient, token: &mut dyn Token) -> (Result<(), Error>, Vec<Event>) {
    let mut face = Face { pins: [pin_of(token)].into(), new_pin: PIN, ..Face::default() };
    let ended = lab.run(client, token, renew(), &mut face).map(|end| drop(end.done()));
    (ended, face.events)
}

/// The certificates on the card, each with the key that it is for.
fn certificates(token: &mut dyn Token) -> Vec<Vec<u8>> {
    token.public_objects().unwrap().into_iter().filter_map(|stored| stored.certificate).collect()
}

/// A person with a card, behind a proxy that breaks the call in which the old key is shown.
fn broken_off(lab: &Lab, token: &mut dyn Token, carried_out: bool) -> (CmClient, Proxy, Vec<Vec<u8>>) {
    let proxy = Proxy::before(lab.server.addr);
    let client = lab.client(&format!("victor {carried_out}"), &[], Some(proxy.addr));
    let mut face = Face { pins: [pin_of(token)].into(), new_pin: PIN, ..Face::default() };
    lab.run(&client, token, enroll(), &mut face).unwrap().done();
    let before = certificates(token);
    proxy.cut_at("/possession", carried_out);
    let error = renewed(lab, &client, token).0.unwrap_err();
    assert_eq!((error.code(), error.stage), ("server-unreachable", cardwright::enrollment::Stage::ShowOldKey));
    proxy.set(None, false);
    assert_eq!((certificates(token), lab.unfinished()), (before.clone(), 1), "nothing on the card has changed");
    (client, proxy, before)
}

#[test]
fn a_renewal_cut_where_the_old_key_is_shown_is_taken_up() {
    for carried_out in [false, true] {
        for (lab, mut token) in kinds() {
            let (client, _proxy, before) = broken_off(&lab, &mut *token, carried_out);
            let (ended, events) = renewed(&lab, &client, &mut *token);
            ended.unwrap();
            // The server says whether it has it; the note was not written.
            let shown = events.iter().filter(|event| **event == Event::OldKeyShown).count();
            assert_eq!(shown, usize::from(!carried_out));
            let now = certificates(&mut *token);
            assert!(now.len() == 1 && now != before);
            let requests = client.requests(None).unwrap();
            assert!(requests.len() == 2 && requests.iter().all(|request| request.status == RequestStatus::Completed));
            assert_eq!(lab.unfinished(), 0);
            let left = token.counters().unwrap().user;
            assert!(matches!(left, Tries::Left(3) | Tries::Full), "{left:?}");
        }
    }
}

/// How many commands a renewal sends to the card, with the old key shown and without.
fn commands(options: fn() -> PivOptions, dial: &str, possession: &str) -> usize {
    let lab = lab(|template| site::set(template, "[workflows.renew]", "possession", possession));
    let card = piv::card(options());
    settled(&mut piv::open(&card));
    card.set_dial(dial.parse().unwrap());
    counted(&lab, &card, &mut piv::open(&card))
}

fn commands_of_gids(possession: &str) -> usize {
    let lab =
        lab(|template| site::keys(site::set(template, "[workflows.renew]", "possession", possession), "RSA-2048"));
    let card = gids::ready(GidsOptions::default());
    counted(&lab, &card, &mut gids::open(&card))
}

fn counted(lab: &Lab, card: &SharedCard, token: &mut dyn Token) -> usize {
    let client = lab.client("victor", &[], None);
    let mut face = Face { pins: [pin_of(token)].into(), new_pin: PIN, ..Face::default() };
    lab.run(&client, token, enroll(), &mut face).unwrap().done();
    card.forget_headers();
    renewed(lab, &client, token).0.unwrap();
    card.headers().len()
}

/// The tries left and the PIN, the key looked up, its signature; and the card selected anew for the login after it.
#[test]
fn showing_the_old_key_costs_a_card_so_many_commands() {
    let more = |count: &dyn Fn(&str) -> usize| count("\"demanded\"") - count("\"none\"");
    let counts = [
        more(&|possession| commands(piv::plain, "", possession)),
        more(&|possession| commands(piv::yubikey, "", possession)),
        more(&|possession| commands(piv::yubikey, "short", possession)),
        more(&commands_of_gids),
    ];
    assert_eq!(counts, [6, 6, 6, 8]);
}

/// While the renewal waits for its client, the card is reported stolen.
#[test]
fn a_renewal_cut_there_is_refused_once_the_old_certificate_is_revoked() {
    for (lab, mut token) in kinds() {
        let (client, _proxy, before) = broken_off(&lab, &mut *token, true);
        let operator = lab.client("olga", &["operators"], None);
        let card = client.smartcards().unwrap().pop().unwrap();
        let order = CreateRequest {
            profile_template: None,
            data_collection: Vec::new(),
            target: None,
            request_type: RequestType::Revoke,
            comment: "stolen".into(),
            priority: None,
            smartcard: Some(card.uuid),
            profile: None,
            terms: None,
        };
        operator.complete(operator.create_request(&order).unwrap()).unwrap();
        // The renewal was closed with the card, and another one is not begun.
        for code in ["request-canceled", "card-not-active"] {
            let error = renewed(&lab, &client, &mut *token).0.unwrap_err();
            assert_eq!((error.code(), error.exit_class() as u8), (code, 6), "{error:?}");
            assert_eq!(lab.unfinished(), 0);
        }
        assert_eq!(certificates(&mut *token), before, "the old key is still there");
        assert_eq!(client.certificates().unwrap().len(), 0, "nothing was issued");
    }
}

/// Cuts the power of the token at each step of a renewal that shows the old key, before it and after it.
#[test]
fn a_renewal_that_shows_the_old_key_survives_a_cut_of_the_token_anywhere() {
    let lab = Lab::new(true, 0);
    let kinds: [(fn() -> Rules, usize); 3] =
        [(Rules::pkcs11, 1), (|| Rules::bare_piv(Cipher::Aes), 2), (Rules::gids, 1)];
    for (rules, most_keys) in kinds {
        for point in [Cut::Before as fn(usize) -> Cut, Cut::After] {
            let cuts = torture::points(0..MOST).take_while(|at| survives(&lab, rules(), point(*at), most_keys)).count();
            assert!((1..MOST).contains(&cuts), "{cuts} cuts of {:?}", point(0));
        }
    }
}

/// False once the cut lies beyond the end.
fn survives(lab: &Lab, rules: Rules, cut: Cut, most_keys: usize) -> bool {
    let client = lab.client(&Uuid::new_v4().to_string(), &[], None);
    let mut token = MemoryToken::of(rules);
    if rules.has_puk && !rules.tells_defaults {
        token.set_pin_to(PIN);
    }
    let run = |token: &mut MemoryToken, order| {
        lab.run(&client, token, order, &mut Face::default()).map(|end| drop(end.done()))
    };
    run(&mut token, enroll()).unwrap();
    let (before, generated) = (token.certificates(), token.generated);
    token.repair(Some(cut));
    let broken = run(&mut token, renew());
    token.repair(None);
    if let Err(error) = &broken {
        run(&mut token, renew()).unwrap_or_else(|later| panic!("{cut:?}: {error:?}, then {later:?}"));
    }
    let issued = client.certificates().unwrap();
    let there = token.certificates();
    assert!(there.len() == 1 && there != before, "{cut:?}");
    let thumbprint = Certificate::from_der(&there[0]).unwrap().thumbprint_sha1();
    assert!(issued.iter().any(|certificate| certificate.thumbprint == thumbprint), "{cut:?}");
    assert!((1..=most_keys).contains(&(token.generated - generated)), "{cut:?}");
    assert_eq!((token.left(), lab.unfinished()), ((TRIES, TRIES, TRIES), 0), "{cut:?}");
    assert_eq!(client.requests(None).unwrap().len(), 2, "{cut:?}: no second request");
    broken.is_err()
}

/// A key counts no more once its certificate has ended, and one process waits for the approval in its place.
#[test]
fn an_approval_stands_in_for_an_old_key_whose_certificate_has_ended() {
    let lab = lab(|template| template);
    let (client, officer) = (lab.client("victor", &[], None), lab.client("boris", &["approvers"], None));
    let mut token = piv::open(&piv::card(piv::yubikey()));
    settled(&mut token);
    lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap().done();
    let before = certificates(&mut token);
    let database = rusqlite::Connection::open(lab.journal().with_file_name("data").join("cardwright.db")).unwrap();
    let ended = (time::OffsetDateTime::now_utc() - time::Duration::DAY).unix_timestamp() * 1_000_000;
    assert_eq!(database.execute("UPDATE certificates SET not_after = ?1", [ended]).unwrap(), 1);
    let journal = Journal::open(lab.journal()).unwrap();
    let mut work = Enrollment::begin(&client, &journal, token.identity(), renew()).unwrap();
    let mut face = Face::default();
    for _ in 0..2 {
        let end = face.pump(&mut work, &mut token).unwrap();
        assert!(matches!(end, End::Pending { approvals_needed: Some(1) }), "{end:?}");
        assert!(face.events.contains(&Event::OldKeyMissing) && !face.events.contains(&Event::OldKeyShown));
        assert_eq!(certificates(&mut token), before);
    }
    officer.approve(work.record().unwrap().request().unwrap(), &Default::default()).unwrap();
    face.pump(&mut work, &mut token).unwrap().done();
    assert_ne!(certificates(&mut token), before);
}

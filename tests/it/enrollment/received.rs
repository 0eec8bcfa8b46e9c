//! Keys that the server makes or brings back are on the card before the request is completed, on every kind of card.

use super::bench::{Face, PIN};
use super::keys::{lab, settled};
use super::real::Lab;
use super::softhsm::fresh;
use super::ways::{enroll, renew, retire};
use crate::malice::cards::Forged;
use crate::support::certificates::certificate_for;
use crate::support::{gids, piv, site};
use cardwright::client::CmClient;
use cardwright::cm::request::RequestStatus;
use cardwright::enrollment::{
    EnrollOrder, Enrollment, Event, Input, Journal, KeyReceiver, Order, Outcome, RenewOrder, Step,
};
use cardwright::pkix::{Certificate, KeyAlgorithm, KeyKind, PublicKey, SignatureAlgorithm, pfx};
use cardwright::secret::{Passphrase, Pin};
use cardwright::token::{Admin, Credentials, KeyId, KeyOrder, LastTry, Session, StoredKey, Token};
use cardwright::virtual_card::{GidsOptions, PivCard, PivOptions};

pub const MAIL: &str = r#"
[[additional_certificates]]
key = { generate = "P-256", generated_by = "server", pfx_rounds = 2000, archive = true }
certificate = { template_name = "Encryption", key_usages = ["keyAgreement"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

pub fn with_mail(algorithm: &str) -> Lab {
    lab(|template| {
        let mail = MAIL.replace("P-256", algorithm);
        site::keys(template, algorithm).replacen("\n[revocation]", &mail, 1)
    })
}

pub fn old_yubikey() -> PivOptions {
    PivOptions { version: [5, 4, 3], ..PivOptions::yubikey() }
}

pub fn log_in(token: &mut dyn Token) -> Box<dyn Session + '_> {
    token.log_in(Credentials::user(&Pin::new(PIN.into()), LastTry::Keep)).unwrap()
}

fn is_for_mail(stored: &StoredKey) -> Option<Certificate> {
    let certificate = Certificate::from_der(stored.certificate.as_ref()?).unwrap();
    let mail = certificate.extended_key_usage().unwrap().contains(&"1.3.6.1.5.5.7.3.4".to_owned());
    mail.then_some(certificate)
}

/// The keys for mail, each proven by a signature of the card's in a session of its own.
pub fn mail_keys(token: &mut dyn Token) -> Vec<(KeyId, PublicKey)> {
    let mut session = log_in(token);
    let stored = session.list().unwrap();
    let keys = stored.iter().filter_map(|stored| Some((stored.id.clone(), is_for_mail(stored)?.public_key().unwrap())));
    let keys: Vec<_> = keys.collect();
    for (id, key) in &keys {
        let algorithm = match key.kind() {
            KeyKind::Rsa { .. } => SignatureAlgorithm::RsaPkcs1Sha256,
            _ => SignatureAlgorithm::EcdsaSha256,
        };
        key.verify(algorithm, b"m", &session.sign(id, algorithm, b"m").unwrap()).unwrap();
    }
    keys
}

/// A life of two renewals; returns the ids of the keys for mail, and those keys, as they were made.
fn life(lab: &Lab, client: &CmClient, token: &mut dyn Token) -> Vec<KeyId> {
    let mut made: Vec<PublicKey> = Vec::new();
    let mut ids = Vec::new();
    for order in [enroll(), renew(), renew()] {
        let mut face = Face::default();
        let outcome = lab.run(client, token, order, &mut face).unwrap().done();
        let (Outcome::Enrolled { installed, .. } | Outcome::Renewed { installed, .. }) = outcome else { panic!() };
        assert!(installed.len() >= 2, "the received key is told as well");
        let keys = mail_keys(token);
        assert_eq!(keys.len(), made.len() + 1, "none is lost, none is there twice");
        assert!(made.iter().all(|old| keys.iter().any(|(_, key)| key == old)), "an old key is gone");
        let new: Vec<_> = keys.iter().filter(|(_, key)| !made.contains(key)).collect();
        // What it takes the place of was safe before.
        let brought = face.events.iter().rfind(|event| matches!(event, Event::KeyBrought { .. }));
        assert!(matches!(brought, Some(Event::KeyBrought { key, .. }) if *key == new[0].0), "{brought:?}");
        made.push(new[0].1.clone());
        ids = made.iter().map(|key| keys.iter().find(|(_, it)| it == key).unwrap().0.clone()).collect();
    }
    assert_eq!(lab.unfinished(), 0);
    lab.run(client, token, retire(), &mut Face::default()).unwrap().done();
    let mut session = log_in(token);
    for (id, key) in ids.iter().zip(&made) {
        assert!(!session.holds(id, key).unwrap(), "a retired card still has {id:?}");
    }
    drop(session);
    assert!(token.public_objects().unwrap().is_empty());
    ids
}

#[test]
fn a_yubikey_gets_them_into_9d_and_the_retired_places() {
    for options in [old_yubikey(), piv::yubikey()] {
        let lab = with_mail("P-256");
        let client = lab.client("alice", &[], None);
        let mut token = piv::open(&piv::card(options));
        settled(&mut token);
        let ids = life(&lab, &client, &mut token);
        assert_eq!(ids, [0x82, 0x83, 0x9D].map(|place| KeyId(vec![place])));
    }
}

#[test]
fn what_somebody_else_has_in_their_place_stays_unless_it_may_be_replaced() {
    let lab = with_mail("P-256");
    let client = lab.client("alice", &[], None);
    let mut token = piv::open(&piv::card(old_yubikey()));
    settled(&mut token);
    let id = KeyId(vec![0x9D]);
    let key = token.factory().admin_key();
    let mut session = token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).unwrap();
    let (label, algorithm) = (String::new(), KeyAlgorithm::P256);
    let theirs =
        session.generate(&KeyOrder { id: id.clone(), label, algorithm, decrypts: true, replace: false }).unwrap();
    session.write_certificate(&id, "", &certificate_for(&theirs, "theirs")).unwrap();
    drop(session);
    let error = lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap_err();
    assert_eq!(error.code(), "key-not-taken");
    assert!(error.remedy().contains("--replace"), "{}", error.remedy());
    assert!(log_in(&mut token).holds(&id, &theirs).unwrap());
    let over = Order::Enroll(EnrollOrder { replace: true, give_up_old_key: true, ..EnrollOrder::default() });
    lab.run(&client, &mut token, over, &mut Face::default()).unwrap().done();
    assert!(!log_in(&mut token).holds(&id, &theirs).unwrap());
}

#[test]
fn a_gids_card_gets_them_into_containers() {
    let lab = with_mail("RSA-2048");
    let client = lab.client("alice", &[], None);
    let mut token = gids::open(&gids::ready(GidsOptions::default()));
    settled(&mut token);
    life(&lab, &client, &mut token);
}

#[test]
fn a_softhsm_token_gets_them_as_objects() {
    for algorithm in ["P-256", "RSA-2048"] {
        let lab = lab(|template| {
            let template = site::set(template, "[smartcard]", "default_admin_key_hex", "\"\"");
            site::keys(template, algorithm).replacen("\n[revocation]", &MAIL.replace("P-256", algorithm), 1)
        });
        let client = lab.client("alice", &[], None);
        let mut token = fresh(&format!("received {algorithm}"));
        life(&lab, &client, &mut token);
    }
}

#[test]
fn a_card_that_takes_no_key_after_all_completes_nothing_unless_a_file_has_it() {
    let lab = with_mail("P-256");
    let client = lab.client("alice", &[], None);
    // That it imports nothing shows only when it is told to.
    let card = Forged::slot(Box::new(PivCard::new(old_yubikey()).unwrap()), |command, _| {
        (command[1] == 0xFE).then(|| vec![0x6D, 0x00])
    });
    let mut token = piv::open(&card);
    settled(&mut token);
    for _ in 0..2 {
        let error = lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap_err();
        assert_eq!(error.code(), "key-not-taken");
        assert!(error.remedy().contains("--pfx-to"));
        let request = client.request(error.request.unwrap()).unwrap();
        assert_eq!(request.status, RequestStatus::Executing);
    }
    let text = journal_text(&lab);
    let mut kept = Vec::new();
    let journal = Journal::open(lab.journal()).unwrap();
    let mut work = Enrollment::begin(&client, &journal, token.identity(), enroll()).unwrap();
    work.receive_keys(KeyReceiver {
        password: Passphrase::new("a password of the face's".into()),
        keep: Box::new(|key| {
            kept.push(key.pfx.to_vec());
            Ok(())
        }),
    });
    let step = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Need(_)));
    let pin = Input::Pin(Pin::new(PIN.into()), LastTry::Keep);
    let step = work.advance(Some(&mut token), pin, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    drop(work);
    let (key, _) = pfx::read(&kept[0], "a password of the face's").unwrap();
    assert!(!text.contains(&hex::encode(&key.expose_pkcs8()[40..60])), "a private key in the journal");
    assert_eq!(token.public_objects().unwrap().len(), 1);
}

fn journal_text(lab: &Lab) -> String {
    let files = std::fs::read_dir(lab.journal()).unwrap().map(|item| item.unwrap().path());
    files.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

/// A certificate of the client's own key that only decrypts.
pub const OWN_MAIL: &str = r#"
[[additional_certificates]]
key = { generate = "P-256", generated_by = "client" }
certificate = { template_name = "Encryption", key_usages = ["keyAgreement"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

#[test]
fn a_renewal_that_would_lose_the_decryption_key_is_refused_unless_it_is_given_up() {
    for (options, moves) in [(piv::plain(), false), (old_yubikey(), false), (piv::yubikey(), true)] {
        let lab = lab(|template| template.replacen("\n[revocation]", OWN_MAIL, 1));
        let client = lab.client("alice", &[], None);
        let mut token = piv::open(&piv::card(options));
        settled(&mut token);
        lab.run(&client, &mut token, enroll(), &mut Face::default()).unwrap().done();
        let old = mail_keys(&mut token);
        assert_eq!(old[0].0, KeyId(vec![0x9D]));
        let ended = lab.run(&client, &mut token, renew(), &mut Face::default());
        if moves {
            ended.unwrap().done();
            let keys = mail_keys(&mut token);
            assert!(keys.len() == 2 && keys.contains(&(KeyId(vec![0x82]), old[0].1.clone())));
            continue;
        }
        let error = ended.unwrap_err();
        assert_eq!((error.code(), error.exit_class() as u8), ("old-key-lost", 2));
        assert!(error.remedy().contains("--give-up-old-key"));
        assert_eq!(mail_keys(&mut token), old);
        let given_up = Order::Renew(RenewOrder { give_up_old_key: true, ..RenewOrder::default() });
        lab.run(&client, &mut token, given_up, &mut Face::default()).unwrap().done();
        let new = mail_keys(&mut token);
        assert!(new.len() == 1 && new[0].1 != old[0].1);
    }
}

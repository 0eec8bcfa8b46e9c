//! A key that may have to decrypt, in the place where the server's key comes: it moves, or nothing is begun.

use super::arrivals::{BY_THE_SERVER, old_yubikey, place, planted, refused, with_mail};
use super::bench::Face;
use super::keys::settled;
use super::ways::{enroll, renew};
use crate::support::certificates::certificate_with;
use crate::support::piv;
use cardwright::enrollment::{EnrollOrder, Order};
use cardwright::pkix::KeyAlgorithm;
use cardwright::token::{Admin, Credentials, KeyOrder, Token};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

/// A key of another authority for mail.
fn planted_for_mail(token: &mut dyn Token) -> Vec<u8> {
    let key = token.factory().admin_key();
    let mut session = token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).unwrap();
    let (id, label, algorithm) = (place(0x9D), String::new(), KeyAlgorithm::P256);
    let order = KeyOrder { id: id.clone(), label, algorithm, decrypts: true, replace: true };
    let made = session.generate(&order).unwrap();
    let certificate = certificate_with(&made, "theirs", |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyAgreement];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    });
    session.write_certificate(&id, "", &certificate).unwrap();
    certificate
}

fn over(give_up_old_key: bool) -> Order {
    Order::Enroll(EnrollOrder { replace: true, give_up_old_key, ..EnrollOrder::default() })
}

#[test]
fn a_key_that_must_make_room_needs_a_place_of_its_own() {
    for (last, fits) in [(0x95, false), (0x94, true)] {
        let lab = with_mail(BY_THE_SERVER);
        let client = lab.client("alice", &[], None);
        let card = piv::card(piv::yubikey());
        let mut token = piv::open(&card);
        settled(&mut token);
        let theirs = planted_for_mail(&mut token);
        for byte in 0x82..=last {
            planted(&mut token, byte, true);
        }
        if !fits {
            let error = refused(&lab, &client, &card, &mut token, over(false));
            assert_eq!(error.code(), "token-full");
            continue;
        }
        lab.run(&client, &mut token, over(false), &mut Face::default()).unwrap().done();
        let stored = token.public_objects().unwrap();
        let moved = stored.iter().find(|stored| stored.certificate.as_ref() == Some(&theirs)).unwrap();
        assert_eq!(moved.id, place(0x95));
    }
}

#[test]
fn a_key_that_would_be_lost_is_given_up_only_where_that_was_said() {
    let lab = with_mail(BY_THE_SERVER);
    let client = lab.client("alice", &[], None);
    let card = piv::card(old_yubikey());
    let mut token = piv::open(&card);
    settled(&mut token);
    let theirs = planted_for_mail(&mut token);
    let error = refused(&lab, &client, &card, &mut token, over(false));
    assert_eq!(error.code(), "old-key-lost");
    lab.run(&client, &mut token, over(true), &mut Face::default()).unwrap().done();
    assert!(token.public_objects().unwrap().iter().all(|stored| stored.certificate.as_ref() != Some(&theirs)));
}

/// Nobody has archived it, so that it does not come back as one of earlier times.
#[test]
fn a_key_of_the_servers_gives_way_to_the_one_that_renews_it() {
    let lab = with_mail(r#"generated_by = "server", pfx_rounds = 2000, archive = false"#);
    let client = lab.client("alice", &[], None);
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    settled(&mut token);
    for order in [enroll(), renew()] {
        lab.run(&client, &mut token, order, &mut Face::default()).unwrap().done();
    }
    assert_eq!(token.public_objects().unwrap().len(), 3, "two of today, and the one before");
}

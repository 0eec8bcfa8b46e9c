//! Whoever had a card's secrets before, or had them made for a card that he never held, owns nothing of the next holder.

use crate::enrollment::bench::{Face, PIN};
use crate::enrollment::real::Lab;
use crate::enrollment::softhsm::fresh;
use crate::enrollment::ways::{enroll, retire};
use cardwright::client::CmClient;
use cardwright::cm::request::{CreateRequest, RequestType};
use cardwright::cm::smartcard::AssignSmartcard;
use cardwright::enrollment::{Order, Outcome, card_id};
use cardwright::pkcs11::Pkcs11Token;
use cardwright::pkix::SignatureAlgorithm;
use cardwright::secret::{AdminKey, Pin};
use cardwright::token::{Admin, Credentials, LastTry, Token};
use uuid::Uuid;

fn lab() -> Lab {
    Lab::with(true, |template| {
        let template = template.replacen("approvals_needed = 1", "approvals_needed = 0", 1);
        template.replace("allow_smartcard_reuse = false", "allow_smartcard_reuse = true")
    })
}

/// What the attacker's own enrollment tells of a card that he need not have.
struct Begun {
    request: Uuid,
    key: AdminKey,
}

/// Begins an enrollment for a card by its id, which follows from its printed serial, and reads the admin key.
fn begun(mallory: &CmClient, card_id: Uuid) -> Begun {
    let template = mallory.list_profile_templates().unwrap()[0].uuid;
    let order = CreateRequest {
        data_collection: Vec::new(),
        request_type: RequestType::Enroll,
        profile_template: Some(template),
        smartcard: None,
        profile: None,
        target: None,
        comment: String::new(),
        priority: None,
        terms: None,
    };
    let request = mallory.create_request(&order).unwrap();
    let smartcard = mallory.assign_smartcard(&AssignSmartcard { request, card_id, atr: None }).unwrap();
    let key = mallory.diversified_key(request, smartcard, card_id, None).unwrap();
    Begun { request, key }
}

/// Enrolls a person on the token and gives the key's signature away as the attacker would like to have it.
fn enrolled(lab: &Lab, who: &CmClient, token: &mut Pkcs11Token) -> Outcome {
    lab.run(who, token, enroll(), &mut Face::default()).unwrap().done()
}

/// Sets a PIN of the attacker's with this key and signs with what is on the token.
fn owns(token: &mut Pkcs11Token, key: &AdminKey) -> bool {
    let pin = Pin::new("666666".into());
    if token.set_pin(Admin::Key(key), &pin, LastTry::Keep).is_err() {
        return false;
    }
    let mut session = token.log_in(Credentials::user(&pin, LastTry::Keep)).unwrap();
    let stored = session.list().unwrap().into_iter().find(|stored| stored.has_private_key).unwrap();
    session.sign(&stored.id, SignatureAlgorithm::EcdsaSha256, b"in the victim's name").is_ok()
}

/// The holder's own PIN still signs, so that what the attacker fails at is not for another reason.
fn holder_signs(token: &mut Pkcs11Token) {
    let mut session = token.log_in(Credentials::user(&Pin::new(PIN.into()), LastTry::Keep)).unwrap();
    let stored = session.list().unwrap().into_iter().find(|stored| stored.has_private_key).unwrap();
    session.sign(&stored.id, SignatureAlgorithm::EcdsaSha256, b"my own").unwrap();
}

#[test]
fn a_stock_cards_secrets_read_in_advance_open_nothing() {
    let lab = lab();
    let (mallory, alice) = (lab.client("mallory", &[], None), lab.client("alice", &[], None));
    let mut token = fresh("attack stock");
    let read: Vec<_> = (0..3)
        .map(|_| {
            let Begun { request, key } = begun(&mallory, card_id(token.identity()));
            mallory.abandon(request).unwrap();
            key
        })
        .collect();
    enrolled(&lab, &alice, &mut token);
    holder_signs(&mut token);
    for key in &read {
        assert!(!owns(&mut token, key));
    }
}

#[test]
fn an_earlier_holder_who_kept_the_key_opens_nothing() {
    let lab = lab();
    let (mallory, alice) = (lab.client("mallory", &[], None), lab.client("alice", &[], None));
    let mut token = fresh("attack earlier holder");
    let id = card_id(token.identity());
    // By hand, as the client's own would give the default key back.
    let Begun { request, key } = begun(&mallory, id);
    token.change_admin_key(Admin::Key(&AdminKey::new(vec![0; 24])), &key, LastTry::Keep).unwrap();
    mallory.abandon(request).unwrap();
    enrolled(&lab, &alice, &mut token);
    holder_signs(&mut token);
    assert!(!owns(&mut token, &key));

    // Alice's card is retired at the server alone, and goes to Bob with her key in it.
    let card = alice.find_smartcard(id).unwrap().unwrap();
    let retirement = alice
        .create_request(&CreateRequest {
            data_collection: Vec::new(),
            request_type: RequestType::Retire,
            profile_template: None,
            smartcard: Some(card.uuid),
            profile: None,
            target: None,
            comment: "left".into(),
            priority: None,
            terms: None,
        })
        .unwrap();
    let hers = alice.surrendered_admin_key(retirement, card.uuid, id).unwrap();
    alice.retire_smartcard(retirement, card.uuid).unwrap();
    alice.complete(retirement).unwrap();
    assert!(owns(&mut token, &hers), "until then it is hers");
    let bob = lab.client("bob", &[], None);
    let order = cardwright::enrollment::EnrollOrder { reset_pin: true, ..Default::default() };
    lab.run(&bob, &mut token, Order::Enroll(order), &mut Face::default()).unwrap().done();
    holder_signs(&mut token);
    assert!(!owns(&mut token, &hers) && !owns(&mut token, &key));
    lab.run(&bob, &mut token, retire(), &mut Face::default()).unwrap().done();
}

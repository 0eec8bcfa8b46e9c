//! Whoever had a card's secrets before, or had them made for a card that he never held, owns nothing of the next holder.

use crate::enrollment::bench::{Face, PIN};
use crate::enrollment::real::Lab;
use crate::enrollment::softhsm::fresh;
use crate::enrollment::ways::{enroll, retire};
use cardwright::client::CmClient;
use cardwright::cm::request::{CreateRequest, RequestType};
use cardwright::cm::smartcard::AssignSmartcard;
use cardwright::enrollment::{EnrollOrder, Order, card_id};
use cardwright::pkcs11::Pkcs11Token;
use cardwright::pkix::{KeyAlgorithm, MemoryKey, SignatureAlgorithm};
use cardwright::secret::{AdminKey, Pin};
use cardwright::token::{Admin, Credentials, LastTry, Token};
use uuid::Uuid;

/// A server where nobody need approve, and a card goes from one holder to the next.
pub fn lab_with(edit: impl FnOnce(String) -> String) -> Lab {
    Lab::with(true, |template| {
        let template = template.replacen("approvals_needed = 1", "approvals_needed = 0", 1);
        edit(template.replace("allow_smartcard_reuse = false", "allow_smartcard_reuse = true"))
    })
}

/// Makes a request by hand: an enrollment, or one about a card.
pub fn asked(who: &CmClient, request_type: RequestType, smartcard: Option<Uuid>) -> Uuid {
    let template = who.list_profile_templates().unwrap()[0].uuid;
    let order = CreateRequest {
        data_collection: Vec::new(),
        request_type,
        profile_template: Some(template).filter(|_| smartcard.is_none()),
        smartcard,
        profile: None,
        target: None,
        comment: "by hand".into(),
        priority: None,
        terms: None,
    };
    who.create_request(&order).unwrap()
}

/// Begins an enrollment for a card by its id, which follows from its printed serial, and reads the admin key; the card
/// need not be there.
pub fn by_hand(mallory: &CmClient, card_id: Uuid) -> (Uuid, Uuid, AdminKey) {
    let request = asked(mallory, RequestType::Enroll, None);
    let smartcard =
        mallory.assign_smartcard(&AssignSmartcard { request, card_id, atr: None, ..Default::default() }).unwrap();
    (request, smartcard, mallory.diversified_key(request, smartcard, card_id, None).unwrap())
}

pub fn abandoned(who: &CmClient, request: Uuid) {
    who.abandon(request).unwrap();
}

/// Sets a PIN of the attacker's with this key and signs with what is on the token.
fn owns(token: &mut Pkcs11Token, key: &AdminKey) -> bool {
    let pin = Pin::new("666666".into());
    token.set_pin(Admin::Key(key), &pin, LastTry::Keep).is_ok() && signs(token, &pin)
}

fn signs(token: &mut Pkcs11Token, pin: &Pin) -> bool {
    let mut session = token.log_in(Credentials::user(pin, LastTry::Keep)).unwrap();
    let stored = session.list().unwrap().into_iter().find(|stored| stored.has_private_key).unwrap();
    session.sign(&stored.id, SignatureAlgorithm::EcdsaSha256, b"in the victim's name").is_ok()
}

/// The holder's own PIN still signs, so that what the attacker fails at is not for another reason.
fn holder_signs(token: &mut Pkcs11Token) {
    assert!(signs(token, &Pin::new(PIN.into())));
}

#[test]
fn a_stock_cards_secrets_read_in_advance_open_nothing() {
    let lab = lab_with(|template| template);
    let (mallory, alice) = (lab.client("mallory", &[], None), lab.client("alice", &[], None));
    let mut token = fresh("attack stock");
    let read: Vec<_> = (0..3)
        .map(|_| {
            let (request, _, key) = by_hand(&mallory, card_id(token.identity()));
            abandoned(&mallory, request);
            key
        })
        .collect();
    lab.run(&alice, &mut token, enroll(), &mut Face::default()).unwrap().done();
    holder_signs(&mut token);
    for key in &read {
        assert!(!owns(&mut token, key));
    }
}

#[test]
fn an_earlier_holder_who_kept_the_key_opens_nothing() {
    let lab = lab_with(|template| template);
    let (mallory, alice) = (lab.client("mallory", &[], None), lab.client("alice", &[], None));
    let mut token = fresh("attack earlier holder");
    let id = card_id(token.identity());
    let (request, _, key) = by_hand(&mallory, id);
    token.change_admin_key(Admin::Key(&AdminKey::new(vec![0; 24])), &key, LastTry::Keep).unwrap();
    abandoned(&mallory, request);
    lab.run(&alice, &mut token, enroll(), &mut Face::default()).unwrap().done();
    holder_signs(&mut token);
    assert!(!owns(&mut token, &key));

    // Alice's card is retired at the server alone, and goes to Bob with her key in it.
    let card = alice.find_smartcard(id).unwrap().unwrap();
    let retirement = asked(&alice, RequestType::Retire, Some(card.uuid));
    let hers = alice.surrendered_admin_key(retirement, card.uuid, id).unwrap();
    alice.retire_smartcard(retirement, card.uuid).unwrap();
    alice.complete(retirement).unwrap();
    assert!(owns(&mut token, &hers), "until then it is hers");
    let bob = lab.client("bob", &[], None);
    let order = EnrollOrder { reset_pin: true, ..Default::default() };
    lab.run(&bob, &mut token, Order::Enroll(order), &mut Face::default()).unwrap().done();
    holder_signs(&mut token);
    assert!(!owns(&mut token, &hers) && !owns(&mut token, &key));
    lab.run(&bob, &mut token, retire(), &mut Face::default()).unwrap().done();
}

/// A client that never changes the key of an earlier holder gets no certificate onto the card.
#[test]
fn nothing_is_certified_beside_an_earlier_holders_key() {
    let lab = lab_with(|template| template);
    let (mallory, alice) = (lab.client("mallory", &[], None), lab.client("alice", &[], None));
    let id = Uuid::new_v4();
    let certify = |who: &CmClient, request| {
        let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
        let csr = cardwright::pkix::csr::build(&Default::default(), &key).unwrap();
        let data = cardwright::cm::certificate::CertificateData {
            pfx_password: None,
            certificate_requests: vec![csr.der().to_vec()],
            comments: String::new(),
            attestations: Vec::new(),
        };
        who.submit_certificate_data(request, &data)
    };
    let (request, smartcard, first) = by_hand(&mallory, id);
    mallory.tell_admin_key(request, smartcard, cardwright::cm::card_secrets::AdminKeyState::Active).unwrap();
    abandoned(&mallory, request);
    let request = asked(&alice, RequestType::Enroll, None);
    let smartcard =
        alice.assign_smartcard(&AssignSmartcard { request, card_id: id, atr: None, ..Default::default() }).unwrap();
    let refused = certify(&alice, request).unwrap_err();
    assert_eq!(refused.refusal_code(), Some("admin-key-spoken"));
    // One that knows `diversifiedkey` alone is given another key, and goes on.
    let second = alice.diversified_key(request, smartcard, id, None).unwrap();
    assert!(first.expose() != second.expose());
    certify(&alice, request).unwrap();
    alice.complete(request).unwrap();
    let unblock = asked(&alice, RequestType::Unblock, Some(smartcard));
    let held = alice.diversified_key(unblock, smartcard, id, None).unwrap();
    assert!(held.expose() == second.expose());
    let respond =
        |challenge: &[u8]| alice.authentication_response(unblock, smartcard, id, None, challenge, true).unwrap();
    assert_eq!(respond(&[7; 8]), second.encrypt(&[7; 8]).unwrap().to_vec());
}

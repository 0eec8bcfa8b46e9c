//! A card from the shop next door, where a template demands cards that the house has in stock.

use crate::server::support::{API, Answer, EXTENSION, Lab, Person, csr, new_csr};
use crate::support::attesting::Maker;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer};
use cardwright::server::{self, StockCard};
use serde_json::{Value, json};
use uuid::Uuid;

const NOT_IN_STOCK: (u16, &str) = (409, "card-not-in-stock");

fn demanding(template: String) -> String {
    template.replacen("[smartcard]\n", "[smartcard]\nstock_only = true\n", 1)
}

/// Puts a card in stock; with a number where it is a YubiKey.
fn in_stock(lab: &Lab, number: Option<u16>) -> Uuid {
    let card_id = Uuid::new_v4();
    let (kind, serial) = number.map(|number| ("yubikey".to_owned(), number.to_string())).unwrap_or_default();
    let card = StockCard { card_id, kind, serial, note: String::new() };
    assert_eq!(server::stock_import(&lab.data(), &[card], "a list").unwrap(), 1);
    card_id
}

fn assign(lab: &Lab, person: &Person, request: &str, card_id: Uuid) -> Answer {
    lab.post(person, &format!("{API}/smartcards"), json!({"requestid": request, "cardid": card_id, "atr": ""}))
}

#[track_caller]
fn refused(answer: Answer) {
    let (status, code) = answer.refusal();
    assert_eq!((status, code.as_str()), NOT_IN_STOCK);
}

/// A card from request to completion, by its id.
fn enrolled(lab: &Lab, person: &Person, card_id: Uuid) -> String {
    let request = lab.enroll_request(person);
    let smartcard = lab.assign(person, &request, card_id);
    lab.certificatedata(person, &request, &new_csr()).ok();
    lab.complete(person, &request).ok();
    smartcard
}

#[test]
fn a_card_from_the_shop_next_door_is_not_enrolled_whatever_id_it_says() {
    let lab = Lab::plain(demanding);
    let alice = lab.user("alice", &[]);
    let (known, lost) = (in_stock(&lab, None), in_stock(&lab, Some(7)));
    server::stock_remove(&lab.data(), &["7".into()]).unwrap();
    let foresee = |card_id: Uuid| {
        let body = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": ""});
        lab.post(&alice, &format!("{EXTENSION}/requests/foresight?cardid={card_id}"), body)
    };
    let request = lab.enroll_request(&alice);
    for card_id in [Uuid::new_v4(), Uuid::max(), Uuid::from_u128(known.as_u128() ^ 1), lost] {
        refused(foresee(card_id));
        refused(lab.get(&alice, &format!("{EXTENSION}/requests/{request}/foresight?cardid={card_id}")));
        refused(assign(&lab, &alice, &request, card_id));
    }
    assert_eq!(lab.get(&alice, &format!("{API}/smartcards")).status, 204, "none was recorded");
    foresee(known).ok();
    enrolled(&lab, &alice, known);
    // What is in stock is said by whoever may write to the data directory, and by the log.
    lab_is_whole(lab);
}

fn lab_is_whole(mut lab: Lab) {
    let data = lab.data();
    if lab.database.is_none() {
        lab.stop();
        let report = server::audit_check(&data, &[data.join("audit.pub.pem")], time::Duration::seconds(300)).unwrap();
        assert!(report.is_whole() && report.compared, "{report:?}");
    }
}

const LATER: &str = "
[workflows.duplicate]
self_service = true

[workflows.recover]
self_service = true
possession = \"none\"

[workflows.temporary_cards]
self_service = true
";

#[test]
fn nor_by_a_later_request_type() {
    let lab = Lab::plain(|template| {
        let renew = "[workflows.renew]\nreuse_card = false\npossession = \"none\"\n";
        demanding(template).replacen("[workflows.renew]\n", renew, 1) + LATER
    });
    let alice = lab.user("alice", &[]);
    for kind in ["Duplicate", "Renew", "TemporaryCards", "Recover"] {
        let card = enrolled(&lab, &alice, in_stock(&lab, None));
        let body = json!({"datacollection": [], "type": kind, "smartcard": card, "comment": ""});
        let request = lab.request(&alice, body);
        refused(assign(&lab, &alice, &request, Uuid::new_v4()));
        assert_eq!(lab.certificatedata(&alice, &request, &new_csr()).refusal().1, "card-not-assigned", "{kind}");
        assign(&lab, &alice, &request, in_stock(&lab, None)).ok();
    }
}

fn certify(lab: &Lab, person: &Person, request: &str, said: impl FnOnce(&MemoryKey) -> Vec<u8>) -> Answer {
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let said: Value = STANDARD.encode(said(&key)).into();
    let body = json!({"certificaterequests": [STANDARD.encode(csr(&key))], "comments": "", "attestations": [said]});
    lab.post(person, &format!("{API}/requests/{request}/certificatedata"), body)
}

/// Whoever calls says any id; the maker's signature says which device it is.
#[test]
fn a_card_that_says_the_id_of_one_in_stock_is_told_by_its_attestation() {
    let maker = Maker::new("Maker");
    let lab = Lab::plain(|template| {
        let roots = format!("[key]\nattestation_roots = \"\"\"\n{}\"\"\"\n", maker.root);
        demanding(template).replacen("[key]\n", &roots, 1)
    });
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    let card = lab.assign(&alice, &request, in_stock(&lab, Some(4712)));
    // From the shop next door, of the same maker, and one that hides its number.
    for device in [Some(4711), None] {
        refused(certify(&lab, &alice, &request, |key| maker.attests_on(device, key.public_key())));
    }
    certify(&lab, &alice, &request, |key| maker.attests_on(Some(4712), key.public_key())).ok();
    lab.complete(&alice, &request).ok();
    let body = json!({"datacollection": [], "type": "Renew", "smartcard": card, "comment": ""});
    let renewal = lab.request(&alice, body);
    refused(certify(&lab, &alice, &renewal, |key| maker.attests_on(Some(4711), key.public_key())));
    certify(&lab, &alice, &renewal, |key| maker.attests_on(Some(4712), key.public_key())).ok();
}

//! Microsoft's enrollment walkthrough, step by step, then unblock, renew and retire.

use super::support::{API, EXTENSION, Lab, csr, last_segment, new_csr, pkcs7};
use crate::attacks::site::show;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{KeyAlgorithm, MemoryKey, cmc};
use serde_json::{Value, json};
use uuid::Uuid;

const EMPTY: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn a_card_is_enrolled() {
    let lab = Lab::new();
    let alice = lab.user("alice", &[]);
    let card_id = Uuid::new_v4();

    let templates = lab.get(&alice, &format!("{API}/profiletemplates")).ok();
    assert_eq!(templates[0]["Uuid"], lab.template.to_string());
    assert_eq!(templates[0]["IsSmartcardProfileTemplate"], true);
    let template = format!("{API}/profiletemplates/{}", lab.template);
    for path in ["policies/enroll", "policy/workflow/Enroll"] {
        let policy = lab.get(&alice, &format!("{template}/{path}")).ok();
        assert_eq!((&policy["Enabled"], &policy["SelfServiceEnabled"]), (&json!(true), &json!(true)));
    }
    assert_eq!(lab.get(&alice, &format!("{template}/policies/recover")).status, 204);

    let request = lab.enroll_request(&alice);
    let url = format!("{API}/requests/{request}");
    let shown = lab.get(&alice, &url).ok();
    assert_eq!((&shown["RequestType"], &shown["Status"], &shown["Flags"]), (&json!(1), &json!(3), &json!(2)));
    assert_eq!((&shown["NewSmartcardUuid"], &shown["Completed"]), (&json!(EMPTY), &json!("0001-01-01T00:00:00")));
    assert_eq!(shown["TargetUserUuid"], alice.uuid.to_string());
    let config = lab.get(&alice, &format!("{template}/configuration/smartcards")).ok();
    assert_eq!((&config["DiversifyAdminKey"], &config["DefaultAdminKeyHex"]), (&json!(true), &json!("")));

    let early = lab.certificatedata(&alice, &request, &new_csr());
    assert_eq!(early.refusal(), (409, "card-not-assigned".into()));

    let smartcard = lab.assign(&alice, &request, card_id);
    assert_eq!(lab.assign(&alice, &request, card_id), smartcard, "asked twice, assigned once");
    let card = lab.get(&alice, &format!("{API}/smartcards/{smartcard}")).ok();
    assert_eq!((&card["Status"], &card["SerialNumber"]), (&json!(1), &json!(format!("{{{card_id}}}"))));
    let found = lab.get(&alice, &format!("{API}/smartcards?cardid={card_id}")).ok();
    assert_eq!(found, card);
    assert_eq!(lab.get(&alice, &url).ok()["Status"], 18);

    admin_key_is_taken(&lab, &alice, &request, &smartcard, card_id);

    let options = lab.get(&alice, &format!("{url}/certificaterequestgenerationoptions")).ok();
    assert_eq!(options[0]["KeyAlgorithmName"], "ECDSA_P256");
    let unissued = lab.complete(&alice, &request);
    assert_eq!(unissued.refusal(), (409, "nothing-issued".into()));

    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let issued = lab.certificatedata(&alice, &request, &csr(&key)).ok();
    assert_eq!((&issued[0]["isPkcs7"], &issued[0]["Flags"]), (&json!(true), &json!(65536)));
    let response = cmc::read(&pkcs7(&issued)).unwrap();
    let leaf = response.leaf_for(cardwright::pkix::Signer::public_key(&key)).unwrap();
    assert_eq!(leaf.subject(), "CN=alice");
    let again = lab.certificatedata(&alice, &request, &csr(&key)).ok();
    assert_eq!(again, issued, "the same key gets the very same answer");
    assert_eq!(lab.certificatedata(&alice, &request, &new_csr()).refusal(), (409, "already-issued".into()));

    let done = lab.complete(&alice, &request).ok();
    assert_eq!(done["Status"], 8);
    assert_ne!(done["Completed"], "0001-01-01T00:00:00");
    assert_ne!(done["NewProfileUuid"], EMPTY);
    assert_eq!(lab.complete(&alice, &request).ok(), done, "completed twice, once");
    assert_eq!(lab.get(&alice, &format!("{API}/smartcards/{smartcard}")).ok()["Status"], 2);
    let operations = lab.get(&alice, &format!("{API}/smartcards/{smartcard}/operations")).ok();
    assert_eq!(operations, json!(["renew", "unblock", "retire"]));
    let profile = last_segment(&done["NewProfileUuid"]);
    assert_eq!(lab.get(&alice, &format!("{API}/profiles/{profile}")).ok()["Status"], 2);
    let listed = lab.get(&alice, &format!("{API}/certificates")).ok();
    assert_eq!(listed[0]["SerialNumber"], leaf.serial());
    assert_eq!(listed[0]["Thumbprint"], leaf.thumbprint_sha1());
    let on_card = lab.get(&alice, &format!("{API}/smartcards/{smartcard}/certificates")).ok();
    assert_eq!(on_card[0]["Thumbprint"], leaf.thumbprint_sha1());
}

fn admin_key_is_taken(lab: &Lab, alice: &super::support::Person, request: &str, smartcard: &str, card_id: Uuid) {
    let card = format!("{API}/requests/{request}/smartcards/{smartcard}");
    let state = || lab.get(alice, &format!("{EXTENSION}/smartcards/{smartcard}/adminkey")).ok()["State"].clone();
    assert_eq!(state(), "Default");
    let vectors: Value = serde_json::from_str(include_str!("../../data/mim-cm/vectors.json")).unwrap();
    let vector = &vectors["challenge_response_default_key"];
    for challenge in ["1hFD%2Bcz%2F0so%3D", "D61143F9CCFFD2CA"] {
        let query = format!("cardid={card_id}&challenge={challenge}&diversified=False");
        let response = lab.get(alice, &format!("{card}/authenticationresponse?{query}")).ok();
        assert_eq!(response, vector["response_b64"]);
    }
    let short = format!("{card}/authenticationresponse?cardid={card_id}&challenge=AAAA&diversified=False");
    assert_eq!(lab.get(alice, &short).refusal(), (400, "challenge-length".into()));
    let key = lab.get(alice, &format!("{card}/diversifiedkey?cardid={card_id}&atr=3b00")).ok();
    let key = STANDARD.decode(key.as_str().unwrap()).unwrap();
    assert!(key.len() == 24 && key.iter().all(|byte| byte.count_ones() % 2 == 1));
    assert_eq!(state(), "Proposed");
    let other = format!("{card}/diversifiedkey?cardid={}", Uuid::new_v4());
    assert_eq!(lab.get(alice, &other).refusal(), (409, "wrong-card".into()));
    lab.put(alice, &format!("{EXTENSION}/requests/{request}/smartcards/{smartcard}/adminkey"), json!({})).ok();
    assert_eq!(state(), "Active");
}

#[test]
fn an_unblock_lets_the_key_out_and_ends_it() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let enrolled = lab.enrolled(&alice);
    let key_of = |request: &str| {
        let path = format!(
            "{API}/requests/{request}/smartcards/{}/diversifiedkey?cardid={}",
            enrolled.smartcard, enrolled.card_id
        );
        lab.get(&alice, &path)
    };
    assert_eq!(key_of(&enrolled.request).refusal(), (409, "request-not-executable".into()));
    // As in Microsoft's sample: no template is named.
    let body = json!({"datacollection": "[]", "type": "Unblock", "smartcard": enrolled.smartcard, "comment": ""});
    let request = lab.request(&alice, body);
    let shown = lab.get(&alice, &format!("{API}/requests/{request}")).ok();
    assert_eq!(shown["RequestType"], 5);
    assert_eq!(shown["NewSmartcardUuid"], shown["OldSmartcardUuid"]);
    assert_eq!(shown["NewProfileUuid"], shown["OldProfileUuid"]);
    let key = key_of(&request).ok();
    assert_eq!(key_of(&request).ok(), key);
    assert_eq!(lab.get(&alice, &format!("{API}/requests/{request}")).ok()["Status"], 18);
    assert_eq!(lab.complete(&alice, &request).ok()["Status"], 8);
    assert_eq!(key_of(&request).refusal(), (409, "request-not-executable".into()));
}

#[test]
fn a_renewal_supersedes_the_old_profile() {
    let lab = Lab::plain(|template| template.replace("renew_revokes_old = false", "renew_revokes_old = true"));
    let alice = lab.user("alice", &[]);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let (enrolled, certificate) = lab.enrolled_with(&alice, &key);
    let old = lab.get(&alice, &format!("{API}/certificates")).ok()[0]["SerialNumber"].clone();
    let body = json!({"datacollection": "[]", "type": "Renew", "smartcard": enrolled.smartcard, "comment": ""});
    let request = lab.request(&alice, body);
    let elsewhere = json!({"requestid": request, "cardid": Uuid::new_v4()});
    assert_eq!(lab.post(&alice, &format!("{API}/smartcards"), elsewhere).refusal(), (409, "wrong-card".into()));
    assert_eq!(lab.certificatedata(&alice, &request, &new_csr()).refusal(), (409, "possession-needed".into()));
    show(&lab, &alice, &request, &certificate, &key).ok();
    lab.certificatedata(&alice, &request, &new_csr()).ok();
    let done = lab.complete(&alice, &request).ok();
    assert_ne!(done["NewProfileUuid"], done["OldProfileUuid"]);
    let status = |profile: &Value| {
        lab.get(&alice, &format!("{API}/profiles/{}", profile.as_str().unwrap())).ok()["Status"].clone()
    };
    assert_eq!((status(&done["NewProfileUuid"]), status(&done["OldProfileUuid"])), (json!(2), json!(6)));
    let listed = lab.get(&alice, &format!("{API}/certificates")).ok();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_ne!(listed[0]["SerialNumber"], old);
    assert_eq!(lab.get(&alice, &format!("{API}/smartcards/{}", enrolled.smartcard)).ok()["Status"], 2);
}

#[test]
fn a_retired_card_is_on_the_revocation_list_and_gone() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let enrolled = lab.enrolled(&alice);
    let crl = || lab.call(None, "GET", "/pki/ca.crl", None);
    let before = crl();
    assert_eq!(before.headers["content-type"], "application/pkix-crl");
    assert_eq!(crl().bytes, before.bytes, "kept while nothing is revoked");
    let body = json!({"datacollection": "[]", "type": "Retire", "smartcard": enrolled.smartcard, "comment": "left"});
    let request = lab.request(&alice, body);
    let card = format!("{API}/requests/{request}/smartcards/{}", enrolled.smartcard);
    assert_eq!(lab.complete(&alice, &request).refusal().0, 409);
    // Microsoft's example sends no body at all, nor its type.
    let sent = lab.call(Some(&alice.token), "PUT", &card, None);
    let retired = sent.ok();
    assert_eq!(retired["Status"], 6);
    assert_eq!(lab.put(&alice, &card, json!({"status": "Retired"})).ok(), retired);
    assert_eq!(lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": "Canceled"})).refusal().0, 409);
    assert_eq!(lab.complete(&alice, &request).ok()["Status"], 8);
    assert_ne!(crl().bytes, before.bytes);
    assert_eq!(lab.get(&alice, &format!("{API}/certificates")).status, 204);
    assert_eq!(lab.get(&alice, &format!("{API}/smartcards/{}/operations", enrolled.smartcard)).status, 204);
    // The template does not let cards be used again.
    let request = lab.enroll_request(&alice);
    let again = json!({"requestid": request, "cardid": enrolled.card_id});
    assert_eq!(lab.post(&alice, &format!("{API}/smartcards"), again).refusal(), (409, "card-status".into()));
}

#[test]
fn a_canceled_enrollment_takes_everything_back() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let card_id = Uuid::new_v4();
    for status in ["Canceled", "Abandoned"] {
        let request = lab.enroll_request(&alice);
        let smartcard = lab.assign(&alice, &request, card_id);
        lab.certificatedata(&alice, &request, &new_csr()).ok();
        let canceled = lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": status})).ok();
        assert_eq!(canceled["Status"], 17);
        assert_eq!(lab.get(&alice, &format!("{API}/certificates")).status, 204);
        assert_eq!(lab.get(&alice, &format!("{API}/smartcards/{smartcard}")).ok()["Status"], 6);
        assert_eq!(lab.complete(&alice, &request).refusal(), (409, "request-not-executable".into()));
    }
    let request = lab.enroll_request(&alice);
    lab.assign(&alice, &request, card_id);
}

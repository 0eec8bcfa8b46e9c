//! A card's PUK and the way its secrets go back, as the server sees them: who is told what, and what follows.

use super::support::{API, EXTENSION, Enrolled, Lab, Person, new_csr};
use crate::support::site;
use cardwright::cm::offline::{CODE_BYTES, CodeKind, puk_of, puk_request, read_code, write_code};
use serde_json::{Value, json};
use uuid::Uuid;

fn puk_path(request: &str, card: &Enrolled) -> String {
    format!("{EXTENSION}/requests/{request}/smartcards/{}/puk", card.smartcard)
}

fn report(lab: &Lab, person: &Person, request: &str, card: &Enrolled) -> Value {
    lab.get(person, &format!("{}?cardid={}", puk_path(request, card), card.card_id)).ok()
}

fn tell(lab: &Lab, person: &Person, request: &str, card: &Enrolled, state: &str) -> super::support::Answer {
    lab.put(person, &puk_path(request, card), json!({"State": state}))
}

/// A card whose enrollment is being executed.
fn begun(lab: &Lab, person: &Person) -> Enrolled {
    let card_id = Uuid::new_v4();
    let request = lab.enroll_request(person);
    let smartcard = lab.assign(person, &request, card_id);
    Enrolled { request, smartcard, card_id }
}

/// A card with a PUK of its own.
fn with_own_puk(lab: &Lab, person: &Person) -> (Enrolled, String) {
    let card = begun(lab, person);
    let next = report(lab, person, &card.request, &card)["Next"].as_str().unwrap().to_owned();
    tell(lab, person, &card.request, &card, "Active").ok();
    lab.certificatedata(person, &card.request, &new_csr()).ok();
    lab.complete(person, &card.request).ok();
    (card, next)
}

fn work(lab: &Lab, person: &Person, kind: &str, card: &Enrolled) -> String {
    lab.request(person, json!({"datacollection": [], "type": kind, "smartcard": card.smartcard, "comment": ""}))
}

/// The code a user of this card reads out.
fn code(card: &Enrolled, random: [u8; 4]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, card.card_id.as_bytes());
    let named: [u8; 4] = digest.as_ref()[..4].try_into().unwrap();
    write_code(CodeKind::PukRequest, puk_request(named, random)).to_string()
}

fn spoken(lab: &Lab, person: &Person, request: &str, code: &str) -> super::support::Answer {
    lab.post(person, &format!("{EXTENSION}/requests/{request}/offlineunblock"), json!({"Challenge": code}))
}

fn told(answer: &Value) -> String {
    let code: [u8; CODE_BYTES] = read_code(CodeKind::PukAnswer, answer["Response"].as_str().unwrap()).unwrap();
    puk_of(&code).unwrap().expose().to_owned()
}

#[test]
fn a_puk_is_proposed_before_it_is_let_out_and_active_once_the_card_confirms() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let card = begun(&lab, &alice);
    let first = report(&lab, &alice, &card.request, &card);
    assert_eq!((&first["State"], first.get("Current")), (&json!("Default"), None));
    let next = first["Next"].as_str().unwrap();
    assert!(next.len() == 8 && next.chars().all(|c| c.is_ascii_digit()), "{next}");
    let again = report(&lab, &alice, &card.request, &card);
    assert_eq!((&again["State"], &again["Next"]), (&json!("Proposed"), &first["Next"]), "asked again, the same");
    assert_eq!(tell(&lab, &alice, &card.request, &card, "Active").ok(), json!({"State": "Active"}));
    let held = report(&lab, &alice, &card.request, &card);
    assert_eq!((&held["State"], &held["Current"], held.get("Next")), (&json!("Active"), &first["Next"], None));
    for state in ["Spoken", "Proposed"] {
        assert_eq!(tell(&lab, &alice, &card.request, &card, state).refusal(), (400, "bad-field".into()));
    }
    assert_eq!(tell(&lab, &alice, &card.request, &card, "Default").refusal(), (409, "wrong-request-type".into()));
    let other = format!("{}?cardid={}", puk_path(&card.request, &card), Uuid::new_v4());
    assert_eq!(lab.get(&alice, &other).refusal(), (409, "wrong-card".into()));
    assert_eq!(lab.get(&alice, &puk_path(&card.request, &card)).refusal(), (400, "missing-parameter".into()));
    let mallory = lab.user("mallory", &[]);
    let path = format!("{}?cardid={}", puk_path(&card.request, &card), card.card_id);
    assert_eq!(lab.get(&mallory, &path).refusal(), (404, "not-found".into()));
    let twin = begun(&lab, &alice);
    assert_ne!(report(&lab, &alice, &twin.request, &twin)["Next"], first["Next"], "each card has another one");
}

#[test]
fn a_puk_consists_of_digits_where_the_template_says_so_or_the_card_takes_no_letters() {
    let (before, after) = ("default_value = \"\"", "character_set = 1\nrollover = false\n# The PUK");
    let lab = Lab::plain(|template| {
        assert!(template.contains(before) && template.contains(after));
        template.replace(after, "character_set = 2\nrollover = false\n# The PUK")
    });
    let alice = lab.user("alice", &[]);
    let is_digits = |puk: &str| puk.len() == 8 && puk.bytes().all(|byte| byte.is_ascii_digit());
    let mut letters = 0;
    for _ in 0..4 {
        let card = begun(&lab, &alice);
        let first = report(&lab, &alice, &card.request, &card)["Next"].as_str().unwrap().to_owned();
        assert!(first.len() == 8 && first.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()), "{first}");
        assert!(!first.contains(['I', 'L', 'O', 'U']));
        letters += usize::from(!is_digits(&first));
        // The card has refused it for its letters: it still has the factory's, and gets another.
        let demanded = format!("{}?cardid={}&digits=True", puk_path(&card.request, &card), card.card_id);
        let second = lab.get(&alice, &demanded).ok();
        assert_eq!((&second["State"], second.get("Current")), (&json!("Proposed"), None));
        let next = second["Next"].as_str().unwrap();
        assert!(is_digits(next) && next != first, "{next}");
        assert_eq!(lab.get(&alice, &demanded).ok(), second, "asked again, the same");
        tell(&lab, &alice, &card.request, &card, "Active").ok();
        assert_eq!(report(&lab, &alice, &card.request, &card)["Current"], next);
    }
    assert!(letters > 0);
}

#[test]
fn a_template_that_leaves_the_admin_key_alone_leaves_the_puk_alone() {
    let lab = Lab::plain(site::kept_admin_key);
    let alice = lab.user("alice", &[]);
    let card = begun(&lab, &alice);
    let path = format!("{}?cardid={}", puk_path(&card.request, &card), card.card_id);
    assert_eq!(lab.get(&alice, &path).refusal(), (409, "not-diversified".into()));
    assert_eq!(tell(&lab, &alice, &card.request, &card, "Active").refusal(), (409, "not-diversified".into()));
}

#[test]
fn a_puk_is_told_once_a_request_and_gives_way_at_the_next_work() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let officer = lab.user("olga", &["officers"]);
    let (card, own) = with_own_puk(&lab, &alice);
    let (stranger, _) = with_own_puk(&lab, &alice);

    let request = work(&lab, &officer, "OfflineUnblock", &card);
    let foreign = code(&stranger, [1; 4]);
    assert_eq!(spoken(&lab, &officer, &request, &foreign).refusal(), (409, "code-of-other-card".into()));
    let challenge = write_code(CodeKind::Challenge, [1; 8]);
    assert_eq!(spoken(&lab, &officer, &request, &challenge).refusal(), (409, "code-of-other-card".into()));
    let first = code(&card, [1; 4]);
    assert_eq!(spoken(&lab, &alice, &request, &first).refusal(), (403, "forbidden".into()));
    let mistyped = first.replacen(&first[..1], if first.starts_with('0') { "1" } else { "0" }, 1);
    let (status, refused) = spoken(&lab, &officer, &request, &mistyped).refusal();
    assert!(status >= 400 && ["code-mistyped", "code-of-other-card"].contains(&refused.as_str()), "{refused}");
    let answer = spoken(&lab, &officer, &request, &first).ok();
    assert_eq!(told(&answer), own);
    assert_eq!(spoken(&lab, &officer, &request, &first).ok(), answer, "asked again, answered alike");
    let another = code(&card, [2; 4]);
    assert_eq!(spoken(&lab, &officer, &request, &another).refusal(), (409, "challenge-answered".into()));
    lab.complete(&officer, &request).ok();

    let renewal = work(&lab, &alice, "Renew", &card);
    let rotated = report(&lab, &alice, &renewal, &card);
    assert_eq!((&rotated["State"], &rotated["Current"]), (&json!("Spoken"), &json!(own)));
    let next = rotated["Next"].as_str().unwrap();
    assert_ne!(next, own);

    // Meanwhile either may hold: the one before is what a person is told.
    let request = work(&lab, &officer, "OfflineUnblock", &card);
    assert_eq!(told(&spoken(&lab, &officer, &request, &another).ok()), own);
    tell(&lab, &alice, &renewal, &card, "Active").ok();
    let quiet = report(&lab, &alice, &renewal, &card);
    assert_eq!(quiet, json!({"State": "Active"}), "a renewal has no use for a PUK that stays");
}

#[test]
fn the_factorys_puk_is_told_of_a_card_that_has_no_other() {
    let lab = Lab::plain(|template| template.replace("default_value = \"\"", "default_value = \"135790\""));
    let alice = lab.user("alice", &[]);
    let officer = lab.user("olga", &["officers"]);
    let card = lab.enrolled(&alice);
    let request = work(&lab, &officer, "OfflineUnblock", &card);
    assert_eq!(told(&spoken(&lab, &officer, &request, &code(&card, [3; 4])).ok()), "135790");
    let renewal = work(&lab, &alice, "Renew", &card);
    assert_eq!(report(&lab, &alice, &renewal, &card), json!({"State": "Default"}), "a renewal proposes nothing");
    lab.put(&alice, &format!("{API}/requests/{renewal}"), json!({"status": "Canceled"})).ok();
    let unblock = work(&lab, &alice, "Unblock", &card);
    assert!(report(&lab, &alice, &unblock, &card)["Next"].is_string(), "an unblock does");
}

#[test]
fn a_retired_cards_secrets_are_taken_back_and_never_used_again() {
    let lab = Lab::plain(|template| template.replace("allow_smartcard_reuse = false", "allow_smartcard_reuse = true"));
    let alice = lab.user("alice", &[]);
    let card = begun(&lab, &alice);
    let admin = |request: &str| format!("{EXTENSION}/requests/{request}/smartcards/{}/adminkey", card.smartcard);
    let tell_key = |request: &str, state: &str| lab.put(&alice, &admin(request), json!({"State": state}));
    let state =
        || lab.get(&alice, &format!("{EXTENSION}/smartcards/{}/adminkey", card.smartcard)).ok()["State"].clone();
    let key = format!("{API}/requests/{}/smartcards/{}/diversifiedkey", card.request, card.smartcard);
    let first = lab.get(&alice, &format!("{key}?cardid={}", card.card_id)).ok();
    // A card that could not take its own key says so, and another may be proposed: the first one was told.
    tell_key(&card.request, "Default").ok();
    assert_eq!(state(), "Default");
    let own = lab.get(&alice, &format!("{key}?cardid={}", card.card_id)).ok();
    assert_ne!(own, first);
    tell_key(&card.request, "Active").ok();
    assert_eq!(tell_key(&card.request, "Default").refusal(), (409, "admin-key-active".into()));
    assert_eq!(tell_key(&card.request, "Proposed").refusal(), (409, "wrong-request-type".into()));
    let first = report(&lab, &alice, &card.request, &card)["Next"].clone();
    tell(&lab, &alice, &card.request, &card, "Active").ok();
    lab.certificatedata(&alice, &card.request, &new_csr()).ok();
    lab.complete(&alice, &card.request).ok();

    let retire = work(&lab, &alice, "Retire", &card);
    let key = format!("{API}/requests/{retire}/smartcards/{}/diversifiedkey?cardid={}", card.smartcard, card.card_id);
    assert_eq!(lab.get(&alice, &key).refusal(), (409, "wrong-request-type".into()), "the key itself stays");
    let challenge = "challenge=AAAAAAAAAAAAAAAAAAAAAA%3D%3D&diversified=true";
    let response = format!("{API}/requests/{retire}/smartcards/{}/authenticationresponse", card.smartcard);
    lab.get(&alice, &format!("{response}?cardid={}&{challenge}", card.card_id)).ok();
    assert_eq!(tell_key(&retire, "Default").refusal(), (409, "admin-key-active".into()));
    let surrendered = lab.get(&alice, &format!("{}?cardid={}", admin(&retire), card.card_id)).ok();
    assert_eq!((surrendered, state()), (own, json!("Proposed")));
    tell_key(&retire, "Default").ok();
    assert_eq!(report(&lab, &alice, &retire, &card), json!({"Current": first, "State": "Active"}));
    tell(&lab, &alice, &retire, &card, "Default").ok();
    assert_eq!(tell(&lab, &alice, &retire, &card, "Active").refusal(), (409, "wrong-request-type".into()));
    assert_eq!(state(), "Default");
    let nothing = lab.get(&alice, &format!("{}?cardid={}", admin(&retire), card.card_id));
    assert_eq!(nothing.refusal(), (409, "not-diversified".into()));
    lab.put(&alice, &format!("{API}/requests/{retire}/smartcards/{}", card.smartcard), json!({"status": "Retired"}))
        .ok();
    lab.complete(&alice, &retire).ok();

    // Enrolled again, it gets a PUK that nobody has ever been told.
    let request = lab.enroll_request(&alice);
    let smartcard = lab.assign(&alice, &request, card.card_id);
    let again = Enrolled { request: request.clone(), smartcard, card_id: card.card_id };
    let report = report(&lab, &alice, &request, &again);
    assert_eq!(report["State"], "Default");
    assert!(report["Next"].is_string() && report["Next"] != first);
}

#[test]
fn responses_are_given_by_three_des_and_by_aes() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let card = lab.enrolled(&alice);
    for kind in ["Renew", "Unblock", "Retire"] {
        let request = work(&lab, &alice, kind, &card);
        let path = format!("{API}/requests/{request}/smartcards/{}/authenticationresponse", card.smartcard);
        let ask = |challenge: &str| {
            lab.get(&alice, &format!("{path}?cardid={}&challenge={challenge}&diversified=false", card.card_id))
        };
        // FIPS 197 and FIPS 46-3 over zeros under a key of zeros.
        assert_eq!(ask("00000000000000000000000000000000").ok(), json!("quBpkqy/UqPo9KluyTAL1w=="), "{kind}");
        assert_eq!(ask("0000000000000000").ok(), json!("jKZN6cGxI6c="), "{kind}");
        assert_eq!(ask("000000000000000000000000").refusal(), (400, "challenge-length".into()));
        if kind != "Retire" {
            lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": "Canceled"})).ok();
        }
    }
}

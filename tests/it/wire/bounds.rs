//! What callers may not send, and what they are told.

use cardwright::cm::beyond_mim::Decision;
use cardwright::cm::certificate::CertificateData;
use cardwright::cm::check::{FieldError, MAX_COMMENT, MAX_DATA_ITEMS};
use cardwright::cm::data_item::DataItem;
use cardwright::cm::problem::{Problem, ProblemCode};
use cardwright::cm::request::{CreateRequest, RequestType};
use cardwright::cm::smartcard::AssignSmartcard;
use cardwright::cm::wire::{DiversifiedKey, read_body};
use std::collections::HashSet;
use uuid::uuid;

fn enroll() -> CreateRequest {
    read_body(super::sample("create-request-enroll.json").as_bytes()).unwrap()
}

fn item(name: &str, value: &str) -> DataItem {
    DataItem { name: name.into(), value: Some(value.into()) }
}

fn refused(change: impl FnOnce(&mut CreateRequest)) -> String {
    let mut request = enroll();
    change(&mut request);
    request.check().unwrap_err().to_string()
}

#[test]
fn microsofts_requests_pass() {
    for name in ["create-request-enroll.json", "create-request-enroll-for-target.json", "create-request-unblock.json"] {
        let request: CreateRequest = read_body(super::sample(name).as_bytes()).unwrap();
        assert_eq!(request.check(), Ok(()), "{name}");
    }
    let data: CertificateData = read_body(super::sample("certificatedata-request.json").as_bytes()).unwrap();
    assert_eq!(data.check(), Ok(()));
    let assign: AssignSmartcard =
        read_body(super::sample("assign-smartcard-to-request-1.request.json").as_bytes()).unwrap();
    assert_eq!(assign.check(), Ok(()));
}

#[test]
fn the_field_at_fault_is_named() {
    let many: Vec<_> = (0..=MAX_DATA_ITEMS).map(|number| item(&number.to_string(), "")).collect();
    assert_eq!(
        refused(|request| request.data_collection = many),
        "\"datacollection\" has 65 items; at most 64 are taken"
    );
    assert_eq!(
        refused(|request| request.data_collection = vec![item("a", ""), item("a", "")]),
        "\"datacollection\" has the item \"a\" twice"
    );
    assert_eq!(refused(|request| request.data_collection = vec![item(" ", "")]), "\"datacollection: name\" is missing");
    assert!(
        refused(|request| request.data_collection = vec![item("a", &"x".repeat(5000))]).contains("5000 characters")
    );
    assert_eq!(
        refused(|request| request.comment = "\u{1b}[2J".into()),
        "\"comment\" has a character that is not seen: a control character, or one of no width or of direction"
    );
    let longest = "ä".repeat(MAX_COMMENT);
    assert!(refused(|request| request.comment = format!("{longest}x")).contains("4097 characters"));
    let mut request = enroll();
    request.comment = longest;
    assert_eq!(request.check(), Ok(()));
}

#[test]
fn a_request_names_what_it_is_about() {
    let card = Some(uuid!("17cf063d-e337-4aa9-a822-346554ddd3c9"));
    assert_eq!(refused(|request| request.profile_template = None), "\"profiletemplateuuid\" is missing");
    assert_eq!(refused(|request| request.request_type = RequestType::Renew), "\"smartcard\" is missing");
    assert_eq!(
        refused(|request| (request.request_type, request.profile) = (RequestType::Unblock, card)),
        "\"profile\" does not go with type Unblock"
    );
    assert_eq!(
        refused(|request| (request.smartcard, request.profile) = (card, card)),
        "\"smartcard\" and \"profile\" exclude each other"
    );
    let mut renew = enroll();
    (renew.request_type, renew.profile) = (RequestType::Renew, card);
    assert_eq!(renew.check(), Ok(()));
}

#[test]
fn other_bodies_are_bounded_too() {
    let data = |count: usize, bytes: usize| CertificateData {
        pfx_password: None,
        certificate_requests: vec![vec![0; bytes]; count],
        comments: String::new(),
        attestations: Vec::new(),
    };
    let attested = |attestations: Vec<Vec<u8>>| CertificateData { attestations, ..data(1, 1) }.check();
    let refused = |found, most| Err(FieldError::TooMuch { field: "attestations", found, most, unit: "entries" });
    assert_eq!(attested(vec![vec![1]; 2]), refused(2, 1));
    assert!(matches!(attested(vec![vec![1; 16 * 1024 + 1]]), Err(FieldError::TooMuch { field: "attestations", .. })));
    assert_eq!(attested(vec![vec![1; 16 * 1024]]), Ok(()));
    assert!(matches!(data(33, 1).check(), Err(FieldError::TooMuch { field: "certificaterequests", found: 33, .. })));
    assert!(matches!(data(1, 16 * 1024 + 1).check(), Err(FieldError::TooMuch { field: "certificaterequests", .. })));
    assert_eq!(data(32, 16 * 1024).check(), Ok(()));
    assert!(Decision { comment: "x".repeat(MAX_COMMENT + 1), ..Decision::default() }.check().is_err());
    let long_key = format!("\"{}\"", "A".repeat(2000));
    assert!(read_body::<DiversifiedKey>(long_key.as_bytes()).err().unwrap().to_string().contains("2000 bytes"));
    let assign = AssignSmartcard {
        request: uuid!("a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099"),
        card_id: uuid!("a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099"),
        atr: Some("00".repeat(34)),
        ..AssignSmartcard::default()
    };
    assert!(matches!(assign.check(), Err(FieldError::TooMuch { field: "atr", found: 34, most: 33, .. })));
}

#[test]
fn a_problem_travels_and_a_foreign_one_is_read() {
    let correlation_id = uuid!("0c96d73f-967b-420e-854a-43ad2a1504bc");
    let problem = Problem::new(ProblemCode::RequestPending, "wait", correlation_id);
    let json = serde_json::to_string(&problem).unwrap();
    assert_eq!(
        json,
        r#"{"Message":"wait","Code":"request-pending","CorrelationId":"0c96d73f-967b-420e-854a-43ad2a1504bc"}"#
    );
    let read: Problem = read_body(json.as_bytes()).unwrap();
    assert_eq!((read.known_code(), &read), (Some(ProblemCode::RequestPending), &problem));
    let foreign: Problem = read_body(br#"{"Message":"An error has occurred."}"#).unwrap();
    assert_eq!((foreign.known_code(), foreign.correlation_id), (None, None));
    let newer: Problem = read_body(br#"{"message":"m","code":"moon-phase"}"#).unwrap();
    assert_eq!((newer.known_code(), newer.code.as_str()), (None, "moon-phase"));
    assert!(read_body::<Problem>(b"{}").is_err());
}

#[test]
fn codes_are_kebab_case_and_unlike() {
    let mut seen = HashSet::new();
    for code in ProblemCode::ALL.iter().copied() {
        let name = code.name();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        assert!(seen.insert(name), "{name}");
        assert_eq!(ProblemCode::from_name(name), Some(code));
    }
    assert_eq!(ProblemCode::from_name("Request-Pending"), None, "codes are compared to the letter");
}

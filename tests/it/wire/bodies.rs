//! Bodies spelt otherwise than in the samples, as other pages of Microsoft's and other programs spell them.

use cardwright::cm::beyond_mim::{Decision, User};
use cardwright::cm::card_secrets::{AdminKeyReport, AdminKeyState};
use cardwright::cm::certificate::CertificateData;
use cardwright::cm::data_item::DataItem;
use cardwright::cm::offline::OfflineChallenge;
use cardwright::cm::profile::{Operation, Operations};
use cardwright::cm::request::{CloseRequest, CreateRequest, Request, RequestClosing, RequestStatus, RequestType};
use cardwright::cm::smartcard::{AssignSmartcard, Smartcard, SmartcardStatus};
use cardwright::cm::template::Policy;
use cardwright::cm::wire::{BodyError, DiversifiedKey, read_body};
use proptest::prelude::*;
use uuid::uuid;

fn create(body: &str) -> Result<CreateRequest, BodyError> {
    read_body(body.as_bytes())
}

fn item(name: &str, value: Option<&str>) -> DataItem {
    DataItem { name: name.into(), value: value.map(str::to_owned) }
}

#[test]
fn data_collection_is_read_in_every_spelling() {
    let one = vec![item("Request Reason", Some("Need VPN Certs"))];
    for (spelling, expected) in [
        (r#""datacollection":[{"Request Reason":"Need VPN Certs"}],"#, &one),
        (r#""datacollection":"[{\"Request Reason\":\"Need VPN Certs\"}]","#, &one),
        (r#""datacollection":{"Request Reason":"Need VPN Certs"},"#, &one),
        (r#""datacollection":[{"Name":"Request Reason","Value":"Need VPN Certs"}],"#, &one),
        (r#""datacollection":[],"#, &vec![]),
        (r#""datacollection":"[]","#, &vec![]),
        (r#""datacollection":"","#, &vec![]),
        (r#""datacollection":null,"#, &vec![]),
        ("", &vec![]),
        (
            r#""datacollection":[{"a":1},{"b":true},{"c":null}],"#,
            &vec![item("a", Some("1")), item("b", Some("true")), item("c", None)],
        ),
        // One pair of this name is an item of that name.
        (r#""datacollection":[{"name":"pavle"}],"#, &vec![item("name", Some("pavle"))]),
    ] {
        let request = create(&format!(r#"{{{spelling}"type":"Enroll"}}"#)).unwrap();
        assert_eq!(&request.data_collection, expected, "{spelling}");
    }
}

#[test]
fn data_collection_of_another_make_is_refused_by_key() {
    for spelling in [r#"[["a"]]"#, r#"[{"a":{"b":1}}]"#, "7", r#""{""#, r#"["text"]"#] {
        let error = create(&format!(r#"{{"datacollection":{spelling},"type":"Enroll"}}"#)).unwrap_err();
        assert!(error.to_string().contains("datacollection: "), "{spelling}: {error}");
    }
}

#[test]
fn priority_is_read_as_text_and_number() {
    for (spelling, expected) in
        [(r#""4""#, Some(4)), ("4", Some(4)), (r#"" 255 ""#, Some(255)), ("null", None), (r#""""#, None)]
    {
        let request = create(&format!(r#"{{"type":"Enroll","priority":{spelling}}}"#)).unwrap();
        assert_eq!(request.priority, expected, "{spelling}");
    }
    for spelling in ["256", "-1", r#""high""#, "1.5", "[]"] {
        let error = create(&format!(r#"{{"type":"Enroll","priority":{spelling}}}"#)).unwrap_err();
        assert!(error.to_string().contains("priority: "), "{spelling}: {error}");
    }
}

#[test]
fn keys_and_names_are_read_in_any_letter_case_and_unknown_keys_passed_over() {
    let request = create(
        r#"{"ProfileTemplateUuid":" {97CD65FA-AF4B-4587-9309-0DD6BFD8B4E1} ","TYPE":"enroll","Extra":{"deep":[1]}}"#,
    )
    .unwrap();
    assert_eq!(request.profile_template, Some(uuid!("97cd65fa-af4b-4587-9309-0dd6bfd8b4e1")));
    assert_eq!((request.request_type, request.comment.as_str()), (RequestType::Enroll, ""));
}

#[test]
fn the_walkthroughs_blank_and_trailing_comma_are_forgiven() {
    let body = r#"{ "requestid":" a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099", "cardid":"{bc88f13f-83ba-4037-8262-46eba1291c6e}", }"#;
    let assign: AssignSmartcard = read_body(body.as_bytes()).unwrap();
    assert_eq!(assign.request, uuid!("a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099"));
    assert_eq!(assign.atr, None);
    assert_eq!(
        serde_json::to_string(&assign).unwrap(),
        r#"{"requestid":"a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099","cardid":"bc88f13f-83ba-4037-8262-46eba1291c6e"}"#
    );
    // A comma in text stays.
    let request = create("{\"type\":\"Enroll\",\"comment\":\"a,]\\\",}\",\n}").unwrap();
    assert_eq!(request.comment, "a,]\",}");
}

#[test]
fn a_body_that_is_none_is_told_from_one_of_another_call() {
    for broken in ["", "{", "{\"type\":}", "{,,}", "[1,,2]", "{\"type\":\"Enroll\"} x", "\u{1}"] {
        assert!(matches!(create(broken), Err(BodyError::Syntax(_))), "{broken:?}");
    }
    for other in
        ["null", "[]", "7", "{}", r#"{"type":"Enrol"}"#, r#"{"type":true}"#, r#"{"type":"Enroll","target":"x"}"#]
    {
        assert!(matches!(create(other), Err(BodyError::Meaning(_))), "{other:?}");
    }
    assert!(create(r#"{"type":"Enroll","TYPE":"Retire"}"#).is_err(), "which of the two is meant?");
    assert!(create("{}").unwrap_err().to_string().contains("`type`"));
}

#[test]
fn a_refused_secret_is_not_quoted() {
    for body in [r#"{"pfxpassword":31415926,"certificaterequests":[]}"#, r#"{"pfxpassword":["31415926"]}"#] {
        let error = read_body::<CertificateData>(body.as_bytes()).err().unwrap();
        assert!(error.to_string().contains("pfxpassword") && !error.to_string().contains("31415926"), "{error}");
    }
    let error = read_body::<DiversifiedKey>(b"\"31415926%\"").err().unwrap();
    assert!(!error.to_string().contains("31415926"), "{error}");
}

#[test]
fn certificate_data_is_read_in_both_shapes() {
    for body in [
        r#"{"certificaterequests":["AQID"],"comments":"c"}"#,
        r#"{"CertificateRequests":"AQ\r\nID\r\n","Comment":"c","pfxpassword":null}"#,
    ] {
        let data: CertificateData = read_body(body.as_bytes()).unwrap();
        assert_eq!((data.certificate_requests, data.comments.as_str()), (vec![vec![1, 2, 3]], "c"));
        assert!(data.pfx_password.is_none());
    }
    for body in [r#"{"certificaterequests":["A"]}"#, r#"{"certificaterequests":[7]}"#, "{}"] {
        assert!(read_body::<CertificateData>(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_closing_is_one_of_three() {
    for (name, closing) in [
        ("Completed", RequestClosing::Completed),
        ("canceled", RequestClosing::Canceled),
        ("ABANDONED", RequestClosing::Abandoned),
    ] {
        let close: CloseRequest = read_body(format!(r#"{{"status":"{name}"}}"#).as_bytes()).unwrap();
        assert_eq!(close.status, closing);
    }
    assert!(read_body::<CloseRequest>(br#"{"status":"Approved"}"#).is_err());
}

#[test]
fn a_number_nobody_knows_does_not_hide_the_rest() {
    let text = super::sample("get-request-1.response.json");
    let odd = text.replace("\"RequestType\":1", "\"RequestType\":12").replace("\"Status\":3", "\"Status\":99");
    let request: Request = read_body(odd.as_bytes()).unwrap();
    assert_eq!((request.request_type, request.status), (RequestType::Other(12), RequestStatus::Other(99)));
    assert_eq!(serde_json::to_string(&request).unwrap(), super::tokens(&odd));
    let card = super::sample("get-smartcard-data-2.response.json");
    for (number, status) in
        [(4, SmartcardStatus::Suspended), (5, SmartcardStatus::Suspended), (7, SmartcardStatus::Other(7))]
    {
        let body = card.replace("\"Status\":2", &format!("\"Status\":{number}"));
        assert_eq!(read_body::<Smartcard>(body.as_bytes()).unwrap().status, status);
    }
    let operations: Operations = read_body(br#"["Renew","levitate","unblock"]"#).unwrap();
    assert_eq!(operations.0, [Operation::Renew, Operation::Unblock]);
}

#[test]
fn a_policy_of_any_make_is_read() {
    let policy: Policy = read_body(
        br#"{"Enabled":true,"ApprovalsNeeded":2,"AuthorizedApprover":"D:(A;;CR;;;BA)","Documents":null,
            "DataCollection":[{"Name":"Reason","Type":1},"Phone",{"Label":"x"}],"OneTimePasswordPolicy":{}}"#,
    )
    .unwrap();
    assert_eq!((policy.enabled, policy.approvals_needed), (true, 2));
    assert_eq!(policy.authorized_approver, ["D:(A;;CR;;;BA)"]);
    let items: Vec<&str> = policy.policy_data_collection.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(items, ["Reason", "Phone", r#"{"Label":"x"}"#]);
    let again: Policy = read_body(&serde_json::to_vec(&policy).unwrap()).unwrap();
    assert_eq!(again, policy);
    assert!(read_body::<Policy>(b"{}").is_err());
}

#[test]
fn extension_bodies_come_back_as_they_went() {
    let user = User {
        uuid: uuid!("8f1590dc-d932-4b66-8e68-2e91c5880780"),
        name: "anna".into(),
        groups: vec!["helpdesk".into()],
    };
    let json = serde_json::to_string(&user).unwrap();
    assert_eq!(json, r#"{"Uuid":"8f1590dc-d932-4b66-8e68-2e91c5880780","Name":"anna","Groups":["helpdesk"]}"#);
    assert_eq!(read_body::<User>(json.to_lowercase().as_bytes()).unwrap(), user);
    assert_eq!(read_body::<Decision>(b"{}").unwrap(), Decision::default());
    assert_eq!(read_body::<Decision>(br#"{"comment":"no"}"#).unwrap().comment, "no");
    let report = AdminKeyReport { state: AdminKeyState::Proposed };
    assert_eq!(serde_json::to_string(&report).unwrap(), r#"{"State":"Proposed"}"#);
    assert_eq!(read_body::<AdminKeyReport>(br#"{"state":"proposed"}"#).unwrap(), report);
    assert!(read_body::<OfflineChallenge>(b"{}").is_err());
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\",:a-z0-9 \\\\]{0,60}") {
        let _ = read_body::<CreateRequest>(&bytes);
        let _ = read_body::<CreateRequest>(text.as_bytes());
        let _ = read_body::<CertificateData>(text.as_bytes());
    }

    #[test]
    fn a_created_request_is_what_was_sent(
        names in prop::collection::vec("[ -~]{1,12}", 0..5),
        value in prop::option::of("\\PC{0,20}"),
        comment in "\\PC{0,20}",
        priority in any::<Option<u8>>(),
        kind in prop::sample::select(RequestType::ALL),
        holder in any::<Option<u128>>(),
    ) {
        let holder = holder.filter(|guid| *guid != 0).map(uuid::Uuid::from_u128);
        let sent = CreateRequest {
            profile_template: holder,
            data_collection: names.into_iter().map(|name| DataItem { name, value: value.clone() }).collect(),
            target: holder,
            request_type: kind,
            comment,
            priority,
            smartcard: holder,
            profile: holder,
            terms: None,
        };
        let received: CreateRequest = read_body(&serde_json::to_vec(&sent).unwrap()).unwrap();
        prop_assert_eq!(received, sent);
    }
}

//! Every sample is read; every response is written back token for token.

use super::{sample, tokens};
use cardwright::cm::certificate::{Certificate, CertificateData, ListedCertificate};
use cardwright::cm::data_item::DataItem;
use cardwright::cm::profile::{Operation, Operations, Profile, ProfileStatus};
use cardwright::cm::request::{CloseRequest, CreateRequest, Request, RequestClosing, RequestStatus, RequestType};
use cardwright::cm::smartcard::{AssignSmartcard, Smartcard, SmartcardStatus};
use cardwright::cm::template::{GenerationOptions, ProfileTemplateView, SmartcardConfig, UserPinOption};
use cardwright::cm::wire::{
    AuthenticationResponse, Created, DiversifiedKey, read_body, read_challenge, read_moment, read_one_or_many,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::{Uuid, uuid};

const RESPONSES: usize = 17;

/// Reads a sample as `T` and demands that writing it gives the same tokens.
fn reproduced<T: Serialize + DeserializeOwned>(name: &str) -> T {
    let text = sample(name);
    let body: T = read_body(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written = serde_json::to_string(&body).unwrap();
    assert_eq!(written, tokens(&text), "{name}");
    body
}

#[test]
fn every_response_is_reproduced_token_for_token() {
    let names: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mim-cm/samples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut responses = 0;
    for name in &names {
        responses += 1;
        match name.as_str() {
            "assign-smartcard-to-request-2.response.json" => drop(reproduced::<Created>(name)),
            "cancel-abandon-complete-request-2.response.json"
            | "get-request-1.response.json"
            | "get-request-2.response.json" => drop(reproduced::<Request>(name)),
            "certificatedata-response.json" => drop(reproduced::<Vec<Certificate>>(name)),
            "get-certificate-request-generation-options-1.response.json" => {
                drop(reproduced::<Vec<GenerationOptions>>(name))
            }
            "get-profile-data-1.response.json" => drop(reproduced::<Vec<Profile>>(name)),
            "get-profile-state-operations-1.response.json" => drop(reproduced::<Operations>(name)),
            "get-profile-templates-1.response.json" => drop(reproduced::<Vec<ProfileTemplateView>>(name)),
            "get-smartcard-authentication-response-1.response.json" => drop(reproduced::<AuthenticationResponse>(name)),
            "get-smartcard-data-1.response.json"
            | "get-smartcard-data-2.response.json"
            | "update-smartcard-status-1.response.json" => drop(reproduced::<Smartcard>(name)),
            "get-smartcard-diversified-admin-key-1.response.json" => drop(reproduced::<DiversifiedKey>(name)),
            "get-smartcard-profile-certificates-1.response.json" | "get-user-certificates-1.response.json" => {
                drop(reproduced::<Vec<ListedCertificate>>(name))
            }
            "smartcard-config.json" => drop(reproduced::<SmartcardConfig>(name)),
            request => {
                assert!(request.contains("request") && !request.contains("response"), "{request} is not tested");
                responses -= 1;
            }
        }
    }
    assert_eq!(responses, RESPONSES, "of {} samples", names.len());
}

#[test]
fn an_approved_request_is_read_to_its_values() {
    let request: Request = reproduced("get-request-1.response.json");
    assert_eq!(request.uuid, uuid!("a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099"));
    assert_eq!((request.request_type, request.status), (RequestType::Enroll, RequestStatus::Approved));
    assert_eq!(Some(request.submitted), read_moment("2015-07-07T23:36:21.93Z"));
    assert_eq!(request.completed, None);
    assert_eq!((request.new_profile, request.new_smartcard), (None, None));
    assert!(request.security_descriptor.ends_with("57)\0\0\0\0\0\0\0\0\0"), "the NULs are part of it");
    assert!(request.is_smartcard && !request.is_enrollment_agent && !request.is_data_collection_complete);
}

#[test]
fn a_completed_request_is_read_to_its_values() {
    let request: Request = reproduced("cancel-abandon-complete-request-2.response.json");
    assert_eq!(request.status, RequestStatus::Completed);
    assert_eq!(request.completed, read_moment("2015-07-07T23:37:37.767Z"));
    assert_eq!(request.new_smartcard, Some(uuid!("17cf063d-e337-4aa9-a822-346554ddd3c9")));
    assert_eq!(request.old_smartcard, None);
}

#[test]
fn an_unblock_request_keeps_its_card_and_its_unanswered_item() {
    let request: Request = reproduced("get-request-2.response.json");
    assert_eq!(request.request_type, RequestType::Unblock);
    assert_eq!(request.new_smartcard, request.old_smartcard);
    assert_eq!(request.data_collection, [DataItem { name: "Sample Data Item".into(), value: None }]);
}

#[test]
fn cards_profiles_and_templates_are_read_to_their_values() {
    let disabled: Smartcard = reproduced("get-smartcard-data-1.response.json");
    assert_eq!(disabled.status, SmartcardStatus::Disabled);
    assert_eq!(disabled.serial_number, uuid!("d1ef6869-5517-42a0-8f05-16ca1a0b834d"));
    let retired: Smartcard = reproduced("update-smartcard-status-1.response.json");
    assert_eq!(retired.status, SmartcardStatus::Retired);
    let profiles: Vec<Profile> = reproduced("get-profile-data-1.response.json");
    assert_eq!(profiles[0].status, ProfileStatus::Active);
    assert_eq!(profiles[0].operations, [Operation::Renew, Operation::Disable, Operation::Recover]);
    assert_eq!(profiles[0].parent, Some(uuid!("1c9e2606-fea2-4048-a6ac-b014e54c22df")));
    assert_eq!(profiles[1].parent, None);
    let config: SmartcardConfig = reproduced("smartcard-config.json");
    assert_eq!(config.user_pin_option, UserPinOption::UserProvided);
    assert!(config.diversify_admin_key && config.admin_pin_policy.rollover && !config.user_pin_policy.rollover);
}

#[test]
fn both_lists_of_certificates_are_read() {
    let of_card: Vec<ListedCertificate> = reproduced("get-smartcard-profile-certificates-1.response.json");
    assert!(of_card.iter().all(|certificate| certificate.details.is_none()));
    let of_user: Vec<ListedCertificate> = reproduced("get-user-certificates-1.response.json");
    let details = of_user[0].details.as_ref().unwrap();
    assert_eq!(Some(details.not_after), read_moment("2016-07-13T09:10:31Z"));
    assert_eq!(details.issuer, r"WIN-TRUR24L4CFS.corp.cmteam.com\corp-WIN-TRUR24L4CFS-CA");
}

#[test]
fn the_issued_certificate_and_its_request_come_out_of_base64() {
    let certificates: Vec<Certificate> = reproduced("certificatedata-response.json");
    assert_eq!(certificates[0].pkcs7.as_ref().unwrap().len(), 5258);
    assert!(certificates[0].is_pkcs7 && certificates[0].pfx.is_none());
    // The sample has no comments, so the request too is written back token for token.
    let data: CertificateData = reproduced("certificatedata-request.json");
    assert_eq!(data.certificate_requests[0].len(), 864);
    assert_eq!(data.pfx_password.unwrap().expose(), "6b75162c-b3b4-4fc1-a653-f12dae98f0c3");
}

#[test]
fn key_and_answer_are_those_of_the_vectors() {
    let key: DiversifiedKey = reproduced("get-smartcard-diversified-admin-key-1.response.json");
    assert_eq!(hex::encode(key.0.expose()), "981540f87a2907f81cfba16e2ac42ac7e397d3584ad56408");
    let answer: AuthenticationResponse = reproduced("get-smartcard-authentication-response-1.response.json");
    assert_eq!(hex::encode(answer.0), "17466e766e303cb6");
    assert_eq!(read_challenge("1hFD+cz/0so=").map(hex::encode).as_deref(), Some("d61143f9ccffd2ca"));
}

#[test]
fn requests_of_the_sample_are_read_and_written_as_theirs() {
    let assign: AssignSmartcard = reproduced("assign-smartcard-to-request-1.request.json");
    assert_eq!(assign.card_id, uuid!("bc88f13f-83ba-4037-8262-46eba1291c6e"));
    let close: CloseRequest = reproduced("cancel-abandon-complete-request-1.request.json");
    assert_eq!(close.status, RequestClosing::Completed);
    let enroll: CreateRequest = reproduced("create-request-enroll.json");
    assert_eq!(enroll.request_type, RequestType::Enroll);
    assert_eq!(enroll.profile_template, Some(uuid!("a039b4d0-5ce8-4eff-8651-181c6576fda3")));
    assert_eq!((enroll.target, enroll.priority, enroll.data_collection.len()), (None, None, 0));
    let unblock: CreateRequest = reproduced("create-request-unblock.json");
    assert_eq!(unblock.smartcard, Some(uuid!("17cf063d-e337-4aa9-a822-346554ddd3c9")));
    assert_eq!(unblock.profile_template, None);
}

/// This sample alone has GUIDs in upper case and another order of keys; the pairs are what must agree.
#[test]
fn an_enrollment_for_another_is_read_and_written_with_the_same_pairs() {
    let text = sample("create-request-enroll-for-target.json");
    let request: CreateRequest = read_body(text.as_bytes()).unwrap();
    assert_eq!(request.target, Some(uuid!("97cc3493-f556-4c9b-9d8b-982434201527")));
    assert_eq!(request.priority, Some(4));
    let item = |name: &str, value: &str| DataItem { name: name.into(), value: Some(value.into()) };
    assert_eq!(request.data_collection, [item("name", "pavle"), item("city", "seattle")]);
    let mut theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
    for key in ["profiletemplateuuid", "target"] {
        theirs[key] = theirs[key].as_str().unwrap().to_ascii_lowercase().into();
    }
    assert_eq!(serde_json::to_value(&request).unwrap(), theirs);
}

#[test]
fn one_object_stands_for_an_array_of_one() {
    let one: Vec<Smartcard> = read_one_or_many(sample("get-smartcard-data-2.response.json").as_bytes()).unwrap();
    assert_eq!(one.iter().map(|card| card.status).collect::<Vec<_>>(), [SmartcardStatus::Active]);
    let array = sample("get-certificate-request-generation-options-1.response.json");
    let object = format!("\u{FEFF}{}", array.trim().trim_start_matches('[').trim_end_matches(']'));
    let from_array: Vec<GenerationOptions> = read_one_or_many(array.as_bytes()).unwrap();
    let from_object: Vec<GenerationOptions> = read_one_or_many(object.as_bytes()).unwrap();
    assert_eq!(from_array, from_object);
    assert!(read_one_or_many::<Smartcard>(b"\"text\"").is_err());
}

#[test]
fn a_location_is_read_relative_rooted_and_absolute() {
    let uuid = uuid!("17cf063d-e337-4aa9-a822-346554ddd3c9");
    for location in [
        "api/v1.0/requests/17cf063d-e337-4aa9-a822-346554ddd3c9",
        "/CertificateManagement/api/v1.0/requests/17CF063D-E337-4AA9-A822-346554DDD3C9/",
        "https://cm.example/certificatemanagement/api/v1.0/Requests/{17cf063d-e337-4aa9-a822-346554ddd3c9}",
    ] {
        assert_eq!(Created::from_location(location), Ok(Created::Request(uuid)), "{location}");
    }
    for location in ["", "/", "api/v1.0/requests", "api/v1.0/profiles/17cf063d-e337-4aa9-a822-346554ddd3c9"] {
        assert!(Created::from_location(location).is_err(), "{location}");
    }
    assert_ne!(Created::Request(uuid), Created::Smartcard(uuid));
    assert_eq!(Created::Request(Uuid::nil()).location(), "api/v1.0/requests/00000000-0000-0000-0000-000000000000");
}

//! Single values, in every spelling they are met in.

use cardwright::cm::profile::{Operation, ProfileStatus};
use cardwright::cm::request::{RequestStatus, RequestType};
use cardwright::cm::smartcard::SmartcardStatus;
use cardwright::cm::wire::{
    crlf_base64, guid_text, moment_text, read_base64, read_bool, read_challenge, read_guid, read_moment,
};
use proptest::prelude::*;
use time::OffsetDateTime;
use uuid::{Uuid, uuid};

#[test]
fn a_guid_is_read_with_blanks_and_braces_in_any_letter_case() {
    let guid = uuid!("97cd65fa-af4b-4587-9309-0dd6bfd8b4e1");
    for text in [
        "97cd65fa-af4b-4587-9309-0dd6bfd8b4e1",
        " 97CD65FA-AF4B-4587-9309-0DD6BFD8B4E1",
        "{97cd65fa-AF4B-4587-9309-0dd6bfd8b4e1} ",
        "97cd65faaf4b458793090dd6bfd8b4e1",
    ] {
        assert_eq!(read_guid(text), Some(guid), "{text}");
    }
    for text in [
        "",
        "{}",
        "{97cd65fa-af4b-4587-9309-0dd6bfd8b4e1",
        "97cd65fa-af4b-4587-9309-0dd6bfd8b4e1}",
        "{{97cd65fa-af4b-4587-9309-0dd6bfd8b4e1}}",
        "urn:uuid:97cd65fa-af4b-4587-9309-0dd6bfd8b4e1",
        "97cd65fa-af4b-4587-9309-0dd6bfd8b4e",
        "97cd65fa-af4b-4587-9309-0dd6bfd8b4eg",
        "97cd65fa-af4b-4587-9309-0dd6bfd8b4é",
    ] {
        assert_eq!(read_guid(text), None, "{text}");
    }
    assert_eq!(guid_text(guid), "97cd65fa-af4b-4587-9309-0dd6bfd8b4e1");
}

#[test]
fn a_date_loses_the_zeros_of_its_fraction() {
    for (text, written) in [
        ("2015-07-07T23:36:21.930Z", "2015-07-07T23:36:21.93Z"),
        ("2015-07-07T23:36:21.000Z", "2015-07-07T23:36:21Z"),
        ("2015-07-07T23:36:21", "2015-07-07T23:36:21Z"),
        ("2015-07-07T23:36:21.123456789Z", "2015-07-07T23:36:21.1234567Z"),
        ("2015-07-08T01:36:21.0000001+02:00", "2015-07-07T23:36:21.0000001Z"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00Z"),
    ] {
        assert_eq!(moment_text(read_moment(text).unwrap()), written, "{text}");
    }
    for text in ["", "2015", "2015-07-07", "2015-13-07T23:36:21Z", "2015-07-07T25:36:21Z", "0001-01-01T00:00:00+14:00x"]
    {
        assert_eq!(read_moment(text), None, "{text}");
    }
}

#[test]
fn a_challenge_is_read_in_base64_and_hexadecimal() {
    let challenge = hex::decode("d61143f9ccffd2ca").unwrap();
    for text in
        ["1hFD+cz/0so=", "1hFD cz/0so=", "1hFD+cz/0so", "1hFD-cz_0so=", "d61143f9ccffd2ca", " D61143F9CCFFD2CA "]
    {
        assert_eq!(read_challenge(text).as_deref(), Some(&*challenge), "{text}");
    }
    // The walkthrough's own, seven bytes long.
    assert_eq!(read_challenge("CFAA62118BBD25").map(hex::encode).as_deref(), Some("cfaa62118bbd25"));
    for text in ["", " ", "=", "1hFD+cz/0so=1", "é", "1hFD\u{0}"] {
        assert_eq!(read_challenge(text), None, "{text:?}");
    }
}

#[test]
fn truth_is_read_in_any_letter_case() {
    assert_eq!([read_bool("True"), read_bool(" false"), read_bool("TRUE")], [Some(true), Some(false), Some(true)]);
    assert_eq!([read_bool(""), read_bool("1"), read_bool("yes")], [None; 3]);
}

#[test]
fn base64_ends_every_line_with_crlf() {
    assert_eq!(crlf_base64(&[]), "");
    assert_eq!(crlf_base64(&[0; 48]), format!("{}\r\n", "A".repeat(64)));
    assert_eq!(crlf_base64(&[0; 49]), format!("{}\r\nAA==\r\n", "A".repeat(64)));
}

#[test]
fn documented_numbers_and_names_stand() {
    for (number, name) in [
        (1, "Enroll"),
        (2, "Recover"),
        (3, "Renew"),
        (4, "Revoke"),
        (5, "Unblock"),
        (6, "Duplicate"),
        (7, "Retire"),
        (8, "RecoverOnBehalf"),
        (9, "Reinstate"),
        (10, "OnlineUpdate"),
        (11, "TemporaryCards"),
    ] {
        assert_eq!(RequestType::from_number(number).name(), name);
    }
    for (number, name) in [
        (0, "None"),
        (3, "Approved"),
        (4, "Denied"),
        (8, "Completed"),
        (9, "Failed"),
        (16, "Pending"),
        (17, "Canceled"),
        (18, "Executing"),
    ] {
        assert_eq!(RequestStatus::from_number(number).name(), name);
    }
    for (number, status) in [(0, "New"), (1, "Assigned"), (2, "Active"), (3, "Disabled"), (6, "Retired")] {
        assert_eq!(SmartcardStatus::from_number(number).name(), status);
    }
    assert_eq!(ProfileStatus::from_number(2), ProfileStatus::Active);
    assert_eq!(ProfileStatus::from_number(1), ProfileStatus::Other(1), "a profile is never Assigned");
}

#[test]
fn every_word_comes_back_from_its_number_and_its_name() {
    assert_eq!(RequestType::ALL.len(), 12);
    for word in RequestType::ALL.iter().copied() {
        assert_eq!(RequestType::from_number(word.number()), word);
        assert_eq!(RequestType::from_name(&word.name().to_uppercase()), Some(word));
        assert_eq!(RequestType::from_name(&word.workflow_name()), Some(word));
    }
    for word in RequestStatus::ALL.iter().copied() {
        assert_eq!(RequestStatus::from_number(word.number()), word);
        assert_eq!(RequestStatus::from_name(&word.name().to_lowercase()), Some(word));
    }
    for word in SmartcardStatus::ALL.iter().copied() {
        assert_eq!(SmartcardStatus::from_number(word.number()), word);
        assert_eq!(SmartcardStatus::from_name(word.name()), Some(word));
    }
    assert_eq!(RequestType::from_name("disable"), Some(RequestType::Revoke));
    assert_eq!(RequestType::from_name("TemporaryEnroll"), Some(RequestType::TemporaryCards));
    assert_eq!(RequestType::from_name("Other"), None);
    assert_eq!(Operation::from_name("OnlineUpdate").map(Operation::name), Some("onlineupdate"));
}

proptest! {
    #[test]
    fn values_come_back_as_they_went(
        guid in any::<u128>(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        ticks in -621_355_968_000_000_000_i128..2_534_023_008_000_000_000_i128,
    ) {
        let guid = Uuid::from_u128(guid);
        prop_assert_eq!(read_guid(&guid_text(guid)), Some(guid));
        prop_assert_eq!(read_base64(&crlf_base64(&bytes)), Some(bytes));
        let moment = OffsetDateTime::from_unix_timestamp_nanos(ticks * 100).unwrap();
        prop_assert_eq!(read_moment(&moment_text(moment)), Some(moment));
    }

    #[test]
    fn reading_a_value_never_panics(text in "\\PC{0,60}") {
        let _ = (read_guid(&text), read_moment(&text), read_challenge(&text), read_base64(&text), read_bool(&text));
    }
}

//! An address that cannot be used is told, and stops no other.

use super::{becomes, header, lab, officer, person, sql};

#[test]
fn an_address_that_is_refused_or_is_none_is_told_and_stops_no_other() {
    let (lab, mut mails) =
        lab("refuses", "[notices.mail]\nrequest_waits = [\"approvers\", \"gone.too@example.test\"]\n");
    officer(&lab, "bob");
    person(&lab, "carol", "gone@example.test", &["officers"], None);
    let dave = person(&lab, "dave", "dave@example.test", &["officers"], None);
    // As an earlier release let it in.
    sql(&lab, &format!("UPDATE users SET email = 'no address' WHERE uuid = X'{}' RETURNING 1", dave.uuid.simple()));
    lab.enroll_request(&super::alice(&lab));
    assert_eq!(header(&mails.next(), "X-Cardwright-Notice"), "request-waits");
    becomes(&lab, "SELECT count(*) FROM outbox WHERE state = 'sent'", &["1"]);
    becomes(
        &lab,
        "SELECT count(*) FROM outbox WHERE state = 'failed' AND reason LIKE '%permanent error (550)%'",
        &["2"],
    );
    becomes(
        &lab,
        "SELECT reason FROM outbox WHERE reason LIKE 'the address%'",
        &["the address \"no address\" cannot be used: Missing domain or user"],
    );
}

//! The program against a MIM CM, which has nothing of ours.

use super::Desk;
use crate::enrollment::fake::{Absence, TEMPLATE};

const PERSON: &str = "97CC3493-F556-4C9B-9D8B-982434201527";

#[test]
fn a_person_is_named_by_guid_where_nobody_is_looked_up() {
    for absence in Absence::ALL {
        let desk = Desk::new();
        (desk.fake.state().extension, desk.fake.state().absence) = (false, absence);
        let create = |person: &str| {
            desk.program.json(["request", "create", "--type", "enroll", "--template", TEMPLATE, "--for", person])
        };
        create(PERSON).done();
        desk.program.json(["enroll", "--label", "card", "--target", PERSON]).done();
        let guid = PERSON.to_lowercase();
        assert_eq!(desk.fake.state().targets, [guid.clone(), guid]);
        let told = create("ursula").refused(2, "user-id-needed");
        assert!(told.remedy.contains("GUID"), "{absence:?}: {told:?}");
    }
}

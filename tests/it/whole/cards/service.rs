//! What Windows' own service does to a program with a card, by a `winscard.dll` that stands before Wine's
//! (`tests/it/windows/winscard.c`; `scripts/check-windows` builds it).

use crate::support::program::{Ended, end};

use super::kind::{GIDS, YUBIKEY};
use super::{Desk, PIN, bounded};

impl Desk {
    /// Enrolls, while the service does something.
    fn enroll_while(&self, fault: &str) -> Ended {
        let arguments = ["enroll", "--template", self.kind.template];
        let mut command = self.command_of(self.person, PIN, &arguments);
        command.env("WINSCARD_FAULT", fault).env("WINSCARD_NOTE", self.note());
        end(&mut bounded(&command))
    }

    fn note(&self) -> String {
        format!("{}/transactions", self.state)
    }
}

/// Commands and the longest rest, in milliseconds, of each transaction.
fn transactions(desk: &Desk) -> Vec<(usize, u64)> {
    let note = std::fs::read_to_string(desk.note()).unwrap();
    let read = |line: &str| {
        let (commands, rested) = line.strip_prefix("commands=")?.split_once(" rested=")?;
        Some((commands.parse().ok()?, rested.parse().ok()?))
    };
    note.lines().map(|line| read(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

/// Has the work broken off by a fault each time later; it goes on by the same request, without a try spent.
fn broken(desk: &Desk, faults: &[&str], code: &str) {
    let request = desk.enroll(PIN).refused(7, "request-pending").request;
    desk.approve(request.as_ref().unwrap());
    for fault in faults {
        let told = desk.enroll_while(fault).told();
        assert_eq!((told.exit, told.code.as_str(), &told.request), (8, code, &request), "{fault}: {told:?}");
        assert!(!told.remedy.contains("systemctl"), "{told:?}");
        assert_eq!((desk.journal().len(), desk.tries()), (1, desk.kind.tries), "{fault}");
    }
    let done = desk.enroll(PIN).done();
    assert_eq!((done["request"].as_str(), desk.counted()), (request.as_deref(), (1, 1)));
    assert!(desk.journal().is_empty());
    desk.is_judged_good(&done, PIN);
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn a_card_that_somebody_else_resets_is_told_as_that_and_the_work_goes_on() {
    broken(&Desk::new("wanda", YUBIKEY), &["reset@14", "reset@20", "reset@24"], "card-reset");
    broken(&Desk::new("wera", GIDS), &["reset@14", "reset@20"], "card-reset");
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn a_service_that_stops_is_told_as_that_and_the_work_goes_on() {
    broken(&Desk::new("wilma", YUBIKEY), &["stop@14", "stop@20", "stop@24"], "pcsc-not-running");
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn a_card_that_others_hold_is_waited_for_and_never_held_for_long() {
    let desk = Desk::new("willa", YUBIKEY);
    let request = desk.enroll(PIN).refused(7, "request-pending").request.unwrap();
    desk.approve(&request);
    desk.card.card().forget_headers();
    // As the certificate propagation of Windows does, which looks at each card that comes.
    assert_eq!(desk.enroll_while("share@3").done()["request"], *request);
    let transactions = transactions(&desk);
    let within: usize = transactions.iter().map(|(commands, _)| commands).sum();
    assert_eq!(within, desk.card.card().headers().len(), "a command outside of a transaction: {transactions:?}");
    // Windows resets a card that rests for five seconds in one.
    assert!(transactions.iter().all(|(_, rested)| *rested < 5000), "{transactions:?}");
}

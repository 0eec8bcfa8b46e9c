//! How often the whole program waits for the disk, from its start to its end.

use super::{ENROLL, PIN};
use crate::support::flushes::Flushes;
use crate::support::program::end;
use crate::support::site::{self, Site};

/// The file is made and its directory flushed before the request; then once before the key is made, and once before the
/// certificate is written.
const TO_ENROLL: usize = 4;
/// Once more after the old key was shown to the server, and once before it is removed.
const TO_RENEW: usize = 6;

#[test]
fn an_enrollment_waits_four_times_for_the_disk() {
    let mut site = Site::with(site::kept_admin_key);
    site.person("alice", &[]);
    site.program.token_with_pin("first", PIN);
    site.program.token_with_pin("card", PIN);
    let flushes = Flushes::kept_in(&site.program.path(""));
    let run = |pin: &str, arguments: &[&str]| {
        let mut command = site.command("alice", pin, arguments);
        command.env_remove("CARDWRIGHT_NEW_PIN");
        end(flushes.watch(&mut command)).done();
        flushes.taken()
    };
    let first = run(PIN, &["enroll", "--label", "first"]);
    let there = run(PIN, &ENROLL);
    assert_eq!(there.len(), TO_ENROLL, "{there:?}");
    assert!(there.iter().all(|flush| flush.contains("/state/journal")), "{there:?}");
    // The directory was made, once and for all.
    let (once, each) = first.split_at(first.len() - TO_ENROLL);
    assert!(!once.is_empty() && once.iter().all(|flush| !flush.contains("/journal")), "{first:?}");
    assert!(each.iter().all(|flush| flush.contains("/state/journal")), "{first:?}");
    let renewed = run(PIN, &["renew", "--label", "card"]);
    assert_eq!(renewed.len(), TO_RENEW, "{renewed:?}");
}

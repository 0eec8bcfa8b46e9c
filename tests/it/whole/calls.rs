//! What the whole program, from its start to its end, asks of a prepared token: counted by OpenSC's pkcs11-spy.

use super::{ENROLL, PIN};
use crate::support::program::end;
use crate::support::site::{self, Site, set};
use crate::support::{softhsm, spy};

/// Key, certification request, certificate, retry flags and read-back; pkcs11-tool with openssl takes 182.
const MOST_CALLS: usize = 24;
/// Session, login, the key looked up, its signature, and all of it closed.
const MOST_TO_SHOW: usize = 12;

#[test]
fn an_enrollment_by_the_program_costs_at_most_24_calls_and_one_login() {
    // The token keeps the admin key it has: it is prepared already.
    let mut site = Site::with(site::kept_admin_key);
    site.person("alice", &[]);
    site.program.token_with_pin("card", PIN);
    let log = site.program.path("spy.log");
    let mut enroll = site.command("alice", PIN, &ENROLL);
    // A new PIN that is given would be set.
    enroll.env_remove("CARDWRIGHT_NEW_PIN");
    enroll.env("CARDWRIGHT_MODULE", spy::MODULE).env("PKCS11SPY", softhsm::MODULE).env("PKCS11SPY_OUTPUT", &log);
    end(&mut enroll).done();
    assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
    let calls = spy::calls(&log);
    // Counted beside: whether the token makes the ordered key is asked before anything has begun.
    assert_eq!(calls.get("C_GetMechanismInfo"), Some(&1));
    assert!(spy::total(&calls) - 1 <= MOST_CALLS, "{} calls {calls:?}", spy::total(&calls));
    assert_eq!(calls.get("C_Login"), Some(&1));
    assert_eq!(calls.get("C_Finalize"), Some(&1));
}

/// Beside what making and installing a key costs: the old key's signature, in a login of its own before anything changes.
#[test]
fn a_renewal_by_the_program_shows_the_old_key_in_one_login_more() {
    let renewed = |edit: fn(String) -> String| {
        let mut site = Site::with(|template| edit(site::kept_admin_key(template)));
        site.person("alice", &[]);
        site.program.token_with_pin("card", PIN);
        let mut enroll = site.command("alice", PIN, &ENROLL);
        end(enroll.env_remove("CARDWRIGHT_NEW_PIN")).done();
        let log = site.program.path("spy.log");
        let mut renew = site.command("alice", PIN, &["renew"]);
        renew.env_remove("CARDWRIGHT_NEW_PIN");
        renew.env("CARDWRIGHT_MODULE", spy::MODULE).env("PKCS11SPY", softhsm::MODULE).env("PKCS11SPY_OUTPUT", &log);
        end(&mut renew).done();
        assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
        spy::calls(&log)
    };
    let without = renewed(|template| set(template, "[workflows.renew]", "possession", "\"none\""));
    let with = renewed(|template| template);
    let more = |name: &str| with.get(name).unwrap_or(&0) - without.get(name).unwrap_or(&0);
    // The module is asked for the signature's length first.
    assert_eq!((more("C_Login"), more("C_SignInit"), more("C_Sign")), (1, 1, 2), "{with:?}");
    let added = spy::total(&with) - spy::total(&without);
    assert!(added <= MOST_TO_SHOW, "{added} more: {with:?}, without {without:?}");
}

/// A key that only agrees signs nothing for whoever might have it agree: an approver approves instead, and before that
/// nothing changes on the card.
#[test]
fn a_renewal_without_an_old_key_to_show_waits_for_an_approval() {
    let mut site = Site::with(|template| set(template, "[certificate]", "key_usages", "[\"keyAgreement\"]"));
    site.person("alice", &[]);
    site.person("boris", &["approvers"]);
    site.program.factory_token("card");
    site.run("alice", PIN, &ENROLL).done();
    let files = site.program.token_files();
    let pending = site.run("alice", PIN, &["renew"]).refused(7, "request-pending");
    assert!(site.program.token_files() == files, "the token was touched");
    let again = site.run("alice", PIN, &["renew"]).refused(7, "request-pending");
    assert_eq!(again.request, pending.request, "no second request");
    site.run("boris", PIN, &["request", "approve", &pending.request.unwrap()]).done();
    site.run("alice", PIN, &["renew"]).done();
}

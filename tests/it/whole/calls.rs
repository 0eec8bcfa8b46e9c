//! What the whole program, from its start to its end, asks of a prepared token: counted by OpenSC's pkcs11-spy.

use super::{ENROLL, PIN};
use crate::support::program::end;
use crate::support::site::Site;
use crate::support::{softhsm, spy};

/// Key, certification request, certificate, retry flags and read-back; pkcs11-tool with openssl takes 182.
const MOST_CALLS: usize = 24;

#[test]
fn an_enrollment_by_the_program_costs_at_most_24_calls_and_one_login() {
    // The token keeps the admin key it has: it is prepared already.
    let mut site = Site::with(|template| template.replace("diversify_admin_key = true", "diversify_admin_key = false"));
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

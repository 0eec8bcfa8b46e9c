//! Retry flags, the last try, lockout and unblock, on kryoptic: SoftHSM never locks a PIN.

use cardwright::pkcs11::{Error as ModuleError, Existing, Selector};
use cardwright::token::{Admin, Credentials, Error, LastTry, SecretKind, Token, Tries};

use super::{PIN, SO_PIN, pin};
use crate::support::{kryoptic, softhsm};

const WRONG: &str = "99999999";

#[test]
fn softhsm_tells_of_a_wrong_try() {
    let mut token = softhsm::token("lockout softhsm", SO_PIN, PIN);
    let refused = token.log_in(Credentials::user(&pin(WRONG), LastTry::Keep)).err();
    assert!(matches!(refused, Some(Error::SecretRefused { secret: SecretKind::Pin, left: Tries::Low })));
    assert_eq!(token.counters().unwrap().user, Tries::Low);
    token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    assert_eq!(token.counters().unwrap().user, Tries::Full);
}

#[test]
fn a_pin_is_spent_to_the_last_try_only_when_told_and_the_officer_unblocks_it() {
    let mut token = kryoptic::token("lockout pin", SO_PIN, PIN);
    for wrong in 1..kryoptic::TRIES {
        let refused = token.log_in(Credentials::user(&pin(WRONG), LastTry::Keep)).err();
        let wanted = expected(kryoptic::TRIES - wrong);
        assert!(
            matches!(refused, Some(Error::SecretRefused { secret: SecretKind::Pin, left }) if left == told(wanted)),
            "{wrong}: {refused:?}"
        );
        assert_eq!(token.counters().unwrap().user, wanted, "{wrong}");
    }
    // Even the right PIN is not sent on the last try, by no operation.
    for _ in 0..3 {
        let kept = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).err();
        assert!(matches!(kept, Some(Error::LastTryKept { secret: SecretKind::Pin })));
        let kept = token.change_pin(&pin(PIN), &pin("654321"), LastTry::Keep).err();
        assert!(matches!(kept, Some(Error::LastTryKept { secret: SecretKind::Pin })));
    }
    assert_eq!(token.counters().unwrap().user, Tries::Last);
    let last = token.log_in(Credentials::user(&pin(WRONG), LastTry::Spend)).err();
    assert!(matches!(last, Some(Error::SecretRefused { left: Tries::Locked, .. } | Error::Locked { .. })), "{last:?}");
    assert_eq!(token.counters().unwrap().user, Tries::Locked);
    let locked = token.log_in(Credentials::user(&pin(PIN), LastTry::Spend)).err();
    assert!(matches!(locked, Some(Error::Locked { secret: SecretKind::Pin })));

    token.set_pin(Admin::SoPin(&pin(SO_PIN)), &pin("654321"), LastTry::Keep).unwrap();
    assert_eq!(token.counters().unwrap().user, Tries::Full);
    token.log_in(Credentials::user(&pin("654321"), LastTry::Keep)).unwrap();
    assert_eq!(token.counters().unwrap().user, Tries::Full);
}

#[test]
fn the_right_pin_on_the_last_try_restores_them_all() {
    let mut token = kryoptic::token("lockout saved", SO_PIN, PIN);
    for _ in 1..kryoptic::TRIES {
        token.log_in(Credentials::user(&pin(WRONG), LastTry::Keep)).err().unwrap();
    }
    token.log_in(Credentials::user(&pin(PIN), LastTry::Spend)).unwrap();
    assert_eq!(token.counters().unwrap().user, Tries::Full);
}

#[test]
fn a_wrong_so_pin_counts_and_locks_the_officer_out() {
    let module = kryoptic::module();
    let mut token = kryoptic::token("lockout officer", SO_PIN, PIN);
    for wrong in 1..kryoptic::TRIES {
        let refused = token.set_pin(Admin::SoPin(&pin(WRONG)), &pin(PIN), LastTry::Keep).err();
        let wanted = expected(kryoptic::TRIES - wrong);
        assert!(
            matches!(refused, Some(Error::SecretRefused { secret: SecretKind::Admin, left }) if left == told(wanted)),
            "{wrong}: {refused:?}"
        );
    }
    let kept = token.set_pin(Admin::SoPin(&pin(SO_PIN)), &pin(PIN), LastTry::Keep).err();
    assert!(matches!(kept, Some(Error::LastTryKept { secret: SecretKind::Admin })));
    let this = Selector::serial(&token.identity().serial);
    let erase = module.initialise(&this, "lockout erased", &pin(SO_PIN), Existing::Erase).err();
    assert!(matches!(erase, Some(ModuleError::Token(Error::LastTryKept { secret: SecretKind::Admin }))));
    assert_eq!(token.counters().unwrap().admin, Tries::Last);
    token.set_pin(Admin::SoPin(&pin(WRONG)), &pin(PIN), LastTry::Spend).err().unwrap();
    assert_eq!(token.counters().unwrap().admin, Tries::Locked);
    let locked = token.set_pin(Admin::SoPin(&pin(SO_PIN)), &pin(PIN), LastTry::Spend).err();
    assert!(matches!(locked, Some(Error::Locked { secret: SecretKind::Admin })));
    // The user is not locked out with the officer.
    token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
}

/// What a refusal tells: flags that show nothing of the try that was just wrong are no sign that all are left.
fn told(flags: Tries) -> Tries {
    if flags == Tries::Full { Tries::Untold } else { flags }
}

/// What kryoptic's flags tell with `left` tries.
fn expected(left: u32) -> Tries {
    match left {
        0 => Tries::Locked,
        1 => Tries::Last,
        2 | 3 => Tries::Low,
        _ => Tries::Full,
    }
}
